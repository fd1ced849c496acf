// Operations on types: does one fit another, what do two have in common, how is one written.

import type { FieldType, Scalar, Type } from "./types.ts";

/** Declared types by their unique name. */
export type Types = ReadonlyMap<string, Type>;

export const errorType: Type = { kind: "error" };
export const neverType: Type = { kind: "never" };
export const noneType: Type = { kind: "none" };

/** The one type object of a scalar. */
export function scalar(kind: Scalar): Type {
  return { kind };
}

export const stringType = scalar("string");
export const boolType = scalar("bool");
export const intType = scalar("int");
export const floatType = scalar("float");

const scalars: ReadonlySet<string> = new Set<Scalar>([
  "string",
  "bool",
  "int",
  "float",
  "duration",
  "size",
  "percent",
  "money",
  "json",
  "file",
  "dir",
]);

/** The scalar of a name, or null. */
export function scalarNamed(name: string): Type | null {
  switch (name) {
    case "string":
    case "bool":
    case "int":
    case "float":
    case "duration":
    case "size":
    case "percent":
    case "money":
    case "json":
    case "file":
    case "dir":
      return { kind: name };
    default:
      return null;
  }
}

/** All names of scalars, for suggestions. */
export function scalarNames(): readonly string[] {
  return [...scalars];
}

export function listOf(of: Type): Type {
  return { kind: "list", of };
}

/** `T?`; of what is optional already, itself. */
export function optional(of: Type): Type {
  return of.kind === "optional" || of.kind === "none" || of.kind === "error" ? of : { kind: "optional", of };
}

/** `T` of `T?`; of anything else, itself. */
export function withoutNone(type: Type): Type {
  if (type.kind === "optional") return type.of;
  return type.kind === "none" ? neverType : type;
}

export function mayBeNone(type: Type): boolean {
  return type.kind === "optional" || type.kind === "none";
}

/** A declared type's body; of anything else, itself. A name that is not in the table is a mistake told already. */
export function expand(type: Type, types: Types): Type {
  return type.kind === "named" ? (types.get(type.name) ?? errorType) : type;
}

/** The members of a union, named or not; null of anything else. */
export function membersOf(type: Type, types: Types): readonly string[] | null {
  const body = expand(type, types);
  return body.kind === "union" ? body.members : null;
}

/** What a string literal's own type and a list of literals' item type widen to: `string`. */
export function isText(type: Type, types: Types): boolean {
  const body = expand(type, types);
  return body.kind === "string" || body.kind === "union";
}

/** True if the type holds a wrong expression's type anywhere: then nothing more is told about it. */
export function hasError(type: Type): boolean {
  switch (type.kind) {
    case "error":
      return true;
    case "list":
    case "map":
    case "optional":
      return hasError(type.of);
    case "record":
      return type.fields.some((field) => hasError(field.type));
    default:
      return false;
  }
}

export function same(a: Type, b: Type): boolean {
  if (a === b) return true;
  if (a.kind !== b.kind) return false;
  switch (a.kind) {
    case "named":
      return b.kind === "named" && a.name === b.name;
    case "list":
    case "map":
    case "optional":
      return b.kind === a.kind && same(a.of, b.of);
    case "union":
      return (
        b.kind === "union" &&
        a.members.length === b.members.length &&
        a.members.every((member, at) => member === b.members[at])
      );
    case "record":
      return (
        b.kind === "record" &&
        a.fields.length === b.fields.length &&
        a.fields.every((field, at) => {
          const other = b.fields[at];
          return other !== undefined && field.name === other.name && same(field.type, other.type);
        })
      );
    default:
      return true;
  }
}

const setOf = new WeakMap<readonly string[], ReadonlySet<string>>();

/** The members as a set, made once for each union. */
export function memberSet(members: readonly string[]): ReadonlySet<string> {
  let known = setOf.get(members);
  if (known === undefined) {
    known = new Set(members);
    setOf.set(members, known);
  }
  return known;
}

const indexOf = new WeakMap<readonly FieldType[], ReadonlyMap<string, FieldType>>();

