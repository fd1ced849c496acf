// Starts one process in a group of its own, its output going to files. The only place that spawns for the local runner.

import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, createWriteStream, openSync, statSync } from "node:fs";
import { Socket } from "node:net";
import { resolve } from "node:path";
import { type Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Exit, Output, OutputFilter } from "../runtime/runner.ts";
import { type Mark, markedArgv } from "./local-marks.ts";
import { Names, Programs } from "./local-programs.ts";

export interface Launch {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Absolute. */
  readonly cwd: string;
  readonly io: Output;
  /** Null: it goes without. */
  readonly mark: Mark | null;
  /** See `InstanceSpec`. */
  isOurs(): boolean;
}

export interface Launched {
  /** Of the process, and of its group; 0 as long as it is not known. */
  readonly pid: number;
  /** In which its group was made. */
  readonly session: number;
  /** The same, as soon as it is known; 0 if it has ended before that. */
  group(): Promise<number>;
  /** How the process itself ended; others of its group may live on. */
  readonly exited: Promise<Ended>;
  /**
   * Ends when its output is in the files; what a process that has left the group still holds open is let go. Null: it
   * wrote there itself.
   */
  drained(): Promise<void> | null;
}

export interface Ended {
  readonly exit: Exit;
  /** Is it known that its group has no process left? */
  readonly empty: boolean;
}

type NotStarted = Extract<Exit, { kind: "not-started" | "lost" }>;

/** How long output that was written before the end may take to come through a filter. */
const drainMs = 250;
/** No pipe holds as much. */
const pipeBytesMax = 4 * 1024 * 1024;

/** Starts a process: standard input empty, its own group, exactly this environment. */
export async function launch(order: Launch): Promise<Launched | NotStarted> {
  const [program = ""] = order.argv;
  const files: number[] = [];
  try {
    files.push(openSync(order.io.stdoutPath, "a"), openSync(order.io.stderrPath, "a"));
    if (program === "") return notStarted("other", "The command's name is empty.");
    const [out = "ignore", err = "ignore"] =
      order.io.filter === null ? files : ["pipe" as const, "pipe" as const];
    const [first = program, ...rest] = marked(order);
    const child = spawn(first, rest, {
      cwd: order.cwd,
      env: { ...order.env },
      detached: true,
      stdio: ["ignore", out, err],
    });
    const written = writtenOut(child, order.io);
    const failure = await started(child);
    if (failure !== null || child.pid === undefined) return explain(failure, program, order);
    const { pid } = child;
    const exited = exitOf(child).then((exit) => ({ exit, empty: false }));
    return { pid, session: pid, group: async () => pid, exited, drained: () => drained(child, written) };
  } catch (error) {
    return explain(error, program, order);
  } finally {
    for (const file of files) closeSync(file);
  }
}

const names = new Names();
const programs = new Programs();

/** With its mark, unless it would notice, or tells better by itself why it cannot be started. */
function marked({ argv, env, cwd, mark }: Launch): readonly string[] {
  const [program = ""] = argv;
  const path = env["PATH"];
  const there = program.includes("/") ? resolve(cwd, program) : program;
  const bare = path !== undefined && isFolder(cwd) && Object.keys(env).every((name) => names.has(name));
  return markedArgv(argv, mark, bare && programs.has(there, path));
}

/** Null when it runs; a process that could not be started has no pid, and tells why in an event. */
function started(child: ChildProcess): Promise<unknown> | null {
  if (child.pid !== undefined) return null;
  return new Promise((resolve) => child.once("error", resolve));
}

function exitOf(child: ChildProcess): Promise<Exit> {
  return new Promise((resolve) => {
    child.once("exit", (code, signal) => {
      if (code !== null) resolve({ kind: "exited", code });
      else resolve({ kind: "signalled", signal: signal ?? "SIGKILL" });
    });
  });
}

/** Sends what comes through pipes through the filters into the files. */
function writtenOut(child: ChildProcess, io: Output): Promise<unknown> {
  const filter = io.filter;
  if (filter === null || child.stdout === null || child.stderr === null) return Promise.resolve();
  return Promise.all([
    through(child.stdout, filter("stdout"), io.stdoutPath),
    through(child.stderr, filter("stderr"), io.stderrPath),
  ]);
}

