// What the loop does about answers of before: it asks, records what need not run, and keeps what may stand for others.

import type { AttemptReport } from "./attempt-report.ts";
import { looked } from "./decide.ts";
import { argsOf, keyOf } from "./decide-args.ts";
import type { EventBody } from "./events.ts";
import type { Recorder } from "./execute-record.ts";
import type { KnownPrint } from "./journal-cache.ts";
import type { Look, Reuse } from "./reuse.ts";
import type { Run } from "./run.ts";
import { READY } from "./run-codes.ts";

/** What was found so long ago is looked at again before the node starts: files may have changed since. */
const freshMs = 1000;

type Started = Extract<EventBody, { type: "attempt.started" }>;

interface Seen extends Look {
  /** Monotonic ms. */
  readonly at: number;
}

export class Looks {
  private readonly run: Run;
  private readonly recorder: Recorder;
  private readonly reuse: Reuse;
  private readonly monotonic: () => number;
  /** Of nodes that are to run. */
  private readonly seen = new Map<number, Seen>();

  constructor(run: Run, recorder: Recorder, reuse: Reuse, monotonic: () => number) {
    this.run = run;
    this.recorder = recorder;
    this.reuse = reuse;
    this.monotonic = monotonic;
  }

  /** A turn begins. */
  newMoment(): void {
    this.reuse.newMoment();
  }

  /** Null: the answer was there at once, and is recorded. */
  begin(n: number): Promise<Look> | null {
    const look = this.reuse.look(n);
    if (look instanceof Promise) return look;
    this.take(n, look);
    return null;
  }

  /** What was found of a node. It may be too late: something else has become of it. */
  take(n: number, look: Look): void {
    if (this.run.states.get(n) !== READY) return;
    const { kept, print, startedIn } = look;
    if (kept === null && startedIn !== null) {
      this.unknown(n, startedIn);
      return;
    }
    if (kept === null) {
      if (print !== null) this.seen.set(n, { ...look, at: this.monotonic() });
      looked(this.run, n);
      return;
    }
    const { from, value, files, landed } = kept;
    const own = {
      ...(value === null ? {} : { value }),
      ...(files.length === 0 ? {} : { files }),
      ...(landed === undefined ? {} : { landed }),
      ...(print === null ? {} : { print: print.hash }),
    };
    this.recorder.record({ type: "node.reused", n, from, ...own });
  }

  /** What was just asked of a person, who has answered it in the run that this one goes on from. */
  opened(event: Extract<EventBody, { type: "gate.opened" }>): EventBody | null {
    return this.reuse.approval(event);
  }

  /** It was started in an earlier run, and nobody knows what it has done: a person decides. */
  private unknown(n: number, startedIn: string): void {
    const a = this.run.attempts(n) + 1;
    const values = argsOf(this.run, n);
    if (!values.ok) return;
    this.recorder.record({ type: "attempt.started", n, a, key: keyOf(this.run, n, values.value) });
    const message = `it may be done only once, and was started in the run ${startedIn} with other work`;
    this.recorder.record({ type: "attempt.ended", n, a, outcome: "lost", message });
  }

  /** The start of a node with what is known of its work. */
  started(event: Started): Started {
    const seen = this.seen.get(event.n);
    if (seen === undefined || seen.print === null) return event;
    const { print, spoiled } = seen;
    this.recorder.know(print);
    // It is told once.
    this.seen.set(event.n, { ...seen, spoiled: null });
    return { ...event, print: print.hash, ...(spoiled === null ? {} : { spoiled }) };
  }

  /** Carries out an attempt; its fingerprint comes back if nothing that it saw has changed meanwhile. */
  async during(
    n: number,
    work: () => Promise<AttemptReport>,
  ): Promise<readonly [AttemptReport, KnownPrint | null]> {
    const seen = this.seen.get(n);
    if (seen === undefined) return [await work(), null];
    const old = this.monotonic() - seen.at > freshMs;
    const before = old ? await this.reuse.again(n) : seen.print;
    const report = await work();
    if (report.outcome !== "succeeded" || before === null) return [report, null];
    const after = await this.reuse.again(n);
    return [report, after?.hash === before.hash ? after : null];
  }

  /** What to record of the end of an attempt under whose fingerprint its answer is kept. */
  ended(n: number, print: KnownPrint | null): { readonly print?: string } {
    this.seen.delete(n);
    if (print === null) return {};
    this.recorder.know(print);
    return { print: print.hash };
  }
}
