// What a process of this machine has used so far, as the kernel counts.

import { readFileSync } from "node:fs";

/** Of a process of this machine: the processor's time so far, and the most memory that it had. Null: it is gone. */
export function usedBy(pid: number): { readonly cpuMs: number; readonly memoryMb: number } | null {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
    const kilobytes = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
    // One that has ended has no memory any more. The kernel counts in hundredths of a second.
    if (kilobytes === undefined) return null;
    const cpuMs = (Number(fields[11]) + Number(fields[12])) * 10;
    return { cpuMs, memoryMb: Number(kilobytes) / 1000 };
  } catch {
    return null;
  }
}
