// The type of every expression: literals, names, fields, and the way to the parts that know calls, operators and loops.

import type { Expr, FieldAccess, Index, ListExpr, RecordExpr, Text } from "../grammar/ast.ts";
import type { Related } from "../grammar/diagnostic.ts";
import { inferCall } from "./check-calls.ts";
import { checkIndex } from "./check-failures.ts";
import { literalFits } from "./check-fit.ts";
import { narrowedType, valueType } from "./check-names.ts";
import { pathOf, tellNone } from "./check-none.ts";
import { inferBinary, inferUnary } from "./check-operators.ts";
import { at, type Check, local, type Scope, tell, tellUnknownWord, without, written } from "./check-state.ts";
import { related } from "./errors.ts";
import { dollarHole } from "./errors-flows.ts";
import {
  duplicateField,
  notAList,
  typeMismatch,
  undecodedJson,
  unknownField,
  wrongCast,
} from "./errors-types.ts";
import {
  boolType,
  errorType,
  expand,
  fieldMap,
  isText,
  joinAll,
  mayBeNone,
  noneType,
  optional,
  said,
  same,
  scalar,
  show,
  stringType,
  withoutNone,
} from "./type-ops.ts";
import type { FieldType, Type } from "./types.ts";

/** The type of an expression, noted in the tables; each is looked at once in a pass. */
export function infer(check: Check, expr: Expr, scope: Scope): Type {
  const known = check.pass.typeOf.get(expr);
  if (known !== undefined) return known;
  const inner = leftmost(expr);
  if (inner === null) return noted(check, expr, scope);
  // A long chain (`a + b + c …`, `a.b.c …`) leans to the left: go down it first, then up, so that it costs no stack.
  const spine = [expr];
  for (let next: Expr | null = inner; next !== null && !check.pass.typeOf.has(next); next = leftmost(next))
    spine.push(next);
  let type: Type = errorType;
  for (let next = spine.pop(); next !== undefined; next = spine.pop()) type = noted(check, next, scope);
  return type;
}

function noted(check: Check, expr: Expr, scope: Scope): Type {
  const type = inferOne(check, expr, scope);
  check.pass.typeOf.set(expr, type);
  if (partMakes(check, expr)) check.pass.makesNode.add(expr);
  return type;
}

function leftmost(expr: Expr): Expr | null {
  switch (expr.kind) {
    case "binary":
      return expr.left;
    case "field":
    case "index":
    case "paren":
    case "unary":
    case "cast":
      return expr.of;
    default:
      return null;
  }
}

/** Does one of the expressions directly inside make a node? What makes nodes in blocks says so itself. */
function partMakes(check: Check, expr: Expr): boolean {
  const { makesNode } = check.pass;
  switch (expr.kind) {
    case "text":
      return expr.parts.some((part) => part.kind === "hole" && makesNode.has(part.expr));
    case "list-of":
      return expr.items.some((item) => makesNode.has(item));
    case "record-of":
      return expr.entries.some((entry) => makesNode.has(entry.value));
    case "field":
    case "paren":
    case "unary":
    case "cast":
      return makesNode.has(expr.of);
    case "index":
      return makesNode.has(expr.of) || makesNode.has(expr.at);
    case "call-of":
      return expr.args.some((arg) => makesNode.has(arg.value));
    case "binary":
      return makesNode.has(expr.left) || makesNode.has(expr.right);
    default:
      return false;
  }
}

function inferOne(check: Check, expr: Expr, scope: Scope): Type {
  switch (expr.kind) {
    case "number":
      return scalar(expr.type);
    case "bool":
      return boolType;
    case "none":
      return noneType;
    case "error":
      return errorType;
    case "text":
      return inferText(check, expr, scope);
    case "name":
      return valueType(check, expr, scope);
    case "paren":
      return check.infer(expr.of, scope);
    case "list-of":
      return inferList(check, expr, scope);
    case "record-of":
      return inferRecord(check, expr, scope);
    case "field":
      return inferField(check, expr, scope);
    case "index":
      return inferIndex(check, expr, scope);
    case "call-of":
      return inferCall(check, expr, scope);
    case "unary":
      return inferUnary(check, expr, scope);
    case "binary":
      return inferBinary(check, expr, scope);
    case "cast":
      return inferCast(check, expr, scope);
    case "if":
    case "for":
    case "repeat":
      return check.ifOrLoop(expr, scope, true);
  }
}

