// Limits as the runs of a state directory share them: rows of the journal, read and written inside of transactions.

import type { LimitPlan } from "../compiler/plan-limits.ts";
import type { Took } from "./limit-state.ts";
import { type Database, integer, integerOrNull, type Row, text } from "./sqlite.ts";

/**
 * What attempts took; no projection: flowc decides by it. Each change of a row raises its `seq`, so that others read no
 * more than what has changed. Until `until` it counts in a window of who took it. `ended`: it holds nothing any more.
 */
export const limitTables = `
CREATE TABLE limit_use (
  id INTEGER PRIMARY KEY, seq INTEGER NOT NULL, name TEXT NOT NULL, run INTEGER NOT NULL, epoch INTEGER NOT NULL,
  n INTEGER NOT NULL, a INTEGER NOT NULL, amounts TEXT NOT NULL, slot TEXT, at INTEGER NOT NULL, ended INTEGER,
  until INTEGER NOT NULL
);
CREATE INDEX limit_use_seq ON limit_use (seq);
CREATE INDEX limit_use_open ON limit_use (run, n) WHERE ended IS NULL;
CREATE TABLE limit_run (
  name TEXT NOT NULL, run INTEGER NOT NULL, epoch INTEGER NOT NULL, bounds TEXT NOT NULL, waits_at INTEGER, took_at INTEGER,
  PRIMARY KEY (name, run)
) WITHOUT ROWID;
CREATE TABLE limit_pause (name TEXT PRIMARY KEY, until INTEGER NOT NULL) WITHOUT ROWID;
`;

/** Of another run, or of an earlier owner of this one. */
export interface UseRow {
  readonly id: number;
  readonly seq: number;
  readonly name: string;
  readonly run: number;
  /** Of a node; below 0: of a request that was led past flowc, which holds nothing. */
  readonly n: number;
  readonly amounts: Readonly<Record<string, number>>;
  readonly slot: string | null;
  /** Wall ms. */
  readonly at: number;
  readonly ended: number | null;
}

/** A run that uses a limit now, unless its owner died. */
export interface SharerRow {
  readonly name: string;
  /** Its number, and its id. */
  readonly run: number;
  readonly id: string;
  readonly epoch: number;
  readonly bounds: LimitPlan;
  /** Wall ms at which it last said that it waits for this limit alone; null: it does not. */
  readonly waitsAt: number | null;
  /** Wall ms at which it took of the limit the last time; null: not yet. */
  readonly tookAt: number | null;
}

/** What has ended is kept for so long, so that everybody hears of it. */
export const keptMs = 3_600_000;

const nextSeq = "(SELECT coalesce(max(seq), 0) + 1 FROM limit_use)";

/**
 * The run goes, inside of the transaction of others: it holds nothing, and what it took counts on, of a run that no other
 * can become.
 */
export function forgetUse(database: Database, run: number): void {
  database
    .prepare(`UPDATE limit_use SET run = -run, ended = coalesce(ended, at), seq = ${nextSeq} WHERE run = ?`)
    .run(run);
  database.prepare("DELETE FROM limit_run WHERE run = ?").run(run);
}

