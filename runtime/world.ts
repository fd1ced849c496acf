// The World: everything outside that a run touches, passed in, so that the loop also runs in a pretend one.

import type { Plan } from "../compiler/plan.ts";
import type { TaskPlan } from "../compiler/plan-tasks.ts";
import type { Value } from "../compiler/types.ts";
import type { Usage } from "./agent.ts";
import type { ArtifactStore } from "./artifacts.ts";
import type { InSession } from "./asked.ts";
import type { Answered, AttemptOrder } from "./attempt-order.ts";
import type { AttemptReport } from "./attempt-report.ts";
import type { Bell } from "./bell.ts";
import type { ArtifactRef, Place } from "./events.ts";
import type { Stands } from "./git/stands.ts";
import type { InstanceNews, Lent } from "./instances.ts";
import type { Journal } from "./journal.ts";
import type { Identity } from "./lease.ts";
import type { ToldBound } from "./limit-state.ts";
import type { PassAsked, Passed } from "./proxy/passes.ts";
import type { FileAccess } from "./values.ts";

export interface Clock {
  /** Wall ms since 1970; may jump. */
  now(): number;
  /** Ms that only go forward, from anywhere. */
  monotonic(): number;
}

/** What carries out the attempts of one run. */
export interface RunAttempts {
  /** Rejects only when the disk is full. When `stop` fires it ends soon, as `cancelled`. */
  start(order: AttemptOrder, stop: AbortSignal): Promise<AttemptReport>;
  /** How many calls of a task may be started that still wait for a thread; not there: none. */
  ahead?(task: TaskPlan): number;
  /** Finds and ends all that carries this run's tag, recorded or not; gives what it was. `atOnce`: by KILL. */
  sweep(atOnce?: boolean): Promise<readonly string[]>;
  /** Once more what an earlier owner left, and nothing that was started since; gives what it was. */
  sweepLeft(): Promise<readonly string[]>;
  /** What a runner's places are made of, for fingerprints; not there: its name. */
  identity?(runner: string): Promise<string | null>;
  /** Does what a node has left on a branch still stand? Not there: it does. */
  readonly stands?: Stands;
  close(): Promise<void>;
}

/** A run for which attempts are to be carried out. */
export interface AttemptsOf {
  readonly run: string;
  /** Absolute path of its folder in the state directory. */
  readonly folder: string;
  /** Raised with each owner of the run. */
  readonly epoch: number;
  /** It had an owner before. */
  readonly inherited: boolean;
  /** False: another flowc has taken the run over, and no process of it is to be touched. */
  isOurs(): boolean;
  readonly files: FileAccess;
  readonly clock: Clock;
  /** To be told where an attempt runs; its command may start when this resolves. */
  placed(n: number, a: number, ref: string, of: Lent["of"]): Promise<void>;
  /** To be told of an early field that was taken, while its attempt goes on. */
  early(n: number, a: number, field: string, value: Value, files: readonly ArtifactRef[]): void;
  /** To be told that an attempt's work is done and committed. True when that is on the disk; false: it does not count any more. */
  answered(n: number, a: number, given: Answered): Promise<boolean>;
  timer(ms: number, wake: () => void): () => void;
  random(): number;
  readonly plan: Plan;
  /** As in `RunOptions`. */
  readonly on: string | null;
  readonly instances: InstanceNews;
  /** The wall ms at which earlier owners began to make instances of a runner whose rate is bounded; not there: never. */
  begun?(runner: string): readonly number[];
  readonly limits: LimitNews;
  readonly asks: AskNews;
}

/** What an attempt learns of the limits that its task uses; of one that has ended, and of one without limits, nothing follows. */
export interface LimitNews {
  /**
   * Attempt `a` of node `n` has used so much so far, by unit (`requests`, `tokens`): all of it, not what was added. It may be
   * told again and again. More than it took counts from now, less is given back; units that its limits do not bound are left out. Of
   * none: its agent works.
   */
  used(n: number, a: number, amounts: Readonly<Record<string, number>>): void;
  /** Whoever serves it wants to be left alone until the wall ms `until`: all limits that it uses, or this one, are paused, in all runs. */
  paused(n: number, a: number, until: number, limit?: string): void;
  /** A request that is led past flowc may be sent when this resolves; null: it is not to be. */
  pass(asked: PassAsked): Promise<Passed | null>;
  /** The API behind a limit has said how much of its own is left. */
  heard(limit: string, told: readonly ToldBound[]): void;
}

/** To be told of agents while they work. */
export interface AskNews {
  /** Resolves when it is committed. */
  inSession(told: InSession): Promise<void>;
  used(n: number, a: number, usage: Usage): void;
  /** What one does, as a short line. */
  does(n: number, text: string): void;
}

export interface Attempts {
  open(of: AttemptsOf): RunAttempts;
  /** What a plan's declared runners are here; `on` as in `RunOptions`. Not there: nothing is known of them. */
  places?(plan: Plan, on: string | null): Promise<readonly Place[]>;
}

export interface World {
  readonly clock: Clock;
  /** At least 0 and below 1. */
  random(): number;
  readonly journal: Journal;
  readonly artifacts: ArtifactStore;
  readonly attempts: Attempts;
  /** By which requests of people are heard. */
  readonly bell: Bell;
  /** Who we are, for the journal. */
  readonly identity: Identity;
  /** Absolute path of the project. */
  readonly project: string;
  /** Version of flowc. */
  readonly flowc: string;
  /** Calls `wake` once after `ms`; the answer takes that back. */
  timer(ms: number, wake: () => void): () => void;
}
