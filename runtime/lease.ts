// Who runs a run: alive is who holds the lock on its `lease.db`; a process id only names it, an epoch gives authority.

import { mkdirSync, readFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
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
export interface Owner {
  readonly pid: number;
  readonly host: string;
  readonly since: number;
}

/** Another living flowc runs this run. */
export class RunHeld extends Error {
  readonly run: string;
  readonly owner: Owner | null;
  readonly hint: string;
  constructor(run: string, owner: Owner | null) {
    const who =
      owner === null
        ? "another flowc"
        : `another flowc: process ${owner.pid} on ${owner.host}, since ${new Date(owner.since).toISOString().slice(0, 19).replace("T", " ")} UTC`;
    super(`The run ${run} is being run by ${who}.`);
    this.run = run;
    this.owner = owner;
    this.hint =
      owner === null
        ? "Wait until it has ended."
        : `Wait until it has ended, or end it in order with \`kill ${owner.pid}\` there.`;
  }
}

/** Another flowc took this run over: its epoch is in the journal. We stop at once and touch no process. */
export class LeaseLost extends Error {
  readonly run: string;
  readonly hint = "Nothing was lost: the other flowc goes on with the run.";
  constructor(run: string) {
    super(`The run ${run} was taken over by another flowc.`);
    this.run = run;
  }
}

/** The lock on one run; it goes with the process that holds it, however that ends. */
export interface Lease {
  release(): void;
}

const lockFile = "lease.db";
/** How long a look at the lock by someone else may stand in our way. */
const lookMs = 250;

/** Takes the lock on a run's folder; null if a living process holds it. Throws what SQLite and the disk throw. */
export async function takeLease(runFolder: string): Promise<Lease | null> {
  mkdirSync(runFolder, { recursive: true, mode: 0o700 });
  const database = await openDatabase(join(runFolder, lockFile));
  if (!locked(database, `PRAGMA busy_timeout = ${lookMs}`, "BEGIN EXCLUSIVE")) {
    database.close();
    return null;
  }
  return { release: () => database.close() };
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
  return journal.lastOwner(id) ?? { pid: 0, host: "", since: 0 };
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

/** Field 22 of `/proc/PID/stat`; the name before it may hold spaces and brackets. */
function startOf(pid: string): string {
  const stat = contentOf(`/proc/${pid}/stat`);
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";
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
