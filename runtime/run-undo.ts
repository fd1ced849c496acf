// What `rollback()` takes back: the nodes of a block that have succeeded and have an `undo` or were merged, newest first.

import type { Command, TaskPlan } from "../compiler/plan-tasks.ts";
import type { Value } from "../compiler/types.ts";
import { assert } from "./bug.ts";
import { evaluate } from "./evaluate.ts";
import type { Landed } from "./events.ts";
import type { Cells } from "./run-cells.ts";
import { isWithin } from "./run-handlers.ts";

/** Notes that a node succeeded, if that can be taken back. */
export function noteSuccess(run: Cells, n: number, value: Value, landed: Landed | null = null): void {
  const { step, task } = run.info(n);
  if (step.kind !== "task" || run.ends.undoes.has(n)) return;
  if (task?.settings.undo == null && landed?.merge === undefined) return;
  const scope = run.scope(run.frames.get(n));
  const args = step.args.map((arg) => evaluate(arg, scope));
  // The last success is what counts.
  run.ends.succeeded.delete(n);
  run.ends.succeeded.set(n, { args, value, landed });
}

/** What a `rollback()` takes back, newest first; not what was, or is to be, taken back by another one. */
export function undoTargets(run: Cells, rollback: number): readonly number[] {
  const f = run.mainFrame(blockOf(run, rollback));
  return [...run.ends.succeeded.keys()]
    .reverse()
    .filter((n) => run.good(n) && !run.ends.undoneBy.has(n) && isWithin(run, n, f) && !inHandler(run, n, f));
}

/** The owner of the block whose handler a cell stands in. */
function blockOf(run: Cells, n: number): number {
  for (let at = n; at > 0; ) {
    const frame = run.frames.get(at);
    at = run.frameOwners.get(frame);
    if (run.frameRoles.get(frame) < 0) return at;
  }
  assert(false, `cell ${n} is in no handler`);
}

/** Did a handler further inside make it? */
function inHandler(run: Cells, n: number, f: number): boolean {
  for (let frame = run.frames.get(n); frame !== f; frame = run.frames.get(run.frameOwners.get(frame)))
    if (run.frameRoles.get(frame) < 0) return true;
  return false;
}

/** The task as it is carried out to take its effect back: another command or none, and nothing to answer. */
export function undoing(task: TaskPlan, command: Command | null): TaskPlan {
  const action = command === null ? null : ({ kind: "run", command } as const);
  return { ...task, action, answer: null, result: null, readsOutput: false };
}
