// The artifact store: contents by their SHA-256, kept durably once, never changed, and verified when they are read.

import { createHash } from "node:crypto";
import {
  closeSync,
  existsSync,
  fstatSync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  statSync,
  utimesSync,
} from "node:fs";
import { chmod, mkdir, readdir, realpath, stat } from "node:fs/promises";
import { basename, dirname, isAbsolute, join, resolve, sep } from "node:path";
import { type ManifestEntry, manifest } from "../compiler/seen.ts";
import type { FileValue } from "../compiler/types.ts";
import { asideIn, copyHashed, hashOfFile, orRemove, settle, settleSync } from "./artifacts-disk.ts";
import { isInside, NotAFile, outside } from "./folder.ts";

/** Something about a stored content that is told to people: altered, missing, or not to be stored. */
export class ArtifactError extends Error {}

export interface Stored {
  readonly sha256: string;
  /** Bytes. */
  readonly size: number;
}

/** What may be read into memory at once; larger contents go by file. */
export const contentBytesMax = 64 * 1024 * 1024;

/** What was used so lately is not marked as used again. */
const usedMs = 3_600_000;

/** Entries of one stored dir; more is a mistake, such as a whole `node_modules`. */
export const dirEntriesMax = 100_000;

/** The contents below `<state>/artifacts`; nothing is made before something is stored. */
export function openArtifacts(stateDir: string): ArtifactStore {
  return new ArtifactStore(join(resolve(stateDir), "artifacts"));
}

export class ArtifactStore {
  readonly folder: string;
  private readonly aside: string;
  /** Folders that were made, so that each is made once. */
  private ready: Promise<unknown> | null = null;

  constructor(folder: string) {
    this.folder = folder;
    this.aside = join(folder, "tmp");
  }

  /**
   * Keeps a copy of a regular file. A content that is there already is replaced by the fresh copy, which heals what
   * was damaged on the disk. It stays executable if any of its originals was. `within`: a folder that it must stand in.
   */
  async put(path: string, within: string | null = null): Promise<Stored> {
    this.ready ??= mkdir(this.aside, { recursive: true, mode: 0o700 });
    await this.ready;
    const aside = asideIn(this.aside);
    return orRemove(aside, async () => {
      const { sha256, size, executable } = await copyHashed(path, aside, true, within);
      const place = this.placeOf(sha256);
      const keep = executable || isExecutable(place);
      await chmod(aside, keep ? 0o500 : 0o400);
      await settle(aside, place);
      return { sha256, size };
    });
  }

  async putText(text: string): Promise<Stored> {
    return this.putTextSync(text);
  }

  /** Blocks for the disk: for the rare content that an event is about to name. */
  putTextSync(text: string): Stored {
    const bytes = Buffer.from(text, "utf8");
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    mkdirSync(this.aside, { recursive: true, mode: 0o700 });
    settleSync(bytes, asideIn(this.aside), this.placeOf(sha256));
    return { sha256, size: bytes.length };
  }

  /** Keeps a file's content; `path` in the value is the one given. */
  async putFile(path: string, shown: string = path, within: string | null = null): Promise<FileValue> {
    return { path: shown, name: basename(shown), ...(await this.put(path, within)) };
  }

  /**
   * Keeps all regular files of a folder, and its manifest, whose hash is the dir's. Links are followed if they end
   * inside the folder, and refused if they do not; pipes and devices are refused.
   */
  async putDir(path: string, shown: string = path, within: string | null = null): Promise<FileValue> {
    const root = await realpath(path);
    if (within !== null && !isInside(within, root)) throw new NotAFile(path, outside);
    const entries: ManifestEntry[] = [];
    for await (const file of filesBelow(root, "", [root])) {
      if (entries.length >= dirEntriesMax)
        throw new ArtifactError(
          `\`${shown}\` holds more than ${dirEntriesMax} files; return a smaller dir, or an archive of it`,
        );
      entries.push({ path: file.path, ...(await this.put(file.real, root)) });
    }
    const size = entries.reduce((sum, entry) => sum + entry.size, 0);
    const { sha256 } = this.putTextSync(manifest(entries));
    return { path: shown, name: basename(shown), size, sha256 };
  }

  /** Where a content stands; null if it is not here. It is not verified: who uses it compares the hash. */
  pathOf(sha256: string): string | null {
    if (!isSha256(sha256)) return null;
    const place = this.placeOf(sha256);
    return existsSync(place) || this.backFromGoing(sha256, place) ? place : null;
  }

  /** Where a content stands while it is decided whether it is removed. */
  goingOf(sha256: string): string {
    return join(this.aside, `${sha256}.going`);
  }

  /** Who wants what is being removed has it again, if it is not too late. */
  private backFromGoing(sha256: string, place: string): boolean {
    try {
      renameSync(this.goingOf(sha256), place);
      return true;
    } catch {
      return existsSync(place);
    }
  }

  /** Where a content stands that is about to be used: its time says so, and what was used lately is not removed. */
  private used(sha256: string): string | null {
    const place = this.pathOf(sha256);
    if (place === null) return null;
    const now = Date.now();
    try {
      if (now - statSync(place).mtimeMs > usedMs) utimesSync(place, now / 1000, now / 1000);
    } catch {
      // Where nothing may be written, nothing is removed either; what is gone is told by who reads it.
    }
    return place;
  }

