// What an expression of a plan written by hand uses.

import type { Expr } from "../compiler/plan-expr.ts";
import type { Use } from "../compiler/plan-steps.ts";

export function isExpr(given: unknown): given is Expr {
  return typeof given === "object" && given !== null && "k" in given;
}

/** Slots an expression mentions. */
export function usesOf(exprs: readonly Expr[], order: readonly Use[] = []): Use[] {
  const uses = new Map<string, Use>();
  const visit = (at: unknown): void => {
    if (typeof at !== "object" || at === null) return;
    if (isExpr(at) && at.k === "lit") return;
    if (isExpr(at) && at.k === "slot") {
      const { k: _, maybe, ...ref } = at;
      const tolerant = maybe === true ? { tolerant: maybe } : {};
      uses.set([at.up, at.i, ...(at.in ?? [])].join("."), { ...ref, ...tolerant, kind: "data" });
      return;
    }
    for (const part of Object.values(at)) visit(part);
  };
  for (const expr of exprs) visit(expr);
  for (const use of order) if (!uses.has(`${use.up}.${use.i}`)) uses.set(`${use.up}.${use.i}`, use);
  return [...uses.values()].sort((a, b) => a.up - b.up || a.i - b.i);
}
