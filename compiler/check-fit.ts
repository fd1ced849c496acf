// Does an expression fit where it goes? Literals take the type of their place; everything else must widen to it.

import { posix } from "node:path";
import type { Block, Expr, Name, Node, RecordExpr, Text } from "../grammar/ast.ts";
import type { Related } from "../grammar/diagnostic.ts";
import { lastStatement } from "../grammar/walk.ts";
import { tellMismatch } from "./check-mismatch.ts";
import { at, type Check, type Scope, tell, tellUnknownWord } from "./check-state.ts";
import { type At, related } from "./errors.ts";
import { missingFile } from "./errors-flows.ts";
import { missingField, unknownField } from "./errors-types.ts";
import type { Home } from "./resolve.ts";
import { expand, fieldMap, fits, mayBeNone, same, show, withoutNone } from "./type-ops.ts";
import type { FieldType, Type } from "./types.ts";

/**
 * Tells what keeps an expression from standing where `to` is needed, at the smallest place, and notes the type it is
 * fitted to. `cause` is the declaration that asks for the type.
 */
export function fitTo(check: Check, expr: Expr, to: Type, scope: Scope, cause: Related | null): void {
  const from = check.infer(expr, scope);
  if (to.kind === "error" || from.kind === "error") return;
  const body = expand(withoutNone(to), check.types);
  if (fitLiteral(check, expr, to, body, scope, cause)) note(check, expr, from, to);
  else if (fits(from, to, check.types)) note(check, expr, from, to);
  else tellMismatch(check, expr, from, to, scope, cause);
}

function note(check: Check, expr: Expr, from: Type, to: Type): void {
  if (!same(from, to)) check.pass.fittedTo.set(expr, to);
}

/** Goes into what takes the type of its place; true if all was done there. `body` is `to` without `?` and names. */
function fitLiteral(
  check: Check,
  expr: Expr,
  to: Type,
  body: Type,
  scope: Scope,
  cause: Related | null,
): boolean {
  switch (expr.kind) {
    case "paren":
      check.fit(expr.of, to, scope, cause);
      return true;
    case "list-of":
      if (body.kind !== "list") return false;
      for (const item of expr.items) check.fit(item, body.of, scope, cause);
      return true;
    case "record-of":
      if (body.kind === "map") {
        for (const entry of expr.entries) check.fit(entry.value, body.of, scope, cause);
        return true;
      }
      if (body.kind !== "record") return false;
      fitRecord(check, expr, body.fields, withoutNone(to), scope, cause);
      return true;
    case "text":
      if (body.kind !== "file" && body.kind !== "dir") return false;
      return fitPath(check, expr, body.kind, scope.home, at(scope, expr));
    case "name":
      return fitConstant(check, expr, to, scope);
    case "if": {
      const results = branchResults(expr);
      if (results === null || (expr.else === null && !mayBeNone(to))) return false;
      for (const result of results) check.fit(result, to, scope, cause);
      return true;
    }
    case "binary":
      // `x ?? { … }`: the left side decides the type; a literal on the right takes it.
      if (expr.op !== "??" || fits(check.infer(expr, scope), to, check.types)) return false;
      if (!literalFits(check, expr.right, to)) return false;
      if (!fits(withoutNone(check.infer(expr.left, scope)), to, check.types)) return false;
      check.fit(expr.right, to, scope, cause);
      return true;
    default:
      return false;
  }
}

/** The expressions that give an `if` its value; null if a branch has none. */
function branchResults(expr: Extract<Expr, { kind: "if" }>): readonly Expr[] | null {
  const results: Expr[] = [];
  for (let at: Extract<Expr, { kind: "if" }> | null = expr; at !== null; ) {
    const other: Block | Extract<Expr, { kind: "if" }> | null = at.else;
    for (const block of other?.kind === "block" ? [at.then, other] : [at.then]) {
      const node = resultOf(block);
      if (node === null) return null;
      results.push(node.expr);
      if (node.otherwise !== null) results.push(node.otherwise);
    }
    at = other?.kind === "if" ? other : null;
  }
  return results;
}

/** The statement that gives a block its value: the last, if it is a bare expression. */
export function resultOf(block: Block): Node | null {
  const last = lastStatement(block);
  return last?.kind === "binding" && last.name === null ? last.value : null;
}

function fitRecord(
  check: Check,
  expr: RecordExpr,
  fields: readonly FieldType[],
  type: Type,
  scope: Scope,
  cause: Related | null,
): void {
  const known = fieldMap(fields);
  const given = new Set<string>();
  for (const entry of expr.entries) {
    const field = known.get(entry.key.text);
    given.add(entry.key.text);
    if (field !== undefined) check.fit(entry.value, field.type, scope, cause);
  }
  for (const entry of expr.entries) {
    if (known.has(entry.key.text)) continue;
    const free = fields.map((field) => field.name).filter((name) => !given.has(name));
    const near = check.nearest(entry.key.text, free);
    // The misspelt field is not missing as well.
    if (near !== null) given.add(near);
    // `{ nmae }`: that there is no such value has been told.
    if (entry.short && check.pass.typeOf.get(entry.value)?.kind === "error") continue;
    const names = fields.map((field) => field.name);
    // With the short form `{ nam }` the word is a value's name too: no fix is certain.
    const place = at(scope, entry.key);
    const unknown = unknownField(place, entry.key.text, show(type), near, names, cause);
    tellUnknownWord(check, `${show(type)}.${entry.key.text}`, unknown);
  }
  const missing = fields.filter((field) => !given.has(field.name) && !mayBeLeftOut(field));
  if (missing.length > 0) {
    const names = missing.map((field) => field.name);
    tell(check, missingField(at(scope, expr), names, show(type), cause, expr.span.end));
  }
}

