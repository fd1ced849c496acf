// Starts commands through small shells that stay: the kernel copies a shell and not this process, and the loop never waits.

import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import {
  constants as access,
  accessSync,
  closeSync,
  openSync,
  readFileSync,
  readSync,
  realpathSync,
  statSync,
} from "node:fs";
import { Socket } from "node:net";
import { constants } from "node:os";
import { basename } from "node:path";
import { Readable, Writable } from "node:stream";
import { COOKIE, type Exit } from "../runtime/runner.ts";
import type { Launch, Launched } from "./local-launch.ts";
import { signalGroup } from "./local-processes.ts";

/** More commands at once than this are started the plain way. */
const slotsMax = 64;
/** A shell that had nothing to do for so long ends. */
const idleMs = 2_000;
/** What is larger goes the plain way, which tells people what does not fit. */
const orderBytesMax = 100_000;

/**
 * Makes a session with a terminal of its own, which dash must have to give each command a process group, and becomes
 * dash. The terminal is taken away again as soon as dash has seen it: no command can ask a person for anything.
 */
const opener = `use POSIX (); use Fcntl; $^F = 255;
sysopen(my $m, "/dev/ptmx", O_RDWR | O_NOCTTY) or exit 1;
my $z = pack("i", 0); ioctl($m, 0x40045431, $z) or exit 1;
my $n = pack("i", 0); ioctl($m, 0x80045430, $n) or exit 1;
sysopen(my $s, "/dev/pts/" . unpack("i", $n), O_RDWR) or exit 1;
POSIX::dup2(fileno($s), 2); POSIX::dup2(fileno($m), 8);
POSIX::close(fileno($s)); POSIX::close(fileno($m));
exec "/bin/dash", "-s";
exit 1;`;

/** Signals that go to the whole session must not end the shell itself; commands get their defaults. */
const greeting = (mark: string): string => `trap : HUP TERM INT QUIT
set -m
exec 8>&- 2>/dev/null
echo "${mark} ready $-" >&4
`;

/**
 * Tells the end of a job. A code above 128 looks like the end by a signal, or like a stop; the shell's table of jobs tells
 * them apart, but only as long as it has not read its next line.
 */
const waiting = (job: string, mark: string): string =>
  `wait ${job}; set -- $?; case $1 in 129|1[3-9]?|2??) jobs >&4; echo "${mark} j $1" >&4;; *) echo "${mark} e $1" >&4;; esac; set --`;

