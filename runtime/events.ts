// The Event: one thing that came from outside or was chosen. A run is the fold of its events; nothing else is stored.

import type { Value } from "../compiler/types.ts";
import type { Usage } from "./agent.ts";
import type { ToldBound, Took } from "./limit-state.ts";

/** How an attempt ended. `cancelled` with the reason `launch`: before anything of it ran. `lost`: the machine failed us, not the task; it does not spend a retry. */
export type Outcome = "succeeded" | "failed" | "lost" | "cancelled";

/** Why an attempt failed. `value`: an expression of it could not be evaluated (division by zero, `first([])`). */
export type Why =
  | "exit"
  | "timeout"
  | "stall"
  | "invalid"
  | "writes"
  | "conflict"
  | "value"
  | "launch"
  | "throw"
  /** What its agent works with gives nothing now: no attempt, and made again later. */
  | "limited"
  /** Its agent has spent what it might: no attempt, and goes on when a person has extended that. */
  | "budget"
  /** What its agent works with has failed. */
  | "away";

/** A file kept in the artifact store, made by an attempt. */
export interface ArtifactRef {
  readonly name: string;
  readonly path: string;
  readonly size: number;
  readonly sha256: string;
}

/** What was spent under a name in the runs before, and by what its budget was extended there. */
export interface SpentBefore {
  readonly name: string;
  readonly cost: number;
  readonly tokens: number;
  readonly moreCost: number;
  readonly moreTokens: number;
}

/** What an attempt with a worktree has left in the repository. */
export interface Landed {
  readonly branch: string;
  /** The commit that its branch is at, and the one that it started from. */
  readonly commit: string;
  readonly start: string;
  /** The branch that it is merged into, and the commit that does; no commit: it had changed nothing. */
  readonly into?: string;
  readonly merge?: string;
}

