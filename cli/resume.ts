// What `--resume` goes on with: the run that was meant, and its plan, compiled anew where its file still is.

import { existsSync } from "node:fs";
import { basename, join } from "node:path";
import type { Plan } from "../compiler/plan.ts";
import type { Value } from "../compiler/types.ts";
import { openArtifacts } from "../runtime/artifacts.ts";
import type { Resume } from "../runtime/execute-open.ts";
import type { Journal } from "../runtime/journal.ts";
import { planChanges } from "../runtime/plan-changes.ts";
import { decode } from "../runtime/validate.ts";
import { warnOfForgotten } from "./gone.ts";
import { readInputs } from "./inputs.ts";
import { loadPlan } from "./load-plan.ts";
import { keepIn, lookOnly } from "./look.ts";
import { type Project, shownPath } from "./project.ts";
import { visible } from "./render/text.ts";
import type { RunRequest } from "./request.ts";
import { exits, Stop, shellWord, usage } from "./stop.ts";
import { findRun } from "./stored.ts";
import type { World } from "./world.ts";

export interface Resumed {
  readonly plan: Plan;
  readonly inputs: Readonly<Record<string, Value>>;
  /** The same run goes on; null: a new one does. */
  readonly same: Resume | null;
  /** The run that a new one goes on from. */
  readonly from: { readonly run: string; readonly takeOver: boolean } | null;
  /** What differs in the file. */
  readonly changed: readonly string[];
  readonly only: readonly string[] | null;
  /** The kind of place for declared runners, as when the run began. */
  readonly on: string | null;
  /** `RUNNER.KEY=VALUE`, as when the run began. */
  readonly set: readonly string[];
}

export async function resumed(
  request: RunRequest,
  typed: string,
  project: Project,
  journal: Journal,
  world: World,
): Promise<Resumed> {
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
  const { only, on = null, set = [] } = started.options;
  refuseMoves(request, run, on, project);
  const same = (plan: Plan, stored: boolean): Resumed => {
    refuseInputs(request, typed, project);
    return { plan, inputs, same: { run, stored, takeOver }, from: null, changed: [], only, on, set };
  };
  if (request.stored) return same(stored, true);
  const source = sourceOf(request, stored, project, world);
  if (source === null) return same(stored, true);
  const plan = loadPlan({ ...source, on, set, command: "run" }, world);
  const changed = planChanges(stored, plan);
  if (changed.length === 0) return same(plan, false);
  return {
    plan,
    inputs: await inputsFrom(plan, inputs, request, project, world),
    same: null,
    from: { run, takeOver },
    changed,
    only: request.only.length > 0 ? request.only : only,
    on,
    set,
  };
}

/** Null: its file is not there any more, which is told. */
function sourceOf(
  request: RunRequest,
  stored: Plan,
  project: Project,
  world: World,
): { readonly file: string; readonly flow: string | null } | null {
  if (request.file !== null)
    return {
      file: request.file,
      flow: request.flow ?? (sameFlow(request.file, stored) ? stored.flow : null),
    };
  const file = stored.flows[stored.flow]?.file;
  const path = file === undefined ? null : join(project.root, file);
  if (path !== null && existsSync(path)) return { file: shownPath(world, path), flow: stored.flow };
  world.err.write(
    `${visible(file ?? "its file")} is not there any more; going on with the plan that was recorded\n`,
  );
  return null;
}

/** Of another file, its own main flow is meant. */
function sameFlow(file: string, stored: Plan): boolean {
  return basename(stored.flows[stored.flow]?.file ?? "") === basename(file) || /\.json$/i.test(file);
}

function refuseMoves(request: RunRequest, run: string, on: string | null, { flag }: Project): void {
  if (request.set.length > 0)
    throw usage(
      "A resumed run has its settings already; they cannot be changed.",
      `flowc run --resume ${run}${flag}`,
    );
  if (request.on !== null && request.on !== on)
    throw usage(
      `The run ${run} goes on where it began, ${on === null ? "without `--on`" : `with \`--on ${on}\``}; it cannot move.`,
      `flowc run --resume ${run}${flag}`,
    );
}

function refuseInputs(request: RunRequest, typed: string, { flag }: Project): void {
  if (request.input.length > 0 || request.inputs !== null)
    throw new Stop(
      exits.usage,
      "A resumed run has its inputs already; they cannot be changed.",
      `flowc run --resume ${shellWord(typed)}${flag}`,
    );
}

/** What the run was given, as far as the plan still has it, and what is typed now. */
async function inputsFrom(
  plan: Plan,
  before: Readonly<Record<string, Value>>,
  request: RunRequest,
  project: Project,
  world: World,
): Promise<Readonly<Record<string, Value>>> {
  const typed = new Set(request.input.map(({ name }) => name));
  const kept = new Map<string, Value>();
  for (const { name, type } of request.inputs === null ? plan.inputs : []) {
    const value = Object.hasOwn(before, name) && !typed.has(name) ? before[name] : undefined;
    const decoded = value === undefined ? null : decode(value, type, plan.types);
    if (decoded?.ok === true) kept.set(name, decoded.value);
  }
  const rest = { ...plan, inputs: plan.inputs.filter(({ name }) => !kept.has(name)) };
  const words = [request.file, request.flow].flatMap((word) => word ?? []).map(shellWord);
  const command = ["flowc run", ...words, `--resume ${shellWord(request.resume ?? "last")}`].join(" ");
  const look = request.dryRun
    ? lookOnly(world.cwd, project.root)
    : keepIn(openArtifacts(project.state), world.cwd, project.root);
  const given = await readInputs(rest, request, world, {
    missing: "error",
    command: command + project.flag,
    look,
  });
  return { ...Object.fromEntries(kept), ...given };
}
