// Contents of the artifact store that nothing names any more: what runs and the cache name is looked for, the rest goes.

import { createReadStream } from "node:fs";
import { mkdir, readdir, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Pieces } from "./gc-pieces.ts";
import type { Journal } from "./journal.ts";
import { runStride } from "./journal-schema.ts";

export interface SweepOptions {
  /** Ids of runs. */
  readonly staying: readonly string[];
  /** Wall ms: what was stored or used later stays. */
  readonly before: number;
  readonly dryRun: boolean;
}

export interface Swept {
  readonly count: number;
  /** Of these, and of copies that never came to their place. */
  readonly bytes: number;
}

const sha = /[0-9a-f]{64}/g;
const goingName = /^([0-9a-f]{64})\.going$/;

export async function sweepContents(journal: Journal, pieces: Pieces, options: SweepOptions): Promise<Swept> {
  const store = journal.artifacts.folder;
  const aside = join(store, "tmp");
  if (!options.dryRun) await putBack(store, aside);
  const there = await contentsOf(store);
  const old = new Map<string, number>();
  for (const [hash, path] of there) {
    const stats = await stat(path).catch(() => null);
    if (stats !== null && stats.mtimeMs < options.before) old.set(hash, stats.size);
  }
  let count = 0;
  let bytes = await removeCopies(aside, options);
  const named = old.size === 0 ? new Set() : await namedBy(journal, pieces, options.staying, there);
  for (const [hash, size] of old) {
    const path = there.get(hash);
    if (path === undefined || named.has(hash)) continue;
    if (!options.dryRun && !(await removed(path, journal.artifacts.goingOf(hash), options.before))) continue;
    count++;
    bytes += size;
  }
  return { count, bytes };
}

/** Paths of all contents by their hash. */
async function contentsOf(store: string): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  for (const folder of await namesIn(store))
    if (/^[0-9a-f]{2}$/.test(folder))
      for (const name of await namesIn(join(store, folder)))
        if (/^[0-9a-f]{62}$/.test(name)) found.set(folder + name, join(store, folder, name));
  return found;
}

/**
 * Everything that looks like a hash in what stays, and in contents that those name and that are JSON: lists of a folder's
 * files, and values that were too long for an event. What is taken for a name and is none costs a little room.
 */
async function namedBy(
  journal: Journal,
  pieces: Pieces,
  staying: readonly string[],
  there: ReadonlyMap<string, string>,
): Promise<ReadonlySet<string>> {
  const named = new Set<string>();
  const open: string[] = [];
  const look = (text: string): void => {
    for (const [hash] of text.matchAll(sha)) {
      if (named.has(hash) || !there.has(hash)) continue;
      named.add(hash);
      open.push(hash);
    }
  };
  for (const id of staying) {
    // Another `gc` may have removed it.
    if (journal.run(id) === null) continue;
    const first = journal.keyOf(id) * runStride;
    const rows =
      "SELECT id, body FROM event WHERE id < ? AND typeof(body) = 'text' AND id > ? ORDER BY id LIMIT ?";
    for await (const row of pieces.read(rows, first, first + runStride)) look(String(row["body"]));
    await lookInFile(join(journal.folderOf(id), "seen.jsonl"), look);
  }
  for (const [table, column] of [
    ["plan", "body"],
    ["request", "ask"],
  ]) {
    const rows = `SELECT id, ${column} AS body FROM ${table} WHERE id > ? ORDER BY id LIMIT ?`;
    for await (const row of pieces.read(rows, 0)) look(String(row["body"]));
  }
  for (let hash = open.pop(); hash !== undefined; hash = open.pop()) {
    const path = there.get(hash);
    if (path !== undefined) await lookInFile(path, look);
  }
  return named;
}

/** In files that begin as JSON does, piece by piece. */
async function lookInFile(path: string, look: (text: string) => void): Promise<void> {
  try {
    let rest = "";
    let first = true;
    for await (const piece of createReadStream(path, { encoding: "latin1" })) {
      const text = rest + String(piece);
      if (first && !/^\s*[[{"]/.test(text)) return;
      first = false;
      look(text);
      rest = text.slice(-63);
    }
  } catch (error) {
    // Gone: then nobody else can read it either. What cannot be read may well name something.
    if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) throw error;
  }
}

/**
 * Out of the way first, then looked at once more: who has used it meanwhile has touched it, and who wants it now takes it
 * back.
 */
async function removed(path: string, going: string, before: number): Promise<boolean> {
  try {
    await mkdir(dirname(going), { recursive: true, mode: 0o700 });
    await rename(path, going);
    if ((await stat(going)).mtimeMs < before) {
      await rm(going);
      return true;
    }
    await rename(going, path);
  } catch (error) {
    // Somebody has taken it back, or another `gc` is at work.
    if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) throw error;
  }
  return false;
}

/** What an interrupted call had moved out of the way may be named by now. */
async function putBack(store: string, aside: string): Promise<void> {
  for (const name of await namesIn(aside)) {
    const [, hash] = goingName.exec(name) ?? [];
    if (hash === undefined) continue;
    await rename(join(aside, name), join(store, hash.slice(0, 2), hash.slice(2))).catch(() => {});
  }
}

/** Copies that were never brought to their place, in bytes. */
async function removeCopies(aside: string, { before, dryRun }: SweepOptions): Promise<number> {
  let bytes = 0;
  for (const name of await namesIn(aside)) {
    const path = join(aside, name);
    const stats = await stat(path).catch(() => null);
    if (stats === null || stats.mtimeMs >= before || goingName.test(name)) continue;
    if (!dryRun) await rm(path, { force: true });
    bytes += stats.size;
  }
  return bytes;
}

async function namesIn(folder: string): Promise<readonly string[]> {
  return readdir(folder).catch(() => []);
}
