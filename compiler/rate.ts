// A rate as it is written, `30 per 1m`: how many in how many seconds.

import type { Expr } from "../grammar/ast.ts";
import type { Value } from "./types.ts";

/** Null: it is no rate, or `known` does not tell its parts. */
export function rateIn(
  expr: Expr,
  known: (part: Expr) => Value | undefined,
): { readonly amount: number; readonly perSeconds: number } | null {
  if (expr.kind === "paren") return rateIn(expr.of, known);
  if (expr.kind !== "binary" || expr.op !== "per") return null;
  const amount = known(expr.left);
  const perSeconds = known(expr.right);
  return typeof amount === "number" && typeof perSeconds === "number" ? { amount, perSeconds } : null;
}
