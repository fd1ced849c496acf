// Whose time is up, and when somebody's next will be: a heap of deadlines that `decide` keeps beside a run.

import type { Run } from "./run.ts";
import { isTicking, limitOf } from "./run-clocks.ts";
import { Heap } from "./run-columns.ts";

/** Owners of blocks with a deadline that have begun. Who has the run can make it anew. */
export class Deadlines {
  private readonly run: Run;
  /** Wall ms by owner, of those in the heap. */
  private readonly due = new Map<number, number>();
  private readonly heap: Heap;
  /** Of these an argument that says how long is not there yet. */
  private readonly unknown = new Set<number>();

  constructor(run: Run) {
    this.run = run;
    const dueOf = (n: number): number => this.due.get(n) ?? 0;
    this.heap = new Heap((a, b) => dueOf(a) < dueOf(b) || (dueOf(a) === dueOf(b) && a < b));
    for (const n of run.ends.clocks.keys()) this.unknown.add(n);
  }

  /** Takes in blocks that have begun since the last time. */
  take(): void {
    const { timed, clocks } = this.run.ends;
    for (let i = 0; i < timed.length; i++) this.unknown.add(timed.get(i));
    timed.truncate(0);
    for (const n of this.unknown) {
      const limit = isTicking(this.run, n) ? limitOf(this.run, n) : { seconds: Number.POSITIVE_INFINITY };
      if (limit === null) continue;
      this.unknown.delete(n);
      if (this.due.has(n) || ("seconds" in limit && limit.seconds === Number.POSITIVE_INFINITY)) continue;
      const start = clocks.get(n) ?? 0;
      this.due.set(n, "problem" in limit ? start : start + limit.seconds * 1000);
      this.heap.push(n);
    }
  }

  /** A block whose time is up; null if there is none. */
  passed(now: number): number | null {
    const next = this.nextTime();
    return next !== null && next <= now ? (this.heap.top ?? null) : null;
  }

  /** When the next one is due, in wall ms. */
  nextTime(): number | null {
    for (let top = this.heap.top; top !== undefined; top = this.heap.top) {
      if (isTicking(this.run, top)) return this.due.get(top) ?? 0;
      this.heap.pop();
      this.due.delete(top);
    }
    return null;
  }
}
