// What the loop is told of agents while they work: their sessions, on which a resume relies, and what they use.

import type { Usage } from "./agent.ts";
import type { InSession } from "./asked.ts";
import type { Recorder } from "./execute-record.ts";

type Told =
  | (InSession & { readonly kind: "session"; readonly done: () => void })
  | { readonly kind: "used"; readonly n: number; readonly a: number; readonly usage: Usage };

export class AskRecords {
  private readonly recorder: Recorder;
  private readonly wake: () => void;
  private told: Told[] = [];
  /** Recorded, and not yet committed. */
  private recorded: (() => void)[] = [];

  constructor(recorder: Recorder, wake: () => void) {
    this.recorder = recorder;
    this.wake = wake;
  }

  /** Resolves when it is committed. */
  inSession(told: InSession): Promise<void> {
    return new Promise((done) => {
      this.told.push({ ...told, kind: "session", done });
      this.wake();
    });
  }

  /** Until now, all in all of the attempt. */
  used(n: number, a: number, usage: Usage): void {
    this.told.push({ kind: "used", n, a, usage });
    this.wake();
  }

  get quiet(): boolean {
    return this.told.length === 0;
  }

  /** Writes down what was told of attempts that are under way. */
  record(isOpen: (n: number, a: number) => boolean): void {
    for (const each of this.told.splice(0)) {
      const { n, a } = each;
      if (each.kind === "session") this.recorded.push(each.done);
      if (!isOpen(n, a)) continue;
      if (each.kind === "used") this.recorder.record({ type: "attempt.used", n, a, usage: each.usage });
      else {
        const { ref, of, session } = each;
        this.recorder.record({ type: "attempt.placed", n, a, ref, ...of, session });
      }
    }
  }

  /** What was written down is committed: it may be relied on. */
  committed(): void {
    for (const done of this.recorded.splice(0)) done();
  }
}
