// How cells settle, and what waits for them is told: made ready, skipped, woken. No event needed.

import type { Value } from "../compiler/types.ts";
import { assert } from "./bug.ts";
import { bars, spoil } from "./run-barriers.ts";
import { blame, doom, hasFallback } from "./run-blame.ts";
import type { Cells } from "./run-cells.ts";
import {
  ASLEEP,
  BARRED,
  BRANCH,
  BY_PERSON,
  CALLED_OFF,
  CANCELLED,
  DECIDED,
  DORMANT,
  DROPPED,
  EDGE_GUARD,
  EDGE_ITEM,
  EDGE_TOLERANT,
  FAILED,
  FIRED,
  GUARDED,
  HARD,
  READY,
  SETTLED,
  SKIPPED,
  SUCCEEDED,
  WAITING,
  WANTS,
} from "./run-codes.ts";
import { isWork } from "./run-outcomes.ts";

/** The cell ends well. */
export function succeed(run: Cells, n: number, value: Value): void {
  run.values[n] = value;
  run.setState(n, SUCCEEDED);
  finish(run, n);
}

/** An expression of the cell failed: it fails as a node does. */
export function failByExpression(run: Cells, n: number, message: string, cause = -1): void {
  run.errors.set(n, { message, why: null, exit: null, signal: null, tail: null });
  end(run, n, FAILED, cause);
}

/** The cell ends badly, because of `cause` (-1: by itself); its `otherwise`, if it has one, is asked first. */
export function end(run: Cells, n: number, state: number, cause: number): void {
  run.setState(n, state);
  run.causes.set(n, cause);
  if (run.kindOf(n) === "if") fire(run, n);
  const answerable = state !== CANCELLED && state !== BRANCH && !run.has(n, HARD | DROPPED | CALLED_OFF);
  if (answerable && hasFallback(run, n)) {
    const frame = run.fallbackOf(n);
    if (frame >= 0) wake(run, frame);
    else want(run, n);
    run.endTimes.set(n, run.now);
    return;
  }
  finish(run, n);
}

/** Asks for a growth below it. */
export function want(run: Cells, n: number): void {
  run.flag(n, WANTS);
  if (n < run.count) run.wanted.push(n);
}

/** The cell's state is final: what waits for it is told by `drain`. */
export function finish(run: Cells, n: number): void {
  assert(!run.has(n, SETTLED), `cell ${n} settles twice`);
  run.flag(n, SETTLED);
  run.unflag(n, WANTS);
  run.endTimes.set(n, run.now);
  const frame = run.frames.get(n);
  if (frame >= 0 && run.kindOf(n) !== "item") {
    const open = run.frameOpen.add(frame, -1);
    assert(open >= 0, `frame ${frame} has fewer than no open cells`);
    if ((run.bad(n) || run.unknown.has(n)) && isWork(run, n)) blame(run, frame, n);
  }
  if (run.bad(n)) doom(run, n);
  run.work.push(n);
  run.ends.lingering.delete(n);
  wakeBlocks(run);
  const fallback = run.fallbackOf(n);
  if (fallback >= 0 && run.states.get(n) === SUCCEEDED) skipBranch(run, fallback);
}

/** Blocks that waited for the last of what runs in them may go on to end. */
function wakeBlocks(run: Cells): void {
  // While a growth is made, nothing before it may change.
  if (run.ends.awaiting.size === 0 || run.made > run.count) return;
  for (const owner of run.ends.awaiting) run.closing.push(run.mainFrame(owner));
  run.ends.awaiting.clear();
}

/** One of the things that cell `m` waits for is known. */
export function arrive(run: Cells, m: number, kind: number, from: number, ok: boolean): void {
  if (run.has(m, SETTLED)) return;
  const left = run.waiting.add(m, -1);
  assert(left >= 0, `cell ${m} waits for fewer than nothing`);
  if (kind === EDGE_GUARD || kind === EDGE_ITEM) run.unflag(m, GUARDED);
  if (bars(run, kind, m)) run.unflag(m, BARRED);
  if (!ok && kind !== EDGE_TOLERANT) spoil(run, m, from, kind);
  react(run, m);
}

/** Does what can be done with a cell now: skip it, make it ready, or wait on. */
export function react(run: Cells, m: number): void {
  if (run.has(m, GUARDED | BARRED | DORMANT | SETTLED) || run.states.get(m) !== WAITING) return;
  // What a check calls may fail: then it has not held, which is found out like all others.
  const cause = run.kindOf(m) === "check" && !run.has(m, HARD) ? -1 : run.causes.get(m);
  if (cause >= 0) {
    const cancelled = run.cancelled !== null && run.states.get(cause) === CANCELLED;
    end(run, m, cancelled ? CANCELLED : SKIPPED, cause);
  } else if (run.waiting.get(m) === 0) becomeReady(run, m);
}

/** A node or a check can start; what more becomes of any other cell is drawn by `drain`. */
function becomeReady(run: Cells, m: number): void {
  const kind = run.kindOf(m);
  if (kind !== "task" && kind !== "check") {
    run.due.push(m);
    return;
  }
  // Its `otherwise` stands in when its own turn has come.
  if (run.has(m, BY_PERSON)) {
    end(run, m, SKIPPED, -1);
    return;
  }
  run.setState(m, READY);
  if (m < run.count) (kind === "task" ? run.fresh : run.asked).push(m);
}

/** Releases the cells that waited for the condition. */
export function fire(run: Cells, m: number): void {
  if (run.has(m, FIRED)) return;
  run.flag(m, FIRED);
  const ok = run.has(m, DECIDED);
  for (let e = run.heads.get(m); e >= 0; e = run.edgeNext.get(e)) {
    const kind = run.edgeKinds.get(e);
    if (kind === EDGE_GUARD) arrive(run, run.edgeTo.get(e), kind, m, ok);
  }
}

/** All cells of a frame that is not needed. */
export function skipBranch(run: Cells, f: number): void {
  run.eachBelow(f, (n) => {
    if (run.has(n, SETTLED)) return;
    run.unflag(n, GUARDED | DORMANT);
    run.setState(n, BRANCH);
    finish(run, n);
  });
}

/** Is it below a `for` that has to wait itself? */
function sleepsOn(run: Cells, n: number, f: number): boolean {
  for (let at = n; at > 0; ) {
    const loop = run.of.get(at);
    if (loop >= 0 && run.has(loop, ASLEEP)) return true;
    const frame = run.frames.get(at);
    if (frame === f) return false;
    at = run.frameOwners.get(frame);
  }
  return false;
}

/** Lets a fallback that was made earlier run. */
export function wake(run: Cells, f: number): void {
  const woken: number[] = [];
  run.eachBelow(
    f,
    (n) => {
      if (run.has(n, DORMANT) && !sleepsOn(run, n, f)) woken.push(n);
    },
    false,
  );
  for (const n of woken) {
    run.unflag(n, DORMANT);
    run.waiting.add(n, -1);
  }
  for (const n of woken) react(run, n);
  run.closing.push(f);
}
