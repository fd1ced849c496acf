// What a step uses: the slots that its expressions mention and the order it was given.

import type { Expr } from "./plan-expr.ts";
import type { EdgeKind, SlotRef, Use } from "./plan-steps.ts";
import type { TaskSettings } from "./plan-tasks.ts";

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

/** A slot that a step waits for; `maybe`: whatever becomes of it. */
export interface WaitedFor extends SlotRef {
  readonly maybe?: true;
}

/** Uses of a step: slots mentioned by `data`, and those in `order`; sorted, each once, data before order. */
export function usesOf(
  data: readonly (Expr | null)[],
  order: readonly WaitedFor[] = [],
  orderKind: EdgeKind = "order",
): readonly Use[] {
  const uses = new Map<string, Use>();
  const add = ({ up, i, in: inside, maybe }: WaitedFor, kind: EdgeKind) => {
    const key = [up, i, ...(inside ?? [])].join(".");
    const place = { up, i, ...(inside === undefined ? {} : { in: inside }) };
    if (!uses.has(key)) uses.set(key, { ...place, kind, ...(maybe === true ? { tolerant: true } : {}) });
  };
  for (const expr of data)
    if (expr !== null) eachExpr(expr, (part) => part.k === "slot" && add(part, "data"));
  for (const slot of order) add(slot, orderKind);
  return [...uses.values()].sort(inOrder);
}

/** Uses with one more, which says more than an order that was asked for. */
export function withUse(uses: readonly Use[], more: Use): readonly Use[] {
  const same = (use: Use) => use.up === more.up && use.i === more.i && use.in === undefined;
  return [...uses.filter((use) => !same(use)), more].sort(inOrder);
}

/** Uses of several steps as those of one; data before order. */
export function allUses(lists: readonly (readonly Use[])[]): readonly Use[] {
  const uses = new Map<string, Use>();
  for (const use of lists.flat()) {
    const key = [use.up, use.i, ...(use.in ?? [])].join(".");
    if (!uses.has(key) || use.kind === "data") uses.set(key, use);
  }
  return [...uses.values()].sort(inOrder);
}

function inOrder(a: Use, b: Use): number {
  return a.up - b.up || a.i - b.i || pathOrder(a.in ?? [], b.in ?? []);
}

function pathOrder(a: readonly number[], b: readonly number[]): number {
  for (let k = 0; k < Math.max(a.length, b.length); k++) {
    const difference = (a[k] ?? -1) - (b[k] ?? -1);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** Settings that are made of expressions, and of which: each has a line here, or stands among those that have none. */
type WithoutExprs = "runner" | "agent" | "exitCodes" | "retry" | "effect" | "needs" | "priority";
const exprsIn: Record<
  Exclude<keyof TaskSettings, WithoutExprs>,
  (settings: Partial<TaskSettings>) => readonly (Expr | null | undefined)[]
> = {
  timeout: ({ timeout }) => [timeout],
  stall: ({ stall }) => [stall],
  reads: ({ reads }) => [reads],
  writes: ({ writes }) => [writes],
  cache: ({ cache }) => [cache],
  budget: ({ budget }) => [budget],
  session: ({ session }) => [session],
  affinity: ({ affinity }) => [affinity],
  uses: ({ uses = [] }) => uses.flatMap(({ amounts }) => amounts.map(({ amount }) => amount)),
  workspace: ({ workspace }) => {
    if (workspace === undefined) return [];
    return workspace.kind === "plain"
      ? [workspace.value]
      : [workspace.branch, workspace.from, workspace.into];
  },
  env: ({ env = [] }) => env.map((entry) => ("value" in entry ? entry.value : null)),
  undo: ({ undo }) => {
    if (undo === undefined || undo === null) return [];
    const parts = undo.kind === "argv" ? undo.items : undo.pieces;
    return parts.map((part) => (typeof part === "string" ? null : part.expr));
  },
};

/** Expressions that settings are made of. */
export function settingExprs(settings: Partial<TaskSettings> | null): readonly Expr[] {
  if (settings === null) return [];
  return Object.values(exprsIn).flatMap((of) => of(settings).flatMap((expr) => expr ?? []));
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
