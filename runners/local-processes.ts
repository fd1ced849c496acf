// Finds and ends processes of this machine: by their group, by the cookie in their environment, by the mark on their limits.

import { readFileSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { COOKIE } from "../runtime/runner.ts";
import { type Mark, markIn } from "./local-marks.ts";

/**
 * A process that carries a cookie or, if it has cleared its environment, a mark. `start` (clock ticks since boot) tells it
 * from a later one of the same number.
 */
export interface Carrier {
  readonly pid: number;
  readonly start: string;
  readonly cookie: string | null;
  readonly mark: Mark | null;
}

/** A process group. Its number may be used again; `session`, that it was made in, tells a stranger's. */
export interface Group {
  readonly id: number;
  readonly session: number;
}

/** Is what is to be signalled still ours to end? */
type IsOurs = () => boolean;

/** How often we look whether a process has gone: soon at first, since most end at once. */
const looksMs = [1, 2, 4, 8, 16, 32, 64] as const;

/** After KILL a process goes unless the kernel itself is stuck; we do not wait for that longer than this. */
const killWaitMs = 5_000;

/** Sends a signal to a group; false if it has no process left. */
function signalGroup(id: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(-id, signal);
    return true;
  } catch (error) {
    // EPERM: there are processes, but of another user (`sudo`); they are not ours to end.
    return error instanceof Error && "code" in error && error.code === "EPERM" && signal === 0;
  }
}

/** Ends what is left in a group: TERM, a grace period, KILL. */
export async function endGroup(group: Group, graceMs: number, isOurs: IsOurs): Promise<void> {
  if (!signalGroup(group.id, 0)) return;
  if (!(await isStill(group)) || !isOurs() || !signalGroup(group.id, "SIGTERM")) return;
  signalGroup(group.id, "SIGCONT");
  if (await gone(async () => !(await groupLives(group.id)), graceMs)) return;
  await killGroup(group, isOurs);
  await gone(async () => !(await groupLives(group.id)), killWaitMs);
}

/** Ends a group at once. */
export async function killGroup(group: Group, isOurs: IsOurs): Promise<void> {
  if ((await isStill(group)) && isOurs()) signalGroup(group.id, "SIGKILL");
}

/**
 * Is it the group that was made, and not another that got its number when all of it had gone? A group and its session keep
 * their numbers as long as one process of them is there.
 */
async function isStill({ id, session }: Group): Promise<boolean> {
  const own = (fields: readonly string[] | null): boolean =>
    fields !== null && fields[2] === String(id) && fields[3] === String(session);
  if (own(await statOf(id))) return true;
  const pids = await allPids();
  if (pids.length === 0) return signalGroup(id, 0);
  for (const pid of pids) if (own(await statOf(pid))) return true;
  return false;
}

/** Has a group a process that is not merely waiting for its dead parent's heir to ask for its exit code? */
async function groupLives(group: number): Promise<boolean> {
  try {
    process.kill(-group, 0);
  } catch {
    return false;
  }
  const pids = await allPids();
  if (pids.length === 0) return true;
  const stats = await Promise.all(pids.map(statOf));
  return stats.some((fields) => fields !== null && fields[2] === String(group) && !isDead(fields));
}

/** Kills what is left of a session, whose leader has gone. */
export async function killSession(leader: number, isOurs: IsOurs): Promise<void> {
  await gone(async () => {
    const pids = await allPids();
    const stats = await Promise.all(pids.map(statOf));
    const left = pids.filter((_, i) => {
      const fields = stats[i] ?? null;
      return fields !== null && fields[3] === String(leader) && !isDead(fields);
    });
    if (!isOurs()) return true;
    for (const pid of left) signalProcess(pid, "SIGKILL");
    return left.length === 0;
  }, killWaitMs);
}

/** Ends every process that is wanted, also those started meanwhile: TERM, a grace period, KILL. */
export async function endCarriers(
  wanted: (carrier: Carrier) => boolean,
  graceMs: number,
  isOurs: IsOurs,
): Promise<void> {
  const termed = new Set<string>();
  const deadline = performance.now() + graceMs;
  for (let round = 0; performance.now() < deadline; round++) {
    const left = await carriersOf(wanted);
    if (left.length === 0 || !isOurs()) return;
    for (const carrier of left) {
      const id = `${carrier.pid}:${carrier.start}`;
      if (termed.has(id)) continue;
      termed.add(id);
      await signalCarrier(carrier, "SIGTERM", isOurs);
      await signalCarrier(carrier, "SIGCONT", isOurs);
    }
    await pause(lookMs(round));
  }
  const last = performance.now() + killWaitMs;
  for (let round = 0; performance.now() < last; round++) {
    const left = await carriersOf(wanted);
    if (left.length === 0 || !isOurs()) return;
    for (const carrier of left) await signalCarrier(carrier, "SIGKILL", isOurs);
    await pause(lookMs(round));
  }
}

