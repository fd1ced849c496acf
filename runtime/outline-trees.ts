// Worktrees that a run is going to need, as far as that is known before it starts.

import type { Plan } from "../compiler/plan.ts";
import type { Expr } from "../compiler/plan-expr.ts";
import type { Value } from "../compiler/types.ts";
import { evaluate, paramScope } from "./evaluate.ts";
import type { WorktreeSpec } from "./git/worktree.ts";
import { usesKnown } from "./node-claims.ts";
import { known, outlineOf } from "./outline.ts";
import type { Run } from "./run.ts";
import { type Layer, layersOf } from "./run-settings.ts";
import { asString, attempt, type FileAccess, type Scope } from "./values.ts";

export interface TreeAhead {
  /** Of its node. */
  readonly name: string;
  /** What is not known yet is null, too. */
  readonly spec: WorktreeSpec;
  /** It has a branch, and that is known. */
  readonly branched: boolean;
  /** Its node waits for nothing: it starts as everything is now. */
  readonly first: boolean;
}

/** Those of the nodes that are known. */
export function treesAhead(
  plan: Plan,
  inputs: Readonly<Record<string, Value>>,
  files: FileAccess,
): readonly TreeAhead[] {
  if (!hasTrees(plan)) return [];
  const run = known(plan, inputs, files);
  return outlineOf(run).nodes.flatMap(({ n, name, dependencies }) => {
    const spec = specOf(run, n);
    return spec === null ? [] : [{ name, ...spec, first: dependencies.length === 0 }];
  });
}

function hasTrees({ tasks, steps }: Plan): boolean {
  const settings = [...Object.values(tasks).map((task) => task.settings), ...steps.map(overridesOf)];
  return settings.some((each) => each?.workspace?.kind === "worktree");
}

function overridesOf(step: Plan["steps"][number]) {
  return "overrides" in step ? step.overrides : null;
}

function specOf(run: Run, n: number): Pick<TreeAhead, "spec" | "branched"> | null {
  const { step, task } = run.info(n);
  if (task === null || step.kind !== "task") return null;
  const layer = layersOf(run, n).find(({ overrides }) => overrides.workspace !== undefined);
  const workspace = layer?.overrides.workspace ?? task.settings.workspace;
  if (workspace?.kind !== "worktree") return null;
  const scope = layer === undefined ? ownScope(run, n, step.args) : layerScope(run, layer);
  const text = (expr: Expr | null): string | null => (expr === null ? null : textOf(expr, scope));
  const { branch, from, into } = workspace;
  const spec = { branch: text(branch), from: text(from), into: text(into) };
  return { spec, branched: branch !== null && spec.branch !== null };
}

/** Null: what it gets is not known yet. */
function ownScope(run: Run, n: number, args: readonly Expr[]): Scope | null {
  if (!usesKnown(run, n)) return null;
  const scope = run.scope(run.frames.get(n));
  const values = attempt(() => args.map((arg) => evaluate(arg, scope)));
  return "value" in values ? paramScope(values.value, run.plan.types, run.files) : null;
}

function layerScope(run: Run, { cell, frame }: Layer): Scope | null {
  return usesKnown(run, cell) ? run.scope(frame) : null;
}

/** Null: it is not known yet. */
function textOf(expr: Expr, scope: Scope | null): string | null {
  if (expr.k === "lit") return typeof expr.v === "string" ? expr.v : null;
  if (scope === null) return null;
  const found = attempt(() => asString(evaluate(expr, scope)));
  return "value" in found ? found.value : null;
}
