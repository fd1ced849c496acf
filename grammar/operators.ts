// Builds the tree of an expression from its operands and operators, by how tightly these bind.

import type { BinaryOp, Expr } from "./ast.ts";
import type { Span } from "./source.ts";

export interface Operator {
  readonly op: BinaryOp;
  readonly span: Span;
}

/** An operand with the places of the `not`s before it. */
export interface Operand {
  readonly nots: readonly Span[];
  readonly expr: Expr;
}

/** What the tree builder finds wrong: comparisons that chain, a `not` behind a tighter operator. */
export interface Told {
  chained(operator: Operator): void;
  looseNot(at: Span): void;
}

const LEVELS: Readonly<Record<BinaryOp, number>> = {
  or: 1,
  and: 2,
  "==": 4,
  "!=": 4,
  "<": 4,
  "<=": 4,
  ">": 4,
  ">=": 4,
  "??": 5,
  "+": 6,
  "-": 6,
  "*": 7,
  "/": 7,
  per: 8,
};
const notLevel = 3;
const compareLevel = 4;

export function isBinaryOp(text: string): text is BinaryOp {
  return Object.hasOwn(LEVELS, text);
}

/** How tightly it binds; larger is tighter. */
export function levelOf(op: BinaryOp): number {
  return LEVELS[op];
}

/** One operand more than operators. */
export function buildOperation(
  operands: readonly [Operand, ...Operand[]],
  operators: readonly Operator[],
  told: Told,
): Expr {
  let at = 0;
  const operand = (level: number): Expr => {
    const { nots, expr } = operands[at] ?? operands[0];
    const first = nots[0];
    if (first === undefined) return expr;
    if (level > notLevel) told.looseNot(first);
    const inner = level > notLevel ? expr : climb(compareLevel, expr);
    return nots.reduceRight<Expr>(
      (of, not) => ({ kind: "unary", span: { start: not.start, end: of.span.end }, op: "not", of }),
      inner,
    );
  };
  const climb = (level: number, first?: Expr): Expr => {
    let left = first ?? operand(level);
    let compared = false;
    for (;;) {
      const operator = operators[at];
      const binds = operator === undefined ? 0 : LEVELS[operator.op];
      if (operator === undefined || binds < level) return left;
      if (binds === compareLevel && compared) told.chained(operator);
      compared = binds === compareLevel;
      at++;
      const right = climb(binds + 1);
      const span = { start: left.span.start, end: right.span.end };
      left = { kind: "binary", span, op: operator.op, opSpan: operator.span, left, right };
    }
  };
  return climb(1);
}
