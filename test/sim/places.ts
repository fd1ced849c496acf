// Pretend places in which attempts run: they answer late, twice told or never, and outlive who started them.

import type { Value } from "../../compiler/types.ts";
import type { AttemptOrder } from "../../runtime/attempt.ts";
import type { AttemptReport } from "../../runtime/attempt-report.ts";
import type { Attempts } from "../../runtime/world.ts";
import type { PretendClock } from "./clock.ts";

/** What may go wrong, each by its chance from 0 up to 1. */
export interface Faults {
  readonly fails: number;
  readonly lost: number;
  /** Takes hours. */
  readonly hangs: number;
  /** Does not end when it is told to. */
  readonly deaf: number;
  /** Where it runs is told late or never. */
  readonly unplaced: number;
  /** What it tells on its way is told once more, perhaps long after its end. */
  readonly echoes: number;
}

export const noFaults: Faults = { fails: 0, lost: 0, hangs: 0, deaf: 0, unplaced: 0, echoes: 0 };

/** One attempt that was really started. */
export interface Started {
  readonly life: number;
  readonly name: string;
  readonly n: number;
  readonly a: number;
  readonly key: string;
  /** Its arguments, as JSON. */
  readonly args: string;
  readonly cpu: number;
  /** Its task has a `cache`. */
  readonly cached: boolean;
  alive: boolean;
}

export interface PlacesOptions {
  readonly clock: PretendClock;
  readonly chance: () => number;
  readonly faults: Faults;
  readonly valueOf: (order: AttemptOrder) => Value;
  /** Told before an attempt begins. */
  readonly starts: (started: Started) => void;
}

/** What happened outside of flowc, which is what its journal is compared with. */
export class Places implements Attempts {
  readonly started: Started[] = [];
  life = 0;
  /** Has this life of flowc got so far as to ask for places? */
  asked = false;
  faults: Faults;
  private readonly options: PlacesOptions;

  constructor(options: PlacesOptions) {
    this.options = options;
    this.faults = options.faults;
  }

  /** Attempts that run now, whoever started them. */
  get alive(): readonly Started[] {
    return this.started.filter(({ alive }) => alive);
  }

  open({ placed, early }: Parameters<Attempts["open"]>[0]): ReturnType<Attempts["open"]> {
    this.asked = true;
    return {
      start: (order, stop) => {
        const tell = (field: string, value: Value): void => early(order.n, order.a, field, value, []);
        return this.start(order, stop, (n, a, ref) => placed(n, a, ref, null), tell);
      },
      sweep: async () => {
        const left = this.alive;
        for (const each of left) each.alive = false;
        return left.map(({ n, a }) => `${n}.${a}`);
      },
      sweepLeft: async () => {
        const left = this.alive.filter(({ life }) => life !== this.life);
        for (const each of left) each.alive = false;
        return left.map(({ n, a }) => `${n}.${a}`);
      },
      close: async () => {},
    };
  }

  private start(
    order: AttemptOrder,
    stop: AbortSignal,
    placed: (n: number, a: number, ref: string) => void,
    early: (field: string, value: Value) => void,
  ): Promise<AttemptReport> {
    const { clock, chance } = this.options;
    const { fails, lost, hangs, deaf, unplaced } = this.faults;
    const { n, a, name, key, task } = order;
    const args = JSON.stringify(order.values);
    const each: Started = {
      ...{ life: this.life, name, n, a, key, args },
      cpu: task.settings.needs.cpu,
      cached: task.settings.cache !== null,
      alive: true,
    };
    this.options.starts(each);
    this.started.push(each);
    if (chance() >= unplaced) this.tell(each, Math.floor(chance() * 30), () => placed(n, a, `${n}.${a}`));
    const ms = chance() < hangs ? 7_200_000 : Math.floor(chance() * 5_000);
    // An early field is final: each attempt writes the same.
    if (task.name === "e" && chance() < 0.7)
      this.tell(each, Math.floor(chance() * ms), () => early("api", `early ${name}`));
    const luck = chance();
    const isDeaf = chance() < deaf;
    return new Promise((resolve) => {
      const end = (report: AttemptReport): void => {
        each.alive = false;
        resolve(report);
      };
      clock.timer(ms, () => {
        if (luck < fails) end({ outcome: "failed", why: "exit", message: "bad luck", exit: 1 });
        else if (luck < fails + lost) end({ outcome: "lost", message: "its place is gone" });
        else end({ outcome: "succeeded", exit: 0, value: this.options.valueOf(order) });
      });
      stop.addEventListener("abort", () => {
        if (!isDeaf) clock.timer(Math.floor(chance() * 40), () => end({ outcome: "cancelled" }));
      });
    });
  }

  private tell(each: Started, ms: number, told: () => void): void {
    const { clock, chance } = this.options;
    clock.timer(ms, () => each.alive && told());
    if (chance() >= this.faults.echoes) return;
    const { life } = this;
    // An old owner's ears are gone with it.
    clock.timer(ms + Math.floor(chance() * 10_000), () => life === this.life && told());
  }
}
