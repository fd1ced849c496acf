// Cancels what a cell is made of: nothing more of it starts, but blocks that have begun still run their `finally`.

import type { EventBody } from "./events.ts";
import type { Cells } from "./run-cells.ts";
import { expiredMessage } from "./run-clocks.ts";
import {
  CALLED_OFF,
  CANCELLED,
  DORMANT,
  DROPPED,
  EXPIRED,
  FAILED,
  FALLBACK,
  GUARDED,
  isFinally,
  RUNNING,
  SETTLED,
  WANTS,
} from "./run-codes.ts";
import { hasBegun } from "./run-handlers.ts";
import type { Unneeded } from "./run-records.ts";
import { end, finish } from "./run-settle.ts";

export interface CallOff {
  /** Why nodes that run are told to end; null: they may go on, but are neither repeated nor answered. */
  readonly told: Unneeded | null;
  /** A block in which something failed has failed, and its `on failure` runs. */
  readonly failing: boolean;
}

const quietly: CallOff = { told: null, failing: false };

/** Cancels all that cell `n` is made of, but not `n`, nor its `finally`. */
export function cancelParts(run: Cells, n: number, how: CallOff = quietly): void {
  const parts = partsOf(run, n);
  const composites: number[] = [];
  for (const part of parts)
    if (run.owned.get(part) >= 0 || run.loops.has(part)) composites.push(part);
    else cancelLeaf(run, part, how);
  // From the inside outwards, so that a block knows what became of those in it.
  for (const part of composites.reverse()) cancelComposite(run, part, how);
}

/** The cells below a cell, outer ones first; without its fallback, and without anything in a `finally`. */
function partsOf(run: Cells, n: number): readonly number[] {
  const parts: number[] = [];
  const open: number[] = [];
  const enter = (cell: number, fallbacks: boolean): void => {
    for (let f = run.owned.get(cell); f >= 0; f = run.frameNext.get(f)) {
      const role = run.frameRoles.get(f);
      if ((fallbacks || role !== FALLBACK) && !isFinally(role)) open.push(f);
    }
    const loop = run.loops.get(cell);
    for (let i = 0; i < (loop?.keys.length ?? 0); i++) {
      const item = (loop?.first ?? 0) + i;
      parts.push(item);
      enter(item, true);
    }
  };
  enter(n, false);
  for (const f of open) {
    const base = run.frameBases.get(f);
    const { length } = run.block(f).steps;
    for (let c = base; c < base + length; c++) {
      parts.push(c);
      enter(c, true);
    }
  }
  return parts;
}

function cancelLeaf(run: Cells, part: number, { told }: CallOff): void {
  if (run.runningCells.has(part)) {
    if (told !== null && !run.has(part, DROPPED)) run.unneeded.set(part, told);
    run.flag(part, DROPPED);
    return;
  }
  if (run.unknown.has(part)) {
    run.flag(part, DROPPED);
    // Nobody is waited for any more: it stays so, and is decided when the run is opened again.
    if (run.ends.halted !== null && !run.has(part, SETTLED)) finish(run, part);
    return;
  }
  if (!run.has(part, SETTLED)) settle(run, part, CANCELLED);
}

function settle(run: Cells, part: number, state: number): void {
  run.again.delete(part);
  run.unflag(part, GUARDED | DORMANT);
  // What has failed and waited for its `otherwise` has failed.
  if (run.states.get(part) < FAILED) run.setState(part, state);
  finish(run, part);
}

function cancelComposite(run: Cells, part: number, how: CallOff): void {
  // A node with an `otherwise` owns a frame too, and may run.
  if (run.kindOf(part) === "task") {
    cancelLeaf(run, part, how);
    return;
  }
  if (run.has(part, SETTLED)) return;
  const f = run.mainFrame(part);
  const bad = f < 0 ? -1 : run.frameBad.get(f);
  const failed = how.failing && bad >= 0 && run.states.get(bad) === FAILED;
  if (f >= 0 && lingers(run, part, f, failed)) {
    if (!failed) run.flag(part, CALLED_OFF);
    run.ends.lingering.add(part);
    reconsider(run, part);
    return;
  }
  if (failed && run.states.get(part) < FAILED) run.causes.set(part, bad);
  settle(run, part, failed ? FAILED : CANCELLED);
}

/** Is it a block that has begun and has a handler still to run? */
function lingers(run: Cells, part: number, f: number, failed: boolean): boolean {
  const { handlers } = run.block(f);
  if (handlers === undefined || run.states.get(part) !== RUNNING) return false;
  if (handlers.final === null && !failed) return false;
  return failed || run.ends.handling.has(part) || hasBegun(run, f);
}

/** Which handler comes next may be another now. */
function reconsider(run: Cells, n: number): void {
  run.unflag(n, WANTS);
  run.closing.push(run.mainFrame(n));
}

/** Past its deadline: what has not started of its block does not, what runs is told to end, and it fails. */
export function expire(run: Cells, n: number, message: string): void {
  run.flag(n, EXPIRED);
  run.errors.set(n, { message, why: null, exit: null, signal: null, tail: null });
  cancelParts(run, n, { told: "deadline", failing: false });
  reconsider(run, n);
}

/** The run is to end: only handlers go on. */
export function halt(run: Cells, why: "cancel" | "fail_fast"): void {
  run.ends.halted = why;
  if (why === "cancel") run.flag(0, CALLED_OFF);
  // By cancel, the loop has told them already.
  cancelParts(run, 0, { told: null, failing: why === "fail_fast" });
  reconsider(run, 0);
}

type CancelWhy = Extract<EventBody, { type: "node.cancelled" }>["why"];

/** By its event: a node, which may have to be told to end; a block past its deadline; or, of the entry, all that has not started. */
export function cancelNode(run: Cells, n: number, why: CancelWhy): void {
  if (run.has(n, SETTLED)) return;
  if (n === 0 && (why === "cancel" || why === "fail_fast")) {
    halt(run, why);
    return;
  }
  if (why === "deadline" && run.kindOf(n) !== "task") {
    expire(run, n, expiredMessage(run, n));
    return;
  }
  run.unneeded.delete(n);
  if (run.runningCells.has(n) || run.unknown.has(n)) {
    run.flag(n, DROPPED);
    return;
  }
  cancelParts(run, n);
  run.again.delete(n);
  end(run, n, CANCELLED, -1);
}
