// Answers that are kept by the fingerprint of their work, as rows of the journal: found, written with a turn, forgotten.

import type { Value } from "../compiler/types.ts";
import { ArtifactError } from "./artifacts.ts";
import type { ArtifactRef, Event, Landed } from "./events.ts";
import type { Parts } from "./fingerprint.ts";
import type { Journal } from "./journal.ts";
import { worded } from "./journal-errors.ts";
import { runStride } from "./journal-schema.ts";
import { type Database, integer, type Row, type Statement, text } from "./sqlite.ts";

/** An answer that a run recorded. */
export interface Kept {
  /** The run's id. */
  readonly from: string;
  readonly value: Value;
  readonly files: readonly ArtifactRef[];
  /** Of a worktree's. */
  readonly landed?: Landed;
}

/** A fingerprint with all that is written down of it. */
export interface KnownPrint {
  readonly hash: string;
  readonly parts: Parts;
  /** Texts of the lists of files that its parts name by their hash. */
  readonly listings: readonly { readonly hash: string; readonly text: string }[];
  readonly task: string;
  readonly node: string;
}

/** A fingerprint as it was written down. */
export interface PrintRow {
  readonly hash: string;
  readonly parts: Parts;
  readonly node: string;
  readonly task: string;
  /** Wall ms of when it was made, or its answer was kept. */
  readonly at: number;
  /** The run that gave its answer; null while there is none. */
  readonly from: string | null;
}

/** What is kept, to be read. Throws JournalError. */
export class KeptAnswers {
  private readonly journal: Journal;
  private readonly lookup: Statement | null;

  constructor(journal: Journal) {
    this.journal = journal;
    this.lookup =
      journal.version < 3
        ? null
        : journal.database.prepare(
            `SELECT event.id, event.at, event.epoch, event.type, event.n, event.a, event.body, run.name AS run
             FROM cache JOIN event ON event.id = cache.event JOIN run ON run.id = event.id / ${runStride}
             WHERE cache.print = ?`,
          );
  }

  /** The answer kept under a fingerprint; null if there is none; or what is wrong with it, as a clause. */
  find(hash: string): Kept | { readonly problem: string } | null {
    const row = this.guarded(() => this.lookup?.get(Buffer.from(hash, "hex")));
    if (row === undefined) return null;
    try {
      const event = this.journal.eventOf(row);
      if (event.type !== "attempt.ended" && event.type !== "node.reused")
        return { problem: "what was recorded of it is no answer" };
      const { value = null, files = [] } = event;
      return { from: text(row, "run"), value, files };
    } catch (error) {
      if (error instanceof ArtifactError) return { problem: error.message };
      throw error;
    }
  }

  /** What is written down of a fingerprint; null if nothing is. */
  print(hash: string): PrintRow | null {
    return this.prints("cache.print = ?", Buffer.from(hash, "hex"))[0] ?? null;
  }

  /**
   * Fingerprints of a task's nodes made before the wall ms `before`, those of the node itself first, the latest first; at
   * most `most`.
   */
  earlier(task: string, node: string, before: number, most: number): readonly PrintRow[] {
    return this.prints(
      `cache.task = ? AND cache.at < ? AND cache.event IS NOT NULL
       ORDER BY cache.node = ? DESC, cache.at DESC, cache.print LIMIT ?`,
      task,
      before,
      node,
      most,
    );
  }

  /** The text of a list of files; null if it is not there. */
  listing(hash: string): string | null {
    if (this.journal.version < 3) return null;
    const row = this.guarded(() =>
      this.journal.database.prepare("SELECT body FROM listing WHERE hash = ?").get(Buffer.from(hash, "hex")),
    );
    return row === undefined ? null : text(row, "body");
  }

  private prints(where: string, ...values: readonly (string | number | Uint8Array)[]): readonly PrintRow[] {
    if (this.journal.version < 3) return [];
    const sql = `SELECT cache.print, cache.parts, cache.node, cache.task, cache.at, run.name AS run
      FROM cache LEFT JOIN run ON run.id = cache.event / ${runStride} WHERE ${where}`;
    return this.guarded(() =>
      this.journal.database
        .prepare(sql)
        .all(...values)
        .map(printRow),
    );
  }

  private guarded<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw worded(error, this.journal.path);
    }
  }
}

function printRow(row: Row): PrintRow {
  const print = row["print"];
  const parts: unknown = JSON.parse(text(row, "parts"));
  return {
    hash: print instanceof Uint8Array ? Buffer.from(print).toString("hex") : "",
    parts: Array.isArray(parts)
      ? parts.map((part: unknown) => (Array.isArray(part) ? [String(part[0]), String(part[1])] : ["", ""]))
      : [],
    node: text(row, "node"),
    task: text(row, "task"),
    at: integer(row, "at"),
    from: typeof row["run"] === "string" ? row["run"] : null,
  };
}

/** Writes rows of the cache, inside the transactions of others. */
export class CacheWriter {
  private readonly run: number;
  private readonly insert: Statement;
  private readonly keep: Statement;
  private readonly forget: Statement;
  private readonly list: Statement;

  constructor(database: Database, run: number) {
    this.run = run;
    this.insert = database.prepare(
      "INSERT OR IGNORE INTO cache (print, task, node, parts, at) VALUES (?, ?, ?, ?, ?)",
    );
    this.keep = database.prepare("UPDATE cache SET event = ?, at = ? WHERE print = ?");
    this.forget = database.prepare("UPDATE cache SET event = NULL WHERE print = ?");
    this.list = database.prepare("INSERT OR IGNORE INTO listing (hash, body) VALUES (?, ?)");
  }

  /** `known`: all fingerprints that the events name for the first time. */
  follow(events: readonly Event[], known: readonly KnownPrint[]): void {
    const at = events[0]?.at ?? 0;
    for (const { hash, task, node, parts, listings } of known) {
      this.insert.run(Buffer.from(hash, "hex"), task, node, JSON.stringify(parts), at);
      for (const one of listings) this.list.run(Buffer.from(one.hash, "hex"), one.text);
    }
    for (const event of events) {
      if (event.type === "attempt.started" && event.spoiled !== undefined && event.print !== undefined)
        this.forget.run(Buffer.from(event.print, "hex"));
      if (event.type === "attempt.ended" && event.print !== undefined)
        this.keep.run(this.run * runStride + event.seq, event.at, Buffer.from(event.print, "hex"));
    }
  }
}
