// Plans written by hand, for the tests of the pure core: a builder that knows slots, uses and frames.

import type { FlowPlan, InputSpec, Plan } from "../compiler/plan.ts";
import type { Expr } from "../compiler/plan-expr.ts";
import type { LimitPlan } from "../compiler/plan-limits.ts";
import type {
  Block,
  FlowStep,
  ForStep,
  Handlers,
  IfStep,
  RepeatStep,
  Step,
  Use,
  VarStep,
} from "../compiler/plan-steps.ts";
import type { TaskPlan, TaskSettings } from "../compiler/plan-tasks.ts";
import type { Type, Value } from "../compiler/types.ts";
import { type TaskOptions, taskPlan } from "./run-tasks.ts";
import { isExpr, usesOf } from "./run-uses.ts";

const json: Type = { kind: "json" };

// Expressions

/** A slot of a block under construction. */
export interface Slot {
  readonly in: Draft;
  readonly i: number;
}

export type Given = Slot | Expr | Value;

export function lit(v: Value): Expr {
  return { k: "lit", v };
}

export function local(i: number): Expr {
  return { k: "local", i };
}

export function call(fn: string, ...args: Expr[]): Expr {
  return { k: "call", fn, args, types: [] };
}

export function field(of: Expr, name: string): Expr {
  return { k: "field", of, name, maybe: false };
}

function isSlot(given: unknown): given is Slot {
  return typeof given === "object" && given !== null && "in" in given && given.in instanceof Draft;
}

// Blocks

export interface Extras {
  readonly after?: readonly Slot[];
  readonly with?: Partial<TaskSettings>;
  readonly otherwise?: (inner: Draft) => Slot | null;
}

export interface Loop extends Extras {
  readonly by?: Expr;
  readonly filter?: Expr;
  readonly waits?: Expr;
  readonly parallel?: number;
  readonly max?: number;
  readonly tolerate?: number;
  readonly enough?: number;
  readonly percent?: number;
  /** The body binds `deps`, given as the second slot. */
  readonly body: (inner: Draft, item: Slot, deps: Slot | null) => Slot | null;
}

/** A block under construction. */
export class Draft {
  readonly plan: Plans;
  readonly parent: Draft | null;
  readonly ids: number[] = [];
  /** Of a phase's block: its own slot. */
  slotOfPhase: Slot | null = null;
  /** What all that follows waits for. */
  barrier: Use | null = null;
  /** A handler: slots outside of it may not be there. */
  tolerant = false;
  /** Of a flow or phase. */
  mayHandle = false;
  handlers: Handlers | null = null;
  deadline: Expr | null = null;
  budget: Expr | null = null;

  constructor(plan: Plans, parent: Draft | null) {
    this.plan = plan;
    this.parent = parent;
  }

  expr(given: Given): Expr {
    if (isExpr(given)) return given;
    if (!isSlot(given)) return { k: "lit", v: given };
    let up = 0;
    let maybe = {};
    for (let at: Draft | null = this; at !== null; at = at.parent) {
      const plain = this.plan.steps[given.in.ids[given.i] ?? -1]?.kind === "var";
      if (at === given.in) return { k: "slot", up, i: given.i, ...(plain ? {} : maybe) };
      if (at.tolerant) maybe = { maybe: true };
      up++;
    }
    const phase = given.in.slotOfPhase;
    const outer = phase === null ? null : this.expr(phase);
    if (outer?.k !== "slot") throw new Error("a slot of a block that is not around");
    return { ...outer, in: [...(outer.in ?? []), given.i] };
  }

  order(slots: readonly Slot[] = []): Use[] {
    const uses = slots.map((slot): Use => {
      const expr = this.expr(slot);
      if (expr.k !== "slot") throw new Error("no slot");
      const { k: _, maybe, ...ref } = expr;
      return { ...ref, ...(maybe === true ? { tolerant: maybe } : {}), kind: "order" };
    });
    return this.barrier === null ? uses : [...uses, this.barrier];
  }

