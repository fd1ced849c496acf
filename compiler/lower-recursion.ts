// Calls of flows that are inside of themselves: found when all flows of a plan are lowered, since only then it is known.

import type { Expr as AstExpr, Flow } from "../grammar/ast.ts";
import type { Draft } from "./lower-draft.ts";
import { lowerExpr } from "./lower-expression.ts";
import { constantOf } from "./lower-fit.ts";
import { allUses } from "./lower-uses.ts";
import type { FlowPlan } from "./plan.ts";
import type { Block, Step } from "./plan-steps.ts";
import type { Module } from "./program.ts";

/** What the flow says of its `depth`; the checker has seen to it that it is a number known now. */
export function lowerDepth(flow: Flow, module: Module, draft: Draft): number | null {
  const value: AstExpr | undefined = flow.body.settings.find(({ key }) => key.text === "depth")?.value;
  if (value === undefined) return null;
  const scope = { draft, module, frame: null, locals: new Map(), bound: 0, hoist: null };
  const depth = constantOf(lowerExpr(value, scope, { kind: "int" }));
  return typeof depth === "number" ? depth : null;
}

/**
 * Marks every call of a flow with a `depth` that is made, directly or through others, by that flow itself. As each
 * circle has such a flow, what remains can be unfolded at once.
 */
export function markRecursive(steps: readonly Step[], flows: readonly FlowPlan[]): readonly Step[] {
  const bounded = flows.filter(({ depth }) => depth !== null);
  if (bounded.length === 0) return steps;
  const callsOf = new Map(flows.map((flow) => [flow.name, callsIn(flow.body, steps)]));
  const recursive = new Set<number>();
  for (const { name } of bounded) {
    const below = reachedFrom(name, callsOf);
    if (!below.has(name)) continue;
    for (const [caller, calls] of callsOf)
      if (below.has(caller) || caller === name)
        for (const { id, flow } of calls) if (flow === name) recursive.add(id);
  }
  return steps.map((step) => {
    if (step.kind !== "flow" || !recursive.has(step.id)) return step;
    return { ...step, recursive: true, uses: allUses([step.uses, ...step.argUses]) };
  });
}

interface CallStep {
  readonly id: number;
  readonly flow: string;
}

/** Flows that are called below one; itself only if it is called again. */
function reachedFrom(name: string, callsOf: ReadonlyMap<string, readonly CallStep[]>): ReadonlySet<string> {
  const seen = new Set<string>();
  const open = [name];
  for (let at = open.pop(); at !== undefined; at = open.pop())
    for (const { flow } of callsOf.get(at) ?? [])
      if (!seen.has(flow)) {
        seen.add(flow);
        open.push(flow);
      }
  return seen;
}

/** Every call of a flow in a block and the blocks inside. */
function callsIn(body: Block, steps: readonly Step[]): readonly CallStep[] {
  const found: CallStep[] = [];
  const open: Block[] = [body];
  for (let block = open.pop(); block !== undefined; block = open.pop()) {
    const { failure = null, final = null } = block.handlers ?? {};
    for (const handler of [failure, final]) if (handler !== null) open.push(handler);
    for (const id of block.steps) {
      const step = steps[id];
      if (step === undefined) continue;
      if (step.kind === "flow") found.push({ id, flow: step.flow });
      open.push(...blocksOf(step));
    }
  }
  return found;
}

function blocksOf(step: Step): readonly Block[] {
  const blocks: (Block | null)[] = [];
  if ("body" in step) blocks.push(step.body);
  if (step.kind === "if") blocks.push(step.then, step.else);
  if ("otherwise" in step) blocks.push(step.otherwise);
  return blocks.filter((block) => block !== null);
}
