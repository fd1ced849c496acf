// Blocks and their statements: what each name means below its line, what a block's value is, what gets lost.

import type { Binding, Block, Expr, Node, Statement, Word } from "../grammar/ast.ts";
import { lastStatement } from "../grammar/walk.ts";
import { removal, tellDead } from "./check-dead.ts";
import { taskOf, tellEarlyFallback } from "./check-early.ts";
import { literalFits } from "./check-fit.ts";
import { tellUnguarded } from "./check-guards.ts";
import { tellHandlerOrder } from "./check-handlers.ts";
import { tellIdleOverrides } from "./check-idle.ts";
import { valueType } from "./check-names.ts";
import { checkPart, type PartWays } from "./check-parts.ts";
import {
  at,
  type BlockValue,
  blockScope,
  type Check,
  isLowerSnake,
  type Local,
  local,
  type Scope,
  tell,
} from "./check-state.ts";
import { replace } from "./errors.ts";
import { lostValue, misplaced, unknownAfter } from "./errors-flows.ts";
import { duplicateName, unusedBinding } from "./errors-names.ts";
import { typeMismatch } from "./errors-types.ts";
import type { Ref } from "./program.ts";
import { join, noneType, optional, said, show } from "./type-ops.ts";
import type { Type } from "./types.ts";

/** What a block stands for: only a flow's says `return`. */
export interface BlockRole {
  /** Of a flow or a phase: phases, gates and handlers may stand in it. */
  readonly ofFlow: boolean;
  /** Somebody gets the block's value. */
  readonly wanted: boolean;
  /** Null: not the block of a flow. Else what its `return` must fit, null inside for a flow without an answer. */
  readonly returns: { readonly fit: (node: Node, scope: Scope) => void } | null;
  /** Looks at what stands behind the block and sees its names: `until`. */
  readonly behind?: (scope: Scope) => void;
}

export function checkBlock(check: Check, block: Block, outer: Scope, role: BlockRole): BlockValue {
  const scope = blockScope(outer);
  announce(block.statements, scope);
  const last = lastStatement(block);
  let value: BlockValue = { type: noneType, node: null, scope, makes: false };
  let makes = false;
  for (const statement of block.statements) {
    const isLast = statement === last;
    switch (statement.kind) {
      case "binding": {
        const type = checkBinding(check, statement, scope, isLast, role);
        makes ||= nodeMakes(check, statement.value);
        if (isLast && statement.name === null) value = { type, node: statement.value, scope, makes };
        break;
      }
      case "return":
        makes = checkReturn(check, statement.value, scope, isLast ? role : null, statement) || makes;
        // Told already, unless it is a flow's: then it was meant as the block's value.
        if (isLast)
          value = { type: check.pass.typeOf.get(statement.value.expr) ?? noneType, node: null, scope, makes };
        break;
      default:
        makes = true;
        checkPart(check, statement, scope, role.ofFlow, partWays);
    }
  }
  tellUnguarded(check, block.statements, scope);
  role.behind?.(scope);
  if (role.ofFlow) tellHandlerOrder(check, block, scope);
  tellUnused(check, block, scope);
  for (let around: Scope | null = outer; around !== null; around = around.parent)
    if (around.block !== null)
      for (const [name, found] of scope.names) around.block.ended.set(name, found.span);
  return { ...value, makes };
}

/** Names that this block will make, so that a use above its line can be told as such. */
function announce(statements: readonly Statement[], scope: Scope): void {
  for (const statement of statements) {
    if (
      statement.kind === "binding" &&
      statement.name !== null &&
      !scope.block?.later.has(statement.name.text)
    ) {
      scope.block?.later.set(statement.name.text, statement.name);
      scope.block?.nodes.set(statement.name.text, statement.value);
    }
    if (statement.kind === "phase") announce(statement.body.statements, scope);
    if (statement.kind === "phase" || statement.kind === "gate")
      scope.block?.later.set(statement.name.text, statement.name);
  }
}