/** How often we look whether a stopped command goes on. */
const stoppedMs = 100;
const stopped = /^\[\d+\][ +-]*(?:Stopped|Suspended)/;
const doneByItself = /^\[\d+\][ +-]*Done\(/;

/** What dash keeps for itself, or changes on its own: a command that is given one of these goes the plain way. */
const shellsOwn: ReadonlySet<string> = new Set([
  "IFS",
  "LINENO",
  "OLDPWD",
  "OPTARG",
  "OPTIND",
  "PPID",
  "PS1",
  "PS2",
  "PS4",
  "PWD",
  "UID",
]);
const identifier = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** In a copy of the shell these name the shell and not the script: scripts that mention them get a shell of their own. */
const namesItself = /\$\{?[$0]|PPID|\breturn\b|\bjobs\b/;

/** The shells of one run; made as they are needed, gone when they are not. */
export class Slots {
  private readonly slots: Slot[] = [];
  /** Where programs are, and what tells that they were changed since we looked into them. */
  private readonly programs = new Map<string, { readonly file: string; readonly changed: number }>();
  private readonly cookie: string;
  private readonly plainFirst: number;
  private asked = 0;
  private usable = process.platform === "linux";
  private readonly shIsDash = isDash();

  /** `cookie`: what the shells and their copies carry, so that whoever comes after a crash finds them. */
  constructor(cookie: string, plainFirst = 3) {
    this.cookie = cookie;
    this.plainFirst = plainFirst;
  }

  /** Null: it is to be started the plain way. */
  launch(order: Launch): Promise<Launched> | null {
    if (!this.usable || order.io.filter !== null || ++this.asked <= this.plainFirst) return null;
    const slot = this.free();
    if (slot === null) return null;
    const text = this.textOf(order);
    return text === null ? null : slot.start(text);
  }

  private free(): Slot | null {
    let starting = 0;
    for (const slot of this.slots) {
      if (slot.state === "idle") return slot;
      if (slot.state === "opening") starting++;
    }
    if (starting === 0 && this.slots.length < slotsMax)
      this.slots.push(
        new Slot(this.cookie, (slot, refused) => {
          this.slots.splice(this.slots.indexOf(slot), 1);
          if (refused) this.usable = false;
        }),
      );
    return null;
  }

  /** The order as dash reads it: every word of ours is quoted, so that nothing in it is code. */
  private textOf({ argv, env, cwd, io }: Launch): string | null {
    const path = env["PATH"];
    const [program = ""] = argv;
    if (path === undefined || !isFolder(cwd)) return null;
    const action = this.scriptOf(argv) ?? this.programOf(program, path, argv);
    if (action === null) return null;
    const exports: string[] = [];
    for (const [name, value] of Object.entries(env)) {
      if (shellsOwn.has(name) || !identifier.test(name)) return null;
      exports.push(`${name}=${quoted(value)}`);
    }
    const order = `( cd -- ${quoted(cwd)} || exit 126
unset OLDPWD
export ${exports.join(" ")}
${action}
) 4>&- </dev/null >>${quoted(io.stdoutPath)} 2>>${quoted(io.stderrPath)}`;
    return order.length > orderBytesMax ? null : order;
  }

  /** A script for the very shell that we have is read by a copy of it. */
  private scriptOf(argv: readonly string[]): string | null {
    const [shell, options, flag, end, script, ...more] = argv;
    const known = shell === "/bin/sh" && options === "-eu" && flag === "-c" && end === "--";
    if (!known || script === undefined || more.length > 0 || !this.shIsDash) return null;
    return namesItself.test(script) ? null : `set -eu\neval ${quoted(script)}`;
  }

  private programOf(program: string, path: string, argv: readonly string[]): string | null {
    // Says and does nothing, in the shell as in the program.
    if (argv.length === 1 && (program === "true" || program === "false")) return program;
    const key = `${path}\0${program}`;
    const known = this.programs.get(key);
    if (known === undefined || known.changed !== changeOf(known.file)) {
      const file = found(program, path);
      if (file === null) return null;
      this.programs.set(key, { file, changed: changeOf(file) });
    }
    return `unset PWD\nexec ${argv.map(quoted).join(" ")}`;
  }
}

/** One shell. It carries out one order at a time. */
class Slot {
  state: "opening" | "idle" | "busy" | "gone" = "opening";
  private readonly shell: ChildProcess;
  private readonly orders: Writable;
  private readonly replies: Readable;
  /** Replies begin with it: what a command is called, which the shell prints too, is no reply. */
  private readonly mark = randomBytes(9).toString("base64");
  private rest = "";
  private group = 0;
  private how = "";
  private leaving: NodeJS.Timeout | null = null;
  private onStarted: (pid: number) => void = () => {};
  private onEnded: (exit: Exit) => void = () => {};

  constructor(cookie: string, gone: (slot: Slot, refused: boolean) => void) {
    this.shell = spawn("perl", ["-e", opener], {
      detached: true,
      env: { PATH: "/usr/bin:/bin", [COOKIE]: cookie },
      stdio: ["pipe", "ignore", "ignore", "ignore", "pipe"],
    });
    const [orders, , , , replies] = this.shell.stdio;
    if (!(orders instanceof Writable && replies instanceof Readable))
      throw new Error("a shell has two pipes");
    this.orders = orders;
    this.replies = replies;
    const leave = (): void => {
      if (this.state === "gone") return;
      const refused = this.state === "opening";
      this.state = "gone";
      gone(this, refused);
      this.fail();
    };
    this.shell.on("error", leave).on("exit", leave);
    orders.on("error", leave);
    replies.on("data", (chunk: Buffer) => this.hear(chunk.toString("latin1")));
    orders.write(greeting(this.mark));
    this.hold(false);
  }

  /** `order` is the command as dash reads it. */
  start(order: string): Promise<Launched> {
    this.state = "busy";
    this.hold(true);
    return new Promise((resolve) => {
      const exited = new Promise<Exit>((end) => {
        this.onEnded = end;
      });
      this.onStarted = (pid) => {
        this.group = pid;
        resolve({ pid, exited, drained: async () => {} });
      };
      this.orders.write(`${order} & echo "${this.mark} s $!" >&4; ${waiting("$!", this.mark)}\n`);
    });
  }

  /** This process may end while the shell is idle, and an idle shell ends some time. */
  private hold(busy: boolean): void {
    if (this.leaving !== null) clearTimeout(this.leaving);
    this.leaving = busy ? null : setTimeout(() => this.orders.end(), idleMs).unref();
    for (const each of [this.shell, this.orders, this.replies])
      if (each instanceof Socket || each === this.shell) busy ? each.ref() : each.unref();
  }

  private hear(text: string): void {
    const lines = (this.rest + text).split("\n");
    this.rest = lines.pop() ?? "";
    for (const line of lines) {
      const [mark, word, value = ""] = line.split(" ", 3);
      if (mark !== this.mark) this.how ||= line;
      else this.reply(word ?? "", value);
    }
  }

  private reply(word: string, value: string): void {
    if (word === "ready") {
      if (value.includes("m")) this.state = "idle";
      else this.shell.kill("SIGKILL");
    } else if (word === "s") this.onStarted(Number(value));
    else if (word === "e") this.end({ kind: "exited", code: Number(value) });
    else if (stopped.test(this.how)) this.lookAgain();
    else if (doneByItself.test(this.how)) this.end({ kind: "exited", code: Number(value) });
    else this.end({ kind: "signalled", signal: nameOfSignal(Number(value) - 128) });
  }

  /** The shell does not hear that a stopped command goes on. */
  private lookAgain(): void {
    this.how = "";
    if (isStopped(this.group)) setTimeout(() => this.lookAgain(), stoppedMs);
    else this.orders.write(`${waiting(String(this.group), this.mark)}\n`);
  }

  private end(exit: Exit): void {
    this.state = "idle";
    this.group = 0;
    this.how = "";
    this.hold(false);
    const tell = this.onEnded;
    this.onEnded = () => {};
    tell(exit);
  }

  /** The shell was killed. What it had started may still run, and nobody would hear of its end. */
  private fail(): void {
    if (this.group > 0) signalGroup(this.group, "SIGKILL");
    this.onStarted(this.group);
    this.onEnded({ kind: "lost", message: "The shell that started it was killed." });
  }
}

function isStopped(pid: number): boolean {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "latin1");
    return /^ [tT]/.test(text.slice(text.lastIndexOf(")") + 1));
  } catch {
    return false;
  }
}

