// What the loop is told of work that is done and committed: it is written down, and on the disk, before it is merged.

import type { Answered } from "./attempt-order.ts";
import type { Recorder } from "./execute-record.ts";
import type { RunLog } from "./journal-log.ts";

interface Told {
  readonly n: number;
  readonly a: number;
  readonly given: Answered;
  readonly done: (counts: boolean) => void;
}

export class AnswerRecords {
  private readonly log: RunLog;
  private readonly recorder: Recorder;
  private readonly wake: () => void;
  private told: Told[] = [];
  /** Recorded, and not yet committed. */
  private recorded: (() => void)[] = [];

  constructor(parts: { readonly log: RunLog; readonly recorder: Recorder }, wake: () => void) {
    this.log = parts.log;
    this.recorder = parts.recorder;
    this.wake = wake;
  }

  /** True when it is on the disk; false: the attempt does not count any more. */
  answered(n: number, a: number, given: Answered): Promise<boolean> {
    return new Promise((done) => {
      this.told.push({ n, a, given, done });
      this.wake();
    });
  }

  get quiet(): boolean {
    return this.told.length === 0;
  }

  /** Writes down what was told of attempts that still run. */
  record(runs: (n: number, a: number) => boolean): void {
    for (const { n, a, given, done } of this.told.splice(0)) {
      if (!runs(n, a)) {
        done(false);
        continue;
      }
      this.recorder.record({ type: "attempt.answered", n, a, ...given });
      this.recorded.push(() => done(true));
    }
  }

  /** What was written down is committed. `broken`: it cannot be brought to the disk. */
  committed(broken: (error: unknown) => void): void {
    const recorded = this.recorded.splice(0);
    if (recorded.length === 0) return;
    this.log.synced().then(() => {
      for (const done of recorded) done();
    }, broken);
  }
}
