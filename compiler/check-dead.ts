// Work without an effect whose answer nobody uses.

import type { Binding, Expr, Flow, Node, Task } from "../grammar/ast.ts";
import type { Fix } from "../grammar/diagnostic.ts";
import { walk } from "../grammar/walk.ts";
import { at, type Check, type Scope, tell } from "./check-state.ts";
import { replace } from "./errors.ts";
import { deadNode } from "./errors-flows.ts";

/** Tells of a node whose answer nobody uses, if all that it calls has no effect. */
export function tellDead(check: Check, node: Node, scope: Scope, statement: Binding): void {
  if (!check.pass.makesNode.has(node.expr) || node.otherwise !== null) return;
  const calls = callsIn(check, node.expr);
  if (calls === null || calls.length === 0) return;
  const [first] = calls;
  const name = statement.name ?? node.expr;
  const what =
    calls.length === 1 && first !== undefined ? `\`${first.name.text}\`` : "all that is called here";
  const computes = calls.length === 1 && first?.kind === "task" && first.action === null;
  tell(check, deadNode(at(scope, name), what, computes, removal(statement, scope)));
}

/** The tasks and flows that an expression calls; null if one of them has an effect. */
function callsIn(check: Check, expr: Expr): readonly (Task | Flow)[] | null {
  const found: (Task | Flow)[] = [];
  let effect = false;
  walk(expr, (node) => {
    if (node.kind === "gate" || node.kind === "handler") effect = true;
    if (node.kind !== "call-of" || node.callee.kind !== "name") return;
    const ref = check.pass.refs.get(node.callee);
    if (ref?.kind === "task") found.push(ref.task);
    // What a flow does is looked at where it stands.
    if (ref?.kind === "flow") effect = true;
    if (ref?.kind === "task" && !isPure(ref.task)) effect = true;
  });
  return effect ? null : found;
}

/** Only computes, or promises to do nothing else. */
export function isPure(task: Task): boolean {
  // One that neither does nor returns anything has been told.
  if (task.action === null) return task.result !== null;
  return task.settings.some(({ key, value }) => {
    const [part] = value.kind === "text" ? value.parts : [];
    return key.text === "effect" && part?.kind === "chars" && part.text === "pure";
  });
}

/** Takes a statement out, if it has its lines for itself. */
export function removal(statement: Binding, scope: Scope): Fix | null {
  const { text } = scope.home.module.file.source;
  const start = text.lastIndexOf("\n", statement.span.start) + 1;
  const end = text.indexOf("\n", statement.span.end);
  const alone =
    text.slice(start, statement.span.start).trim() === "" &&
    text.slice(statement.span.end, end).trim() === "";
  return alone && end !== -1 ? replace("Remove it", { start, end: end + 1 }, "") : null;
}
