// Requests of agents that are led past flowc: each waits for its limit, and counts from when it is really sent.

import type { Recorder } from "./execute-record.ts";
import type { RunLog } from "./journal-log.ts";
import type { LimitRows } from "./limit-rows.ts";
import { ownRun, type Took } from "./limit-state.ts";
import { lackText } from "./limit-texts.ts";
import { countsMs } from "./limit-window.ts";
import type { PassAsked, Passed } from "./proxy/passes.ts";
import type { Run } from "./run.ts";
import { rankOf } from "./run-settings.ts";

interface Waiting {
  readonly asked: PassAsked;
  /** It is let go with this turn. */
  readonly settled: () => void;
  readonly let: (passed: Passed) => void;
  told: boolean;
}

export interface PassagesOf {
  readonly run: Run;
  readonly log: RunLog;
  readonly recorder: Recorder;
  readonly rows: LimitRows;
  /** Reads what has changed in the rows. */
  readonly look: () => void;
  readonly wake: () => void;
  timer(ms: number, wake: () => void): () => void;
}

const tellMs = 200;
/** What others do with a limit is heard by a bell; so often it is looked at all the same. */
const othersMs = 1000;
/** No clock is exact, and the one of the API may be read a moment before ours. */
const laterMs = 2;

/** First come, first served, those of nodes of a high priority before others. */
export class Passages {
  private readonly of: PassagesOf;
  private line: Waiting[] = [];
  /** What was told of requests, to be written with the next turn. */
  private told: (() => void)[] = [];
  /** To be let go when the turn is committed. */
  private granted: (() => void)[] = [];
  private takeBack: (() => void) | null = null;
  private count = 0;
  private heard = false;
  /** Limits for which requests wait. */
  readonly awaited = new Set<string>();
  /** Of which something was taken or given back in this turn. */
  readonly changed = new Set<string>();

  constructor(of: PassagesOf) {
    this.of = of;
  }

  /** Null: it is not to be sent any more. */
  ask(asked: PassAsked): Promise<Passed | null> {
    return new Promise((done) => {
      if (asked.stop.aborted) return done(null);
      const leave = (): void => {
        this.line = this.line.filter((each) => each !== waiting);
        this.tell(() => this.of.run.limits.state(asked.limit)?.awaits(asked.n, null));
        done(null);
      };
      const waiting: Waiting = {
        asked,
        told: false,
        settled: () => asked.stop.removeEventListener("abort", leave),
        let: (passed) => {
          // It may have left while what it was given was written down.
          if (asked.stop.aborted) passed.end(null);
          done(asked.stop.aborted ? null : passed);
        },
      };
      asked.stop.addEventListener("abort", leave, { once: true });
      this.line.push(waiting);
      this.tell(() => this.of.run.limits.state(asked.limit)?.awaits(asked.n, asked.amounts));
    });
  }

  get quiet(): boolean {
    return !this.heard;
  }

  /** In a turn: writes down what was told, and lets go whom it can. */
  turn(): void {
    this.heard = false;
    this.changed.clear();
    this.awaited.clear();
    this.settle();
    if (this.line.length > 0) this.letGo();
  }

  /** Writes down what was told. */
  settle(): void {
    this.takeBack?.();
    this.takeBack = null;
    for (const each of this.told.splice(0)) each();
  }

  close(): void {
    this.takeBack?.();
    this.takeBack = null;
  }

  /** What was taken is committed. */
  committed(): void {
    for (const each of this.granted.splice(0)) each();
  }

  private letGo(): void {
    const { run, recorder, log } = this.of;
    const now = recorder.now();
    let next: number | null = null;
    const rank = (each: Waiting): number => (rankOf(run, each.asked.n) === 0 ? 0 : 1);
    const inOrder = [...this.line].sort((a, b) => rank(a) - rank(b));
    for (const waiting of inOrder) {
      const { asked } = waiting;
      const state = run.limits.state(asked.limit);
      if (state === null) {
        this.grant(waiting, free);
        continue;
      }
      if (this.awaited.has(asked.limit)) continue;
      const high = rank(waiting) === 0;
      let lack = state.lackOfPass(asked.amounts, high, now);
      if (lack === null) {
        // Until the turn is committed no other run takes any.
        const passed = log.hold(() => {
          this.of.look();
          lack = state.lackOfPass(asked.amounts, high, now);
          return lack === null ? this.take(asked, now) : null;
        });
        if (passed !== null) {
          state.awaits(asked.n, null);
          this.grant(waiting, passed);
          continue;
        }
      }
      if (lack === null) continue;
      this.awaited.add(asked.limit);
      const until = lack.until ?? now + othersMs;
      if (next === null || until < next) next = until;
      if (!waiting.told) asked.held(lackText(lack, now));
      waiting.told = true;
    }
    if (next !== null) this.takeBack = this.of.timer(Math.max(1, next - now), () => this.wake());
  }

  private grant(waiting: Waiting, passed: Passed): void {
    this.line = this.line.filter((each) => each !== waiting);
    waiting.settled();
    this.granted.push(() => waiting.let(passed));
  }

  private take({ a, limit, amounts }: PassAsked, now: number): Passed {
    const { rows, run, log, look, recorder } = this.of;
    const k = -++this.count;
    const took = (amounts: Took["amounts"]): Took => ({ limit, amounts });
    rows.take({ n: k, a }, took(amounts), now, countsMs(run.limits.state(limit)?.ms ?? 0));
    const key = -rows.last;
    look();
    this.changed.add(limit);
    const correct = (amounts: Took["amounts"]): void => {
      run.limits.state(limit)?.correctPass(key, ownRun, amounts, recorder.now());
      log.hold(() => rows.less(k, took(amounts)));
      this.changed.add(limit);
    };
    let over = false;
    return {
      arrived: () => {
        const at = recorder.now() + laterMs;
        this.tell(() => run.limits.state(limit)?.passed(key, at));
      },
      corrected: (amounts) => this.tell(() => correct(amounts)),
      end: (amounts) => {
        if (over) return;
        over = true;
        const at = recorder.now() + laterMs;
        this.tell(() => {
          correct(amounts ?? this.nothing(limit));
          log.hold(() => rows.ended(k, at));
        });
      },
    };
  }

  private nothing(limit: string): Took["amounts"] {
    const rates = this.of.run.limits.state(limit)?.plan.rates ?? [];
    return Object.fromEntries(rates.map(({ unit }) => [unit, 0]));
  }

  /** Where nobody waits for it, it is written a little later, with what else there is. */
  private tell(told: () => void): void {
    this.told.push(told);
    if (this.line.length > 0) this.wake();
    else this.takeBack ??= this.of.timer(tellMs, () => this.wake());
  }

  private wake(): void {
    this.heard = true;
    this.of.wake();
  }
}

/** Of what bounds nothing. */
const free: Passed = { arrived: () => {}, corrected: () => {}, end: () => {} };
