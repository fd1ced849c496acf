// Pretend places in which attempts run: they answer late, twice told or never, and outlive who started them.

import type { Plan } from "../../compiler/plan.ts";
import type { Value } from "../../compiler/types.ts";
import { atPlace, mayBegin } from "../../runtime/attempt-lent.ts";
import type { AttemptOrder } from "../../runtime/attempt-order.ts";
import { AttemptPlaces, limitsOf, type PlacesOf, placesOf } from "../../runtime/attempt-places.ts";
import { type AttemptReport, neverBegan } from "../../runtime/attempt-report.ts";
import type { Lent } from "../../runtime/instances.ts";
import { placeOf } from "../../runtime/places.ts";
import type { Instance, Quota, Runner } from "../../runtime/runner.ts";
import type { Attempts, AttemptsOf } from "../../runtime/world.ts";
import type { PretendClock } from "./clock.ts";
import { type InstanceFaults, type Member, noInstanceFaults, PretendInstances } from "./instances.ts";

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
  readonly instances: InstanceFaults;
}

export const noFaults: Faults = {
  ...{ fails: 0, lost: 0, hangs: 0, deaf: 0, unplaced: 0, echoes: 0 },
  instances: noInstanceFaults,
};

/** One attempt that was really started. */
export interface Started {
  readonly life: number;
  readonly name: string;
  readonly n: number;
  readonly a: number;
  readonly key: string;
  /** Its arguments, as JSON. */
  readonly args: string;
  /** Cores of this machine. */
  readonly cpu: number;
  /** Its task has a `cache`. */
  readonly cached: boolean;
  /** The instance that it works in. */
  readonly member: Member | null;
  alive: boolean;
}

export interface PlacesOptions {
  readonly clock: PretendClock;
  readonly chance: () => number;
  readonly faults: Faults;
  readonly valueOf: (order: AttemptOrder) => Value;
  /** Told before an attempt begins. */
  readonly starts: (started: Started) => void;
  readonly problem: (text: string) => void;
  readonly plan: Plan;
}

/** The account of those who work elsewhere. */
const quota: Quota = { instances: 4, perSecond: 2 };
const none: Quota = { instances: null, perSecond: null };

/** As of an agent whose model gives nothing now. */
const patience: AttemptReport = { outcome: "lost", why: "limited", message: "429", after_ms: 2_000 };

/** What happened outside of flowc, which is what its journal is compared with. */
export class Places implements Attempts {
  readonly started: Started[] = [];
  readonly instances: PretendInstances;
  life = 0;
  /** Has this life of flowc got so far as to ask for places? */
  asked = false;
  private readonly options: PlacesOptions;
  private readonly runners: ReadonlyMap<string, Runner>;

  constructor(options: PlacesOptions) {
    this.options = options;
    const { plan } = options;
    const promised = plan.runners.map(({ name }) => {
      const place = placeOf(plan, name, null);
      if ("problem" in place) throw new Error(place.problem);
      const { max, reuse } = limitsOf(place, name === "far" ? quota : none);
      const { spawn } = place;
      return { name, max, reuse, spawn: spawn && { amount: spawn.amount, ms: spawn.perSeconds * 1000 } };
    });
    this.instances = new PretendInstances({ ...options, promised }, options.faults.instances);
    this.runners = new Map([
      ["local", this.here()],
      ["near", this.instances.runner("near", { computesHere: true, quota: () => none })],
      ["far", this.instances.runner("far", { computesHere: false, quota: () => quota })],
    ]);
    this.faults = options.faults;
  }

  set faults(faults: Faults) {
    this.now = faults;
    this.instances.faults = faults.instances;
  }

  private now: Faults = noFaults;

  /** Attempts that run now, whoever started them. */
  get alive(): readonly Started[] {
    return this.started.filter(({ alive, member }) => alive && (member === null || member.state === "open"));
  }

  /** Another life of flowc. */
  begin(life: number): void {
    this.life = life;
    this.asked = false;
    this.instances.begin(life);
  }

  places(plan: Plan, on: string | null): ReturnType<NonNullable<Attempts["places"]>> {
    return placesOf(this.of(plan, on));
  }

  open(of: AttemptsOf): ReturnType<Attempts["open"]> {
    this.asked = true;
    const { run, inherited, clock, timer, random, plan, on, instances, begun, placed, early } = of;
    const rooms = new AttemptPlaces(
      this.of(plan, on),
      { run, inherited, project: "/project", ...(begun === undefined ? {} : { begun }) },
      {
        ...{ ...instances, timer, random },
        now: () => clock.monotonic(),
        wall: () => clock.now(),
        kept: (instance) => instance,
        // Who was killed looks after nothing any more.
        isOurs: () => !this.instances.dead && of.isOurs(),
      },
    );
    return {
      start: (order, stop) => {
        const tell = (field: string, value: Value): void => early(order.n, order.a, field, value, []);
        return this.start(order, stop, (ref, lent) => placed(order.n, order.a, ref, lent), tell, rooms);
      },
      identity: (runner) => rooms.identity(runner),
      sweep: (atOnce) => (this.instances.dead ? new Promise(() => {}) : rooms.sweep(atOnce)),
      sweepLeft: () => rooms.sweepLeft(),
      close: async () => {
        if (!this.instances.dead) await rooms.close();
      },
    };
  }

