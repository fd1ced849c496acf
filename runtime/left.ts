// What an attempt leaves: the files that its answer names, found in its workspace and kept in the artifact store.

import { constants } from "node:fs";
import { copyFile, mkdir, realpath, rm, stat } from "node:fs/promises";
import { basename, dirname, join, posix } from "node:path";
import { globProblem } from "../compiler/glob.ts";
import type { FileValue } from "../compiler/types.ts";
import type { ArtifactRef } from "./events.ts";
import { below, isInside, NotAFile, tidied } from "./folder.ts";
import type { FoundFile, Workspace } from "./runner.ts";
import { type FileAccess, ValueError } from "./values.ts";
import { type AttemptArtifacts, searchOf } from "./workspace.ts";

/**
 * What an attempt left. Expressions ask for it at once, but looking and hashing take time: what is not known yet is
 * noted, and the expression evaluated again when it is. See {@link settled}.
 */
export class Left {
  readonly kept = new Map<string, ArtifactRef>();
  private readonly workspace: Workspace;
  private readonly scratch: string;
  private readonly artifacts: AttemptArtifacts;
  private readonly files = new Map<string, FileValue | string>();
  private readonly globs = new Map<string, readonly FileValue[]>();
  private readonly wanted = new Map<string, () => Promise<void>>();
  /** So many folders were fetched. */
  private fetched = 0;

  /** `scratch`: an absolute path of a directory on this machine that belongs to the attempt. */
  constructor(workspace: Workspace, scratch: string, artifacts: AttemptArtifacts) {
    this.workspace = workspace;
    this.scratch = scratch;
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
    const { workspace } = this;
    const found: FileValue[] = [];
    for await (const file of workspace.get(searchOf(pattern))) {
      const value = workspace.here ? await this.keep("file", file.path) : await this.store(file);
      // A file that has gone between the search and the copy was not left.
      if (typeof value !== "string") found.push(value);
    }
    this.globs.set(pattern, found);
  }

  /** A clause instead: why it cannot be taken; it may have been swapped since it was looked at. */
  private async keep(kind: "file" | "dir", path: string): Promise<FileValue | string> {
    try {
      return await (this.workspace.here ? this.take(kind, path) : this.fetch(kind, path));
    } catch (error) {
      if (error instanceof NotAFile) return error.message;
      throw error;
    }
  }

  private async take(kind: "file" | "dir", path: string): Promise<FileValue | string> {
    const top = this.workspace.path;
    const place = await below(top, path);
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
    return this.noted(place.path, stored);
  }

  /** The same where its files are not on this machine. */
  private async fetch(kind: "file" | "dir", path: string): Promise<FileValue | string> {
    const tidy = tidied(path);
    if ("problem" in tidy) return tidy.problem;
    return kind === "file" ? this.fetchFile(tidy.path) : this.fetchDir(tidy.path);
  }

  private async fetchFile(path: string): Promise<FileValue | string> {
    const folder = posix.dirname(path);
    const search = {
      roots: [folder === "." ? "" : folder],
      enters: () => false,
      matches: (found: string) => found === path,
    };
    for await (const file of this.workspace.get(search)) return this.store(file);
    return "there is no such file";
  }

  private async fetchDir(path: string): Promise<FileValue | string> {
    const folder = join(this.scratch, "left", String(++this.fetched));
    const root = path === "." ? "" : path;
    let any = false;
    for await (const file of this.workspace.get({ roots: [root], enters: () => true, matches: () => true })) {
      const to = join(folder, posix.relative(root, file.path));
      await mkdir(dirname(to), { recursive: true });
      await copyFile(file.local, to, constants.COPYFILE_FICLONE);
      any = true;
    }
    if (!any) return "there is no such folder, or nothing in it";
    const value = this.noted(path, await this.artifacts.putDir(folder, path));
    await rm(folder, { recursive: true, force: true });
    return value;
  }

  private async store({ path, local }: FoundFile): Promise<FileValue> {
    return this.noted(path, await this.artifacts.putFile(local, path));
  }

  private noted(
    path: string,
    { sha256, size }: { readonly sha256: string; readonly size: number },
  ): FileValue {
    const name = basename(path === "." ? this.workspace.path : path);
    this.kept.set(`${path}\0${sha256}`, { name, path, size, sha256 });
    return { path, name, size, sha256 };
  }

  /** The attempt's own folder has no links on its way, and must have none now; the project stands where it stands. */
  private async bounds(): Promise<string> {
    const { path, temporary } = this.workspace;
    return isInside(dirname(temporary), path) ? path : realpath(path);
  }
}
