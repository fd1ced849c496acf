// Type expressions and type declarations become types; unknown and endless ones are told.

import type { Declaration, Expr, Field, RecordType, TypeDeclaration, TypeExpr } from "../grammar/ast.ts";
import { walk } from "../grammar/walk.ts";
import { builtins } from "./builtins.ts";
import { isEarly } from "./check-early.ts";
import { at, type Check, constantLookup, tell, tellUnknownWord } from "./check-state.ts";
import { fold } from "./constant.ts";
import { findCircles } from "./cycles.ts";
import { recursiveType, unknownType } from "./errors-names.ts";
import { badDefault, duplicateField } from "./errors-types.ts";
import type { Home } from "./resolve.ts";
import { errorType, optional, scalarNamed, scalarNames } from "./type-ops.ts";
import type { FieldType, Type } from "./types.ts";

/** The type that a type expression means. `owner` is the declaration it stands in: naming itself is no use of it. */
export function resolveType(check: Check, type: TypeExpr, home: Home, owner: Declaration | null): Type {
  const known = check.typeOfExpr.get(type);
  if (known !== undefined) return known;
  const resolved = resolveNew(check, type, home, owner);
  check.typeOfExpr.set(type, resolved);
  return resolved;
}

function resolveNew(check: Check, type: TypeExpr, home: Home, owner: Declaration | null): Type {
  switch (type.kind) {
    case "error":
      return errorType;
    case "named":
      return scalarNamed(type.name) ?? namedType(check, type, home, owner);
    case "record":
      return recordType(check, type, home, owner);
    case "optional":
      return optional(resolveType(check, type.of, home, owner));
    case "list":
    case "map":
      return { kind: type.kind, of: resolveType(check, type.of, home, owner) };
  }
}

const likelyTypes: Readonly<Record<string, string>> = {
  str: "string",
  text: "string",
  String: "string",
  integer: "int",
  number: "float",
  Number: "float",
  double: "float",
  boolean: "bool",
  Boolean: "bool",
  bytes: "size",
  time: "duration",
  path: "file",
  folder: "dir",
  directory: "dir",
  object: "json",
  any: "json",
  list: "T[]",
  array: "T[]",
};

function namedType(
  check: Check,
  type: Extract<TypeExpr, { kind: "named" }>,
  home: Home,
  owner: Declaration | null,
): Type {
  const entry = home.types.get(type.name);
  if (entry !== undefined) {
    if (entry.declaration !== owner) check.used.add(entry.declaration);
    if (entry.via !== null) check.used.add(entry.via);
    check.typeUses.push({ declaration: entry.declaration, at: at({ home }, type) });
    return { kind: "named", name: check.typeName.get(entry.declaration) ?? type.name };
  }
  // An import that brings nothing has been told at the import.
  if (home.unresolved.has(type.name)) return errorType;
  const likely = Object.hasOwn(likelyTypes, type.name) ? (likelyTypes[type.name] ?? null) : null;
  const near = likely ?? check.nearest(type.name, [...home.types.keys(), ...scalarNames()]);
  const suggested = near === null ? undefined : home.types.get(near);
  if (suggested !== undefined) check.used.add(suggested.declaration);
  if (suggested?.via) check.used.add(suggested.via);
  const hint = near === null ? "Declare it with `type`, or import it." : null;
  tellUnknownWord(check, type.name, unknownType(at({ home }, type), type.name, near, hint));
  return errorType;
}

function recordType(check: Check, type: RecordType, home: Home, owner: Declaration | null): Type {
  const seen = new Map<string, Field>();
  const fields: FieldType[] = [];
  for (const field of type.fields) {
    const first = seen.get(field.name.text);
    if (first !== undefined) {
      tell(check, duplicateField(at({ home }, field.name), field.name.text, at({ home }, first.name)));
      continue;
    }
    seen.set(field.name.text, field);
    const early = isEarly(check, field, type, home, owner);
    fields.push(fieldType(check, field, early, home, owner));
  }
  return { kind: "record", fields };
}

function fieldType(
  check: Check,
  field: Field,
  early: boolean,
  home: Home,
  owner: Declaration | null,
): FieldType {
  const type = resolveType(check, field.type, home, owner);
  const base = { name: field.name.text, type, doc: field.doc, early };
  if (field.value === null) return base;
  check.defaults.push({ field, type, home, owner });
  const lookup = constantLookup(home, (name) => {
    const body = home.types.get(name)?.declaration.body;
    return body?.kind === "union" ? body.members.map((member) => member.text) : null;
  });
  const value = fold(field.value, lookup, check.folded);
  if (value === undefined && field.value.kind !== "error" && !callsMore(field.value))
    tell(check, badDefault(at({ home }, field.value), "this is not known from the text alone"));
  return value === undefined ? base : { ...base, default: value };
}

/** A call of anything but a function over known values is told as that. */
function callsMore(value: Expr): boolean {
  let found = false;
  walk(value, (node) => {
    if (node.kind !== "call-of") return;
    const builtin = node.callee.kind === "name" ? builtins.get(node.callee.name) : undefined;
    if (builtin === undefined || builtin.disk || builtin.inReturn) found = true;
  });
  return found;
}

/** Puts all declared types into the table, then tells those that contain themselves without an end. */
export function resolveDeclaredTypes(check: Check, homes: readonly Home[]): void {
  const declared: { readonly name: string; readonly home: Home; readonly declaration: TypeDeclaration }[] =
    [];
  for (const home of homes) {
    for (const { declaration, via } of home.types.values()) {
      if (via !== null) continue;
      const name = check.typeName.get(declaration) ?? declaration.name.text;
      declared.push({ name, home, declaration });
      const body = bodyType(check, declaration, home);
      check.types.set(name, check.broken.has(declaration) ? errorType : body);
    }
  }
  const direct = (name: string): readonly string[] => {
    const body = check.types.get(name);
    return body === undefined ? [] : directNames(body);
  };
  const { circles } = findCircles(
    declared.map(({ name }) => name),
    direct,
  );
  for (const circle of circles) {
    const first = declared.find(({ name }) => name === circle[0]);
    if (first === undefined) continue;
    const chain = [...circle, circle[0] ?? ""].map((name) => name.replace(/~\d+$/, ""));
    tell(check, recursiveType(at(first, first.declaration.name), chain));
    for (const name of circle) check.types.set(name, errorType);
  }
}

function bodyType(check: Check, declaration: TypeDeclaration, home: Home): Type {
  const doc = declaration.doc === null ? {} : { doc: declaration.doc };
  if (declaration.body.kind === "record") {
    const type = resolveType(check, declaration.body, home, declaration);
    return type.kind === "record" ? { ...type, ...doc } : type;
  }
  const members: string[] = [];
  const seen = new Map<string, (typeof declaration.body.members)[number]>();
  for (const member of declaration.body.members) {
    const first = seen.get(member.text);
    if (first !== undefined)
      tell(check, duplicateField(at({ home }, member), member.text, at({ home }, first)));
    else members.push(member.text);
    seen.set(member.text, first ?? member);
  }
  return { kind: "union", members, ...doc };
}

/** Names of types of which each value holds at least one value: not through `[]`, `?` or `map`. */
function directNames(type: Type): readonly string[] {
  if (type.kind === "named") return [type.name];
  if (type.kind === "record") return type.fields.flatMap((field) => directNames(field.type));
  return [];
}