export function mayBeLeftOut(field: FieldType): boolean {
  return mayBeNone(field.type) || field.default !== undefined || field.early || field.type.kind === "error";
}

/** A constant stands for its literal: `readme = "README.md"` is a path where a file is needed. */
function fitConstant(check: Check, name: Name, to: Type, scope: Scope): boolean {
  const ref = check.pass.refs.get(name);
  if (ref?.kind !== "constant" || fits(check.infer(name, scope), to, check.types)) return false;
  const { value } = ref.constant;
  const entry = scope.home.values.get(name.name);
  if (entry === undefined || !literalFits(check, value, to)) return false;
  for (const { text, kind } of literalPaths(check, value, to))
    fitPath(check, text, kind, entry.home, at(scope, name));
  return true;
}

function literalPaths(check: Check, expr: Expr, to: Type): readonly { text: Text; kind: "file" | "dir" }[] {
  const body = expand(withoutNone(to), check.types);
  if (expr.kind === "paren") return literalPaths(check, expr.of, to);
  if (expr.kind === "text")
    return body.kind === "file" || body.kind === "dir" ? [{ text: expr, kind: body.kind }] : [];
  if (expr.kind === "list-of" && body.kind === "list")
    return expr.items.flatMap((item) => literalPaths(check, item, body.of));
  if (expr.kind !== "record-of") return [];
  return expr.entries.flatMap(({ key, value }) => {
    const type =
      body.kind === "map"
        ? body.of
        : body.kind === "record"
          ? fieldMap(body.fields).get(key.text)?.type
          : null;
    return type === null || type === undefined ? [] : literalPaths(check, value, type);
  });
}

function fitPath(check: Check, expr: Text, kind: "file" | "dir", home: Home, place: At): boolean {
  if (expr.parts.some((part) => part.kind === "hole")) return false;
  const path = expr.parts.map((part) => (part.kind === "chars" ? part.text : "")).join("");
  if (posix.isAbsolute(path)) {
    const hint =
      "A path is relative to the `.flow` file that it stands in. What lies elsewhere is an input: `--input NAME=PATH`.";
    tell(
      check,
      missingFile(place, `\`${path}\` is an absolute path, which other machines do not have`, hint),
    );
    return true;
  }
  const full = posix.join(home.folder, path);
  const found = path === "" ? "absent" : check.host.look(full);
  if (found === kind) return true;
  const shown = check.host.show(full);
  if (found === "absent") {
    const hint = "A path is relative to the `.flow` file that it stands in.";
    tell(check, missingFile(place, `there is no ${kind === "dir" ? "folder" : "file"} \`${shown}\``, hint));
  } else if (found === "dir")
    tell(check, missingFile(place, `\`${shown}\` is a folder, not a file`, "Take its type to be `dir`."));
  else tell(check, missingFile(place, `\`${shown}\` is a file, not a folder`, "Take its type to be `file`."));
  return true;
}

/** Would a literal fit, given the type of its place? Tells nothing, notes nothing. */
export function literalFits(check: Check, expr: Expr, to: Type): boolean {
  const body = expand(withoutNone(to), check.types);
  if (expr.kind === "paren") return literalFits(check, expr.of, to);
  if (expr.kind === "list-of" && body.kind === "list")
    return expr.items.every((item) => literalFits(check, item, body.of));
  if (expr.kind === "record-of" && body.kind === "map")
    return expr.entries.every((entry) => literalFits(check, entry.value, body.of));
  if (expr.kind === "record-of" && body.kind === "record") {
    const known = fieldMap(body.fields);
    const given = new Set(expr.entries.map((entry) => entry.key.text));
    const fitting = expr.entries.every((entry) => {
      const field = known.get(entry.key.text);
      return field !== undefined && literalFits(check, entry.value, field.type);
    });
    return fitting && body.fields.every((field) => given.has(field.name) || mayBeLeftOut(field));
  }
  if (expr.kind === "text" && (body.kind === "file" || body.kind === "dir"))
    return expr.parts.every((part) => part.kind === "chars");
  const type = check.pass.typeOf.get(expr);
  return type === undefined || fits(type, to, check.types);
}

/** "`crate` is a `Crate`", under the declaration that asks for the type. */
export function askedBy(
  scope: { readonly home: Scope["home"] },
  node: { readonly span: Text["span"] },
  name: string,
  type: Type,
): Related | null {
  return related(
    at(scope, node),
    `\`${name}\` is ${type.kind === "record" ? "a record" : `\`${show(type)}\``}`,
  );
}
