// Pretend instances of declared runners: their places are busy, slow or gone, and they outlive who had them made.

import type { Instance, InstanceSpec, NoInstance, Runner } from "../../runtime/runner.ts";
import type { PretendClock } from "./clock.ts";

/** What may go wrong with instances, each by its chance from 0 up to 1. */
export interface InstanceFaults {
  /** Asked for one, the place says: not now. */
  readonly busy: number;
  readonly refused: number;
  /** Making one fails, or is never answered by one that is there. */
  readonly unmade: number;
  /** It is gone in the middle of an attempt. */
  readonly vanishes: number;
  readonly unwell: number;
  /** To end it fails. */
  readonly stays: number;
}

export const noInstanceFaults: InstanceFaults = {
  ...{ busy: 0, refused: 0, unmade: 0, vanishes: 0, unwell: 0, stays: 0 },
};

/** An instance that was really made. */
export interface Member {
  readonly ref: string;
  readonly runner: string;
  readonly life: number;
  /** `gone`: it ended by itself. `closed`: it was ended. */
  state: "opening" | "open" | "gone" | "closed";
  /** What an earlier owner had asked for came when it was looked for already. */
  late: boolean;
  /** To end it failed: whoever wanted that may take it for ended. */
  stays: boolean;
  served: number;
  /** An attempt that is at work in it. */
  serving: string | null;
}

/** What a declared runner promises. */
export interface Promised {
  readonly name: string;
  readonly max: number;
  readonly reuse: number;
  readonly spawn: { readonly amount: number; readonly ms: number } | null;
}

export interface InstancesOptions {
  readonly clock: PretendClock;
  readonly chance: () => number;
  readonly promised: readonly Promised[];
  readonly problem: (text: string) => void;
}

/** The places outside, as they are. */
export class PretendInstances {
  readonly members: Member[] = [];
  faults: InstanceFaults;
  life = 0;
  /** This life of flowc does nothing any more. */
  dead = false;
  private readonly options: InstancesOptions;
  private made = 0;
  private looked = false;
  /** Monotonic ms at which those of a runner were asked for, and how often the wall clock had been set. */
  private readonly asked = new Map<string, { readonly at: number; readonly jumps: number }[]>();

  constructor(options: InstancesOptions, faults: InstanceFaults) {
    this.options = options;
    this.faults = faults;
  }

  /** Another owner of the run begins. What the last one had asked for may still come. */
  begin(life: number): void {
    const { clock, chance } = this.options;
    this.life = life;
    this.dead = false;
    this.looked = false;
    for (const member of this.members) {
      if (member.state !== "opening") continue;
      if (chance() < 0.4) member.state = "gone";
      else if (chance() < 0.5) member.state = "open";
      else
        clock.timer(Math.floor(chance() * 3_000), () => {
          member.state = "open";
          member.late = this.looked;
        });
    }
  }

  /** Another run, of which nothing was asked yet. */
  forget(): void {
    this.asked.clear();
  }

  member(ref: string): Member {
    const member = this.members.find((each) => each.ref === ref);
    if (member === undefined) throw new Error(`there is no instance ${ref}`);
    return member;
  }

  /** Those that are there, but for what came when nobody looked any more. */
  get left(): readonly Member[] {
    return this.members.filter(({ state, late }) => state === "open" && !late);
  }

  runner(kind: string, facts: Pick<Runner, "computesHere" | "quota">): Runner {
    const isOf = (ref: string): boolean => ref.startsWith(`${kind}-`);
    return {
      kind,
      settingsSchema: {},
      ...facts,
      open: (spec) => this.open(kind, spec),
      find: async (_run, except) => {
        await this.pause(50);
        this.looked = true;
        const found = this.members.filter(({ ref, state }) => state === "open" && isOf(ref));
        return found.flatMap(({ ref }) => (except?.has(ref) === true ? [] : [ref]));
      },
      end: async (refs) => {
        await this.pause(200);
        for (const ref of refs) this.close(this.member(ref));
      },
      identity: async () => kind,
    };
  }

  private async open(kind: string, { settings }: InstanceSpec): Promise<Instance | NoInstance> {
    const { chance, clock } = this.options;
    const { faults } = this;
    const runner = String(settings["name"]);
    if (this.dead) return this.never();
    const luck = chance();
    if (luck < faults.busy) {
      const afterMs = chance() < 0.5 ? null : Math.floor(chance() * 3_000);
      await this.pause(300);
      return { problem: "busy", message: "not now", afterMs };
    }
    if (luck < faults.busy + faults.refused) return { problem: "refused", message: "bad luck" };
    const member: Member = {
      ...{ ref: `${kind}-${++this.made}`, runner, life: this.life, state: "opening" },
      ...{ late: false, stays: false, served: 0, serving: null },
    };
    this.begins(member);
    this.members.push(member);
    await this.pause(2_000);
    if (luck > 1 - faults.unmade) {
      member.state = "gone";
      if (chance() < 0.5) throw new Error("it could not be made");
      return { problem: "lost", message: "it could not be made" };
    }
    member.state = "open";
    if (chance() < faults.vanishes)
      clock.timer(Math.floor(chance() * 8_000), () => {
        if (member.state === "open") member.state = "gone";
      });
    return {
      ref: member.ref,
      workspace: () => Promise.reject(new Error("nobody works here")),
      isWell: async () => {
        await this.pause(20);
        return member.state === "open" && chance() >= this.faults.unwell;
      },
      close: async () => {
        await this.pause(1_000);
        if (chance() < this.faults.stays) {
          member.stays = true;
          throw new Error("it stays");
        }
        this.close(member);
      },
    };
  }

  private close(member: Member): void {
    if (this.dead) return;
    if (member.state === "open") member.state = "closed";
  }

  /** What is promised of every instance that is made. */
  private begins({ runner, life }: Member): void {
    const { promised, problem, clock } = this.options;
    const { max, spawn } = promised.find(({ name }) => name === runner) ?? { max: 0, spawn: null };
    const there = this.members.filter(({ state }) => state === "open" || state === "opening");
    const left = there.filter((each) => each.life < life && !each.late && each.state === "open");
    if (left.length > 0) problem(`an instance is made, and ${left.length} of before are there`);
    const own = there.filter((each) => each.life === life && each.runner === runner && !each.stays);
    if (own.length >= max) problem(`${own.length + 1} instances of ${runner}, and it may have ${max}`);
    const asked = this.asked.get(runner) ?? [];
    this.asked.set(runner, asked);
    const now = clock.monotonic();
    asked.push({ at: now, jumps: clock.jumps });
    if (spawn === null) return;
    // Nobody knows how long ago something was when the clock was set since.
    const recent = asked.filter(({ at, jumps }) => at > now - spawn.ms && jumps === clock.jumps);
    if (recent.length > spawn.amount)
      problem(
        `${recent.length} instances of ${runner} are made within ${spawn.ms} ms, where ${spawn.amount} are allowed: at ${recent.map(({ at, jumps }) => `${at}/${jumps}`).join(", ")}`,
      );
  }

  /** Something takes up to so many ms; in a life that is over, for ever. */
  private pause(most: number): Promise<void> {
    const { clock, chance } = this.options;
    if (this.dead) return this.never();
    return new Promise((resolve) => {
      clock.timer(Math.floor(chance() * most), () => resolve());
    });
  }

  private never<T>(): Promise<T> {
    return new Promise(() => {});
  }
}