/** Puts a name into a scope; told if one of that name is visible already, since names are never hidden. */
export function define(
  check: Check,
  scope: Scope,
  name: Word,
  ref: Ref | null,
  type: Type,
  what: Local["what"],
): Local {
  const made: Local = {
    name: name.text,
    span: name.span,
    ref,
    type,
    what,
    used: scope.block?.early.has(name.text) ?? false,
  };
  if (!isLowerSnake(name.text)) noteCase(check, scope, name, ref, what);
  const before = local(scope, name.text);
  const constant = scope.home.values.get(name.text);
  if (before !== null) {
    tell(check, duplicateName(at(scope, name), name.text, `the ${before.what}`, at(scope, before), null));
    if (scope.names.has(name.text)) return made;
    made.used = true;
  } else if (constant !== undefined) {
    const first = constant.via !== null ? at(scope, constant.via) : at(constant, constant.declaration.name);
    tell(check, duplicateName(at(scope, name), name.text, "the constant", first, null));
    made.used = true;
  }
  scope.names.set(name.text, made);
  return made;
}

function noteCase(check: Check, scope: Scope, name: Word, ref: Ref | null, what: Local["what"]): void {
  const definition =
    ref?.kind === "binding"
      ? ref.binding
      : ref?.kind === "param"
        ? ref.param
        : ref?.kind === "item" && ref.index === 0
          ? ref.loop
          : null;
  const words = what === "value" || what === "node" ? "the name" : `the ${what}`;
  check.miscased.set(name, { home: scope.home, what: words, definition, type: false });
}

function checkBinding(
  check: Check,
  statement: Binding,
  scope: Scope,
  isLast: boolean,
  role: BlockRole,
): Type {
  const { name, value } = statement;
  const wanted = name !== null || (isLast && role.wanted);
  if (name !== null) scope.making = name;
  const type = check.node(value, scope, wanted);
  scope.making = null;
  const makes = nodeMakes(check, value);
  if (name !== null) {
    if (scope.block?.later.get(name.text) === name) scope.block.later.delete(name.text);
    define(check, scope, name, { kind: "binding", binding: statement }, type, makes ? "node" : "value");
    return type;
  }
  const empty = value.expr.kind === "for" && value.expr.body.statements.length === 0;
  if (!makes && (!isLast || role.returns !== null) && type.kind !== "error" && !empty)
    tell(check, lostValue(at(scope, value.expr), lostHint(statement, scope)));
  if (!wanted) tellDead(check, value, scope, statement);
  return type;
}

function lostHint(statement: Binding, scope: Scope): string | null {
  const text = scope.home.module.file.source.text;
  const next = text[statement.span.start];
  if (next === "(" || next === "[")
    return `\`${next}\` goes on with what stands before it only when it touches it: this is a statement of its own.`;
  return null;
}

export function nodeMakes(check: Check, node: Node): boolean {
  const { makesNode } = check.pass;
  return makesNode.has(node.expr) || (node.otherwise !== null && makesNode.has(node.otherwise));
}

function checkReturn(
  check: Check,
  node: Node,
  scope: Scope,
  role: BlockRole | null,
  statement: Statement,
): boolean {
  check.node(node, scope, true);
  if (role?.returns != null) role.returns.fit(node, scope);
  else {
    const span = { start: statement.span.start, end: node.span.start };
    const label =
      scope.inside.kind === "flow" ? "only the last line of a flow returns" : "nothing returns here";
    const inner = role !== null;
    const hint = inner
      ? "The value of this block is its last line; leave the word `return` out."
      : "A flow has one `return`, as its last line. `if` and `for` give values: return theirs.";
    const fix = inner ? replace("Remove `return`", span, "") : null;
    tell(
      check,
      misplaced({ ...at(scope, node), span: { start: span.start, end: span.start + 6 } }, label, hint, fix),
    );
  }
  return nodeMakes(check, node);
}

const partWays: PartWays = {
  define,
  binding: (check, statement, scope) =>
    checkBinding(check, statement, scope, false, { ofFlow: true, wanted: false, returns: null }),
  return: (check, statement, scope) => checkReturn(check, statement.value, scope, null, statement),
};

// Nodes with what may follow them

