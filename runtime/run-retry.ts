// A person puts one node back, with what was skipped because of it, or settles it by skipping it; the run goes on.

import { assert } from "./bug.ts";
import { doom, hasFallback } from "./run-blame.ts";
import type { Cells } from "./run-cells.ts";
import { startClock } from "./run-clocks.ts";
import {
  ANSWERED,
  BARRED,
  BY_PERSON,
  CALLED_OFF,
  CANCELLED,
  DORMANT,
  EDGE_GUARD,
  EXCUSED,
  EXPIRED,
  FAILED,
  FIRED,
  GUARDED,
  HARD,
  IN_PROGRESS,
  READY,
  RUNNING,
  SETTLED,
  SKIPPED,
  UNKNOWN,
  WAITING,
  WANTS,
} from "./run-codes.ts";
import { nextHandler } from "./run-handlers.ts";
import { putBack, putBackChecks } from "./run-put-back.ts";
import { closeAnew, recount, recountFrame } from "./run-reopen.ts";
import { end, finish } from "./run-settle.ts";

/** The node runs anew, with all its repeats: at once if it only waited for the next of them. */
export function retryNode(run: Cells, n: number): void {
  if (run.has(n, SETTLED)) putBackWithEffects(run, n);
  else {
    run.failures.set(n, 0);
    if (run.again.delete(n) && run.states.get(n) === READY) run.fresh.push(n);
  }
}

/**
 * The node is settled without running. One without an answer, or that may have none, counts as done; of any other what
 * needs the answer is skipped, what only waits for it goes on, and an `otherwise` stands in.
 */
export function skipNode(run: Cells, n: number, message: string): void {
  if (run.has(n, SETTLED)) putBackWithEffects(run, n, true);
  // What failed beside it has ended the whole around it once more.
  if (run.has(n, SETTLED)) return;
  assert(run.states.get(n) === WAITING || run.states.get(n) === READY, `cell ${n} is skipped and has begun`);
  const answer = run.info(n).task?.answer ?? null;
  run.again.delete(n);
  run.errors.set(n, { message, why: null, exit: null, signal: null, tail: null });
  run.flag(n, BY_PERSON);
  if (answer === null || answer.kind === "optional") run.flag(n, EXCUSED | ANSWERED);
  else if (!hasFallback(run, n)) run.flag(n, EXCUSED);
  else {
    if (run.states.get(n) === READY || run.waiting.get(n) === 0) end(run, n, SKIPPED, -1);
    return;
  }
  run.unflag(n, GUARDED | BARRED | DORMANT | HARD);
  run.setState(n, SKIPPED);
  run.causes.set(n, -1);
  run.values[n] = null;
  finish(run, n);
}

/** `still`: the node itself does not go on by itself; who asked settles it. */
function putBackWithEffects(run: Cells, n: number, still = false): void {
  const back = effectsOf(run, n);
  const anew = new Set<number>();
  const waits = new Set<number>();
  for (const c of back) {
    dropHandler(run, ownerOf(run, c));
    putBack(run, c);
    if (c > 0) run.startTimes.set(c, 0);
    // What may be done only once is asked about again, but for what a person has just said.
    if (c === n && run.states.get(c) === UNKNOWN) {
      run.ends.once.delete(c);
      run.errors.delete(c);
      run.setState(c, WAITING);
    }
    if (run.kindOf(c) === "gate") putBackChecks(run, c, anew);
    for (let e = run.heads.get(c); e >= 0; e = run.edgeNext.get(e)) {
      const to = run.edgeTo.get(e);
      if (run.has(to, SETTLED)) continue;
      // What had not begun yet, though it might have, waits for it again.
      if (run.states.get(to) === READY) run.setState(to, WAITING);
      if (run.states.get(to) === WAITING) waits.add(to);
      // It has gone on, and will hear of this cell once more.
      else if (run.edgeKinds.get(e) !== EDGE_GUARD || !run.has(c, FIRED)) run.waiting.add(to, 1);
    }
  }
  // What waited on, and had counted the failure in, counts all it waits for again.
  for (const m of waits) {
    if (back.has(m) || anew.has(m)) continue;
    // Part of what sleeps, it waits for being woken too.
    run.waiting.set(m, run.has(m, DORMANT) ? 1 : 0);
    run.causes.set(m, -1);
    run.unflag(m, HARD | GUARDED | BARRED);
  }
  const all = new Set([...back, ...anew, ...waits]);
  for (const c of back) if (c > 0) recountAround(run, c);
  recount(run, (m) => all.has(m));
  run.doomed = false;
  for (let c = 1; c < run.count; c++) if (run.has(c, SETTLED) && run.bad(c)) doom(run, c);
  if (still) all.delete(n);
  if (back.has(0)) {
    startClock(run, 0);
    run.closing.push(run.mainFrame(0));
  }
  closeAnew(run, [...all], anew);
}

