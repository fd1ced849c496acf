// Work on the journal in pieces so short that nobody else who writes has to wait for long.

import { setTimeout as rest } from "node:timers/promises";
import type { Journal } from "./journal.ts";
import { worded } from "./journal-errors.ts";
import { type Row, type SqlValue, transact } from "./sqlite.ts";

const pieceMsMax = 5;
const rowsMin = 8;
const rowsMax = 4096;

export class Pieces {
  private readonly journal: Journal;
  private rows = 64;

  constructor(journal: Journal) {
    this.journal = journal;
  }

  /** Repeats a statement, whose last parameter is how many rows at most, until it changes nothing more. */
  async remove(sql: string, ...values: readonly SqlValue[]): Promise<number> {
    const statement = this.guarded(() => this.journal.database.prepare(sql));
    for (let all = 0; ; ) {
      const began = performance.now();
      const done = this.guarded(() => changesOf(statement.run(...values, this.rows)));
      const took = performance.now() - began;
      this.adapt(took);
      if (done === 0) return all;
      all += done;
      // Others look for a free moment now and then, and must find one.
      await rest(took);
    }
  }

  /** All rows of a query that goes on behind the last one; its last two parameters are that one's `id` and how many at most. */
  async *read(sql: string, from: number, ...values: readonly SqlValue[]): AsyncGenerator<Row> {
    const statement = this.guarded(() => this.journal.database.prepare(sql));
    for (let last = from; ; ) {
      const rows = this.guarded(() => statement.all(...values, last, rowsMax));
      for (const row of rows) {
        yield row;
        last = Number(row["id"]);
      }
      if (rows.length < rowsMax) return;
      await rest(0);
    }
  }

  /** Writes each of many small things; so many in one transaction as take no longer than a piece. */
  async each<T>(items: readonly T[], write: (item: T) => void): Promise<void> {
    for (let at = 0; at < items.length; ) {
      const began = performance.now();
      this.guarded(() =>
        transact(this.journal.database, () => {
          do {
            const item = items[at++];
            if (item !== undefined) write(item);
          } while (at < items.length && performance.now() - began < pieceMsMax / 2);
        }),
      );
      await rest(performance.now() - began);
    }
  }

  private adapt(ms: number): void {
    if (ms > pieceMsMax / 2) this.rows = Math.max(rowsMin, Math.floor(this.rows / 2));
    else if (ms < pieceMsMax / 8) this.rows = Math.min(rowsMax, this.rows * 2);
  }

  private guarded<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw worded(error, this.journal.path);
    }
  }
}

function changesOf(result: unknown): number {
  if (typeof result !== "object" || result === null || !("changes" in result)) return 0;
  return Number(result.changes);
}
