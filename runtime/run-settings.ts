// Settings of a node as they hold for it: its task's, and every `with` around it, the innermost first.

import type { TaskSettings } from "../compiler/plan-tasks.ts";
import { assert } from "./bug.ts";
import { type Need, needOf } from "./room.ts";
import type { Cells } from "./run-cells.ts";
import { FALLBACK } from "./run-codes.ts";
import { rankOfPriority } from "./step-info.ts";

/** A `with`, and the frame whose slots its expressions mean. */
export interface Layer {
  readonly overrides: Partial<TaskSettings>;
  /** The cell that it stands on. */
  readonly cell: number;
  readonly frame: number;
}

const none: readonly Layer[] = [];

/** Every `with` that holds for a node, the innermost first. That of a node does not hold for its own `otherwise`. */
export function layersOf(run: Cells, n: number): readonly Layer[] {
  if (!run.hasOverrides) return none;
  const undoing = run.ends.undoes.get(n);
  // What stands behind `rollback()` goes before what stood behind the call.
  if (undoing !== undefined) {
    const rollback = run.frameOwners.get(run.frames.get(n));
    return [...layersOf(run, rollback), ...layersOf(run, undoing.of)];
  }
  const layers: Layer[] = [];
  let role = -1;
  for (let at = n; at > 0; ) {
    const loop = run.of.get(at);
    if (loop >= 0) {
      at = loop;
      continue;
    }
    const { step } = run.info(at);
    const frame = run.frames.get(at);
    if (role !== FALLBACK && "overrides" in step && step.overrides !== null)
      layers.push({ overrides: step.overrides, cell: at, frame });
    role = run.frameRoles.get(frame);
    at = run.frameOwners.get(frame);
  }
  return layers;
}

/** The settings without the expressions: those that need nothing to be evaluated. */
export type PlainSettings = Omit<
  TaskSettings,
  | "timeout"
  | "stall"
  | "reads"
  | "writes"
  | "workspace"
  | "cache"
  | "env"
  | "undo"
  | "affinity"
  | "budget"
  | "session"
>;

/** Settings known before the node's arguments are. */
export function plainSettings(run: Cells, n: number): PlainSettings {
  const { task } = run.info(n);
  assert(task !== null, `cell ${n} is no node`);
  const layers = layersOf(run, n);
  if (layers.length === 0) return task.settings;
  const merged: TaskSettings = { ...task.settings };
  for (const { overrides } of layers.toReversed()) Object.assign(merged, overrides);
  return merged;
}

/** What it needs while it runs on this machine. */
export function needsOf(run: Cells, n: number): Need {
  // Asked several times for each node of every run, and hardly ever another than the task's own.
  const undoes = run.ends.undoes.size > 0 && run.ends.undoes.has(n);
  if (!run.hasOverrides && !undoes) return run.info(n).need;
  const { needs, runner } = plainSettings(run, n);
  // What takes a call back is a command.
  const isCall = run.info(n).task?.action?.kind === "call" && !undoes;
  return needOf(needs, isCall ? null : runner);
}

/** 0 starts before 1 before 2. */
export function rankOf(run: Cells, n: number): number {
  return run.hasOverrides ? rankOfPriority(plainSettings(run, n).priority) : run.info(n).rank;
}

/** May it be done only once? What takes it back may be repeated. */
export function isOnce(run: Cells, n: number): boolean {
  return (
    n > 0 && !run.ends.undoes.has(n) && run.kindOf(n) === "task" && plainSettings(run, n).effect === "once"
  );
}