/** A block that was about to run a handler has not ended yet. */
function dropHandler(run: Cells, owner: number): void {
  if (owner < 0 || run.states.get(owner) !== RUNNING || run.mainFrame(owner) < 0) return;
  if (nextHandler(run, owner) !== null) run.unflag(owner, WANTS);
}

/** The frame or loop that a cell stands in, as what is open and bad in it is now. */
function recountAround(run: Cells, c: number): void {
  const loop = run.loops.get(run.of.get(c));
  if (loop === undefined) {
    recountFrame(run, run.frames.get(c));
    return;
  }
  loop.open = 0;
  loop.bad = 0;
  loop.inProgress = 0;
  for (let item = loop.first; item < loop.first + loop.keys.length; item++) {
    if (!run.has(item, SETTLED)) loop.open++;
    else if (run.bad(item)) loop.bad++;
    if (!run.has(item, SETTLED) && run.has(item, IN_PROGRESS)) loop.inProgress++;
  }
}

/** The node, all that was skipped because of it, and all that failed with it; nothing of what went on without it. */
function effectsOf(run: Cells, n: number): ReadonlySet<number> {
  const found = new Set<number>();
  const open = [n];
  const add = (c: number): void => {
    if (!found.has(c) && run.has(c, SETTLED) && run.bad(c)) open.push(c);
  };
  for (let c = open.pop(); c !== undefined; c = open.pop()) {
    if (found.has(c)) continue;
    found.add(c);
    for (let e = run.heads.get(c); e >= 0; e = run.edgeNext.get(e)) {
      const to = run.edgeTo.get(e);
      if (run.states.get(to) === SKIPPED && goneWithout(run, to) < 0) add(to);
    }
    const owner = ownerOf(run, c);
    if (owner >= 0) add(owner);
    // What was not started of it because it had failed already.
    if (c !== n && run.states.get(c) === FAILED)
      run.eachPart(c, (part) => {
        if (run.states.get(part) === CANCELLED) add(part);
      });
  }
  return found;
}

function ownerOf(run: Cells, c: number): number {
  if (c === 0) return -1;
  const loop = run.loops.get(run.of.get(c));
  return loop === undefined ? run.frameOwners.get(run.frames.get(c)) : loop.cell;
}

/** The nearest cell around that ended without it, well or since it was not chosen; -1. */
export function goneWithout(run: Cells, n: number): number {
  for (let at = ownerOf(run, n); at >= 0; at = ownerOf(run, at))
    if (run.has(at, SETTLED) && !run.bad(at)) return at;
  return -1;
}

/** The nearest block around whose end has begun, by its handlers or since it was cancelled; -1. */
export function endingAround(run: Cells, n: number): number {
  for (let at = ownerOf(run, n); at >= 0; at = ownerOf(run, at))
    if (run.ends.handling.has(at) || run.ends.lingering.has(at) || run.has(at, CALLED_OFF | EXPIRED))
      return at;
  return -1;
}

/** The nearest cell around of that kind or, with `role`, that owns a frame of that role around it; -1. */
export function around(run: Cells, n: number, kind: "gate" | null, role: number | null = null): number {
  for (let at = n; at > 0; at = ownerOf(run, at)) {
    const owner = ownerOf(run, at);
    if (owner < 0) return -1;
    if (kind !== null && run.kindOf(owner) === kind) return owner;
    if (role !== null && run.kindOf(at) !== "item" && run.frameRoles.get(run.frames.get(at)) === role)
      return owner;
  }
  return -1;
}