  add(make: (id: number) => Step): Slot {
    const id = this.plan.steps.length;
    this.plan.steps.push(make(id));
    this.ids.push(id);
    return { in: this, i: this.ids.length - 1 };
  }

  reserve(): { id: number; slot: Slot } {
    const slot = this.add((id) => ({ kind: "join", id, name: "", uses: [] }));
    return { id: this.plan.steps.length - 1, slot };
  }

  variable(source: VarStep["source"], variable: string): Slot {
    return this.add((id) => ({ kind: "var", id, name: "", uses: [], variable, source }));
  }

  let(value: Given): Slot {
    const expr = this.expr(value);
    return this.add((id) => ({
      kind: "let",
      id,
      name: "",
      uses: usesOf([expr]),
      variable: "x",
      value: expr,
    }));
  }

  task(name: string, task: string, args: readonly Given[] = [], extras: Extras = {}): Slot {
    const exprs = args.map((arg) => this.expr(arg));
    const uses = usesOf(exprs, this.order(extras.after));
    const otherwise = this.fallback(extras);
    const overrides = extras.with ?? null;
    return this.add((id) => ({ kind: "task", id, name, uses, overrides, otherwise, task, args: exprs }));
  }

  flow(name: string, flow: string, args: readonly Given[] = [], extras: Extras = {}): Slot {
    const exprs = args.map((arg) => this.expr(arg));
    const guard = this.guard(extras);
    const otherwise = this.fallback(extras);
    const step: Omit<FlowStep, "id"> = {
      kind: "flow",
      name,
      uses: this.order(guard === null ? [] : [guard]),
      overrides: extras.with ?? null,
      otherwise,
      guard: guard?.i ?? null,
      flow,
      recursive: false,
      args: exprs,
      argUses: exprs.map((expr) => usesOf([expr])),
    };
    return this.add((id) => ({ ...step, id }));
  }

  if(
    name: string,
    cond: Given,
    build: (inner: Draft) => Slot | null,
    other: ((inner: Draft) => Slot | null) | null = null,
    extras: Extras = {},
  ): Slot {
    const expr = this.expr(cond);
    const guard = this.guard(extras);
    const { id, slot } = this.reserve();
    const then = this.block(build);
    const step: IfStep = {
      kind: "if",
      id,
      name,
      uses: usesOf([expr], this.order(guard === null ? [] : [guard])),
      overrides: extras.with ?? null,
      otherwise: this.fallback(extras),
      guard: guard?.i ?? null,
      cond: expr,
      then,
      else: other === null ? null : this.block(other),
    };
    this.plan.steps[id] = step;
    return slot;
  }

  for(name: string, list: Given, loop: Loop): Slot {
    const lists = [this.expr(list)];
    const guard = this.guard(loop);
    const { id, slot } = this.reserve();
    const inner = new Draft(this.plan, this);
    const item = inner.variable("item", "item");
    const deps = loop.waits === undefined ? null : inner.variable("deps", "deps");
    const result = loop.body(inner, item, deps);
    const amount = loop.tolerate ?? loop.percent;
    const { by = null, filter = null, waits: after = null } = loop;
    const step: ForStep = {
      kind: "for",
      id,
      name,
      uses: usesOf(
        [...lists, ...[by, filter, after].filter((expr) => expr !== null)],
        this.order(guard === null ? [] : [guard]),
      ),
      overrides: loop.with ?? null,
      otherwise: this.fallback(loop),
      guard: guard?.i ?? null,
      lists,
      by,
      filter,
      after,
      body: { steps: inner.ids, result: result?.i ?? null },
      parallel: loop.parallel === undefined ? null : lit(loop.parallel),
      max: loop.max === undefined ? null : lit(loop.max),
      tolerate:
        amount === undefined
          ? null
          : { expr: lit(amount), unit: loop.tolerate === undefined ? "percent" : "count" },
      enough: loop.enough === undefined ? null : lit(loop.enough),
    };
    this.plan.steps[id] = step;
    return slot;
  }

