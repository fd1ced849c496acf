// What a node claims of the project, as soon as the values are known that it depends on.

import type { TaskPlan } from "../compiler/plan-tasks.ts";
import type { Value } from "../compiler/types.ts";
import { evaluate, paramScope } from "./evaluate.ts";
import type { Cells } from "./run-cells.ts";
import { type Layer, layersOf } from "./run-settings.ts";
import { type Claim, mayClaim, outputsOf } from "./task-claims.ts";
import { asList, asString, attempt, type Scope } from "./values.ts";

/** Null if it claims nothing, or what it claims is not known yet. */
export function claimOf(run: Cells, n: number): Claim | null {
  const { step, task } = run.info(n);
  if (task === null || step.kind !== "task") return null;
  const layers = layersOf(run, n);
  const wider = layers.some(
    ({ overrides }) => overrides.writes !== undefined || overrides.workspace !== undefined,
  );
  if (!wider && !mayClaim(task)) return null;
  if (!usesKnown(run, n)) return null;
  const found = attempt((): Claim => {
    const scope = run.scope(run.frames.get(n));
    const own = paramScope(
      step.args.map((arg) => evaluate(arg, scope)),
      run.plan.types,
      run.files,
    );
    const layer = layers.find(({ overrides }) => overrides.writes !== undefined);
    const writes = layer?.overrides.writes ?? (layer === undefined ? task.settings.writes : null);
    const reads = layers.find(({ overrides }) => overrides.reads !== undefined)?.overrides.reads;
    const branches = branchesOf(run, task, layers, own);
    const project = (reads === undefined ? task.settings.reads : reads) === null;
    if (!project) return { writes: [], outputs: [], branches };
    const outputs = branches.length > 0 ? [] : pathsOf(task, own);
    if (layer !== undefined && !usesKnown(run, layer.cell)) return { writes: [], outputs, branches };
    return {
      branches,
      outputs,
      writes:
        writes === null ? [] : texts(evaluate(writes, layer === undefined ? own : run.scope(layer.frame))),
    };
  });
  // What cannot be computed fails its node when it starts.
  if (!("value" in found)) return null;
  const { writes, outputs, branches } = found.value;
  return writes.length + outputs.length + branches.length > 0 ? found.value : null;
}

/** The branch that it works on, if it has one and that is known. */
function branchesOf(run: Cells, task: TaskPlan, layers: readonly Layer[], own: Scope): readonly string[] {
  const layer = layers.find(({ overrides }) => overrides.workspace !== undefined);
  const workspace = layer?.overrides.workspace ?? task.settings.workspace;
  if (workspace?.kind !== "worktree" || workspace.branch === null) return [];
  if (layer !== undefined && !usesKnown(run, layer.cell)) return [];
  const scope = layer === undefined ? own : run.scope(layer.frame);
  return [asString(evaluate(workspace.branch, scope))];
}

function usable(
  run: Cells,
  n: number,
  up: number,
  i: number,
  inside: readonly number[] | undefined,
): boolean {
  return run.good(run.cellAt(run.frames.get(n), up, i, inside));
}

/** Are all values there that a cell's expressions read? */
export function usesKnown(run: Cells, cell: number): boolean {
  return run
    .info(cell)
    .step.uses.every(({ kind, up, i, in: inside }) => kind === "order" || usable(run, cell, up, i, inside));
}

function pathsOf(task: TaskPlan, scope: Scope): readonly string[] {
  return outputsOf(task).flatMap(({ path, dir }) => {
    const found = attempt(() => asString(evaluate(path, scope)));
    return "value" in found ? [dir ? inside(found.value) : found.value] : [];
  });
}

function inside(folder: string): string {
  const path = folder.replace(/^(?:\.\/+)+|\/+$/g, "");
  return path === "" || path === "." ? "**" : `${path}/**`;
}

function texts(value: Value): readonly string[] {
  return asList(value).map(asString);
}
