// Contents moved durably on the disk: copied aside while being hashed, synced, renamed; and what may not be followed.

import { createHash, randomBytes } from "node:crypto";
import { closeSync, constants, fsyncSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { type FileHandle, mkdir, open, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { mustBeWithin, NotAFile } from "./folder.ts";

const pieceBytes = 1 << 18;

export interface Copied {
  readonly sha256: string;
  /** Bytes. */
  readonly size: number;
  readonly executable: boolean;
}

/**
 * Copies a regular file into a new one, hashing what is written, and syncs it. Devices, pipes and links are refused, and
 * what is not below `within`, if that is given, also when a folder on the way has become a link since somebody looked.
 * The hash is that of the copy, whatever happens to the original meanwhile.
 */
export async function copyHashed(
  from: string,
  to: string,
  sync: boolean,
  within: string | null = null,
): Promise<Copied> {
  const source = await open(from, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(
    notALink(from),
  );
  try {
    const stats = await source.stat({ bigint: true });
    if (!stats.isFile()) throw new NotAFile(from);
    if (within !== null) mustBeWithin(from, [within], stats);
    const target = await open(to, "wx", 0o600);
    try {
      const copied = await copyInto(source, target);
      if (sync) await target.sync();
      return { ...copied, executable: (stats.mode & 0o111n) !== 0n };
    } finally {
      await target.close();
    }
  } finally {
    await source.close();
  }
}

async function copyInto(source: FileHandle, target: FileHandle): Promise<{ sha256: string; size: number }> {
  const hash = createHash("sha256");
  const piece = Buffer.allocUnsafe(pieceBytes);
  let size = 0;
  for (;;) {
    const { bytesRead } = await source.read(piece, 0, pieceBytes, size);
    if (bytesRead === 0) break;
    const part = piece.subarray(0, bytesRead);
    hash.update(part);
    await target.writeFile(part);
    size += bytesRead;
  }
  return { sha256: hash.digest("hex"), size };
}

function notALink(path: string): (error: unknown) => never {
  return (error) => {
    const link = error instanceof Error && "code" in error && error.code === "ELOOP";
    throw link ? new NotAFile(path) : error;
  };
}

/** SHA-256 of a regular file's content. */
export async function hashOfFile(path: string): Promise<string> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const hash = createHash("sha256");
    const piece = Buffer.allocUnsafe(pieceBytes);
    for (;;) {
      const { bytesRead } = await file.read(piece, 0, pieceBytes, null);
      if (bytesRead === 0) return hash.digest("hex");
      hash.update(piece.subarray(0, bytesRead));
    }
  } finally {
    await file.close();
  }
}

/** A name beside which nothing else writes. */
export function asideIn(folder: string): string {
  return join(folder, randomBytes(9).toString("base64url"));
}

/** Moves a synced file to its place, which is replaced if it is there, and makes the name itself durable. */
export async function settle(aside: string, place: string): Promise<void> {
  const folder = dirname(place);
  if ((await mkdir(folder, { recursive: true, mode: 0o700 })) !== undefined)
    await syncFolder(dirname(folder));
  await rename(aside, place);
  await syncFolder(folder);
}

/** The same at once, for what must be on the disk before the loop goes on. */
export function settleSync(bytes: Uint8Array, aside: string, place: string): void {
  const file = openSync(aside, "wx", 0o400);
  try {
    for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
    fsyncSync(file);
  } catch (error) {
    rmSync(aside, { force: true });
    throw error;
  } finally {
    closeSync(file);
  }
  const folder = dirname(place);
  if (mkdirSync(folder, { recursive: true, mode: 0o700 }) !== undefined) syncFolderSync(dirname(folder));
  renameSync(aside, place);
  syncFolderSync(folder);
}

/** Windows cannot open folders, and keeps names by itself. */
async function syncFolder(path: string): Promise<void> {
  if (process.platform === "win32") return;
  const folder = await open(path, constants.O_RDONLY);
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

export function syncFolderSync(path: string): void {
  if (process.platform === "win32") return;
  const folder = openSync(path, constants.O_RDONLY);
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

/** Removes what was copied aside if `work` fails. */
export async function orRemove<T>(aside: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    await rm(aside, { force: true });
    throw error;
  }
}
