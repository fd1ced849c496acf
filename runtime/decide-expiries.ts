// Approvals by the time until which an answer counts.

import type { Run } from "./run.ts";
import { RUNNING } from "./run-codes.ts";
import { Heap } from "./run-columns.ts";

export class Expiries {
  private readonly run: Run;
  private readonly heap: Heap;
  private readonly known = new Set<number>();

  constructor(run: Run) {
    this.run = run;
    const untilOf = (c: number): number => run.people.approvals.get(c)?.until ?? Number.POSITIVE_INFINITY;
    this.heap = new Heap((a, b) => untilOf(a) < untilOf(b) || (untilOf(a) === untilOf(b) && a < b));
  }

  /** Takes in what was opened since the last time. */
  take(): void {
    const { opened } = this.run.people;
    for (let i = 0; i < opened.length; i++) this.add(opened.get(i));
    opened.truncate(0);
  }

  /** The wall ms at which the time to answer the next approval is over. */
  nextTime(): number | null {
    const { run } = this;
    for (let top = this.heap.top; top !== undefined; top = this.heap.top) {
      const { until = null } = run.people.approvals.get(top) ?? {};
      if (until !== null && run.states.get(top) === RUNNING) return until;
      this.heap.pop();
      this.known.delete(top);
    }
    return null;
  }

  /** The next approval that nobody answered in time. */
  next(now: number): number | null {
    const until = this.nextTime();
    return until !== null && until <= now ? (this.heap.top ?? null) : null;
  }

  /** Asked again, it has another time, by which the heap must not be ordered before all are put in anew. */
  private add(c: number): void {
    if (!this.known.has(c)) this.heap.push(c);
    else {
      while (this.heap.pop() !== undefined);
      for (const each of this.known) this.heap.push(each);
    }
    this.known.add(c);
  }
}