/** `n` is the number of a cell, given by `unfold`; `a` counts a node's attempts from 1. Times are wall ms. */
export type EventBody =
  | {
      readonly type: "run.started";
      /** SHA-256 of the plan's JSON, which is stored once beside the events. */
      readonly plan: string;
      readonly inputs: Readonly<Record<string, Value>>;
      readonly options: RunOptions;
      /** Mean durations in ms of earlier runs by task name, for priorities; recorded so that order is reproducible. */
      readonly durations: Readonly<Record<string, number>>;
      /** The run that this one goes on from, with another plan. */
      readonly from?: string;
      /** The first run along `from`; it makes keys of attempts equal in all of them. */
      readonly origin?: string;
      /** What budgets count on with: from the runs before. Absent: nothing. */
      readonly spent?: readonly SpentBefore[];
      readonly flowc: string;
    }
  | {
      readonly type: "run.opened";
      readonly epoch: number;
      readonly pid: number;
      readonly started: string;
      readonly boot: string;
      readonly host: string;
      /** What the plan's declared runners are for this owner; not there: nothing more is known than the plan says. */
      readonly places?: readonly Place[];
      /** What a resumed run does otherwise than before; its `only`, `on` and `set` stay. */
      readonly options?: Omit<RunOptions, "only" | "on" | "set">;
    }
  | {
      readonly type: "run.cancelled";
      readonly by: string;
      readonly why: "interrupt" | "terminate" | "cancel";
      readonly note?: string;
      /** Not even handlers may go on. */
      readonly at_once?: true;
    }
  /** `failed` and `cancelled` runs may be opened again: what did not succeed is then run anew. */
  | {
      readonly type: "run.ended";
      readonly status: "succeeded" | "failed" | "cancelled";
      readonly output: Value;
    }
  /** What an earlier owner left running was found and ended. */
  | { readonly type: "swept"; readonly refs: readonly string[] }
  /** The graph grew below cell `n` (0: the entry flow). `hash` covers names, tasks and edges of the new cells. */
  | {
      readonly type: "grown";
      readonly n: number;
      /** Of a `repeat`: which pass, from 1. */
      readonly pass?: number;
      readonly first: number;
      readonly count: number;
      readonly hash: string;
    }
  /**
   * `enough`: it runs, and its `for` does not need it any more. `deadline`: of a block that its time is over; then of each
   * node in it that runs. `cancel` and `fail_fast` of the entry (0): all that has not started, so that handlers run.
   */
  | {
      readonly type: "node.cancelled";
      readonly n: number;
      readonly why: "fail_fast" | "cancel" | "tolerate" | "enough" | "deadline";
    }
  /**
   * A person has said what became of a node whose end was not known, or that it is to run again. `value`: its answer, if
   * its task gives one and it succeeded.
   */
  | {
      readonly type: "node.decided";
      readonly n: number;
      readonly as: "succeeded" | "failed" | "again";
      readonly value?: Value;
      readonly by: string;
      readonly note?: string;
    }
  /** A check of gate `n`, named by its label, was evaluated. `message`: why it did not hold, if there is more to say. */
  | {
      readonly type: "gate.checked";
      readonly n: number;
      readonly check: string;
      readonly held: boolean;
      readonly message?: string;
    }
  /** A person is asked about item `item` of gate `n`, until the wall time `until` if there is one. */
  | {
      readonly type: "gate.opened";
      readonly n: number;
      readonly item: string;
      readonly asks?: string;
      readonly until?: number;
    }
  /**
   * What was answered at the wall time `given`, which may be long before it was heard. `expired`: nobody answered in
   * time. `late`: it came after that, and nothing follows from it.
   */
  | {
      readonly type: "gate.decided";
      readonly n: number;
      readonly item: string;
      readonly answer: "approved" | "rejected" | "expired";
      readonly by?: string;
      readonly note?: string;
      readonly given: number;
      /** The run in which it was approved, if this one goes on from that. */
      readonly from?: string;
      readonly late?: true;
    }
  /** A person holds node `n`, or everything below it that has not started; or lets it go. */
  | {
      readonly type: "node.paused" | "node.resumed";
      readonly n: number;
      readonly by: string;
      readonly note?: string;
    }
  /** A person settles node `n` without running it; or has it run anew, with what was skipped because of it. */
  | {
      readonly type: "node.skipped" | "node.retried";
      readonly n: number;
      readonly by: string;
      readonly note?: string;
    }
  /** It did not have to run: what run `from` recorded for the same work is its answer. */
  | {
      readonly type: "node.reused";
      readonly n: number;
      readonly from: string;
      readonly value?: Value;
      readonly files?: readonly ArtifactRef[];
      readonly landed?: Landed;
      /** Fingerprint of its work, if its task has a `cache`. */
      readonly print?: string;
    }
  /**
   * `print`: the fingerprint of its work, if its task has a `cache`. `spoiled`: a sentence, why the answer that is kept for
   * it could not be taken.
   */
  | {
      readonly type: "attempt.started";
      readonly n: number;
      readonly a: number;
      readonly key: string;
      readonly print?: string;
      readonly spoiled?: string;
      /** What it takes of limits, if its task uses any. */
      readonly took?: readonly Took[];
    }
  /** Nothing of the limit is to be taken until the wall time `until`: whoever it bounds has said so, to attempt `a` of node `n`. */
  | {
      readonly type: "limit.paused";
      readonly limit: string;
      readonly until: number;
      readonly n?: number;
      readonly a?: number;
    }
  /** The attempt under way has used so much of limits so far, by unit; in place of what it took or was said before. */
  | {
      readonly type: "limit.used";
      readonly n: number;
      readonly a: number;
      readonly amounts: Readonly<Record<string, number>>;
    }
  /** What the API behind a limit has said of itself. */
  | { readonly type: "limit.told"; readonly limit: string; readonly told: readonly ToldBound[] }
  /** Where the attempt runs: what a later owner needs to find and end it; untold if it is named by run, node and attempt. */
  | {
      readonly type: "attempt.placed";
      readonly n: number;
      readonly a: number;
      readonly ref: string;
      /** The instance that serves it, and the declared runner whose that is. */
      readonly i?: number;
      readonly runner?: string;
      /** Of an agent: the session in which it works. Told again when the agent has another. */
      readonly session?: string;
    }
  /** An instance of a declared runner that says how fast they may be made is about to be made; told before it is asked for. */
  | { readonly type: "instance.begun"; readonly runner: string }
  /** A place was made for a declared runner: instance `i` of the run, which count from 1. Until the run's end, if no `closed` comes. */
  | {
      readonly type: "instance.opened";
      readonly i: number;
      readonly runner: string;
      readonly kind: string;
      readonly ref: string;
    }
  /** `used`: it has served as many nodes as it may. `unwell`: it did not answer as it should when it was to serve again. */
  | {
      readonly type: "instance.closed";
      readonly i: number;
      readonly why: "used" | "idle" | "unwell" | "lost";
    }
  /** It wrote an early field, valid and no more changed: a result, whatever becomes of the attempt. */
  | {
      readonly type: "attempt.early";
      readonly n: number;
      readonly a: number;
      readonly field: string;
      readonly value: Value;
      readonly files?: readonly ArtifactRef[];
    }
  /** What attempt `a` has used until now, all in all; of one that is killed the last that was heard. */
  | { readonly type: "attempt.used"; readonly n: number; readonly a: number; readonly usage: Usage }
  /** A person allows the agents in `n`, a flow, phase or node, to spend so much more: dollars, tokens. */
  | {
      readonly type: "budget.extended";
      readonly n: number;
      readonly cost?: number;
      readonly tokens?: number;
      readonly by: string;
      readonly note?: string;
    }
  /** Its work is done and committed; it is to be merged, and not to be done again. */
  | {
      readonly type: "attempt.answered";
      readonly n: number;
      readonly a: number;
      readonly landed: Landed;
      readonly exit?: number;
      readonly value?: Value;
      readonly files?: readonly ArtifactRef[];
      readonly message?: string;
    }
  | {
      readonly type: "attempt.ended";
      readonly n: number;
      readonly a: number;
      readonly outcome: Outcome;
      readonly why?: Why;
      /** One sentence for people: what was wrong, with path and reason. */
      readonly message?: string;
      readonly exit?: number;
      readonly signal?: string;
      readonly value?: Value;
      readonly files?: readonly ArtifactRef[];
      /** Of a worktree's. */
      readonly landed?: Landed;
      /** Its answer is kept under this fingerprint: what it read had not changed meanwhile. */
      readonly print?: string;
      /** Last lines of its output, at most 2 KB, when it failed. */
      readonly tail?: string;
      /** Of a limited one: so many ms were asked for, if any were. */
      readonly after_ms?: number;
      /** When it is to be repeated: not before this wall time. */
      readonly again_at?: number;
    };

