// Opens a run again after it failed or was cancelled: what did not succeed is put back, what succeeded stays.

import { drain } from "./run-activate.ts";
import { bars, letsPass, spoil } from "./run-barriers.ts";
import { blame } from "./run-blame.ts";
import { cancelParts } from "./run-call-off.ts";
import type { Cells } from "./run-cells.ts";
import { startClock } from "./run-clocks.ts";
import {
  ASLEEP,
  BARRED,
  BRANCH,
  CANCELLED,
  DORMANT,
  EDGE_GUARD,
  EDGE_ITEM,
  EDGE_TOLERANT,
  FAILED,
  FIRED,
  GUARDED,
  IN_PROGRESS,
  LATE,
  READY,
  RUNNING,
  SETTLED,
  SUCCEEDED,
  WANTS,
} from "./run-codes.ts";
import { isWork } from "./run-outcomes.ts";
import { putBack, putBackChecks } from "./run-put-back.ts";
import type { Loop } from "./run-records.ts";
import { failByExpression, react } from "./run-settle.ts";
import { putBackUndone } from "./run-undone.ts";

/**
 * Puts back the entry and, from there inwards, all that failed, was skipped because of a failure, cancelled or never
 * came to its end; not what lies inside of something that ended well, tolerated or answered. Looks at every cell once.
 */
export function reopen(run: Cells): void {
  run.status = "running";
  run.cancelled = null;
  run.doomed = false;
  run.output = null;
  run.generation++;
  run.unneeded.clear();
  run.ends.halted = null;
  run.ends.atOnce = false;
  run.ends.awaiting.clear();
  for (const list of [
    run.work,
    run.due,
    run.closing,
    run.fresh,
    run.wanted,
    run.freed,
    run.entered,
    run.asked,
    run.people.opened,
  ])
    list.truncate(0);
  const open = run.good(0) ? [] : [0];
  const back: number[] = [];
  const anew = new Set<number>();
  putBackUndone(run, anew);
  for (let n = open.pop(); n !== undefined; n = open.pop()) {
    back.push(n);
    putBack(run, n);
    if (run.kindOf(n) === "gate") {
      putBackChecks(run, n, anew);
      continue;
    }
    for (let f = run.owned.get(n); f >= 0; f = run.frameNext.get(f))
      if (run.frameRoles.get(f) >= 0) reopenFrame(run, f, open);
    const loop = run.loops.get(n);
    if (loop !== undefined) reopenLoop(run, loop, open);
  }
  back.push(...anew);
  const put = new Set(back);
  recount(run, (n) => put.has(n));
  if (put.has(0)) {
    startClock(run, 0);
    run.closing.push(run.mainFrame(0));
  }
  const clash = run.clashes.get(0);
  if (clash !== undefined) {
    cancelParts(run, 0);
    failByExpression(run, 0, clash);
  }
  closeAnew(run, back, anew);
  tellOthers(run, put);
}

/**
 * After a crash: gates that were being evaluated begin anew, so that no check counts that held for an older state. What
 * runs of them is told about by its own event.
 */
export function reopenGates(run: Cells): void {
  if (!run.plan.steps.some(({ kind }) => kind === "gate")) return;
  const anew = new Set<number>();
  for (let n = 0; n < run.count; n++)
    if (run.kindOf(n) === "gate" && run.states.get(n) === RUNNING) putBackChecks(run, n, anew);
  if (anew.size === 0) return;
  recount(run, (n) => anew.has(n));
  closeAnew(run, [...anew], anew);
}

/** `anew`: those of which also what succeeded was put back. */
export function closeAnew(run: Cells, back: number[], anew: ReadonlySet<number>): void {
  for (const n of back) sleepFallback(run, n);
  // What was made late stays while what it was made for is computed anew.
  for (const n of anew)
    if (run.has(n, LATE)) {
      run.flag(n, ASLEEP);
      run.eachLateFrame(n, (f) => sleep(run, f));
    }
  back.sort((a, b) => a - b);
  for (const n of back) if (n > 0) react(run, n);
  drain(run);
}

/** What goes on as it was, inside of what ended well, must be found again by who decides. */
function tellOthers(run: Cells, put: ReadonlySet<number>): void {
  for (let n = 1; n < run.count; n++) {
    if (put.has(n) || run.has(n, SETTLED)) continue;
    if (run.has(n, WANTS)) run.wanted.push(n);
    else if (run.states.get(n) !== READY) continue;
    else if (run.kindOf(n) === "task") run.fresh.push(n);
    else if (run.kindOf(n) === "check") run.asked.push(n);
  }
}

