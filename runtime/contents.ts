// Contents of the project's files at a moment, for fingerprints: what `reads` names, and the code of a module.

import { createHash } from "node:crypto";
import { type BigIntStats, constants } from "node:fs";
import { open, stat } from "node:fs/promises";
import { dirname, join, relative, sep } from "node:path";
import { byCodePoint, globProblem } from "../compiler/glob.ts";
import { sha256 } from "../compiler/seen.ts";
import { filesBelow, isInside } from "./folder.ts";
import { searchOf } from "./workspace.ts";

/** Files with the hashes of their contents, a line of JSON each, sorted; `hash` is that of the text. */
export interface Listing {
  readonly hash: string;
  readonly text: string;
}

/** Times of a file system tick slowly: a file that was changed so short ago may change again and show the same time. */
const settledNs = 2_000_000_000n;
const pieceBytes = 1 << 18;
const sideBySide = 8;

interface Known {
  readonly ino: bigint;
  readonly size: bigint;
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
  readonly sha256: string;
}

/**
 * Looks at the project at `root`, an absolute path. That a file is what it was a moment ago is seen by its number, size
 * and times, of which no program can set the last; that it is what another run saw, by its content alone.
 */
export class Contents {
  private readonly root: string;
  private readonly known = new Map<string, Known>();
  private looks = new Map<string, Promise<Listing | null>>();

  constructor(root: string) {
    this.root = root;
  }

  /** What is asked twice before this is called again is looked at once. */
  newMoment(): void {
    if (this.looks.size > 0) this.looks = new Map();
  }

  /** Files that the globs match, with their contents; null if one of the globs matches nothing, or something cannot be read. */
  reads(patterns: readonly string[]): Promise<Listing | null> {
    return this.once(JSON.stringify(patterns), () => this.lookAtReads(patterns));
  }

  /**
   * A module, all modules of the project that it loads by a path written out, and, if it loads packages, what says which
   * versions those have. `path` is relative to the root.
   */
  module(path: string): Promise<Listing | null> {
    return this.once(`module ${path}`, () => this.lookAtModule(path));
  }

  private once(key: string, look: () => Promise<Listing | null>): Promise<Listing | null> {
    let answer = this.looks.get(key);
    if (answer === undefined) {
      answer = look().catch(() => null);
      this.looks.set(key, answer);
    }
    return answer;
  }

  private async lookAtReads(patterns: readonly string[]): Promise<Listing | null> {
    const paths = new Map<string, string>();
    for (const pattern of patterns) {
      if (globProblem(pattern) !== null) return null;
      let any = false;
      for await (const { path, local } of filesBelow(this.root, searchOf(pattern))) {
        paths.set(path, local);
        any = true;
      }
      if (!any) return null;
    }
    return this.listed(paths);
  }

  private async lookAtModule(path: string): Promise<Listing | null> {
    const paths = new Map<string, string>();
    const open = [join(this.root, path)];
    let packages = false;
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      const shown = relative(this.root, next).split(sep).join("/");
      if (paths.has(shown)) continue;
      paths.set(shown, next);
      if (!/\.[cm]?[jt]sx?$/.test(next)) continue;
      for (const name of loadedBy((await this.bytes(next)).toString("utf8"))) {
        if (!/^\.{0,2}\//.test(name)) packages ||= !name.startsWith("node:");
        else {
          const found = await moduleAt(join(dirname(next), name));
          if (found !== null) open.push(found);
        }
      }
    }
    if (packages)
      for (let folder = dirname(join(this.root, path)); isInside(this.root, folder); folder = dirname(folder))
        for (const name of packageFiles) {
          const file = join(folder, name);
          if (await isFile(file)) paths.set(relative(this.root, file).split(sep).join("/"), file);
        }
    return this.listed(paths);
  }

  private async listed(paths: ReadonlyMap<string, string>): Promise<Listing> {
    const names = [...paths].sort(([a], [b]) => byCodePoint(a, b));
    const lines: string[] = new Array<string>(names.length).fill("");
    let next = 0;
    const work = async (): Promise<void> => {
      for (let i = next++; i < names.length; i = next++) {
        const [shown = "", path = ""] = names[i] ?? [];
        lines[i] = `${JSON.stringify([shown, await this.contentOf(path)])}\n`;
      }
    };
    await Promise.all(Array.from({ length: Math.min(sideBySide, names.length) }, work));
    const text = lines.join("");
    return { hash: sha256(text), text };
  }

  /** The hash of a file's content, and whether it may be executed, as a word. */
  private async contentOf(path: string): Promise<string> {
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const stats = await file.stat({ bigint: true });
      const executable = (stats.mode & 0o111n) === 0n ? "" : "x";
      const known = this.known.get(path);
      if (known !== undefined && isSame(known, stats)) return known.sha256 + executable;
      const hash = createHash("sha256");
      const piece = Buffer.allocUnsafe(Math.max(1, Math.min(pieceBytes, Number(stats.size) + 1)));
      for (let at = 0; ; ) {
        const { bytesRead } = await file.read(piece, 0, piece.length, at);
        if (bytesRead === 0) break;
        hash.update(piece.subarray(0, bytesRead));
        at += bytesRead;
      }
      const { ino, size, mtimeNs, ctimeNs } = stats;
      const sha256 = hash.digest("hex");
      const now = BigInt(Date.now()) * 1_000_000n;
      const after = await file.stat({ bigint: true });
      if (now - ctimeNs > settledNs && isSame({ ino, size, mtimeNs, ctimeNs, sha256 }, after))
        this.known.set(path, { ino, size, mtimeNs, ctimeNs, sha256 });
      return sha256 + executable;
    } finally {
      await file.close();
    }
  }

  private async bytes(path: string): Promise<Buffer> {
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      return await file.readFile();
    } finally {
      await file.close();
    }
  }
}

/** The paths of a listing with what is said of each. */
export function listed(text: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const line of text.split("\n")) {
    if (line === "") continue;
    const entry: unknown = JSON.parse(line);
    if (Array.isArray(entry)) found.set(String(entry[0]), String(entry[1]));
  }
  return found;
}

function isSame(known: Known, stats: BigIntStats | Known): boolean {
  return (
    known.ino === stats.ino &&
    known.size === stats.size &&
    known.mtimeNs === stats.mtimeNs &&
    known.ctimeNs === stats.ctimeNs
  );
}

/** They say which packages there are, in which versions. */
const packageFiles = [
  "package.json",
  "package-lock.json",
  "npm-shrinkwrap.json",
  "pnpm-lock.yaml",
  "yarn.lock",
  "bun.lock",
];

/** What a module loads by a name written out. A comment that looks so costs no more than another hash. */
function loadedBy(text: string): readonly string[] {
  const names: string[] = [];
  const loads = /\b(?:from|import|require|new\s+URL)\s*\(?\s*(?:"([^"\n]+)"|'([^'\n]+)')/g;
  for (const [, double, single] of text.matchAll(loads)) names.push(double ?? single ?? "");
  return names;
}

const endings = ["", ".ts", ".mts", ".cts", ".tsx", ".js", ".mjs", ".cjs", ".json", "/index.ts", "/index.js"];

async function moduleAt(path: string): Promise<string | null> {
  const bare = path.replace(/\.([cm]?)jsx?$/, ".$1ts");
  for (const ending of endings) if (await isFile(path + ending)) return path + ending;
  return (await isFile(bare)) ? bare : null;
}

async function isFile(path: string): Promise<boolean> {
  const stats = await stat(path).catch(() => null);
  return stats?.isFile() === true;
}
