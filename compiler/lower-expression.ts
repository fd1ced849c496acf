// Lowers expressions: names to slots and locals, constants inlined, overloads resolved, values fitted to their places.

import type {
  Expr as AstExpr,
  Binary,
  BinaryOp,
  Block,
  Call,
  Constant,
  For,
  If,
  Name,
  RecordExpr,
  Text,
} from "../grammar/ast.ts";
import {
  calledNode,
  definitionOf,
  earlySlot,
  fromRoot,
  type Scope,
  seeGlob,
  seePath,
  slotOf,
  typeIn,
} from "./lower-draft.ts";
import {
  fieldExpr,
  fieldsOf,
  fileKind,
  fitted,
  itemOf,
  listExpr,
  mathExpr,
  recordExpr,
} from "./lower-fit.ts";
import { isStep } from "./lower-needs.ts";
import type { CompareOp, Expr } from "./plan-expr.ts";
import type { Module } from "./program.ts";
import { missingValue, named } from "./schema.ts";
import type { Type } from "./types.ts";

/**
 * Lowers an expression into a place. `expected` is the place's type where the caller knows it; what the checker noted
 * for the expression itself goes before it.
 */
export function lowerExpr(expr: AstExpr, scope: Scope, expected: Type | null = null): Expr {
  const { program } = scope.draft;
  const to = program.fittedTo.get(expr) ?? expected;
  const own = typeIn(program, expr);
  if (scope.hoist !== null && isStep(expr, program)) return scope.hoist(expr, scope, to);
  const target = to ?? own;
  switch (expr.kind) {
    case "paren":
      return lowerExpr(expr.of, scope, to);
    case "text":
      return lowerText(expr, scope, target);
    case "list-of":
      return listExpr(expr.items.map((item) => lowerExpr(item, scope, itemOf(target, program.types))));
    case "record-of":
      return lowerRecord(expr, scope, target);
    case "if":
      return lowerIf(expr, scope, target);
    case "for":
      return lowerMap(expr, scope, target);
    case "name": {
      const ref = program.refs.get(expr);
      if (ref?.kind === "constant") return inlined(ref.constant, ref.module, scope, to);
      return fitted(lowerName(expr, scope), own, to, program.types);
    }
    default:
      return fitted(lowerPlain(expr, scope), own, to, program.types);
  }
}

function lowerPlain(expr: AstExpr, scope: Scope): Expr {
  switch (expr.kind) {
    case "number":
    case "bool":
      return { k: "lit", v: expr.value };
    case "none":
      return { k: "lit", v: null };
    case "field": {
      const of = lowerExpr(expr.of, scope);
      // Who uses an early field waits for that alone.
      const early = of.k === "slot" && !expr.maybe ? earlySlot(of, expr.name.text, scope) : null;
      return early === null ? fieldExpr(of, expr.name.text, expr.maybe) : { k: "slot", ...early };
    }
    case "index": {
      const of = named(typeIn(scope.draft.program, expr.of), scope.draft.program.types);
      return {
        k: "index",
        of: lowerExpr(expr.of, scope),
        at: lowerExpr(expr.at, scope),
        map: of.kind === "map",
      };
    }
    case "unary": {
      const of = lowerExpr(expr.of, scope);
      if (expr.op === "not") return { k: "not", of };
      return of.k === "lit" && typeof of.v === "number" ? { k: "lit", v: 0 - of.v } : { k: "neg", of };
    }
    case "binary":
      return lowerBinary(expr, scope);
    case "cast": {
      const type = scope.draft.program.typeOfExpr.get(expr.type) ?? typeIn(scope.draft.program, expr);
      return { k: "cast", of: lowerExpr(expr.of, scope), type };
    }
    case "call-of":
      return lowerBuiltin(expr, scope);
    default:
      // The checker let nothing else through.
      return { k: "lit", v: null };
  }
}

function lowerName(name: Name, scope: Scope): Expr {
  const ref = scope.draft.program.refs.get(name);
  if (ref === undefined) return { k: "lit", v: null };
  if (ref.kind === "members") return { k: "lit", v: ref.members };
  if (ref.kind === "env") return { k: "env", name: ref.name };
  const definition = definitionOf(ref);
  if (definition === null) return { k: "lit", v: null };
  const local = scope.locals.get(definition);
  if (local !== undefined) return { k: "local", i: local };
  const slot = slotOf(definition, scope.frame);
  if (slot === null) return { k: "lit", v: null };
  return ref.kind === "binding" && ref.maybe === true
    ? { k: "slot", ...slot, maybe: true }
    : { k: "slot", ...slot };
}

