// What people ask of a run: rows that wait in the journal until the run's owner, who alone appends events, takes them up.

import type { Value } from "../compiler/types.ts";
import type { Journal } from "./journal.ts";
import { worded } from "./journal-errors.ts";
import { integer, type Row, rollBack, text } from "./sqlite.ts";

/** What is asked. `n`: the number of a cell. A kind more: its shape here and below, its answer in `answer-requests.ts`. */
export type Ask =
  | { readonly kind: "cancel" }
  /** About item `item` of gate `n`. */
  | {
      readonly kind: "decide";
      readonly n: number;
      readonly item: string;
      readonly answer: "approved" | "rejected";
    }
  /** About node `n`, of which nobody can say how it ended; `value`: its answer. */
  | {
      readonly kind: "settle";
      readonly n: number;
      readonly as: "succeeded" | "failed" | "again";
      readonly value?: Value;
    }
  /** The budget of the flow, phase or node `n` grows by so much: dollars, tokens. */
  | {
      readonly kind: "extend";
      readonly n: number;
      readonly cost: number | null;
      readonly tokens: number | null;
    }
  | { readonly kind: "retry" | "skip" | "pause" | "resume"; readonly n: number };

export interface Request {
  readonly id: number;
  /** Null: of a kind that this flowc does not know. */
  readonly ask: Ask | null;
  /** Who asks, as they say: it is recorded and not checked. */
  readonly by: string;
  readonly note: string | null;
  /** Wall ms. */
  readonly at: number;
}

/** What became of a request. `refused`: why nothing follows from it, as a sentence; null: its events are recorded. */
export interface Taken {
  readonly id: number;
  readonly at: number;
  readonly refused: string | null;
}

/**
 * What a request answers: while one is open, no other about the same is taken in. The first wins, whoever comes second
 * is told who it was.
 */
export function subjectOf(ask: Ask): string {
  switch (ask.kind) {
    case "cancel":
      return "run";
    case "decide":
      return `gate ${ask.n} ${ask.item}`;
    case "settle":
    case "retry":
    case "skip":
      return `node ${ask.n}`;
    case "extend":
      return `budget ${ask.n}`;
    case "pause":
    case "resume":
      return `pace ${ask.n}`;
  }
}

function askOf(json: string): Ask | null {
  const value: unknown = JSON.parse(json);
  if (typeof value !== "object" || value === null) return null;
  const { kind, n, item, answer, as, value: given, cost, tokens } = Object.fromEntries(Object.entries(value));
  if (kind === "cancel") return { kind };
  if (typeof n !== "number") return null;
  const isAmount = (amount: unknown): amount is number | null =>
    amount === null || typeof amount === "number";
  if (kind === "extend" && isAmount(cost) && isAmount(tokens)) return { kind, n, cost, tokens };
  if (kind === "retry" || kind === "skip" || kind === "pause" || kind === "resume") return { kind, n };
  if (kind === "settle" && (as === "succeeded" || as === "failed" || as === "again"))
    return { kind, n, as, ...(given === undefined ? {} : { value: given }) };
  if (kind === "decide" && typeof item === "string" && (answer === "approved" || answer === "rejected"))
    return { kind, n, item, answer };
  return null;
}

const columns = "id, ask, by, note, at";

function requestOf(row: Row): Request {
  return {
    id: integer(row, "id"),
    ask: askOf(text(row, "ask")),
    by: text(row, "by"),
    note: row["note"] === null ? null : text(row, "note"),
    at: integer(row, "at"),
  };
}

/**
 * Writes a request down, durably: when this resolves it survives a loss of power. `before`: an open request about the
 * same, which stands. The run's owner hears of it by the bell. Throws JournalError.
 */
export async function ask(
  journal: Journal,
  run: string,
  asked: { readonly ask: Ask; readonly by: string; readonly note: string | null; readonly at: number },
): Promise<{ readonly id: number } | { readonly before: Request }> {
  const key = journal.keyOf(run);
  const subject = subjectOf(asked.ask);
  const { database } = journal;
  try {
    database.exec("BEGIN IMMEDIATE");
    try {
      const before = database
        .prepare(`SELECT ${columns} FROM request WHERE run = ? AND subject = ? AND taken_at IS NULL`)
        .get(key, subject);
      if (before !== undefined) {
        rollBack(database);
        return { before: requestOf(before) };
      }
      const row = database
        .prepare(
          "INSERT INTO request (run, subject, ask, by, note, at) VALUES (?, ?, ?, ?, ?, ?) RETURNING id",
        )
        .get(key, subject, JSON.stringify(asked.ask), asked.by, asked.note, asked.at);
      database.exec("COMMIT");
      journal.sync.committed();
      await journal.sync.synced();
      return { id: integer(row ?? {}, "id") };
    } catch (error) {
      rollBack(database);
      throw error;
    }
  } catch (error) {
    throw worded(error, journal.path);
  }
}

/** Requests to a run that nobody has taken up, in the order in which they were made. */
export function openRequests(journal: Journal, run: string): readonly Request[] {
  try {
    // One that only older versions of flowc have written to has none.
    if (journal.version < 2) return [];
    return journal.database
      .prepare(`SELECT ${columns} FROM request WHERE run = ? AND taken_at IS NULL ORDER BY id`)
      .all(journal.keyOf(run))
      .map(requestOf);
  } catch (error) {
    throw worded(error, journal.path);
  }
}

/** What became of a request; null while it is open. */
export function takenRequest(journal: Journal, id: number): Taken | null {
  try {
    const row = journal.database.prepare("SELECT taken_at, refused FROM request WHERE id = ?").get(id) ?? {};
    if (row["taken_at"] === null) return null;
    const refused = row["refused"] === null ? null : text(row, "refused");
    return { id, at: integer(row, "taken_at"), refused };
  } catch (error) {
    throw worded(error, journal.path);
  }
}