/** A record's fields by name, made once for each record. */
export function fieldMap(fields: readonly FieldType[]): ReadonlyMap<string, FieldType> {
  let known = indexOf.get(fields);
  if (known === undefined) {
    known = new Map(fields.map((field) => [field.name, field]));
    indexOf.set(fields, known);
  }
  return known;
}

/**
 * May a value of `from` stand where `to` is needed? Only what loses nothing: `int` → `float`, `T` → `T?`, union →
 * `string` or larger union, record → smaller record, and so inside lists, maps and records.
 */
export function fits(from: Type, to: Type, types: Types): boolean {
  return fitsAssuming(from, to, types, new Set());
}

function fitsAssuming(from: Type, to: Type, types: Types, assumed: Set<string>): boolean {
  if (from === to || from.kind === "error" || to.kind === "error" || from.kind === "never") return true;
  if (to.kind === "optional") {
    if (from.kind === "none") return true;
    return fitsAssuming(from.kind === "optional" ? from.of : from, to.of, types, assumed);
  }
  if (from.kind === "named" && to.kind === "named") {
    if (from.name === to.name) return true;
    // Two recursive types fit if assuming that they fit finds nothing against it.
    const pair = `${from.name} ${to.name}`;
    if (assumed.has(pair)) return true;
    assumed.add(pair);
  }
  const small = expand(from, types);
  const large = expand(to, types);
  if (small.kind === "error" || large.kind === "error") return true;
  switch (small.kind) {
    case "int":
      return large.kind === "int" || large.kind === "float";
    case "union":
      if (large.kind === "string") return true;
      return large.kind === "union" && small.members.every((member) => memberSet(large.members).has(member));
    case "list":
    case "map":
      return large.kind === small.kind && fitsAssuming(small.of, large.of, types, assumed);
    case "record":
      return large.kind === "record" && recordFits(small.fields, large.fields, types, assumed);
    case "optional":
    case "named":
      return false;
    default:
      return small.kind === large.kind;
  }
}

function recordFits(
  from: readonly FieldType[],
  to: readonly FieldType[],
  types: Types,
  assumed: Set<string>,
): boolean {
  const have = fieldMap(from);
  return to.every((field) => {
    const own = have.get(field.name);
    return own !== undefined && fitsAssuming(own.type, field.type, types, assumed);
  });
}

/**
 * The smallest type that both fit, or null: equal ones, one that the other fits, the union of literals, `T?` for
 * `none`, and so inside lists, maps and records that have the same fields.
 */
export function join(a: Type, b: Type, types: Types): Type | null {
  if (a.kind === "error" || b.kind === "error") return errorType;
  if (a.kind === "never") return b;
  if (b.kind === "never") return a;
  if (mayBeNone(a) || mayBeNone(b)) {
    const inner = join(withoutNone(a), withoutNone(b), types);
    if (inner === null) return null;
    return inner.kind === "never" ? noneType : optional(inner);
  }
  if (fits(a, b, types) && !hasError(a)) return b;
  if (fits(b, a, types) && !hasError(b)) return a;
  const left = expand(a, types);
  const right = expand(b, types);
  if (left.kind === "union" && right.kind === "union")
    return { kind: "union", members: [...new Set([...left.members, ...right.members])] };
  if ((left.kind === "list" || left.kind === "map") && right.kind === left.kind) {
    const of = join(left.of, right.of, types);
    return of === null ? null : { kind: left.kind, of };
  }
  if (left.kind === "record" && right.kind === "record") return joinRecords(left.fields, right.fields, types);
  return null;
}

function joinRecords(a: readonly FieldType[], b: readonly FieldType[], types: Types): Type | null {
  const [small, large] = a.length <= b.length ? [a, b] : [b, a];
  const others = fieldMap(large);
  const fields: FieldType[] = [];
  for (const field of small) {
    const other = others.get(field.name);
    const type = other === undefined ? null : join(field.type, other.type, types);
    if (type === null) return null;
    fields.push({ name: field.name, type, doc: field.doc, early: false });
  }
  return { kind: "record", fields };
}

