// Values that may be none: how it is told, and what a condition shows about them.

import type { Expr } from "../grammar/ast.ts";
import { madeAt } from "./check-names.ts";
import { at, type Check, local, type Scope, tell, written } from "./check-state.ts";
import { maybeNone, noneHint } from "./errors-types.ts";
import { mayBeNone, show, withoutNone } from "./type-ops.ts";
import type { Type } from "./types.ts";

/** In a handler it is none because of what became of its node, not because of its type. */
function whyNone(name: string, type: Type, scope: Scope): string {
  const ref = local(scope, name)?.ref;
  const maybe = ref?.kind === "binding" && ref.maybe === true;
  return maybe ? "in a handler it may not have succeeded" : `\`${name}\` is \`${show(type)}\``;
}

/** Tells that a value may be none, with where it came from and the ways to handle it. */
export function tellNone(
  check: Check,
  expr: Expr,
  type: Type,
  scope: Scope,
  label: string,
  field: string | null = null,
): void {
  const cause = expr.kind === "name" ? madeAt(scope, expr, whyNone(expr.name, type, scope)) : null;
  if (type.kind === "none" && expr.kind === "name") {
    const hint =
      "It is a node without an answer: its task or block gives no value. Name it in `after` to wait for it.";
    tell(check, maybeNone(at(scope, expr), `\`${expr.name}\` has no value`, cause, hint));
    return;
  }
  const simple =
    expr.kind === "name" || expr.kind === "field" || expr.kind === "index" || expr.kind === "call-of";
  tell(
    check,
    maybeNone(
      at(scope, expr),
      label,
      cause,
      noneHint(simple ? written(scope, expr) : null, field, pathOf(expr) !== null),
    ),
  );
}

/** `x` or `x.field` as text, for narrowing; null for other expressions and very long paths. */
export function pathOf(expr: Expr, depth = 0): string | null {
  if (expr.kind === "name") return expr.name;
  if (expr.kind === "paren") return pathOf(expr.of, depth);
  if (expr.kind !== "field" || depth > 6) return null;
  const of = pathOf(expr.of, depth + 1);
  return of === null ? null : `${of}.${expr.name.text}`;
}

/** What holds where a condition is true, or false: paths that are not none there, with their types. */
export function shownBy(check: Check, cond: Expr, holds: boolean): ReadonlyMap<string, Type> | null {
  const found = new Map<string, Type>();
  const open: { readonly expr: Expr; readonly holds: boolean }[] = [{ expr: cond, holds }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { expr } = next;
    if (expr.kind === "paren") open.push({ expr: expr.of, holds: next.holds });
    else if (expr.kind === "unary" && expr.op === "not") open.push({ expr: expr.of, holds: !next.holds });
    else if (expr.kind === "binary") {
      const both = next.holds ? "and" : "or";
      if (expr.op === both)
        open.push({ expr: expr.left, holds: next.holds }, { expr: expr.right, holds: next.holds });
      else if (expr.op === (next.holds ? "!=" : "==")) {
        if (expr.right.kind === "none") notNone(check, expr.left, found);
        else if (expr.left.kind === "none") notNone(check, expr.right, found);
      }
    }
  }
  return found.size === 0 ? null : found;
}

/** `x?.y` is not none: then neither is `x`. */
function notNone(check: Check, expr: Expr, found: Map<string, Type>): void {
  for (let inner: Expr | null = expr; inner !== null; ) {
    const type = check.pass.typeOf.get(inner);
    const path = pathOf(inner);
    if (type === undefined || path === null) return;
    if (mayBeNone(type)) found.set(path, withoutNone(type));
    if (inner.kind === "paren") inner = inner.of;
    else inner = inner.kind === "field" && inner.maybe ? inner.of : null;
  }
}
