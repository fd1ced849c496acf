// What events about attempts change: a node starts, and what becomes of it when its attempt has ended.

import { assert } from "./bug.ts";
import type { EventBody, Place } from "./events.ts";
import type { Cells } from "./run-cells.ts";
import {
  CANCELLED,
  DROPPED,
  FAILED,
  IN_PROGRESS,
  READY,
  RUNNING,
  SETTLED,
  UNKNOWN,
  WAITING,
} from "./run-codes.ts";
import type { AttemptEnd } from "./run-limits.ts";
import { hadEnough } from "./run-outcomes.ts";
import { isOnce, needsOf } from "./run-settings.ts";
import { end, finish, succeed } from "./run-settle.ts";
import { noteSuccess } from "./run-undo.ts";
import { endUnknown } from "./run-unknown.ts";

type StartEvent = Extract<EventBody, { type: "attempt.started" }>;

export function started(run: Cells, { n, a, key, took = [] }: StartEvent): void {
  assert(run.kindOf(n) === "task" && run.states.get(n) === READY, `cell ${n} is started and is not ready`);
  assert(a === run.attemptCounts.get(n) + 1, `cell ${n} is started as attempt ${a}`);
  run.attemptCounts.set(n, a);
  run.again.delete(n);
  const asks = run.info(n).task?.action?.kind === "ask";
  if (asks) run.asks.started(n, key);
  run.setState(n, RUNNING);
  run.runningCells.add(n);
  const need = needsOf(run, n);
  run.room.take(need);
  if (took.length > 0) run.limits.take(n, took, run.now, asks);
  if (need.runner !== null) run.instances.waiting.set(n, run.now);
  if (run.info(n).mayWait) run.mayWait++;
  if (run.startTimes.get(n) === 0) run.startTimes.set(n, run.now);
  for (let at = n; at > 0; at = run.frameOwners.get(run.frames.get(at))) {
    const loop = run.loops.get(run.of.get(at));
    // An item that was let go has only its `finally` left, which nothing holds.
    if (loop === undefined || run.has(at, IN_PROGRESS | SETTLED)) continue;
    run.flag(at, IN_PROGRESS);
    loop.inProgress++;
    // Others of this item may go on now.
    run.entered.push(at);
  }
  run.watch?.(n);
}

/** It has found a place. */
export function placed(run: Cells, event: Extract<EventBody, { type: "attempt.placed" }>): void {
  const { n, ref, i, session } = event;
  assert(run.runningCells.has(n), `cell ${n} is placed and does not run`);
  if (session !== undefined) run.asks.placed(n, session);
  // Told again, with another session.
  if (run.refs.has(n)) return;
  run.refs.set(n, ref);
  run.instances.placed(n, i, run.now);
}

/** An owner has the run: these are its places, and nothing is left of what was there before the wall ms `since`. */
export function settleIn(run: Cells, places: readonly Place[] | null, since: number): void {
  run.instances.end(since);
  if (run.plan.runners.length === 0) return;
  const known = places ?? [];
  run.instances.places = known;
  const bounds = run.plan.runners.map(({ name, instances }) => {
    const place = known.find(({ runner }) => runner === name);
    const most = place === undefined ? (instances?.max ?? null) : place.instances;
    const bound = { instances: most ?? Number.POSITIVE_INFINITY, elsewhere: place?.elsewhere ?? false };
    return [name, bound] as const;
  });
  run.room.bound(
    new Map(bounds),
    [...run.runningCells].map((n) => needsOf(run, n)),
  );
}

/** Its answer was there already: it takes no room, and has no attempt. */
export function reused(
  run: Cells,
  n: number,
  { from, value = null, landed }: Extract<EventBody, { type: "node.reused" }>,
): void {
  assert(run.kindOf(n) === "task" && run.states.get(n) === READY, `cell ${n} is reused and is not ready`);
  run.startTimes.set(n, run.startTimes.get(n) || run.now);
  run.again.delete(n);
  run.reuses.set(n, from);
  if (landed !== undefined) run.ends.trees.reused(n, landed);
  noteSuccess(run, n, value, landed ?? null);
  succeed(run, n, value);
}