const signals = new Map(Object.entries(constants.signals).map(([name, number]) => [number, name]));

function nameOfSignal(number: number): string {
  return signals.get(number) ?? `SIG${number}`;
}

/** As one word of a shell, whatever it holds. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** Where the shell will find it; null if it will not, or if the plain way tells better what is wrong with it. */
function found(program: string, path: string): string | null {
  if (program.includes("/")) return program.startsWith("/") && runs(program) ? program : null;
  // What is searched for in the working directory goes the plain way.
  if (program === "" || path.split(":").some((folder) => !folder.startsWith("/"))) return null;
  for (const folder of path.split(":")) {
    const file = `${folder}/${program}`;
    if (changeOf(file) >= 0) return runs(file) ? file : null;
  }
  return null;
}

/** -1: it is not there. */
function changeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? -1;
}

/** May it be run, and is it something that the kernel can run? A shell would take any other text for a script. */
function runs(file: string): boolean {
  try {
    accessSync(file, access.X_OK);
    if (!statSync(file).isFile()) return false;
    const head = headOf(file);
    const interpreter = /^#![ \t]*(\/[^ \t\n]*)/.exec(head)?.[1];
    return interpreter === undefined ? head.startsWith("\x7fELF") : runs(interpreter);
  } catch {
    return false;
  }
}

function headOf(file: string): string {
  const from = openSync(file, "r");
  try {
    const bytes = Buffer.alloc(256);
    return bytes.toString("latin1", 0, readSync(from, bytes));
  } finally {
    closeSync(from);
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

function isDash(): boolean {
  try {
    return basename(realpathSync("/bin/sh")) === "dash";
  } catch {
    return false;
  }
}
