// Values known from the text alone: literals, constants, and what is made of these without a call.

import type { Constant, Expr } from "../grammar/ast.ts";
import type { Value } from "./types.ts";

/** What a bare name stands for, if it is a constant, a union's name, or a name with a known value. */
export type Lookup = (
  name: string,
) => Constant | { readonly members: readonly string[] } | { readonly known: Value } | undefined;

/** Values of constants folded so far; `undefined` for one that is not known from the text. */
export type Folded = Map<Constant, Value | undefined>;

/** A literal deeper than this is not folded; nobody writes one. */
const depthMax = 200;

/** The value of an expression, or undefined if it is not known from the text. Constants must be folded before. */
export function fold(expr: Expr, lookup: Lookup, folded: Folded, depth = 0): Value | undefined {
  if (depth > depthMax) return undefined;
  const inner = (other: Expr) => fold(other, lookup, folded, depth + 1);
  switch (expr.kind) {
    case "number":
      return expr.value;
    case "bool":
      return expr.value;
    case "none":
      return null;
    case "paren":
      return inner(expr.of);
    case "text": {
      let text = "";
      for (const part of expr.parts) {
        const value = part.kind === "chars" ? part.text : inner(part.expr);
        // Other values as text are the evaluator's business.
        if (typeof value !== "string") return undefined;
        text += value;
      }
      return text;
    }
    case "name": {
      const found = lookup(expr.name);
      if (found === undefined) return undefined;
      if ("known" in found) return found.known;
      return "members" in found ? found.members : folded.get(found);
    }
    case "list-of": {
      const items = expr.items.map(inner);
      return items.every((item) => item !== undefined) ? items : undefined;
    }
    case "record-of": {
      const entries: [string, Value][] = [];
      for (const entry of expr.entries) {
        const value = inner(entry.value);
        if (value === undefined) return undefined;
        entries.push([entry.key.text, value]);
      }
      return Object.fromEntries(entries);
    }
    case "field": {
      const of = inner(expr.of);
      return isRecord(of) && Object.hasOwn(of, expr.name.text) ? of[expr.name.text] : undefined;
    }
    case "unary": {
      const value = inner(expr.of);
      if (expr.op === "-") return typeof value === "number" ? -value : undefined;
      return typeof value === "boolean" ? !value : undefined;
    }
    case "binary":
      return foldBinary(expr.op, inner(expr.left), inner(expr.right));
    default:
      return undefined;
  }
}

function foldBinary(op: string, left: Value | undefined, right: Value | undefined): Value | undefined {
  if (typeof left === "number" && typeof right === "number") {
    if (op === "+") return left + right;
    if (op === "-") return left - right;
    if (op === "*") return left * right;
    if (op === "/" && right !== 0) return left / right;
    if (op === "<") return left < right;
    if (op === "<=") return left <= right;
    if (op === ">") return left > right;
    if (op === ">=") return left >= right;
    if (op !== "==" && op !== "!=") return undefined;
  }
  if (op === "==" && left !== undefined && right !== undefined && !isDeep(left)) return left === right;
  if (op === "!=" && left !== undefined && right !== undefined && !isDeep(left)) return left !== right;
  if (op === "+" && typeof left === "string" && typeof right === "string") return left + right;
  if (op === "+" && Array.isArray(left) && Array.isArray(right)) return [...left, ...right];
  if (op === "??" && left !== undefined) return left ?? right;
  return undefined;
}

function isRecord(value: Value | undefined): value is { readonly [key: string]: Value } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isDeep(value: Value): boolean {
  return typeof value === "object" && value !== null;
}
