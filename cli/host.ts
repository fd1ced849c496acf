// The Host on the real disk: how the compiler sees the user's project.

import { createHash } from "node:crypto";
import {
  closeSync,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  realpathSync,
  type Stats,
  statSync,
} from "node:fs";
import { basename, dirname, isAbsolute, join, relative, resolve } from "node:path";
import { byCodePoint, globEnters, globMatcher, globRoots } from "../compiler/glob.ts";
import type { Host, Machine } from "../compiler/host.ts";
import type { Seen } from "../compiler/plan.ts";
import { type ManifestEntry, manifest, pathsHash, sha256 } from "../compiler/seen.ts";
import { agentsOf, kindsOf, registryOf } from "./kinds.ts";
import { exportedNames } from "./module-exports.ts";

/** A `.flow` file is written by people; 4 MB is a hundred times the longest. */
const sourceBytesMax = 4 * 1024 * 1024;

/** Folders that are never a part of a dir's content: they are the tools' own. */
const ownFolders: ReadonlySet<string> = new Set([".git", ".flowc"]);

const utf8 = new TextDecoder("utf-8", { fatal: true });

/**
 * The disk as seen from `cwd`, for the project that `entry` (a `.flow` file, absolute or relative to `cwd`) is in.
 * Nothing is read before it is asked for. `machine` is where local tasks will run.
 */
export function nodeHost(cwd: string, entry: string, machine: Machine | null = null): Host {
  const here = real(resolve(cwd));
  const root = findRoot(real(dirname(resolve(cwd, entry))));
  return {
    root,
    ...(machine === null ? {} : { machine }),
    kinds: kindsOf(registryOf(root)),
    agents: agentsOf(root),
    show: (path) => shown(here, path),
    read: readSource,
    look,
    list: listFlows,
    exportsOf,
    see: (kind, path) => see(root, kind, path),
    glob: (pattern, folder) => search(root, pattern, folder),
  };
}

function slashes(path: string): string {
  return process.platform === "win32" ? path.replaceAll("\\", "/") : path;
}

/** With links resolved, as the paths of modules are; a path where nothing is stays as it is. */
function real(path: string): string {
  try {
    return slashes(realpathSync.native(path));
  } catch {
    return slashes(path);
  }
}

function findRoot(folder: string): string {
  for (let at = folder; ; at = slashes(dirname(at))) {
    if ([".git", "package.json", ".flowc"].some((mark) => existsSync(join(at, mark)))) return at;
    if (dirname(at) === at) return folder;
  }
}

function shown(here: string, path: string): string {
  if (!isAbsolute(path)) return path;
  const near = slashes(relative(here, path));
  return near === "" ? "." : near.startsWith("../../../") ? path : near;
}

function readSource(path: string): ReturnType<Host["read"]> {
  try {
    const stats = statSync(path);
    const pipe = isPipeOfShell(path, stats);
    if (!stats.isFile() && !stats.isDirectory() && !pipe) return { error: "no-file" };
    if (stats.size > sourceBytesMax) return { error: "too-large" };
    const bytes = readFileSync(path);
    if (bytes.length > sourceBytesMax) return { error: "too-large" };
    return { text: utf8.decode(bytes), real: pipe ? path : slashes(realpathSync.native(path)) };
  } catch (error) {
    return { error: readProblem(error) };
  }
}

/** `<(COMMAND)` of a shell, or what comes through a pipe: it has an end, which a pipe in a project need not have. */
function isPipeOfShell(path: string, stats: Stats): boolean {
  return stats.isFIFO() && /^\/(?:dev|proc)\//.test(path);
}

function readProblem(error: unknown): "absent" | "directory" | "unreadable" | "not-utf8" | "too-large" {
  const code = error instanceof Error && "code" in error ? error.code : "";
  if (code === "ENOENT" || code === "ENOTDIR") return "absent";
  if (code === "EISDIR") return "directory";
  if (code === "ERR_ENCODING_INVALID_ENCODED_DATA") return "not-utf8";
  return code === "ERR_FS_FILE_TOO_LARGE" ? "too-large" : "unreadable";
}

function statOf(path: string): Stats | null {
  try {
    return statSync(path);
  } catch {
    return null;
  }
}

function look(path: string): "file" | "dir" | "absent" {
  const stats = statOf(path);
  if (stats?.isFile()) return "file";
  return stats?.isDirectory() ? "dir" : "absent";
}

