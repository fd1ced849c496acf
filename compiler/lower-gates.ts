// Lowers phases and gates: what stands below one in its block waits for it, a gate waits for all above it.

import type { Block as AstBlock, Expr as AstExpr, Check, Gate, Node, Phase } from "../grammar/ast.ts";
import {
  addStep,
  calledNode,
  type Draft,
  type Frame,
  newFrame,
  reserveStep,
  type Scope,
} from "./lower-draft.ts";
import { lowerExpr } from "./lower-expression.ts";
import { lowerBudget, lowerDeadline } from "./lower-handlers.ts";
import { usesOf, withUse } from "./lower-uses.ts";
import type { Expr } from "./plan-expr.ts";
import type { Block, Step, Use } from "./plan-steps.ts";
import type { Type } from "./types.ts";

/** The ways back into the lowering of blocks. */
export interface Ways {
  /** All statements of a block whose value nobody gets. */
  readonly statements: (block: AstBlock, scope: Scope, frame: Frame) => Block;
  /** Gives the slot of the statement's value. */
  readonly statement: (node: Node, scope: Scope, frame: Frame, to: Type | null) => number;
  /** The scope of a frame's own steps. */
  readonly within: (scope: Scope, frame: Frame) => Scope;
}

const bool: Type = { kind: "bool" };

/** Uses of a step that starts nothing before the phase or gate above it. */
export function belowBarrier(frame: Frame, uses: readonly Use[]): readonly Use[] {
  const { barrier } = frame;
  return barrier === null ? uses : withUse(uses, { up: 0, i: barrier.slot, kind: barrier.kind });
}

/** The point that what unfolds into frames waits for below a phase or gate; null above the first. */
export function barrierJoin(draft: Draft, frame: Frame): number | null {
  const { barrier } = frame;
  if (barrier === null) return null;
  barrier.join ??= addStep(draft, frame, (id) => ({
    kind: "join",
    id,
    name: "",
    uses: belowBarrier(frame, []),
  }));
  return barrier.join;
}

export function lowerPhase(phase: Phase, scope: Scope, frame: Frame, ways: Ways): void {
  const { draft } = scope;
  const deadline = lowerDeadline(phase.body, scope);
  const spending = lowerBudget(phase.body, scope);
  const guard = barrierJoin(draft, frame);
  const { id, slot } = reserveStep(draft, frame);
  const inner = newFrame(frame);
  const body = ways.statements(phase.body, ways.within(scope, inner), inner);
  draft.steps[id] = {
    kind: "phase",
    id,
    name: phase.name.text,
    uses: belowBarrier(
      frame,
      usesOf([deadline, spending.budget ?? null], guard === null ? [] : [{ up: 0, i: guard }]),
    ),
    title: phase.title?.text ?? null,
    guard,
    body: { ...body, result: null },
    deadline,
    ...spending,
  };
  frame.slots.set(phase, slot);
  for (const [definition, i] of inner.slots) frame.below.set(definition, { i: slot, in: [i] });
  for (const [definition, deep] of inner.below)
    frame.below.set(definition, { i: slot, in: [deep.i, ...deep.in] });
  frame.barrier = { slot, kind: "phase", join: null };
}

export function lowerGate(gate: Gate, scope: Scope, frame: Frame, ways: Ways): void {
  const { draft } = scope;
  const above = allAbove(draft, frame);
  const guard =
    above.length === 0 ? null : addStep(draft, frame, (id) => ({ kind: "join", id, name: "", uses: above }));
  const { id, slot } = reserveStep(draft, frame);
  const inner = newFrame(frame);
  const within = ways.within(scope, inner);
  for (const check of gate.checks) if (check.kind === "check") lowerCheck(check, within, inner, ways);
  // Below all checks, wherever they were written: they open only when these have held.
  for (const check of gate.checks) if (check.kind === "approve") lowerApprove(check, within, inner);
  draft.steps[id] = {
    kind: "gate",
    id,
    name: gate.name.text,
    uses: guard === null ? [] : [{ up: 0, i: guard, kind: "gate" }],
    guard,
    body: { steps: inner.steps, result: null },
  };
  frame.slots.set(gate, slot);
  frame.barrier = { slot, kind: "gate", join: null };
}

/** What nothing happens in besides what others wait for anyway. */
const passed: ReadonlySet<Step["kind"]> = new Set<Step["kind"]>(["join", "var", "early"]);

/** Everything in a block so far, back to the gate before, which has waited for what is above it. */
function allAbove(draft: Draft, frame: Frame): readonly Use[] {
  const uses: Use[] = [];
  for (let i = frame.steps.length - 1; i >= 0; i--) {
    const step = draft.steps[frame.steps[i] ?? -1];
    if (step === undefined || step === null || passed.has(step.kind)) continue;
    uses.push({ up: 0, i, kind: "gate" });
    if (step.kind === "gate") break;
  }
  return uses.reverse();
}

function lowerApprove(check: Extract<Check, { kind: "approve" }>, scope: Scope, frame: Frame): void {
  const { draft } = scope;
  const setting = (name: string, type: Type): Expr | null => {
    const entry = check.options?.entries.find(({ key }) => key.text === name);
    return entry === undefined ? null : lowerExpr(entry.value, scope, type);
  };
  const by = setting("by", { kind: "string" });
  const within = setting("within", { kind: "duration" });
  const checks = frame.steps.flatMap((id, i) => (draft.steps[id]?.kind === "check" ? [{ up: 0, i }] : []));
  const uses = usesOf([by, within], checks);
  addStep(draft, frame, (id) => ({
    kind: "approve",
    id,
    name: "",
    uses,
    label: check.label.text,
    by,
    within,
  }));
}

function lowerCheck(check: Extract<Check, { kind: "check" }>, scope: Scope, frame: Frame, ways: Ways): void {
  const { draft } = scope;
  const { node } = check;
  const label = check.label.text;
  frame.label = slugOf(label);
  const plain = node.after.length === 0 && node.overrides === null && node.otherwise === null;
  const silent = callsWithoutAnswer(node.expr, scope);
  const of = silent || !plain ? ways.statement(node, scope, frame, silent ? null : bool) : null;
  if (silent) {
    const uses: readonly Use[] = of === null ? [] : [{ up: 0, i: of, kind: "order" }];
    addStep(draft, frame, (id) => ({ kind: "check", id, name: "", uses, label, value: null, of }));
  } else {
    const value: Expr = of === null ? lowerExpr(node.expr, scope, bool) : { k: "slot", up: 0, i: of };
    const uses = usesOf([value]);
    addStep(draft, frame, (id) => ({ kind: "check", id, name: "", uses, label, value, of: null }));
  }
  frame.label = null;
}

function callsWithoutAnswer(expr: AstExpr, scope: Scope): boolean {
  if (expr.kind === "paren") return callsWithoutAnswer(expr.of, scope);
  if (expr.kind !== "call-of") return false;
  const ref = calledNode(expr, scope.draft.program);
  return ref?.kind === "task" && ref.task.answer === null;
}

/** `Unit tests pass` is `unit_tests_pass` in a node's name. */
function slugOf(label: string): string {
  const words = label.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? ["check"];
  return words.join("_");
}