function isOpen(run: Cells, n: number): boolean {
  return run.bad(n) || !run.has(n, SETTLED) || run.unknown.has(n);
}

function reopenFrame(run: Cells, f: number, open: number[]): void {
  const base = run.frameBases.get(f);
  const { length } = run.block(f).steps;
  let count = 0;
  for (let n = base; n < base + length; n++) {
    if (!isOpen(run, n)) continue;
    count++;
    open.push(n);
  }
  run.frameOpen.set(f, count);
  run.frameBad.set(f, -1);
}

function reopenLoop(run: Cells, loop: Loop, open: number[]): void {
  loop.open = 0;
  loop.bad = 0;
  loop.inProgress = 0;
  for (let item = loop.first; item < loop.first + loop.keys.length; item++) {
    if (!isOpen(run, item)) continue;
    loop.open++;
    if (run.has(item, IN_PROGRESS)) loop.inProgress++;
    open.push(item);
  }
}

/** What is open and bad in a frame, by what its cells are now. */
export function recountFrame(run: Cells, f: number): void {
  const base = run.frameBases.get(f);
  const { length } = run.block(f).steps;
  let open = 0;
  run.frameBad.set(f, -1);
  for (let n = base; n < base + length; n++) {
    if (!run.has(n, SETTLED)) open++;
    else if (run.bad(n) && isWork(run, n)) blame(run, f, n);
  }
  run.frameOpen.set(f, open);
}

/** Counts anew what open cells wait for, and notes what they cannot go on without. */
export function recount(run: Cells, counts: (n: number) => boolean): void {
  for (let n = 0; n < run.count; n++) {
    if (run.has(n, SETTLED)) {
      recountBad(run, n, counts);
      continue;
    }
    for (let e = run.heads.get(n); e >= 0; e = run.edgeNext.get(e)) {
      const kind = run.edgeKinds.get(e);
      if (kind === EDGE_GUARD && run.has(n, FIRED)) continue;
      const to = run.edgeTo.get(e);
      if (run.has(to, SETTLED) || !counts(to)) continue;
      run.waiting.add(to, 1);
      if (kind === EDGE_GUARD || kind === EDGE_ITEM) run.flag(to, GUARDED);
      if (bars(run, kind, to)) run.flag(to, BARRED);
    }
  }
}

/** Of what has ended and stays, only what keeps others from running counts. */
function recountBad(run: Cells, n: number, counts: (n: number) => boolean): void {
  if (run.states.get(n) <= SUCCEEDED || run.states.get(n) === BRANCH) return;
  for (let e = run.heads.get(n); e >= 0; e = run.edgeNext.get(e)) {
    const to = run.edgeTo.get(e);
    const kind = run.edgeKinds.get(e);
    if (kind === EDGE_TOLERANT || run.has(to, SETTLED) || !counts(to)) continue;
    if (!letsPass(run, n, kind)) spoil(run, to, n, kind);
  }
}

/** The `otherwise` of a cell that is tried again must wait until that fails again; what it has done already stays. */
function sleepFallback(run: Cells, n: number): void {
  const f = run.fallbackOf(n);
  if (f >= 0 && run.states.get(n) < FAILED) sleep(run, f);
}

function sleep(run: Cells, f: number): void {
  run.eachBelow(
    f,
    (inside) => {
      if (run.has(inside, SETTLED | GUARDED | DORMANT)) return;
      run.flag(inside, DORMANT);
      run.waiting.add(inside, 1);
    },
    false,
  );
}

/** The run has ended: what is still open will not happen. With `only`, what was left out just never ran. */
export function settleAll(run: Cells): void {
  for (const list of [run.fresh, run.wanted, run.freed, run.entered, run.asked, run.people.opened])
    list.truncate(0);
  if (run.options.only !== null) return;
  for (let n = 0; n < run.count; n++) {
    if (run.has(n, SETTLED) || run.unknown.has(n)) continue;
    run.flag(n, SETTLED);
    run.again.delete(n);
    run.endTimes.set(n, run.now);
    if (run.states.get(n) < FAILED) run.setState(n, CANCELLED);
  }
  run.ends.lingering.clear();
  run.ends.awaiting.clear();
}