function listFlows(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
      .filter((name) => name.endsWith(".flow"))
      .sort(byCodePoint);
  } catch {
    return [];
  }
}

function exportsOf(path: string): readonly string[] | null {
  const source = readSource(path);
  return "error" in source ? null : exportedNames(source.text);
}

// Contents

function see(root: string, kind: "file" | "dir", path: string): Seen | null {
  const full = resolve(root, path);
  const stats = statOf(full);
  if (stats === null) return null;
  const name = slashes(relative(root, full)) || ".";
  try {
    if (kind === "file")
      return stats.isFile() ? { kind, path: name, size: stats.size, sha256: hashFile(full) } : null;
    if (!stats.isDirectory()) return null;
    const entries: ManifestEntry[] = [];
    for (const file of walk(full, (path) => !ownFolders.has(basename(path)))) {
      const inside = join(full, file);
      entries.push({ path: file, size: statOf(inside)?.size ?? 0, sha256: hashFile(inside) });
    }
    const size = entries.reduce((sum, entry) => sum + entry.size, 0);
    return { kind, path: name, size, sha256: sha256(manifest(entries)) };
  } catch {
    return null;
  }
}

/** In pieces: a file may be larger than memory. */
function hashFile(path: string): string {
  const hash = createHash("sha256");
  const file = openSync(path, "r");
  try {
    const piece = new Uint8Array(1 << 18);
    for (let length = readSync(file, piece); length > 0; length = readSync(file, piece))
      hash.update(piece.subarray(0, length));
  } finally {
    closeSync(file);
  }
  return hash.digest("hex");
}

/** `size` of a glob is the number of its matches; `path` is the pattern as seen from the root. */
function search(root: string, pattern: string, folder: string): Seen {
  const base = slashes(resolve(root, folder));
  const matches = globMatcher(pattern);
  const enters = globEnters(pattern);
  const found = new Set<string>();
  for (const start of globRoots(pattern)) {
    const from = start === "" ? base : `${base}/${start}`;
    if (!staysIn(root, from)) continue;
    const below = (path: string): string => (start === "" ? path : `${start}/${path}`);
    for (const file of walk(from, (folder) => enters(below(folder)), root)) {
      const path = below(file);
      if (matches(path)) found.add(slashes(relative(root, `${base}/${path}`)));
    }
  }
  const paths = [...found].sort(byCodePoint);
  const prefix = slashes(relative(root, base));
  const path = prefix === "" ? pattern : `${prefix}/${pattern}`;
  return { kind: "glob", path, size: paths.length, sha256: pathsHash(paths), paths };
}

function staysIn(root: string, path: string): boolean {
  try {
    const real = slashes(realpathSync.native(path));
    const realRoot = slashes(realpathSync.native(root));
    return real === realRoot || real.startsWith(realRoot === "/" ? "/" : `${realRoot}/`);
  } catch {
    return false;
  }
}

/**
 * Regular files below a folder, relative to it. A link is followed only if it ends inside `bounds` (by default the
 * folder itself) and not in a folder that we are inside of.
 */
function* walk(
  folder: string,
  enters: (path: string) => boolean,
  bounds: string = folder,
): Generator<string> {
  const open: { readonly path: string; readonly real: readonly string[] }[] = [{ path: "", real: [] }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const full = next.path === "" ? folder : `${folder}/${next.path}`;
    const prefix = next.path === "" ? "" : `${next.path}/`;
    for (const entry of entriesOf(full)) {
      const path = prefix + entry.name;
      const linked = entry.isSymbolicLink() ? linkTarget(`${full}/${entry.name}`, bounds) : null;
      if (entry.isSymbolicLink() && linked === null) continue;
      if (linked?.kind === "file" || entry.isFile()) yield path;
      else if (!enters(path)) continue;
      else if (linked !== null) {
        const chain = [...next.real, slashes(realpathSync.native(full))];
        if (!chain.some((real) => real === linked.real || real.startsWith(`${linked.real}/`)))
          open.push({ path, real: chain });
      } else if (entry.isDirectory()) open.push({ path, real: next.real });
    }
  }
}

function entriesOf(folder: string) {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}

function linkTarget(
  path: string,
  bounds: string,
): { readonly kind: "file" | "dir"; readonly real: string } | null {
  const kind = look(path);
  if (kind === "absent" || !staysIn(bounds, path)) return null;
  return { kind, real: slashes(realpathSync.native(path)) };
}
