// The Plan: everything a run needs to know, as plain JSON. Left of it nobody knows of time, machines or stores;
// right of it nobody knows of syntax.

import type { Expr, TypedExpr } from "./plan-expr.ts";
import type { Type, TypeTable } from "./types.ts";

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
  /** Names of all `secret("…")`, sorted. */
  readonly secrets: readonly string[];
}

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

// Tasks

export interface TaskPlan {
  readonly name: string;
  readonly doc: string | null;
  /** The `.flow` file that declares it, relative to the project's root. */
  readonly file: string;
  readonly params: readonly ParamSpec[];
  /** Null: no answer. Early fields are marked on the record's fields. */
  readonly answer: Type | null;
  readonly settings: TaskSettings;
  /** Null: the task only computes its `result`. */
  readonly action: Action | null;
  /** `return expr`; its env is the params, then `Env` builtins (`stdout` …). Null: the answer is `$OUT`, or the call's. */
  readonly result: Expr | null;
  /** True if `result` mentions `stdout` or `stderr` (then the log is read back, up to a bound). */
  readonly readsOutput: boolean;
  /** SHA-256 of the task's text without comments and formatting; for fingerprints and differences. */
  readonly text: string;
}

export interface ParamSpec {
  readonly name: string;
  readonly type: Type;
  readonly doc: string | null;
  readonly default?: Expr;
}

/** Settings as expressions over the task's parameters, defaults filled in by `lower`: later code sees no optionals. */
export interface TaskSettings {
  /** Name of a declared runner, or `local`. */
  readonly runner: string;
  /** Duration in seconds of one attempt, or null. */
  readonly timeout: Expr | null;
  /** Exit codes that count as success, or "any". */
  readonly exitCodes: readonly number[] | "any";
  readonly retry: RetryPolicy;
  readonly effect: "pure" | "idempotent" | "once";
  /** Globs, or null: the work sees the project itself. */
  readonly reads: Expr | null;
  readonly writes: Expr | null;
  /** Environment: a value, or the name of a secret. */
  readonly env: readonly EnvEntry[];
  /** What this machine must have free for it to start; places elsewhere count nothing. */
  readonly needs: { readonly cpu: number; readonly memory: number; readonly disk: number };
  readonly priority: "low" | "normal" | "high";
  readonly undo: Command | null;
}

export type EnvEntry =
  | { readonly name: string; readonly value: Expr; readonly type: Type }
  | { readonly name: string; readonly secret: string };

export type FailureReason = "exit" | "timeout" | "stall" | "invalid" | "writes" | "conflict";

/** Repeats after a failure. `backoff` seconds before the first repeat, times `factor` for each further, at most `max`. */
export interface RetryPolicy {
  readonly times: number;
  readonly backoff: number;
  readonly factor: number;
  readonly max: number;
  readonly on: readonly FailureReason[];
}

export type Action =
  | { readonly kind: "run"; readonly command: Command }
  /** `file` relative to the project's root. */
  | { readonly kind: "call"; readonly file: string; readonly export: string };

export type Command =
  | ShellCommand
  /** An argument list, no shell. An item whose type is a list is spliced in; `none` is no argument. */
  | { readonly kind: "argv"; readonly items: readonly TypedExpr[] };

/**
 * A shell script as literal text and holes. A hole's value never enters the text: the text gets a quoted
 * reference to an environment variable, one for each word.
 */
export interface ShellCommand {
  readonly kind: "shell";
  /** What interprets it: `sh`, or what a `#!` line of the script asks for, if that is a shell we know. */
  readonly shell: "sh" | "bash";
  readonly pieces: readonly (string | ShellHole)[];
  /** When the command uses no shell feature: its words, each of pieces; then it is started without a shell. */
  readonly words: readonly (readonly (string | ShellHole)[])[] | null;
}

/** Where in the shell text a hole stands; decides how its reference is written. */
export type ShellPlace =
  /** A whole word by itself: a list is one word an item, `none` is no word. */
  | "word"
  /** A part of a bare word: `--target=~{x}`. */
  | "part"
  | "double"
  | "single"
  /** In an unquoted here-document. */
  | "here"
  /** Where the shell evaluates arithmetic; only an int may stand there. */
  | "arithmetic";

export interface ShellHole extends TypedExpr {
  readonly place: ShellPlace;
}

// Flows, blocks, steps

export interface FlowPlan {
  readonly name: string;
  readonly doc: string | null;
  readonly file: string;
  readonly params: readonly ParamSpec[];
  readonly answer: Type | null;
  /** Its first `params.length` steps are `var` steps, the parameters in order. */
  readonly body: Block;
}

/**
 * A block's template. Unfolding it makes one frame: one cell for each step, in order, numbered one after the other.
 * A step's slot is its index here; `{k:"slot", up, i}` names slot `i` of the frame `up` frames outwards.
 */
export interface Block {
  /** Step ids (indices into `plan.steps`). */
  readonly steps: readonly number[];
  /** The slot whose value is the block's value; null for a block without one. */
  readonly result: number | null;
}

/**
 * A slot of the frame `up` frames outwards from the one the step stands in. With `in`, which goes the other way: of the
 * frame that this slot's phase owns, slot `in[0]`, and so on downwards.
 */
export interface SlotRef {
  readonly up: number;
  readonly i: number;
  readonly in?: readonly number[];
}

export type EdgeKind = "data" | "order" | "phase" | "gate" | "early";

export interface Use extends SlotRef {
  readonly kind: EdgeKind;
}

interface StepBase {
  readonly id: number;
  /** The last part of the cell's name; "" for cells that no person sees (`let`, `var`, `join`). */
  readonly name: string;
  /** What must have settled well before this cell can: data it mentions, order it was given. Sorted, no duplicates. */
  readonly uses: readonly Use[];
}

