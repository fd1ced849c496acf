// A Stop ends a command early: what is wrong in a sentence, the exit code, and the next command to type.

import type { Diagnostic } from "../grammar/diagnostic.ts";

/** What `flowc` answers to the shell. */
export const exits = {
  well: 0,
  failed: 1,
  wrong: 2,
  waiting: 3,
  usage: 64,
  bug: 70,
  disk: 74,
  interrupted: 130,
  terminated: 143,
} as const;

export class Stop extends Error {
  override readonly name = "Stop";
  readonly exit: number;
  /** A whole command line, or null where nothing is left to type. */
  readonly next: string | null;
  /** What is wrong with the program, told already. */
  readonly diagnostics: readonly Diagnostic[];

  /** `message` may have several lines; the first says what is wrong. */
  constructor(exit: number, message: string, next: string | null, diagnostics: readonly Diagnostic[] = []) {
    super(message);
    this.exit = exit;
    this.next = next;
    this.diagnostics = diagnostics;
  }
}

/** The command line was not understood. */
export function usage(message: string, next: string): Stop {
  return new Stop(exits.usage, message, next);
}

/** `Did you mean …?` as a sentence of its own, or nothing. */
export function didYouMean(nearest: string | null): string {
  return nearest === null ? "" : ` Did you mean \`${nearest}\`?`;
}

/** What was typed, with `flowc` before it. */
export function commandLine(argv: readonly string[]): string {
  return ["flowc", ...argv.map(shellWord)].join(" ");
}

/** A word as a shell takes it: quoted where it must be. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/** What was said about where the runs are, for the command to type next. */
export function stateFlag(argv: readonly string[]): string {
  const at = argv.findIndex((word) => word === "--state" || word.startsWith("--state="));
  const said = at < 0 ? "" : ((argv[at]?.slice("--state=".length) || argv[at + 1]) ?? "");
  return said === "" ? "" : ` --state ${shellWord(said)}`;
}
