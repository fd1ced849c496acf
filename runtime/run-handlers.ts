// How a block with handlers or a deadline ends: when all in it has, its handlers run one after the other, then its owner.

import type { Handlers } from "../compiler/plan-steps.ts";
import type { Value } from "../compiler/types.ts";
import { endedByGate } from "./run-barriers.ts";
import type { Cells } from "./run-cells.ts";
import {
  CALLED_OFF,
  CANCELLED,
  EXPIRED,
  FAILED,
  HARD,
  isFinally,
  RUNNING,
  SKIPPED,
  WANTS,
} from "./run-codes.ts";
import type { HandlerFrames } from "./run-ends.ts";
import { failuresOf } from "./run-failures.ts";
import { nameOf } from "./run-names.ts";
import { badIn, endBy, resultOf } from "./run-outcomes.ts";
import { end, succeed, want } from "./run-settle.ts";

const unmade: HandlerFrames = { failure: -1, final: -1 };

/** Does the end of this frame need more than a look at its cells? */
export function endsInOrder(run: Cells, f: number, owner: number): boolean {
  return run.block(f).handlers !== undefined || run.has(owner, EXPIRED);
}

/** Goes on with the end of the block that `n` owns: with its next handler, or by settling `n`. */
export function closeBlock(run: Cells, n: number): void {
  const f = run.mainFrame(n);
  if (run.states.get(n) !== RUNNING || run.has(n, WANTS) || run.frameOpen.get(f) > 0) return;
  if (isBusy(run, f)) {
    run.ends.awaiting.add(n);
    return;
  }
  const { failure, final } = run.ends.handling.get(n) ?? unmade;
  for (const g of [failure, final]) if (g >= 0 && run.frameOpen.get(g) > 0) return;
  if (nextHandler(run, n) !== null) want(run, n);
  else settleBlock(run, n, f);
}

function settleBlock(run: Cells, n: number, f: number): void {
  const { failure, final } = run.ends.handling.get(n) ?? unmade;
  const bad = badIn(run, f);
  const broken = [failure, final].map((g) => (g < 0 ? -1 : badIn(run, g))).find((cell) => cell >= 0);
  if (run.has(n, EXPIRED)) end(run, n, FAILED, -1);
  else if (bad >= 0) {
    if (run.kindOf(n) === "phase" && endedByGate(run, bad)) run.flag(n, HARD);
    end(run, n, endBy(run, bad), bad);
  } else if (broken !== undefined) end(run, n, endBy(run, broken), broken);
  else succeed(run, n, resultOf(run, f));
}

/** Which handler of the block that `n` owns is to run now, given that all before it has ended; null: none. */
export function nextHandler(run: Cells, n: number): keyof Handlers | null {
  const f = run.mainFrame(n);
  const { handlers } = run.block(f);
  const made = run.ends.handling.get(n) ?? unmade;
  if (handlers === undefined || made.final >= 0 || neverBegan(run, n, f)) return null;
  if (handlers.failure !== null && made.failure < 0 && hasFailed(run, n, f)) return "failure";
  return handlers.final === null ? null : "final";
}

function hasFailed(run: Cells, n: number, f: number): boolean {
  const bad = badIn(run, f);
  if (run.has(n, CALLED_OFF | EXPIRED)) return !run.has(n, CALLED_OFF);
  return bad >= 0 && endBy(run, bad) !== CANCELLED;
}

/** Was all of it skipped, because of a failure elsewhere? */
function neverBegan(run: Cells, n: number, f: number): boolean {
  const bad = badIn(run, f);
  if (bad < 0 || run.states.get(bad) !== SKIPPED || run.has(n, EXPIRED)) return false;
  return !hasBegun(run, f);
}

/** Was any node in a frame started? */
export function hasBegun(run: Cells, f: number): boolean {
  let begun = false;
  run.eachBelow(f, (n) => {
    begun ||= run.attemptCounts.get(n) > 0;
  });
  return begun;
}

/** Does something still run in a frame, or is the `finally` of a block in it still to come? */
function isBusy(run: Cells, f: number): boolean {
  for (const n of run.runningCells) if (isWithin(run, n, f)) return true;
  for (const n of run.ends.lingering) if (isWithin(run, n, f)) return true;
  return false;
}

/** Is a cell somewhere in a frame? */
export function isWithin(run: Cells, n: number, f: number): boolean {
  for (let at = n; at > 0; ) {
    const frame = run.frames.get(at);
    if (frame === f) return true;
    at = run.frameOwners.get(frame);
  }
  return false;
}

/** Is it a part of a `finally`, which goes on while all else is cancelled? */
export function inFinally(run: Cells, n: number): boolean {
  for (let at = n; at > 0; ) {
    const frame = run.frames.get(at);
    if (isFinally(run.frameRoles.get(frame))) return true;
    at = run.frameOwners.get(frame);
  }
  return false;
}

/** In which handler a cell stands; `undo`: it takes back what another node did. */
export function handlerOf(run: Cells, n: number): "failure" | "finally" | "undo" | null {
  if (run.ends.undoes.has(n)) return "undo";
  for (let at = n; at > 0; ) {
    const frame = run.frames.get(at);
    const role = run.frameRoles.get(frame);
    if (role < 0) return isFinally(role) ? "finally" : "failure";
    at = run.frameOwners.get(frame);
  }
  return null;
}

/** What `on failure as f` gets: the first failure of the block. */
export function failureOf(run: Cells, n: number): Value {
  if (run.has(n, EXPIRED)) return { node: nameOf(run, n), task: "", error: run.errors.get(n)?.message ?? "" };
  const chain = failuresOf(run, badIn(run, run.mainFrame(n)));
  const root = chain.at(-1);
  const named = chain.findLast(({ name }) => name !== "");
  const task = root === undefined ? null : run.info(root.n).task;
  return { node: named?.name ?? nameOf(run, n), task: task?.name ?? "", error: root?.message ?? "" };
}