/** A constant's value where it is used: it sees nothing of the place, and its paths are relative to its own file. */
function inlined(constant: Constant, module: Module, scope: Scope, to: Type | null): Expr {
  const { draft } = scope;
  if (draft.inlining.has(constant)) return { k: "lit", v: null };
  draft.inlining.add(constant);
  const own: Scope = { draft, module, frame: null, locals: new Map(), bound: scope.bound, hoist: null };
  const value = lowerExpr(constant.value, own, to);
  draft.inlining.delete(constant);
  return value;
}

function lowerText(text: Text, scope: Scope, target: Type): Expr {
  const { program } = scope.draft;
  const literal = literalText(text);
  if (literal !== null) {
    const kind = fileKind(target, program.types);
    if (kind === null) return { k: "lit", v: literal };
    return fileExpr(kind, fromRoot(scope.module, literal), scope);
  }
  const parts = text.parts.map((part) =>
    part.kind === "chars"
      ? part.text
      : {
          expr: lowerExpr(part.expr, scope),
          type: program.fittedTo.get(part.expr) ?? typeIn(program, part.expr),
        },
  );
  return { k: "text", parts };
}

/** The text of a literal without holes; null if it has one. */
export function literalText(expr: AstExpr): string | null {
  if (expr.kind === "paren") return literalText(expr.of);
  if (expr.kind !== "text") return null;
  let text = "";
  for (const part of expr.parts) {
    if (part.kind === "hole") return null;
    text += part.text;
  }
  return text;
}

function fileExpr(kind: "file" | "dir", path: string, scope: Scope): Expr {
  seePath(scope.draft, kind, path);
  return { k: "file", kind, path };
}

/** A record literal has the fields of its place in their order there; those left out stand with their defaults. */
function lowerRecord(record: RecordExpr, scope: Scope, target: Type): Expr {
  const { types } = scope.draft.program;
  const fields = fieldsOf(target, types);
  const valueType = fields === null ? itemOf(target, types) : null;
  const given = new Map<string, Expr>();
  for (const { key, value } of record.entries) {
    const field = fields?.find((each) => each.name === key.text);
    given.set(key.text, lowerExpr(value, scope, field?.type ?? valueType));
  }
  if (fields === null) return recordExpr([...given].map(([name, value]) => ({ name, value })));
  return recordExpr(
    fields.map((field) => ({
      name: field.name,
      value: given.get(field.name) ?? { k: "lit", v: missingValue(field, types) ?? null },
    })),
  );
}

// Blocks and loops without nodes

function lowerIf(expr: If, scope: Scope, target: Type): Expr {
  const cond = lowerExpr(expr.cond, scope);
  const then = lowerPureBlock(expr.then, scope, target);
  if (expr.else === null) return { k: "if", cond, then, else: { k: "lit", v: null } };
  const other =
    expr.else.kind === "block"
      ? lowerPureBlock(expr.else, scope, target)
      : lowerExpr(expr.else, scope, target);
  return { k: "if", cond, then, else: other };
}

/** Bindings of a pure block are locals, numbered on from those around it. */
function lowerPureBlock(block: Block, scope: Scope, target: Type | null): Expr {
  const base = scope.bound;
  const values: Expr[] = [];
  let inner: Scope = { ...scope, hoist: null };
  let result: Expr = { k: "lit", v: null };
  block.statements.forEach((statement, index) => {
    if (statement.kind !== "binding" && statement.kind !== "return") return;
    const last = index === block.statements.length - 1;
    const value = lowerExpr(statement.value.expr, inner, last ? target : null);
    if (statement.kind === "binding" && statement.name !== null) {
      const locals = new Map(inner.locals).set(statement, base + values.length);
      values.push(value);
      inner = { ...inner, locals, bound: base + values.length };
    }
    if (last) result = value;
  });
  return values.length === 0 ? result : { k: "let", base, values, body: result };
}

function lowerMap(loop: For, scope: Scope, target: Type): Expr {
  const lists = loop.lists.map(({ list }) => lowerExpr(list, scope));
  const inner = loopScope(loop, scope);
  return {
    k: "map",
    lists,
    base: scope.bound,
    filter: loop.filter === null ? null : lowerExpr(loop.filter, inner),
    body: lowerPureBlock(loop.body, inner, itemOf(target, scope.draft.program.types)),
  };
}