export type EventType = EventBody["type"];

/** A declared runner as an owner of the run found it. */
export interface Place {
  readonly runner: string;
  readonly kind: string;
  /** At most so many instances at one time, so attempts too: by the plan and by what the place allows; null: not bounded. */
  readonly instances: number | null;
  /** What works there takes nothing of this machine. */
  readonly elsewhere: boolean;
}

/** An event as stored. `seq` counts from 1 within the run; `at` is wall ms and never goes back. */
export type Event = EventBody & { readonly seq: number; readonly at: number; readonly epoch: number };

/** What the user asked of this run, as recorded; `cli/args` fills the defaults. */
export interface RunOptions {
  /** How much computing at once on this machine: the sum of `needs.cpu`. */
  readonly jobs: number;
  /** Bytes of memory and disk that this machine has for nodes which need some; not bounded if not known. */
  readonly memory?: number;
  readonly disk?: number;
  readonly failFast: boolean;
  /** Names of nodes to run, with what they need; null: all. */
  readonly only: readonly string[] | null;
  /** The kind of place that declared runners are to have; null or absent: the first of each. */
  readonly on?: string | null;
  /** `RUNNER.KEY=VALUE`: settings in place of what the file says; the plan has them already. Absent: none. */
  readonly set?: readonly string[];
}
