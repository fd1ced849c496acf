// Nodes of `effect: "once"` whose end is not known: nothing becomes of them until a person has decided.

import { assert } from "./bug.ts";
import type { EventBody } from "./events.ts";
import type { Cells } from "./run-cells.ts";
import { DROPPED, FAILED, READY, SETTLED, SUCCEEDED, UNKNOWN, WAITING } from "./run-codes.ts";
import { withEarly } from "./run-early.ts";
import { isOnce, needsOf } from "./run-settings.ts";
import { end, succeed } from "./run-settle.ts";
import { noteSuccess } from "./run-undo.ts";

type Ended = Extract<EventBody, { type: "attempt.ended" }>;

/**
 * Nobody can say what the work has done: it was lost, ended by a signal, or told to end by us, in which case also its own
 * exit says nothing. Not so if it never began.
 */
export function endUnknown(run: Cells, n: number, { outcome, why, signal }: Ended): boolean {
  if (outcome === "succeeded" || !isOnce(run, n)) return false;
  if (outcome === "lost" || outcome === "cancelled") return why !== "launch";
  return why === "timeout" || why === "stall" || signal !== undefined;
}

/** May an attempt of it have done something? One that waits for an instance has not begun. */
export function mayHaveBegun(run: Cells, n: number): boolean {
  if (run.ends.once.has(n)) return true;
  return run.runningCells.has(n) && (needsOf(run, n).runner === null || run.refs.has(n));
}

/** A person has said what became of it. */
export function decideNode(run: Cells, event: Extract<EventBody, { type: "node.decided" }>): void {
  const { n, as, by, note } = event;
  assert(run.states.get(n) === UNKNOWN, `cell ${n} is decided and was not unknown`);
  // Nothing waits for it any more: only what is known of it changes.
  const over = run.has(n, SETTLED);
  if (as === "succeeded") {
    run.errors.delete(n);
    const value = withEarly(run, n, event.value ?? null);
    if (over) {
      run.values[n] = value;
      run.setState(n, SUCCEEDED);
      run.watch?.(n);
      return;
    }
    noteSuccess(run, n, value);
    succeed(run, n, value);
    return;
  }
  if (as === "failed") {
    const message = `${by} said that it failed${note === undefined ? "" : `: ${note}`}`;
    run.errors.set(n, { message, why: null, exit: null, signal: null, tail: null });
    if (over) {
      run.setState(n, FAILED);
      run.watch?.(n);
    } else end(run, n, FAILED, -1);
    return;
  }
  assert(!run.has(n, DROPPED | SETTLED), `cell ${n} is to run again and is not needed`);
  run.errors.delete(n);
  run.ends.once.delete(n);
  if (run.waiting.get(n) > 0) run.setState(n, WAITING);
  else {
    run.setState(n, READY);
    run.fresh.push(n);
  }
  run.watch?.(n);
}