/** The scope in which the loop's variables are locals: of a pure loop's body, of any loop's `by`, `if` and `after`. */
export function loopScope(loop: For, scope: Scope): Scope {
  const locals = new Map(scope.locals);
  loop.lists.forEach((variable, i) => {
    locals.set(variable, scope.bound + i);
  });
  return { ...scope, locals, bound: scope.bound + loop.lists.length, hoist: null };
}

// Operators

const compareOps: ReadonlySet<BinaryOp> = new Set(["==", "!=", "<", "<=", ">", ">="]);

function isCompare(op: BinaryOp): op is CompareOp {
  return compareOps.has(op);
}

function lowerBinary(expr: Binary, scope: Scope): Expr {
  const { op } = expr;
  if (op === "and" || op === "or") return { k: op, of: chain(expr, op).map((e) => lowerExpr(e, scope)) };
  const left = lowerExpr(expr.left, scope);
  const right = lowerExpr(expr.right, scope);
  if (op === "??") return { k: "default", left, right };
  if (isCompare(op)) return { k: "compare", op, left, right };
  const { program } = scope.draft;
  const type = named(typeIn(program, expr), program.types);
  if (op === "+" && type.kind === "list") return { k: "concat", of: "list", left, right };
  if (op === "+" && (type.kind === "string" || type.kind === "union"))
    return { k: "concat", of: "string", left, right };
  // Rates stand only in limits, which are not part of a plan yet.
  if (op === "per") return { k: "lit", v: null };
  return mathExpr(op, left, right, type.kind === "int");
}

/** `a and b and c` is one chain, whichever way it was nested. */
function chain(expr: AstExpr, op: "and" | "or"): readonly AstExpr[] {
  if (expr.kind === "paren") return chain(expr.of, op).length > 1 ? chain(expr.of, op) : [expr];
  if (expr.kind !== "binary" || expr.op !== op) return [expr];
  return [...chain(expr.left, op), ...chain(expr.right, op)];
}

// Built-ins

function lowerBuiltin(call: Call, scope: Scope): Expr {
  const { program } = scope.draft;
  if (call.callee.kind !== "name" || calledNode(call, program) !== null) return { k: "lit", v: null };
  const fn = call.callee.name;
  const args = call.args.map((arg) => lowerExpr(arg.value, scope));
  if (fn === "glob") {
    const found = knownGlob(call, args, scope);
    if (found !== null) return found;
  }
  const [first] = args;
  if ((fn === "read" || fn === "read_json") && first?.k === "lit" && typeof first.v === "string")
    return {
      k: "call",
      fn,
      args: [fileExpr("file", fromRoot(scope.module, first.v), scope)],
      types: [{ kind: "file" }],
    };
  const types = call.args.map(({ value }) => program.fittedTo.get(value) ?? typeIn(program, value));
  return { k: "call", fn, args, types };
}

/**
 * A glob whose pattern and folder are literals is looked at now: the plan holds the files it matched, so that `for`
 * over them shows every node, and a resume sees the same ones. Null if it is not known yet.
 */
function knownGlob(call: Call, args: readonly Expr[], scope: Scope): Expr | null {
  const [pattern, folder] = args;
  if (pattern?.k !== "lit" || typeof pattern.v !== "string") return null;
  const from = folder === undefined ? fromRoot(scope.module, ".") : folderPath(folder, scope);
  if (from === null) return null;
  const { paths = [] } = seeGlob(scope.draft, pattern.v, from === "." ? "" : from);
  const { types } = scope.draft.program;
  if (fileKind(itemOf(typeIn(scope.draft.program, call), types), types) === "file")
    return listExpr(paths.map((path) => fileExpr("file", path, scope)));
  return listExpr(paths.map((path) => ({ k: "lit", v: path })));
}

function folderPath(folder: Expr, scope: Scope): string | null {
  if (folder.k === "file") return folder.path;
  return folder.k === "lit" && typeof folder.v === "string" ? fromRoot(scope.module, folder.v) : null;
}

/** The name in `secret("NAME")`; null for any other expression. */
export function secretName(expr: AstExpr, scope: Scope): string | null {
  if (expr.kind === "paren") return secretName(expr.of, scope);
  if (expr.kind !== "call-of" || expr.callee.kind !== "name") return null;
  const ref = scope.draft.program.refs.get(expr.callee);
  if (ref?.kind !== "builtin" || ref.name !== "secret") return null;
  const [arg] = expr.args;
  return arg === undefined ? null : literalText(arg.value);
}
