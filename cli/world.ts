// The world as a command sees it: streams, environment, clock, the place where the user stands. Made here alone.

import { availableParallelism, totalmem } from "node:os";
import { isAbsolute } from "node:path";
import { isatty } from "node:tty";
import { wantsColor } from "./render/color.ts";

/** Where text goes. Writing to a reader that has gone away does nothing. */
export interface Channel {
  write(text: string): void;
  readonly terminal: boolean;
  readonly color: boolean;
  /** Columns of the terminal; null if it is none. Looked up anew: windows are resized. */
  columns(): number | null;
  /** Its rows, in the same way. */
  rows(): number | null;
  /** Ends when all that was written is with the reader, or the reader gone. */
  drained(): Promise<void>;
  /** True once the reader has gone away. */
  closed(): boolean;
  /** Why not all that was written has arrived (a full disk), as the system says it; null if it has. */
  failure(): string | null;
}

export interface World {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Data. */
  readonly out: Channel;
  /** Messages. */
  readonly err: Channel;
  readonly version: string;
  /** The file that Node was started with, for commands that call flowc again. */
  readonly program: string;
  /** Where local tasks run: its cores, and its memory in bytes. */
  readonly machine: { readonly cpus: number; readonly memory: number };
  /** Wall time in ms. */
  now(): number;
  /** All of stdin as text; of a terminal, until Ctrl-D. */
  input(): Promise<string>;
  /** Calls back at each signal; the answer takes it away again. */
  onSignal(name: "SIGINT" | "SIGTERM" | "SIGHUP" | "SIGCONT", then: () => void): () => void;
  /** Calls back every so many ms; the answer ends it. */
  every(ms: number, then: () => void): () => void;
  /** Ends the process at once. */
  exit(code: number): never;
}

const readerLeft: ReadonlySet<string> = new Set(["EPIPE", "EIO", "ERR_STREAM_DESTROYED"]);

/** Streams are made at their first use: each takes a millisecond. */
function channel(open: () => NodeJS.WriteStream, descriptor: number): Channel {
  let gone = false;
  let failure: string | null = null;
  let stream: NodeJS.WriteStream | null = null;
  const terminal = isatty(descriptor);
  const opened = (): NodeJS.WriteStream => {
    if (stream !== null) return stream;
    stream = open();
    stream.on("error", (error: NodeJS.ErrnoException) => {
      // `flowc logs | head` has read enough; a run goes on without an audience.
      gone = true;
      if (!readerLeft.has(error.code ?? "")) failure = error.message;
    });
    return stream;
  };
  return {
    terminal,
    color: wantsColor(process.env, terminal),
    columns: () => (terminal ? opened().columns || 80 : null),
    rows: () => (terminal ? opened().rows || 24 : null),
    closed: () => gone,
    failure: () => failure,
    write: (text) => {
      if (!gone && text !== "") opened().write(text);
    },
    drained: async () => {
      if (stream === null || gone) return;
      // What a file refused is told in the next round.
      if (stream.writableLength === 0) return void (await new Promise((resolve) => setImmediate(resolve)));
      await new Promise<void>((resolve) => {
        stream?.once("error", () => resolve());
        stream?.write("", () => resolve());
      });
    },
  };
}

async function readStdin(): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of process.stdin) pieces.push(Buffer.from(piece));
  return new TextDecoder("utf-8", { fatal: true }).decode(Buffer.concat(pieces));
}

/** The folder where the user stands may have been removed: what needs it says so of each path. */
function here(): string {
  try {
    return process.cwd();
  } catch {
    const said = process.env["PWD"] ?? "";
    return isAbsolute(said) ? said : "/";
  }
}

/** In a container, what that may use. */
function memoryOfMachine(): number {
  const bound = process.constrainedMemory();
  return bound > 0 ? Math.min(bound, totalmem()) : totalmem();
}

/** The real world. */
export function realWorld(version: string): World {
  let read: Promise<string> | null = null;
  return {
    cwd: here(),
    env: process.env,
    program: process.argv[1] ?? "",
    out: channel(() => process.stdout, 1),
    err: channel(() => process.stderr, 2),
    version,
    get machine() {
      return { cpus: availableParallelism(), memory: memoryOfMachine() };
    },
    now: () => Date.now(),
    // Asked for twice it is the same: what was read is gone.
    input: () => {
      read ??= readStdin();
      return read;
    },
    onSignal: (name, then) => {
      process.on(name, then);
      return () => process.off(name, then);
    },
    every: (ms, then) => {
      const timer = setInterval(then, ms);
      return () => clearInterval(timer);
    },
    exit: (code) => process.exit(code),
  };
}

/** What a program gives in place of a terminal. */
export interface Embedding {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly version: string;
  readonly program: string;
  /** What stdin would hold. */
  readonly input: string;
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
}

/** The real world without a terminal, for who calls flowc from a program: its signals and its end are not ours. */
export function embeddedWorld({ cwd, env, version, program, input, out, err }: Embedding): World {
  const real = realWorld(version);
  return {
    ...real,
    cwd,
    env,
    program,
    // A getter is not copied as one.
    machine: real.machine,
    out: told(out),
    err: told(err),
    input: async () => input,
    onSignal: () => () => {},
    exit: () => {
      throw new Error("a program that runs flows is not ended by flowc");
    },
  };
}

function told(write: (text: string) => void): Channel {
  return {
    write,
    terminal: false,
    color: false,
    columns: () => null,
    rows: () => null,
    drained: async () => {},
    closed: () => false,
    failure: () => null,
  };
}
