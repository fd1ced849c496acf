// Folders of this machine: which files are below one, and that no path leads out of it.

import { type BigIntStats, lstatSync, realpathSync } from "node:fs";
import { readdir, realpath, stat } from "node:fs/promises";
import { isAbsolute, join, normalize, sep } from "node:path";
import { byCodePoint } from "../compiler/glob.ts";
import type { FileSearch, FoundFile } from "./runner.ts";

/** Is a path the folder itself or below it? Both absolute and without `..`; links are not looked at. */
export function isInside(folder: string, path: string): boolean {
  return path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}

/** Is not a regular file, or not one that may be taken: a folder, a link, a pipe, a device. */
export class NotAFile extends Error {
  constructor(path: string, why = "is no regular file") {
    super(`\`${path}\` ${why}`);
  }
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

/** A path that comes from outside, relative to a folder, tidied; or a clause that says why it is refused. */
export function tidied(path: string): { readonly path: string } | { readonly problem: string } {
  if (path === "") return { problem: "it is empty" };
  if (path.includes("\0")) return { problem: "it holds a NUL character" };
  if (isAbsolute(path)) return { problem: "it must be relative to where the command starts" };
  const tidy = normalize(path).replace(/\/$/, "");
  if (tidy === ".." || tidy.startsWith(`..${sep}`)) return { problem: "it leaves the workspace with `..`" };
  return { path: tidy.split(sep).join("/") };
}

/** The same below a folder of this machine: as it is written there, and where it really is. */
export async function below(
  folder: string,
  path: string,
): Promise<{ readonly path: string; readonly real: string } | { readonly problem: string }> {
  const tidy = tidied(path);
  if ("problem" in tidy) return tidy;
  try {
    const real = await realpath(join(folder, tidy.path));
    if (!isInside(await realpath(folder), real))
      return { problem: "it is a link that leads out of the workspace" };
    return { path: tidy.path, real };
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : "";
    if (code === "ENOENT" || code === "ENOTDIR") return { problem: "there is no such file" };
    return { problem: error instanceof Error ? error.message : String(error) };
  }
}

/** Regular files that a search wants, sorted by path. A link counts as what it leads to, if that is in the top. */
export async function* filesBelow(top: string, search: FileSearch): AsyncIterable<FoundFile> {
  const real = await realpath(top);
  const found = new Map<string, FoundFile>();
  for (const root of search.roots) await walk(top, real, root, search, found, []);
  const paths = [...found.keys()].sort(byCodePoint);
  for (const path of paths) {
    const file = found.get(path);
    if (file !== undefined) yield file;
  }
}

async function walk(
  top: string,
  bounds: string,
  folder: string,
  search: FileSearch,
  found: Map<string, FoundFile>,
  above: readonly string[],
): Promise<void> {
  const full = join(top, folder);
  const real = await realpath(full).catch(() => null);
  // A link back to a folder that we are inside of would never end.
  if (real === null || !isInside(bounds, real) || above.includes(real)) return;
  const entries = await readdir(full, { withFileTypes: true }).catch(() => []);
  for (const entry of entries) {
    const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
    const local = join(full, entry.name);
    let kind: "file" | "dir" | "other" = entry.isFile() ? "file" : entry.isDirectory() ? "dir" : "other";
    if (entry.isSymbolicLink()) kind = await linkedKind(local, bounds);
    if (kind === "dir" && search.enters(path)) await walk(top, bounds, path, search, found, [...above, real]);
    if (kind !== "file" || !search.matches(path)) continue;
    const stats = await stat(local).catch(() => null);
    if (stats !== null) found.set(path, { path, local, size: stats.size });
  }
}

async function linkedKind(path: string, bounds: string): Promise<"file" | "dir" | "other"> {
  try {
    if (!isInside(bounds, await realpath(path))) return "other";
    const stats = await stat(path);
    return stats.isFile() ? "file" : stats.isDirectory() ? "dir" : "other";
  } catch {
    return "other";
  }
}
