// What running nodes take of this machine, and whether one more fits.

import { assert } from "./bug.ts";
import type { RunOptions } from "./events.ts";

/** What a node needs while it runs here. */
export interface Need {
  /** Thousandths of a core. */
  readonly cpu: number;
  /** Bytes. */
  readonly memory: number;
  /** Bytes. */
  readonly disk: number;
  /** Equal for equal needs. */
  readonly key: string;
}

/** `cpu` in cores, the others in bytes. */
export function needOf(needs: {
  readonly cpu: number;
  readonly memory: number;
  readonly disk: number;
}): Need {
  const cpu = Math.round(needs.cpu * 1000);
  const { memory, disk } = needs;
  return { cpu, memory, disk, key: memory === 0 && disk === 0 ? String(cpu) : `${cpu} ${memory} ${disk}` };
}

/** How much of the machine is taken. */
export class Room {
  private readonly taken = { cpu: 0, memory: 0, disk: 0 };

  /** Thousandths of a core that are taken. */
  get cpu(): number {
    return this.taken.cpu;
  }

  take(need: Need): void {
    for (const what of ["cpu", "memory", "disk"] as const) this.taken[what] += need[what];
  }

  give(need: Need): void {
    for (const what of ["cpu", "memory", "disk"] as const) {
      this.taken[what] -= need[what];
      assert(this.taken[what] >= 0, `less than no ${what} is taken`);
    }
  }

  /**
   * What there is too little of for one more node; null if it fits. What needs more than there is runs when nothing
   * else takes of it.
   */
  lacks(need: Need, options: RunOptions): "cpu" | "memory" | "disk" | null {
    const { taken } = this;
    if (taken.cpu > 0 && taken.cpu + need.cpu > options.jobs * 1000) return "cpu";
    if (taken.memory > 0 && taken.memory + need.memory > (options.memory ?? Number.POSITIVE_INFINITY))
      return "memory";
    if (taken.disk > 0 && taken.disk + need.disk > (options.disk ?? Number.POSITIVE_INFINITY)) return "disk";
    return null;
  }
}
