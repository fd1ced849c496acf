// Rows of runs that go: the run's own row first, so that from then on it is gone for all; what is left then, in pieces.

import type { Pieces } from "./gc-pieces.ts";
import type { Journal } from "./journal.ts";
import { worded } from "./journal-errors.ts";
import { runStride } from "./journal-schema.ts";
import { forgetUse } from "./limit-rows.ts";
import { integer, transact } from "./sqlite.ts";

/** Nobody can open the run any more when this returns. */
export function forgetRun(journal: Journal, key: number): void {
  try {
    transact(journal.database, () => {
      for (const table of ["request", "lease"])
        journal.database.prepare(`DELETE FROM ${table} WHERE run = ?`).run(key);
      forgetUse(journal.database, key);
      journal.database.prepare("DELETE FROM run WHERE id = ?").run(key);
    });
  } catch (error) {
    throw worded(error, journal.path);
  }
}

/** All other rows of a run whose own row is gone. Events go last: by them it is known that something is left. */
export async function removeRows(pieces: Pieces, key: number): Promise<void> {
  const own: readonly (readonly [string, string])[] = [
    ["attempt", "a"],
    ["dependency", "of"],
    ["artifact", "ended"],
  ];
  for (const [table, column] of own)
    await pieces.remove(
      `DELETE FROM ${table} WHERE (run, n, ${column}) IN (SELECT run, n, ${column} FROM ${table} WHERE run = ? LIMIT ?)`,
      key,
    );
  for (const table of ["node", "event"])
    await pieces.remove(
      `DELETE FROM ${table} WHERE id IN (SELECT id FROM ${table} WHERE id BETWEEN ? AND ? LIMIT ?)`,
      key * runStride,
      key * runStride + runStride - 1,
    );
}

/** What an interrupted call had left, and plans that no run has any more. */
export async function removeLeftRows(journal: Journal, pieces: Pieces): Promise<void> {
  const keys = journal.database
    .prepare("SELECT id FROM run ORDER BY id")
    .all()
    .map((row) => integer(row, "id"));
  const known = new Set(keys);
  // A run that begins now has a higher one.
  const last = keys.at(-1) ?? 0;
  for (let key = keyFrom(journal, 0); key !== null && key < last; key = keyFrom(journal, key + 1))
    if (!known.has(key)) await removeRows(pieces, key);
  await pieces.remove(
    "DELETE FROM plan WHERE id IN (SELECT id FROM plan WHERE id NOT IN (SELECT plan FROM run) LIMIT ?)",
  );
}

/** The key of the first run from `least` on that has events. */
function keyFrom(journal: Journal, least: number): number | null {
  const row = journal.database
    .prepare("SELECT min(id) AS id FROM event WHERE id >= ?")
    .get(least * runStride);
  return row === undefined || row["id"] === null ? null : Math.floor(integer(row, "id") / runStride);
}

/** The run that a run goes on from, by their ids. */
export function fromOf(journal: Journal, id: string): string | null {
  const row = journal.database
    .prepare("SELECT body ->> '$.from' AS origin FROM event WHERE id = ?")
    .get(journal.keyOf(id) * runStride + 1);
  return typeof row?.["origin"] === "string" ? row["origin"] : null;
}

/** Bytes that the journal's rows take; what its file has beyond that is used again. */
export function bytesInJournal(journal: Journal): number {
  const pragma = (name: string): number =>
    integer(journal.database.prepare(`PRAGMA ${name}`).get() ?? {}, name);
  return (pragma("page_count") - pragma("freelist_count")) * pragma("page_size");
}
