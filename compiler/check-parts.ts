// What parts the block of a flow or phase: phases, gates with their checks, handlers.

import type { Binding, Expr, Gate, Handler, Node, Phase, Return, Word } from "../grammar/ast.ts";
import { comesFromNode } from "./check-depends.ts";
import { tellUnguarded } from "./check-guards.ts";
import { checkHandler, handlerWord, tellHandlerOrder } from "./check-handlers.ts";
import { tellEmptyBlock } from "./check-idle.ts";
import { needBool } from "./check-operators.ts";
import { at, type Check, type Local, type Scope, tell } from "./check-state.ts";
import { emptyGate, misplaced } from "./errors-flows.ts";
import { duplicateName } from "./errors-names.ts";
import { typeMismatch } from "./errors-types.ts";
import type { Ref } from "./program.ts";
import { noneType, said } from "./type-ops.ts";
import type { Type } from "./types.ts";

/** The ways back into the checking of blocks. */
export interface PartWays {
  readonly define: (
    check: Check,
    scope: Scope,
    name: Word,
    ref: Ref | null,
    type: Type,
    what: Local["what"],
  ) => Local;
  readonly binding: (check: Check, statement: Binding, scope: Scope) => Type;
  readonly return: (check: Check, statement: Return, scope: Scope) => boolean;
}

/** `here`: the block is a flow's or a phase's. What is inside is checked also where it is not in its place. */
export function checkPart(
  check: Check,
  statement: Phase | Gate | Handler,
  scope: Scope,
  here: boolean,
  ways: PartWays,
): void {
  if (!here) tellMisplaced(check, statement, scope);
  switch (statement.kind) {
    case "phase":
      checkPhase(check, statement, scope, ways);
      return;
    case "gate":
      checkGate(check, statement, scope, here, ways);
      return;
    case "handler":
      checkHandler(check, statement, scope, ways.define);
  }
}

function wordOf(statement: Phase | Gate | Handler, scope: Scope) {
  if (statement.kind === "handler") return handlerWord(statement, scope);
  const { start } = statement.span;
  const place = { ...at(scope, statement), span: { start, end: start + statement.kind.length } };
  return { text: statement.kind, place };
}

function tellMisplaced(check: Check, statement: Phase | Gate | Handler, scope: Scope): void {
  const { text, place } = wordOf(statement, scope);
  const hint =
    statement.kind === "gate"
      ? "Put it below this block: it then waits for all above it. Or make the block a flow of its own."
      : "Put it around or below this block, or make the block a flow of its own.";
  tell(check, misplaced(place, `\`${text}\` stands only in the block of a flow or a phase`, hint));
}

// Phases

/** Its names are those of the block around it: they are visible below. */
function checkPhase(check: Check, phase: Phase, scope: Scope, ways: PartWays): void {
  const { later } = scope.block ?? { later: new Map<string, Word>() };
  if (later.get(phase.name.text) === phase.name) later.delete(phase.name.text);
  ways.define(check, scope, phase.name, { kind: "phase", phase }, noneType, "phase").used = true;
  check.settings(phase.body.settings, "phase", scope);
  for (const statement of phase.body.statements)
    if (statement.kind === "binding") ways.binding(check, statement, scope);
    else if (statement.kind === "return") ways.return(check, statement, scope);
    else checkPart(check, statement, scope, true, ways);
  tellUnguarded(check, phase.body.statements, scope);
  tellHandlerOrder(check, phase.body, scope);
  tellEmptyBlock(check, phase.body, "phase", scope);
}

// Gates

function checkGate(check: Check, gate: Gate, scope: Scope, here: boolean, ways: PartWays): void {
  const { later } = scope.block ?? { later: new Map<string, Word>() };
  if (later.get(gate.name.text) === gate.name) later.delete(gate.name.text);
  const labels = new Map<string, Gate["checks"][number]>();
  let asks = false;
  for (const one of gate.checks) {
    const first = labels.get(one.label.text);
    if (first === undefined) labels.set(one.label.text, one);
    else tellSameLabel(check, one, first, scope);
    if (one.kind === "check") {
      checkCheck(check, one.node, scope);
      asks ||= comesFromNode(check, one.node);
      continue;
    }
    asks = true;
    if (one.options !== null) check.settings(one.options.entries, "approve", scope);
  }
  ways.define(check, scope, gate.name, { kind: "gate", gate }, noneType, "gate").used = true;
  if (!asks && here) tell(check, emptyGate(at(scope, gate.name), gate.name.text, gate.checks.length === 0));
}

function tellSameLabel(
  check: Check,
  one: Gate["checks"][number],
  first: Gate["checks"][number],
  scope: Scope,
): void {
  const hint = "A check goes by its label where it is shown and answered: give each its own.";
  tell(check, duplicateName(at(scope, one.label), one.label.text, "the check", at(scope, first.label), hint));
}

/** A bool, or a call of a task without an answer. */
function checkCheck(check: Check, node: Node, scope: Scope): void {
  const type = check.node(node, scope, true);
  if (type.kind !== "none") {
    if (type.kind === "bool" || node.otherwise === null) needBool(check, node.expr, type, scope, "check");
    else if (type.kind !== "error") tellNoCheck(check, node.expr, type, scope);
    return;
  }
  const called = calledTask(check, node.expr);
  if (called === "no task") tellNoCheck(check, node.expr, type, scope);
}

function calledTask(check: Check, expr: Expr): "task" | "no task" {
  if (expr.kind === "paren") return calledTask(check, expr.of);
  if (expr.kind !== "call-of" || expr.callee.kind !== "name") return "no task";
  return check.pass.refs.get(expr.callee)?.kind === "task" ? "task" : "no task";
}

function tellNoCheck(check: Check, expr: Expr, type: Type, scope: Scope): void {
  const label = type.kind === "none" ? "this has no value" : `this is ${said(type, check.types)}`;
  const hint = "A check is a `bool`, or a call of a task without an answer: it holds if that succeeds.";
  tell(check, typeMismatch(at(scope, expr), `${label}, which neither holds nor fails`, null, hint));
}
