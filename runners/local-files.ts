// Files of a local instance: copied in, never outside of it, and read up to a bound.

import { constants, watch } from "node:fs";
import { chmod, copyFile, mkdir, open, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { isInside, mustBeWithin } from "../runtime/folder.ts";
import type { PutFile } from "../runtime/runner.ts";

/** Copies files into an instance, with their modes; a `to` that would leave it is refused. */
export async function copyIn(files: readonly PutFile[], workspace: string, temporary: string): Promise<void> {
  for (const { from, to, fixed } of files) {
    const target = resolve(workspace, to);
    if (!isInside(workspace, target) && !isInside(temporary, target))
      throw new Error(`\`${to}\` leaves the workspace`);
    await mkdir(dirname(target), { recursive: true });
    await copyFile(from, target, constants.COPYFILE_FICLONE);
    // The copy of a read-only file could not be replaced by the work; its owner may write.
    const { mode } = await stat(from);
    await chmod(target, fixed === true ? mode & 0o555 : mode | 0o600);
  }
}

/** The first bytes of a file that stands in one of the folders, which are real paths; null if there is none. */
export async function readBounded(
  path: string,
  bytesMax: number,
  folders: readonly string[],
): Promise<{ readonly bytes: Uint8Array; readonly truncated: boolean } | null> {
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch((error: unknown) => {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
    throw error;
  });
  if (file === null) return null;
  try {
    const stats = await file.stat({ bigint: true });
    mustBeWithin(path, folders, stats);
    if (!stats.isFile()) throw new Error("it is not a regular file");
    const chunks: Uint8Array[] = [];
    let length = 0;
    while (length <= bytesMax) {
      const piece = new Uint8Array(Math.min(1 << 16, bytesMax + 1 - length));
      const { bytesRead } = await file.read(piece, 0, piece.length, null);
      if (bytesRead === 0) break;
      chunks.push(piece.subarray(0, bytesRead));
      length += bytesRead;
    }
    const bytes = Buffer.concat(chunks);
    return { bytes: bytes.subarray(0, bytesMax), truncated: bytes.length > bytesMax };
  } finally {
    await file.close();
  }
}

/** Makes a folder and tells of changes in it. Where the system has no more watches nobody is told anything. */
export async function watchFolder(path: string, changed: () => void): Promise<() => void> {
  await mkdir(path, { recursive: true });
  try {
    const watcher = watch(path, { persistent: false }, changed);
    watcher.on("error", () => watcher.close());
    return () => watcher.close();
  } catch {
    return () => {};
  }
}
