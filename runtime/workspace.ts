// What an attempt sees and what it leaves: its files brought in under paths it can use, and kept when it returns them.

import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, realpath, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { globEnters, globMatcher, globProblem, globRoots } from "../compiler/glob.ts";
import { type ManifestEntry, manifest, sha256 } from "../compiler/seen.ts";
import type { FileValue, Type, TypeTable, Value } from "../compiler/types.ts";
import type { ArtifactRef } from "./events.ts";
import { below, filesBelow, isInside, NotAFile } from "./folder.ts";
import type { FileSearch, Instance, PutFile } from "./runner.ts";
import { type FileAccess, fileIn, isList, isRecord, setEntry, ValueError } from "./values.ts";

/** The artifact store, as far as an attempt needs it. */
export interface AttemptArtifacts {
  /** Copies a regular file in, durably; `within`: a folder that it must stand in when it is copied. */
  putFile(
    path: string,
    shown?: string,
    within?: string,
  ): Promise<{ readonly sha256: string; readonly size: number }>;
  putDir(
    path: string,
    shown?: string,
    within?: string,
  ): Promise<{ readonly sha256: string; readonly size: number }>;
  /** Writes a read-only copy of a file's content to a path where nothing is. */
  materialise(file: FileValue, to: string): Promise<void>;
  /** The same for a dir's files. */
  materialiseDir(dir: FileValue, to: string): Promise<void>;
  /** Where content lies in the store; null if it is not there. */
  pathOf(sha256: string): string | null;
}

/** A mistake that fails the attempt; the message is a sentence for people. */
export class WorkspaceError extends Error {}

/** The files that one glob wants. */
export function searchOf(pattern: string): FileSearch {
  return { roots: globRoots(pattern), enters: globEnters(pattern), matches: globMatcher(pattern) };
}

/** Copies into an instance the project's files that its `reads` name. A glob without a match is told. */
export async function bringReads(
  instance: Instance,
  project: string,
  patterns: readonly string[],
): Promise<void> {
  const files = new Map<string, PutFile>();
  for (const pattern of patterns) {
    const problem = globProblem(pattern);
    if (problem !== null) throw new WorkspaceError(`\`reads: ["${pattern}"]\` is no glob: ${problem}.`);
    let any = false;
    for await (const { path, local } of filesBelow(project, searchOf(pattern))) {
      files.set(path, { from: local, to: path });
      any = true;
    }
    if (!any)
      throw new WorkspaceError(
        `\`reads: ["${pattern}"]\` matches no file of the project. Globs are relative to its root, ${project}.`,
      );
  }
  await instance.put([...files.values()]);
}

/**
 * Gives every file and dir in a value a path that the attempt can read: the project's own where it stands, verified,
 * or brought into a fresh directory; an artifact as a read-only copy.
 */
export class Inputs {
  private readonly instance: Instance;
  private readonly project: string;
  private readonly artifacts: AttemptArtifacts;
  private readonly types: TypeTable;
  private readonly paths = new Map<string, Promise<string>>();

  constructor(instance: Instance, project: string, artifacts: AttemptArtifacts, types: TypeTable) {
    this.instance = instance;
    this.project = project;
    this.artifacts = artifacts;
    this.types = types;
  }

  /** The value with absolute paths in its files. Throws WorkspaceError. */
  async local(value: Value, type: Type): Promise<Value> {
    switch (type.kind) {
      case "named": {
        const body = Object.hasOwn(this.types, type.name) ? this.types[type.name] : undefined;
        return body === undefined ? value : this.local(value, body);
      }
      case "optional":
        return value === null ? null : this.local(value, type.of);
      case "list":
        return isList(value) ? Promise.all(value.map((item) => this.local(item, type.of))) : value;
      case "map":
        return isRecord(value) ? this.entries(Object.entries(value), () => type.of) : value;
      case "record": {
        const fields = new Map(type.fields.map((field) => [field.name, field.type]));
        return isRecord(value) ? this.entries(Object.entries(value), (key) => fields.get(key)) : value;
      }
      case "file":
      case "dir": {
        const file = fileIn(value);
        return file === null ? value : { ...file, path: await this.pathOf(file, type.kind) };
      }
      default:
        return value;
    }
  }

