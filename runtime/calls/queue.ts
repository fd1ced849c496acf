// Which call goes to which thread and when: one by one, or many together where a function is known to be short.

import { Batch, type Handed, type Job, type Known } from "./batch.ts";
import { type Call, type CallResult, stopped } from "./call.ts";

/** A function is short if it takes so many µs on the average. */
const shortUs = 200;
/** One that nobody knows yet goes alone so many times. */
const knownAfter = 8;
/** So many short calls go to a thread at once: what handing over costs is spread on them. */
const togetherMax = 64;
/** What a thread was handed and has not begun after this time, is taken back for others. */
const lateMs = 10;

/** Hands calls to a thread; gives what the thread answered, and rejects when the thread has ended. */
export type HandOver = (handed: Handed, stop: AbortSignal) => Promise<unknown>;

export class CallQueue {
  private readonly threads: number;
  private readonly handOver: HandOver;
  private readonly worded: (error: unknown) => CallResult;
  /** By file, then by name. */
  private readonly known = new Map<string, Map<string, Known>>();
  private readonly open = new Set<Batch>();
  private waiting: Job[] = [];
  private planned = false;
  private rescue: NodeJS.Timeout | null = null;

  /** `worded`: what to say of a call whose thread ended by an error. */
  constructor(threads: number, handOver: HandOver, worded: (error: unknown) => CallResult) {
    this.threads = threads;
    this.handOver = handOver;
    this.worded = worded;
  }

  /** When `stop` fires it ends, whatever it does, and with it the thread that it runs in. */
  async call(call: Call, stop: AbortSignal): Promise<CallResult> {
    if (stop.aborted) return stopped;
    return new Promise((resolve) => {
      const known = this.knownOf(call);
      const end = (): void => this.stop(job);
      const job: Job = {
        call,
        stop,
        known,
        settle: (result, us) => {
          stop.removeEventListener("abort", end);
          if (us !== null) note(known, us);
          resolve(result);
        },
      };
      stop.addEventListener("abort", end, { once: true });
      this.waiting.push(job);
      this.plan();
    });
  }

  /** How many calls of a function may wait here, so that its threads always have the next ones. */
  ahead(file: string, name: string): number {
    const known = this.known.get(file)?.get(name);
    return known !== undefined && isShort(known) ? this.threads * togetherMax : 0;
  }

  /** What is known of the function that a call is of. */
  private knownOf({ file, name }: Call): Known {
    let ofFile = this.known.get(file);
    if (ofFile === undefined) {
      ofFile = new Map();
      this.known.set(file, ofFile);
    }
    let known = ofFile.get(name);
    if (known === undefined) {
      known = { calls: 0, mean: 0 };
      ofFile.set(name, known);
    }
    return known;
  }

  /** When all that asks now has asked. */
  private plan(): void {
    if (this.planned) return;
    this.planned = true;
    setImmediate(() => {
      this.planned = false;
      this.handOut();
    });
  }

  private handOut(): void {
    while (this.open.size < this.threads) {
      const [first] = this.waiting;
      if (first === undefined) break;
      let count = 1;
      if (isShort(first.known)) {
        const share = Math.min(togetherMax, Math.ceil(this.waiting.length / (this.threads - this.open.size)));
        while (count < share && isShort(this.waiting[count]?.known ?? unknown)) count++;
      }
      const batch = new Batch(this.waiting.splice(0, count), performance.now());
      this.open.add(batch);
      if (count > 1) this.rescue ??= setTimeout(() => this.takeBackLate(), lateMs);
      void this.carry(batch);
    }
  }

  private async carry(batch: Batch): Promise<void> {
    try {
      batch.end(await this.handOver(batch.handed, batch.abort.signal));
    } catch (error) {
      batch.broken(this.worded(error));
    }
    this.open.delete(batch);
    this.putBack(batch);
    this.handOut();
  }

  /** What is done is told, and what has not begun goes to others, though one call takes long. */
  private takeBackLate(): void {
    this.rescue = null;
    const now = performance.now();
    for (const batch of this.open)
      if (now - batch.since >= lateMs) {
        batch.deliver();
        this.putBack(batch);
      }
    this.handOut();
    if ([...this.open].some((batch) => batch.several))
      this.rescue ??= setTimeout(() => this.takeBackLate(), lateMs);
  }

  private putBack(batch: Batch): void {
    this.waiting.unshift(...batch.takeBack());
  }

  private stop(job: Job): void {
    const at = this.waiting.indexOf(job);
    if (at >= 0) {
      this.waiting.splice(at, 1);
      job.settle(stopped, null);
      return;
    }
    for (const batch of this.open) {
      if (!batch.has(job)) continue;
      batch.deliver();
      this.putBack(batch);
      if (batch.has(job)) batch.abort.abort();
      else this.stop(job);
      this.plan();
      return;
    }
  }
}

const unknown: Known = { calls: 0, mean: 0 };

function isShort({ calls, mean }: Known): boolean {
  return calls >= knownAfter && mean <= shortUs;
}

/** The mean of all at first, then of the latest. */
function note(known: Known, us: number): void {
  known.calls++;
  known.mean += (us - known.mean) / Math.min(known.calls, 16);
}
