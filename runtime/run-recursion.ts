// Calls of a flow inside of itself: whether they may be made, and what is made of them. Nothing is changed here.

import type { FlowStep } from "../compiler/plan-steps.ts";
import type { Value } from "../compiler/types.ts";
import { assert } from "./bug.ts";
import { evaluate } from "./evaluate.ts";
import type { Cells } from "./run-cells.ts";
import { MAIN } from "./run-codes.ts";
import { cellsMax } from "./run-outcomes.ts";
import { attempt } from "./values.ts";

/** Flows of a chain that are written out; of longer ones the first and the last. */
const shownMax = 8;
const shownLast = 2;

/** The call that this cell is, if it is one that grows. */
export function recursiveCall(run: Cells, n: number): FlowStep | null {
  if (run.kindOf(n) !== "flow") return null;
  const { step } = run.info(n);
  return step.kind === "flow" && step.recursive ? step : null;
}

/** The frame of the flow called; -1 if it was not made. */
export function callFrame(run: Cells, n: number): number {
  for (let f = run.owned.get(n); f >= 0; f = run.frameNext.get(f))
    if (run.frameRoles.get(f) === MAIN) return f;
  return -1;
}

/** Why this call cannot be made, or null: it would be one too many on top of each other, or one cell too many. */
export function callProblem(run: Cells, n: number, { flow }: FlowStep): string | null {
  const plan = run.plan.flows[flow];
  assert(plan !== undefined, `the plan has no flow \`${flow}\``);
  if (run.made + plan.body.steps.length > cellsMax)
    return `the graph would have more than ${cellsMax} cells with one more call of \`${flow}\``;
  const { depth } = plan;
  if (depth === null) return null;
  const chain = [...flowsAround(run, n), flow];
  const count = chain.filter((name) => name === flow).length;
  if (count <= depth) return null;
  return `this would be call ${count} of \`${flow}\` on top of each other, and its \`depth\` is ${depth}: ${shown(chain)}`;
}

/** Names of the flows that a cell stands in, the entry flow first. */
function flowsAround(run: Cells, n: number): readonly string[] {
  const names: string[] = [];
  for (let at = run.frameOwners.get(run.frames.get(n)); at > 0; ) {
    const loop = run.of.get(at);
    if (loop < 0) {
      const { step } = run.info(at);
      if (step.kind === "flow") names.push(step.flow);
    }
    at = run.frameOwners.get(run.frames.get(at));
  }
  names.push(run.plan.flow);
  return names.reverse();
}

function shown(chain: readonly string[]): string {
  if (chain.length <= shownMax) return chain.join(" → ");
  return [...chain.slice(0, shownMax - shownLast - 1), "…", ...chain.slice(-shownLast)].join(" → ");
}

/**
 * A flow that was called stays when its arguments are computed anew, for a gate that is evaluated again: null if they
 * are the same.
 */
export function argsProblem(run: Cells, n: number, { flow, args }: FlowStep): string | null {
  const base = run.frameBases.get(callFrame(run, n));
  const scope = run.scope(run.frames.get(n));
  const values = attempt((): readonly Value[] => args.map((arg) => evaluate(arg, scope)));
  if ("problem" in values) return values.problem;
  const before = args.map((_, i) => run.values[base + i]);
  if (JSON.stringify(before) === JSON.stringify(values.value)) return null;
  return `what \`${flow}\` is called with is not what its nodes were made for; a run makes them once, so start a new one`;
}
