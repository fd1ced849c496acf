// A workspace in a sandbox: what is brought there once, put there, read there and fetched from there.

import { join, posix } from "node:path";
import { outside } from "../runtime/folder.ts";
import type { InstanceSpec, PutFile, Workspace, WorkspaceSpec } from "../runtime/runner.ts";
import { copiedMode, targetsOf } from "./copied-files.ts";
import { type Box, top } from "./e2b-box.ts";
import { fetchedFrom } from "./e2b-fetch.ts";
import { quoted } from "./e2b-script.ts";
import { extracted, type Sent } from "./e2b-upload.ts";
import { projectFiles, whyTooMuch } from "./project-files.ts";
import { notStarted } from "./shell-ends.ts";

/** What is known to be in a sandbox. */
export class Copies {
  readonly box: Box;
  private readonly tell: ((progress: string) => void) | undefined;
  /** What the project's files were when they were sent. */
  private readonly sent = new Map<string, string>();
  private sending: Promise<void> = Promise.resolve();

  constructor(box: Box, tell: ((progress: string) => void) | undefined) {
    this.box = box;
    this.tell = tell;
  }

  /** The project as it is now: what has not changed since it was sent is not sent again. */
  async project(project: string, to: string): Promise<void> {
    const files: PutFile[] = [];
    const seen: [string, string][] = [];
    for (const { path, local, state } of await projectFiles(project, "sandbox")) {
      if (this.sent.get(path) === state) continue;
      seen.push([path, state]);
      files.push({ from: local, to: posix.join(to, path) });
    }
    await this.put(files);
    for (const [path, state] of seen) this.sent.set(path, state);
  }

  /** Absolute paths in the sandbox. */
  put(files: readonly PutFile[]): Promise<void> {
    if (files.length === 0) return Promise.resolve();
    const entries: Sent[] = files.map((file) => ({
      name: file.to.slice(1),
      from: file.from,
      mode: (own) => copiedMode(file, own),
    }));
    const done = this.sending.then(() => extracted(this.box, entries, this.tell));
    this.sending = done.catch(() => {});
    return done;
  }
}

export async function copiedWorkspace(
  copies: Copies,
  { project }: InstanceSpec,
  { kind, scratch, tag }: WorkspaceSpec,
): Promise<Workspace> {
  const { box } = copies;
  const own = posix.join(top, `${tag.node}-${tag.attempt}-${box.next()}`);
  const temporary = posix.join(own, "tmp");
  const path = kind === "project" ? posix.join(top, "project") : posix.join(own, "work");
  const refused = kind === "project" ? await whyTooMuch(copies.project(project, path)) : null;
  let fetched = 0;
  return {
    ref: box.ref,
    path,
    temporary,
    here: false,
    inherits: false,
    exec: async (command, io, stop) =>
      refused === null
        ? await box.run(command, posix.join(path, command.cwd), [path, temporary], io, stop)
        : notStarted("other", refused),
    put: async (files) => {
      await copies.put(targetsOf(files, path, temporary));
    },
    watch: (folder, changed) => watched(box, folder, changed),
    read: (file, bytesMax) => readFrom(box, file, bytesMax, [path, temporary]),
    get: (search) => fetchedFrom(box, path, search, join(scratch, `fetched-${++fetched}`)),
    close: async () => {
      box.stale.push(own);
    },
  };
}

/** Who waits for a change looks by itself, too: a watch that breaks is no loss. */
async function watched(box: Box, folder: string, changed: () => void): Promise<() => void> {
  await box.ask(`mkdir -p -- ${quoted(folder)}`);
  try {
    const options = { ...box.user, timeoutMs: 0, onExit: () => {} };
    const handle = await box.spec.sandbox.files.watchDir(folder, changed, options);
    return () => void handle.stop().catch(() => {});
  } catch {
    return () => {};
  }
}

/** So much comes with the answer itself; a larger file is fetched. */
const inlineBytesMax = 128 * 1024;

async function readFrom(
  box: Box,
  path: string,
  bytesMax: number,
  within: readonly string[],
): Promise<{ readonly bytes: Uint8Array; readonly truncated: boolean } | null> {
  const wanted = bytesMax + 1;
  const inside = within.map((folder) => `${quoted(folder)}/*`).join("|");
  const answer = await box.ask(`p=${quoted(path)}
[ -e "$p" ] || { echo absent; exit; }
case $(realpath -- "$p") in ${inside}) ;; *) echo outside; exit;; esac
[ -f "$p" ] || { echo irregular; exit; }
[ -r "$p" ] || { echo unreadable; exit; }
n=$(stat -L -c %s -- "$p"); [ "$n" -le ${wanted} ] || n=${wanted}
if [ "$n" -gt ${inlineBytesMax} ]; then echo "at $n"; else printf 'is '; head -c "$n" -- "$p" | base64 -w0; echo; fi`);
  const [what, text = ""] = (answer ?? "").trim().split("\n").at(-1)?.split(" ") ?? [];
  if (what === "absent") return null;
  if (what === "outside") throw new Error(`\`${path}\` ${outside}`);
  if (what === "irregular") throw new Error("it is not a regular file");
  if (what !== "is" && what !== "at") throw new Error(`\`${path}\` could not be read in the sandbox`);
  const bytes = what === "is" ? Buffer.from(text, "base64") : await whole(box, path, Number(text));
  return { bytes: bytes.subarray(0, bytesMax), truncated: bytes.length > bytesMax };
}

async function whole(box: Box, path: string, size: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  try {
    for await (const chunk of box.bytes(path, 0, size)) chunks.push(chunk);
  } catch (error) {
    throw await box.gone(error);
  }
  return Buffer.concat(chunks);
}
