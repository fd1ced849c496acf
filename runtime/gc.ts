// Removes what old runs left: their records, answers that only they gave, contents that nothing names any more.

import { type Dirent, existsSync, statSync } from "node:fs";
import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { syncFolderSync } from "./artifacts-disk.ts";
import { goingAnswers, removeAnswers, removeLeftPrints } from "./gc-answers.ts";
import { sweepContents } from "./gc-contents.ts";
import { Pieces } from "./gc-pieces.ts";
import { bytesInJournal, forgetRun, fromOf, removeLeftRows, removeRows } from "./gc-rows.ts";
import { type Forgetting, removeTrees } from "./git/forget.ts";
import type { Journal, RunRow } from "./journal.ts";
import { isHeld, takeLease } from "./lease.ts";
import { isRunId } from "./run-id.ts";

/** Whatever is younger stays, whoever names it: something may be about to. */
export const youngMs = 86_400_000;

export interface GcOptions extends Forgetting {
  /** So many runs stay, the latest; at least 1. */
  readonly keep: number;
  /** Only what ended before this wall ms goes. */
  readonly before: number;
  /** Wall ms. */
  readonly now: number;
  /** Nothing is removed: what would be is told. */
  readonly dryRun: boolean;
}

export interface Freed {
  /** Ids, the oldest first. */
  readonly runs: readonly string[];
  readonly kept: number;
  /** Runs that would go, but for somebody who is at work on them, or who is asked something by them. */
  readonly held: readonly string[];
  readonly answers: number;
  readonly artifacts: number;
  /** Of artifacts, logs and other files. */
  readonly bytes: number;
  /** Of all that is in the state directory. */
  readonly bytesBefore: number;
  readonly bytesAfter: number;
}

/**
 * Works beside living runs: it writes in pieces of at most 5 ms, takes the lease of each run before it removes it, and
 * looks at every content once more before that goes. What it was interrupted in, the next call does. Throws JournalError
 * and what the disk throws.
 */
export async function collect(journal: Journal, options: GcOptions): Promise<Freed> {
  const { dryRun, now } = options;
  const pieces = new Pieces(journal);
  const bytesBefore = await bytesOfState(journal);
  const all = journal.runs();
  const { going, held } = await oldRuns(journal, all, options);
  const answers = await goingAnswers(journal, pieces, new Set(going.map((id) => journal.keyOf(id))));
  const removed: string[] = [];
  let answersGone = 0;
  let bytes = 0;
  for (const id of going) {
    const size = await bytesOf(journal.folderOf(id));
    const gone = dryRun ? 0 : await removeRun(journal, pieces, id, answers, options);
    if (gone === null) {
      held.push(id);
      continue;
    }
    removed.push(id);
    answersGone += gone;
    bytes += size;
  }
  const staying = all.filter(({ id }) => !removed.includes(id));
  for (const folder of await forgottenFolders(journal, now - youngMs)) {
    bytes += await bytesOf(folder);
    if (!dryRun) await removeFolder(folder, options);
  }
  if (!dryRun) {
    await removeLeftRows(journal, pieces);
    await removeLeftPrints(
      journal,
      pieces,
      Math.min(...staying.map(({ startedAt }) => startedAt), now - youngMs),
    );
  }
  const ids = staying.map(({ id }) => id);
  const contents = await sweepContents(journal, pieces, { staying: ids, before: now - youngMs, dryRun });
  return {
    runs: removed,
    kept: staying.length,
    held,
    answers: dryRun ? answers.filter(({ other }) => other === null).length : answersGone,
    artifacts: contents.count,
    bytes: bytes + contents.bytes,
    bytesBefore,
    bytesAfter: await bytesOfState(journal),
  };
}

/** What may go, the oldest first: neither among those to keep nor young, nor needed by one that stays. */
async function oldRuns(
  journal: Journal,
  all: readonly RunRow[],
  { keep, before, now }: GcOptions,
): Promise<{ readonly going: readonly string[]; readonly held: string[] }> {
  const limit = Math.min(before, now - youngMs);
  const old = all.slice(Math.max(1, keep)).filter((run) => lastOf(journal, run) < limit);
  const held: string[] = [];
  for (const { id, status } of old)
    if (status === "waiting" || (await isHeld(journal.folderOf(id)))) held.push(id);
  const going = new Set(old.map(({ id }) => id).filter((id) => !held.includes(id)));
  // The newest first: what one that stays may still go on from stays too.
  for (const { id, status } of all) {
    const from = going.has(id) || status === "succeeded" ? null : fromOf(journal, id);
    if (from !== null) going.delete(from);
  }
  return { going: [...going].reverse(), held };
}

/** Wall ms at which something last happened in a run. */
function lastOf(journal: Journal, { id, startedAt, endedAt }: RunRow): number {
  if (endedAt !== null) return endedAt;
  const mark = statSync(join(journal.folderOf(id), "mark"), { throwIfNoEntry: false });
  return Math.max(startedAt, mark?.mtimeMs ?? 0);
}

/** How many answers went with it; null: somebody is at work on it. */
async function removeRun(
  journal: Journal,
  pieces: Pieces,
  id: string,
  answers: Awaited<ReturnType<typeof goingAnswers>>,
  options: GcOptions,
): Promise<number | null> {
  const folder = journal.folderOf(id);
  const lease = await takeLease(folder);
  if (lease === null) return null;
  // Another `gc` may have been as quick.
  let forgotten = journal.run(id) === null;
  try {
    if (forgotten) return 0;
    const key = journal.keyOf(id);
    const gone = await removeAnswers(journal, pieces, key, answers);
    // A folder with a mark and without a row is taken for a run that was lost: also after a loss of power.
    await rm(join(folder, "mark"), { force: true });
    syncFolderSync(folder);
    forgetRun(journal, key);
    forgotten = true;
    await removeRows(pieces, key);
    return gone;
  } finally {
    lease.release();
    if (forgotten) await removeFolder(folder, options);
  }
}

async function removeFolder(folder: string, of: Forgetting): Promise<void> {
  await removeTrees(folder, of);
  await rm(folder, { recursive: true, force: true });
}

/** Folders of runs that are not in the journal, and that nobody has touched since the wall ms `before`. */
async function forgottenFolders(journal: Journal, before: number): Promise<readonly string[]> {
  const known = new Set(journal.runs().map(({ id }) => id));
  const top = join(journal.stateDir, "runs");
  const found: string[] = [];
  for (const { name } of await entries(top)) {
    const folder = join(top, name);
    // One with a mark was lost: that is told, and its logs are all that is left of it.
    if (known.has(name) || !isRunId(name) || existsSync(join(folder, "mark"))) continue;
    const stats = await stat(folder).catch(() => null);
    if (stats !== null && stats.mtimeMs < before && !(await isHeld(folder))) found.push(folder);
  }
  return found;
}

async function bytesOfState(journal: Journal): Promise<number> {
  const [runs, artifacts] = await Promise.all([
    bytesOf(join(journal.stateDir, "runs")),
    bytesOf(journal.artifacts.folder),
  ]);
  return runs + artifacts + bytesInJournal(journal);
}

/** Bytes of all files below a folder; 0 if it is not there. */
async function bytesOf(folder: string): Promise<number> {
  let bytes = 0;
  for (const entry of await entries(folder)) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) bytes += await bytesOf(path);
    else bytes += (await stat(path).catch(() => null))?.size ?? 0;
  }
  return bytes;
}

async function entries(folder: string): Promise<readonly Dirent[]> {
  return readdir(folder, { withFileTypes: true }).catch(() => []);
}
