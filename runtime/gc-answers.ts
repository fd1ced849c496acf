// Answers in the cache whose run goes: they stay if a run that stays has used them, and then name that one.

import type { Pieces } from "./gc-pieces.ts";
import type { Journal } from "./journal.ts";
import { eventTypes, runStride } from "./journal-schema.ts";

interface GoingAnswer {
  readonly print: Uint8Array;
  /** The event that gave it. */
  readonly event: number;
  /** That of a run that stays, in which it was used. */
  readonly other: number | null;
}

/** Answers given by runs that go; `keys`: their integer keys. */
export async function goingAnswers(
  journal: Journal,
  pieces: Pieces,
  keys: ReadonlySet<number>,
): Promise<readonly GoingAnswer[]> {
  const given = new Map<
    string,
    { readonly print: Uint8Array; readonly event: number; other: number | null }
  >();
  if (keys.size === 0) return [];
  // One look: a row is small, and no index is kept for this alone.
  for (const row of journal.database
    .prepare("SELECT print, event FROM cache WHERE event IS NOT NULL")
    .all()) {
    const [print, event] = [row["print"], Number(row["event"])];
    if (print instanceof Uint8Array && keys.has(Math.floor(event / runStride)))
      given.set(Buffer.from(print).toString("hex"), { print, event, other: null });
  }
  const used = `SELECT id, body ->> '$.print' AS print FROM event WHERE type = ${eventTypes.indexOf("node.reused")} AND id > ? ORDER BY id LIMIT ?`;
  if (given.size > 0)
    for await (const row of pieces.read(used, 0)) {
      const id = Number(row["id"]);
      const answer = given.get(String(row["print"]));
      if (answer !== undefined && !keys.has(Math.floor(id / runStride))) answer.other = id;
    }
  return [...given.values()];
}

/** Before the rows of a run go, by its key: its answers name another event, or go too. How many go. */
export async function removeAnswers(
  journal: Journal,
  pieces: Pieces,
  key: number,
  answers: readonly GoingAnswer[],
): Promise<number> {
  const move = journal.database.prepare("UPDATE cache SET event = ? WHERE print = ? AND event = ?");
  const remove = journal.database.prepare("DELETE FROM cache WHERE print = ? AND event = ?");
  const own = answers.filter(({ event }) => Math.floor(event / runStride) === key);
  await pieces.each(own, ({ print, event, other }) => {
    if (other === null) remove.run(print, event);
    else move.run(other, print, event);
  });
  return own.filter(({ other }) => other === null).length;
}

/** Fingerprints made before the wall ms `before` that never got an answer, and lists of files that no fingerprint names. */
export async function removeLeftPrints(journal: Journal, pieces: Pieces, before: number): Promise<void> {
  await pieces.remove(
    "DELETE FROM cache WHERE print IN (SELECT print FROM cache WHERE event IS NULL AND at < ? LIMIT ?)",
    before,
  );
  const lists = journal.database.prepare("SELECT hash FROM listing").all();
  if (lists.length === 0) return;
  const named = new Set<string>();
  for (const row of journal.database.prepare("SELECT parts FROM cache").all())
    for (const [hash] of String(row["parts"]).matchAll(/[0-9a-f]{64}/g)) named.add(hash);
  const remove = journal.database.prepare("DELETE FROM listing WHERE hash = ?");
  const unnamed = lists.flatMap(({ hash }) =>
    hash instanceof Uint8Array && !named.has(Buffer.from(hash).toString("hex")) ? [hash] : [],
  );
  await pieces.each(unnamed, (hash) => {
    remove.run(hash);
  });
}
