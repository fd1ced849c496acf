// What stands above a gate and should stand below it: an effect on what the gate has yet to check.

import type { Binding, Expr, Gate, Statement } from "../grammar/ast.ts";
import { walk } from "../grammar/walk.ts";
import { isPure } from "./check-dead.ts";
import { at, type Check, type Scope, tell } from "./check-state.ts";
import { blindGate, unguardedEffect } from "./errors-flows.ts";

/**
 * A task is called for its effect alone, on something that a gate below in the same block checks, and no check looks
 * at what it did: then the effect comes before the check that should guard it.
 */
export function tellUnguarded(check: Check, statements: readonly Statement[], scope: Scope): void {
  if (check.trial || !statements.some(({ kind }) => kind === "gate")) return;
  const told = new Set<Binding>();
  for (const [index, gate] of statements.entries()) {
    if (gate.kind !== "gate") continue;
    const above = statements.slice(0, index);
    if (above.some((one) => makes(check, one)) && isBlind(check, gate))
      tell(check, blindGate(at(scope, gate.name), gate.name.text));
    const checked = checkedBy(check, gate);
    for (const statement of above) {
      if (statement.kind !== "binding" || told.has(statement) || checked.has(statement)) continue;
      const task = effectOf(check, statement);
      if (task === null) continue;
      const used = [...madeIn(check, statement.value.expr)].find((made) => checked.has(made));
      const one = used === undefined ? undefined : checked.get(used);
      if (used === undefined || one === undefined) continue;
      told.add(statement);
      const place = at(scope, statement.value.expr);
      tell(check, unguardedEffect(place, task, used.name?.text ?? "it", gate.name.text, at(scope, one)));
    }
  }
}

function makes(check: Check, statement: Statement): boolean {
  return (
    statement.kind === "phase" ||
    (statement.kind === "binding" && check.pass.makesNode.has(statement.value.expr))
  );
}

/** Can none of its checks see what is above? They call tasks that only compute, with nothing that was made there. */
function isBlind(check: Check, gate: Gate): boolean {
  return (
    gate.checks.length > 0 &&
    gate.checks.every((one) => {
      if (one.kind !== "check" || madeIn(check, one.node.expr).size > 0 || one.node.after.length > 0)
        return false;
      let calls = 0;
      let sees = false;
      walk(one.node, (node) => {
        if (node.kind !== "call-of" || node.callee.kind !== "name") return;
        const ref = check.pass.refs.get(node.callee);
        if (ref?.kind === "builtin") return;
        calls++;
        sees ||= ref?.kind !== "task" || !isPure(ref.task);
      });
      return calls > 0 && !sees;
    })
  );
}

/** The task that a statement calls for nothing but what it does. */
function effectOf(check: Check, statement: Binding): string | null {
  const { expr } = statement.value;
  if (expr.kind !== "call-of" || expr.callee.kind !== "name") return null;
  const ref = check.pass.refs.get(expr.callee);
  if (ref?.kind !== "task" || ref.task.answer !== null || isPure(ref.task)) return null;
  return ref.task.name.text;
}

/** Nodes that the checks of a gate look at, each with the check that does. */
function checkedBy(check: Check, gate: Gate): ReadonlyMap<Binding, Gate["checks"][number]> {
  const found = new Map<Binding, Gate["checks"][number]>();
  for (const one of gate.checks) {
    if (one.kind !== "check") continue;
    const after = one.node.after.flatMap((word) => bound(check, word));
    for (const made of [...madeIn(check, one.node.expr), ...after])
      if (!found.has(made)) found.set(made, one);
  }
  return found;
}

function bound(check: Check, word: Gate["name"]): readonly Binding[] {
  const ref = check.pass.refs.get(word);
  return ref?.kind === "binding" ? [ref.binding] : [];
}

/** Names of nodes that a value is made of, also by way of plain values. */
function madeIn(check: Check, expr: Expr): ReadonlySet<Binding> {
  const made = new Set<Binding>();
  const seen = new Set<Binding>();
  const open: Expr[] = [expr];
  for (let next = open.pop(); next !== undefined; next = open.pop())
    walk(next, (node) => {
      const ref = node.kind === "name" ? check.pass.refs.get(node) : undefined;
      if (ref?.kind !== "binding" || seen.has(ref.binding)) return;
      seen.add(ref.binding);
      if (check.pass.makesNode.has(ref.binding.value.expr)) made.add(ref.binding);
      else open.push(ref.binding.value.expr);
    });
  return made;
}
