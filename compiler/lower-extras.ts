// What statements have in common when they are lowered: what follows an expression, plain values, points of order.

import type { Expr as AstExpr, Node, Task } from "../grammar/ast.ts";
import { addStep, type Draft, definitionOf, type Frame, type Scope, slotOf, typeIn } from "./lower-draft.ts";
import { barrierJoin, belowBarrier } from "./lower-gates.ts";
import { settingExprs, usesOf, type WaitedFor } from "./lower-uses.ts";
import type { Expr } from "./plan-expr.ts";
import type { Block, Use, VarStep } from "./plan-steps.ts";
import type { TaskSettings } from "./plan-tasks.ts";
import type { Program } from "./program.ts";
import { join } from "./type-ops.ts";
import { earlyFields, type Type } from "./types.ts";

/** What may follow an expression in a statement, lowered. */
export interface Extras {
  readonly overrides: Partial<TaskSettings> | null;
  readonly after: readonly WaitedFor[];
  readonly otherwise: Block | null;
}

export const plainExtras: Extras = { overrides: null, after: [], otherwise: null };

/** The type that a statement's value is needed as: null for its own, `unwanted` if nobody gets it. */
export type Wanted = Type | null | "unwanted";

export function addVar(draft: Draft, frame: Frame, variable: string, source: VarStep["source"]): number {
  return addStep(draft, frame, (id) => ({ kind: "var", id, name: "", uses: [], variable, source }));
}

export function addLet(
  draft: Draft,
  frame: Frame,
  variable: string,
  value: Expr,
  after: readonly WaitedFor[],
): number {
  const uses = usesOf([value], after);
  return addStep(draft, frame, (id) => ({ kind: "let", id, name: "", uses, variable, value }));
}

/** The early fields of a task's answer, each in a slot of its own right behind the task's. */
export function addEarly(draft: Draft, frame: Frame, of: number, task: Task): void {
  const answer = task.answer === null ? null : (draft.program.typeOfExpr.get(task.answer) ?? null);
  for (const { name: field } of earlyFields(answer))
    addStep(draft, frame, (id) => ({
      kind: "early",
      id,
      name: "",
      uses: [{ up: 0, i: of, kind: "early" }],
      of,
      field,
    }));
}

export function afterSlots(node: Node, scope: Scope): readonly WaitedFor[] {
  return node.after.flatMap((word) => {
    const ref = scope.draft.program.refs.get(word);
    const definition = ref === undefined ? null : definitionOf(ref);
    const slot = definition === null ? null : slotOf(definition, scope.frame);
    const maybe = ref !== undefined && "maybe" in ref && ref.maybe === true;
    return slot === null ? [] : [maybe ? { ...slot, maybe } : slot];
  });
}

/**
 * What a step with frames inside waits for besides its own data: `after`, the values that its `with` mentions, and the
 * phase or gate above it.
 * All cells inside wait for that one point.
 */
export function addGuard(draft: Draft, frame: Frame, extras: Extras): number | null {
  const uses = usesOf(settingExprs(extras.overrides), extras.after);
  if (uses.length === 0) return barrierJoin(draft, frame);
  const all = belowBarrier(frame, uses);
  return addStep(draft, frame, (id) => ({ kind: "join", id, name: "", uses: all }));
}

export function guardUses(
  frame: Frame,
  guard: number | null,
  data: readonly (Expr | null)[],
): readonly Use[] {
  return belowBarrier(frame, usesOf(data, guard === null ? [] : [{ up: 0, i: guard }]));
}

export function plainNode(node: Node): Node {
  return { ...node, after: [], otherwise: null, overrides: null };
}

/** What a node and what stands in for it have in common: the type that the name then has. */
export function joined(node: Node, program: Program): Type | null {
  if (node.otherwise === null) return null;
  return join(
    typeIn(program, node.expr),
    typeIn(program, node.otherwise),
    new Map(Object.entries(program.types)),
  );
}

/** The type of a statement's place: what the checker noted, what the block gives, or what it has with its fallback. */
export function placeOf(node: Node, core: AstExpr, wanted: Type | null, program: Program): Type | null {
  const noted = program.fittedTo.get(node.expr) ?? program.fittedTo.get(core);
  return noted ?? wanted ?? joined(node, program);
}
