// The draft of a plan while it is lowered: what was made so far, and the frames in which names are looked up.

import { posix } from "node:path";
import type { Expr as AstExpr, Call, Constant, Flow, Place, Task } from "../grammar/ast.ts";
import type { Host } from "./host.ts";
import type { Seen } from "./plan.ts";
import type { Expr } from "./plan-expr.ts";
import type { LimitPlan } from "./plan-limits.ts";
import type { SlotRef, Step } from "./plan-steps.ts";
import type { Module, Program, Ref } from "./program.ts";
import type { Type } from "./types.ts";

/** What one call of `lower` gathers. */
export interface Draft {
  readonly program: Program;
  readonly host: Host;
  /** Null while the step whose place this is is being lowered. */
  readonly steps: (Step | null)[];
  readonly seen: Map<string, Seen>;
  readonly secrets: Set<string>;
  /** Declared runners that tasks use, with their names in the plan. */
  readonly runners: Map<Place, { readonly name: string; readonly module: Module }>;
  /** Declared limits that tasks use. */
  readonly limits: Map<Place, LimitPlan>;
  /** The same of agents. */
  readonly agents: Map<Place, { readonly name: string; readonly module: Module }>;
  /** Tasks and flows that are used, in the order met; a Map keeps it. */
  readonly used: Map<Task | Flow, Module>;
  /** Constants that are being inlined: a circle was told by the checker, and must not hang us. */
  readonly inlining: Set<Constant>;
}

/** A block's frame while it is lowered. A task's parameters are a frame without steps. */
export interface Frame {
  readonly parent: Frame | null;
  /** Ids of its steps by slot. */
  readonly steps: number[];
  /** Slot of each definition: a binding, a parameter, a loop variable. */
  readonly slots: Map<object, number>;
  /** Of definitions in phases of this block, from which slot and how to get there. */
  readonly below: Map<object, { readonly i: number; readonly in: readonly number[] }>;
  /** How often a name was given in this block. */
  readonly names: Map<string, number>;
  /** The last phase or gate so far: what stands below waits for it. */
  barrier: Barrier | null;
  /** What calls that are not bound are named after, instead of their task. */
  label: string | null;
}

export interface Barrier {
  readonly slot: number;
  readonly kind: "phase" | "gate";
  /** Slot of the `join` that what unfolds into frames below it waits for, once there is any. */
  join: number | null;
}

/** Where an expression stands. */
export interface Scope {
  readonly draft: Draft;
  readonly module: Module;
  /** Null in constants and defaults. */
  readonly frame: Frame | null;
  /** Loop variables and bindings of the pure blocks around it, by definition. */
  readonly locals: ReadonlyMap<object, number>;
  /** How many locals are bound around it: the number of the next one. A constant sees none of them. */
  readonly bound: number;
  /** Makes a step of an expression that needs one and gives its value as a type; null where no node may stand. */
  readonly hoist: ((expr: AstExpr, scope: Scope, to: Type | null) => Expr) | null;
}

export function newFrame(parent: Frame | null): Frame {
  return {
    parent,
    steps: [],
    slots: new Map(),
    below: new Map(),
    names: new Map(),
    barrier: null,
    label: null,
  };
}

/** The definition a value's reference points at; null for what is no slot or local. */
export function definitionOf(ref: Ref): object | null {
  switch (ref.kind) {
    case "param":
      return ref.param;
    case "binding":
      return ref.binding;
    case "item":
      return ref.loop.lists[ref.index] ?? null;
    case "deps":
      return ref.loop.after;
    case "last":
      return ref.loop;
    case "phase":
      return ref.phase;
    case "gate":
      return ref.gate;
    case "failure":
      return ref.handler;
    default:
      return null;
  }
}

