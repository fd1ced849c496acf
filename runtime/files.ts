// What a run's expressions see of files: the project as the plan saw it, and contents in the artifact store.

import { createHash } from "node:crypto";
import {
  appendFileSync,
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readdirSync,
  readFileSync,
  realpathSync,
  statSync,
} from "node:fs";
import { basename, join, sep } from "node:path";
import { crc32 } from "node:zlib";
import { byCodePoint, globEnters, globMatcher, globRoots } from "../compiler/glob.ts";
import type { Plan } from "../compiler/plan.ts";
import { type ManifestEntry, manifest } from "../compiler/seen.ts";
import type { FileValue } from "../compiler/types.ts";
import { ArtifactError, type ArtifactStore, inside } from "./artifacts.ts";
import { damagedSeen, damagedStore, isMachines, worded } from "./journal-errors.ts";
import { type FileAccess, fileIn, textLengthMax, ValueError } from "./values.ts";

/** Texts kept in memory, as `read` of one file may stand in the arguments of a thousand nodes. In UTF-16 units. */
const cachedLengthMax = 8 * 1024 * 1024;

/** Tools' own folders are no part of a dir's content, as for the compiler. */
const ownFolders: ReadonlySet<string> = new Set([".git", ".flowc"]);

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** While a run is folded, what could be read when it ran must be readable: else it would become another run. */
export interface Folding {
  now: boolean;
  /** What could not be read meanwhile, unless it could not be read then either. */
  failed: ValueError | null;
}

const running: Folding = { now: false, failed: null };

/**
 * Files for the run in `runFolder` of the project at the absolute path `project`. What is looked at only now (the text
 * of a project's file, a pattern that the compiler did not know) is kept, so that a resume sees the same; with
 * `runFolder` null, for a mere look at a plan, nothing is written. What fails makes a {@link ValueError}; what the machine or a
 * damaged store is to blame for a JournalError, as far as `folding` says so.
 */
export function openFiles(
  project: string,
  plan: Plan,
  artifacts: ArtifactStore,
  runFolder: string | null = null,
  folding: Folding = running,
): FileAccess {
  const told = <T>(work: () => T): T => toldOf(work, artifacts.folder, folding);
  const texts = new Map<string, string>();
  const globs = new Patterns(runFolder === null ? null : join(runFolder, "seen.jsonl"));
  const seen = new Map(plan.seen.map((one) => [`${one.kind}:${one.path}`, one]));
  let cachedLength = 0;
  return {
    literal(kind, path) {
      const one = seen.get(`${kind}:${path}`);
      if (one === undefined)
        throw new ValueError(`the ${kind} \`${path}\` was not there when the plan was made`);
      return { path, name: basename(path), size: one.size, sha256: one.sha256 };
    },
    text(file) {
      const known = texts.get(file.sha256);
      if (known !== undefined) return known;
      const text = told(() => readText(project, artifacts, file, runFolder !== null));
      if (cachedLength + text.length > cachedLengthMax) {
        texts.clear();
        cachedLength = 0;
      }
      texts.set(file.sha256, text);
      cachedLength += text.length;
      return text;
    },
    glob(pattern, dir) {
      if (dir !== null) return told(() => globOfDir(project, artifacts, pattern, dir));
      return told(() => globs.remember(pattern, () => globOfProject(project, plan.base, pattern)));
    },
  };
}

/**
 * Keeps the texts that a plan reads from files known by their path, as they are when the run begins: later nodes, and a
 * resume, see the same. What cannot be read fails the node that wants it.
 */
export function keepTexts(plan: Plan, files: FileAccess): void {
  const paths = new Set<string>();
  const look = (value: unknown): void => {
    if (typeof value !== "object" || value === null) return;
    const path = readPath(value);
    if (path !== null) paths.add(path);
    for (const inner of Object.values(value)) look(inner);
  };
  look([plan.tasks, plan.flows, plan.steps, plan.inputs]);
  for (const path of paths) {
    try {
      files.text(files.literal("file", path));
    } catch (error) {
      if (!(error instanceof ValueError)) throw error;
    }
  }
}

/** The path in `read("…")` and `read_json("…")` as they stand in a plan. */
function readPath(value: object): string | null {
  if (!("fn" in value && (value.fn === "read" || value.fn === "read_json"))) return null;
  const file: unknown = "args" in value && Array.isArray(value.args) ? value.args[0] : null;
  if (typeof file !== "object" || file === null || !("k" in file && file.k === "file")) return null;
  return "path" in file && typeof file.path === "string" ? file.path : null;
}

/** What is wrong with a stored content or a file fails the expression, as a node fails. */
function toldOf<T>(work: () => T, store: string, folding: Folding): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof ArtifactError)
      throw folding.now ? damagedStore(store, error) : new ValueError(error.message);
    if (isMachines(error)) throw worded(error, store);
    const failure = error instanceof Error && "syscall" in error ? new ValueError(error.message) : error;
    if (folding.now && failure instanceof ValueError) folding.failed ??= failure;
    throw failure;
  }
}

function readText(project: string, artifacts: ArtifactStore, file: FileValue, keep: boolean): string {
  if (file.size > textLengthMax)
    throw new ValueError(
      `\`${file.path}\` has ${file.size} bytes, and ${textLengthMax} is the most that can be read as a text`,
    );
  const stored = artifacts.pathOf(file.sha256) !== null;
  const bytes = stored ? artifacts.readVerified(file.sha256) : readProject(project, file);
  let text: string;
  try {
    text = utf8.decode(bytes);
  } catch {
    throw new ValueError(`\`${file.path}\` is no UTF-8 text`);
  }
  if (keep && !stored) artifacts.putTextSync(text);
  return text;
}

