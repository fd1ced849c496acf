// Carries out a run in the real world, with an audience: the terminal of `flowc run`, or a program.

import { openArtifacts } from "../runtime/artifacts.ts";
import { openAttempts } from "../runtime/attempts.ts";
import { fileBell } from "../runtime/bell.ts";
import { openCalls } from "../runtime/calls/pool.ts";
import type { RunOptions } from "../runtime/events.ts";
import { executeRun, type RunResult } from "../runtime/execute.ts";
import type { RunRequest as Asked } from "../runtime/execute-open.ts";
import type { Journal } from "../runtime/journal.ts";
import { thisProcess } from "../runtime/lease.ts";
import { secretsNeeded } from "../runtime/places.ts";
import { ResumeRefused } from "../runtime/resume-refused.ts";
import { loginName } from "./ask.ts";
import { agentsOf, registryOf } from "./kinds.ts";
import type { Project } from "./project.ts";
import { visible } from "./render/text.ts";
import type { RunRequest } from "./request.ts";
import type { Resumed } from "./resume.ts";
import { roomFor } from "./room.ts";
import { exits, Stop, shellWord } from "./stop.ts";
import type { World } from "./world.ts";

/** Who hears of a run while it goes on, and may end it. */
export type Audience = Required<Pick<Asked, "stop" | "stopNow" | "gone" | "tell" | "watch">> &
  Pick<Asked, "does">;

/** Values of secrets, from the environment; none of them is ever stored. */
export function secretsOf(names: readonly string[], world: World, next: string): ReadonlyMap<string, string> {
  const missing = names.filter((name) => world.env[name] === undefined || world.env[name] === "");
  if (missing.length > 0)
    throw new Stop(
      exits.wrong,
      `${missing.length === 1 ? "A secret is" : "Secrets are"} not set in the environment: ${missing.map(visible).join(", ")}.`,
      `${missing.map((name) => `${name}=…`).join(" ")} ${next}`,
    );
  return new Map(names.map((name) => [name, world.env[name] ?? ""]));
}

/** Runs it to its end; `ended` is done before what it needed is given back. */
export async function performed<T>(
  request: RunRequest,
  project: Project,
  journal: Journal,
  start: Resumed,
  audience: Audience,
  world: World,
  ended: (result: RunResult) => Promise<T>,
): Promise<T> {
  const { plan, on } = start;
  const again =
    request.resume === null
      ? `flowc run ${shellWord(request.file ?? "")}`
      : `flowc run --resume ${request.resume}`;
  const secrets = secretsOf(secretsNeeded(plan, on), world, again + project.flag);
  const artifacts = openArtifacts(project.state);
  const calls = openCalls({ threads: request.jobs });
  const registry = registryOf(project.root);
  const agents = agentsOf(project.root);
  const surroundings = {
    clock: { now: () => world.now(), monotonic: () => performance.now() },
    random: Math.random,
    journal,
    artifacts,
    attempts: openAttempts({
      // A copy: each look at the process's own environment is a call into the system.
      inherited: { ...world.env, FLOWC: world.program, FLOWC_STATE: project.state },
      secrets,
      artifacts,
      project: project.root,
      runner: (kind) => registry.open(kind),
      agent: (kind) => agents.open(kind),
      calls,
    }),
    bell: fileBell(journal),
    identity: thisProcess(),
    project: project.root,
    flowc: world.version,
    timer: (ms: number, wake: () => void) => {
      const timer = setTimeout(wake, ms);
      return () => clearTimeout(timer);
    },
  };
  try {
    const result = await executed(project.flag, surroundings, {
      ...askedFor(start, request, world),
      options: optionsOf(request, start, project, world),
      wait: request.wait,
      ...audience,
    });
    return await ended(result);
  } finally {
    await calls.close();
  }
}

function optionsOf(
  request: RunRequest,
  { plan, on, set, only }: Resumed,
  { state }: Project,
  world: World,
): RunOptions {
  return {
    jobs: request.jobs,
    ...roomFor(plan, world.machine.memory, state),
    failFast: request.failFast,
    only,
    ...(on === null ? {} : { on }),
    ...(set.length === 0 ? {} : { set }),
  };
}

function askedFor({ plan, inputs, same, from }: Resumed, { again }: RunRequest, world: World) {
  return {
    plan,
    inputs,
    ...(same === null ? {} : { resume: same }),
    ...(from === null ? {} : { from }),
    ...(again.length === 0 ? {} : { again: { names: again, by: loginName(world) } }),
  };
}

/** Refusals of a resume are the user's to decide on, and said like all else that is wrong with a command. */
async function executed(flag: string, ...order: Parameters<typeof executeRun>): Promise<RunResult> {
  try {
    return await executeRun(...order);
  } catch (error) {
    if (!(error instanceof ResumeRefused)) throw error;
    throw new Stop(
      exits.wrong,
      `${error.message}\n${error.hint}`,
      error.changed.length > 0
        ? `flowc run --resume ${error.run} --stored${flag}`
        : error.again.length > 0
          ? `flowc run --resume ${error.run}${error.again.map((name) => ` --again ${shellWord(name)}`).join("")}${flag}`
          : `flowc show ${error.run}${flag}`,
    );
  }
}
