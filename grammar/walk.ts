// Going through an Ast: the parts directly inside a node, and all nodes below one, in order of place.

import type * as ast from "./ast.ts";

/** Everything in an Ast that has a kind; the parts without one are walked through. */
export type AnyNode =
  | ast.File
  | ast.Import
  | ast.Declaration
  | ast.TypeExpr
  | ast.UnionType
  | ast.Block
  | ast.Statement
  | ast.Node
  | ast.Check
  | ast.Expr
  | ast.StringLiteral
  | NonNullable<ast.Task["action"]>;

function isNode(value: unknown): value is AnyNode {
  return typeof value === "object" && value !== null && "kind" in value && "span" in value;
}

/**
 * Calls `visit` for a node and all nodes below it, in order of place; what is below a node for which it answers "skip"
 * is left out. Depth costs no stack.
 */
export function walk(root: AnyNode, visit: (node: AnyNode) => unknown): void {
  const open: unknown[] = [root];
  while (open.length > 0) {
    const next = open.pop();
    if (typeof next !== "object" || next === null) continue;
    if (isNode(next) && visit(next) === "skip") continue;
    const inner: unknown[] = Array.isArray(next) ? next : Object.values(next);
    for (let i = inner.length - 1; i >= 0; i--) if (typeof inner[i] === "object") open.push(inner[i]);
  }
}

/** The last statement that is no handler: handlers stand behind what gives a block its value. */
export function lastStatement(block: ast.Block): ast.Statement | undefined {
  return block.statements.findLast(({ kind }) => kind !== "handler");
}