function readProject(project: string, file: FileValue): Uint8Array {
  const path = inside(project, file.path);
  if (!existsSync(path)) throw new ValueError(`\`${file.path}\` is not there any more`);
  const bytes = readFileSync(path);
  if (hashOf(bytes) !== file.sha256)
    throw new ValueError(`\`${file.path}\` was changed after the plan was made`);
  return bytes;
}

function hashOf(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

function globOfDir(
  project: string,
  artifacts: ArtifactStore,
  pattern: string,
  dir: FileValue,
): readonly FileValue[] {
  const matches = globMatcher(pattern);
  const entries =
    artifacts.pathOf(dir.sha256) === null ? entriesOfProject(project, dir) : artifacts.manifestOf(dir);
  return entries
    .filter(({ path }) => matches(path))
    .sort((a, b) => byCodePoint(a.path, b.path))
    .map(({ path, size, sha256 }) => ({ path: `${dir.path}/${path}`, name: basename(path), size, sha256 }));
}

/** A dir of the project that is still what was seen. */
function entriesOfProject(project: string, dir: FileValue): ManifestEntry[] {
  const root = inside(project, dir.path);
  const entries: ManifestEntry[] = [];
  for (const path of filesBelow(root, "", (path) => !ownFolders.has(basename(path)), realpathSync(root), []))
    entries.push({ path, ...lookAt(join(root, path)) });
  if (hashOf(Buffer.from(manifest(entries))) !== dir.sha256)
    throw new ValueError(`the dir \`${dir.path}\` was changed after the plan was made`);
  return entries;
}

function globOfProject(project: string, base: string, pattern: string): readonly FileValue[] {
  const from = base === "" ? project : join(project, base);
  const matches = globMatcher(pattern);
  const enters = globEnters(pattern);
  const found = new Set<string>();
  for (const root of globRoots(pattern)) {
    const start = root === "" ? from : inside(project, join(base, root));
    if (!existsSync(start)) continue;
    const below = (path: string): string => (root === "" ? path : `${root}/${path}`);
    const open = (folder: string): boolean => enters(below(folder));
    for (const file of filesBelow(start, "", open, realpathSync(project), [])) {
      const path = below(file);
      if (matches(path)) found.add(base === "" ? path : join(base, path));
    }
  }
  return [...found]
    .sort(byCodePoint)
    .map((path) => ({ path, name: basename(path), ...lookAt(join(project, path)) }));
}

function lookAt(path: string): { readonly size: number; readonly sha256: string } {
  const bytes = readFileSync(path);
  return { size: bytes.length, sha256: hashOf(bytes) };
}

/** Regular files below a folder; a link is followed if it ends inside `bounds` and not in a folder we are in. */
function* filesBelow(
  root: string,
  prefix: string,
  enters: (path: string) => boolean,
  bounds: string,
  open: readonly string[],
): Generator<string> {
  const folder = prefix === "" ? root : join(root, prefix);
  if (!statSync(folder).isDirectory()) return;
  const real = realpathSync(folder);
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = prefix === "" ? entry.name : `${prefix}/${entry.name}`;
    const full = join(root, path);
    if (entry.isSymbolicLink()) {
      if (!existsSync(full)) continue;
      const target = realpathSync(full);
      const around = [...open, real].some((one) => one === target || one.startsWith(target + sep));
      if (around || (target !== bounds && !target.startsWith(bounds + sep))) continue;
    }
    const stats = statSync(full);
    if (stats.isFile()) yield path;
    else if (stats.isDirectory() && enters(path))
      yield* filesBelow(root, path, enters, bounds, [...open, real]);
  }
}

/** Answers of patterns that were computed at run time, one JSON line each, synced before they are used. */
class Patterns {
  private readonly path: string | null;
  private known: Map<string, readonly FileValue[]> | null = null;

  constructor(path: string | null) {
    this.path = path;
  }

  remember(pattern: string, look: () => readonly FileValue[]): readonly FileValue[] {
    this.known ??= this.load();
    const known = this.known.get(pattern);
    if (known !== undefined) return known;
    const found = look();
    this.known.set(pattern, found);
    if (this.path === null) return found;
    const file = openSync(this.path, "a", 0o600);
    try {
      const line = JSON.stringify([pattern, found]);
      appendFileSync(file, `${line} ${crc32(line)}\n`);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    return found;
  }

  private load(): Map<string, readonly FileValue[]> {
    const known = new Map<string, readonly FileValue[]>();
    if (this.path === null || !existsSync(this.path)) return known;
    // A last line without its end was cut off by a crash before anybody used it.
    for (const line of readFileSync(this.path, "utf8").split("\n").slice(0, -1)) {
      const [, text = "", crc] = /^(.*\])(?: (\d+))?$/.exec(line) ?? [];
      // Older ones have none.
      if (text === "" || (crc !== undefined && Number(crc) !== crc32(text))) throw damagedSeen(this.path);
      const value: unknown = JSON.parse(text);
      if (!Array.isArray(value)) continue;
      const [pattern, found]: readonly unknown[] = value;
      if (typeof pattern === "string" && Array.isArray(found))
        known.set(
          pattern,
          found.map(fileIn).filter((file) => file !== null),
        );
    }
    return known;
  }
}
