// The world as it is, for tests that run real commands in a project of their own.

import { join } from "node:path";
import { openAgentRegistry } from "../runners/agent-registry.ts";
import { openRunner } from "../runners/registry.ts";
import { openAttempts } from "../runtime/attempts.ts";
import { fileBell } from "../runtime/bell.ts";
import { openCalls } from "../runtime/calls/pool.ts";
import { openJournal } from "../runtime/journal.ts";
import { thisProcess } from "../runtime/lease.ts";
import type { World } from "../runtime/world.ts";

/** Its journal stands in the project's `.flowc`; `close` ends its threads. */
export async function realWorld(project: string): Promise<World & { close(): Promise<void> }> {
  const journal = await openJournal(join(project, ".flowc"));
  const calls = openCalls({ threads: 1 });
  const { artifacts } = journal;
  const settings = {
    project,
    inherited: process.env,
    secrets: new Map(),
    artifacts,
    calls,
    runner: openRunner,
    agent: (kind: string) => openAgentRegistry([]).open(kind),
  };
  return {
    clock: { now: () => Date.now(), monotonic: () => performance.now() },
    random: Math.random,
    journal,
    artifacts,
    attempts: openAttempts(settings),
    bell: fileBell(journal),
    identity: thisProcess(),
    project,
    flowc: "test",
    timer: (ms, wake) => {
      const timer = setTimeout(wake, ms);
      return () => clearTimeout(timer);
    },
    close: async () => {
      await calls.close();
      await journal.close();
    },
  };
}
