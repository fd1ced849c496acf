// What a run remembers of how its blocks end: their handlers, what may be taken back, and when their time is up.

import type { Plan } from "../compiler/plan.ts";
import type { Value } from "../compiler/types.ts";
import type { Landed } from "./events.ts";
import { Ints } from "./run-columns.ts";
import { RunTrees } from "./run-trees.ts";

/** Frames of a block's handlers; -1: not made. */
export interface HandlerFrames {
  readonly failure: number;
  readonly final: number;
}

/** What a node that can be taken back got and gave; what its arguments came from may be made anew before that. */
export interface Done {
  readonly args: readonly Value[];
  readonly value: Value;
  /** Of a worktree's that was merged. */
  readonly landed: Landed | null;
}

/** A node that takes back what another did, and how often that was taken back before. */
export interface Undoing extends Done {
  readonly of: number;
  readonly turn: number;
}

export class Ends {
  /** Is there a handler anywhere in the plan? */
  readonly any: boolean;
  /** By owner of the block, since the run was opened for the last time. */
  readonly handling = new Map<number, HandlerFrames>();
  readonly trees = new RunTrees();
  /** Owners whose block was cancelled and whose `finally` is still to run. */
  readonly lingering = new Set<number>();
  /** Owners whose block has ended but for nodes that run and count no more. */
  readonly awaiting = new Set<number>();
  /** Nodes with an `undo` that succeeded, in the order in which they did. */
  readonly succeeded = new Map<number, Done>();
  readonly undoes = new Map<number, Undoing>();
  /** Of a node that was or is to be taken back since the last opening: by which. */
  readonly undoneBy = new Map<number, number>();
  /** Nodes that may be done only once and of which an attempt has begun, since a person said the last time that they run again. */
  readonly once = new Set<number>();
  /** Wall ms at which owners of blocks with a deadline began. */
  readonly clocks = new Map<number, number>();
  /** News for `decide`: owners whose clock has been set. */
  readonly timed = new Ints();
  /** Everything that was not started was cancelled, so that only handlers are left. */
  halted: "cancel" | "fail_fast" | null = null;
  /** Not even those. */
  atOnce = false;

  constructor(plan: Plan) {
    const blocks = Object.values(plan.flows).map(({ body }) => body);
    for (const step of plan.steps) if (step.kind === "phase") blocks.push(step.body);
    this.any = blocks.some(({ handlers }) => handlers !== undefined);
  }
}
