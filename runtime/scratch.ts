// Folders that attempts need: those for logs, and temporary ones, of which one left empty serves the next attempt.

import { lstatSync, mkdirSync, readdirSync, unlinkSync, utimesSync } from "node:fs";
import { rm } from "node:fs/promises";
import { dirname, join } from "node:path";

/** Kept for attempts to come; the rest of those that are given back at once is removed. */
const keptMax = 256;

/** What is given back is looked at so much later, when commands run and there is less to do. */
const lookMs = 1;

/** What was looked at just now need not be looked at again: to look takes longer than to start a command. */
const freshMs = 5;

/**
 * The directories of one run, below its folder. Each holds `tmp`, the attempt's own; making and removing two
 * directories costs more than a small command itself, so one that was left as it was found is used again.
 */
export class Scratch {
  private readonly folder: string;
  private readonly kept: { readonly path: string; readonly at: number }[] = [];
  private readonly looks = new Map<string, Look>();
  /** Given back and not yet looked at. */
  private readonly returned: string[] = [];
  private looking = false;
  private readonly removals = new Set<Promise<void>>();
  private made = 0;

  /** `folder` is absolute, and no other process makes directories in it. */
  constructor(folder: string) {
    this.folder = folder;
  }

  /** An absolute path of a directory that holds an empty `tmp` and nothing else. */
  async take(): Promise<string> {
    for (let last = this.kept.pop(); last !== undefined; last = this.kept.pop()) {
      // A process that has outlived its attempt may have written meanwhile.
      if (performance.now() - last.at < freshMs || this.isEmpty(last.path)) return last.path;
      this.remove(last.path);
    }
    this.lookAtReturned();
    const found = this.kept.pop();
    if (found !== undefined) return found.path;
    const path = join(this.folder, String(++this.made));
    await makeFresh(path);
    mkdirSync(join(path, "tmp"));
    this.looks.set(path, lookAt(path));
    return path;
  }

  /**
   * Nobody waits for the look, nor for a removal: a busy disk takes milliseconds for each, in which the next command can run.
   * What cannot be removed stays, and harms nobody.
   */
  giveBack(path: string): void {
    this.returned.push(path);
    if (!this.looking) setTimeout(() => this.lookAtReturned(), lookMs);
    this.looking = true;
  }

  private lookAtReturned(): void {
    this.looking = false;
    for (const path of this.returned.splice(0)) {
      if (this.kept.length < keptMax && this.isEmpty(path)) this.kept.push({ path, at: performance.now() });
      else this.remove(path);
    }
  }

  /** Ends when all of them are gone. */
  async close(): Promise<void> {
    for (const path of this.returned.splice(0)) this.remove(path);
    for (const { path } of this.kept.splice(0)) this.remove(path);
    await Promise.all(this.removals);
  }

  /** Nothing was made or removed in a directory whose times are what they were: most attempts leave nothing. */
  private isEmpty(path: string): boolean {
    const look = this.looks.get(path);
    if (look !== undefined && isAsSeen(path, look)) return true;
    if (!isEmptied(path)) return false;
    this.looks.set(path, lookAt(path));
    return true;
  }

  private remove(path: string): void {
    this.looks.delete(path);
    const removal = rm(path, { recursive: true, force: true })
      .catch(() => {})
      .finally(() => this.removals.delete(removal));
    this.removals.add(removal);
  }
}

/** Folders that were made, each asked of the disk once. */
export class Folders {
  private readonly made = new Set<string>();

  /** Makes one with all above it. */
  make(path: string): void {
    if (this.made.has(path)) return;
    mkdirSync(path, { recursive: true });
    this.made.add(path);
  }
}

/** When each of an empty attempt's two directories was changed last, in ms. */
type Look = readonly [Times, Times];
interface Times {
  readonly mtimeMs: number;
  readonly ctimeMs: number;
}

const none: Times = { mtimeMs: Number.NaN, ctimeMs: Number.NaN };

/**
 * The clock of a file system ticks slowly: a change right after this look could leave the time as it is. So the time is set
 * to one long ago, and any change sets it to another.
 */
function lookAt(path: string): Look {
  const inside = `${path}/tmp`;
  const old = 1e6 + Math.floor(Math.random() * 1e8);
  utimesSync(inside, old, old);
  utimesSync(path, old, old);
  return [timesOf(path), timesOf(inside)];
}

function isAsSeen(path: string, [own, inside]: Look): boolean {
  return same(timesOf(path), own) && same(timesOf(`${path}/tmp`), inside);
}

function timesOf(path: string): Times {
  return lstatSync(path, { throwIfNoEntry: false }) ?? none;
}

function same(a: Times, b: Times): boolean {
  return a.mtimeMs === b.mtimeMs && a.ctimeMs === b.ctimeMs;
}

/** Takes the answer away that most attempts leave that leave anything, then looks. */
function isEmptied(path: string): boolean {
  try {
    const [only, ...more] = readdirSync(path);
    // What it was replaced by may lead anywhere.
    if (only !== "tmp" || more.length > 0 || !lstatSync(join(path, "tmp")).isDirectory()) return false;
    const inside = readdirSync(join(path, "tmp"));
    if (inside.length === 1 && inside[0] === "out") unlinkSync(join(path, "tmp", "out"));
    else if (inside.length > 0) return false;
    return true;
  } catch {
    return false;
  }
}

/** One left by an owner that died in an attempt of the same number would not be fresh. */
async function makeFresh(path: string): Promise<void> {
  try {
    mkdirSync(path);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : null;
    if (code === "EEXIST") await rm(path, { recursive: true, force: true });
    else if (code === "ENOENT") mkdirSync(dirname(path), { recursive: true });
    else throw error;
    mkdirSync(path);
  }
}