async function through(from: Readable, filter: OutputFilter, path: string): Promise<void> {
  const change = new Transform({
    transform: (chunk: Uint8Array, _encoding, done) => done(null, filter.push(chunk)),
    flush: (done) => done(null, filter.end()),
  });
  try {
    await pipeline(from, change, createWriteStream(path, { flags: "a" }));
  } catch {
    // Cut off by `drained`, or the disk is full: the rest of the output is lost, the exit code is not.
  }
}

async function drained({ stdout, stderr }: ChildProcess, written: Promise<unknown>): Promise<void> {
  const over = new AbortController();
  const outputs = [stdout, stderr].filter((each) => each !== null);
  const late = Promise.all(outputs.map((each) => emptied(each, over.signal))).then(() => {
    // Ends the streams as if the writer had gone: what the filter holds back is still written.
    if (!over.signal.aborted) for (const each of outputs) each.push(null);
  });
  await Promise.race([written, late]);
  over.abort();
  await written;
  for (const each of outputs) each.destroy();
}

/**
 * Resolves when all has been read that was in the pipe when its process ended, and `drainMs` have passed. Time alone does
 * not tell: who waits long for a processor hears of the end, and that the time is over, before it has read what was said.
 */
async function emptied(from: Readable, over: AbortSignal): Promise<void> {
  const read = (): number => (from instanceof Socket ? from.bytesRead : 0);
  const before = read();
  do {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, drainMs);
      over.addEventListener("abort", () => clearTimeout(timer), { once: true });
    });
    // Node reads between its timers and this.
    await new Promise((resolve) => setImmediate(resolve));
    // What still writes by now may do so for ever.
  } while (from.readableFlowing === false && read() - before < pipeBytesMax);
}

function explain(error: unknown, program: string, { cwd, argv, env }: Launch): NotStarted {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  if (code === "EAGAIN" || code === "ENOMEM" || code === "EMFILE" || code === "ENFILE" || code === "ENOSPC")
    return { kind: "lost", message: `This machine could not start \`${program}\`: ${reasons[code]}.` };
  if (!isFolder(cwd)) return notThere(cwd);
  if (code === "ENOENT") return notStarted("ENOENT", absent(program, env["PATH"]));
  if (code === "EACCES")
    return notStarted("EACCES", `\`${program}\` may not be run. If it is yours: chmod +x ${program}`);
  if (code === "E2BIG") {
    const bytes = argv.reduce((sum, word) => sum + Buffer.byteLength(word) + 1, 0);
    return notStarted(
      "E2BIG",
      `\`${program}\` was given more than this system lets a command have (${bytes} bytes of arguments). Pass what is large as a file.`,
    );
  }
  if (code === "ENOEXEC")
    return notStarted("other", `\`${program}\` is no program that this machine can run.`);
  const message = error instanceof Error ? error.message : String(error);
  return notStarted("other", `\`${program}\` could not be started: ${message}`);
}

export function notThere(cwd: string): NotStarted {
  return notStarted("ENOENT", `The directory to start in is not there: ${cwd}`);
}

const reasons: Readonly<Record<string, string>> = {
  EAGAIN: "there are too many processes",
  ENOMEM: "there is not enough memory",
  EMFILE: "too many files are open",
  ENFILE: "too many files are open on the whole machine",
  ENOSPC: "the disk is full",
};

function absent(program: string, path: string | undefined): string {
  if (!program.includes("/"))
    return path === undefined || path === ""
      ? `\`${program}\` was not found: PATH is empty.`
      : `\`${program}\` was not found on the PATH. Is it installed?`;
  return isFile(program)
    ? `\`${program}\` is there, but the program that its first line (\`#!\`) asks for is not.`
    : `\`${program}\` does not exist.`;
}

export function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}

function notStarted(code: "ENOENT" | "EACCES" | "E2BIG" | "other", message: string): NotStarted {
  return { kind: "not-started", code, message };
}