  private of(plan: Plan, on: string | null): PlacesOf {
    const runner = async (kind: string): Promise<Runner | { readonly problem: string }> =>
      this.runners.get(kind) ?? { problem: `no ${kind}` };
    return { plan, on, secrets: new Map(), runner };
  }

  /** This machine: an attempt is found by its name. */
  private here(): Runner {
    const ended = (refs: readonly string[]): void => {
      for (const each of this.alive)
        if (each.member === null && refs.includes(`${each.n}.${each.a}`)) each.alive = false;
    };
    return {
      kind: "local",
      settingsSchema: {},
      computesHere: true,
      quota: () => none,
      open: async ({ tag }): Promise<Instance> => ({
        ref: `${tag.node}.${tag.attempt}`,
        workspace: () => Promise.reject(new Error("nobody works here")),
        isWell: async () => true,
        close: async () => {},
      }),
      find: async (_run, except) => {
        const left = this.alive.filter(
          ({ member, life }) => member === null && (except === undefined || life !== this.life),
        );
        return left.map(({ n, a }) => `${n}.${a}`);
      },
      end: async (refs) => ended(refs),
      identity: async () => "local",
    };
  }

  private start(
    order: AttemptOrder,
    stop: AbortSignal,
    placed: (ref: string, of: Lent["of"]) => Promise<void>,
    early: (field: string, value: Value) => void,
    rooms: AttemptPlaces,
  ): Promise<AttemptReport> {
    if (stop.aborted) return Promise.resolve(neverBegan);
    const take: AttemptPlaces["take"] = (runner, wanted) => rooms.take(runner, wanted);
    return atPlace(order, { take, folder: "/scratch", stop }, async ({ instance, of }) => {
      const ref = of === null ? `${order.n}.${order.a}` : instance.ref;
      if (of === null) return this.work(order, stop, null, () => void placed(ref, null), early);
      rooms.ours(ref);
      // In what is a dead life nothing begins.
      if (this.instances.dead) return new Promise(() => {});
      const told = { placed: () => placed(ref, of) };
      if (!(await mayBegin(order, told, { ref, of, stop }))) return neverBegan;
      if (this.instances.dead) return new Promise(() => {});
      return this.work(order, stop, this.instances.member(ref), () => {}, early);
    });
  }

  private work(
    order: AttemptOrder,
    stop: AbortSignal,
    member: Member | null,
    placed: () => void,
    early: (field: string, value: Value) => void,
  ): Promise<AttemptReport> {
    const { clock, chance } = this.options;
    const { fails, lost, hangs, deaf, unplaced } = this.now;
    const { n, a, name, key, task } = order;
    const args = JSON.stringify(order.values);
    const each: Started = {
      ...{ life: this.life, name, n, a, key, args, member },
      cpu: member?.runner === "far" ? 0 : task.settings.needs.cpu,
      cached: task.settings.cache !== null,
      alive: true,
    };
    this.options.starts(each);
    this.started.push(each);
    this.enter(each);
    if (chance() >= unplaced) this.tell(each, Math.floor(chance() * 30), placed);
    const ms = chance() < hangs ? 7_200_000 : Math.floor(chance() * 5_000);
    // An early field is final: each attempt writes the same.
    if (task.name === "e" && chance() < 0.7)
      this.tell(each, Math.floor(chance() * ms), () => early("api", `early ${name}`));
    const luck = chance();
    const isDeaf = chance() < deaf;
    return new Promise((resolve) => {
      const end = (report: AttemptReport): void => {
        this.leave(each);
        resolve(report);
      };
      clock.timer(ms, () => {
        if (member !== null && member.state !== "open") end({ outcome: "lost", message: "it is gone" });
        else if (luck < fails) end({ outcome: "failed", why: "exit", message: "bad luck", exit: 1 });
        else if (luck < fails + lost)
          end(n % 2 === 0 ? { outcome: "lost", message: "its place is gone" } : patience);
        else end({ outcome: "succeeded", exit: 0, value: this.options.valueOf(order) });
      });
      stop.addEventListener("abort", () => {
        if (!isDeaf) clock.timer(Math.floor(chance() * 40), () => end({ outcome: "cancelled" }));
      });
    });
  }

  /** What is promised of an instance that serves an attempt. */
  private enter({ name, a, member }: Started): void {
    if (member === null) return;
    const { problem } = this.options;
    const what = `${name} #${a}`;
    const { reuse = 0 } = this.options.plan.runners.find((each) => each.name === member.runner) ?? {};
    if (member.state === "closed") problem(`${what} is served by ${member.ref}, which was ended`);
    if (member.serving !== null) problem(`${what} is served by ${member.ref} beside ${member.serving}`);
    if (++member.served > reuse) problem(`${member.ref} serves ${member.served} nodes`);
    member.serving = what;
  }

  private leave(each: Started): void {
    each.alive = false;
    if (each.member !== null) each.member.serving = null;
  }

  private tell(each: Started, ms: number, told: () => void): void {
    const { clock, chance } = this.options;
    clock.timer(ms, () => each.alive && told());
    if (chance() >= this.now.echoes) return;
    const { life } = this;
    // An old owner's ears are gone with it.
    clock.timer(ms + Math.floor(chance() * 10_000), () => life === this.life && told());
  }
}
