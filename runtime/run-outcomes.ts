// How a `for` or a pass of a `repeat` has ended, and whether what ended counts. Nothing is changed here.

import type { Value } from "../compiler/types.ts";
import { assert } from "./bug.ts";
import { evaluate } from "./evaluate.ts";
import type { Cells } from "./run-cells.ts";
import { CANCELLED, DECIDED, ELSE, EXCUSED, FAILED, PASS, SUCCEEDED, TAKEN_ELSE, THEN } from "./run-codes.ts";
import type { Loop } from "./run-records.ts";
import { asNumber, ValueError } from "./values.ts";

/** More cells than this in one run are a mistake, and would not fit into memory. */
export const cellsMax = 8_000_000;

/** The value of the slot that a frame's block names, or none. */
export function resultOf(run: Cells, f: number): Value {
  const { result } = run.block(f);
  return result === null ? null : (run.values[run.frameBases.get(f) + result] ?? null);
}

/** The cell because of which a frame has not ended well: the first bad one, else the result if a person skipped it; -1. */
export function badIn(run: Cells, f: number): number {
  const bad = run.frameBad.get(f);
  const { result } = run.block(f);
  if (bad >= 0 || result === null) return bad;
  const n = run.frameBases.get(f) + result;
  return run.has(n, EXCUSED) && !run.good(n) ? n : -1;
}

/** Points in the order and early fields are no work of their own: what waits for them is skipped, and counts unless its `otherwise` answers. */
export function isWork(run: Cells, n: number): boolean {
  const { step } = run.info(n);
  return step.kind !== "join" && step.kind !== "early" && !(step.kind === "var" && step.source === "deps");
}

/**
 * The state of a cell that ends because of one in it. What was not known when the run was to end kept it from its own end,
 * whatever a person has said of it since.
 */
export function endBy(run: Cells, bad: number): number {
  const state = run.states.get(bad);
  return state < FAILED ? CANCELLED : state;
}

/** Is this frame of an `if` the branch that its condition chose? */
export function taken(run: Cells, f: number): boolean {
  return run.has(run.frameOwners.get(f), TAKEN_ELSE) === (run.frameRoles.get(f) === ELSE);
}

/** The nearest `if` around a cell whose condition chose the other branch; -1. */
export function otherBranch(run: Cells, n: number): number {
  for (let at = n; at > 0; ) {
    const f = run.frames.get(at);
    at = run.frameOwners.get(f);
    const role = run.frameRoles.get(f);
    if ((role === THEN || role === ELSE) && run.has(at, DECIDED) && !taken(run, f)) return at;
  }
  return -1;
}

export type LoopOutcome =
  | { readonly value: Value }
  | {
      readonly state: number;
      /** Cell of the item that it is put down to; -1. */
      readonly cause: number;
      /** Null: what the item says is enough. */
      readonly message: string | null;
      /** Past what it tolerates: what has not started of it does not start. */
      readonly past: boolean;
    };

/** Null while it goes on. */
export function loopOutcome(run: Cells, loop: Loop): LoopOutcome | null {
  const { keys, open, bad, tolerate, enough } = loop;
  const well = keys.length - open - bad;
  const past = tolerate !== null && bad > tolerate;
  const reached = enough !== null && well >= enough && !past;
  if (open > 0 && !past && !reached) return null;
  if (reached || bad === 0 || (tolerate !== null && !past)) return { value: valuesOf(run, loop) };
  let cause = -1;
  for (let i = 0; i < keys.length; i++) {
    const item = loop.first + i;
    if (!run.bad(item)) continue;
    if (cause < 0) cause = item;
    if (run.states.get(item) !== FAILED) continue;
    cause = item;
    break;
  }
  const message = past
    ? `${bad} of its ${keys.length} items failed or were skipped, and it tolerates ${tolerate}`
    : enough !== null
      ? `${well} of its ${keys.length} items succeeded, and \`enough\` asks for ${enough}`
      : null;
  const state = past || enough !== null || cause < 0 ? FAILED : run.states.get(cause);
  return { state, cause, message, past };
}

