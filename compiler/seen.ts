// What was seen of the project, hashed the same way everywhere: sorted lists of paths and manifests of folders.

import { createHash } from "node:crypto";
import { byCodePoint } from "./glob.ts";

/** A regular file inside a dir; `path` is relative to the dir, with `/`. */
export interface ManifestEntry {
  readonly path: string;
  readonly size: number;
  readonly sha256: string;
}

/** SHA-256, as lower-case hex. */
export function sha256(data: string | Uint8Array): string {
  return createHash("sha256").update(data).digest("hex");
}

/**
 * A dir's manifest: one line of JSON `[path, size, sha256]` for each of its regular files, sorted by path. A dir's
 * `sha256` is the hash of this text, its `size` the sum of the sizes. Empty folders, times and modes leave no trace.
 */
export function manifest(entries: readonly ManifestEntry[]): string {
  const sorted = [...entries].sort((a, b) => byCodePoint(a.path, b.path));
  return sorted.map((entry) => `${JSON.stringify([entry.path, entry.size, entry.sha256])}\n`).join("");
}

/** The hash of a glob's matches: of their paths alone, one on a line, sorted. */
export function pathsHash(paths: readonly string[]): string {
  return sha256(
    [...paths]
      .sort(byCodePoint)
      .map((path) => `${JSON.stringify(path)}\n`)
      .join(""),
  );
}
