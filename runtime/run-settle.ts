// What follows from what happened: cells become ready, settle, are skipped; frames and loops close. No event needed.

import type { Value } from "../compiler/types.ts";
import { assert } from "./bug.ts";
import { evaluate } from "./evaluate.ts";
import { bars, endedByGate, spoil } from "./run-barriers.ts";
import { blame, doom, hasFallback } from "./run-blame.ts";
import type { Cells, Loop } from "./run-cells.ts";
import {
  ANSWERED,
  BARRED,
  BRANCH,
  CANCELLED,
  DECIDED,
  DORMANT,
  DROPPED,
  EDGE_GUARD,
  EDGE_ITEM,
  FAILED,
  FALLBACK,
  FIRED,
  GUARDED,
  HARD,
  IN_PROGRESS,
  LATE,
  PASS,
  READY,
  RUNNING,
  SETTLED,
  SKIPPED,
  SUCCEEDED,
  TAKEN_ELSE,
  WAITING,
  WANTS,
} from "./run-codes.ts";
import {
  gateFailure,
  isWork,
  loopOutcome,
  passFrame,
  passOutcome,
  resultOf,
  taken,
  timesOf,
} from "./run-outcomes.ts";
import { plainValue } from "./run-plain.ts";
import { itemsOf, itemsProblem } from "./unfold-items.ts";
import { asBool, attempt } from "./values.ts";

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
  const answerable = state !== CANCELLED && state !== BRANCH && !run.has(n, HARD | DROPPED);
  if (answerable && hasFallback(run, n)) {
    const frame = run.fallbackOf(n);
    if (frame >= 0) wake(run, frame);
    else want(run, n);
    run.endTimes.set(n, run.now);
    return;
  }
  finish(run, n);
}

function want(run: Cells, n: number): void {
  run.flag(n, WANTS);
  if (n < run.count) run.wanted.push(n);
}

/** The cell's state is final: what waits for it is told by `drain`. */
function finish(run: Cells, n: number): void {
  assert(!run.has(n, SETTLED), `cell ${n} settles twice`);
  run.flag(n, SETTLED);
  run.unflag(n, WANTS);
  run.endTimes.set(n, run.now);
  const frame = run.frames.get(n);
  if (frame >= 0 && run.kindOf(n) !== "item") {
    const open = run.frameOpen.add(frame, -1);
    assert(open >= 0, `frame ${frame} has fewer than no open cells`);
    if (run.bad(n) && isWork(run, n)) blame(run, frame, n);
  }
  if (run.bad(n)) doom(run, n);
  run.work.push(n);
  const fallback = run.fallbackOf(n);
  if (fallback >= 0 && run.states.get(n) === SUCCEEDED) skipBranch(run, fallback);
}

/** Draws all consequences of what settled. In a growth that is not committed, those inside it. */
export function drain(run: Cells): void {
  for (let at = 0; at < run.work.length; at++) {
    const n = run.work.get(at);
    if (run.watch !== null && n < run.count && run.kindOf(n) === "task") run.watch(n);
    const ok = run.good(n);
    for (let e = run.heads.get(n); e >= 0; e = run.edgeNext.get(e)) {
      const kind = run.edgeKinds.get(e);
      if (kind === EDGE_GUARD && run.has(n, FIRED)) continue;
      arrive(run, run.edgeTo.get(e), kind, n, ok);
    }
    if (run.kindOf(n) === "item") itemSettled(run, n);
    else if (n > 0) closeFrame(run, run.frames.get(n));
  }
  run.work.truncate(0);
}

