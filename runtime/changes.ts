// What an attempt changed in the project: files looked at before and after, without what others may have changed meanwhile.

import { execFile } from "node:child_process";
import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { byCodePoint, globMatcher } from "../compiler/glob.ts";

const run = promisify(execFile);

/** Folders of tools; where git is, it says besides what is no part of the project. */
const ownFolders: ReadonlySet<string> = new Set([".git", ".flowc", "node_modules"]);

/** A project with more files is not looked at: it would take longer than most attempts. */
const filesMax = 200_000;
const gitBytesMax = 64 * 1024 * 1024;
/** Looks at so many files at once. */
const together = 64;

/** Size, time, inode and mode of each file, by path. */
type Snapshot = ReadonlyMap<string, string>;

interface Attempt {
  /** Globs of what it may change; null: it promises nothing. */
  readonly writes: readonly string[] | null;
  /** Of all that ran in the project while it did. */
  readonly beside: Set<Attempt>;
}

/** An attempt that changed more than it may. */
interface Strayed {
  readonly outcome: "failed";
  readonly why: "writes";
  readonly message: string;
}

/** The attempts that work in one project, whatever run of this process they are of. */
export class Changes {
  private readonly project: string;
  private readonly open = new Set<Attempt>();
  /** Those of them that may be looked at. */
  private readonly promising = new Set<Attempt>();

  constructor(project: string) {
    this.project = project;
  }

  /**
   * What `work` reports, unless it succeeded and the project's files changed outside of its `writes`. What another
   * attempt that ran meanwhile may write is left out; if one of them promises nothing, nothing is blamed on anybody.
   * With `reads` it works elsewhere; without `writes` it only counts for the others.
   */
  async during<T extends { readonly outcome: string }>(
    {
      reads,
      writes,
    }: { readonly reads: readonly string[] | null; readonly writes: readonly string[] | null },
    work: () => Promise<T>,
  ): Promise<T | Strayed> {
    if (reads !== null) return work();
    // Who promises nothing looks at nobody.
    const attempt: Attempt = { writes, beside: new Set(writes === null ? [] : this.open) };
    for (const other of this.promising) other.beside.add(attempt);
    this.open.add(attempt);
    try {
      if (writes === null) return await work();
      this.promising.add(attempt);
      const before = await this.snapshot();
      const report = await work();
      if (report.outcome !== "succeeded" || before === null || unknown(attempt)) return report;
      const after = await this.snapshot();
      const paths = after === null || unknown(attempt) ? [] : changed(before, after, attempt);
      if (paths.length === 0) return report;
      return { outcome: "failed", why: "writes", message: strayed(paths, writes) };
    } finally {
      this.open.delete(attempt);
      this.promising.delete(attempt);
    }
  }

  /** Null if there is too much to look at. */
  private async snapshot(): Promise<Snapshot | null> {
    const paths = (await this.gitFiles()) ?? (await filesBelow(this.project));
    if (paths.length > filesMax) return null;
    const found = new Map<string, string>();
    for (let at = 0; at < paths.length; at += together)
      await Promise.all(
        paths.slice(at, at + together).map(async (path) => {
          const stats = await lstat(join(this.project, path), { bigint: true }).catch(() => null);
          if (stats === null || stats.isDirectory()) return;
          found.set(path, [stats.ino, stats.size, stats.mtimeNs, stats.mode].join());
        }),
      );
    return found;
  }

  /** All files that git knows or would add; null without git. */
  private async gitFiles(): Promise<readonly string[] | null> {
    const args = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
    const options = { cwd: this.project, maxBuffer: gitBytesMax, encoding: "utf8" as const };
    const output = await run("git", args, options).catch(() => null);
    return output === null
      ? null
      : output.stdout.split("\0").filter((path) => path !== "" && isProject(path));
  }
}

/** Paths that are named one by one in a message. */
const strayMax = 5;

/** What to say of an attempt that changed more than it may. */
function strayed(paths: readonly string[], writes: readonly string[]): string {
  const shown = paths.slice(0, strayMax).map((path) => `\`${path}\``);
  const more = paths.length > strayMax ? ` and ${paths.length - strayMax} more` : "";
  const globs = writes.length === 0 ? "nothing" : writes.map((glob) => `\`${glob}\``).join(", ");
  // Nobody can tell the task's own changes from those of a person at the keyboard.
  return `While it ran, ${shown.join(", ")}${more} changed in the project; by its \`writes\` it may change ${globs}.`;
}

function isProject(path: string): boolean {
  return !path.split("/").some((part) => ownFolders.has(part));
}

function unknown({ beside }: Attempt): boolean {
  return [...beside].some(({ writes }) => writes === null);
}

function changed(before: Snapshot, after: Snapshot, { writes, beside }: Attempt): readonly string[] {
  const globs = new Set([...(writes ?? []), ...[...beside].flatMap((other) => other.writes ?? [])]);
  const matchers = [...globs].map(globMatcher);
  const paths = new Set<string>();
  for (const [path, look] of after) if (before.get(path) !== look) paths.add(path);
  for (const path of before.keys()) if (!after.has(path)) paths.add(path);
  return [...paths].filter((path) => !matchers.some((matches) => matches(path))).sort(byCodePoint);
}

async function filesBelow(project: string): Promise<readonly string[]> {
  const found: string[] = [];
  const open = [""];
  for (let folder = open.pop(); folder !== undefined && found.length <= filesMax; folder = open.pop()) {
    const entries = await readdir(join(project, folder), { withFileTypes: true }).catch(() => []);
    for (const entry of entries) {
      const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
      if (!entry.isDirectory()) found.push(path);
      else if (!ownFolders.has(entry.name)) open.push(path);
    }
  }
  return found;
}
