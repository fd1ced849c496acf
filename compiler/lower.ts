// Program → Plan: everything that a run of one flow needs to know, as plain data.

import { posix } from "node:path";
import type { Flow, Task } from "../grammar/ast.ts";
import { byCodePoint } from "./glob.ts";
import type { Host } from "./host.ts";
import { lowerFlowBody } from "./lower-block.ts";
import { type Draft, newFrame, type Scope } from "./lower-draft.ts";
import { lowerBudget, lowerDeadline } from "./lower-handlers.ts";
import { lowerLimits } from "./lower-limits.ts";
import { lowerDepth, markRecursive } from "./lower-recursion.ts";
import { lowerAgents, lowerRunners } from "./lower-runners.ts";
import { calleeParams, lowerTask } from "./lower-task.ts";
import { type FlowPlan, PLAN_VERSION, type Plan, type Seen } from "./plan.ts";
import type { Step } from "./plan-steps.ts";
import type { TaskPlan } from "./plan-tasks.ts";
import type { Module, Program } from "./program.ts";
import { sha256 } from "./seen.ts";
import type { Type, TypeTable } from "./types.ts";

/** Lowers a program without errors for one of its flows. Reads no more of the disk than what the flow mentions. */
export function lower(program: Program, flow: Flow, module: Module, host: Host): Plan {
  const draft: Draft = {
    program,
    host,
    steps: [],
    seen: new Map(),
    secrets: new Set(),
    runners: new Map(),
    limits: new Map(),
    agents: new Map(),
    used: new Map<Task | Flow, Module>([[flow, module]]),
    inlining: new Set(),
  };
  const tasks: [string, TaskPlan][] = [];
  const flows: [string, FlowPlan][] = [];
  // What is used grows while it is walked: bodies mention further tasks and flows.
  for (const [used, home] of draft.used) {
    if (used.kind === "task") {
      const task = lowerTask(used, home, draft);
      tasks.push([task.name, task]);
    } else {
      const plan = lowerFlow(used, home, draft);
      flows.push([plan.name, plan]);
    }
  }
  const entry = program.nameOf.get(flow) ?? flow.name.text;
  const params = calleeParams(flow, module, draft);
  const runners = lowerRunners(draft);
  const agents = lowerAgents(draft);
  const limits = lowerLimits(draft);
  const base = posix.dirname(program.entry.path);
  const plan = {
    version: PLAN_VERSION,
    flow: entry,
    doc: flow.doc ?? module.file.doc,
    inputs: params,
    answer: flow.answer === null ? null : (program.typeOfExpr.get(flow.answer) ?? null),
    types: {},
    tasks: Object.fromEntries(tasks.sort(byKey)),
    flows: Object.fromEntries(flows.sort(byKey)),
    steps: markRecursive(
      draft.steps.filter((step): step is Step => step !== null),
      flows.map(([, each]) => each),
    ),
    seen: seenOnce(draft.seen.values()),
    base: base === "." ? "" : base,
    secrets: [...draft.secrets].sort(byCodePoint),
    runners,
    ...(limits.length === 0 ? {} : { limits }),
    ...(agents.length === 0 ? {} : { agents }),
  } satisfies Plan;
  return { ...plan, types: mentionedTypes(plan, program.types) };
}

/** Where a flow's settings stand: they see its parameters. */
function paramScope(flow: Flow, module: Module, draft: Draft): Scope {
  const frame = newFrame(null);
  flow.params.forEach((param, i) => {
    frame.slots.set(param, i);
  });
  return { draft, module, frame, locals: new Map(), bound: 0, hoist: null };
}

function lowerFlow(flow: Flow, module: Module, draft: Draft): FlowPlan {
  const { program } = draft;
  return {
    name: program.nameOf.get(flow) ?? flow.name.text,
    doc: flow.doc,
    file: module.path,
    params: calleeParams(flow, module, draft),
    answer: flow.answer === null ? null : (program.typeOfExpr.get(flow.answer) ?? null),
    depth: lowerDepth(flow, module, draft),
    body: lowerFlowBody(flow, module, draft),
    deadline: lowerDeadline(flow.body, paramScope(flow, module, draft)),
    ...lowerBudget(flow.body, paramScope(flow, module, draft)),
  };
}

function byKey([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return byCodePoint(a, b);
}

/** A pattern may have been met from two folders: what is the same is seen once. */
function seenOnce(all: Iterable<Seen>): readonly Seen[] {
  const byPath = new Map([...all].map((seen) => [`${seen.kind}:${seen.path}`, seen]));
  return [...byPath.values()].sort(bySeen);
}

function bySeen(a: Seen, b: Seen): number {
  return byCodePoint(a.kind, b.kind) || byCodePoint(a.path, b.path);
}

/** Of the declared types only those that the plan mentions, also through one another. */
function mentionedTypes(plan: Plan, table: TypeTable): TypeTable {
  const kept = new Map<string, Type>();
  const visit = (value: unknown): void => {
    if (Array.isArray(value)) for (const item of value) visit(item);
    else if (typeof value === "object" && value !== null) {
      // A literal's value may look like a type, and is none.
      if ("k" in value && value.k === "lit") return;
      if ("kind" in value && value.kind === "named" && "name" in value && typeof value.name === "string")
        keep(value.name);
      for (const item of Object.values(value)) visit(item);
    }
  };
  const keep = (name: string): void => {
    const type = Object.hasOwn(table, name) ? table[name] : undefined;
    if (type === undefined || kept.has(name)) return;
    kept.set(name, type);
    visit(type);
  };
  visit(plan);
  return Object.fromEntries([...kept].sort(byKey));
}

/** The plan's JSON: what is stored, shown and hashed. The same plan gives the same bytes. */
export function planJson(plan: Plan): string {
  return JSON.stringify(plan);
}

/** SHA-256 of the plan's JSON: names the plan in a journal. */
export function planHash(plan: Plan): string {
  return sha256(planJson(plan));
}
