// What a step uses: the slots that its expressions mention and the order it was given.

import type { EdgeKind, Expr, SlotRef, TaskSettings, Use } from "./plan.ts";

/** Calls `each` for every expression inside, the expression itself first. */
export function eachExpr(expr: Expr, each: (expr: Expr) => void): void {
  each(expr);
  for (const part of partsOf(expr)) eachExpr(part, each);
}

function partsOf(expr: Expr): readonly Expr[] {
  switch (expr.k) {
    case "lit":
    case "slot":
    case "local":
    case "env":
    case "file":
      return [];
    case "field":
    case "not":
    case "neg":
    case "cast":
    case "narrow":
      return [expr.of];
    case "index":
      return [expr.of, expr.at];
    case "call":
      return expr.args;
    case "and":
    case "or":
      return expr.of;
    case "default":
    case "compare":
    case "math":
    case "concat":
      return [expr.left, expr.right];
    case "text":
      return expr.parts.flatMap((part) => (typeof part === "string" ? [] : [part.expr]));
    case "list":
      return expr.items;
    case "record":
      return expr.entries.map((entry) => entry.value);
    case "if":
      return [expr.cond, expr.then, expr.else];
    case "map":
      return [...expr.lists, ...(expr.filter === null ? [] : [expr.filter]), expr.body];
    case "let":
      return [...expr.values, expr.body];
  }
}

/** Uses of a step: slots mentioned by `data`, and those in `order`; sorted, each once, data before order. */
export function usesOf(
  data: readonly (Expr | null)[],
  order: readonly SlotRef[] = [],
  orderKind: EdgeKind = "order",
): readonly Use[] {
  const uses = new Map<string, Use>();
  const add = (slot: SlotRef, kind: EdgeKind) => {
    const key = `${slot.up}.${slot.i}`;
    if (!uses.has(key)) uses.set(key, { up: slot.up, i: slot.i, kind });
  };
  for (const expr of data)
    if (expr !== null) eachExpr(expr, (part) => part.k === "slot" && add(part, "data"));
  for (const slot of order) add(slot, orderKind);
  return [...uses.values()].sort((a, b) => a.up - b.up || a.i - b.i);
}

/** Expressions that settings are made of. */
export function settingExprs(settings: Partial<TaskSettings> | null): readonly Expr[] {
  if (settings === null) return [];
  const { timeout, reads, writes, env, undo } = settings;
  const exprs = [timeout, reads, writes].flatMap((expr) =>
    expr === undefined || expr === null ? [] : [expr],
  );
  for (const entry of env ?? []) if ("value" in entry) exprs.push(entry.value);
  if (undo?.kind === "argv") exprs.push(...undo.items.map((item) => item.expr));
  if (undo?.kind === "shell")
    for (const piece of undo.pieces) if (typeof piece !== "string") exprs.push(piece.expr);
  return exprs;
}

/** Does an expression mention what the work wrote? */
export function mentionsOutput(expr: Expr | null): boolean {
  let found = false;
  if (expr !== null)
    eachExpr(expr, (part) => {
      if (part.k === "env" && (part.name === "stdout" || part.name === "stderr")) found = true;
    });
  return found;
}