/** The common type of many; linear also for a long list of literals. Null with the index of the first that differs. */
export function joinAll(
  all: readonly Type[],
  types: Types,
): { readonly type: Type } | { readonly differs: number; readonly from: Type } {
  if (all.length > 0 && all.every((type) => type.kind === "union")) {
    const members = new Set(all.flatMap((type) => (type.kind === "union" ? type.members : [])));
    return { type: { kind: "union", members: [...members] } };
  }
  let type: Type = neverType;
  for (const [at, next] of all.entries()) {
    const joined = join(type, next, types);
    if (joined === null) return { differs: at, from: type };
    type = joined;
  }
  return { type };
}

const shownMembersMax = 5;
const shownFieldsMax = 6;

/** The type as a person writes it; long unions and records are cut short. */
export function show(type: Type): string {
  switch (type.kind) {
    case "named":
      return type.name.replace(/~\d+$/, "");
    case "list":
      return `${showInner(type.of)}[]`;
    case "optional":
      return `${showInner(type.of)}?`;
    case "map":
      return `map<${show(type.of)}>`;
    case "never":
      return "nothing";
    case "error":
      return "unknown";
    case "union":
      return cut(
        type.members.map((member) => JSON.stringify(member)),
        " | ",
        shownMembersMax,
      );
    case "record": {
      if (type.fields.length === 0) return "{}";
      const fields = type.fields.map((field) => `${field.name}: ${show(field.type)}`);
      return `{ ${cut(fields, ", ", shownFieldsMax)} }`;
    }
    default:
      return type.kind;
  }
}

function showInner(type: Type): string {
  return type.kind === "union" && type.members.length > 1 ? `(${show(type)})` : show(type);
}

function cut(parts: readonly string[], between: string, most: number): string {
  if (parts.length <= most) return parts.join(between);
  return `${parts.slice(0, most).join(between)}${between}… ${parts.length - most} more`;
}

/** "a `string`", "an `int`", for the middle of a sentence; nothing and none are said in words. */
export function said(type: Type, types: Types): string {
  if (type.kind === "none") return "`none`";
  if (type.kind === "money" || type.kind === "json") return `\`${type.kind}\``;
  if (type.kind === "union" && type.members.length === 1) return `the string ${`\`${show(type)}\``}`;
  const body = expand(type, types);
  if (type.kind === "list" && type.of.kind === "never") return "an empty list";
  const article = /^[aeiou]/i.test(show(type)) ? "an" : "a";
  return body.kind === "record" && type.kind === "record"
    ? `a record \`${show(type)}\``
    : `${article} \`${show(type)}\``;
}

/**
 * Why `from` does not fit `to`, at the deepest place: the path from the outside in (`.name`, `[]`) and the two types
 * that disagree there. `absent` if it is a field that is not there.
 */
export function disagreement(
  from: Type,
  to: Type,
  types: Types,
): { readonly path: string; readonly from: Type; readonly to: Type; readonly absent: boolean } {
  let path = "";
  for (let depth = 0; depth < 20; depth++) {
    if (to.kind === "optional" && from.kind !== "none") {
      to = to.of;
      if (from.kind === "optional") from = from.of;
    }
    const small = expand(from, types);
    const large = expand(to, types);
    if ((small.kind === "list" || small.kind === "map") && large.kind === small.kind) {
      path += small.kind === "list" ? "[]" : "[key]";
      from = small.of;
      to = large.of;
      continue;
    }
    if (small.kind !== "record" || large.kind !== "record") break;
    const have = fieldMap(small.fields);
    const wrong = large.fields.find((field) => {
      const own = have.get(field.name);
      return own === undefined || !fits(own.type, field.type, types);
    });
    if (wrong === undefined) break;
    path += `.${wrong.name}`;
    const own = have.get(wrong.name);
    to = wrong.type;
    if (own === undefined) return { path, from: neverType, to, absent: true };
    from = own.type;
  }
  return { path, from, to, absent: false };
}