/** One of the things that cell `m` waits for is known. */
function arrive(run: Cells, m: number, kind: number, from: number, ok: boolean): void {
  if (run.has(m, SETTLED)) return;
  const left = run.waiting.add(m, -1);
  assert(left >= 0, `cell ${m} waits for fewer than nothing`);
  if (kind === EDGE_GUARD || kind === EDGE_ITEM) run.unflag(m, GUARDED);
  if (bars(run, kind, m)) run.unflag(m, BARRED);
  if (!ok) spoil(run, m, from, kind);
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

function becomeReady(run: Cells, m: number): void {
  switch (run.kindOf(m)) {
    case "task":
      run.setState(m, READY);
      if (m < run.count) run.fresh.push(m);
      return;
    case "check":
      run.setState(m, READY);
      if (m < run.count) run.asked.push(m);
      return;
    case "join":
      succeed(run, m, null);
      return;
    case "let":
    case "var":
      computePlain(run, m);
      return;
    case "if":
      activateIf(run, m);
      return;
    case "for":
      activateFor(run, m);
      return;
    case "repeat":
      activateRepeat(run, m);
      return;
    default:
      run.setState(m, RUNNING);
      closeOwned(run, m);
  }
}

function computePlain(run: Cells, m: number): void {
  const result = attempt(() => plainValue(run, m));
  if ("value" in result) succeed(run, m, result.value);
  else failByExpression(run, m, result.problem);
}

// Ifs

/** Evaluates the condition; the branch not taken is skipped, and cells that waited for it are told. */
function activateIf(run: Cells, m: number): void {
  const { step } = run.info(m);
  assert(step.kind === "if", `cell ${m} is no if`);
  if (!run.has(m, DECIDED)) {
    const result = attempt(() => asBool(evaluate(step.cond, run.scope(run.frames.get(m)))));
    if ("problem" in result) {
      failByExpression(run, m, result.problem);
      return;
    }
    run.flag(m, result.value ? DECIDED : DECIDED | TAKEN_ELSE);
    for (let f = run.owned.get(m); f >= 0; f = run.frameNext.get(f))
      if (run.frameRoles.get(f) !== FALLBACK && !taken(run, f)) skipBranch(run, f);
  }
  run.setState(m, RUNNING);
  fire(run, m);
  closeOwned(run, m);
}

/** Releases the cells that waited for the condition. */
function fire(run: Cells, m: number): void {
  if (run.has(m, FIRED)) return;
  run.flag(m, FIRED);
  const ok = run.has(m, DECIDED);
  for (let e = run.heads.get(m); e >= 0; e = run.edgeNext.get(e)) {
    const kind = run.edgeKinds.get(e);
    if (kind === EDGE_GUARD) arrive(run, run.edgeTo.get(e), kind, m, ok);
  }
}

/** All cells of a frame that is not needed. */
function skipBranch(run: Cells, f: number): void {
  run.eachBelow(f, (n) => {
    if (run.has(n, SETTLED)) return;
    run.unflag(n, GUARDED | DORMANT);
    run.setState(n, BRANCH);
    finish(run, n);
  });
}

/** Lets a fallback that was made earlier run. */
function wake(run: Cells, f: number): void {
  const woken: number[] = [];
  run.eachBelow(
    f,
    (n) => {
      if (run.has(n, DORMANT)) woken.push(n);
    },
    false,
  );
  for (const n of woken) {
    run.unflag(n, DORMANT);
    run.waiting.add(n, -1);
  }
  for (const n of woken) react(run, n);
  closeFrame(run, f);
}

// Fors

/** Computes the items as soon as all they need is there: an error is found before anything of it is made. */
function activateFor(run: Cells, m: number): void {
  if (!run.loops.has(m)) {
    const result = attempt(() => itemsOf(run, m, true));
    if ("problem" in result) {
      failByExpression(run, m, result.problem);
      return;
    }
    run.setState(m, RUNNING);
    if (result.value.keys.length === 0) {
      succeed(run, m, []);
      return;
    }
    run.pendingItems.set(m, result.value);
    want(run, m);
    return;
  }
  const problem = run.has(m, LATE) ? itemsProblem(run, m) : null;
  if (problem !== null) {
    cancelParts(run, m);
    failByExpression(run, m, problem);
    return;
  }
  run.setState(m, RUNNING);
  if (run.has(m, LATE)) run.eachItemFrame(m, (f) => wake(run, f));
  closeOwned(run, m);
}

function itemSettled(run: Cells, item: number): void {
  const cell = run.of.get(item);
  const loop = run.loops.get(cell);
  assert(loop !== undefined, `item ${item} has no for`);
  loop.open--;
  if (run.bad(item)) loop.bad++;
  if (run.has(item, IN_PROGRESS)) {
    run.unflag(item, IN_PROGRESS);
    loop.inProgress--;
    run.freed.push(cell);
  }
  closeLoop(run, loop);
}

/** Ends a `for` whose items have all ended, that has enough, or that is past what it tolerates. */
export function closeLoop(run: Cells, loop: Loop): void {
  const { cell } = loop;
  const late = cell < run.count;
  if (run.has(cell, SETTLED) || run.states.get(cell) !== RUNNING || (run.made > run.count && late)) return;
  const outcome = loopOutcome(run, loop);
  if (outcome === null) return;
  if ("value" in outcome) {
    succeed(run, cell, outcome.value);
    if (loop.open > 0) cancelParts(run, cell, true);
    return;
  }
  const { state, cause, message, past } = outcome;
  if (message !== null) run.errors.set(cell, { message, why: null, exit: null, signal: null, tail: null });
  if (past) cancelParts(run, cell);
  end(run, cell, state, cause);
}

/**
 * Nothing more of what `n` is made of starts; what runs may end, but is neither repeated nor answered. `unneeded`: it is
 * told to end.
 */
export function cancelParts(run: Cells, n: number, unneeded = false): void {
  run.eachPart(n, (part) => {
    if (run.has(part, SETTLED)) return;
    if (run.kindOf(part) === "task" && run.states.get(part) === RUNNING) {
      run.flag(part, DROPPED);
      if (unneeded) run.unneeded.add(part);
      return;
    }
    run.again.delete(part);
    run.unflag(part, GUARDED | DORMANT);
    // What has failed and waited for its `otherwise` has failed.
    if (run.states.get(part) < FAILED) run.setState(part, CANCELLED);
    finish(run, part);
  });
}

// Repeats

/** Its first pass was made when it was unfolded, or is asked for now that it is known how many there may be. */
function activateRepeat(run: Cells, m: number): void {
  const times = attempt(() => timesOf(run, m));
  if ("problem" in times) {
    failByExpression(run, m, times.problem);
    return;
  }
  run.setState(m, RUNNING);
  if (passFrame(run, m) < 0) want(run, m);
  else closeOwned(run, m);
}

/** A pass in which nothing is open any more: the `repeat` ends with it, or asks for another. */
function closePass(run: Cells, f: number, n: number): void {
  if (run.states.get(n) !== RUNNING || run.has(n, WANTS) || passFrame(run, n) !== f) return;
  const bad = run.frameBad.get(f);
  if (bad >= 0) {
    end(run, n, run.states.get(bad), bad);
    return;
  }
  const outcome = passOutcome(run, f);
  if (outcome === "again") want(run, n);
  else if ("value" in outcome) succeed(run, n, outcome.value);
  else failByExpression(run, n, outcome.problem);
}

// Frames

/** Looks at the frames and items of a composite that has just become active. */
export function closeOwned(run: Cells, n: number): void {
  for (let f = run.owned.get(n); f >= 0; f = run.frameNext.get(f)) closeFrame(run, f);
  const loop = run.loops.get(n);
  if (loop !== undefined) closeLoop(run, loop);
  // No `else`, and the condition is false.
  if (run.has(n, SETTLED) || run.kindOf(n) !== "if" || run.states.get(n) !== RUNNING) return;
  for (let f = run.owned.get(n); f >= 0; f = run.frameNext.get(f))
    if (run.frameRoles.get(f) !== FALLBACK && taken(run, f)) return;
  succeed(run, n, null);
}

/** Settles the owner of a frame in which nothing is open any more. */
export function closeFrame(run: Cells, f: number): void {
  if (f < 0 || run.frameOpen.get(f) > 0) return;
  const owner = run.frameOwners.get(f);
  // The owner of a growth that is not committed must not change before its event.
  if (run.has(owner, SETTLED) || (run.made > run.count && owner < run.count)) return;
  const role = run.frameRoles.get(f);
  const state = run.states.get(owner);
  const bad = run.frameBad.get(f);
  if (role === FALLBACK) {
    if (state < FAILED) return;
    if (bad < 0) {
      run.flag(owner, ANSWERED);
      run.values[owner] = resultOf(run, f);
      if (run.kindOf(owner) === "task") run.answeredCount++;
    }
    finish(run, owner);
    return;
  }
  if (role > PASS) {
    closePass(run, f, owner);
    return;
  }
  const active = state === RUNNING || run.kindOf(owner) === "item" || owner === 0;
  if (!active || (role !== 0 && !taken(run, f))) return;
  if (run.kindOf(owner) === "gate") closeGate(run, f, owner);
  else if (bad < 0) succeed(run, owner, resultOf(run, f));
  else {
    if (run.kindOf(owner) === "phase" && endedByGate(run, bad)) run.flag(owner, HARD);
    end(run, owner, run.states.get(bad), bad);
  }
}

function closeGate(run: Cells, f: number, n: number): void {
  const failure = gateFailure(run, f);
  if (failure === null) succeed(run, n, null);
  else failByExpression(run, n, failure.message, failure.cause);
}
