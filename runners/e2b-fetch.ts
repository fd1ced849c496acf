// Files on their way out of a sandbox: listed there, chosen here, and brought in one archive.

import { createWriteStream, mkdirSync, writeFileSync } from "node:fs";
import { mkdir, stat } from "node:fs/promises";
import { dirname, join, posix } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { byCodePoint } from "../compiler/glob.ts";
import { isInside } from "../runtime/folder.ts";
import type { FileSearch, FoundFile } from "../runtime/runner.ts";
import { type Box, top } from "./e2b-box.ts";
import { lacking, Trouble } from "./e2b-problems.ts";
import { noRoom, quoted, quotedAll, roomCheck } from "./e2b-script.ts";
import { unpacked } from "./tar.ts";

interface Entry {
  readonly kind: "file" | "folder" | "link" | "other";
  readonly size: number;
  readonly mode: number;
  /** Of a link: where it leads, as it is written. */
  readonly target: string;
}

/** So few are brought one by one. */
const singlyMax = 3;
const linksMax = 40;
/** Smaller files are written at once. */
const wholeBytesMax = 1e6;

/** Regular files that a search wants, sorted by path. A link counts as what it leads to, if that is in the workspace. */
export async function* fetchedFrom(
  box: Box,
  workspace: string,
  search: FileSearch,
  to: string,
): AsyncIterable<FoundFile> {
  let tree = await listed(box, workspace, search.roots);
  // What a link leads to may stand anywhere in the workspace.
  const whole = search.roots.includes("");
  if (!whole && [...tree.entries.values()].some(({ kind }) => kind === "link"))
    tree = await listed(box, workspace, [""]);
  const found = new Map<string, string>();
  for (const root of search.roots) tree.walk(root, search, found, []);
  const reals = [...new Set(found.values())];
  await mkdir(to, { recursive: true });
  await brought(box, workspace, reals, tree, to);
  for (const path of [...found.keys()].sort(byCodePoint)) {
    const local = join(to, found.get(path) ?? "");
    const stats = await stat(local).catch(() => null);
    if (stats !== null) yield { path, local, size: stats.size };
  }
}

const unlisted: Entry = { kind: "folder", size: 0, mode: 0o700, target: "" };

class Tree {
  readonly entries: ReadonlyMap<string, Entry>;
  private readonly workspace: string;
  private readonly children = new Map<string, string[]>();

  constructor(workspace: string, entries: ReadonlyMap<string, Entry>) {
    this.workspace = workspace;
    this.entries = entries;
    for (const path of entries.keys()) {
      if (path === "") continue;
      const parent = posix.dirname(path) === "." ? "" : posix.dirname(path);
      const names = this.children.get(parent) ?? [];
      names.push(posix.basename(path));
      this.children.set(parent, names);
    }
  }

  walk(folder: string, search: FileSearch, found: Map<string, string>, above: readonly string[]): void {
    const real = this.real(folder);
    // A link back to a folder that we are inside of would never end.
    if (real === null || above.includes(real) || this.entries.get(real)?.kind !== "folder") return;
    for (const name of this.children.get(real) ?? []) {
      const path = posix.join(folder, name);
      const own = this.real(path);
      const kind = own === null ? null : this.entries.get(own)?.kind;
      if (kind === "folder" && search.enters(path)) this.walk(path, search, found, [...above, real]);
      if (kind === "file" && own !== null && search.matches(path)) found.set(path, own);
    }
  }

  /** Without links; null: it is not there, or leads out. */
  private real(path: string): string | null {
    let left = path.split("/").filter((part) => part !== "");
    let at = "";
    for (let links = 0; left.length > 0; ) {
      const [part = "", ...rest] = left;
      const next = posix.join(at, part);
      const entry = this.entries.get(next);
      if (entry === undefined) return null;
      left = rest;
      if (entry.kind !== "link") {
        at = next;
        continue;
      }
      if (++links > linksMax) return null;
      const target = posix.resolve(this.workspace, at, entry.target);
      if (!isInside(this.workspace, target)) return null;
      at = "";
      left = [...posix.relative(this.workspace, target).split("/").filter(Boolean), ...rest];
    }
    return at;
  }
}

/** All that stands in some folders of a workspace. */
async function listed(box: Box, workspace: string, roots: readonly string[]): Promise<Tree> {
  const folders = quotedAll(roots.map((root) => `./${root}`));
  const said = await box.ask(
    `type -P find >/dev/null || exit 1\ncd -- ${quoted(workspace)} || exit 0\nfind ${folders} -printf '%y %s %m %p\\0%l\\0' 2>/dev/null; true`,
  );
  if (said === null) throw new Trouble("refused", lacking("find"));
  const entries = new Map<string, Entry>([["", unlisted]]);
  const fields = said.split("\0");
  for (let i = 0; i + 1 < fields.length; i += 2) {
    const [, letter = "", size = "0", mode = "", path = ""] =
      /(\S) (\d+) ([0-7]+) \.\/?(.*)$/s.exec(fields[i] ?? "") ?? [];
    const kind = letter === "f" ? "file" : letter === "d" ? "folder" : letter === "l" ? "link" : "other";
    entries.set(posix.join(path, ".").replace(/^\.$/, ""), {
      kind,
      size: Number(size),
      mode: (Number.parseInt(mode, 8) & 0o777) | 0o600,
      target: fields[i + 1] ?? "",
    });
    for (let above = posix.dirname(path); above !== "." && !entries.has(above); above = posix.dirname(above))
      entries.set(above, unlisted);
  }
  return new Tree(workspace, entries);
}

/** Copies files of a workspace into a folder here. */
async function brought(
  box: Box,
  workspace: string,
  paths: readonly string[],
  { entries }: Tree,
  to: string,
): Promise<void> {
  try {
    if (paths.length <= singlyMax) {
      for (const path of paths) {
        const { size, mode } = entries.get(path) ?? unlisted;
        const bytes = box.bytes(posix.join(workspace, path), 0, size);
        await written(join(to, path), { size, mode }, bytes);
      }
      return;
    }
    const archive = `${top}/out-${box.next()}.tar`;
    box.stale.push(archive);
    const names = quotedAll(paths.map((path) => `./${path}`));
    const said = await box.ask(`type -P tar >/dev/null || { echo without; exit; }
cd -- ${quoted(workspace)} && { printf '%s\\0' ${names} | tar -c --null -T - -f ${quoted(archive)} && stat -c %s ${quoted(archive)} || ${roomCheck}; } 2>&1; true`);
    const words = said?.trim().split("\n").at(-1) ?? "";
    if (words === "without") throw new Trouble("refused", lacking("tar"));
    if (words === noRoom) throw box.withoutRoom();
    const size = Number(words === "" ? Number.NaN : words);
    if (Number.isNaN(size)) throw new Trouble("lost", `Files could not be packed in the sandbox: ${words}`);
    for await (const entry of unpacked(box.bytes(archive, 0, size)))
      if (entry.kind === "file") await written(join(to, entry.name), entry, entry.bytes());
  } catch (error) {
    throw await box.gone(error);
  }
}

async function written(
  path: string,
  { size, mode }: { readonly size: number; readonly mode: number },
  bytes: AsyncIterable<Uint8Array>,
): Promise<void> {
  mkdirSync(dirname(path), { recursive: true });
  if (size > wholeBytesMax) return pipeline(Readable.from(bytes), createWriteStream(path, { mode }));
  const chunks: Uint8Array[] = [];
  for await (const chunk of bytes) chunks.push(chunk);
  writeFileSync(path, Buffer.concat(chunks), { mode });
}
