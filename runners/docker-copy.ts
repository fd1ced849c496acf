// A workspace whose files are in the container alone: brought there and fetched from there through the engine.

import { createWriteStream, mkdirSync, writeFileSync } from "node:fs";
import { mkdir, rm, symlink } from "node:fs/promises";
import { dirname, join, posix } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { filesBelow, isInside } from "../runtime/folder.ts";
import type {
  FileSearch,
  FoundFile,
  InstanceSpec,
  PutFile,
  Workspace,
  WorkspaceSpec,
} from "../runtime/runner.ts";
import { copiedMode, targetsOf } from "./copied-files.ts";
import type { Container } from "./docker-container.ts";
import { projectFiles, whyTooMuch } from "./project-files.ts";
import { notStarted } from "./shell-ends.ts";
import { type Packed, packed, unpacked } from "./tar.ts";

/** Where everything of ours is in such a container: a volume, which stays writable when the image's tree is not. */
export const volume = "/flowc";

/** What is known to be in the container. */
export class Copies {
  readonly container: Container;
  private readonly tell: ((progress: string) => void) | undefined;
  private readonly folders = new Set<string>();
  private readonly sent = new Map<string, string>();
  private sending: Promise<void> = Promise.resolve();

  constructor(container: Container, tell: ((progress: string) => void) | undefined) {
    this.container = container;
    this.tell = tell;
  }

  /** The project as it is now: what has not changed since it was sent is not sent again. */
  async project(project: string, to: string): Promise<void> {
    const files: PutFile[] = [];
    const seen: [string, string][] = [];
    let bytes = 0;
    for (const { path, local, size, state } of await projectFiles(project, "container")) {
      if (this.sent.get(path) === state) continue;
      seen.push([path, state]);
      files.push({ from: local, to: posix.join(to, path) });
      bytes += size;
    }
    const { ref } = this.container.spec;
    if (bytes > quietBytesMax)
      this.tell?.(`flowc sends ${Math.round(bytes / 1e6)} MB to the container ${ref} …`);
    await this.put(files, [to]);
    for (const [path, state] of seen) this.sent.set(path, state);
  }

  /** Absolute paths in the container. One after the other: an archive that makes a folder is there before the next. */
  put(files: readonly PutFile[], folders: readonly string[] = []): Promise<void> {
    const done = this.sending.then(() => this.send(files, folders));
    this.sending = done.catch(() => {});
    return done;
  }

  /** They are to be made anew when they are wanted again. */
  forget(folder: string): void {
    for (const known of this.folders) if (isInside(folder, known)) this.folders.delete(known);
  }

  private async send(files: readonly PutFile[], folders: readonly string[]): Promise<void> {
    const entries: Packed[] = [];
    const folder = (path: string): void => {
      if (path === volume || path === "/" || this.folders.has(path)) return;
      folder(posix.dirname(path));
      this.folders.add(path);
      entries.push({ name: posix.relative(volume, path), from: null, mode: () => 0o755 });
    };
    for (const path of folders) folder(path);
    for (const file of files) {
      folder(posix.dirname(file.to));
      const name = posix.relative(volume, file.to);
      entries.push({ name, from: file.from, mode: (own) => copiedMode(file, own) });
    }
    if (entries.length === 0) return;
    await this.container.bring(packed(entries, this.container.user), volume);
  }
}

/** More than this is told. */
const quietBytesMax = 20e6;

/** For a container that does not share this machine's files. */
export async function copiedWorkspace(
  copies: Copies,
  { project }: InstanceSpec,
  { kind, scratch, tag }: WorkspaceSpec,
): Promise<Workspace> {
  const { container } = copies;
  const own = posix.join(volume, `${tag.node}-${tag.attempt}`);
  const temporary = posix.join(own, "tmp");
  const path = kind === "project" ? posix.join(volume, "project") : posix.join(own, "work");
  const refused = kind === "project" ? await whyTooMuch(copies.project(project, path)) : null;
  await copies.put([], [temporary, path]);
  let fetched = 0;
  return {
    ref: container.spec.ref,
    path,
    temporary,
    here: false,
    reaches: container.spec.reaches,
    inherits: false,
    exec: async (command, io, stop) =>
      refused === null
        ? await container.run(command, posix.join(path, command.cwd), io, stop)
        : notStarted("other", refused),
    put: async (files) => {
      await copies.put(targetsOf(files, path, temporary));
    },
    watch: async (folder) => {
      await copies.put([], [folder]);
      // Nobody tells; who waits looks by itself.
      return () => {};
    },
    read: (file, bytesMax) => readFrom(container, file, bytesMax, [path, temporary]),
    get: (search) => fetchedFrom(container, path, search, join(scratch, `fetched-${++fetched}`)),
    close: async () => {
      copies.forget(own);
      await container.quietly(["rm", "-rf", own]);
    },
  };
}

