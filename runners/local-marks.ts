// A second mark on what an attempt starts, for what clears its environment: a limit on file sizes that no file can reach.

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { shellIsDash } from "./local-programs.ts";

/**
 * Limits pass from parent to child through `setsid`, `env -i`, `exec` and any number of forks, need no privileges, and can
 * be read in `/proc` by everybody. This one is set in blocks of 512 bytes: 2 EiB and more, so that it never limits
 * anything; below 2⁵³, so that a number holds it, and in bytes still below 2⁶³, should a shell count in 1,024.
 */
const blockBytes = 512;
const lowest = 2 ** 52;
const runMarks = 2 ** 29;
const attemptMarks = 2 ** 21;

/** A run and one of its attempts, as blocks. */
export type Mark = number;

/** Marks of one process that runs attempts. They begin anywhere, so that two owners of a run hardly ever use the same. */
export class Marks {
  private readonly first: number;
  private made = 0;
  /** Of the run that was asked for last. */
  private part = 0;
  private run = "";
  /** Can they be had here? Where a limit is set already it is somebody's wish. */
  private readonly usable = isUnlimited();

  constructor(random: () => number = Math.random) {
    this.first = Math.floor(random() * attemptMarks);
  }

  /** Null: they cannot be had here. */
  next(run: string): Mark | null {
    if (!this.usable) return null;
    if (run !== this.run) this.part = runPart(run);
    this.run = run;
    return lowest + this.part * attemptMarks + ((this.first + this.made++) % attemptMarks);
  }

  /** Was it made here? */
  isOwn(mark: Mark): boolean {
    return (((mark - lowest) % attemptMarks) - this.first + attemptMarks) % attemptMarks < this.made;
  }
}

/** Does the mark say that run? Two runs at work at one time share one in half a milliard of cases. */
export function isOfRun(mark: Mark, run: string): boolean {
  return Math.floor((mark - lowest) / attemptMarks) === runPart(run);
}

/** What sets it, as the first words of a script: what follows begins in the same line. */
export function markWords(mark: Mark): string {
  return `ulimit -S -f ${mark}||:;`;
}

/** The same command, marked; as it is where that cannot be done without it noticing. `bare`: the environment may pass a shell. */
export function markedArgv(argv: readonly string[], mark: Mark | null, bare: boolean): readonly string[] {
  if (mark === null || !shellIsDash) return argv;
  const [shell, options, flag, end, script, ...more] = argv;
  if (shell === "/bin/sh" && options === "-eu" && flag === "-c" && end === "--" && script !== undefined)
    return [shell, options, flag, end, markWords(mark) + script, ...more];
  return bare ? ["/bin/sh", "-c", `${markWords(mark)}unset PWD; exec "$@"`, "sh", ...argv] : argv;
}

/** Of a process, from its `/proc/PID/limits`; null: it has none. */
export function markIn(limits: string): Mark | null {
  const bytes = /^Max file size +(\d+) /m.exec(limits)?.[1];
  const blocks = Number(bytes ?? 0) / blockBytes;
  return Number.isSafeInteger(blocks) && blocks >= lowest && blocks < lowest + runMarks * attemptMarks
    ? blocks
    : null;
}

function runPart(run: string): number {
  return createHash("sha256").update(run).digest().readUInt32BE(0) % runMarks;
}

function isUnlimited(): boolean {
  try {
    return /^Max file size +unlimited +unlimited /m.test(readFileSync("/proc/self/limits", "latin1"));
  } catch {
    return false;
  }
}
