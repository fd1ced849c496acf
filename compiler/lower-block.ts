// Lowers the blocks of flows: statements to steps, hoisting what makes nodes out of the expressions it stands in.

import type {
  Block as AstBlock,
  Expr as AstExpr,
  Call,
  Flow,
  For,
  If,
  Node,
  Repeat,
} from "../grammar/ast.ts";
import { lastStatement } from "../grammar/walk.ts";
import {
  addStep,
  calledNode,
  type Draft,
  type Frame,
  isRollback,
  newFrame,
  reserveStep,
  type Scope,
  typeIn,
  uniqueName,
} from "./lower-draft.ts";
import { loopScope, lowerExpr } from "./lower-expression.ts";
import {
  addEarly,
  addGuard,
  addLet,
  addVar,
  afterSlots,
  type Extras,
  guardUses,
  placeOf,
  plainExtras,
  plainNode,
  type Wanted,
} from "./lower-extras.ts";
import { fitted, itemOf } from "./lower-fit.ts";
import { belowBarrier, lowerGate, lowerPhase, type Ways } from "./lower-gates.ts";
import { lowerHandlers, lowerRollback } from "./lower-handlers.ts";
import { isStep, nodeNeeds } from "./lower-needs.ts";
import { calleeParams, lowerOverrides } from "./lower-task.ts";
import { settingExprs, usesOf } from "./lower-uses.ts";
import type { Expr } from "./plan-expr.ts";
import type { Block, Step } from "./plan-steps.ts";
import type { Module } from "./program.ts";
import { named } from "./schema.ts";
import type { Type } from "./types.ts";

/** A flow's body: its parameters as `var` steps, then its statements. */
export function lowerFlowBody(flow: Flow, module: Module, draft: Draft): Block {
  const frame = newFrame(null);
  for (const param of flow.params) frame.slots.set(param, addVar(draft, frame, param.name.text, "param"));
  const answer = flow.answer === null ? null : (draft.program.typeOfExpr.get(flow.answer) ?? null);
  return lowerStatements(flow.body, flowScope(draft, module, frame), frame, answer);
}

/** A scope whose nodes become steps of its frame. */
function flowScope(draft: Draft, module: Module, frame: Frame): Scope {
  return { draft, module, frame, locals: new Map(), bound: 0, hoist: hoisted };
}

function hoisted(expr: AstExpr, scope: Scope, to: Type | null): Expr {
  if (scope.frame === null) return { k: "lit", v: null };
  const slot = lowerStep(expr, { name: null, extras: plainExtras, to }, scope, scope.frame);
  return stepValue(expr, slot, scope, to);
}

/**
 * A step's value in its place: `if` and `for` fit what they give by themselves, a call gives what it promises, and a
 * `repeat` what its next pass finds in `last`.
 */
function stepValue(expr: AstExpr, slot: number, scope: Scope, to: Type | null): Expr {
  const { program } = scope.draft;
  const value: Expr = { k: "slot", up: 0, i: slot };
  const own = expr.kind === "call-of" || expr.kind === "repeat";
  return own ? fitted(value, typeIn(program, expr), to, program.types) : value;
}

function lowerStatements(block: AstBlock, scope: Scope, frame: Frame, result: Wanted): Block {
  const { program } = scope.draft;
  // Names that are bound keep theirs, whatever unbound calls stand above them.
  for (const statement of block.statements)
    if (
      statement.kind === "binding" &&
      statement.name !== null &&
      isStep(bare(statement.value.expr), program)
    )
      frame.names.set(statement.name.text, 1);
  let slot: number | null = null;
  const end = lastStatement(block);
  for (const statement of block.statements) {
    if (statement.kind === "phase") lowerPhase(statement, scope, frame, ways);
    else if (statement.kind === "gate") lowerGate(statement, scope, frame, ways);
    if (statement.kind !== "binding" && statement.kind !== "return") continue;
    const last = statement === end;
    const name = statement.kind === "binding" ? (statement.name?.text ?? null) : null;
    // A flow says `return`; the value of any other block is its last line.
    const isResult = last && name === null && (frame.parent !== null || statement.kind === "return");
    const wanted = isResult ? result : name === null ? "unwanted" : null;
    const made = lowerStatement(statement.value, name, scope, frame, wanted);
    if (statement.kind === "binding") frame.slots.set(statement, made);
    if (isResult) slot = made;
  }
  const handlers = lowerHandlers(block, scope, frame, ways);
  return { steps: frame.steps, result: slot, ...(handlers === null ? {} : { handlers }) };
}