/** What may stand at the end of a statement, on whatever makes nodes. */
interface NodeStep extends StepBase {
  /** `with { … }`, over the slots of this step's frame; holds for every node made below it, the innermost wins. */
  readonly overrides: Partial<TaskSettings> | null;
  /**
   * Unfolded, as a frame inside this step's, only when the node failed for good or was skipped because of a failure;
   * its value is then the node's.
   */
  readonly otherwise: Block | null;
}

/** A step that unfolds into frames. `guard`: the slot of a `join` that every cell inside waits for (`after`). */
interface FrameStep extends NodeStep {
  readonly guard: number | null;
}

export type Step =
  | VarStep
  | LetStep
  | TaskStep
  | FlowStep
  | IfStep
  | ForStep
  | RepeatStep
  | JoinStep
  | PhaseStep
  | GateStep
  | CheckStep;

/**
 * A variable whose value is given from outside when its frame is made. `param`: the argument, evaluated in the frame
 * of the `flow` step (for the entry flow an input). `item`: the loop variable. `deps`: the values of the items waited
 * for; present in every `for` with `after`, also without `as`, and every other cell of the item waits for it. `last`:
 * the value of the pass before, `none` in the first.
 */
export interface VarStep extends StepBase {
  readonly kind: "var";
  readonly variable: string;
  readonly source: "param" | "item" | "deps" | "last";
}

/** A plain value, computed as soon as what it uses is there. No event, no node. */
export interface LetStep extends StepBase {
  readonly kind: "let";
  readonly variable: string;
  readonly value: Expr;
}

/** A node: one call of a task. */
export interface TaskStep extends NodeStep {
  readonly kind: "task";
  readonly task: string;
  /** In the order of the task's params, defaults filled in. */
  readonly args: readonly Expr[];
}

/**
 * A call of another flow: its body is unfolded at once into a frame of its own, which sees nothing of the caller's
 * (slots never go `up` out of a flow's body). `argUses[i]` is what the i-th `var` cell waits for in the caller's frame.
 */
export interface FlowStep extends FrameStep {
  readonly kind: "flow";
  readonly flow: string;
  readonly args: readonly Expr[];
  readonly argUses: readonly (readonly Use[])[];
}

/**
 * Chooses. If the condition is known when it is unfolded, only the branch taken is; else both are, and what is not
 * taken is skipped at run time. The name of a cell in the else branch has `else` before it.
 */
export interface IfStep extends FrameStep {
  readonly kind: "if";
  readonly cond: Expr;
  readonly then: Block;
  /** Null: no `else`; the value is then `none`. */
  readonly else: Block | null;
}

/** One body for each item. Unfolded at once when all it uses is known, else it grows when that is there. */
export interface ForStep extends FrameStep {
  readonly kind: "for";
  /**
   * The lists, over the slots of the frame the `for` stands in. In `by`, `filter` and `after` the i-th loop variable
   * is `{k:"local", i}`, slots are those of the frame the `for` stands in.
   */
  readonly lists: readonly Expr[];
  /** Null: the key is the item if it is a string, else its index; of several lists, the keys joined by `,`. */
  readonly by: Expr | null;
  readonly filter: Expr | null;
  /** Gives the list of keys (strings) of the items to wait for. */
  readonly after: Expr | null;
  /**
   * Unfolded for each item: its first `lists.length` steps are `var` steps with source `item`; with `after`, the next
   * one is a `var` step with source `deps`.
   */
  readonly body: Block;
  /** So many items may be in progress at once; null: no bound. */
  readonly parallel: Expr | null;
  /** How long the list may be; null: 1000 for a list not known at check time, no bound for a known one. */
  readonly max: Expr | null;
  /** How many items may fail or be skipped by a failure: a number, or a percent of the items, rounded down. */
  readonly tolerate: { readonly expr: Expr; readonly unit: "count" | "percent" } | null;
  /** So many successes suffice: the rest is cancelled, and failures count only while it can still be reached. */
  readonly enough: Expr | null;
}

/**
 * Its body once more for each pass, each in a frame of its own, until it holds. The first pass is unfolded at once if
 * `times` is known then; every other grows when the one before has ended.
 */
export interface RepeatStep extends FrameStep {
  readonly kind: "repeat";
  /** How many passes at most, over the slots of the frame it stands in. */
  readonly times: Expr;
  /** Its first step is a `var` step with source `last`. */
  readonly body: Block;
  /** Slot of the body: a bool. */
  readonly until: number;
}

/**
 * A point in the order: settled when all it uses has. Made for what unfolds into frames and has `after`, stands below a
 * phase or gate, or is a gate.
 */
export interface JoinStep extends StepBase {
  readonly kind: "join";
}

/** Groups. Unfolded at once; what stands below it in its block uses it. It has no value: its slots are named from there. */
export interface PhaseStep extends StepBase {
  readonly kind: "phase";
  readonly title: string | null;
  readonly guard: number | null;
  readonly body: Block;
}

/**
 * A line in its block: its guard, a `join`, waits for all above it, and all below it uses it. Its block's steps are what
 * its checks call, and the checks. It fails when a check has not held; what waits for it by `gate` is then no
 * failure that an `otherwise` could answer.
 */
export interface GateStep extends StepBase {
  readonly kind: "gate";
  readonly guard: number | null;
  readonly body: Block;
}

/**
 * One condition of a gate, evaluated and recorded when all it uses has settled, however it did: what it uses and has
 * failed makes it not hold. It is `value`, a bool, or where that is null whether slot `of` succeeded.
 */
export interface CheckStep extends StepBase {
  readonly kind: "check";
  /** As written; no two of a gate are equal. */
  readonly label: string;
  readonly value: Expr | null;
  readonly of: number | null;
}