  /** A content in memory, verified. Throws {@link ArtifactError} if it is missing, altered or larger than `bytesMax`. */
  readVerified(sha256: string, bytesMax: number = contentBytesMax): Uint8Array {
    const place = this.used(sha256);
    if (place === null) throw missing(sha256);
    const file = openSync(place, "r");
    try {
      const { size } = fstatSync(file);
      if (size > bytesMax)
        throw new ArtifactError(
          `the content ${short(sha256)} has ${size} bytes, and ${bytesMax} is the most`,
        );
      const bytes = new Uint8Array(size);
      let at = 0;
      for (let got = 1; got > 0 && at < size; at += got) got = readSync(file, bytes, at, size - at, at);
      if (at !== size || createHash("sha256").update(bytes).digest("hex") !== sha256)
        throw altered(sha256, place);
      return bytes;
    } finally {
      closeSync(file);
    }
  }

  /** Reads a content to its end: throws {@link ArtifactError} if it is missing or altered. */
  async verify(sha256: string): Promise<void> {
    const place = this.used(sha256);
    if (place === null) throw missing(sha256);
    if ((await hashOfFile(place)) !== sha256) throw altered(sha256, place);
  }

  /** The files of a stored dir. */
  manifestOf(dir: FileValue): readonly ManifestEntry[] {
    const text = new TextDecoder().decode(this.readVerified(dir.sha256));
    return text
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => manifestEntry(line, dir.sha256));
  }

  /**
   * Writes a verified, read-only copy of a file to `to`, which must not exist; its folder is made. A copy, as what is
   * stored must not change whatever is done to it.
   */
  async materialise(file: FileValue, to: string): Promise<void> {
    const place = this.used(file.sha256);
    if (place === null) throw missing(file.sha256, file.path);
    await mkdir(dirname(to), { recursive: true });
    await orRemove(to, async () => {
      const { sha256, executable } = await copyHashed(place, to, false);
      if (sha256 !== file.sha256) throw altered(file.sha256, place, file.path);
      await chmod(to, executable ? 0o555 : 0o444);
    });
  }

  /** The same for a dir: its files below `to`. */
  async materialiseDir(dir: FileValue, to: string): Promise<void> {
    await mkdir(to, { recursive: true });
    for (const { path, size, sha256 } of this.manifestOf(dir)) {
      await this.materialise({ path, name: basename(path), size, sha256 }, inside(to, path));
    }
  }

  private placeOf(sha256: string): string {
    if (!isSha256(sha256)) throw new ArtifactError(`\`${sha256.slice(0, 80)}\` is no SHA-256`);
    return join(this.folder, sha256.slice(0, 2), sha256.slice(2));
  }
}

/** `path` below `root`, both as text: throws if it leaves it, by `..`, as an absolute name, or by an odd character. */
export function inside(root: string, path: string): string {
  const joined = resolve(root, path);
  const leaves = joined !== resolve(root) && !joined.startsWith(resolve(root) + sep);
  if (path === "" || isAbsolute(path) || leaves || path.includes("\0"))
    throw new ArtifactError(`the path \`${path}\` leaves its folder`);
  return joined;
}

interface FileBelow {
  /** Relative to the folder, with `/`. */
  readonly path: string;
  /** Absolute, links resolved. */
  readonly real: string;
}

/** All files of a folder. `open`: the real folders that we are in, so that a link to one of them does not go round. */
async function* filesBelow(root: string, prefix: string, open: readonly string[]): AsyncGenerator<FileBelow> {
  const folder = join(root, prefix);
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = prefix === "" ? entry.name : `${prefix}/${entry.name}`;
    const real = entry.isSymbolicLink() ? await target(root, path) : join(folder, entry.name);
    const stats = await stat(real);
    if (stats.isFile()) yield { path, real: await realpath(real) };
    else if (!stats.isDirectory()) throw new ArtifactError(`\`${path}\` is neither a file nor a folder`);
    else if (!entry.isSymbolicLink()) yield* filesBelow(root, path, [...open, real]);
    else if (open.includes(real))
      throw new ArtifactError(`the link \`${path}\` leads to a folder that it stands in`);
    else yield* filesBelow(root, path, [...open, real]);
  }
}

async function target(root: string, path: string): Promise<string> {
  const real = await realpath(join(root, path)).catch(() => null);
  if (real === null) throw new ArtifactError(`the link \`${path}\` leads nowhere`);
  if (real !== root && !real.startsWith(root + sep))
    throw new ArtifactError(`the link \`${path}\` leads out of its folder`);
  return real;
}

function manifestEntry(line: string, sha256: string): ManifestEntry {
  const value: unknown = JSON.parse(line);
  if (Array.isArray(value)) {
    const [path, size, hash]: readonly unknown[] = value;
    if (typeof path === "string" && typeof size === "number" && typeof hash === "string" && isSha256(hash))
      return { path, size, sha256: hash };
  }
  throw new ArtifactError(`the content ${short(sha256)} is no list of a folder's files`);
}

function isExecutable(path: string): boolean {
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats !== undefined && (stats.mode & 0o111) !== 0;
}

function isSha256(text: string): boolean {
  return /^[0-9a-f]{64}$/.test(text);
}

function short(sha256: string): string {
  return `${sha256.slice(0, 12)}…`;
}

function missing(sha256: string, path: string | null = null): ArtifactError {
  return new ArtifactError(
    `the content ${called(sha256, path)} is not in the artifact store any more; put it back, or start a new run`,
  );
}

function called(sha256: string, path: string | null): string {
  return path === null ? short(sha256) : `of \`${path}\` (${short(sha256)})`;
}

function altered(sha256: string, place: string, path: string | null = null): ArtifactError {
  return new ArtifactError(
    `the content ${called(sha256, path)} was changed on the disk: \`${place}\` is not what was stored; put back what it was, or start a new run`,
  );
}