  private async entries(
    entries: readonly (readonly [string, Value])[],
    typeOf: (key: string) => Type | undefined,
  ): Promise<Value> {
    const result: Record<string, Value> = {};
    for (const [key, item] of entries) {
      const type = typeOf(key);
      setEntry(result, key, type === undefined ? item : await this.local(item, type));
    }
    return result;
  }

  private pathOf(file: FileValue, kind: "file" | "dir"): Promise<string> {
    const id = `${kind}:${file.sha256}:${file.path}`;
    let path = this.paths.get(id);
    if (path === undefined) {
      path = this.bring(file, kind, this.paths.size + 1);
      this.paths.set(id, path);
    }
    return path;
  }

  private async bring(file: FileValue, kind: "file" | "dir", number: number): Promise<string> {
    if (this.artifacts.pathOf(file.sha256) !== null) {
      const name = /^[^/\\\0]+$/.test(file.name) && !/^\.{1,2}$/.test(file.name) ? file.name : kind;
      const to = join(this.instance.temporary, "in", String(number), name);
      await mkdir(dirname(to), { recursive: true });
      if (kind === "file") await this.artifacts.materialise(file, to);
      else await this.artifacts.materialiseDir(file, to);
      return to;
    }
    const own = await this.projectFile(file, kind);
    if (this.instance.workspace === this.project) return own;
    const to = isInside(this.project, own)
      ? file.path
      : join(this.instance.temporary, "in", String(number), file.name);
    await this.instance.put(await putsOf(own, to, kind));
    return resolve(this.instance.workspace, to);
  }

  /** Where a file of the project is; it must still be what it was when it was seen. */
  private async projectFile(file: FileValue, kind: "file" | "dir"): Promise<string> {
    const path = resolve(this.project, file.path);
    const seen = kind === "file" ? await hashOf(path) : await dirHash(path);
    if (seen === null)
      throw new WorkspaceError(
        `The ${kind} \`${file.path}\` is neither in the artifact store nor in the project any more. Put it back, or start a new run.`,
      );
    if (seen !== file.sha256)
      throw new WorkspaceError(
        `The ${kind} \`${file.path}\` has changed since this run saw it. Start a new run, so that all nodes see the same.`,
      );
    return path;
  }
}

async function putsOf(from: string, to: string, kind: "file" | "dir"): Promise<readonly PutFile[]> {
  if (kind === "file") return [{ from, to }];
  const files: PutFile[] = [];
  for await (const { path, local } of filesBelow(from, everything))
    files.push({ from: local, to: join(to, path) });
  return files;
}

/** A dir's content, as the plan counts it: all but what belongs to flowc and git. */
const everything: FileSearch = {
  roots: [""],
  enters: (name) => name !== ".git" && name !== ".flowc",
  matches: () => true,
};

/** Hashes of files by what their status was: a shortcut within this process, never a truth kept. */
const hashes = new Map<string, string>();
const hashesMax = 10_000;

async function hashOf(path: string): Promise<string | null> {
  const stats = await stat(path, { bigint: true }).catch(() => null);
  if (stats === null || !stats.isFile()) return null;
  const id = `${path}\0${stats.ino}\0${stats.size}\0${stats.mtimeNs}\0${stats.ctimeNs}`;
  const known = hashes.get(id);
  if (known !== undefined) return known;
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  const digest = hash.digest("hex");
  if (hashes.size >= hashesMax) hashes.clear();
  hashes.set(id, digest);
  return digest;
}

async function dirHash(path: string): Promise<string | null> {
  if ((await stat(path).catch(() => null))?.isDirectory() !== true) return null;
  const entries: ManifestEntry[] = [];
  for await (const file of filesBelow(path, everything))
    entries.push({ path: file.path, size: file.size, sha256: (await hashOf(file.local)) ?? "" });
  return sha256(manifest(entries));
}

/**
 * What an attempt left. Expressions ask for it at once, but looking and hashing take time: what is not known yet is
 * noted, and the expression evaluated again when it is. See {@link settled}.
 */
