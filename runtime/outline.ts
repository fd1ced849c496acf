// What `flowc plan` shows: the nodes known now, what each waits for, and the templates that will grow.

import type { Plan } from "../compiler/plan.ts";
import type { Block, EdgeKind, Step } from "../compiler/plan-steps.ts";
import type { TaskPlan } from "../compiler/plan-tasks.ts";
import type { Value } from "../compiler/types.ts";
import { type LimitSpan, limitSpan } from "./outline-limits.ts";
import { worstSeconds } from "./outline-times.ts";
import { apply, createRun, type Run } from "./run.ts";
import { deadlineOf, limitOf } from "./run-clocks.ts";
import { BRANCH, FALLBACK, FINALLY, ON_FAILURE, PASS, WANTS } from "./run-codes.ts";
import { prefixOf } from "./run-names.ts";
import { passFrame, timesOf } from "./run-outcomes.ts";
import { callFrame, recursiveCall } from "./run-recursion.ts";
import { unfold } from "./unfold.ts";
import { attempt, type FileAccess } from "./values.ts";

/** Name of a node, or of the `for`, `if` or flow call that is waited for as a whole. */
export interface OutlineDependency {
  readonly of: string;
  readonly kind: EdgeKind;
}

export interface OutlineNode {
  /** Its number, the same as in a run with the same inputs. */
  readonly n: number;
  readonly name: string;
  readonly task: string;
  /** Key of the innermost item it belongs to. */
  readonly key: string | null;
  readonly dependencies: readonly OutlineDependency[];
  /** Seconds that it may take at most, with all its repeats; null: no end is set, or it is not known yet. */
  readonly worst: number | null;
}

/** Why the nodes of a template are not known yet. */
export type TemplateKind = "for" | "repeat" | "recursion" | "otherwise" | "on failure" | "finally";

/**
 * What will be made when something is known: items of a `for`, further passes or calls, nodes of an `otherwise` or of a
 * handler.
 */
export interface OutlineTemplate {
  /** The `for`, `repeat` or call, what the `otherwise` stands behind; of a handler what its nodes' names begin with. */
  readonly name: string;
  readonly kind: TemplateKind;
  /** Names inside, as they will be, with `[…]` for keys not known and `#…` for passes. */
  readonly nodes: readonly { readonly name: string; readonly task: string }[];
  readonly dependencies: readonly OutlineDependency[];
}

export interface Outline {
  readonly nodes: readonly OutlineNode[];
  readonly templates: readonly OutlineTemplate[];
  /** Blocks that have so many seconds, by name; null: not known yet. */
  readonly deadlines: readonly { readonly name: string; readonly seconds: number | null }[];
  /** What makes it take longest of what limits allow; null: nothing waits for them, as far as is known. */
  readonly limits: LimitSpan | null;
  /** What cannot work with these inputs, told before the run. */
  readonly problems: readonly { readonly name: string; readonly message: string }[];
}

/** A recursion of which everything is known is followed until there are so many cells; what is left is told by name. */
const grownMax = 200_000;

/** The graph as far as it is known with these inputs; a missing one without a default is a value not yet known. */
export function outline(plan: Plan, inputs: Readonly<Record<string, Value>>, files: FileAccess): Outline {
  return outlineOf(known(plan, inputs, files));
}

/** The outline's problems alone, for who wants to see no more of it. */
export function problemsOf(
  plan: Plan,
  inputs: Readonly<Record<string, Value>>,
  files: FileAccess,
): Outline["problems"] {
  return problems(known(plan, inputs, files));
}

/** A run that has not begun, grown as far as it can be. */
export function known(plan: Plan, inputs: Readonly<Record<string, Value>>, files: FileAccess): Run {
  const run = createRun({ id: "plan", plan, files, still: true });
  const options = { jobs: 1, failFast: false, only: null };
  apply(run, { type: "run.started", at: 0, plan: "", inputs, options, durations: {}, flowc: "" });
  grow(run, 0);
  // What became known only by the growth itself, such as the value of an empty `for`, or calls within calls.
  for (let i = 0; i < run.wanted.length && run.size < grownMax; i++) {
    const n = run.wanted.get(i);
    if (run.has(n, WANTS) && (run.pendingItems.has(n) || recursiveCall(run, n) !== null)) grow(run, n);
  }
  return run;
}

function grow(run: Run, n: number): void {
  const { first, count, hash } = unfold(run, n);
  apply(run, { type: "grown", at: 0, n, first, count, hash });
}