const ways: Ways = {
  statements: (block, scope, frame) => lowerStatements(block, scope, frame, "unwanted"),
  statement: (node, scope, frame, to) => lowerStatement(node, null, scope, frame, to),
  within: (scope, frame) => flowScope(scope.draft, scope.module, frame),
};

// Statements

/** Gives the slot of the statement's value. */
function lowerStatement(node: Node, name: string | null, scope: Scope, frame: Frame, wanted: Wanted): number {
  const { draft } = scope;
  const { program } = draft;
  const core = bare(node.expr);
  const to = wanted === "unwanted" ? null : placeOf(node, core, wanted, program);
  if (isStep(core, program)) {
    const extras = () => lowerExtras(node, scope, frame, to);
    const slot = lowerStep(core, { name, extras, to }, scope, frame);
    const value = stepValue(core, slot, scope, to);
    return value.k === "slot" ? slot : addLet(draft, frame, name ?? "", value, []);
  }
  const grouped = node.otherwise !== null || node.overrides !== null || node.after.length > 0;
  if (grouped && nodeNeeds(node, program)) return lowerGrouped(node, name, scope, frame, to);
  const value = lowerExpr(node.expr, scope, to);
  if (value.k === "slot" && value.up === 0 && value.in === undefined) return value.i;
  return addLet(draft, frame, name ?? "", value, []);
}

/** `first(build(c)) otherwise none`: the whole expression is one group, so that what follows it holds for all in it. */
function lowerGrouped(node: Node, name: string | null, scope: Scope, frame: Frame, to: Type | null): number {
  const { draft } = scope;
  const extras = lowerExtras(node, scope, frame, to);
  const guard = addGuard(draft, frame, extras);
  const { id, slot } = reserveStep(draft, frame);
  const inner = newFrame(frame);
  const value = lowerStatement(plainNode(node), null, flowScope(draft, scope.module, inner), inner, to);
  const then: Block = { steps: inner.steps, result: value };
  draft.steps[id] = {
    kind: "if",
    id,
    name:
      name === null
        ? uniqueName(frame, frame.label ?? "group")
        : frame.names.has(name)
          ? name
          : uniqueName(frame, name),
    uses: guardUses(frame, guard, []),
    overrides: extras.overrides,
    otherwise: extras.otherwise,
    guard,
    cond: { k: "lit", v: true },
    then,
    else: null,
  };
  return slot;
}

function lowerExtras(node: Node, scope: Scope, frame: Frame, to: Type | null): Extras {
  const overrides = node.overrides === null ? null : lowerOverrides(node.overrides, scope);
  return { overrides, after: afterSlots(node, scope), otherwise: lowerOtherwise(node, scope, frame, to) };
}

/** A frame of its own inside the step's; unfolded only when it is needed. */
function lowerOtherwise(node: Node, scope: Scope, frame: Frame, to: Type | null): Block | null {
  if (node.otherwise === null) return null;
  const { draft, module } = scope;
  const inner = newFrame(frame);
  const fallback: Node = { ...plainNode(node), expr: node.otherwise };
  const slot = lowerStatement(fallback, null, flowScope(draft, module, inner), inner, to);
  return { steps: inner.steps, result: slot };
}

function bare(expr: AstExpr): AstExpr {
  return expr.kind === "paren" ? bare(expr.of) : expr;
}

// Steps

