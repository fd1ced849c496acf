// The journal of a state directory: opening it, and reading the runs, plans and events that it holds.

import { chmodSync, existsSync, mkdirSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { Plan } from "../compiler/plan.ts";
import { ArtifactError, type ArtifactStore, openArtifacts } from "./artifacts.ts";
import { syncFolderSync } from "./artifacts-disk.ts";
import type { Event } from "./events.ts";
import { type ChainEnd, chainedRow, chainStart } from "./journal-chain.ts";
import { decodeEvent, decodePlan } from "./journal-codec.ts";
import { damaged, damagedRun, JournalError, worded } from "./journal-errors.ts";
import { eventTypes, prepareSchema, runStride, states, versionOf } from "./journal-schema.ts";
import { WalSync } from "./journal-sync.ts";
import type { Owner } from "./lease.ts";
import { begins, isRunId } from "./run-id.ts";
import {
  type Database,
  integer,
  integerOrNull,
  openDatabase,
  type Row,
  sqliteCode,
  sqliteCodes,
  text,
} from "./sqlite.ts";

/** A run as the journal lists it. `running` is also one whose owner died: ask {@link ownerOf}. `waiting`: for a person. */
export interface RunRow {
  readonly id: string;
  readonly flow: string;
  readonly status: "running" | "waiting" | "succeeded" | "failed" | "cancelled";
  /** Wall ms. */
  readonly startedAt: number;
  readonly endedAt: number | null;
  /** The plan's hash. */
  readonly plan: string;
}

/** Who waits longer than this for another writer is told who that is. */
const busyMs = 5000;

/** Events read at once: no transaction stays open between two pieces. */
const pieceEvents = 4096;

/**
 * Opens the journal of a state directory, which is made (mode 0700) unless `readOnly`. Throws {@link JournalError};
 * of kind `absent` if it is to be read only and is not there.
 */
export async function openJournal(
  stateDir: string,
  options: { readonly readOnly?: boolean } = {},
): Promise<Journal> {
  const folder = resolve(stateDir);
  const path = join(folder, "journal.db");
  const readOnly = options.readOnly === true;
  try {
    if (readOnly && !isThere(path)) throw absent(folder);
    if (!readOnly) makeFolder(folder);
    const database = await openDatabase(path, { readOnly });
    try {
      database.exec(`PRAGMA busy_timeout = ${busyMs}; PRAGMA trusted_schema = OFF`);
      if (!readOnly) {
        await makeWal(database);
        database.exec("PRAGMA synchronous = NORMAL");
        prepareSchema(database, path);
        // SQLite opens what it may only read without a word: better told now than at the first event.
        database.exec("UPDATE lease SET epoch = epoch WHERE run IS NULL");
        syncFolderSync(folder);
      }
      const version = versionOf(database, path);
      if (version === 0) throw absent(folder);
      return new Journal(folder, path, database, version);
    } catch (error) {
      database.close();
      throw error;
    }
  } catch (error) {
    throw worded(error, path);
  }
}

/** A folder that we may not look into is told, and not taken for an empty one. */
function isThere(path: string): boolean {
  try {
    statSync(path);
    return true;
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : "";
    if (code === "ENOENT" || code === "ENOTDIR") return false;
    throw new JournalError(
      "cannot-open",
      `The journal \`${path}\` may not be read.`,
      "Check who owns it and its folder, or name another place with `--state DIR`.",
      error,
    );
  }
}

/**
 * Only its owner may look inside: values and logs may be confidential. Level by level: where the system lets nobody
 * make a folder (`/proc`), Node's recursive `mkdir` tries for ever.
 */
function makeFolder(folder: string): void {
  const missing: string[] = [];
  for (let at = folder; !existsSync(at); at = dirname(at)) missing.push(at);
  for (const at of missing.reverse()) makeOne(at);
  if (missing.length > 0) chmodSync(folder, 0o700);
  else if (!statSync(folder).isDirectory()) makeOne(folder);
}

/** Another flowc may make it at the same moment. */
function makeOne(folder: string): void {
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) throw error;
  }
}

/** Two processes that make a journal at once: SQLite refuses one of them without waiting. */
async function makeWal(database: Database): Promise<void> {
  for (let waitedMs = 0; ; waitedMs += 20) {
    try {
      const row = database.prepare("PRAGMA journal_mode").get();
      if (row?.["journal_mode"] !== "wal") database.exec("PRAGMA journal_mode = WAL");
      return;
    } catch (error) {
      if (sqliteCode(error) !== sqliteCodes.busy || waitedMs >= busyMs) throw error;
      await pause(20);
    }
  }
}