/** What is asked again and again. */
function prepared(database: Database) {
  return {
    insert: database.prepare(
      `INSERT INTO limit_use (seq, name, run, epoch, n, a, amounts, slot, at, ended, until)
       VALUES (${nextSeq}, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ),
    finish: database.prepare(
      `UPDATE limit_use SET ended = ?, seq = ${nextSeq} WHERE run = ? AND n = ? AND ended IS NULL`,
    ),
    changed: database.prepare(
      `SELECT id, seq, name, run, n, amounts, slot, at, ended FROM limit_use
       WHERE seq > ? AND (ended IS NULL OR at > ? OR ? > 0) ORDER BY seq`,
    ),
    sharing: database.prepare(
      `SELECT limit_run.name, limit_run.run, run.name AS id, limit_run.epoch, bounds, waits_at, took_at
       FROM limit_run JOIN run ON run.id = limit_run.run ORDER BY limit_run.run`,
    ),
    paused: database.prepare("SELECT name, until FROM limit_pause WHERE until > ?"),
    served: database.prepare("UPDATE limit_run SET took_at = ? WHERE name = ? AND run = ?"),
    mark: database.prepare("UPDATE limit_run SET waits_at = ? WHERE name = ? AND run = ?"),
  };
}

export class LimitRows {
  private readonly run: number;
  private readonly epoch: number;
  private readonly database: Database;
  private readonly rows: ReturnType<typeof prepared>;

  constructor(database: Database, run: number, epoch: number) {
    this.database = database;
    this.run = run;
    this.epoch = epoch;
    this.rows = prepared(database);
  }

  /** The run has an owner: what an earlier one had is over. */
  begin(limits: readonly LimitPlan[], now: number): void {
    this.prune(now);
    this.database
      .prepare(`UPDATE limit_use SET ended = ?, seq = ${nextSeq} WHERE run = ? AND ended IS NULL`)
      .run(now, this.run);
    const insert = this.database.prepare(
      "INSERT OR REPLACE INTO limit_run (name, run, epoch, bounds) VALUES (?, ?, ?, ?)",
    );
    for (const limit of limits) insert.run(limit.name, this.run, this.epoch, JSON.stringify(limit));
  }

  /** It uses nothing any more. */
  end(now: number): void {
    this.database
      .prepare(`UPDATE limit_use SET ended = ?, seq = ${nextSeq} WHERE run = ? AND ended IS NULL`)
      .run(now, this.run);
    this.database.prepare("DELETE FROM limit_run WHERE run = ?").run(this.run);
    this.prune(now);
  }

  /** `ms`: so long it counts at most. */
  take(of: { readonly n: number; readonly a: number }, took: Took, at: number, ms: number): void {
    const { limit, amounts, slot = null } = took;
    const { run, epoch } = this;
    this.rows.insert.run(limit, run, epoch, of.n, of.a, JSON.stringify(amounts), slot, at, null, at + ms);
    this.rows.served.run(at, limit, run);
  }

  /** The row that was written last. */
  get last(): number {
    return integer(this.database.prepare("SELECT last_insert_rowid() AS id").get() ?? {}, "id");
  }

  /** What was used beyond what was taken; it holds nothing. */
  more(of: { readonly n: number; readonly a: number }, took: Took, at: number, ms: number): void {
    const { run, epoch } = this;
    this.rows.insert.run(
      took.limit,
      run,
      epoch,
      of.n,
      of.a,
      JSON.stringify(took.amounts),
      null,
      at,
      at,
      at + ms,
    );
  }

  /** What the open attempt of a node, or a request, took is so much now. */
  less(n: number, took: Took): void {
    this.database
      .prepare(
        `UPDATE limit_use SET amounts = ?, seq = ${nextSeq} WHERE run = ? AND n = ? AND name = ? AND ended IS NULL`,
      )
      .run(JSON.stringify(took.amounts), this.run, n, took.limit);
  }

  /** The open attempt of a node has ended. */
  ended(n: number, at: number): void {
    this.rows.finish.run(at, this.run, n);
  }

  /** What changed since the row with this `seq`; since 0, what is held or was taken after the wall ms `from`. */
  since(seq: number, from: number): readonly UseRow[] {
    return this.rows.changed.all(seq, from, seq).map(useRow);
  }

  /** Rows that hold something. */
  open(): ReadonlySet<number> {
    const rows = this.database.prepare("SELECT id FROM limit_use WHERE ended IS NULL").all();
    return new Set(rows.map((row) => integer(row, "id")));
  }

  /** This run is among them. */
  sharers(): readonly SharerRow[] {
    return this.rows.sharing.all().map(sharerRow);
  }

  pauses(now: number): readonly { readonly name: string; readonly until: number }[] {
    return this.rows.paused
      .all(now)
      .map((row) => ({ name: text(row, "name"), until: integer(row, "until") }));
  }

  pause(name: string, until: number): void {
    this.database
      .prepare(
        `INSERT INTO limit_pause (name, until) VALUES (?, ?)
         ON CONFLICT (name) DO UPDATE SET until = max(until, excluded.until)`,
      )
      .run(name, until);
  }

  waits(name: string, at: number | null): void {
    this.rows.mark.run(at, name, this.run);
  }

  /** Runs that hold something or are said to use limits: their owners may be dead. */
  others(): readonly { readonly run: number; readonly id: string; readonly epoch: number }[] {
    return this.database
      .prepare(
        `SELECT run.id AS run, run.name AS id, lease.epoch AS epoch FROM run JOIN lease ON lease.run = run.id
         WHERE run.id <> ? AND (run.id IN (SELECT run FROM limit_use WHERE ended IS NULL) OR run.id IN (SELECT run FROM limit_run))
         ORDER BY run.id`,
      )
      .all(this.run)
      .map((row) => ({ run: integer(row, "run"), id: text(row, "id"), epoch: integer(row, "epoch") }));
  }

  /** The owner of that epoch is dead: it holds nothing, and what it took counts on in its window. */
  free(run: number, epoch: number, now: number): void {
    this.database
      .prepare(
        `UPDATE limit_use SET ended = ?, seq = ${nextSeq} WHERE run = ? AND epoch <= ? AND ended IS NULL`,
      )
      .run(now, run, epoch);
    this.database.prepare("DELETE FROM limit_run WHERE run = ? AND epoch <= ?").run(run, epoch);
  }

  /** The rows with the highest `seq` and the highest `id` stay: from them the next ones are counted. */
  private prune(now: number): void {
    this.database
      .prepare(
        `DELETE FROM limit_use WHERE ended <= ? AND until <= ?
         AND seq < (SELECT max(seq) FROM limit_use) AND id < (SELECT max(id) FROM limit_use)`,
      )
      .run(now - keptMs, now);
  }
}

function useRow(row: Row): UseRow {
  const slot = row["slot"];
  return {
    id: integer(row, "id"),
    seq: integer(row, "seq"),
    name: text(row, "name"),
    run: integer(row, "run"),
    n: integer(row, "n"),
    amounts: JSON.parse(text(row, "amounts")),
    slot: typeof slot === "string" ? slot : null,
    at: integer(row, "at"),
    ended: integerOrNull(row, "ended"),
  };
}

function sharerRow(row: Row): SharerRow {
  return {
    name: text(row, "name"),
    run: integer(row, "run"),
    id: text(row, "id"),
    epoch: integer(row, "epoch"),
    bounds: JSON.parse(text(row, "bounds")),
    waitsAt: integerOrNull(row, "waits_at"),
    tookAt: integerOrNull(row, "took_at"),
  };
}
