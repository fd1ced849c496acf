// The Plan: everything a run needs to know, as plain JSON. Left of it nobody knows of time, machines or stores;
// right of it nobody knows of syntax.

import type { Expr } from "./plan-expr.ts";
import type { LimitPlan } from "./plan-limits.ts";
import type { Block, Step } from "./plan-steps.ts";
import type { EnvEntry, ParamSpec, TaskPlan } from "./plan-tasks.ts";
import type { Type, TypeTable, Value } from "./types.ts";

/** The version of the plan's JSON; its schema is published in `docs/plan.schema.json`. */
export const PLAN_VERSION = 1;

/**
 * A compiled program for one entry flow. Bytes are stable: the same source, inputs and files seen give the same
 * JSON. Tasks and flows are named as written (`name~2` for a second of the name from another file).
 */
export interface Plan {
  readonly version: typeof PLAN_VERSION;
  /** Key into `flows`: what runs. */
  readonly flow: string;
  readonly doc: string | null;
  readonly inputs: readonly InputSpec[];
  readonly answer: Type | null;
  readonly types: TypeTable;
  readonly tasks: Readonly<Record<string, TaskPlan>>;
  readonly flows: Readonly<Record<string, FlowPlan>>;
  /** Every step of every block; a step's `id` is its index here. Cells of a run point into this table. */
  readonly steps: readonly Step[];
  /** What `read`, `glob`, `reads` and file literals saw of the project when the plan was made. */
  readonly seen: readonly Seen[];
  /** Folder of the entry `.flow` file relative to the project's root, with `/`; "" for the root. */
  readonly base: string;
  /** Names of all `secret("…")` of its tasks and agents, sorted; those of a kind stand in its settings. */
  readonly secrets: readonly string[];
  /** Those that tasks name, sorted by name. */
  readonly runners: readonly RunnerPlan[];
  /** Those that tasks use, sorted by name. Not there: none. */
  readonly limits?: readonly LimitPlan[];
  /** Those that tasks ask, sorted by name. Absent: none. */
  readonly agents?: readonly AgentPlan[];
}

/** A declared agent: who is asked. The first kind is the one that is. */
export interface AgentPlan {
  readonly name: string;
  /** Not empty, in the order of the file. */
  readonly kinds: RunnerPlan["kinds"];
  /** Over no parameters; the task's own comes after it. */
  readonly env: readonly EnvEntry[];
  /** Dollars that one node may spend; null: no bound. */
  readonly budget: number | null;
  /** Its requests are led past flowc, and held by this limit. Absent: it asks its model by itself. */
  readonly proxy?: string;
}

/** A declared runner: a kind of place, and how each back end makes it. The first kind is the default; `--on KIND` takes another. */
export interface RunnerPlan {
  readonly name: string;
  /** Not empty, in the order of the file. */
  readonly kinds: readonly {
    readonly kind: string;
    readonly settings: Readonly<Record<string, RunnerSetting>>;
  }[];
  /** How many may be there at one time; null: not bounded. `n` is `{ min: 0, max: n }`. */
  readonly instances: { readonly min: number; readonly max: number } | null;
  /** How fast they are made at most; null: not bounded. */
  readonly spawn: { readonly amount: number; readonly perSeconds: number } | null;
  /** So many nodes an instance serves before it is replaced; 1 if not said. */
  readonly reuse: number;
}

/** As in JSON from outside: sizes in bytes, durations in seconds; `{ secret: NAME }` stands in place of a secret, at any depth. */
export type RunnerSetting = Value | { readonly secret: string };

export interface InputSpec {
  readonly name: string;
  readonly type: Type;
  readonly doc: string | null;
  /** Absent: the input must be given (an optional has `lit null`). */
  readonly default?: Expr;
}

/** One look at the project's files. `sha256` of a glob is the hash of its sorted list of paths. */
export interface Seen {
  readonly kind: "file" | "dir" | "glob";
  /** Relative to the project's root. */
  readonly path: string;
  readonly size: number;
  readonly sha256: string;
  /** The paths a glob matched, relative to the root, sorted. */
  readonly paths?: readonly string[];
}

export interface FlowPlan {
  readonly name: string;
  readonly doc: string | null;
  readonly file: string;
  readonly params: readonly ParamSpec[];
  readonly answer: Type | null;
  /** So many calls of it may stand on top of each other, the first included; null: it never calls itself. */
  readonly depth: number | null;
  /** Its first `params.length` steps are `var` steps, the parameters in order. */
  readonly body: Block;
  /** Seconds from when it may start, over the slots of its parameters; null: no end. */
  readonly deadline: Expr | null;
  /** What the agents in it may spend: dollars, or a record of `cost` and `tokens`; over the slots of its parameters. Absent: no bound. */
  readonly budget?: Expr;
}
