// What is to be carried out for an attempt that was started.

import { askOf } from "./ask-order.ts";
import type { Answered, AttemptOrder } from "./attempt-order.ts";
import { assert } from "./bug.ts";
import { settingsOf } from "./decide-args.ts";
import type { EventBody } from "./events.ts";
import type { Inputs } from "./execute-record.ts";
import type { Run } from "./run.ts";
import { undoing } from "./run-undo.ts";

/** Of an `attempt.started`. */
export interface Start {
  readonly n: number;
  readonly a: number;
  readonly key: string;
}

/** The order; or a sentence why its settings cannot be evaluated. */
export function orderOf(
  run: Run,
  inputs: Inputs,
  { n, a, key }: Start,
):
  | { readonly order: AttemptOrder; readonly problem: null }
  | { readonly order: null; readonly problem: string } {
  const task = run.plan.tasks[run.task(n) ?? ""];
  const values = inputs.of(n);
  assert(task !== undefined && values !== null, `cell ${n} starts without values`);
  const settings = settingsOf(run, n, values);
  if (!settings.ok) return { order: null, problem: settings.message };
  const { types } = run.plan;
  const early = run.early(n);
  const ask = askOf(run, n, a, key);
  if (ask !== null && "problem" in ask) return { order: null, problem: ask.problem };
  const base = { run: run.id, n, a, key, values, settings: settings.value, types, early, ask };
  const done = run.ends.undoes.get(n);
  if (done === undefined) {
    const { workspace } = settings.value;
    const name = run.name(n);
    if (typeof workspace === "string") return { order: { ...base, name, task }, problem: null };
    const tree = run.ends.trees.past(n, workspace.branch, task.action?.kind === "ask");
    const answered = run.ends.trees.answers.get(n);
    const done = answered === undefined ? {} : { answered: givenBy(answered) };
    const asked =
      ask === null || !tree.conflict ? ask : { ...ask, before: toResolve(ask.before, workspace.into) };
    return { order: { ...base, ask: asked, name, task, tree, ...done }, problem: null };
  }
  const { landed } = done;
  const order = {
    ...base,
    // What is done on a branch is taken back where that was merged, not on it.
    settings: { ...settings.value, workspace: "project" as const },
    name: run.name(done.of),
    task: undoing(task, task.settings.undo),
    ask: null,
    ...(task.answer === null ? {} : { undone: { value: done.value, type: task.answer } }),
    ...(landed?.merge === undefined ? {} : { revert: landed }),
  };
  return { order, problem: null };
}

/** What an agent is told whose work could not be merged. */
function toResolve(before: string | null, into: string | null): string {
  const why = before === null ? "" : `${before} `;
  return `${why}What is on \`${into}\` was merged into your branch, and the conflict is marked in these files: resolve it.`;
}

function givenBy({
  type: _type,
  n: _n,
  a: _a,
  ...given
}: Extract<EventBody, { type: "attempt.answered" }>): Answered {
  return given;
}