function inferText(check: Check, expr: Text, scope: Scope): Type {
  const inside = without(scope, "a string");
  for (const part of expr.parts) {
    if (part.kind === "chars") tellDollar(check, part, scope);
    if (part.kind !== "hole") continue;
    const type = check.infer(part.expr, inside);
    if (mayBeNone(type)) tellNone(check, part.expr, type, inside, "this may be `none`, which has no text");
  }
  if (expr.parts.some((part) => part.kind === "hole")) return stringType;
  return {
    kind: "union",
    members: [expr.parts.map((part) => (part.kind === "chars" ? part.text : "")).join("")],
  };
}

/** `${name}` means nothing in a string: with the name of a value it is a slip from another language. */
function tellDollar(
  check: Check,
  part: Extract<Text["parts"][number], { kind: "chars" }>,
  scope: Scope,
): void {
  if (!part.text.includes("${")) return;
  const raw = scope.home.module.file.source.text.slice(part.span.start, part.span.end);
  for (const match of raw.matchAll(/\$\{([a-z_][a-z0-9_]*)\}/g)) {
    const name = match[1] ?? "";
    const found = local(scope, name);
    if (found === null) continue;
    // It was meant: then it is not unused as well.
    found.used = true;
    const start = part.span.start + match.index;
    tell(check, dollarHole({ ...at(scope, part), span: { start, end: start + match[0].length } }, name));
  }
}

function inferList(check: Check, expr: ListExpr, scope: Scope): Type {
  const types = expr.items.map((item) => check.infer(item, scope));
  const joined = joinAll(types, check.types);
  if ("type" in joined) return { kind: "list", of: joined.type };
  // A record literal may leave out what the items before it have.
  const wanted = withoutNone(types[0] ?? errorType);
  if (expr.items.every((item, i) => i === 0 || literalFits(check, item, wanted))) {
    for (const item of expr.items) check.fit(item, wanted, scope, null);
    return { kind: "list", of: wanted };
  }
  const odd = expr.items[joined.differs];
  const label = `this is ${said(types[joined.differs] ?? errorType, check.types)}, the items before it are \`${show(joined.from)}\``;
  if (odd !== undefined)
    tell(check, typeMismatch(at(scope, odd), label, null, "All items of a list have one type."));
  return { kind: "list", of: errorType };
}

function inferRecord(check: Check, expr: RecordExpr, scope: Scope): Type {
  const seen = new Map<string, RecordExpr["entries"][number]>();
  const fields: FieldType[] = [];
  for (const entry of expr.entries) {
    const type = check.infer(entry.value, scope);
    if (entry.short && entry.value.kind === "name") check.pass.shortNames.add(entry.value);
    const first = seen.get(entry.key.text);
    if (first !== undefined) {
      tell(check, duplicateField(at(scope, entry.key), entry.key.text, at(scope, first.key)));
      continue;
    }
    seen.set(entry.key.text, entry);
    fields.push({ name: entry.key.text, type, doc: null, early: false });
  }
  return { kind: "record", fields };
}

const fileFields: readonly FieldType[] = [
  { name: "path", type: stringType, doc: null, early: false },
  { name: "name", type: stringType, doc: null, early: false },
  { name: "size", type: scalar("size"), doc: null, early: false },
  { name: "sha256", type: stringType, doc: null, early: false },
];

function inferField(check: Check, expr: FieldAccess, scope: Scope): Type {
  const path = pathOf(expr);
  const of = check.infer(expr.of, scope);
  const narrowed = path === null ? null : narrowedType(scope, path);
  if (narrowed !== null) return narrowed;
  if (of.kind === "never" || of.kind === "error") return of;
  const through = expr.maybe ? withoutNone(of) : of;
  if (mayBeNone(through)) {
    const inner = expand(withoutNone(of), check.types);
    const has = inner.kind !== "record" || fieldMap(inner.fields).has(expr.name.text);
    const label =
      of.kind === "none"
        ? "this is `none`"
        : `this is \`${show(of)}\`: it may be \`none\`, and \`none\` has no fields`;
    tellNone(check, expr.of, of, scope, label, has ? expr.name.text : null);
    return errorType;
  }
  const type = fieldType(check, expr, through, scope);
  return expr.maybe && mayBeNone(of) ? optional(type) : type;
}

