// The project as a place elsewhere gets it: what git does not ignore, up to a bound.

import { execFile } from "node:child_process";
import { realpath, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { promisify } from "node:util";
import { filesBelow, isInside } from "../runtime/folder.ts";
import type { FileSearch } from "../runtime/runner.ts";

export interface ProjectFile {
  /** Relative, with `/`. */
  readonly path: string;
  readonly local: string;
  readonly size: number;
  /** Changes when the file does. */
  readonly state: string;
}

const filesMax = 20_000;
const bytesMax = 200e6;
const gitBytesMax = 64e6;

/** It is the task's own fault, and no other place would do better: a sentence for people. */
export class TooMuch extends Error {}

/** `place`: what it is copied into, for people. Throws TooMuch. */
export async function projectFiles(
  project: string,
  place: "container" | "sandbox",
): Promise<readonly ProjectFile[]> {
  const files: ProjectFile[] = [];
  let bytes = 0;
  for (const path of (await gitFiles(project)) ?? (await allFiles(project))) {
    const local = join(project, path);
    const stats = await stat(local).catch(() => null);
    if (stats === null || !stats.isFile() || !isInside(project, await realpath(local))) continue;
    bytes += stats.size;
    const state = [stats.ino, stats.size, stats.mtimeMs, stats.mode].join();
    files.push({ path, local, size: stats.size, state });
    if (files.length > filesMax || bytes > bytesMax)
      throw new TooMuch(
        `The project has more than ${filesMax} files or ${bytesMax / 1e6} MB that git does not ignore: too much to copy it into each ${place}. Say which files the task needs (\`reads: ["src/**"]\`), or name what is not needed in .gitignore.`,
      );
  }
  return files;
}

/** Why the project cannot be sent, as a sentence; null: it is there. */
export async function whyTooMuch(sent: Promise<void>): Promise<string | null> {
  try {
    await sent;
    return null;
  } catch (error) {
    if (error instanceof TooMuch) return error.message;
    throw error;
  }
}

/** Null: it is no work tree of git's, or there is no git. */
async function gitFiles(project: string): Promise<readonly string[] | null> {
  const args = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
  const output = await promisify(execFile)("git", args, { cwd: project, maxBuffer: gitBytesMax }).catch(
    () => null,
  );
  const own = (path: string) => path !== "" && path !== ".flowc" && !path.startsWith(".flowc/");
  return output === null ? null : [...new Set(output.stdout.split("\0").filter(own))];
}

async function allFiles(project: string): Promise<readonly string[]> {
  const paths: string[] = [];
  for await (const { path } of filesBelow(project, everything)) paths.push(path);
  return paths;
}

const left = new Set([".git", ".flowc", "node_modules"]);
const everything: FileSearch = {
  roots: [""],
  enters: (path) => !left.has(basename(path)),
  matches: () => true,
};