interface Asked {
  /** The name it is bound to; null: it is named after what it is. */
  readonly name: string | null;
  /** Lowered after the arguments, so that steps stand in the order they are written. */
  readonly extras: Extras | (() => Extras);
  /** The type its value is needed as; null: its own. */
  readonly to: Type | null;
}

/** Makes the step of a call, `if`, `for` or `repeat`, and gives its slot. */
function lowerStep(expr: AstExpr, asked: Asked, scope: Scope, frame: Frame): number {
  const to = asked.to ?? typeIn(scope.draft.program, expr);
  switch (expr.kind) {
    case "call-of":
      if (isRollback(expr, scope.draft.program))
        return lowerRollback(nameFor(asked, frame, "rollback"), extrasOf(asked), scope.draft, frame);
      return lowerCall(expr, asked, scope, frame);
    case "if":
      return lowerIfStep(expr, asked, scope, frame, to);
    case "for":
      return lowerForStep(expr, asked, scope, frame, to);
    case "repeat":
      return lowerRepeat(expr, asked, scope, frame);
    default:
      return addLet(scope.draft, frame, asked.name ?? "", { k: "lit", v: null }, []);
  }
}

/** A bound name was taken in advance, see `lowerStatements`. */
function nameFor(asked: Asked, frame: Frame, otherwise: string): string {
  return asked.name ?? uniqueName(frame, frame.label ?? otherwise);
}

function extrasOf(asked: Asked): Extras {
  return typeof asked.extras === "function" ? asked.extras() : asked.extras;
}

function lowerCall(call: Call, asked: Asked, scope: Scope, frame: Frame): number {
  const { draft } = scope;
  const ref = calledNode(call, draft.program);
  if (ref === null) return addLet(draft, frame, asked.name ?? "", { k: "lit", v: null }, []);
  const called = ref.kind === "task" ? ref.task : ref.flow;
  draft.used.set(called, draft.used.get(called) ?? ref.module);
  const given = draft.program.argsOf.get(call);
  // In the order written: a call inside an argument is a step above this one.
  const written = new Map<string, Expr>();
  for (const [name, value] of given ?? []) {
    const param = called.params.find((each) => each.name.text === name);
    const type = param === undefined ? undefined : draft.program.typeOfExpr.get(param.type);
    written.set(name, lowerExpr(value, scope, type ?? null));
  }
  const args = calleeParams(called, ref.module, draft).map(
    (param): Expr => written.get(param.name) ?? param.default ?? { k: "lit", v: null },
  );
  const name = nameFor(asked, frame, called.name.text);
  const extras = extrasOf(asked);
  const { overrides, otherwise, after } = extras;
  const unique = draft.program.nameOf.get(called) ?? called.name.text;
  if (ref.kind === "task") {
    const uses = belowBarrier(frame, usesOf([...args, ...settingExprs(overrides)], after));
    const slot = addStep(draft, frame, (id) => ({
      kind: "task",
      id,
      name,
      uses,
      overrides,
      otherwise,
      task: unique,
      args,
    }));
    addEarly(draft, frame, slot, ref.task);
    return slot;
  }
  const guard = addGuard(draft, frame, extras);
  const argUses = args.map((arg) => usesOf([arg]));
  const uses = guardUses(frame, guard, []);
  return addStep(draft, frame, (id) => ({
    kind: "flow",
    id,
    name,
    uses,
    overrides,
    otherwise,
    guard,
    flow: unique,
    recursive: false,
    args,
    argUses,
  }));
}

