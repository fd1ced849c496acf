// How the end of a command is told to people, in a sentence.

import type { Command } from "../compiler/plan-tasks.ts";
import { spellSeconds } from "../compiler/spell.ts";
import type { Bounds } from "./deadline.ts";

/** An attempt that passed one of its bounds. */
export function endedBy(bound: "timeout" | "stall", { timeoutSeconds, stallSeconds }: Bounds): string {
  return bound === "timeout"
    ? `It did not end within its timeout of ${spellSeconds(timeoutSeconds ?? 0)}, and was ended.`
    : `It printed nothing for ${spellSeconds(stallSeconds ?? 0)}, and was ended.`;
}

/** What people would call the command: its program, or for a script the shell. */
export function programOf(command: Command, argv: readonly string[]): string {
  const script = command.kind === "shell" && (command.words === null || argv[1] === "-eu");
  return script ? "The script" : `\`${argv[0] ?? ""}\``;
}

/** `hint`: what the place knows of why. */
export function exited(program: string, code: number, hint?: string): string {
  if (hint !== undefined) return `${program} exited with ${code}. ${hint}`;
  if (code === 127) return `${program} exited with 127: a command in it was not found.`;
  if (code === 126) return `${program} exited with 126: a command in it may not be run.`;
  if (code > 128 && code < 160)
    return `${program} exited with ${code}: a command in it died by signal ${code - 128}.`;
  return `${program} exited with ${code}.`;
}

/** `hint`: what the place knows of why. */
export function signalled(program: string, signal: string, hint?: string): string {
  const guess = signal === "SIGKILL" ? " Perhaps the machine ran out of memory." : "";
  return `${program} was ended by ${signal}.${hint === undefined ? guess : ` ${hint}`}`;
}

/** A program that is to be started by its own name, and is not there. */
export function noProgram(program: string): string {
  const words = program.trim().split(/\s+/);
  const apart =
    words.length === 1 ? "" : ` A program and its arguments are separate words: ${JSON.stringify(words)}.`;
  return `There is no \`${program}\` where it is to run.${apart}`;
}
