// Contents moved durably on the disk: copied aside while being hashed, synced, renamed; and what may not be followed.

import { createHash, randomBytes } from "node:crypto";
import {
  type BigIntStats,
  closeSync,
  constants,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { type FileHandle, mkdir, open, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { isInside } from "./folder.ts";

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

/** Is not a regular file, or not one that may be taken: a folder, a link, a pipe, a device. */
export class NotAFile extends Error {
  constructor(path: string, why = "is no regular file") {
    super(`\`${path}\` ${why}`);
  }
}

function notALink(path: string): (error: unknown) => never {
  return (error) => {
    const link = error instanceof Error && "code" in error && error.code === "ELOOP";
    throw link ? new NotAFile(path) : error;
  };
}

/**
 * Looked at after it was opened, so that no swap helps: is what we hold open the very file that stands in one of the folders?
 * Their paths have no links in them. At once: each answer that is read waits for it.
 */
export function mustBeWithin(path: string, folders: readonly string[], held: BigIntStats): void {
  const real = realpathSync.native(path);
  const { ino, dev } = lstatSync(real, { bigint: true });
  if (!folders.some((folder) => isInside(folder, real)) || ino !== held.ino || dev !== held.dev)
    throw new NotAFile(path, outside);
}

export const outside = "is a link that leads out of its place";

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