function absent(folder: string): JournalError {
  return new JournalError(
    "absent",
    `There are no runs yet in \`${folder}\`.`,
    "Start one with `flowc run FILE`, or name another place with `--state DIR`.",
  );
}

/** An open journal. What it throws is a {@link JournalError}. */
export class Journal {
  readonly stateDir: string;
  readonly path: string;
  readonly artifacts: ArtifactStore;
  /** For the journal's own writers. */
  readonly database: Database;
  readonly sync: WalSync;
  /** Of its tables; older than ours only when it is read. */
  readonly version: number;

  constructor(stateDir: string, path: string, database: Database, version: number) {
    this.stateDir = stateDir;
    this.path = path;
    this.database = database;
    this.artifacts = openArtifacts(stateDir);
    this.sync = new WalSync(`${path}-wal`);
    this.version = version;
  }

  /** All runs, the newest first. */
  runs(): readonly RunRow[] {
    return this.all(
      `SELECT run.name, run.flow, run.state, run.started_at, run.ended_at, plan.hash
       FROM run JOIN plan ON plan.id = run.plan ORDER BY run.id DESC`,
    ).map(runRow);
  }

  /** The run a person means: an id, `last`, or a beginning that is unique, also of the part behind the dash. */
  find(typed: string): { readonly id: string } | { readonly problem: string } {
    const ids = this.all("SELECT name FROM run ORDER BY id DESC").map((row) => text(row, "name"));
    const [newest] = ids;
    if (newest === undefined) return { problem: "there are no runs yet" };
    if (typed === "last") return { id: newest };
    if (ids.includes(typed)) return { id: typed };
    const [first, ...others] = ids.filter((id) => begins(id, typed));
    if (first === undefined) return { problem: `there is no run \`${typed}\`; the last one is ${newest}` };
    if (others.length === 0) return { id: first };
    const some = [first, ...others].slice(0, 5).join(", ");
    return {
      problem: `\`${typed}\` may mean ${others.length + 1} runs: ${some}${others.length > 4 ? ", …" : ""}`,
    };
  }

  /** The row of a run, or null. */
  run(id: string): RunRow | null {
    const [row] = this.all(
      `SELECT run.name, run.flow, run.state, run.started_at, run.ended_at, plan.hash
       FROM run JOIN plan ON plan.id = run.plan WHERE run.name = ?`,
      id,
    );
    return row === undefined ? null : runRow(row);
  }

  /**
   * The events of a run behind `after`, in order; a gap, or one that is not what was written, is a {@link JournalError}.
   * So many are read at once.
   */
  *events(id: string, piece = pieceEvents, after: ChainEnd = chainStart(id)): Generator<Event, ChainEnd> {
    const run = this.keyOf(id);
    for (let { seq, crc } = after; ; ) {
      const rows = this.all(
        "SELECT id, at, epoch, type, n, a, body, crc FROM event WHERE id > ? AND id < ? ORDER BY id LIMIT ?",
        run * runStride + seq,
        (run + 1) * runStride,
        piece,
      );
      for (const row of rows) {
        const event = this.event(row, run, id, seq + 1);
        crc = this.guarded(() => chainedRow(crc, row, seq + 1));
        // Journals of older versions have none.
        if (row["crc"] !== null && row["crc"] !== crc)
          throw damagedRun(this.path, `event ${seq + 1} of run ${id} is not what was written`);
        seq++;
        yield event;
      }
      if (rows.length < piece) return { seq, crc };
    }
  }

  /** The CRC of an event by which the chain goes on; null: it has none, or is not there. */
  crcOf(id: string, seq: number): number | null {
    if (seq === 0) return chainStart(id).crc;
    const [row] = this.all("SELECT crc FROM event WHERE id = ?", this.keyOf(id) * runStride + seq);
    return row === undefined ? null : this.guarded(() => integerOrNull(row, "crc"));
  }

  /** An event by its row, whichever run it is of. Throws also ArtifactError, for a value that is not there any more. */
  eventOf(row: Row): Event {
    const run = Math.floor(integer(row, "id") / runStride);
    const event = decodeEvent(row, run, (sha256) => this.unspill(sha256));
    if ("problem" in event) throw damaged(this.path, event.problem);
    return event;
  }

