// What the loop is told of instances: each is written down before anything is relied on, and then has its number.

import type { Recorder } from "./execute-record.ts";
import type { InstanceNews, Lent } from "./instances.ts";
import type { RunLog } from "./journal-log.ts";
import type { Run } from "./run.ts";

type Opened = Parameters<InstanceNews["opened"]>[0];
type Told =
  | { readonly kind: "begun"; readonly runner: string; readonly done: () => void }
  | ({ readonly kind: "placed"; readonly done: () => void } & Placed)
  | { readonly kind: "opened"; readonly told: Opened; readonly done: (i: number) => void }
  | { readonly kind: "closed"; readonly i: number; readonly why: Parameters<InstanceNews["closed"]>[1] };

/** Which instance serves an attempt. */
export interface Placed {
  readonly n: number;
  readonly a: number;
  readonly ref: string;
  readonly of: Lent["of"];
}

export class InstanceRecords {
  private readonly run: Run;
  private readonly log: RunLog;
  private readonly recorder: Recorder;
  private readonly wake: () => void;
  private told: Told[] = [];
  /** Recorded, and not yet committed; some must also be on the disk. */
  private recorded: (() => void)[] = [];
  private paid: (() => void)[] = [];

  constructor(
    parts: { readonly run: Run; readonly log: RunLog; readonly recorder: Recorder },
    wake: () => void,
  ) {
    this.run = parts.run;
    this.log = parts.log;
    this.recorder = parts.recorder;
    this.wake = wake;
  }

  begun(runner: string): Promise<void> {
    return new Promise((done) => {
      this.told.push({ kind: "begun", runner, done });
      this.wake();
    });
  }

  /** Resolves when it is on the disk. */
  placed(placed: Placed): Promise<void> {
    return new Promise((done) => {
      this.told.push({ kind: "placed", ...placed, done });
      this.wake();
    });
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
      if (each.kind === "begun") {
        this.recorder.record({ type: "instance.begun", runner: each.runner });
        this.recorded.push(each.done);
        continue;
      }
      if (each.kind === "placed") {
        this.place(each);
        continue;
      }
      const { runner, kind, ref, paid } = each.told;
      const i = this.run.instances.count + 1;
      this.recorder.record({ type: "instance.opened", i, runner, kind, ref });
      (paid ? this.paid : this.recorded).push(() => each.done(i));
    }
  }

  private place({ n, a, ref, of, done }: Placed & { readonly done: () => void }): void {
    // One that was given up is told to end, and begins nothing.
    if (this.run.state(n) === "running" && this.run.attempts(n) === a)
      this.recorder.record({ type: "attempt.placed", n, a, ref, ...of });
    this.paid.push(done);
  }

  /** What was written down is committed: it may be relied on. `broken`: it cannot be brought to the disk. */
  committed(broken: (error: unknown) => void): void {
    for (const done of this.recorded.splice(0)) done();
    const paid = this.paid.splice(0);
    if (paid.length === 0) return;
    this.log.synced().then(() => {
      for (const done of paid) done();
    }, broken);
  }
}