/** Slot of a definition as seen from a frame; null if no frame around has it. */
export function slotOf(definition: object, frame: Frame | null): SlotRef | null {
  let up = 0;
  for (let at = frame; at !== null; at = at.parent) {
    const i = at.slots.get(definition);
    if (i !== undefined) return { up, i };
    const inside = at.below.get(definition);
    if (inside !== undefined) return { up, ...inside };
    up++;
  }
  return null;
}

/** The slot of a task's early field, if that is what the task's own slot stands for; else null. */
export function earlySlot(task: SlotRef, field: string, scope: Scope): SlotRef | null {
  let { frame } = scope;
  for (let k = 0; k < task.up; k++) frame = frame?.parent ?? null;
  let steps: readonly number[] = frame?.steps ?? [];
  let last = task.i;
  for (const slot of task.in ?? []) {
    const phase = scope.draft.steps[steps[last] ?? -1];
    if (phase?.kind !== "phase") return null;
    steps = phase.body.steps;
    last = slot;
  }
  for (let i = last + 1; i < steps.length; i++) {
    const step = scope.draft.steps[steps[i] ?? -1];
    if (step?.kind !== "early" || step.of !== last) return null;
    if (step.field !== field) continue;
    return task.in === undefined ? { up: task.up, i } : { ...task, in: [...task.in.slice(0, -1), i] };
  }
  return null;
}

/** A name for a step in its block: the second of the same is `name~2`. */
export function uniqueName(frame: Frame, name: string): string {
  const count = (frame.names.get(name) ?? 0) + 1;
  frame.names.set(name, count);
  return count === 1 ? name : `${name}~${count}`;
}

/** Takes the next slot of a frame; `fillStep` puts the step there. */
export function reserveStep(draft: Draft, frame: Frame): { readonly id: number; readonly slot: number } {
  const id = draft.steps.length;
  draft.steps.push(null);
  frame.steps.push(id);
  return { id, slot: frame.steps.length - 1 };
}

export function addStep(draft: Draft, frame: Frame, make: (id: number) => Step): number {
  const { id, slot } = reserveStep(draft, frame);
  draft.steps[id] = make(id);
  return slot;
}

/** The task or flow a call names; null for a built-in. */
export function calledNode(
  call: Call,
  program: Program,
): Extract<Ref, { kind: "task" } | { kind: "flow" }> | null {
  const ref = call.callee.kind === "name" ? program.refs.get(call.callee) : undefined;
  return ref?.kind === "task" || ref?.kind === "flow" ? ref : null;
}

/** Is it `rollback()`? */
export function isRollback(expr: AstExpr, program: Program): boolean {
  if (expr.kind !== "call-of" || expr.callee.kind !== "name") return false;
  const ref = program.refs.get(expr.callee);
  return ref?.kind === "builtin" && ref.name === "rollback";
}

/** A type the checker found; a plan is only made of programs where each expression has one. */
export function typeIn(program: Program, expr: AstExpr): Type {
  return program.typeOf.get(expr) ?? { kind: "error" };
}

/** A path written in a module, relative to its `.flow` file, as seen from the project's root. */
export function fromRoot(module: Module, path: string): string {
  return posix.normalize(posix.join(posix.dirname(module.path), path)).replace(/(?<=.)\/$/, "");
}

/** Records what is at a path of the project. */
export function seePath(draft: Draft, kind: "file" | "dir", path: string): void {
  if (draft.seen.has(`${kind}:${path}`)) return;
  const seen = draft.host.see(kind, posix.join(draft.host.root, path));
  if (seen !== null) draft.seen.set(`${kind}:${path}`, seen);
}

/** Records what a glob matches under a folder, relative to the root, of the project. */
export function seeGlob(draft: Draft, pattern: string, folder: string): Seen {
  const key = `glob:${folder}:${pattern}`;
  const known = draft.seen.get(key);
  if (known !== undefined) return known;
  const seen = draft.host.glob(pattern, posix.join(draft.host.root, folder));
  draft.seen.set(key, seen);
  return seen;
}
