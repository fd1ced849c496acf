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
  /** The declared runner whose instance serves it; null: it works on this machine as it is. */
  readonly runner: string | null;
  /** Equal for equal needs. */
  readonly key: string;
}

/** `cpu` in cores, the others in bytes; `named`: its runner, if it needs one. */
export function needOf(
  needs: { readonly cpu: number; readonly memory: number; readonly disk: number },
  named: string | null = null,
): Need {
  const cpu = Math.round(needs.cpu * 1000);
  const { memory, disk } = needs;
  // What is written with `runner: local` is what is written with none.
  const runner = named === "local" ? null : named;
  const own = memory === 0 && disk === 0 ? String(cpu) : `${cpu} ${memory} ${disk}`;
  return { cpu, memory, disk, runner, key: runner === null ? own : `${own} ${runner}` };
}

/** What a declared runner offers, as far as it bounds what can run at once. */
interface Bound {
  /** Infinity: not bounded. */
  readonly instances: number;
  readonly elsewhere: boolean;
}

const unbounded: Bound = { instances: Number.POSITIVE_INFINITY, elsewhere: false };

/** How much of the machine, and of each runner's instances, is taken. */
export class Room {
  private readonly taken = { cpu: 0, memory: 0, disk: 0 };
  private bounds: ReadonlyMap<string, Bound> = new Map();
  private readonly busy = new Map<string, number>();

  /** Thousandths of a core that are taken. */
  get cpu(): number {
    return this.taken.cpu;
  }

  /** From now on these hold; `running`: what runs all the same. */
  bound(bounds: ReadonlyMap<string, Bound>, running: Iterable<Need>): void {
    this.bounds = bounds;
    this.busy.clear();
    for (const what of ["cpu", "memory", "disk"] as const) this.taken[what] = 0;
    for (const need of running) this.take(need);
  }

  take(need: Need): void {
    this.add(need, 1);
  }

  give(need: Need): void {
    this.add(need, -1);
  }

  private add(need: Need, times: 1 | -1): void {
    const { runner } = need;
    if (runner !== null) {
      const busy = (this.busy.get(runner) ?? 0) + times;
      assert(busy >= 0, `less than no instance of ${runner} is taken`);
      this.busy.set(runner, busy);
      if (this.boundOf(runner).elsewhere) return;
    }
    for (const what of ["cpu", "memory", "disk"] as const) {
      this.taken[what] += times * need[what];
      assert(this.taken[what] >= 0, `less than no ${what} is taken`);
    }
  }

  /** How many instances of a runner there can be at one time; Infinity: not bounded. */
  instancesOf(runner: string): number {
    return this.boundOf(runner).instances;
  }

  /**
   * What there is too little of for one more node; null if it fits. What needs more than there is runs when nothing
   * else takes of it.
   */
  lacks(need: Need, options: RunOptions): "cpu" | "memory" | "disk" | "instance" | null {
    return this.freeInstances(need) > 0 ? this.lacksHere(need, options) : "instance";
  }

  /** The same without instances. */
  lacksHere(need: Need, options: RunOptions): "cpu" | "memory" | "disk" | null {
    const { taken } = this;
    if (need.runner !== null && this.boundOf(need.runner).elsewhere) return null;
    if (taken.cpu > 0 && taken.cpu + need.cpu > options.jobs * 1000) return "cpu";
    if (taken.memory > 0 && taken.memory + need.memory > (options.memory ?? Number.POSITIVE_INFINITY))
      return "memory";
    if (taken.disk > 0 && taken.disk + need.disk > (options.disk ?? Number.POSITIVE_INFINITY)) return "disk";
    return null;
  }

  /** For how many more of these needs its runner has an instance; less than none: more run than it has. Where there can be none, one finds out why. */
  freeInstances({ runner }: Need): number {
    if (runner === null) return Number.POSITIVE_INFINITY;
    return Math.max(1, this.boundOf(runner).instances) - (this.busy.get(runner) ?? 0);
  }

  private boundOf(runner: string): Bound {
    return this.bounds.get(runner) ?? unbounded;
  }
}
