// Who runs a run: alive is who holds the lock on its `lease.db`; a process id only names it, an epoch gives authority.

import { mkdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { type Database, openDatabase, sqliteCode, sqliteCodes } from "./sqlite.ts";

/** What names a process beyond its number, which is used again. */
export interface Identity {
  readonly pid: number;
  /** When it started: in ticks since the machine did, where the system tells. */
  readonly started: string;
  /** Which start of the machine. */
  readonly boot: string;
  readonly host: string;
}

/** Who runs a run now. `since`: wall ms at which it opened it. */
export interface Owner extends Identity {
  readonly since: number;
}

/** Another living flowc runs this run. */
export class RunHeld extends Error {
  readonly run: string;
  readonly owner: Owner | null;
  readonly hint: string;
  constructor(run: string, owner: Owner | null) {
    const stopped = owner !== null && isStopped(owner);
    super(
      owner === null
        ? `The run ${run} is being run by another flowc.`
        : `The run ${run} is being run by another flowc: ${named(owner)}, since ${utc(owner.since)}.${stopped ? " That is stopped, and may go on at any moment." : ""}`,
    );
    this.run = run;
    this.owner = owner;
    this.hint = owner === null ? "Wait until it has ended, or take the run over." : hintOf(owner, stopped);
  }
}

function hintOf(owner: Owner, stopped: boolean): string {
  const there = owner.host === hostname() ? "" : " there";
  const first = stopped
    ? `Let it go on with \`kill -CONT ${owner.pid}\`${there}`
    : `Wait until it has ended, end it in order with \`kill ${owner.pid}\`${there}`;
  return `${first}, or take the run over: ${isAlive(owner) ? `that ends process ${owner.pid} at once` : "it then stops as soon as it looks"}.`;
}

/** Another flowc took this run over: its epoch is in the journal. We stop at once and touch no process. */
export class LeaseLost extends Error {
  readonly run: string;
  readonly hint =
    "This one has stopped at once: it wrote nothing more, and ended none of the run's processes.";
  /** `by`: who has it now, where that is known. */
  constructor(run: string, by: Owner | null = null) {
    super(
      `The run ${run} was taken over by ${by === null ? "another flowc" : `another flowc, ${named(by)}, at ${utc(by.since)}`}.`,
    );
    this.run = run;
  }
}

function named({ pid, host }: Identity): string {
  return `process ${pid} on ${host}`;
}

function utc(at: number): string {
  return `${new Date(at).toISOString().slice(0, 19).replace("T", " ")} UTC`;
}

/** The lock on one run; it goes with the process that holds it, however that ends. */
export interface Lease {
  /** False: another flowc has taken the run over. A look at the disk, to be had before anything outside is touched. */
  isOurs(): boolean;
  release(): void;
}

const lockFile = "lease.db";
/** How long a look at the lock by someone else may stand in our way. */
const lookMs = 250;
/** A killed process lets go at once, unless the kernel itself is stuck. */
const killedMsMax = 10_000;
const killedLookMs = 10;

/** Takes the lock on a run's folder; null if a living process holds it. Throws what SQLite and the disk throw. */
export async function takeLease(runFolder: string): Promise<Lease | null> {
  mkdirSync(runFolder, { recursive: true, mode: 0o700 });
  const path = join(runFolder, lockFile);
  const database = await openDatabase(path);
  if (!locked(database, `PRAGMA busy_timeout = ${lookMs}`, "BEGIN EXCLUSIVE")) {
    database.close();
    return null;
  }
  const own = inodeOf(path);
  return { isOurs: () => own !== null && inodeOf(path) === own, release: () => database.close() };
}

/**
 * Takes the lock from whoever holds it. `owner`, who opened the run last, is killed where it can be seen; one that cannot
 * be (another machine, another container) is left with the lock on a file that nobody looks at any more: it finds that
 * before it touches anything, and our epoch before it writes. Null if somebody else was as quick.
 */
export async function takeOver(runFolder: string, owner: Identity | null): Promise<Lease | null> {
  const free = await takeLease(runFolder);
  if (free !== null) return free;
  if (owner !== null && ended(owner)) {
    for (const end = performance.now() + killedMsMax; performance.now() < end; await pause(killedLookMs)) {
      const lease = await takeLease(runFolder);
      if (lease !== null) return lease;
    }
  }
  rmSync(join(runFolder, lockFile), { force: true });
  return takeLease(runFolder);
}

/** Kills a process, if it is the very one that is named. */
function ended(who: Identity): boolean {
  if (who.pid === process.pid || !isAlive(who)) return false;
  try {
    process.kill(who.pid, "SIGKILL");
    return true;
  } catch {
    // Of another user, or gone in this moment.
    return false;
  }
}

/** The number alone names nobody: it is used again, in other starts of the machine, and in every container. */
function isAlive({ pid, started, boot }: Identity): boolean {
  return started !== "" && boot !== "" && boot === bootId() && startOf(String(pid)) === started;
}

function isStopped(who: Identity): boolean {
  return isAlive(who) && /^[tT]/.test(statOf(String(who.pid)));
}

function inodeOf(path: string): number | null {
  return statSync(path, { throwIfNoEntry: false })?.ino ?? null;
}

/** Does a living process hold the run? A look: it takes no more than a moment's shared lock. */
export async function isHeld(runFolder: string): Promise<boolean> {
  let database: Database;
  try {
    database = await openDatabase(join(runFolder, lockFile), { readOnly: true });
  } catch (error) {
    // Never opened, or not ours to look at.
    if (sqliteCode(error) === sqliteCodes.cannotOpen) return false;
    throw error;
  }
  try {
    return !locked(database, "PRAGMA busy_timeout = 0", "SELECT count(*) FROM sqlite_schema");
  } finally {
    database.close();
  }
}

/** The living flowc that runs this run; null: nobody does, and a run that is still `running` was interrupted. */
export async function ownerOf(
  journal: { folderOf(id: string): string; lastOwner(id: string): Owner | null },
  id: string,
): Promise<Owner | null> {
  if (!(await isHeld(journal.folderOf(id)))) return null;
  return journal.lastOwner(id) ?? { pid: 0, started: "", boot: "", host: "", since: 0 };
}

function locked(database: Database, settings: string, lock: string): boolean {
  database.exec(settings);
  try {
    database.exec(lock);
    return true;
  } catch (error) {
    const code = sqliteCode(error);
    if (code === sqliteCodes.busy || code === sqliteCodes.locked) return false;
    database.close();
    throw error;
  }
}

/** This process, as far as the system tells. */
export function thisProcess(): Identity {
  return { pid: process.pid, started: startOf("self"), boot: bootId(), host: hostname() };
}

/** Field 22 of `/proc/PID/stat`. */
function startOf(pid: string): string {
  return statOf(pid).split(" ")[19] ?? "";
}

/** From the third field on: the name before it may hold spaces and brackets. */
function statOf(pid: string): string {
  const stat = contentOf(`/proc/${pid}/stat`);
  return stat.slice(stat.lastIndexOf(")") + 2);
}

function bootId(): string {
  return contentOf("/proc/sys/kernel/random/boot_id").trim();
}

function contentOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