/** The outline of a run as it stands. */
export function outlineOf(run: Run): Outline {
  const shown = new Shown(run);
  const nodes: OutlineNode[] = [];
  const templates: OutlineTemplate[] = [];
  const deadlines: { name: string; seconds: number | null }[] = [];
  for (let n = 0; n < run.size; n++) aboutBlock(run, n, templates, deadlines);
  for (let n = 1; n < run.size; n++) {
    if (run.states.get(n) === BRANCH) continue;
    const kind = run.kindOf(n);
    if (kind === "item") continue;
    const { step, task } = run.info(n);
    if (task !== null) {
      const { name } = task;
      const worst = worstSeconds(run, n);
      const dependencies = shown.dependencies(n);
      nodes.push({ n, name: run.name(n), task: name, key: run.key(n), dependencies, worst });
    }
    if (step.kind === "for" && !run.loops.has(n) && !run.settled(n))
      templates.push(template(run, n, step.body, "for", shown));
    if (step.kind === "repeat" && !run.settled(n) && mayRepeat(run, n))
      templates.push(template(run, n, step.body, "repeat", shown));
    const call = recursiveCall(run, n);
    if (call !== null && callFrame(run, n) < 0 && !run.settled(n))
      templates.push(template(run, n, bodyOf(run.plan, call.flow), "recursion", shown, call.flow));
    if ("otherwise" in step && step.otherwise !== null && run.fallbackOf(n) < 0 && !run.settled(n))
      templates.push(template(run, n, step.otherwise, "otherwise", shown));
  }
  return { nodes, templates, deadlines, limits: limitSpan(run), problems: problems(run) };
}

function problems(run: Run): Outline["problems"] {
  const found: { name: string; message: string }[] = [];
  for (const [n, { why, message }] of [...run.errors].sort(([a], [b]) => a - b)) {
    if (n === 0) found.push({ name: run.plan.flow, message });
    // What is tolerated or answered is no reason not to run.
    else if (why === null && run.doomed && run.kindOf(n) !== "item" && run.states.get(n) !== BRANCH)
      found.push({ name: visibleName(run, n), message });
  }
  return found;
}

/** The handlers and the deadline of the block that a cell owns. */
function aboutBlock(
  run: Run,
  n: number,
  templates: OutlineTemplate[],
  deadlines: { name: string; seconds: number | null }[],
): void {
  const kind = run.kindOf(n);
  if ((kind !== "entry" && kind !== "flow" && kind !== "phase") || run.states.get(n) === BRANCH) return;
  const f = run.mainFrame(n);
  // A call that is still to be made is a template itself.
  if (f < 0) return;
  const block = run.block(f);
  const made = run.ends.handling.get(n);
  for (const [role, inner, frame] of [
    [ON_FAILURE, block.handlers?.failure, made?.failure],
    [FINALLY, block.handlers?.final, made?.final],
  ] as const) {
    if (inner == null || (frame ?? -1) >= 0 || run.settled(n)) continue;
    const prefix = prefixOf(run, n, role);
    const nodes: { name: string; task: string }[] = [];
    inside(run.plan, inner, prefix, nodes, new Set());
    if (hasRollback(run.plan, inner)) nodes.push(...undos(run.plan, block, n === 0 ? "" : `${run.name(n)}.`));
    const handler = role === ON_FAILURE ? "on failure" : "finally";
    templates.push({ name: prefix.slice(0, -1), kind: handler, nodes, dependencies: [] });
  }
  if (deadlineOf(run, n) === null) return;
  const limit = limitOf(run, n);
  deadlines.push({ name: run.name(n), seconds: limit !== null && "seconds" in limit ? limit.seconds : null });
}

function hasRollback(plan: Plan, block: Block): boolean {
  return block.steps.some((id) => {
    const step = plan.steps[id];
    if (step?.kind === "if")
      return [step.then, step.else].some((inner) => inner !== null && hasRollback(plan, inner));
    return step?.kind === "rollback";
  });
}

/** What `rollback()` may take back of a block. */
function undos(plan: Plan, block: Block, prefix: string): readonly { name: string; task: string }[] {
  const nodes: { name: string; task: string }[] = [];
  inside(plan, block, prefix, nodes, new Set());
  return nodes
    .filter(({ task }) => canUndo(plan.tasks[task]))
    .map(({ name, task }) => ({ name: `${name}~undo`, task }));
}

/** It says how, or what it merges is reverted. */
function canUndo(task: TaskPlan | undefined): boolean {
  const { undo = null, workspace } = task?.settings ?? {};
  return undo !== null || (workspace?.kind === "worktree" && workspace.into !== null);
}

/** May there be a pass besides those that are there? */
function mayRepeat(run: Run, n: number): boolean {
  const f = passFrame(run, n);
  if (f < 0) return true;
  const times = attempt(() => timesOf(run, n));
  return "value" in times && run.frameRoles.get(f) - PASS < times.value;
}

/** The name of a cell, or for a plain value that of what it stands in. */
function visibleName(run: Run, n: number): string {
  const own = run.name(n);
  if (own !== "") return own;
  const { step } = run.info(n);
  const variable = step.kind === "let" || step.kind === "var" ? step.variable : "";
  const frame = run.frames.get(n);
  return `${prefixOf(run, run.frameOwners.get(frame), run.frameRoles.get(frame))}${variable}`;
}

