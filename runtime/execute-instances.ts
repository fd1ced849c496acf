// What the loop is told of instances: each is written down before anything is relied on, and then has its number.

import type { Recorder } from "./execute-record.ts";
import type { InstanceNews } from "./instances.ts";
import type { RunLog } from "./journal-log.ts";
import type { Run } from "./run.ts";

type Opened = Parameters<InstanceNews["opened"]>[0];
type Told =
  | { readonly kind: "opened"; readonly told: Opened; readonly done: (i: number) => void }
  | { readonly kind: "closed"; readonly i: number; readonly why: Parameters<InstanceNews["closed"]>[1] };

export class InstanceRecords {
  private readonly run: Run;
  private readonly log: RunLog;
  private readonly recorder: Recorder;
  private readonly wake: () => void;
  private told: Told[] = [];
  /** Recorded, and not yet committed. */
  private recorded: (() => void)[] = [];

  constructor(
    parts: { readonly run: Run; readonly log: RunLog; readonly recorder: Recorder },
    wake: () => void,
  ) {
    this.run = parts.run;
    this.log = parts.log;
    this.recorder = parts.recorder;
    this.wake = wake;
  }

  opened(told: Opened): Promise<number> {
    return new Promise((done) => {
      this.told.push({ kind: "opened", told, done });
      this.wake();
    });
  }

  closed(i: number, why: Parameters<InstanceNews["closed"]>[1]): void {
    this.told.push({ kind: "closed", i, why });
    this.wake();
  }

  get quiet(): boolean {
    return this.told.length === 0;
  }

  /** Writes down what was told. */
  record(): void {
    if (this.told.length === 0 || this.run.status !== "running") return;
    for (const each of this.told.splice(0)) {
      if (each.kind === "closed") {
        this.recorder.record({ type: "instance.closed", i: each.i, why: each.why });
        continue;
      }
      const { runner, kind, ref, paid } = each.told;
      const i = this.run.instances.count + 1;
      this.recorder.record({ type: "instance.opened", i, runner, kind, ref });
      this.recorded.push(() => (paid ? void this.log.synced().then(() => each.done(i)) : each.done(i)));
    }
  }

  /** What was written down is committed: it may be relied on. */
  committed(): void {
    for (const done of this.recorded.splice(0)) done();
  }
}
