// What programs see of a run that they have begun: its events, its numbers, its end.

import type { Value } from "../compiler/types.ts";
import type { Event } from "../runtime/events.ts";
import type { Counts } from "../runtime/run-view.ts";

/** One event of a run, as a line of `flowc run --ui json`. `node`: the name of the node that it is about. */
export type RunEvent = Event & { readonly run: string; readonly node?: string };

/** A root cause. */
export interface RunFailure {
  /** The node; "" for what is no single node's work. */
  readonly node: string;
  /** How its last attempt failed: `exit`, `timeout`, `invalid` …; null: none was made. */
  readonly why: string | null;
  readonly message: string;
  readonly exit: number | null;
  readonly signal: string | null;
  /** The last lines of its output. */
  readonly tail: string | null;
  /** Names of nodes that could not run because of it. */
  readonly affected: readonly string[];
}

export interface RunResult {
  /** Its id. */
  readonly run: string;
  /** `waiting`: for a person, and it was not to wait. */
  readonly status: "succeeded" | "failed" | "cancelled" | "waiting";
  /** The flow's answer; null unless it succeeded. */
  readonly output: Value;
  /** Root causes, if it failed. */
  readonly failures: readonly RunFailure[];
  readonly metrics: Metrics;
}

/** What a run has done up to now. Durations in ms. */
export interface Metrics {
  /** Null: it has not begun. */
  readonly run: string | null;
  readonly status: "starting" | "running" | "waiting" | "succeeded" | "failed" | "cancelled";
  /** Nodes that are known; more may come as the graph grows. */
  readonly total: number;
  /** Nodes that have ended, in whichever way. */
  readonly done: number;
  readonly failed: number;
  readonly running: number;
  /** Nodes by their state; those that are `answered` or `reused` are among the others, too. */
  readonly counts: Counts;
  /** Of declared runners: places that are there, and those that serve a node now. */
  readonly instances: { readonly open: number; readonly active: number };
  /** Mean time of the nodes that ran and succeeded, from first start to end; null while there is none. */
  readonly meanMs: number | null;
  /** Since this start of the run. */
  readonly elapsedMs: number;
  /** Nodes that ran to an end in this start, by second; null before the first has. */
  readonly perSecond: number | null;
}

/** A run that goes on by itself; whoever iterates over it hears of all its events, from the first of this start. */
export interface Run extends AsyncIterable<RunEvent> {
  /** Its end. A run that fails is a result, and no rejection; that is a {@link FlowError}, or a bug of flowc. */
  readonly result: Promise<RunResult>;
  /** As it is now. Looks at all nodes: once a second is often enough. */
  metrics(): Metrics;
  /** Ends it in order: what runs is told to end, handlers run. `atOnce`: without waiting for anything. */
  cancel(how?: { readonly atOnce?: boolean }): void;
}
