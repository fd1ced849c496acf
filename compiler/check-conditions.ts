// Conditions whose answer is known from the text: they ask nothing.

import type { Binary, Expr, If } from "../grammar/ast.ts";
import { walk } from "../grammar/walk.ts";
import { foldIn } from "./check-known.ts";
import { at, type Check, type Scope, tell, written } from "./check-state.ts";
import { constantCondition, repeatedCondition } from "./errors-types.ts";
import { mayBeNone, show } from "./type-ops.ts";
import type { Type } from "./types.ts";

/**
 * A condition made of literals alone. One with a constant in it is a switch that somebody may turn, and is left alone.
 * `what` is the word before it, for what follows from the answer.
 */
export function checkCondition(check: Check, cond: Expr, scope: Scope, what: "if" | "for" | "until"): void {
  const value = mentionsName(cond) ? undefined : foldIn(check, cond, scope);
  if (typeof value !== "boolean") return;
  const follows = {
    if: value ? "no other branch ever runs" : "its block never runs",
    for: value ? "every item is taken" : "no item is ever taken",
    until: value ? "the block runs once" : "the `repeat` can only fail, after its last pass",
  };
  const label = `this ${value ? "always" : "never"} holds: ${follows[what]}`;
  tell(check, constantCondition(at(scope, cond), label, null));
}

function mentionsName(expr: Expr): boolean {
  let found = false;
  walk(expr, (node) => {
    if (node.kind === "name" || node.kind === "error" || node.kind === "for" || node.kind === "if")
      found = true;
  });
  return found;
}

/** `x == none` of what is never none, and `x == x`. */
export function checkComparison(check: Check, expr: Binary, left: Type, right: Type, scope: Scope): void {
  const { op } = expr;
  const equality = op === "==" || op === "!=";
  const never = neverNone(expr.left, left, expr.right) ?? neverNone(expr.right, right, expr.left);
  if (equality && never !== null) {
    const label = `\`${show(never.type)}\` is never \`none\`, so this ${op === "!=" ? "always" : "never"} holds`;
    tell(check, constantCondition(at(scope, expr), label, "Only a `T?` can be `none`."));
    return;
  }
  const same = sameText(expr.left, expr.right, scope);
  if (!same) return;
  const holds = op === "==" || op === "<=" || op === ">=";
  const label = `both sides are the same, so this ${holds ? "always" : "never"} holds`;
  tell(check, constantCondition(at(scope, expr), label, null));
}

/** `x and x` is `x`. */
export function checkSame(check: Check, expr: Binary, scope: Scope): void {
  if (!sameText(expr.left, expr.right, scope)) return;
  tell(check, constantCondition(at(scope, expr.right), "this was asked before, on the left", null));
}

const open: ReadonlySet<Type["kind"]> = new Set(["error", "never", "json", "none", "optional"]);

function neverNone(value: Expr, type: Type, other: Expr): { readonly type: Type } | null {
  if (other.kind !== "none" || value.kind === "none") return null;
  return open.has(type.kind) || mayBeNone(type) ? null : { type };
}

/** The same names, fields and indexes; a call may give something else each time, a literal is a constant's business. */
function sameText(a: Expr, b: Expr, scope: Scope): boolean {
  if (a.kind !== b.kind || (a.kind !== "name" && a.kind !== "field" && a.kind !== "index")) return false;
  let plain = true;
  walk(a, (node) => {
    if (node.kind === "call-of") plain = false;
  });
  const text = written(scope, a);
  return plain && text !== null && text === written(scope, b);
}

/** `if x { … } else if x { … }`: the second block never runs. */
export function checkChain(check: Check, first: If, scope: Scope): void {
  if (first.else?.kind !== "if") return;
  const seen = new Map<string, Expr>();
  for (let one: If | null = first; one !== null; one = one.else?.kind === "if" ? one.else : null) {
    const text = written(scope, one.cond);
    if (text === null) continue;
    const before = seen.get(text);
    if (before === undefined) seen.set(text, one.cond);
    else tell(check, repeatedCondition(at(scope, one.cond), at(scope, before)));
  }
}
