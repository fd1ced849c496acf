// What `--resume` goes on with: the run that was meant, and its plan, compiled anew where its file still is.

import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Plan } from "../compiler/plan.ts";
import type { Value } from "../compiler/types.ts";
import type { Resume } from "../runtime/execute-open.ts";
import type { Journal } from "../runtime/journal.ts";
import { warnOfForgotten } from "./gone.ts";
import { loadPlan } from "./load-plan.ts";
import { type Project, shownPath } from "./project.ts";
import { visible } from "./render/text.ts";
import type { RunRequest } from "./request.ts";
import { exits, Stop, usage } from "./stop.ts";
import { findRun } from "./stored.ts";
import type { World } from "./world.ts";

export interface Resumed {
  readonly plan: Plan;
  readonly inputs: Readonly<Record<string, Value>>;
  readonly resume: Resume;
  /** The kind of place for declared runners, as when the run began. */
  readonly on: string | null;
  /** `RUNNER.KEY=VALUE`, as when the run began. */
  readonly set: readonly string[];
}

export function resumed(
  request: RunRequest,
  typed: string,
  project: Project,
  journal: Journal,
  world: World,
): Resumed {
  // It may not be the last one that was begun.
  if (typed === "last") warnOfForgotten(journal, world);
  const run = findRun(journal, typed, project.flag);
  // How it began is all that is needed here; whoever opens it reads the rest.
  const { value: started } = journal.events(run, 1).next();
  if (!("type" in started) || started.type !== "run.started")
    throw new Stop(
      exits.disk,
      `The run ${run} has no beginning in the journal.`,
      `flowc runs${project.flag}`,
    );
  const stored = journal.plan(started.plan);
  const { inputs } = started;
  const { takeOver } = request;
  const { on = null, set = [] } = started.options;
  if (request.set.length > 0)
    throw usage(
      "A resumed run has its settings already; they cannot be changed.",
      `flowc run --resume ${run}${project.flag}`,
    );
  if (request.on !== null && request.on !== on)
    throw usage(
      `The run ${run} goes on where it began, ${on === null ? "without `--on`" : `with \`--on ${on}\``}; it cannot move.`,
      `flowc run --resume ${run}${project.flag}`,
    );
  if (request.stored) return { plan: stored, inputs, resume: { run, stored: true, takeOver }, on, set };
  if (request.file !== null) {
    const plan = loadPlan(
      { file: request.file, flow: request.flow ?? stored.flow, on, set, command: "run" },
      world,
    );
    return { plan, inputs, resume: { run, stored: false, takeOver }, on, set };
  }
  const file = stored.flows[stored.flow]?.file;
  const path = file === undefined ? null : join(project.root, file);
  if (path !== null && existsSync(path)) {
    const plan = loadPlan(
      { file: shownPath(world, path), flow: stored.flow, on, set, command: "run" },
      world,
    );
    return { plan, inputs, resume: { run, stored: false, takeOver }, on, set };
  }
  world.err.write(
    `${visible(file ?? "its file")} is not there any more; going on with the plan that was recorded\n`,
  );
  return { plan: stored, inputs, resume: { run, stored: true, takeOver }, on, set };
}