/** The type of a statement's value: of its expression, and of what stands in for it. */
export function checkNode(check: Check, node: Node, scope: Scope, wanted: boolean): Type {
  const type = statementType(check, node.expr, scope, wanted);
  const makes = check.pass.makesNode.has(node.expr);
  if (!makes && type.kind !== "error") tellNoNode(check, node, scope);
  if (node.overrides !== null) {
    tellIdleOverrides(check, node.overrides, taskOf(node.expr, scope), scope);
    check.settings(
      node.overrides.entries.map((entry) => ({ span: entry.span, key: entry.key, value: entry.value })),
      "with",
      scope,
    );
    check.pass.typeOf.set(node.overrides, { kind: "record", fields: [] });
  }
  for (const word of node.after) checkAfter(check, word, scope);
  tellEarlyFallback(check, node, scope);
  if (node.otherwise === null) return type;
  const other = statementType(check, node.otherwise, scope, wanted);
  if (!wanted) return type;
  if (literalFits(check, node.otherwise, type)) {
    if (other.kind !== "error") check.fit(node.otherwise, type, scope, null);
    return type;
  }
  const joined = join(type, other, check.types);
  if (joined !== null) return joined;
  const label = `this is ${said(other, check.types)}, but stands in for \`${show(type)}\``;
  const cause = { ...at(scope, node.expr), label: `this gives \`${show(type)}\`` };
  const hint = `It must fit: ${said(type, check.types)}, or \`none\`, which makes it \`${show(optional(type))}\`.`;
  tell(check, typeMismatch(at(scope, node.otherwise), label, cause, hint));
  return type;
}

/** `if` and loops as statements need no value. */
function statementType(check: Check, expr: Expr, scope: Scope, wanted: boolean): Type {
  if (expr.kind !== "if" && expr.kind !== "for" && expr.kind !== "repeat") return check.infer(expr, scope);
  const type = check.ifOrLoop(expr, scope, wanted);
  check.pass.typeOf.set(expr, type);
  return type;
}

function tellNoNode(check: Check, node: Node, scope: Scope): void {
  const say = (span: Node["span"], word: string) => {
    const label = `\`${word}\` needs a node, and this makes none`;
    const hint = "Only a call of a task or a flow, or an `if` or `for` with one inside, is a node.";
    tell(check, misplaced({ ...at(scope, node), span }, label, hint));
  };
  const first = node.after[0];
  if (node.overrides !== null) say(node.overrides.span, "with");
  else if (first !== undefined) say(first.span, "after");
  else if (node.otherwise !== null) say(node.otherwise.span, "otherwise");
}

function checkAfter(check: Check, word: Word, scope: Scope): void {
  const found = local(scope, word.text);
  if (found === null && scope.home.callables.has(word.text)) {
    const hint = `Give that call a name, \`${word.text} = ${word.text}(…)\`, and it can be waited for.`;
    tell(
      check,
      unknownAfter(at(scope, word), `\`${word.text}\` is a task or flow, not a node above`, null, hint),
    );
    return;
  }
  if (found?.what === "phase" || found?.what === "gate") {
    if (found.ref !== null) check.pass.refs.set(word, found.ref);
    return;
  }
  const type = valueType(check, word, scope);
  if (found === null || found.what === "node" || type.kind === "error") return;
  const hint = "`after` takes names of nodes; a value needs no waiting for.";
  tell(check, unknownAfter(at(scope, word), `\`${word.text}\` is a ${found.what}, not a node`, null, hint));
}

// What gets lost

function tellUnused(check: Check, block: Block, scope: Scope): void {
  for (const statement of block.statements) {
    if (statement.kind === "phase") tellUnused(check, statement.body, scope);
    if (statement.kind !== "binding" || statement.name === null) continue;
    const found = scope.names.get(statement.name.text);
    if (found === undefined || found.used || found.span !== statement.name.span) continue;
    if (found.what === "node") tellDead(check, statement.value, scope, statement);
    else if (!found.name.startsWith("_") && found.type.kind !== "error")
      tell(check, unusedBinding(at(scope, statement.name), found.name, removal(statement, scope)));
  }
}
