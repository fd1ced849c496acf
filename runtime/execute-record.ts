// Writes down what happened: an event is applied to the run at once, and committed with its turn before it is relied on.

import type { Value } from "../compiler/types.ts";
import { argsOf } from "./decide-args.ts";
import type { Event, EventBody } from "./events.ts";
import type { KnownPrint } from "./journal-cache.ts";
import type { RunLog } from "./journal-log.ts";
import type { Request, Taken } from "./requests.ts";
import { apply, type Run } from "./run.ts";
import { PAST } from "./run-codes.ts";
import type { RunView } from "./run-view.ts";
import type { World } from "./world.ts";

/** What is told after each commit. */
export interface News {
  readonly events: readonly Event[];
  /** Nodes that started, ended or wait again; ascending. */
  readonly changed: readonly number[];
  readonly run: RunView;
  /** Only a person can move it on. */
  readonly waits: boolean;
}

export type Watch = (news: News) => void;

/** Values of a node's arguments, computed once a turn however many ask. */
export class Inputs {
  private readonly run: () => Run;
  private readonly known = new Map<number, readonly Value[] | null>();

  constructor(run: () => Run) {
    this.run = run;
  }

  of(n: number): readonly Value[] | null {
    const known = this.known.get(n);
    if (known !== undefined) return known;
    const run = this.run();
    // What it gets is computed anew: that, or the block whose handler it was part of, was put back since it started.
    const waits = run.waiting.get(n) > 0 || run.has(n, PAST);
    const args = waits ? null : argsOf(run, n);
    const values = args?.ok === true ? args.value : null;
    this.known.set(n, values);
    return values;
  }

  forget(): void {
    this.known.clear();
  }
}

/** The one way by which events come to be. */
export class Recorder {
  readonly run: Run;
  private readonly world: World;
  private readonly log: RunLog;
  private readonly inputs: Inputs;
  private readonly watch: Watch;
  private readonly changed: Set<number>;
  private seq: number;
  private at: number;
  private batch: Event[] = [];
  private taken: Taken[] = [];
  private prints: KnownPrint[] = [];
  private waits = false;

  /** `changed`: filled by the run's `watch`. `last`: number and time of the last event there is. */
  constructor(
    world: World,
    parts: {
      readonly run: Run;
      readonly log: RunLog;
      readonly inputs: Inputs;
      readonly changed: Set<number>;
      readonly watch: Watch;
    },
    last: { readonly seq: number; readonly at: number },
  ) {
    this.world = world;
    this.run = parts.run;
    this.log = parts.log;
    this.inputs = parts.inputs;
    this.changed = parts.changed;
    this.watch = parts.watch;
    this.seq = last.seq;
    this.at = last.at;
  }

  /** Wall ms that never go back in a run, whatever the clock does. */
  now(): number {
    this.at = Math.max(this.at, Math.floor(this.world.clock.now()));
    return this.at;
  }

  /** `body` becomes the event. */
  record(body: EventBody): void {
    // Of so many shapes a copy by spreading costs a fifth of a run of small nodes.
    const event: Event = Object.assign(body, { seq: this.seq + 1, at: this.now(), epoch: this.log.epoch });
    apply(this.run, event);
    this.seq++;
    this.batch.push(event);
  }

  /** The request is answered by what was recorded for it, in the same transaction; or refused, for this reason. */
  take({ id }: Request, refused: string | null): void {
    this.taken.push({ id, at: this.now(), refused });
  }

  /** A fingerprint that what is recorded next names. */
  know(print: KnownPrint): void {
    this.prints.push(print);
  }

  /**
   * Commits what was recorded since the last time, and tells; `waits`: only a person can move the run on; `later`: the
   * journal's mark follows by the caller. Throws JournalError and LeaseLost.
   */
  commit(waits = false, later = false): void {
    const { holds } = this.log;
    if (this.batch.length === 0 && this.taken.length === 0 && waits === this.waits && !holds) return;
    const { batch: events, taken, prints } = this;
    const changed = [...this.changed].sort((a, b) => a - b);
    this.batch = [];
    this.taken = [];
    this.prints = [];
    this.changed.clear();
    this.log.commit(events, this.run, changed, taken, waits, later, prints);
    this.waits = waits;
    this.inputs.forget();
    this.watch({ events, changed, run: this.run, waits });
  }
}
