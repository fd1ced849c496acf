// Which expressions need a step of their own: those that make nodes, and loops that a plain value cannot express.

import type { Block, Expr, For, If, Node } from "../grammar/ast.ts";
import { partsOf } from "../grammar/walk.ts";
import { calledNode, isRollback } from "./lower-draft.ts";
import type { Program } from "./program.ts";

/**
 * Needs the expression itself a step (a call of a task or flow; `if` and `for` whose blocks do, or that have settings)?
 * Its arguments, list and condition do not count: they are hoisted before it.
 */
export function isStep(expr: Expr, program: Program): boolean {
  switch (expr.kind) {
    case "call-of":
      return calledNode(expr, program) !== null || isRollback(expr, program);
    case "for":
      return isStepLoop(expr, program);
    case "if":
      return blockNeeds(expr.then, program) || (expr.else !== null && elseNeeds(expr.else, program));
    case "repeat":
      return true;
    default:
      return false;
  }
}

/** A loop without nodes is a map, but one that names its items, orders or bounds them checks that, as a step. */
function isStepLoop(loop: For, program: Program): boolean {
  const plain = loop.by === null && loop.after === null && loop.body.settings.length === 0;
  return !plain || blockNeeds(loop.body, program);
}

function elseNeeds(other: Block | If, program: Program): boolean {
  return other.kind === "block" ? blockNeeds(other, program) : exprNeeds(other, program);
}

function blockNeeds(block: Block, program: Program): boolean {
  return block.statements.some((statement) => {
    if (statement.kind !== "binding" && statement.kind !== "return") return true;
    return nodeNeeds(statement.value, program);
  });
}

/** Does a statement make steps other than a plain value's? */
export function nodeNeeds(node: Node, program: Program): boolean {
  if (node.overrides !== null || node.after.length > 0 || node.otherwise !== null) return true;
  return exprNeeds(node.expr, program);
}

/** Is there an expression inside, or itself, that needs a step? */
export function exprNeeds(expr: Expr, program: Program): boolean {
  return (
    program.makesNode.has(expr) ||
    isStep(expr, program) ||
    partsOf(expr).some((part) => part.kind !== "block" && exprNeeds(part, program))
  );
}
