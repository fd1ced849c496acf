// Early fields of nodes: the cells they are, which stand right behind their node's, and what of them is there.

import type { EarlyStep } from "../compiler/plan-steps.ts";
import type { Value } from "../compiler/types.ts";
import { assert } from "./bug.ts";
import type { Cells } from "./run-cells.ts";
import { SETTLED, SUCCEEDED } from "./run-codes.ts";
import { succeed } from "./run-settle.ts";
import { isRecord } from "./values.ts";

/** An early field that is there. */
export interface EarlyField {
  readonly field: string;
  readonly value: Value;
  /** Wall ms. */
  readonly at: number;
}

/** The cell of an early field of a node; null if it has none of that name. */
function earlyCell(run: Cells, n: number, field: string): number | null {
  for (const [c, step] of cellsOf(run, n)) if (step.field === field) return c;
  return null;
}

/** The early fields of a node that are there, in the order of its answer. */
export function earlyOf(run: Cells, n: number): readonly EarlyField[] {
  const found: EarlyField[] = [];
  for (const [c, { field }] of cellsOf(run, n))
    if (run.has(c, SETTLED) && run.states.get(c) === SUCCEEDED)
      found.push({ field, value: run.values[c] ?? null, at: run.endTimes.get(c) });
  return found;
}

/** An attempt has written an early field. Of what nobody needs any more it may come too late. */
export function wroteEarly(run: Cells, n: number, field: string, value: Value): void {
  assert(run.runningCells.has(n), `cell ${n} writes and does not run`);
  const c = earlyCell(run, n, field);
  assert(c !== null, `cell ${n} has no early field ${JSON.stringify(field)}`);
  if (!run.has(c, SETTLED)) succeed(run, c, value);
}

/** An answer that a person gives for a node: what it had given itself stays as it is. */
export function withEarly(run: Cells, n: number, value: Value): Value {
  const early = earlyOf(run, n);
  if (early.length === 0 || !isRecord(value)) return value;
  const given = new Map(early.map((one) => [one.field, one.value]));
  return Object.fromEntries(Object.entries(value).map(([name, own]) => [name, given.get(name) ?? own]));
}

/** The value of an early field whose node has ended well before it was taken. */
export function valueAtEnd(run: Cells, c: number): Value {
  const { step } = run.info(c);
  assert(step.kind === "early", `cell ${c} is no early field`);
  const whole = run.values[run.cellAt(run.frames.get(c), 0, step.of)] ?? null;
  assert(isRecord(whole) && Object.hasOwn(whole, step.field), `the answer has no early field ${step.field}`);
  return whole[step.field] ?? null;
}

function* cellsOf(run: Cells, n: number): Generator<readonly [number, EarlyStep]> {
  const frame = run.frames.get(n);
  for (let c = n + 1; c < run.made && run.frames.get(c) === frame; c++) {
    const { step } = run.info(c);
    if (step.kind !== "early" || run.cellAt(frame, 0, step.of) !== n) return;
    yield [c, step];
  }
}
