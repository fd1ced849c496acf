// What can go wrong with the journal, worded for people: what happened, who holds it, and the way out.

import { closeSync, openSync, readFileSync, statSync } from "node:fs";
import { devNull } from "node:os";
import { dirname } from "node:path";
import { BadColumn, NoSqlite, sqliteCode, sqliteCodes } from "./sqlite.ts";

export type JournalProblem =
  | "absent"
  | "busy"
  | "full"
  | "read-only"
  | "damaged"
  | "newer"
  | "cannot-open"
  | "too-many-files"
  | "disk";

/** The journal could not be read or written. The message is one sentence, `hint` the way out. */
export class JournalError extends Error {
  readonly kind: JournalProblem;
  readonly hint: string;
  /** The run that was being written, and can be gone on with; null where there is none. */
  readonly run: string | null;
  /** The journal's folder, where nothing can be done with it but move it aside. */
  readonly aside: string | null;
  constructor(
    kind: JournalProblem,
    message: string,
    hint: string,
    cause?: unknown,
    { run = null, aside = null }: { readonly run?: string | null; readonly aside?: string | null } = {},
  ) {
    super(message, cause === undefined ? {} : { cause });
    this.kind = kind;
    this.hint = hint;
    this.run = run;
    this.aside = aside;
  }
}

/** The journal's own trouble as it is; anything that SQLite or the disk threw, worded; other errors unchanged. */
export function worded(error: unknown, path: string): unknown {
  if (error instanceof JournalError) return error;
  if (error instanceof BadColumn) return damaged(path, error.message, error);
  if (error instanceof NoSqlite)
    return new JournalError(
      "cannot-open",
      `SQLite could not be loaded: ${error.message}`,
      "Use Node 22.13 or newer, which brings it along, or install flowc again on this machine.",
      error,
    );
  const code = sqliteCode(error);
  if (code !== null && error instanceof Error) return fromSqlite(code, error, path);
  const system = systemCode(error);
  return system === null || !(error instanceof Error) ? error : fromSystem(system, error, path);
}

/** Is there no room left? Whatever met it, it is the whole run's trouble. */
export function isFull(error: unknown): boolean {
  const code = systemCode(error);
  return code === "ENOSPC" || code === "EDQUOT";
}

const machines: ReadonlySet<string> = new Set(["ENOSPC", "EDQUOT", "EMFILE", "ENFILE", "EIO", "EROFS"]);

/** Is it the machine that failed, so that the same may succeed another time? */
export function isMachines(error: unknown): boolean {
  return machines.has(systemCode(error) ?? "");
}

/** The file as a whole cannot be used. `what`: a clause. */
export function damaged(path: string, what: string, cause?: unknown): JournalError {
  return new JournalError(
    "damaged",
    `The journal \`${path}\` is damaged: ${what}.`,
    "Move its folder aside to start anew; what it still holds can be read with `sqlite3`.",
    cause,
    { aside: dirname(path) },
  );
}

/** One run cannot be used; the others can. */
export function damagedRun(path: string, what: string): JournalError {
  return new JournalError("damaged", `The journal \`${path}\` is damaged: ${what}.`, another);
}

const another = "This run cannot be gone on with; start a new one. The other runs can still be used.";

/** A content of the artifact store without which a run is not what it was. */
export function damagedStore(folder: string, error: Error): JournalError {
  return new JournalError(
    "damaged",
    `The artifact store \`${folder}\` is damaged: ${error.message}.`,
    "Runs that used it cannot be read until then. The other runs can still be used.",
    error,
  );
}

/** What a run has seen of the project is not what was written. */
export function damagedSeen(path: string): JournalError {
  return new JournalError(
    "damaged",
    `\`${path}\` is damaged: a line of it is not what was written.`,
    another,
  );
}

/** Folded again, a run is not what it was: what it read was changed, or flowc was. */
export function diverged(run: string, error: Error): JournalError {
  return new JournalError(
    "damaged",
    `The run ${run} cannot be read: ${error.message}.`,
    "What its nodes printed is still there, in the folder `runs` beside the journal. The other runs can still be used.",
    error,
  );
}

/**
 * `error` ended the folding of a run. If something could not be read meanwhile that could be read when it ran, that is why.
 * Throws JournalError.
 */
export function refuseUnread(
  run: string,
  { failed }: { readonly failed: Error | null },
  error: unknown,
): void {
  if (failed === null || !(error instanceof Error) || error instanceof JournalError) return;
  throw new JournalError(
    "damaged",
    `The run ${run} cannot be read: ${failed.message}.`,
    "Put back what it was when the run saw it, or start a new run. The other runs can still be used.",
    error,
  );
}

