// What becomes of cells that were unfolded: they join the run with their `grown` event, or are taken back.

import { assert } from "./bug.ts";
import { closeOwned, drain } from "./run-activate.ts";
import { cancelParts } from "./run-call-off.ts";
import type { Cells } from "./run-cells.ts";
import { startClock } from "./run-clocks.ts";
import { FIXED, isFinally, LATE, READY, RUNNING, SETTLED, WANTS } from "./run-codes.ts";
import { clashIn } from "./run-overlaps.ts";
import type { Growth } from "./run-records.ts";
import { recursiveCall } from "./run-recursion.ts";
import { failByExpression } from "./run-settle.ts";

/** The growth becomes part of the run, with all that follows from it. */
export function commit(run: Cells, growth: Growth): void {
  assert(run.growing === growth && run.count === growth.first, "a growth is committed that is not the last");
  run.growing = null;
  run.count = run.made;
  const { links, n } = growth;
  for (let i = 0; i < links.length; i += 3) run.addEdge(links.get(i), links.get(i + 1), links.get(i + 2));
  run.unflag(n, WANTS);
  run.pendingItems.delete(n);
  const grows = run.loops.has(n) || recursiveCall(run, n) !== null;
  if (grows && run.fallbackOf(n) < 0) run.flag(n, LATE);
  noteEnds(run, growth);
  for (let c = growth.first; c < run.count; c++) {
    if (run.states.get(c) === RUNNING) startClock(run, c);
    if (run.has(c, WANTS)) run.wanted.push(c);
    if (run.has(c, SETTLED)) run.flag(c, FIXED);
    const asked = run.kindOf(c) === "check" || run.kindOf(c) === "approve";
    if (asked && run.states.get(c) === READY) run.asked.push(c);
    if (run.kindOf(c) !== "task") continue;
    const state = run.states.get(c);
    run.tally[state] = (run.tally[state] ?? 0) + 1;
    if (state === READY) run.fresh.push(c);
  }
  if (n === 0 && run.states.get(0) !== RUNNING) {
    run.setState(0, RUNNING);
    startClock(run, 0);
  }
  const clash = clashIn(run, growth.first);
  // What stands in for a failure, or takes it back, is left to the start of its nodes.
  if (clash !== null && run.states.get(n) === RUNNING) {
    run.clashes.set(n, clash);
    cancelParts(run, n);
    failByExpression(run, n, clash);
  } else closeOwned(run, n);
  drain(run);
}

/** Notes which frames are handlers of their block, and what is taken back by whom. */
function noteEnds(run: Cells, { n, first, before }: Growth): void {
  for (let f = before.frames; f < run.frameRoles.length; f++) {
    const role = run.frameRoles.get(f);
    if (role >= 0 || run.frameOwners.get(f) !== n) continue;
    const { failure = -1, final = -1 } = run.ends.handling.get(n) ?? {};
    run.ends.handling.set(n, isFinally(role) ? { failure, final: f } : { failure: f, final });
  }
  for (const [cell, { of }] of run.ends.undoes) if (cell >= first) run.ends.undoneBy.set(of, cell);
}

/** Takes a growth back that never was committed. */
export function discard(run: Cells): void {
  const { growing } = run;
  if (growing === null) return;
  run.growing = null;
  run.owned.set(growing.n, growing.before.owned);
  run.truncate(growing.before.frames, growing.before.edges);
  for (const map of [run.errors, run.pendingItems])
    for (const c of map.keys()) if (c >= run.count) map.delete(c);
  for (const c of run.ends.undoes.keys()) if (c >= run.count) run.ends.undoes.delete(c);
  for (const [c, loop] of run.loops) if (loop.first >= run.count) run.loops.delete(c);
}