function valuesOf(run: Cells, loop: Loop): readonly Value[] {
  const values: Value[] = [];
  for (let i = 0; i < loop.keys.length; i++) {
    const item = loop.first + i;
    if (run.states.get(item) === SUCCEEDED) values.push(run.values[item] ?? null);
  }
  return values;
}

/** Is it a part of a `for` that ended well without it? */
export function hadEnough(run: Cells, n: number): boolean {
  for (let at = n; at > 0; ) {
    const loop = run.loops.get(run.of.get(at));
    if (loop !== undefined && loop.enough !== null && run.states.get(loop.cell) === SUCCEEDED) return true;
    at = loop?.cell ?? run.frameOwners.get(run.frames.get(at));
  }
  return false;
}

// Gates

/** Null if all its checks held and nobody refused; else what did not, and because of which cell. */
export function gateFailure(
  run: Cells,
  f: number,
): { readonly message: string; readonly cause: number } | null {
  const failed: string[] = [];
  const refused: string[] = [];
  let checks = 0;
  let cause = -1;
  run.block(f).steps.forEach((_, i) => {
    const n = run.frameBases.get(f) + i;
    const { step } = run.info(n);
    if (step.kind === "approve" && run.values[n] === false)
      refused.push(`${JSON.stringify(step.label)} ${run.people.notes.get(n) ?? "was not approved"}`);
    if (step.kind !== "check") return;
    checks++;
    if (run.values[n] === true) return;
    const note = run.people.notes.get(n);
    failed.push(note === undefined ? JSON.stringify(step.label) : `${JSON.stringify(step.label)} (${note})`);
    if (cause < 0) cause = run.causes.get(n);
  });
  if (refused.length > 0) return { message: refused.join(", "), cause: -1 };
  if (failed.length === 0) return null;
  const [first = ""] = failed;
  // Of several none is the cause: then it is all of them that people are shown.
  if (failed.length > 1) cause = -1;
  if (checks === 1) return { message: `its check ${first} did not hold`, cause };
  return { message: `${failed.length} of its ${checks} checks did not hold: ${failed.join(", ")}`, cause };
}

// Passes

/** How many passes a `repeat` may make. Throws {@link ValueError}. */
export function timesOf(run: Cells, n: number): number {
  const { step } = run.info(n);
  assert(step.kind === "repeat", `cell ${n} is no repeat`);
  const times = asNumber(evaluate(step.times, run.scope(run.frames.get(n))));
  if (times >= 1) return times;
  throw new ValueError(`\`repeat\` must be allowed at least 1 pass, got ${times}`);
}

/** Frame of a pass of a `repeat`; -1 if it was not made. Without `pass` of the last one made. */
export function passFrame(run: Cells, n: number, pass: number | null = null): number {
  for (let f = run.owned.get(n); f >= 0; f = run.frameNext.get(f)) {
    const role = run.frameRoles.get(f);
    if (role > PASS && (pass === null || role === PASS + pass)) return f;
  }
  return -1;
}

/** What follows from a pass that ended well: the value, another pass, or that it cannot go on. */
export function passOutcome(
  run: Cells,
  f: number,
): { readonly value: Value } | { readonly problem: string } | "again" {
  const n = run.frameOwners.get(f);
  const { step } = run.info(n);
  assert(step.kind === "repeat", `cell ${n} is no repeat`);
  if (run.values[run.frameBases.get(f) + step.until] === true) return { value: resultOf(run, f) };
  const pass = run.frameRoles.get(f) - PASS;
  if (pass >= (run.passesBefore.get(n) ?? 0) + timesOf(run, n))
    return { problem: `\`until\` did not hold after ${pass} ${pass === 1 ? "pass" : "passes"}` };
  if (run.made + step.body.steps.length > cellsMax)
    return { problem: `the graph would have more than ${cellsMax} cells with pass ${pass + 1}` };
  return "again";
}
