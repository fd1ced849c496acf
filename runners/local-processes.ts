// Finds and ends processes of this machine: by their group, and by the cookie that they carry in their environment.

import { readdir, readFile } from "node:fs/promises";
import { COOKIE } from "../runtime/runner.ts";

/** A process that carries a cookie. `start` (clock ticks since boot) tells it from a later one of the same number. */
export interface Carrier {
  readonly pid: number;
  readonly start: string;
  readonly cookie: string;
}

/** How often we look whether a process has gone: soon at first, since most end at once. */
const looksMs = [1, 2, 4, 8, 16, 32, 64] as const;

/** After KILL a process goes unless the kernel itself is stuck; we do not wait for that longer than this. */
const killWaitMs = 5_000;

/** Refs of the attempts whose processes were found, each once. */
export function runsFound(carriers: readonly Carrier[]): readonly string[] {
  return [...new Set(carriers.map((carrier) => carrier.cookie))].sort();
}

/** Sends a signal to a group; false if it has no process left. */
export function signalGroup(group: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(-group, signal);
    return true;
  } catch (error) {
    // EPERM: there are processes, but of another user (`sudo`); they are not ours to end.
    return error instanceof Error && "code" in error && error.code === "EPERM" && signal === 0;
  }
}

/** Ends what is left in a group: TERM, a grace period, KILL. */
export async function endGroup(group: number, graceMs: number): Promise<void> {
  if (!signalGroup(group, "SIGTERM")) return;
  signalGroup(group, "SIGCONT");
  if (await gone(async () => !(await groupLives(group)), graceMs)) return;
  signalGroup(group, "SIGKILL");
  await gone(async () => !(await groupLives(group)), killWaitMs);
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
export async function killSession(leader: number): Promise<void> {
  await gone(async () => {
    const pids = await allPids();
    const stats = await Promise.all(pids.map(statOf));
    const left = pids.filter((_, i) => {
      const fields = stats[i] ?? null;
      return fields !== null && fields[3] === String(leader) && !isDead(fields);
    });
    for (const pid of left) signalProcess(pid, "SIGKILL");
    return left.length === 0;
  }, killWaitMs);
}

/** Ends every process that carries one of the cookies, also those started meanwhile: TERM, a grace period, KILL. */
export async function endCarriers(refs: ReadonlySet<string>, graceMs: number): Promise<void> {
  const wanted = (cookie: string) => refs.has(cookie);
  const termed = new Set<string>();
  const deadline = performance.now() + graceMs;
  for (let round = 0; performance.now() < deadline; round++) {
    const left = await carriersOf(wanted);
    if (left.length === 0) return;
    for (const carrier of left) {
      const id = `${carrier.pid}:${carrier.start}`;
      if (termed.has(id)) continue;
      termed.add(id);
      await signalCarrier(carrier, "SIGTERM");
      await signalCarrier(carrier, "SIGCONT");
    }
    await pause(lookMs(round));
  }
  const last = performance.now() + killWaitMs;
  for (let round = 0; performance.now() < last; round++) {
    const left = await carriersOf(wanted);
    if (left.length === 0) return;
    for (const carrier of left) await signalCarrier(carrier, "SIGKILL");
    await pause(lookMs(round));
  }
}

/** Signals a process only if it is still the one that was found. */
async function signalCarrier({ pid, start }: Carrier, signal: NodeJS.Signals): Promise<void> {
  if ((await startOf(pid)) === start) signalProcess(pid, signal);
}

function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has gone, or belongs to another user.
  }
}

const variable = `${COOKIE}=`;

let looking: Promise<readonly Carrier[]> | null = null;
let next: Promise<readonly Carrier[]> | null = null;

/**
 * All processes that carry a cookie that is wanted; not this process, nor those that it runs under. Many may ask at
 * once: a look that begins after the question answers it.
 */
export async function carriersOf(wanted: (cookie: string) => boolean): Promise<readonly Carrier[]> {
  const all = await fresh();
  return all.filter((carrier) => wanted(carrier.cookie));
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
  for (let at = 0; at < pids.length; at += 32) {
    const some = await Promise.all(pids.slice(at, at + 32).map(carrierAt));
    for (const carrier of some) if (carrier !== null && !own.has(carrier.pid)) found.push(carrier);
  }
  return found;
}

async function carrierAt(pid: number): Promise<Carrier | null> {
  try {
    const environment = await readFile(`/proc/${pid}/environ`, "latin1");
    const at = environment.startsWith(variable) ? 0 : environment.indexOf(`\0${variable}`) + 1;
    if (at === 0 && !environment.startsWith(variable)) return null;
    const end = environment.indexOf("\0", at);
    const start = await startOf(pid);
    if (start === null) return null;
    const cookie = environment.slice(at + variable.length, end === -1 ? undefined : end);
    return { pid, start, cookie };
  } catch {
    return null;
  }
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
