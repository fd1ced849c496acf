// Starts commands through small shells that stay, where they can be had; says what has to go the plain way.

import { realpathSync, statSync } from "node:fs";
import { basename } from "node:path";
import type { Launch, Launched } from "./local-launch.ts";
import { Programs } from "./local-programs.ts";
import { quoted, Slot } from "./local-slot.ts";

/** More commands at once than this are started the plain way. */
const slotsMax = 64;
/** What is larger goes the plain way, which tells people what does not fit. */
const orderCharsMax = 50_000;

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
  private readonly programs = new Programs();
  /** Names of variables that a shell can set. */
  private readonly names = new Set<string>();
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
  launch(order: Launch): Launched | null {
    if (!this.usable || order.io.filter !== null || ++this.asked <= this.plainFirst) return null;
    const slot = this.free();
    if (slot === null) return null;
    const { argv, env, cwd, io } = order;
    const action = this.actionOf(order);
    if (action === null || !this.canSet(env, action.length) || !isFolder(cwd)) return null;
    const output = saysNothing(argv)
      ? "<>/dev/null >&0 2>&0"
      : `</dev/null >>${quoted(io.stdoutPath)} 2>>${quoted(io.stderrPath)}`;
    return slot.start({ env, cwd, action, output });
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

  /** Can a shell set these variables, and are they short, together with `chars` others? */
  private canSet(env: Readonly<Record<string, string>>, chars: number): boolean {
    let length = chars;
    for (const name in env) {
      length += name.length + (env[name] ?? "").length;
      if (this.names.has(name)) continue;
      if (shellsOwn.has(name) || !identifier.test(name)) return false;
      this.names.add(name);
    }
    return length <= orderCharsMax;
  }

  /** What a copy of the shell is to do; every word of ours is quoted, so that nothing in it is code. */
  private actionOf({ argv, env }: Launch): string | null {
    const path = env["PATH"];
    if (path === undefined) return null;
    return this.scriptOf(argv) ?? this.programOf(argv, path);
  }

  /** A script for the very shell that we have is read by a copy of it. */
  private scriptOf(argv: readonly string[]): string | null {
    const [shell, options, flag, end, script, ...more] = argv;
    const known = shell === "/bin/sh" && options === "-eu" && flag === "-c" && end === "--";
    if (!known || script === undefined || more.length > 0 || !this.shIsDash) return null;
    return namesItself.test(script) ? null : `set -eu\neval ${quoted(script)}`;
  }

  private programOf(argv: readonly string[], path: string): string | null {
    const [program = ""] = argv;
    if (saysNothing(argv)) return program;
    return this.programs.has(program, path) ? `unset PWD\nexec ${argv.map(quoted).join(" ")}` : null;
  }
}

/** It says and does nothing, in the shell as in the program: it needs no files for its output. */
function saysNothing(argv: readonly string[]): boolean {
  return argv.length === 1 && (argv[0] === "true" || argv[0] === "false");
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
