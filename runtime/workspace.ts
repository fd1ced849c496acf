// What an attempt sees: its files, brought to where its commands can read them.

import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, stat } from "node:fs/promises";
import { dirname, join, posix, resolve } from "node:path";
import { globEnters, globMatcher, globProblem, globRoots } from "../compiler/glob.ts";
import { type ManifestEntry, manifest, sha256 } from "../compiler/seen.ts";
import type { FileValue, Type, TypeTable, Value } from "../compiler/types.ts";
import { filesBelow, isInside } from "./folder.ts";
import type { FileSearch, PutFile, Workspace } from "./runner.ts";
import { fileIn, isList, isRecord, setEntry } from "./values.ts";

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

/** Copies into a workspace the project's files that its `reads` name, but for what is there. A glob without a match is told. */
export async function bringReads(
  workspace: Workspace,
  project: string,
  patterns: readonly string[],
  isThere: (path: string) => boolean = () => false,
): Promise<void> {
  const files = new Map<string, PutFile>();
  for (const pattern of patterns) {
    const problem = globProblem(pattern);
    if (problem !== null) throw new WorkspaceError(`\`reads: ["${pattern}"]\` is no glob: ${problem}.`);
    let any = false;
    for await (const { path, local } of filesBelow(project, searchOf(pattern))) {
      if (!isThere(path)) files.set(path, { from: local, to: path });
      any = true;
    }
    if (!any)
      throw new WorkspaceError(
        `\`reads: ["${pattern}"]\` matches no file of the project. Globs are relative to its root, ${project}.`,
      );
  }
  await workspace.put([...files.values()]);
}

/**
 * Gives every file and dir in a value a path that the attempt can read: the project's own where it stands, verified,
 * or brought into a fresh directory; an artifact as a read-only copy.
 */
export class Inputs {
  private readonly workspace: Workspace;
  /** A directory on this machine that belongs to the attempt. Absolute. */
  private readonly scratch: string;
  private readonly project: string;
  private readonly artifacts: AttemptArtifacts;
  private readonly types: TypeTable;
  private readonly paths = new Map<string, Promise<string>>();

  constructor(
    workspace: Workspace,
    scratch: string,
    project: string,
    artifacts: AttemptArtifacts,
    types: TypeTable,
  ) {
    this.workspace = workspace;
    this.scratch = scratch;
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
    const { workspace } = this;
    const name = /^[^/\\\0]+$/.test(file.name) && !/^\.{1,2}$/.test(file.name) ? file.name : kind;
    const inside = posix.join("in", String(number), name);
    const stored = this.artifacts.pathOf(file.sha256);
    if (stored !== null) {
      const to = join(workspace.temporary, inside);
      if (workspace.here) await this.materialise(file, kind, to);
      else if (kind === "file") await workspace.put([{ from: stored, to, fixed: true }]);
      else {
        const from = join(this.scratch, inside);
        await this.materialise(file, kind, from);
        await workspace.put(await putsOf(from, to, kind, true));
      }
      return to;
    }
    const own = await this.projectFile(file, kind);
    if (workspace.path === this.project) return own;
    const to = isInside(this.project, own) ? file.path : join(workspace.temporary, inside);
    await workspace.put(await putsOf(own, to, kind));
    return resolve(workspace.path, to);
  }

  private async materialise(file: FileValue, kind: "file" | "dir", to: string): Promise<void> {
    await mkdir(dirname(to), { recursive: true });
    if (kind === "file") await this.artifacts.materialise(file, to);
    else await this.artifacts.materialiseDir(file, to);
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

async function putsOf(
  from: string,
  to: string,
  kind: "file" | "dir",
  fixed = false,
): Promise<readonly PutFile[]> {
  if (kind === "file") return [{ from, to, fixed }];
  const files: PutFile[] = [];
  for await (const { path, local } of filesBelow(from, everything))
    files.push({ from: local, to: join(to, path), fixed });
  return files;
}

/** A dir's content, as the plan counts it: all but what belongs to flowc and git. */
const everything: FileSearch = {
  roots: [""],
  enters: (path) => !/(?:^|\/)\.(?:git|flowc)$/.test(path),
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
