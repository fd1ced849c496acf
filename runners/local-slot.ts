// One small shell that stays and starts commands: the kernel copies it and not this process.

import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { Socket } from "node:net";
import { constants } from "node:os";
import { Readable, Writable } from "node:stream";
import { COOKIE } from "../runtime/runner.ts";
import type { Ended, Launched } from "./local-launch.ts";
import { killSession } from "./local-processes.ts";

/** A shell that had nothing to do for so long ends. */
const idleMs = 2_000;
/** For so long an idle shell keeps this process alive: to say otherwise for each command costs more than the wait. */
const lingerMs = 10;

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
echo "${mark} ready $-"
`;

/**
 * Tells the end of a job, and whether its group has still a process (0) or none (1): the shell asks that for a twentieth of
 * what it costs here. A code above 128 looks like the end by a signal, or like a stop; the shell's table of jobs tells
 * them apart, but only as long as it has not read its next line.
 */
const waiting = (job: string, mark: string): string =>
  `wait ${job}; set -- $?; kill -0 -${job}; set -- $1 $?; case $1 in 129|1[3-9]?|2??) jobs; echo "${mark} j $1 $2";; *) echo "${mark} e $1 $2";; esac; set --`;

/** How often we look whether a stopped command goes on. */
const stoppedMs = 100;
const stopped = /^\[\d+\][ +-]*(?:Stopped|Suspended)/;
const doneByItself = /^\[\d+\][ +-]*Done\(/;

/** The code that a command ends with whose directory is not there; it can be a command's own. */
export const noFolder = 126;

/** What the shell is told to carry out. Names in `env` are ones that it can set. */
export interface Order {
  readonly env: Readonly<Record<string, string>>;
  /** Absolute. */
  readonly cwd: string;
  /** What its copy does, as dash reads it. */
  readonly action: string;
  /** Where its output goes, as dash reads it. */
  readonly output: string;
  /** See `InstanceSpec`. */
  isOurs(): boolean;
}

/** A command that was started. */
class Job implements Launched {
  pid = 0;
  readonly session: number;
  readonly isOurs: () => boolean;
  readonly exited: Promise<Ended>;
  end: (ended: Ended) => void = () => {};
  private tell: (() => void) | null = null;

  constructor(session: number, isOurs: () => boolean) {
    this.session = session;
    this.isOurs = isOurs;
    this.exited = new Promise((resolve) => {
      this.end = resolve;
    });
  }

  started(pid: number): void {
    this.pid = pid;
    this.tell?.();
  }

  group(): Promise<number> {
    if (this.pid > 0) return Promise.resolve(this.pid);
    return new Promise((resolve) => {
      this.tell = () => resolve(this.pid);
      void this.exited.then(this.tell);
    });
  }

  drained(): Promise<void> | null {
    return null;
  }
}

/** One shell. It carries out one order at a time. */
export class Slot {
  state: "opening" | "idle" | "busy" | "gone" = "opening";
  private readonly shell: ChildProcess;
  private readonly orders: Writable;
  private readonly replies: Readable;
  /** Replies begin with it: what a command is called, which the shell prints too, is no reply. */
  private readonly mark = randomBytes(9).toString("base64");
  private rest = "";
  private how = "";
  private job: Job | null = null;
  private readonly environment = new Exports();
  private held = true;
  private readonly letGo: NodeJS.Timeout;
  private leaving: NodeJS.Timeout | null = null;

  /** Null: it cannot be had now; `refused`: nor later. `gone`: it has ended; `unused` before it was ready. */
  static open(cookie: string, refused: () => void, gone: (slot: Slot, unused: boolean) => void): Slot | null {
    const shell = spawn("perl", ["-e", opener], {
      detached: true,
      env: { PATH: "/usr/bin:/bin", [COOKIE]: cookie },
      stdio: ["pipe", "pipe", "ignore"],
    });
    if (shell.pid === undefined) {
      // Where there are too many open files some may be closed later.
      shell.on("error", (error) => {
        if (!("code" in error && (error.code === "EMFILE" || error.code === "ENFILE"))) refused();
      });
      return null;
    }
    const [orders, replies] = shell.stdio;
    if (!(orders instanceof Writable && replies instanceof Readable))
      throw new Error("a shell has two pipes");
    return new Slot(shell, orders, replies, gone);
  }

  private constructor(
    shell: ChildProcess,
    orders: Writable,
    replies: Readable,
    gone: (slot: Slot, unused: boolean) => void,
  ) {
    this.shell = shell;
    this.orders = orders;
    this.replies = replies;
    const leave = (): void => {
      if (this.state === "gone") return;
      const unused = this.state === "opening";
      this.state = "gone";
      gone(this, unused);
      void this.fail();
    };
    this.shell.on("error", leave).on("exit", leave);
    orders.on("error", leave);
    replies.on("data", (chunk: Buffer) => this.hear(chunk.toString("latin1")));
    orders.write(greeting(this.mark));
    this.letGo = setTimeout(() => this.hold(false), lingerMs).unref();
  }

  start({ env, cwd, action, output, isOurs }: Order): Launched {
    // The shell was made with a session of its own.
    const job = new Job(this.shell.pid ?? 0, isOurs);
    this.job = job;
    this.state = "busy";
    if (!this.held) this.hold(true);
    const { kept, changes } = this.environment.of(env);
    this.orders.write(`${kept}( cd -- ${quoted(cwd)} || exit ${noFolder}
unset OLDPWD
${changes}${action}
) ${output} & echo "${this.mark} s $!"; ${waiting("$!", this.mark)}
`);
    return job;
  }

  /** This process may end while the shell is idle, and an idle shell ends some time. */
  private hold(held: boolean): void {
    if (this.state === "busy" && !held) return;
    this.held = held;
    if (this.leaving !== null) clearTimeout(this.leaving);
    this.leaving = held ? null : setTimeout(() => this.orders.end(), idleMs).unref();
    for (const each of [this.shell, this.orders, this.replies])
      if (each instanceof Socket || each === this.shell) held ? each.ref() : each.unref();
  }

  private hear(text: string): void {
    const lines = (this.rest + text).split("\n");
    this.rest = lines.pop() ?? "";
    for (const line of lines) {
      const [mark, word, value = "", empty = ""] = line.split(" ", 4);
      if (mark !== this.mark) this.how ||= line;
      else this.reply(word ?? "", value, empty === "1");
    }
  }

  private reply(word: string, value: string, empty: boolean): void {
    if (word === "s") this.job?.started(Number(value));
    else if (word === "e") this.end({ exit: { kind: "exited", code: Number(value) }, empty });
    else if (word === "ready") {
      if (value.includes("m")) this.state = "idle";
      else this.shell.kill("SIGKILL");
    } else if (stopped.test(this.how)) this.lookAgain();
    else if (doneByItself.test(this.how)) this.end({ exit: { kind: "exited", code: Number(value) }, empty });
    else this.end({ exit: { kind: "signalled", signal: nameOfSignal(Number(value) - 128) }, empty });
  }

  /** The shell does not hear that a stopped command goes on. */
  private lookAgain(): void {
    this.how = "";
    const group = this.job?.pid ?? 0;
    if (isStopped(group)) setTimeout(() => this.lookAgain(), stoppedMs);
    else this.orders.write(`${waiting(String(group), this.mark)}\n`);
  }

  private end(ended: Ended): void {
    const { job } = this;
    this.state = "idle";
    this.job = null;
    this.how = "";
    this.letGo.refresh();
    job?.end(ended);
  }

  /**
   * The shell was killed. What it had started may still run, and nobody would hear of its end. Its group may not be known
   * yet, but it is of the shell's session.
   */
  private async fail(): Promise<void> {
    const { job, shell } = this;
    if (job === null || shell.pid === undefined) return;
    await killSession(shell.pid, job.isOurs);
    job.end({ exit: { kind: "lost", message: "The shell that started it was killed." }, empty: true });
  }
}

/** What a shell has of the environments of its commands: what two of them had in common is told only once. */
class Exports {
  private readonly kept = new Map<string, string>();
  private before: Readonly<Record<string, string>> | null = null;

  /** What the shell itself is to export from now on, and what is to be changed in its copy for one command. */
  of(env: Readonly<Record<string, string>>): { readonly kept: string; readonly changes: string } {
    const kept = this.kept.size === 0 ? this.learn(env) : "";
    let changes = "";
    let same = 0;
    for (const name in env) {
      const value = env[name] ?? "";
      if (this.kept.get(name) === value) same++;
      else changes += ` ${name}=${quoted(value)}`;
    }
    if (changes !== "") changes = `export${changes}\n`;
    if (same < this.kept.size)
      for (const name of this.kept.keys())
        if (!Object.hasOwn(env, name)) changes = `unset ${name}\n${changes}`;
    return { kept, changes };
  }

  private learn(env: Readonly<Record<string, string>>): string {
    const { before } = this;
    this.before = env;
    if (before === null) return "";
    let text = "";
    for (const name in env)
      if (Object.hasOwn(before, name) && before[name] === env[name]) {
        this.kept.set(name, env[name] ?? "");
        text += ` ${name}=${quoted(env[name] ?? "")}`;
      }
    return text === "" ? "" : `export${text}\n`;
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
export function quoted(text: string): string {
  return text.includes("'") ? `'${text.replaceAll("'", "'\\''")}'` : `'${text}'`;
}