  private event(row: Row, run: number, id: string, expected: number): Event {
    try {
      const event = decodeEvent(row, run, (sha256) => this.unspill(sha256));
      if ("problem" in event)
        throw damagedRun(this.path, `of event ${expected} of run ${id}, ${event.problem}`);
      if (event.seq !== expected)
        throw damagedRun(
          this.path,
          `event ${expected} of run ${id} is missing (the next one is ${event.seq})`,
        );
      return event;
    } catch (error) {
      if (error instanceof ArtifactError)
        throw damagedRun(this.path, `of event ${expected} of run ${id}, ${error.message}`);
      throw worded(error, this.path);
    }
  }

  /** The value of a field that was too long for an event. */
  private unspill(sha256: string): string {
    return new TextDecoder().decode(this.artifacts.readVerified(sha256));
  }

  /** A stored plan by its hash. */
  plan(hash: string): Plan {
    const [row] = this.all("SELECT body FROM plan WHERE hash = ?", hash);
    if (row === undefined) throw damaged(this.path, `it has no plan ${hash.slice(0, 12)}…`);
    const decoded = this.guarded(() => decodePlan(text(row, "body"), hash));
    if ("problem" in decoded) throw damaged(this.path, decoded.problem);
    return decoded.plan;
  }

  /** Who opened the run last, as its `run.opened` says: alive or not. */
  lastOwner(id: string): Owner | null {
    const run = this.keyOf(id);
    const [row] = this.all(
      `SELECT id, at, epoch, type, n, a, body FROM event
       WHERE id > ? AND id < ? AND type = ? ORDER BY id DESC LIMIT 1`,
      run * runStride,
      (run + 1) * runStride,
      eventTypes.indexOf("run.opened"),
    );
    if (row === undefined) return null;
    const event = this.guarded(() => decodeEvent(row, run, (sha256) => this.unspill(sha256)));
    if ("problem" in event || event.type !== "run.opened") return null;
    const { pid, started, boot, host } = event;
    return { pid, started, boot, host, since: event.at };
  }

  /** Mean ms that a task's node took in the latest runs, by the task's name. */
  durations(): Readonly<Record<string, number>> {
    const rows = this.all(
      `SELECT task, CAST(avg(ended_at - started_at) AS INTEGER) AS mean FROM (
         SELECT task, ended_at, started_at FROM node
         WHERE state = ${states.indexOf("succeeded")} AND kind = 0 AND started_at IS NOT NULL AND ended_at IS NOT NULL
         ORDER BY id DESC LIMIT 5000
       ) GROUP BY task ORDER BY task`,
    );
    return Object.fromEntries(rows.map((row) => [text(row, "task"), integer(row, "mean")]));
  }

  /** Folder of a run's logs, temporary files and lock. */
  folderOf(id: string): string {
    if (!isRunId(id)) throw damaged(this.path, `it names a run ${JSON.stringify(id.slice(0, 40))}`);
    return join(this.stateDir, "runs", id);
  }

  /** The run's integer key. */
  keyOf(id: string): number {
    const [row] = this.all("SELECT id FROM run WHERE name = ?", id);
    if (row === undefined) throw damaged(this.path, `it has no run ${id}`);
    return this.guarded(() => integer(row, "id"));
  }

  /** Waits until what was committed survives a loss of power, then closes. */
  async close(): Promise<void> {
    await this.sync.close();
    this.tidyUp();
    this.database.close();
  }

  /** Leaves one file instead of three, if nobody else has the journal open and we may write it. */
  private tidyUp(): void {
    try {
      this.database.exec("PRAGMA busy_timeout = 0; PRAGMA wal_checkpoint(TRUNCATE)");
    } catch (error) {
      if (sqliteCode(error) === null) throw error;
    }
  }

  private all(sql: string, ...values: readonly (string | number)[]): readonly Row[] {
    return this.guarded(() => this.database.prepare(sql).all(...values));
  }

  private guarded<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw worded(error, this.path);
    }
  }
}

function runRow(row: Row): RunRow {
  const state = states[integer(row, "state")];
  return {
    id: text(row, "name"),
    flow: text(row, "flow"),
    status:
      state === undefined ||
      state === "ready" ||
      state === "skipped" ||
      state === "unknown" ||
      state === "cached"
        ? "running"
        : state,
    startedAt: integer(row, "started_at"),
    endedAt: integerOrNull(row, "ended_at"),
    plan: text(row, "hash"),
  };
}
