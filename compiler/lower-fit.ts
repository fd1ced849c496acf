// Fitting a value into a place of another type: what the plan has to do for it, if anything; and folding of constants.

import type { Expr } from "./plan-expr.ts";
import { named } from "./schema.ts";
import type { FieldType, Type, TypeTable, Value } from "./types.ts";

/** The expression made to fit: a `narrow` where fields go away or defaults come in, else itself. */
export function fitted(expr: Expr, from: Type, to: Type | null, table: TypeTable): Expr {
  if (to === null || !changes(from, to, table, new Set())) return expr;
  return { k: "narrow", of: expr, type: to };
}

/** Is a value of `from` another value as a `to`? Only records change: all other fits keep the value as it is. */
function changes(from: Type, to: Type, table: TypeTable, open: Set<string>): boolean {
  if (from.kind === "named" && to.kind === "named") {
    if (from.name === to.name) return false;
    // Of types that mention themselves, what is being compared already decides nothing.
    const pair = `${from.name} ${to.name}`;
    if (open.has(pair)) return false;
    open.add(pair);
  }
  const a = named(from, table);
  const b = named(to, table);
  if (a.kind === "none" || a.kind === "never" || a.kind === "error" || a.kind === "json") return false;
  if (b.kind === "optional") return changes(a.kind === "optional" ? a.of : a, b.of, table, open);
  if (a.kind === "optional") return changes(a.of, b, table, open);
  if (a.kind === "list" && b.kind === "list") return changes(a.of, b.of, table, open);
  if (a.kind === "map" && b.kind === "map") return changes(a.of, b.of, table, open);
  if (a.kind === "record" && b.kind === "record") return recordChanges(a.fields, b.fields, table, open);
  return false;
}

function recordChanges(
  from: readonly FieldType[],
  to: readonly FieldType[],
  table: TypeTable,
  open: Set<string>,
): boolean {
  if (from.length !== to.length) return true;
  return to.some((field) => {
    const given = from.find((each) => each.name === field.name);
    return given === undefined || changes(given.type, field.type, table, open);
  });
}

/** The fields of a record type, also behind a name or `?`; null for any other type. */
export function fieldsOf(type: Type | null, table: TypeTable): readonly FieldType[] | null {
  if (type === null) return null;
  const body = named(type, table);
  if (body.kind === "optional") return fieldsOf(body.of, table);
  return body.kind === "record" ? body.fields : null;
}

/** What the items of a list (or values of a map) are; null for any other type. */
export function itemOf(type: Type | null, table: TypeTable): Type | null {
  if (type === null) return null;
  const body = named(type, table);
  if (body.kind === "optional") return itemOf(body.of, table);
  return body.kind === "list" || body.kind === "map" ? body.of : null;
}

/** `file` or `dir`, also behind `?`; null for any other type. */
export function fileKind(type: Type | null, table: TypeTable): "file" | "dir" | null {
  if (type === null) return null;
  const body = named(type, table);
  if (body.kind === "optional") return fileKind(body.of, table);
  return body.kind === "file" || body.kind === "dir" ? body.kind : null;
}

// Folding: what is known is written as a value

export function listExpr(items: readonly Expr[]): Expr {
  const values: Value[] = [];
  for (const item of items) {
    if (item.k !== "lit") return { k: "list", items };
    values.push(item.v);
  }
  return { k: "lit", v: values };
}

export function recordExpr(entries: readonly { readonly name: string; readonly value: Expr }[]): Expr {
  const values: [string, Value][] = [];
  for (const { name, value } of entries) {
    if (value.k !== "lit") return { k: "record", entries };
    values.push([name, value.v]);
  }
  return { k: "lit", v: Object.fromEntries(values) };
}

/** A field of a record that is written out is that entry. */
export function fieldExpr(of: Expr, name: string, maybe: boolean): Expr {
  if (of.k === "record") {
    const entry = of.entries.find((each) => each.name === name);
    if (entry !== undefined) return entry.value;
  }
  if (of.k === "lit" && typeof of.v === "object" && of.v !== null && !Array.isArray(of.v)) {
    const value = new Map(Object.entries(of.v)).get(name);
    if (value !== undefined) return { k: "lit", v: value };
  }
  return { k: "field", of, name, maybe };
}

type MathOp = Extract<Expr, { k: "math" }>["op"];

/** Arithmetic on literals is done now, unless it would fail: that is the run's to tell. */
export function mathExpr(op: MathOp, left: Expr, right: Expr, int: boolean): Expr {
  const expr: Expr = { k: "math", op, left, right, int };
  const value = left.k === "lit" && right.k === "lit" ? constantOf(expr) : undefined;
  const exact = typeof value === "number" && (int ? Number.isSafeInteger(value) : Number.isFinite(value));
  return exact ? { k: "lit", v: value } : expr;
}

/**
 * The value of an expression that mentions nothing, for settings that must be known before a run; undefined if it
 * mentions something or is beyond plain arithmetic.
 */
export function constantOf(expr: Expr): Value | undefined {
  switch (expr.k) {
    case "lit":
      return expr.v;
    case "neg": {
      const of = constantOf(expr.of);
      return typeof of === "number" ? -of : undefined;
    }
    case "math": {
      const left = constantOf(expr.left);
      const right = constantOf(expr.right);
      if (typeof left !== "number" || typeof right !== "number") return undefined;
      return { "+": left + right, "-": left - right, "*": left * right, "/": left / right }[expr.op];
    }
    case "not": {
      const of = constantOf(expr.of);
      return typeof of === "boolean" ? !of : undefined;
    }
    case "concat": {
      const left = constantOf(expr.left);
      const right = constantOf(expr.right);
      if (typeof left === "string" && typeof right === "string") return left + right;
      return Array.isArray(left) && Array.isArray(right) ? [...left, ...right] : undefined;
    }
    case "default": {
      const left = constantOf(expr.left);
      return left === null ? constantOf(expr.right) : left;
    }
    case "text": {
      const parts = expr.parts.map((part) => (typeof part === "string" ? part : constantOf(part.expr)));
      return parts.every((part) => typeof part === "string") ? parts.join("") : undefined;
    }
    case "list": {
      const items = expr.items.map(constantOf);
      return items.every((item) => item !== undefined) ? items : undefined;
    }
    case "record": {
      const entries: [string, Value][] = [];
      for (const { name, value } of expr.entries) {
        const known = constantOf(value);
        if (known === undefined) return undefined;
        entries.push([name, known]);
      }
      return Object.fromEntries(entries);
    }
    case "narrow":
      return constantOf(expr.of);
    default:
      return undefined;
  }
}