  /** `build` gives the value of a pass and whether it was the last. */
  repeat(
    name: string,
    times: Given,
    build: (inner: Draft, last: Slot) => { readonly value: Slot | null; readonly until: Slot },
    extras: Extras = {},
  ): Slot {
    const expr = this.expr(times);
    const guard = this.guard(extras);
    const { id, slot } = this.reserve();
    const inner = new Draft(this.plan, this);
    const { value, until } = build(inner, inner.variable("last", "last"));
    const step: RepeatStep = {
      kind: "repeat",
      id,
      name,
      uses: usesOf([expr], this.order(guard === null ? [] : [guard])),
      overrides: extras.with ?? null,
      otherwise: this.fallback(extras),
      guard: guard?.i ?? null,
      times: expr,
      body: { steps: inner.ids, result: value?.i ?? null },
      until: until.i,
    };
    this.plan.steps[id] = step;
    return slot;
  }

  block(build: (inner: Draft) => Slot | null): Block {
    const inner = new Draft(this.plan, this);
    return inner.body(build(inner));
  }

  body(result: Slot | null): Block {
    const block = { steps: this.ids, result: result?.i ?? null };
    return this.handlers === null ? block : { ...block, handlers: this.handlers };
  }

  private guard(extras: Extras): Slot | null {
    const uses = this.order(extras.after);
    return uses.length === 0 ? null : this.add((id) => ({ kind: "join", id, name: "", uses }));
  }

  private fallback(extras: Extras): Block | null {
    return extras.otherwise === undefined ? null : this.block(extras.otherwise);
  }
}

/** A plan under construction. */
export class Plans {
  readonly steps: Step[] = [];
  readonly tasks: Record<string, TaskPlan> = {};
  readonly flows: Record<string, FlowPlan> = {};
  readonly inputs: InputSpec[] = [];
  readonly limits: LimitPlan[] = [];

  limit(name: string, bounds: Partial<LimitPlan>): this {
    this.limits.push({ name, rates: [], concurrent: null, slots: null, reserve: 0, ...bounds });
    return this;
  }

  task(name: string, options: TaskOptions = {}): this {
    this.tasks[name] = taskPlan(name, options);
    return this;
  }

  flow(
    name: string,
    params: readonly string[],
    build: (b: Draft, ...args: Slot[]) => Slot | null,
    depth: number | null = null,
  ): this {
    const draft = new Draft(this, null);
    const args = params.map((param) => draft.variable("param", param));
    const result = build(draft, ...args);
    this.flows[name] = {
      name,
      doc: null,
      file: "a.flow",
      params: params.map((param) => ({ name: param, type: json, doc: null })),
      answer: json,
      depth,
      body: draft.body(result),
      deadline: draft.deadline,
      ...(draft.budget === null ? {} : { budget: draft.budget }),
    };
    return this;
  }

  /** The plan for its flow `main`; parameters of it are inputs. */
  done(): Plan {
    const main = this.flows["main"];
    if (main === undefined) throw new Error("no flow main");
    return {
      version: 1,
      flow: "main",
      doc: null,
      inputs: main.params,
      answer: json,
      types: {},
      tasks: this.tasks,
      flows: this.flows,
      steps: this.steps,
      seen: [],
      base: "",
      secrets: [],
      runners: [],
      ...(this.limits.length === 0 ? {} : { limits: this.limits }),
    };
  }
}

/** A plan whose flow `main` is built by `build`, with a task `t(x)` and one `u(x)` that is pure. */
export function planOf(
  build: (b: Draft, ...args: Slot[]) => Slot | null,
  params: readonly string[] = [],
): Plan {
  return new Plans()
    .task("t", { params: ["x"] })
    .task("u", { params: ["x"], result: { k: "slot", up: 0, i: 0 } })
    .flow("main", params, build)
    .done();
}