const linksMax = 8;

async function readFrom(
  container: Container,
  path: string,
  bytesMax: number,
  within: readonly string[],
): Promise<{ readonly bytes: Uint8Array; readonly truncated: boolean } | null> {
  let at = path;
  for (let links = 0; links <= linksMax; links++) {
    if (!within.some((folder) => isInside(folder, at)))
      throw new Error(`\`${path}\` is a link that leads out of its place`);
    const archive = await container.fetch(at);
    if (archive === null) return null;
    for await (const entry of unpacked(archive)) {
      if (entry.kind === "file") return await firstBytes(entry.bytes(), bytesMax);
      if (entry.kind !== "link") throw new Error("it is not a regular file");
      at = posix.resolve(posix.dirname(at), entry.target);
      break;
    }
  }
  throw new Error(`\`${path}\` is a link that leads in a circle`);
}

async function firstBytes(
  from: AsyncIterable<Buffer>,
  bytesMax: number,
): Promise<{ readonly bytes: Uint8Array; readonly truncated: boolean }> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of from) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > bytesMax) break;
  }
  return { bytes: Buffer.concat(chunks).subarray(0, bytesMax), truncated: length > bytesMax };
}

/** Brings what may be wanted to this machine, and looks for it there. */
async function* fetchedFrom(
  container: Container,
  workspace: string,
  search: FileSearch,
  to: string,
): AsyncIterable<FoundFile> {
  await mkdir(to, { recursive: true });
  const links = await mirror(container, workspace, search.roots, to, search.matches);
  // What a link leads to may be wanted under the link's name: then all of it is needed here.
  if (links > 0) {
    await rm(to, { recursive: true });
    await mkdir(to, { recursive: true });
    await mirror(container, workspace, [""], to, () => true);
  }
  yield* filesBelow(to, search);
}

/** A stream to the disk costs more than a file of so many bytes. */
const smallMax = 1 << 18;

/** Copies files that are wanted, folders, and links. Answers how many links that do not lead out there are. */
async function mirror(
  container: Container,
  workspace: string,
  roots: readonly string[],
  to: string,
  wanted: (path: string) => boolean,
): Promise<number> {
  const links: { readonly path: string; readonly target: string }[] = [];
  for (const root of roots) {
    const archive = await container.fetch(posix.join(workspace, root));
    if (archive === null) continue;
    const top = posix.basename(posix.join(workspace, root));
    for await (const entry of unpacked(archive)) {
      const path = posix.join(root, posix.relative(top, entry.name));
      if (path.startsWith("../") || posix.isAbsolute(path)) continue;
      const local = join(to, path);
      if (entry.kind === "folder") mkdirSync(local, { recursive: true });
      else if (entry.kind === "file" && wanted(path)) {
        mkdirSync(dirname(local), { recursive: true });
        const { mode } = entry;
        if (entry.size > smallMax)
          await pipeline(Readable.from(entry.bytes()), createWriteStream(local, { mode }));
        else writeFileSync(local, (await firstBytes(entry.bytes(), smallMax)).bytes, { mode });
      } else if (entry.kind === "link") {
        const target = posix.resolve(workspace, posix.dirname(path), entry.target);
        if (isInside(workspace, target)) links.push({ path, target: posix.relative(workspace, target) });
      }
    }
  }
  // After all files: none is written through one.
  for (const { path, target } of links) {
    mkdirSync(dirname(join(to, path)), { recursive: true });
    await symlink(join(to, target), join(to, path)).catch(() => {});
  }
  return links.length;
}
