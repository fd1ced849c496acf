// What a task claims: the files it may write, those that its `return` gives out of the project, and its branch of git.

import type { Plan } from "../compiler/plan.ts";
import type { Expr } from "../compiler/plan-expr.ts";
import type { TaskPlan } from "../compiler/plan-tasks.ts";

/** Globs, relative to the project's root; and branches of git. */
export interface Claim {
  readonly writes: readonly string[];
  readonly outputs: readonly string[];
  readonly branches: readonly string[];
}

export interface Output {
  readonly path: Expr;
  readonly dir: boolean;
}

const outputs = new WeakMap<TaskPlan, readonly Output[]>();

/** Does a task say anything of files of the project? Most do not, and cost nothing. */
export function mayClaim(task: TaskPlan): boolean {
  const { writes, reads, workspace } = task.settings;
  if (writes !== null || workspace?.kind === "worktree") return true;
  return reads === null && outputsOf(task).length > 0;
}

/** Does any task of a plan, or a `with` in it? */
export function anyClaims({ steps }: Plan, infos: readonly { readonly task: TaskPlan | null }[]): boolean {
  return (
    infos.some(({ task }) => task !== null && mayClaim(task)) ||
    steps.some(
      (step) =>
        "overrides" in step &&
        (step.overrides?.writes !== undefined || step.overrides?.workspace !== undefined),
    )
  );
}

/** `file(…)`, `files(…)` and `dir(…)` of its `return`, whose paths depend on nothing but its parameters. */
export function outputsOf(task: TaskPlan): readonly Output[] {
  const known = outputs.get(task);
  if (known !== undefined) return known;
  const found: Output[] = [];
  const look = (value: unknown): void => {
    if (typeof value !== "object" || value === null) return;
    const call = outputIn(value);
    if (call !== null && ofParams(call.path)) found.push(call);
    for (const part of Object.values(value)) look(part);
  };
  look(task.result);
  outputs.set(task, found);
  return found;
}

function outputIn(value: object): Output | null {
  if (!isExpr(value) || value.k !== "call") return null;
  const [path] = value.args;
  const named = value.fn === "file" || value.fn === "files" || value.fn === "dir";
  return named && path !== undefined && value.args.length === 1 ? { path, dir: value.fn === "dir" } : null;
}

function isExpr(value: object): value is Expr {
  return "k" in value && typeof value.k === "string";
}

function ofParams(expr: Expr): boolean {
  switch (expr.k) {
    case "lit":
    case "slot":
      return true;
    case "field":
      return ofParams(expr.of);
    case "concat":
      return ofParams(expr.left) && ofParams(expr.right);
    case "text":
      return expr.parts.every((part) => typeof part === "string" || ofParams(part.expr));
    default:
      return false;
  }
}