/** An attempt has ended, or its work has, and is to be merged. */
export function ended(
  run: Cells,
  n: number,
  event: Extract<EventBody, { type: "attempt.ended" | "attempt.answered" }>,
): void {
  if (event.type === "attempt.answered") {
    run.ends.trees.answered(event);
    return;
  }
  const { outcome, why = null, message, exit = null, signal = null, tail = null, landed = null } = event;
  run.ends.trees.ended(event);
  if (run.states.get(n) === RUNNING) {
    leave(run, n, event);
  } else if (run.runningCells.has(n)) {
    // When the run was opened again, what it stood in for had ended well: this branch was not taken.
    leave(run, n, event);
    return;
  } else {
    // Evaluated by the loop itself, or its arguments could not be.
    assert(run.states.get(n) === READY, `cell ${n} ends and was not ready`);
    run.attemptCounts.set(n, event.a);
    run.startTimes.set(n, run.startTimes.get(n) || run.now);
    run.again.delete(n);
  }
  assert(event.a === run.attemptCounts.get(n), `attempt ${event.a} of cell ${n} ends and is not its last`);
  // What was silent was ended by us: it may not be the task's fault, and spends none of its repeats.
  const waits = why === "limited" || (why === "budget" && event.again_at !== undefined);
  const excused = outcome === "lost" || why === "stall" || waits;
  run.lost.set(n, excused && !waits ? run.lost.get(n) + 1 : 0);
  if (why === "limited" || run.info(n).task?.action?.kind === "ask") run.asks.ended(n, event);
  if (outcome === "succeeded") {
    noteSuccess(run, n, event.value ?? null, landed);
    succeed(run, n, event.value ?? null);
    return;
  }
  if (outcome === "failed" && !excused) run.failures.set(n, run.failures.get(n) + 1);
  if (endUnknown(run, n, event)) {
    const told = outcome === "cancelled" ? "flowc told it to end" : plainly.lost;
    run.errors.set(n, { message: message ?? told, why, exit, signal, tail });
    run.setState(n, UNKNOWN);
    // Nobody is waited for any more: only handlers go on.
    if (run.ends.halted !== null) finish(run, n);
    else run.watch?.(n);
    return;
  }
  if (event.again_at !== undefined && !run.has(n, DROPPED) && outcome !== "cancelled") {
    if (run.waiting.get(n) > 0) {
      // What it uses is computed anew, for a gate that is evaluated again.
      run.setState(n, WAITING);
      return;
    }
    run.setState(n, READY);
    run.again.set(n, event.again_at);
    run.fresh.push(n);
    run.watch?.(n);
    return;
  }
  run.errors.set(n, { message: message ?? plainly[outcome], why, exit, signal, tail });
  // What nobody waited for any more has not failed.
  const dropped = outcome === "lost" && run.has(n, DROPPED) && hadEnough(run, n);
  end(run, n, outcome === "cancelled" || dropped ? CANCELLED : FAILED, -1);
}

/** It runs no more. */
function leave(run: Cells, n: number, event: AttemptEnd): void {
  assert(run.runningCells.delete(n), `cell ${n} runs and is not among those that run`);
  run.room.give(needsOf(run, n));
  if (run.info(n).mayWait) run.mayWait--;
  run.refs.delete(n);
  run.instances.left(n, run.now);
  run.limits.left(n, event, run.now);
  // It may have done something.
  if (event.why !== "launch" && isOnce(run, n)) run.ends.once.add(n);
  run.unneeded.delete(n);
}

const plainly = { failed: "failed", lost: "what ran it was lost", cancelled: "cancelled" } as const;
