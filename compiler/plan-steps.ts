// Blocks and steps: the templates that a run unfolds into its graph.

import type { Expr } from "./plan-expr.ts";
import type { TaskSettings } from "./plan-tasks.ts";

/**
 * A block's template. Unfolding it makes one frame: one cell for each step, in order, numbered one after the other.
 * A step's slot is its index here; `{k:"slot", up, i}` names slot `i` of the frame `up` frames outwards.
 */
export interface Block {
  /** Step ids (indices into `plan.steps`). */
  readonly steps: readonly number[];
  /** The slot whose value is the block's value; null for a block without one. */
  readonly result: number | null;
  /** Of the block of a flow or a phase. Slots in them are `up` 1 from the block's own. */
  readonly handlers?: Handlers;
}

/** What runs when all in a block has settled. Each is a frame of its own, made when it is needed. */
export interface Handlers {
  /** When it failed. Its first step is a `var` step with source `failure`. */
  readonly failure: Block | null;
  /** However it ended, last; also when it was cancelled. */
  readonly final: Block | null;
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
  /** In handlers: it waits until that has settled, well or not, and then may read `none`. */
  readonly tolerant?: true;
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
  | CheckStep
  | ApproveStep
  | RollbackStep
  | EarlyStep;

/**
 * A variable whose value is given from outside when its frame is made. `param`: the argument, evaluated in the frame
 * of the `flow` step (for the entry flow an input). `item`: the loop variable. `deps`: the values of the items waited
 * for; present in every `for` with `after`, also without `as`, and every other cell of the item waits for it. `last`:
 * the value of the pass before, `none` in the first. `failure`: `{ node, task, error }`, why the block failed.
 */
export interface VarStep extends StepBase {
  readonly kind: "var";
  readonly variable: string;
  readonly source: "param" | "item" | "deps" | "last" | "failure";
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
 * `recursive`: a call inside of the flow called; it grows when all that it uses, then also for its arguments, is there.
 */
export interface FlowStep extends FrameStep {
  readonly kind: "flow";
  readonly flow: string;
  readonly recursive: boolean;
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
  /** Seconds from when it may start, over the slots of the frame it stands in; null: no end. */
  readonly deadline: Expr | null;
  /** As that of a flow, over the same slots as the deadline. */
  readonly budget?: Expr;
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

/**
 * A question to a person, put when all checks of its gate, which it uses, have held. It passes when somebody approves;
 * when somebody rejects, or nobody answers in time, its gate has not passed.
 */
export interface ApproveStep extends StepBase {
  readonly kind: "approve";
  /** As written; no two of a gate are equal, checks included. */
  readonly label: string;
  /** Who is asked, for people to see: a string. */
  readonly by: Expr | null;
  /** How long an answer is waited for, in seconds. */
  readonly within: Expr | null;
}

/**
 * In a handler: takes back, newest first, the effect of every node of the block whose task has an `undo` and that
 * succeeded, also inside of its phases, items, passes and called flows. Their nodes are made when it is reached.
 */
export interface RollbackStep extends NodeStep {
  readonly kind: "rollback";
}

/**
 * An early field of a task's answer, one step for each, right behind the task's: settled when an attempt has written it, or
 * with the task. Who uses it waits for no more than that.
 */
export interface EarlyStep extends StepBase {
  readonly kind: "early";
  /** Slot of the task, which is all that it uses. */
  readonly of: number;
  readonly field: string;
}