function fromSqlite(code: number, error: Error, path: string): JournalError {
  switch (code) {
    case sqliteCodes.busy:
    case sqliteCodes.locked:
      return busy(path, error);
    case sqliteCodes.full:
      return full(path, error);
    case sqliteCodes.readOnly:
      return readOnly(path, error);
    case sqliteCodes.corrupt:
    case sqliteCodes.notDatabase:
      return damaged(path, error.message, error);
    case sqliteCodes.cannotOpen:
      // SQLite does not say why.
      if (outOfHandles()) return tooManyFiles(path, error);
      return new JournalError(
        "cannot-open",
        `The journal \`${path}\` cannot be opened: ${error.message}.`,
        "Check who owns it and its folder, or name another place with `--state DIR`.",
        error,
      );
    default:
      return new JournalError(
        "disk",
        `The journal \`${path}\` cannot be read or written: ${error.message}.`,
        "Check the disk; everything recorded until now is kept.",
        error,
      );
  }
}

function fromSystem(code: string, error: Error, path: string): JournalError {
  if (code === "ENOSPC" || code === "EDQUOT") return full(path, error);
  if (code === "EROFS" || code === "EACCES" || code === "EPERM") return readOnly(path, error);
  if (code === "EMFILE" || code === "ENFILE") return tooManyFiles(path, error);
  if (code === "ENOTDIR" || code === "EEXIST")
    return new JournalError(
      "cannot-open",
      `\`${"path" in error ? String(error.path) : dirname(path)}\` cannot be made: there is a file where a folder must be.`,
      "Remove that file, or name another place with `--state DIR`.",
      error,
    );
  return new JournalError(
    "disk",
    `The journal \`${path}\` cannot be read or written: ${error.message}.`,
    "Check the disk; everything recorded until now is kept.",
    error,
  );
}

/** To open a journal takes several at once. */
const handlesNeeded = 4;

function outOfHandles(): boolean {
  const files: number[] = [];
  try {
    for (let i = 0; i < handlesNeeded; i++) files.push(openSync(devNull, "r"));
    return false;
  } catch (error) {
    const code = systemCode(error);
    return code === "EMFILE" || code === "ENFILE";
  } finally {
    for (const file of files) closeSync(file);
  }
}

function tooManyFiles(path: string, cause: unknown): JournalError {
  return new JournalError(
    "too-many-files",
    `The journal \`${path}\` cannot be opened: too many files are open.`,
    "Allow this shell more with `ulimit -n 4096`, or run fewer nodes at once with `--jobs N`; everything recorded until now is kept.",
    cause,
  );
}

function full(path: string, cause: unknown): JournalError {
  return new JournalError(
    "full",
    `The disk that holds the journal \`${path}\` is full.`,
    "Free some space; everything recorded until now is kept.",
    cause,
  );
}

function readOnly(path: string, cause: unknown): JournalError {
  return new JournalError(
    "read-only",
    `The journal \`${path}\` may not be written.`,
    "Check who owns it and whether its disk is mounted read-only, or name another place with `--state DIR`.",
    cause,
  );
}

function busy(path: string, cause: unknown): JournalError {
  const holder = holderOf(path);
  return new JournalError(
    "busy",
    holder === null
      ? `Another process holds the journal \`${path}\` for writing, for more than 5 seconds.`
      : `Process ${holder.pid} (${holder.command}) holds the journal \`${path}\` for writing, for more than 5 seconds.`,
    holder === null
      ? `Find it with \`fuser ${path}\` and end it; everything recorded until now is kept.`
      : `Close what it has open, or end it with \`kill ${holder.pid}\`; everything recorded until now is kept.`,
    cause,
  );
}

/**
 * Who holds SQLite's write lock, where the system tells (Linux): in WAL mode that is byte 120 of the `-shm` file, else
 * a write lock on the file itself.
 */
export function holderOf(path: string): { readonly pid: number; readonly command: string } | null {
  let locks: string;
  try {
    locks = readFileSync("/proc/locks", "utf8");
  } catch {
    return null;
  }
  for (const [file, byte] of [
    [`${path}-shm`, 120],
    [path, 0x40000001],
  ] as const) {
    const inode = inodeOf(file);
    for (const line of inode === null ? [] : locks.split("\n")) {
      // 12: POSIX  ADVISORY  WRITE 4711 fe:00:2752516 120 120
      const match = /\bWRITE\s+(\d+)\s+\S+:(\d+)\s+(\d+)\s+(\d+|EOF)/.exec(line);
      if (match === null || match[2] !== inode) continue;
      const to = match[4] === "EOF" ? Number.POSITIVE_INFINITY : Number(match[4]);
      if (Number(match[3]) <= byte && byte <= to) return named(Number(match[1]));
    }
  }
  return null;
}

function inodeOf(path: string): string | null {
  try {
    return String(statSync(path).ino);
  } catch {
    return null;
  }
}

function named(pid: number): { readonly pid: number; readonly command: string } {
  try {
    const words = readFileSync(`/proc/${pid}/cmdline`, "utf8")
      .split("\0")
      .filter((word) => word !== "");
    return { pid, command: words.join(" ").slice(0, 80) };
  } catch {
    return { pid, command: "unknown" };
  }
}

function systemCode(error: unknown): string | null {
  if (!(error instanceof Error) || !("code" in error) || !("syscall" in error)) return null;
  return typeof error.code === "string" ? error.code : null;
}
