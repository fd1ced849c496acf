// Starts commands through small shells that stay, where they can be had; says what has to go the plain way.

import type { Launch, Launched } from "./local-launch.ts";
import { markWords } from "./local-marks.ts";
import { Names, Programs, shellIsDash } from "./local-programs.ts";
import { quoted, Slot } from "./local-slot.ts";

/** More commands at once than this are started the plain way. */
const slotsMax = 64;
/** What is larger goes the plain way, which tells people what does not fit. */
const orderCharsMax = 50_000;

/** In a copy of the shell these name the shell and not the script: scripts that mention them get a shell of their own. */
const namesItself = /\$\{?[$0]|PPID|\breturn\b|\bjobs\b/;

/** The shells of one run; made as they are needed, gone when they are not. */
export class Slots {
  private readonly slots: Slot[] = [];
  private readonly programs = new Programs();
  private readonly names = new Names();
  private readonly cookie: string;
  private readonly plainFirst: number;
  private asked = 0;
  private usable = process.platform === "linux";

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
    const { argv, env, cwd, io, mark, isOurs } = order;
    const action = this.actionOf(order);
    if (action === null || !this.canSet(env, action.length)) return null;
    // What says and does nothing leaves nothing behind, either.
    if (saysNothing(argv)) return slot.start({ env, cwd, action, output: "<>/dev/null >&0 2>&0", isOurs });
    const output = `</dev/null >>${quoted(io.stdoutPath)} 2>>${quoted(io.stderrPath)}`;
    const marked = mark === null ? action : `${markWords(mark)}\n${action}`;
    return slot.start({ env, cwd, action: marked, output, isOurs });
  }

  private free(): Slot | null {
    let starting = 0;
    for (const slot of this.slots) {
      if (slot.state === "idle") return slot;
      if (slot.state === "opening") starting++;
    }
    if (starting === 0 && this.slots.length < slotsMax) this.openOne();
    return null;
  }

  private openOne(): void {
    const refused = (): void => {
      this.usable = false;
    };
    const slot = Slot.open(this.cookie, refused, (gone, unused) => {
      this.slots.splice(this.slots.indexOf(gone), 1);
      if (unused) refused();
    });
    if (slot !== null) this.slots.push(slot);
  }

  /** Can a shell set these variables, and are they short, together with `chars` others? */
  private canSet(env: Readonly<Record<string, string>>, chars: number): boolean {
    let length = chars;
    for (const name in env) {
      length += name.length + (env[name] ?? "").length;
      if (!this.names.has(name)) return false;
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
    if (!known || script === undefined || more.length > 0 || !shellIsDash) return null;
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
