// A pretend machine for tests of the loop: flows are compiled, journals and files are real, attempts answer by a script.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { nodeHost } from "../cli/host.ts";
import { compile } from "../compiler/compile.ts";
import type { Plan } from "../compiler/plan.ts";
import type { Value } from "../compiler/types.ts";
import type { AttemptOrder } from "../runtime/attempt-order.ts";
import type { AttemptReport } from "../runtime/attempt-report.ts";
import type { RunOptions } from "../runtime/events.ts";
import { type Journal, openJournal } from "../runtime/journal.ts";
import { thisProcess } from "../runtime/lease.ts";
import type { Attempts, World } from "../runtime/world.ts";

const folders: string[] = [];

/** A fresh folder; all are removed by {@link removeFolders}. */
export function freshFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "flowc-run-"));
  folders.push(folder);
  return folder;
}

export function removeFolders(): void {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
}

/** The plan of a flow in a project that holds these files besides. */
export function planOf(
  text: string,
  files: Readonly<Record<string, string>> = {},
): { readonly project: string; readonly plan: Plan } {
  const project = freshFolder();
  for (const [path, content] of Object.entries({ ...files, "package.json": "{}", "main.flow": text })) {
    mkdirSync(dirname(join(project, path)), { recursive: true });
    writeFileSync(join(project, path), content);
  }
  return { project, plan: recompiled(project) };
}

export function recompiled(project: string): Plan {
  const entry = join(project, "main.flow");
  const { plan, diagnostics } = compile(entry, nodeHost(project, entry));
  if (plan === null) throw new Error(JSON.stringify(diagnostics.map(({ title, label }) => [title, label])));
  return plan;
}

export const options: RunOptions = { jobs: 4, failFast: false, only: null };

/** What an attempt answers; a promise lets it last. Null: it never ends by itself. */
export type Script = (
  order: AttemptOrder,
  stop: AbortSignal,
) => AttemptReport | Promise<AttemptReport> | null;

export interface Machine extends Attempts {
  /** Orders in the order of their start: `name.attempt`. */
  readonly started: string[];
  /** Runs for which it was asked to end what is left. */
  readonly swept: string[];
  /** What a sweep finds the next time. */
  left: readonly string[];
}

export function machine(script: Script): Machine {
  const started: string[] = [];
  const swept: string[] = [];
  const made: Machine = {
    started,
    swept,
    left: [],
    open: ({ run, placed }) => ({
      start: async (order, stop) => {
        started.push(`${order.name}.${order.a}`);
        placed(order.n, order.a, `pretend-${order.n}`, null);
        const answer = script(order, stop);
        if (answer !== null) return answer;
        return new Promise((resolve) => {
          const end = (): void => resolve({ outcome: "cancelled", message: "stopped" });
          if (stop.aborted) end();
          else stop.addEventListener("abort", end);
        });
      },
      sweep: async () => {
        swept.push(run);
        const { left } = made;
        made.left = [];
        return left;
      },
      sweepLeft: async () => [],
      close: async () => {},
    }),
  };
  return made;
}

export function succeeded(value: Value): AttemptReport {
  return { outcome: "succeeded", exit: 0, value };
}

export function failed(message: string): AttemptReport {
  return { outcome: "failed", why: "exit", exit: 1, message };
}

/**
 * A world whose wall clock only moves when somebody sleeps or looks at it, and whose chance is seeded. Its journal is a
 * real one in `state`.
 */
export async function pretendWorld(
  project: string,
  attempts: Attempts,
  state: string = join(project, ".flowc"),
  journal: Journal | null = null,
): Promise<World> {
  let wall = Date.UTC(2026, 10, 21);
  let seed = 1;
  const open = journal ?? (await openJournal(state));
  return {
    clock: { now: () => wall++, monotonic: () => performance.now() },
    random: () => {
      seed = (seed * 48271) % 0x7fffffff;
      return seed / 0x7fffffff;
    },
    journal: open,
    artifacts: open.artifacts,
    attempts,
    bell: { listen: () => () => {}, ring: () => {} },
    identity: thisProcess(),
    project,
    flowc: "test",
    timer: (ms, wake) => {
      // Whoever is in a hurry does not wait for the pretend clock: an immediate is the end of what is under way.
      const timer = setTimeout(() => {
        wall += ms;
        wake();
      }, 1);
      return () => clearTimeout(timer);
    },
  };
}
