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

type Walked = Readonly<Record<string, unknown>>;

function isObject(value: unknown): value is Walked {
  return typeof value === "object" && value !== null;
}

function isNode(value: Walked): value is AnyNode & Walked {
  return "kind" in value && "span" in value;
}

/**
 * Calls `visit` for a node and all nodes below it, in order of place; what is below a node for which it answers "skip"
 * is left out. Depth costs no stack.
 */
export function walk(root: AnyNode, visit: (node: AnyNode) => unknown): void {
  const open: unknown[] = [root];
  while (open.length > 0) {
    const next = open.pop();
    if (Array.isArray(next)) {
      for (let i = next.length - 1; i >= 0; i--) open.push(next[i]);
      continue;
    }
    if (!isObject(next) || (isNode(next) && visit(next) === "skip")) continue;
    const from = open.length;
    for (const key in next) {
      const inner = next[key];
      if (typeof inner === "object" && inner !== null && key !== "span") open.push(inner);
    }
    // The first was pushed first, and is to be taken first.
    for (let a = from, b = open.length - 1; a < b; a++, b--) [open[a], open[b]] = [open[b], open[a]];
  }
}

/** The last statement that is no handler: handlers stand behind what gives a block its value. */
export function lastStatement(block: ast.Block): ast.Statement | undefined {
  return block.statements.findLast(({ kind }) => kind !== "handler");
}

/** The expressions and blocks directly inside an expression, in order of place. */
export function partsOf(expr: ast.Expr): readonly (ast.Expr | ast.Block)[] {
  switch (expr.kind) {
    case "list-of":
      return expr.items;
    case "record-of":
      return expr.entries.map(({ value }) => value);
    case "field":
    case "unary":
    case "cast":
    case "paren":
      return [expr.of];
    case "index":
      return [expr.of, expr.at];
    case "binary":
      return [expr.left, expr.right];
    case "call-of":
      return expr.args.map(({ value }) => value);
    case "text":
      return expr.parts.flatMap((part) => (part.kind === "hole" ? [part.expr] : []));
    case "if":
      return [expr.cond, expr.then, ...(expr.else === null ? [] : [expr.else])];
    case "for": {
      const { lists, by, filter, after, body } = expr;
      const more = [by, filter, after === null ? null : after.keys].filter((one) => one !== null);
      return [...lists.map(({ list }) => list), ...more, body];
    }
    case "repeat":
      return [expr.times, expr.body, expr.until];
    default:
      return [];
  }
}
