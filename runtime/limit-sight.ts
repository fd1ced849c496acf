// Brings what other runs have of limits, by the rows of the journal, into the limits of a run.

import { keptMs, type LimitRows, type SharerRow, type UseRow } from "./limit-rows.ts";
import { ownRun } from "./limit-state.ts";
import type { RunLimits } from "./run-limits.ts";

/** A run that has not said for so long that it waits does not wait: it may be stopped. */
const waitsMs = 10_000;

export class LimitSight {
  private readonly limits: RunLimits;
  private readonly rows: LimitRows;
  private readonly own: number;
  private seq = 0;
  /** Rows that may still change, as far as we know. */
  private readonly open = new Set<number>();
  /** All rows up to this one were seen, or say nothing any more. */
  private knownUpTo = 0;
  /** Those of them that are requests of our own. */
  private readonly passing = new Set<number>();
  private shape = "";
  private refreshedAt = Number.POSITIVE_INFINITY;
  sharers: readonly SharerRow[] = [];

  /** `own`: the run's number in the journal. */
  constructor(limits: RunLimits, rows: LimitRows, own: number) {
    this.limits = limits;
    this.rows = rows;
    this.own = own;
  }

  /** Reads what has changed. */
  refresh(now: number): void {
    let last = this.knownUpTo;
    for (const row of this.rows.since(this.seq, now - this.limits.ms)) {
      this.seq = row.seq;
      last = Math.max(last, row.id);
      if (row.run !== this.own || row.n < 0) this.take(row, now);
    }
    this.knownUpTo = last;
    // Who was stopped for so long has not heard of everything.
    if (now - this.refreshedAt > keptMs / 2) {
      const open = this.rows.open();
      for (const id of this.open) if (!open.has(id)) this.end(id, now);
    }
    this.refreshedAt = now;
    for (const { name, until } of this.rows.pauses(now)) this.limits.pauseBy(name, until);
    this.share(now);
  }

  private take(row: UseRow, now: number): void {
    const state = this.limits.state(row.name);
    if (state === null) return;
    // Below our own nodes, which are numbered from 1.
    const key = -row.id;
    const run = row.run === this.own ? ownRun : row.run;
    if (row.id > this.knownUpTo) {
      this.open.add(row.id);
      // Whose clock was ahead must not hold us until ours has got there.
      const at = Math.min(row.at, now);
      if (run === ownRun) this.passing.add(row.id);
      if (row.n < 0) state.pass(key, run, at, row.amounts);
      else state.take(key, run, at, row);
    } else if (this.open.has(row.id)) {
      if (row.n < 0) state.correctPass(key, run, row.amounts, now);
      else state.correct(key, row.amounts, now);
    }
    if (row.ended !== null && this.open.has(row.id)) this.end(row.id, Math.min(row.ended, now));
  }

  private end(id: number, at: number): void {
    this.open.delete(id);
    this.passing.delete(id);
    for (const name of this.limits.names) this.limits.state(name)?.end(-id, at);
  }

  private share(now: number): void {
    const all = this.rows.sharers().filter(({ name }) => this.limits.state(name) !== null);
    this.sharers = all.filter(({ run }) => run !== this.own);
    this.limits.shared = this.sharers.length > 0 || this.open.size > this.passing.size;
    const shape = JSON.stringify(
      all.map((each) => [each.name, each.run, each.bounds, each.tookAt, waits(each, now)]),
    );
    if (shape === this.shape) return;
    this.shape = shape;
    for (const name of this.limits.names) {
      const same = all.filter((each) => each.name === name);
      const sharers = same.map((each) => ({
        ...{ run: each.run === this.own ? ownRun : each.run, bounds: each.bounds },
        ...{ waits: waits(each, now), tookAt: each.tookAt ?? Number.NEGATIVE_INFINITY },
      }));
      this.limits.state(name)?.share(sharers);
    }
  }
}

function waits({ waitsAt }: SharerRow, now: number): boolean {
  return waitsAt !== null && Math.abs(now - waitsAt) < waitsMs;
}
