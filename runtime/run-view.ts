// What everyone but `apply` sees of a Run: it can be read, and not be changed.

import type { Plan } from "../compiler/plan.ts";
import type { EdgeKind } from "../compiler/plan-steps.ts";
import type { Value } from "../compiler/types.ts";
import type { RunOptions, Why } from "./events.ts";
import type { LimitView } from "./run-limits.ts";
import type { Decision, Hold } from "./run-people.ts";

/**
 * The state of a cell. A node that waits for a repeat is `waiting`, with `againAt`. A failed or skipped one whose
 * `otherwise` stands in for it keeps its state and is `answered`. `unknown`: it may run only once, nobody can say how it
 * ended, and a person decides.
 */
export type State =
  | "waiting"
  | "ready"
  | "running"
  | "unknown"
  | "succeeded"
  | "failed"
  | "skipped"
  | "cancelled";

/** People see `task` cells as nodes, and the names of `flow`, `if`, `for` and `item` cells before theirs. */
export type CellKind =
  | "entry"
  | "task"
  | "flow"
  | "if"
  | "for"
  | "item"
  | "let"
  | "var"
  | "join"
  | "repeat"
  | "phase"
  | "gate"
  | "check"
  | "approve"
  | "rollback"
  | "early";

/** How many nodes are in each state; `answered` ones are also among the failed or skipped, `reused` ones among the succeeded. */
export interface Counts {
  readonly total: number;
  readonly waiting: number;
  readonly ready: number;
  readonly running: number;
  readonly unknown: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly skipped: number;
  readonly cancelled: number;
  readonly answered: number;
  readonly reused: number;
}

/** One link of the chain from what a person asks about to the root cause. */
export interface Failure {
  readonly n: number;
  /** Empty for a plain value, which has no name of its own. */
  readonly name: string;
  readonly state: State;
  /** Of a node: how its last attempt failed. */
  readonly why: Why | null;
  /** A clause for people. */
  readonly message: string;
  readonly exit: number | null;
  readonly signal: string | null;
  /** Last lines of its output. */
  readonly tail: string | null;
}

/** A cell that another one waits for, and why. */
export interface Dependency {
  readonly n: number;
  readonly kind: EdgeKind;
}

export interface CheckView {
  readonly kind: "check";
  readonly item: string;
  /** Null: not evaluated (yet). */
  readonly held: boolean | null;
  /** Why it has not held, if there is more to say. */
  readonly note: string | null;
}

export interface ApprovalView {
  readonly kind: "approve";
  readonly item: string;
  /** `waiting`: for the checks; `open`: for a person; `closed`: not asked any more, since the gate has not passed. */
  readonly state: "waiting" | "open" | "approved" | "rejected" | "expired" | "closed";
  /** Who is asked; known once it was asked. */
  readonly asks: string | null;
  /** It was asked at some time: an answer would count. */
  readonly asked: boolean;
  /** Wall ms. */
  readonly openedAt: number | null;
  readonly until: number | null;
  readonly decision: Decision | null;
  readonly late: readonly Decision[];
  /** Why it could not be asked. */
  readonly note: string | null;
}

export interface GateView {
  readonly n: number;
  readonly name: string;
  /** Null while it is being evaluated, or waits. */
  readonly passed: boolean | null;
  readonly items: readonly (CheckView | ApprovalView)[];
}

/** Something that waits for a person. */
export interface Question {
  /** Of the gate. */
  readonly n: number;
  readonly gate: string;
  readonly item: string;
  readonly asks: string | null;
  readonly until: number | null;
}

/** Something that a person holds. */
export interface HoldView extends Hold {
  readonly n: number;
}

/** What became of the instances of a declared runner, up to a time. Times in ms, summed over all of them. */
export interface InstancesView {
  readonly runner: string;
  /** The kind of the present owner's; null: not known. */
  readonly kind: string | null;
  /** How many there can be at one time; null: not bounded, or not known. */
  readonly max: number | null;
  readonly created: number;
  /** Ended after as many nodes as one may serve, and another came in its place. */
  readonly replaced: number;
  /** Gone, or not well any more. */
  readonly lost: number;
  /** There now, and how many of them serve a node. */
  readonly open: number;
  readonly busy: number;
  /** There at one time, at most. */
  readonly most: number;
  /** Attempts that were served, and how many of them by one that had served before. */
  readonly served: number;
  readonly reused: number;
  /** Nodes that could start or have, and wait for one. */
  readonly queued: number;
  readonly openMs: number;
  readonly busyMs: number;
  /** Attempts waited so long for them. */
  readonly waitedMs: number;
}

/** What agents have used. `cost` in dollars; `untold`: attempts that did not say what they cost. */
export interface Amounts {
  readonly cost: number;
  readonly tokens: number;
  readonly untold: number;
}

