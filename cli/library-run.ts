// A run that a program has begun: its events, read from the journal as they come, its numbers and its end.

import type { RunResult as Executed } from "../runtime/execute.ts";
import { type Journal, openJournal } from "../runtime/journal.ts";
import { type ChainEnd, chainStart } from "../runtime/journal-chain.ts";
import type { Counts, RunView } from "../runtime/run-view.ts";
import { flowErrorOf } from "./flow-error.ts";
import type { Metrics, Run, RunEvent, RunResult } from "./library-types.ts";
import { causesOf } from "./record.ts";
import { type News, toldEvent } from "./render/progress.ts";

const none: Counts = {
  total: 0,
  waiting: 0,
  ready: 0,
  running: 0,
  unknown: 0,
  succeeded: 0,
  failed: 0,
  skipped: 0,
  cancelled: 0,
  answered: 0,
  reused: 0,
};

/** Events read at once while somebody iterates. */
const pieceEvents = 256;

/** What goes on in a program; `began` carries it out, and is asked at once. */
export class ProgramRun implements Run {
  readonly result: Promise<RunResult>;
  private readonly stopping = new AbortController();
  private readonly stoppingNow = new AbortController();
  private readonly state: () => string;
  private readonly now: () => number;
  private view: RunView | null = null;
  private waits = false;
  private over = false;
  /** Number of the last event before this start; null: nothing has happened in it. */
  private before: number | null = null;
  private openedAt = 0;
  private heard: (() => void)[] = [];

  /** `state`: the absolute path of the state directory, known when there is a first event. */
  constructor(began: (run: ProgramRun) => Promise<Executed>, state: () => string, now: () => number) {
    this.state = state;
    this.now = now;
    this.result = this.ended(began);
    // Who only iterates is told there.
    this.result.catch(() => {});
  }

  get stop(): AbortSignal {
    return this.stopping.signal;
  }

  get stopNow(): AbortSignal {
    return this.stoppingNow.signal;
  }

  cancel({ atOnce = false }: { readonly atOnce?: boolean } = {}): void {
    this.stopping.abort("interrupt");
    if (atOnce) this.stoppingNow.abort("interrupt");
  }

  /** Told after each commit. */
  watch({ events, run, waits }: News): void {
    const [first] = events;
    if (this.before === null && first !== undefined) {
      this.before = first.seq - 1;
      this.openedAt = first.at;
    }
    this.view = run;
    this.waits = waits;
    this.wake();
  }

  metrics(): Metrics {
    const { view } = this;
    if (view === null) return metricsOf(null, "starting", 0, 0);
    const status = view.status === "running" && (this.waits || this.over) ? "waiting" : view.status;
    return metricsOf(view, status, this.openedAt, this.now());
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<RunEvent, void, void> {
    let journal: Journal | null = null;
    let end: ChainEnd | null = null;
    try {
      for (;;) {
        // Asked for before anything is read: what comes meanwhile is not missed.
        const news = this.news();
        const { over, view, before } = this;
        if (view !== null && before !== null) {
          journal ??= await openJournal(this.state(), { readOnly: true });
          end ??= startOf(journal, view.id, before);
          const reading = journal.events(view.id, pieceEvents, end);
          let step = reading.next();
          for (; step.done !== true; step = reading.next()) yield toldEvent(step.value, view);
          end = step.value;
        }
        if (over) break;
        await news;
      }
      await this.result;
    } catch (error) {
      throw flowErrorOf(error);
    } finally {
      await journal?.close();
      // Who looks no further does not want it to go on.
      if (!this.over) this.cancel();
      await this.result.catch(() => {});
    }
  }

  private async ended(began: (run: ProgramRun) => Promise<Executed>): Promise<RunResult> {
    try {
      const executed = await began(this);
      this.view = executed.view;
      this.over = true;
      return { ...resultOf(executed), metrics: this.metrics() };
    } catch (error) {
      throw flowErrorOf(error);
    } finally {
      this.over = true;
      this.wake();
    }
  }

  private news(): Promise<void> {
    return new Promise((resolve) => this.heard.push(resolve));
  }

  private wake(): void {
    const { heard } = this;
    this.heard = [];
    for (const each of heard) each();
  }
}

function startOf(journal: Journal, id: string, seq: number): ChainEnd {
  const crc = journal.crcOf(id, seq);
  // A version of flowc that is long gone wrote none.
  return crc === null ? chainStart(id) : { seq, crc };
}

function resultOf({ run, status, output, view }: Executed): Omit<RunResult, "metrics"> {
  const causes = status === "succeeded" ? [] : causesOf(view);
  const failures = causes.map(({ failure, affected }) => {
    const { name, why, message, exit, signal, tail } = failure;
    return { node: name, why, message, exit, signal, tail, affected };
  });
  return { run, status, output, failures };
}

function metricsOf(view: RunView | null, status: Metrics["status"], openedAt: number, now: number): Metrics {
  const counts = view === null ? none : { ...view.counts };
  let [ended, succeeded, sumMs] = [0, 0, 0];
  for (const n of view === null ? [] : view.nodes()) {
    const state = view?.state(n);
    const [from, to] = [view?.startedAt(n) ?? null, view?.endedAt(n) ?? null];
    if ((state !== "succeeded" && state !== "failed") || from === null || to === null) continue;
    if (view?.reusedFrom(n) !== null) continue;
    if (to >= openedAt) ended++;
    if (state === "failed") continue;
    succeeded++;
    sumMs += to - from;
  }
  const instances = view === null ? [] : view.instanceUse(now);
  const over = status === "succeeded" || status === "failed" || status === "cancelled";
  const until = over && view !== null ? (view.endedAt(0) ?? now) : now;
  const elapsedMs = view === null ? 0 : Math.max(0, until - openedAt);
  return {
    run: view === null ? null : view.id,
    status,
    total: counts.total,
    done: counts.succeeded + counts.failed + counts.skipped + counts.cancelled,
    failed: counts.failed,
    running: counts.running,
    counts,
    instances: {
      open: instances.reduce((sum, { open }) => sum + open, 0),
      active: instances.reduce((sum, { busy }) => sum + busy, 0),
    },
    meanMs: succeeded === 0 ? null : sumMs / succeeded,
    elapsedMs,
    perSecond: ended === 0 ? null : (ended * 1000) / Math.max(1, elapsedMs),
  };
}
