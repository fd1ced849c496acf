// What keeps a cell from running: whose failure counts, when it counts, and whether an `otherwise` may answer it.

import type { Step, Use } from "../compiler/plan-steps.ts";
import type { Cells } from "./run-cells.ts";
import { EDGE_GATE, EDGE_GUARD, EDGE_ITEM, EDGE_ORDER, EDGE_PHASE, EXCUSED, HARD } from "./run-codes.ts";

/** Is it an edge from the phase or gate above a cell, before which no other failure counts? */
export function bars(run: Cells, kind: number, to: number): boolean {
  return (kind === EDGE_PHASE || kind === EDGE_GATE) && run.kindOf(to) !== "join";
}

/** Does a use give order only: by its own point of order, or by the phase or gate above it? */
export function isOrder(step: Extract<Step, { kind: "if" | "for" | "repeat" }>, use: Use): boolean {
  return (use.up === 0 && use.i === step.guard) || use.kind === "phase" || use.kind === "gate";
}

/** May what waits for `from` in this way go on? What a person skipped keeps from running only what needs its answer. */
export function letsPass(run: Cells, from: number, kind: number): boolean {
  if (run.good(from)) return true;
  const order = kind === EDGE_ORDER || kind === EDGE_PHASE || kind === EDGE_GATE;
  return order && run.has(from, EXCUSED);
}

/** Notes that `from` keeps `m` from running; the failure of what guards it goes before all others. */
export function spoil(run: Cells, m: number, from: number, kind: number): void {
  if (isHard(run, from, kind)) {
    run.flag(m, HARD);
    run.causes.set(m, from);
  } else if (run.causes.get(m) < 0) run.causes.set(m, from);
}

/** Is what it is skipped by the end of the whole that it is a part of? */
function isHard(run: Cells, from: number, kind: number): boolean {
  if (kind === EDGE_GUARD || kind === EDGE_GATE) return true;
  const passedOn = kind === EDGE_ITEM || kind === EDGE_PHASE || run.kindOf(from) === "join";
  return passedOn && run.has(from, HARD);
}

/** Was it ended by a gate that has not passed, here or in a phase inside? */
export function endedByGate(run: Cells, bad: number): boolean {
  return run.kindOf(bad) === "gate" || (run.kindOf(bad) === "phase" && run.has(bad, HARD));
}