function template(
  run: Run,
  n: number,
  block: Block,
  kind: Exclude<TemplateKind, "on failure" | "finally">,
  shown: Shown,
  flow: string | null = null,
): OutlineTemplate {
  const name = run.name(n);
  const prefix = {
    for: `${name}[…].`,
    repeat: `${name}#….`,
    recursion: `${name}.`,
    otherwise: prefixOf(run, n, FALLBACK),
  }[kind];
  const nodes: { name: string; task: string }[] = [];
  inside(run.plan, block, prefix, nodes, new Set(flow === null ? [] : [flow]));
  return { name, kind, nodes, dependencies: kind === "otherwise" ? [] : shown.dependencies(n) };
}

function bodyOf(plan: Plan, flow: string): Block {
  return plan.flows[flow]?.body ?? { steps: [], result: null };
}

/** Nodes that a block will make, one for each template, by the names they will have. */
function inside(
  plan: Plan,
  block: Block,
  prefix: string,
  found: { name: string; task: string }[],
  open: Set<string>,
): void {
  for (const id of block.steps) {
    const step: Step | undefined = plan.steps[id];
    // Plain values and points of order have no name; checks go by what they call.
    if (step === undefined || step.name === "") continue;
    const name = `${prefix}${step.name}`;
    if (step.kind === "task") found.push({ name, task: step.task });
    else if (step.kind === "for") inside(plan, step.body, `${name}[…].`, found, open);
    else if (step.kind === "repeat") inside(plan, step.body, `${name}#….`, found, open);
    else if (step.kind === "phase" || step.kind === "gate") inside(plan, step.body, `${name}.`, found, open);
    else if (step.kind === "if") {
      inside(plan, step.then, `${name}.`, found, open);
      if (step.else !== null) inside(plan, step.else, `${name}.else.`, found, open);
    } else if (step.kind === "flow") {
      const flow = plan.flows[step.flow];
      if (flow !== undefined && !open.has(step.flow))
        inside(plan, flow.body, `${name}.`, found, new Set([...open, step.flow]));
    }
    if ("otherwise" in step && step.otherwise !== null)
      inside(plan, step.otherwise, `${name}.otherwise.`, found, open);
  }
}

/** Dependencies between what people see: plain values and points of order are looked through. */
class Shown {
  private readonly run: Run;
  /** What people see behind a cell that they do not. */
  private readonly behind = new Map<number, readonly (readonly [number, EdgeKind])[]>();

  constructor(run: Run) {
    this.run = run;
  }

  /** Each once, in plan order; data goes before order, and what waits for the whole before what is early. */
  dependencies(n: number): readonly OutlineDependency[] {
    const { run } = this;
    const kinds = new Map<number, EdgeKind>();
    for (const { n: other, kind } of run.dependencies(n)) {
      const around = run.frameGuards.get(run.frames.get(n)) === other && run.kindOf(other) === "if";
      for (const [seen, way] of around ? this.through(other, kind) : this.seen(other, kind))
        note(kinds, seen, way);
    }
    kinds.delete(n);
    return [...kinds].sort(([a], [b]) => a - b).map(([other, kind]) => ({ of: run.name(other), kind }));
  }

  /** The cell itself if it has a name, else what is behind it. */
  private seen(n: number, kind: EdgeKind): readonly (readonly [number, EdgeKind])[] {
    const own = this.run.kindOf(n);
    const plain = own === "let" || own === "var" || own === "join" || own === "early";
    return plain ? this.through(n, kind) : [[n, kind]];
  }

  /** What is behind a cell: an order that comes from a phase or gate says so, and what is early. */
  private through(n: number, kind: EdgeKind): readonly (readonly [number, EdgeKind])[] {
    return this.allBehind(n).map(([other, way]) => {
      const line = way === "phase" || way === "gate";
      return [other, (kind === "order" && line) || way === "early" ? way : kind];
    });
  }

  private allBehind(n: number): readonly (readonly [number, EdgeKind])[] {
    const known = this.behind.get(n);
    if (known !== undefined) return known;
    const found = new Map<number, EdgeKind>();
    for (const { n: other, kind } of this.run.dependencies(n))
      for (const [seen, way] of this.seen(other, kind)) note(found, seen, way);
    const list = [...found];
    this.behind.set(n, list);
    return list;
  }
}

/** Of several ways to one node the one that says most: data before order, and the whole of it before an early field. */
function note(kinds: Map<number, EdgeKind>, n: number, kind: EdgeKind): void {
  const known = kinds.get(n);
  if (known === undefined || known === "early" || (known !== "data" && kind !== "early")) kinds.set(n, kind);
}