/** A bound on what agents may spend in a flow, a phase or at a node. */
export interface BudgetView {
  readonly n: number;
  readonly name: string;
  /** Also in the runs before, along `from`. */
  readonly spent: Amounts;
  /** With all that people have added; null: not bounded. */
  readonly cost: number | null;
  readonly tokens: number | null;
  /** Nothing more starts in it until a person extends it. */
  readonly isSpent: boolean;
}

export interface SpendingView extends Amounts {
  /** Of flows and phases that have begun, and of nodes that have spent theirs; the outermost first. */
  readonly budgets: readonly BudgetView[];
}

export interface RunView {
  readonly id: string;
  readonly plan: Plan;
  /** How many cells there are; they are numbered from 0. */
  readonly size: number;
  readonly status: "running" | "succeeded" | "failed" | "cancelled";
  /** The flow's answer once it ended well. */
  readonly output: Value;
  readonly options: RunOptions;
  /** Why the run is being cancelled. */
  readonly cancelled: "interrupt" | "terminate" | "cancel" | null;
  readonly counts: Counts;

  /** Task cells, ascending. */
  nodes(): Iterable<number>;
  /** Nodes with an attempt under way. */
  running(): Iterable<number>;
  /** Nodes whose end is not known: they wait for a person. */
  undecided(): Iterable<number>;

  kind(n: number): CellKind;
  /** As people see it: `built[aes].compile`; "" for plain values. */
  name(n: number): string;
  /** The cell of a name, also of a `for`, `if`, flow call or item. Of equal names the first. */
  find(name: string): number | null;
  state(n: number): State;
  /** Nothing more will happen to it in this run, unless the run is opened again. */
  settled(n: number): boolean;
  answered(n: number): boolean;
  /** Whether it was skipped as the branch not taken, because of a failure, or by a person. */
  skippedBy(n: number): "branch" | "failure" | "person" | null;
  /** May the node be done only once? */
  once(n: number): boolean;
  /** Name of the task of a node. */
  task(n: number): string | null;
  /** Key of the innermost item it belongs to. */
  key(n: number): string | null;
  /** The run whose answer stands for the node, which then did not run in this one. */
  reusedFrom(n: number): string | null;
  /** Attempts started so far. */
  attempts(n: number): number;
  /** Not to be repeated before this wall time, in ms. */
  againAt(n: number): number | null;
  /** The early fields of a node that are there, with the wall ms of when. */
  early(n: number): readonly { readonly field: string; readonly value: Value; readonly at: number }[];
  /** Its value once settled well, or that of its `otherwise`; else `none`. */
  value(n: number): Value;
  /** Wall ms of its first attempt's start, and of its end; null while there is none. */
  startedAt(n: number): number | null;
  endedAt(n: number): number | null;
  /** Ms of the longest chain of nodes from its start to the end, as estimated when it was made. */
  path(n: number): number;
  /** Empty unless it failed, was skipped by a failure or cancelled, or its end is unknown. First itself, last the root cause. */
  error(n: number): readonly Failure[];
  /** What it waits for directly: cells of all kinds. */
  dependencies(n: number): readonly Dependency[];
  /** The cell that settles when this one and those beside it have: a flow, `if`, item, `for`; null for the entry. */
  owner(n: number): number | null;
  /** How many items of a `for` may be in progress at once; null: no bound, or it is no `for`, or its list is not known. */
  parallel(n: number): number | null;
  /** Gates with their checks and approvals, in the order of the plan. */
  gates(): readonly GateView[];
  /** What is asked of people now. */
  questions(): readonly Question[];
  /** The hold of a person on a cell that has not begun, or on something around it. */
  hold(n: number): Hold | null;
  /** What people hold now. */
  holds(): readonly HoldView[];
  /** Nothing can move it on but a person. Looks at all cells. */
  waitsForPeople(): boolean;
  /** In which handler it stands, or that it takes back what another node did; null: in the flow itself. */
  handler(n: number): "failure" | "finally" | "undo" | null;
  /** It was made for a handler before the run was opened for the last time. */
  past(n: number): boolean;
  /** What became of the instances of declared runners, up to the wall ms `now`. Looks at all cells if there are any. */
  instanceUse(now: number): readonly InstancesView[];
  /** What became of the limits that its tasks use, up to the wall ms `now`. Looks at all cells if there are any. */
  limitUse(now: number): readonly LimitView[];
  /** What its agents have used, and what bounds that. Looks at all cells that it has not seen. */
  spending(): SpendingView;
  /** Null: the cell has no budget, or none that is known. */
  budget(n: number): BudgetView | null;
  /** A running node that waits for an instance of its runner, whose name this is; null: it does not. */
  waitsFor(n: number): string | null;
  /** Why a ready node does not run, or null. */
  heldBy(n: number, now: number): string | null;
}