/** Signals a process only if it is still the one that was found. */
async function signalCarrier({ pid, start }: Carrier, signal: NodeJS.Signals, isOurs: IsOurs): Promise<void> {
  if ((await startOf(pid)) === start && isOurs()) signalProcess(pid, signal);
}

function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has gone, or belongs to another user.
  }
}

const variable = `${COOKIE}=`;

/** So many processes are looked at before the loop is heard again: for about a millisecond. */
const togetherMax = 32;

let looking: Promise<readonly Carrier[]> | null = null;
let next: Promise<readonly Carrier[]> | null = null;

/**
 * All carriers that are wanted; not this process, nor those that it runs under. Many may ask at
 * once: a look that begins after the question answers it.
 */
export async function carriersOf(wanted: (carrier: Carrier) => boolean): Promise<readonly Carrier[]> {
  return (await fresh()).filter(wanted);
}

function fresh(): Promise<readonly Carrier[]> {
  if (looking === null) {
    looking = look().finally(() => {
      looking = null;
    });
    return looking;
  }
  next ??= looking.then(() => {
    next = null;
    return fresh();
  });
  return next;
}

async function look(): Promise<readonly Carrier[]> {
  const pids = await allPids();
  const own = await ancestors();
  const found: Carrier[] = [];
  for (let at = 0; at < pids.length; at += togetherMax) {
    // What else the loop has to do is done in between.
    if (at > 0) await new Promise((resolve) => setImmediate(resolve));
    const some = await Promise.all(pids.slice(at, at + togetherMax).map(carrierAt));
    for (const carrier of some) if (carrier !== null && !own.has(carrier.pid)) found.push(carrier);
  }
  return found;
}

/** The kernel answers from memory, in 20 µs for both files; to have other threads ask it takes four times that. */
async function carrierAt(pid: number): Promise<Carrier | null> {
  try {
    const cookie = cookieIn(readFileSync(`/proc/${pid}/environ`, "latin1"));
    const mark = cookie === null ? markIn(readFileSync(`/proc/${pid}/limits`, "latin1")) : null;
    if (cookie === null && mark === null) return null;
    const start = await startOf(pid);
    return start === null ? null : { pid, start, cookie, mark };
  } catch {
    // It has gone, or belongs to another user.
    return null;
  }
}

function cookieIn(environment: string): string | null {
  const at = environment.startsWith(variable) ? 0 : environment.indexOf(`\0${variable}`) + 1;
  if (at === 0 && !environment.startsWith(variable)) return null;
  const end = environment.indexOf("\0", at);
  return environment.slice(at + variable.length, end === -1 ? undefined : end);
}

/** When a process began; null if it has gone, or is dead and only waits to be asked for its exit code. */
async function startOf(pid: number): Promise<string | null> {
  const fields = await statOf(pid);
  return fields === null || isDead(fields) ? null : (fields[19] ?? null);
}

function isDead(fields: readonly string[]): boolean {
  return fields[0] === "Z" || fields[0] === "X";
}

/** Empty where there is no `/proc`. */
async function allPids(): Promise<readonly number[]> {
  const names = await readdir("/proc").catch(() => []);
  return names.filter((name) => /^\d+$/.test(name)).map(Number);
}

/** The fields of `/proc/<pid>/stat` behind the name, which may hold anything. */
async function statOf(pid: number): Promise<readonly string[] | null> {
  try {
    const text = await readFile(`/proc/${pid}/stat`, "latin1");
    return text.slice(text.lastIndexOf(")") + 2).split(" ");
  } catch {
    return null;
  }
}

async function ancestors(): Promise<ReadonlySet<number>> {
  const own = new Set<number>();
  for (let pid = process.pid; pid > 1 && !own.has(pid); ) {
    own.add(pid);
    pid = Number((await statOf(pid))?.[1] ?? 0);
  }
  return own;
}

async function gone(isGone: () => Promise<boolean>, waitMs: number): Promise<boolean> {
  const deadline = performance.now() + waitMs;
  for (let round = 0; ; round++) {
    if (await isGone()) return true;
    if (performance.now() >= deadline) return false;
    await pause(lookMs(round));
  }
}

function lookMs(round: number): number {
  return looksMs[Math.min(round, looksMs.length - 1)] ?? 64;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
