// What becomes of cells that can go on by themselves: values are computed, frames and loops close. No event needed.

import { assert } from "./bug.ts";
import { evaluate } from "./evaluate.ts";
import { activateApproval } from "./run-approvals.ts";
import { endedByGate, letsPass } from "./run-barriers.ts";
import { cancelParts } from "./run-call-off.ts";
import type { Cells } from "./run-cells.ts";
import { startClock } from "./run-clocks.ts";
import {
  ANSWERED,
  ASLEEP,
  BARRED,
  DECIDED,
  DORMANT,
  EDGE_GUARD,
  FAILED,
  FALLBACK,
  FIRED,
  GUARDED,
  HARD,
  IN_PROGRESS,
  PASS,
  RUNNING,
  SETTLED,
  TAKEN_ELSE,
  WAITING,
  WANTS,
} from "./run-codes.ts";
import { valueAtEnd } from "./run-early.ts";
import { closeBlock, endsInOrder } from "./run-handlers.ts";
import {
  badIn,
  endBy,
  gateFailure,
  loopOutcome,
  passFrame,
  passOutcome,
  resultOf,
  taken,
  timesOf,
} from "./run-outcomes.ts";
import { plainValue } from "./run-plain.ts";
import type { Loop } from "./run-records.ts";
import { argsProblem, callFrame, callProblem, recursiveCall } from "./run-recursion.ts";
import {
  arrive,
  end,
  failByExpression,
  finish,
  fire,
  skipBranch,
  succeed,
  wake,
  want,
} from "./run-settle.ts";
import { undoTargets } from "./run-undo.ts";
import { itemsOf, itemsProblem } from "./unfold-items.ts";
import { asBool, attempt } from "./values.ts";

/** Draws all consequences of what settled. In a growth that is not committed, those inside it. */
export function drain(run: Cells): void {
  goOn(run);
  for (let at = 0; at < run.work.length; at++) {
    const n = run.work.get(at);
    if (run.watch !== null && n < run.count && run.kindOf(n) === "task") run.watch(n);
    for (let e = run.heads.get(n); e >= 0; e = run.edgeNext.get(e)) {
      const kind = run.edgeKinds.get(e);
      if (kind === EDGE_GUARD && run.has(n, FIRED)) continue;
      arrive(run, run.edgeTo.get(e), kind, n, letsPass(run, n, kind));
    }
    goOn(run);
    if (run.kindOf(n) === "item") itemSettled(run, n);
    else if (n > 0) closeFrame(run, run.frames.get(n));
    goOn(run);
  }
  run.work.truncate(0);
}

/** Activates what nothing is missing for, and closes what was left open till now. */
function goOn(run: Cells): void {
  for (let at = 0; at < run.due.length; at++) activate(run, run.due.get(at));
  run.due.truncate(0);
  for (let at = 0; at < run.closing.length; at++) closeFrame(run, run.closing.get(at));
  run.closing.truncate(0);
}

function activate(run: Cells, m: number): void {
  // Something may have become of it since it was noted.
  if (
    run.has(m, GUARDED | BARRED | DORMANT | SETTLED) ||
    run.states.get(m) !== WAITING ||
    run.waiting.get(m) > 0
  )
    return;
  const clash = run.clashes.get(m);
  if (clash !== undefined) {
    cancelParts(run, m);
    failByExpression(run, m, clash);
    return;
  }
  switch (run.kindOf(m)) {
    case "join":
      succeed(run, m, null);
      return;
    case "let":
    case "var":
      computePlain(run, m);
      return;
    case "early":
      succeed(run, m, valueAtEnd(run, m));
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
    case "approve":
      activateApproval(run, m);
      return;
    case "flow":
      activateCall(run, m);
      return;
    case "rollback":
      run.setState(m, RUNNING);
      if (undoTargets(run, m).length > 0) want(run, m);
      else succeed(run, m, null);
      return;
    default:
      run.setState(m, RUNNING);
      startClock(run, m);
      closeOwned(run, m);
  }
}

function computePlain(run: Cells, m: number): void {
  const result = attempt(() => plainValue(run, m));
  if ("value" in result) succeed(run, m, result.value);
  else failByExpression(run, m, result.problem);
}

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
  const problem = run.has(m, ASLEEP) ? itemsProblem(run, m) : null;
  if (problem !== null) {
    cancelParts(run, m);
    failByExpression(run, m, problem);
    return;
  }
  run.setState(m, RUNNING);
  wakeLate(run, m);
  closeOwned(run, m);
}

function itemSettled(run: Cells, item: number): void {
  const cell = run.of.get(item);
  const loop = run.loops.get(cell);
  assert(loop !== undefined, `item ${item} has no for`);
  loop.open--;
  // The `finally` of an item that was let go is not held by `parallel` any more.
  if (run.ends.lingering.size > 0) run.entered.push(item);
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
    if (loop.open > 0) cancelParts(run, cell, { told: "enough", failing: false });
    return;
  }
  const { state, cause, message, past } = outcome;
  if (message !== null) run.errors.set(cell, { message, why: null, exit: null, signal: null, tail: null });
  if (past) cancelParts(run, cell);
  end(run, cell, state, cause);
}

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

/** A call inside of the flow called grows now that all it needs is there; every other was unfolded with its block. */
function activateCall(run: Cells, m: number): void {
  const call = recursiveCall(run, m);
  const f = call === null ? -1 : callFrame(run, m);
  if (call !== null) {
    const problem = f < 0 ? callProblem(run, m, call) : run.has(m, ASLEEP) ? argsProblem(run, m, call) : null;
    if (problem !== null) {
      cancelParts(run, m);
      failByExpression(run, m, problem);
      return;
    }
  }
  run.setState(m, RUNNING);
  startClock(run, m);
  if (call !== null && f < 0) want(run, m);
  else {
    wakeLate(run, m);
    closeOwned(run, m);
  }
}

/** What was made late of it may go on, if it had to wait till all that it was made for was there again. */
function wakeLate(run: Cells, m: number): void {
  if (!run.has(m, ASLEEP)) return;
  run.unflag(m, ASLEEP);
  run.eachLateFrame(m, (f) => wake(run, f));
}

/** A pass in which nothing is open any more: the `repeat` ends with it, or asks for another. */
function closePass(run: Cells, f: number, n: number): void {
  if (run.states.get(n) !== RUNNING || run.has(n, WANTS) || passFrame(run, n) !== f) return;
  const bad = badIn(run, f);
  if (bad >= 0) {
    end(run, n, endBy(run, bad), bad);
    return;
  }
  const outcome = passOutcome(run, f);
  if (outcome === "again") want(run, n);
  else if ("value" in outcome) succeed(run, n, outcome.value);
  else failByExpression(run, n, outcome.problem);
}

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
  if (role < 0) {
    closeBlock(run, owner);
    return;
  }
  const state = run.states.get(owner);
  const bad = badIn(run, f);
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
  else if (endsInOrder(run, f, owner)) closeBlock(run, owner);
  else if (bad < 0) succeed(run, owner, resultOf(run, f));
  else {
    if (run.kindOf(owner) === "phase" && endedByGate(run, bad)) run.flag(owner, HARD);
    end(run, owner, endBy(run, bad), bad);
  }
}

function closeGate(run: Cells, f: number, n: number): void {
  const failure = gateFailure(run, f);
  if (failure === null) succeed(run, n, null);
  else failByExpression(run, n, failure.message, failure.cause);
}