function lowerIfStep(expr: If, asked: Asked, scope: Scope, frame: Frame, to: Type): number {
  const { draft, module } = scope;
  const cond = lowerExpr(expr.cond, scope);
  const name = nameFor(asked, frame, "if");
  const extras = extrasOf(asked);
  const guard = addGuard(draft, frame, extras);
  const { id, slot } = reserveStep(draft, frame);
  const branch = (block: AstBlock): Block => {
    const inner = newFrame(frame);
    return lowerStatements(block, flowScope(draft, module, inner), inner, to);
  };
  const then = branch(expr.then);
  let other: Block | null = null;
  if (expr.else?.kind === "block") other = branch(expr.else);
  else if (expr.else !== null) {
    const inner = newFrame(frame);
    const chained = flowScope(draft, module, inner);
    const result = isStep(expr.else, draft.program)
      ? lowerStep(expr.else, { name: null, extras: plainExtras, to }, chained, inner)
      : addLet(draft, inner, "", lowerExpr(expr.else, chained, to), []);
    other = { steps: inner.steps, result };
  }
  const { overrides, otherwise } = extras;
  const uses = guardUses(frame, guard, [cond]);
  const step: Step = { kind: "if", id, name, uses, overrides, otherwise, guard, cond, then, else: other };
  draft.steps[id] = step;
  return slot;
}

function lowerForStep(loop: For, asked: Asked, scope: Scope, frame: Frame, to: Type): number {
  const { draft, module } = scope;
  const { program } = draft;
  const lists = loop.lists.map(({ list }) => lowerExpr(list, scope));
  const each = loopScope(loop, scope);
  const by = loop.by === null ? null : lowerExpr(loop.by, each);
  const filter = loop.filter === null ? null : lowerExpr(loop.filter, each);
  const after = loop.after === null ? null : lowerExpr(loop.after.keys, each);
  const setting = (key: string) => {
    const found = loop.body.settings.find((one) => one.key.text === key);
    return found === undefined ? null : { expr: lowerExpr(found.value, scope), value: found.value };
  };
  const parallel = setting("parallel")?.expr ?? null;
  const max = setting("max")?.expr ?? null;
  const enough = setting("enough")?.expr ?? null;
  const tolerated = setting("tolerate");
  const tolerate =
    tolerated === null
      ? null
      : {
          expr: tolerated.expr,
          unit:
            named(typeIn(program, tolerated.value), program.types).kind === "percent"
              ? ("percent" as const)
              : ("count" as const),
        };
  const name = nameFor(asked, frame, "for");
  const extras = extrasOf(asked);
  const guard = addGuard(draft, frame, extras);
  const { id, slot } = reserveStep(draft, frame);
  const inner = newFrame(frame);
  for (const variable of loop.lists)
    inner.slots.set(variable, addVar(draft, inner, variable.name.text, "item"));
  if (loop.after !== null)
    inner.slots.set(loop.after, addVar(draft, inner, loop.after.name?.text ?? "", "deps"));
  const body = lowerStatements(loop.body, flowScope(draft, module, inner), inner, itemOf(to, program.types));
  const { overrides, otherwise } = extras;
  const uses = guardUses(frame, guard, [
    ...lists,
    by,
    filter,
    after,
    parallel,
    max,
    tolerate?.expr ?? null,
    enough,
  ]);
  const orders = { by, filter, after, parallel, max, tolerate, enough };
  draft.steps[id] = { kind: "for", id, name, uses, overrides, otherwise, guard, lists, body, ...orders };
  return slot;
}

/** Its value is lowered as what it is, not as what its place needs: `last` has all of it. */
function lowerRepeat(loop: Repeat, asked: Asked, scope: Scope, frame: Frame): number {
  const { draft, module } = scope;
  const times = lowerExpr(loop.times, scope);
  const name = nameFor(asked, frame, "repeat");
  const extras = extrasOf(asked);
  const guard = addGuard(draft, frame, extras);
  const { id, slot } = reserveStep(draft, frame);
  const inner = newFrame(frame);
  const inside = flowScope(draft, module, inner);
  inner.slots.set(loop, addVar(draft, inner, "last", "last"));
  const body = lowerStatements(loop.body, inside, inner, typeIn(draft.program, loop));
  const held = lowerExpr(loop.until, inside);
  const until = held.k === "slot" && held.up === 0 ? held.i : addLet(draft, inner, "until", held, []);
  const { overrides, otherwise } = extras;
  const uses = guardUses(frame, guard, [times]);
  draft.steps[id] = { kind: "repeat", id, name, uses, overrides, otherwise, guard, times, body, until };
  return slot;
}
