// What is to be carried out for an attempt that was started.

import { askOf } from "./ask-order.ts";
import type { AttemptOrder } from "./attempt-order.ts";
import { assert } from "./bug.ts";
import { settingsOf } from "./decide-args.ts";
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
  const base = { run: run.id, n, a, key, values, settings: settings.value, types, early, ask };
  const done = run.ends.undoes.get(n);
  const { undo } = task.settings;
  if (done === undefined || undo === null)
    return { order: { ...base, name: run.name(n), task }, problem: null };
  const undone = task.answer === null ? {} : { undone: { value: done.value, type: task.answer } };
  return { order: { ...base, name: run.name(done.of), task: undoing(task, undo), ...undone }, problem: null };
}