export class Left {
  readonly kept = new Map<string, ArtifactRef>();
  private readonly workspace: string;
  private readonly instance: Instance;
  private readonly artifacts: AttemptArtifacts;
  private readonly files = new Map<string, FileValue | string>();
  private readonly globs = new Map<string, readonly FileValue[]>();
  private readonly wanted = new Map<string, () => Promise<void>>();

  constructor(instance: Instance, workspace: string, artifacts: AttemptArtifacts) {
    this.instance = instance;
    this.workspace = workspace;
    this.artifacts = artifacts;
  }

  /** For `decode`: a clause instead of an error. */
  readonly named = (kind: "file" | "dir", path: string): FileValue | string => {
    const id = `${kind}:${path}`;
    const known = this.files.get(id);
    if (known !== undefined) return known;
    this.wanted.set(id, async () => {
      this.files.set(id, await this.keep(kind, path));
    });
    return { path, name: basename(path), size: 0, sha256: "" };
  };

  /** For `return`: `file(path)`, `files(glob)`, `dir(path)`. */
  readonly access: NonNullable<FileAccess["left"]> = {
    file: (path) => this.orThrow("file", path),
    dir: (path) => this.orThrow("dir", path),
    files: (pattern) => {
      const known = this.globs.get(pattern);
      if (known !== undefined) return known;
      const problem = globProblem(pattern);
      if (problem !== null) throw new ValueError(`\`files("${pattern}")\` is no glob: ${problem}`);
      this.wanted.set(`glob:${pattern}`, () => this.search(pattern));
      return [];
    },
  };

  private orThrow(kind: "file" | "dir", path: string): FileValue {
    const value = this.named(kind, path);
    if (typeof value === "string") throw new ValueError(`\`${kind}("${path}")\`: ${value}`);
    return value;
  }

  /** Evaluates again and again until all that it asks for is known. Throws what `evaluate` throws the last time. */
  async settled<T>(evaluate: () => T): Promise<T> {
    for (;;) {
      let result: { readonly value: T } | { readonly error: unknown };
      try {
        result = { value: evaluate() };
      } catch (error) {
        result = { error };
      }
      if (this.wanted.size === 0) {
        if ("error" in result) throw result.error;
        return result.value;
      }
      const looks = [...this.wanted.values()];
      this.wanted.clear();
      for (const look of looks) await look();
    }
  }

  private async search(pattern: string): Promise<void> {
    const found: FileValue[] = [];
    for await (const { path } of this.instance.get(searchOf(pattern))) {
      const value = await this.keep("file", path);
      // A file that has gone between the search and the copy was not left.
      if (typeof value !== "string") found.push(value);
    }
    this.globs.set(pattern, found);
  }

  /** A clause instead: why it cannot be taken; it may have been swapped since it was looked at. */
  private async keep(kind: "file" | "dir", path: string): Promise<FileValue | string> {
    try {
      return await this.take(kind, path);
    } catch (error) {
      if (error instanceof NotAFile) return error.message;
      throw error;
    }
  }

  private async take(kind: "file" | "dir", path: string): Promise<FileValue | string> {
    const place = await below(this.workspace, path);
    if ("problem" in place) return place.problem;
    const stats = await stat(place.real);
    if (kind === "file" && !stats.isFile())
      return stats.isDirectory() ? "it is a folder" : "it is no regular file";
    if (kind === "dir" && !stats.isDirectory()) return "it is no folder";
    const { real } = place;
    const within = await this.bounds();
    const stored = await (kind === "file"
      ? this.artifacts.putFile(real, real, within)
      : this.artifacts.putDir(real, real, within));
    const name = basename(place.path === "." ? this.workspace : place.path);
    const { sha256: hash, size } = stored;
    this.kept.set(`${place.path}\0${hash}`, { name, path: place.path, size, sha256: hash });
    return { path: place.path, name, size, sha256: hash };
  }

  /** The attempt's own folder has no links on its way, and must have none now; the project stands where it stands. */
  private async bounds(): Promise<string> {
    const own = isInside(dirname(this.instance.temporary), this.workspace);
    return own ? this.workspace : realpath(this.workspace);
  }
}