function fieldType(check: Check, expr: FieldAccess, of: Type, scope: Scope): Type {
  const body = expand(of, check.types);
  const name = expr.name.text;
  const place = at(scope, expr.name);
  switch (body.kind) {
    case "error":
    case "never":
      return body;
    case "record":
    case "file":
    case "dir": {
      const fields = body.kind === "record" ? body.fields : fileFields;
      const field = fieldMap(fields).get(name);
      if (field !== undefined) return field.type;
      const names = fields.map((each) => each.name);
      const near = check.nearest(name, names);
      const unknown = unknownField(place, name, show(of), near, names, declaredHere(check, of, scope));
      tellUnknownWord(check, `${show(of)}.${name}`, unknown);
      return errorType;
    }
    case "json":
      tell(
        check,
        undecodedJson(
          at(scope, expr.of),
          `this is \`json\`; it may or may not have \`${name}\``,
          written(scope, expr.of),
          null,
        ),
      );
      return errorType;
    case "map": {
      const hint = `The keys of a map are not known before the run: \`${written(scope, expr.of) ?? "m"}[${JSON.stringify(name)}]\` gives \`${show(optional(body.of))}\`.`;
      tell(check, unknownField(place, name, show(of), null, [], null, hint));
      return errorType;
    }
    case "list": {
      const hint =
        name === "length" || name === "size" || name === "count"
          ? `Write \`len(${written(scope, expr.of) ?? "list"})\`.`
          : `Take one item, \`list[0]\` or \`first(list)\`, or go through all with \`for\`.`;
      tell(check, unknownField(place, name, show(of), null, [], null, hint));
      return errorType;
    }
    default: {
      const length = isText(body, check.types) && (name === "length" || name === "size" || name === "len");
      const hint = length ? `Write \`len(${written(scope, expr.of) ?? "text"})\`.` : null;
      const unknown = unknownField(place, name, show(of), null, [], null, hint);
      tellUnknownWord(check, `${show(of)}.${name}`, unknown);
      return errorType;
    }
  }
}

/** Where the type of a record is declared, for whoever misses one of its fields. */
function declaredHere(check: Check, type: Type, scope: Scope): Related | null {
  if (type.kind !== "named") return null;
  for (const entry of scope.home.types.values()) {
    const { declaration } = entry;
    if (check.typeName.get(declaration) !== type.name) continue;
    return related(at(entry, declaration.name), `\`${declaration.name.text}\` is declared here`);
  }
  return null;
}

function inferIndex(check: Check, expr: Index, scope: Scope): Type {
  const of = check.infer(expr.of, scope);
  const key = check.infer(expr.at, scope);
  const body = expand(of, check.types);
  switch (body.kind) {
    case "error":
    case "never":
      return body;
    case "list":
      check.fit(expr.at, scalar("int"), scope, null);
      checkIndex(check, expr, scope);
      return body.of;
    case "map":
      check.fit(expr.at, stringType, scope, null);
      return optional(body.of);
    case "optional":
    case "none":
      tellNone(check, expr.of, of, scope, `this is \`${show(of)}\`: it may be \`none\``);
      return errorType;
    case "json":
      tell(
        check,
        undecodedJson(
          at(scope, expr.of),
          "this is `json`; what it holds is not known yet",
          written(scope, expr.of),
          null,
        ),
      );
      return errorType;
    case "record": {
      const word = key.kind === "union" && key.members.length === 1 ? (key.members[0] ?? null) : null;
      const hint =
        word === null
          ? "A record's fields are named in the program, `x.field`; use a `map<…>` for keys that are not."
          : `Write \`.${word}\`.`;
      tell(
        check,
        notAList(at(scope, expr.of), `this is ${said(of, check.types)}, neither a list nor a map`, hint),
      );
      return errorType;
    }
    default:
      tell(
        check,
        notAList(at(scope, expr.of), `this is ${said(of, check.types)}, neither a list nor a map`, null),
      );
      return errorType;
  }
}

function inferCast(check: Check, expr: Extract<Expr, { kind: "cast" }>, scope: Scope): Type {
  const from = check.infer(expr.of, scope);
  const to = check.resolve(expr.type, scope.home, scope.inside);
  if (from.kind === "error" || to.kind === "error" || from.kind === "never") return to;
  if (mayBeNone(from) && !same(from, to)) {
    tellNone(check, expr.of, from, scope, `this is \`${show(from)}\`: it may be \`none\``);
    return to;
  }
  const decodes =
    from.kind === "json" || (isText(from, check.types) && expand(to, check.types).kind === "union");
  if (decodes) return to;
  const text = written(scope, expr.of);
  const converts =
    to.kind === "string" ||
    ((to.kind === "int" || to.kind === "float") && (isText(from, check.types) || from.kind === "float"));
  const instead = text !== null && converts ? `${to.kind}(${text})` : null;
  tell(check, wrongCast(at(scope, expr), said(from, check.types), show(to), instead));
  return to;
}
