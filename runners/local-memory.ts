// Holds a command of this machine, with all that it has started, to the memory that its task needs. Linux only.

import { readFile } from "node:fs/promises";
import { type Carrier, carriersOf } from "./local-processes.ts";

/**
 * Looks every so many ms what the carriers that are wanted use together, and calls `over` once with the bytes if that is
 * more than `bytesMax`. The answer ends the watch.
 */
export function watchMemory(
  wanted: (carrier: Carrier) => boolean,
  { bytesMax, everyMs }: { readonly bytesMax: number; readonly everyMs: number },
  over: (bytes: number) => void,
): () => void {
  let ended = false;
  let timer: NodeJS.Timeout;
  const look = async (): Promise<void> => {
    const bytes = await usedBy(
      (await carriersOf(wanted)).map(({ pid }) => pid),
      bytesMax,
    );
    if (ended) return;
    if (bytes > bytesMax) over(bytes);
    else again();
  };
  const again = (): void => {
    timer = setTimeout(() => void look(), everyMs);
  };
  again();
  return () => {
    ended = true;
    clearTimeout(timer);
  };
}

/** Bytes that processes have in memory. What they share counts once as soon as the sum would be too much. */
async function usedBy(pids: readonly number[], bytesMax: number): Promise<number> {
  const resident = sum(await Promise.all(pids.map((pid) => field(pid, "status", "VmRSS"))));
  if (resident <= bytesMax) return resident;
  // Costs the kernel a walk through all pages: not done without need.
  const shares = pids.map(
    async (pid) => (await field(pid, "smaps_rollup", "Pss")) ?? (await field(pid, "status", "VmRSS")),
  );
  return sum(await Promise.all(shares));
}

function sum(all: readonly (number | null)[]): number {
  return all.reduce<number>((total, each) => total + (each ?? 0), 0);
}

/** A line `NAME: N kB` of a file of the process, in bytes; null: it has gone, or does not tell. */
async function field(pid: number, file: string, name: string): Promise<number | null> {
  const text = await readFile(`/proc/${pid}/${file}`, "latin1").catch(() => "");
  const kib = new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(text)?.[1];
  return kib === undefined ? null : Number(kib) * 1024;
}

/** What people are told of it. */
export function usedTooMuch(bytes: number, bytesMax: number): string {
  return `It used ${spelled(bytes)} of memory, more than its \`needs.memory\` of ${spelled(bytesMax)}, and was ended: say that it needs more, or let it do with less.`;
}

/** As a flow writes it: `512MB`. */
function spelled(bytes: number): string {
  const [unit, name] = bytes >= 1024 ** 3 ? [1024 ** 3, "GB"] : [1024 ** 2, "MB"];
  return `${Number((bytes / unit).toFixed(1))}${name}`;
}
