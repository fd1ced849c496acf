// Where the attempts of a run are made: a pool for each declared runner, this machine as it is for all else.

import type { Plan } from "../compiler/plan.ts";
import type { Value } from "../compiler/types.ts";
import type { Place } from "./events.ts";
import type { Limits, Rate } from "./instance-choice.ts";
import { InstancePool, type PoolWorld, type Taken, type Wanted } from "./instances.ts";
import { type PlaceChoice, placeOf, withSecrets } from "./places.ts";
import type { InstanceRef, Quota, Runner } from "./runner.ts";

type Problem = { readonly problem: string };

export interface PlacesOf {
  readonly plan: Pick<Plan, "runners">;
  /** As in `RunOptions`. */
  readonly on: string | null;
  readonly secrets: ReadonlyMap<string, string>;
  /** `openRunner` of runners/registry. */
  runner(kind: string): Promise<Runner | Problem>;
}

/** So much later than it was told an instance may have been asked for. */
const toldMs = 100;

/** The run whose places they are. */
export interface PlacesFor {
  readonly run: string;
  /** It had an owner before. */
  readonly inherited: boolean;
  /** Absolute. */
  readonly project: string;
  /** As in `AttemptsOf`. */
  begun?(runner: string): readonly number[];
}

/** What of the world they need: the clock is both wall and monotonic. */
export interface PlacesWorld extends PoolWorld {
  /** Wall ms. */
  wall(): number;
}

/** So long an instance may have nothing to do before it is ended: the next node may be there at once. */
const idleMs = 10_000;

interface Found {
  readonly runner: Runner;
  readonly settings: Readonly<Record<string, Value>>;
  readonly limits: Limits;
}

/** What the declared runners of a plan are; what cannot be loaded is not among them. */
export async function placesOf(of: PlacesOf): Promise<readonly Place[]> {
  const places: Place[] = [];
  for (const { name } of of.plan.runners) {
    const found = await find(of, name);
    if ("problem" in found) continue;
    const { runner, limits } = found;
    const instances = Number.isFinite(limits.max) ? limits.max : null;
    places.push({ runner: name, kind: runner.kind, instances, elsewhere: !runner.computesHere });
  }
  return places;
}

async function find(of: PlacesOf, name: string): Promise<Found | Problem> {
  const place = placeOf(of.plan, name, of.on);
  if ("problem" in place) return place;
  const runner = await of.runner(place.kind);
  if ("problem" in runner) return runner;
  const settings = withSecrets(place.settings, of.secrets);
  return { runner, settings, limits: limitsOf(place, runner.quota(settings)) };
}

/** For fingerprints: the kind, and what its places are made of. Two kinds never have the same. Null: nobody can tell. */
export async function identityIn(
  of: PlacesOf,
  name: string,
  tell?: (progress: string) => void,
): Promise<string | null> {
  const found = await find(of, name);
  if ("problem" in found) return name;
  // No engine, no image: who opens a place there says what is wrong.
  return found.runner.identity(found.settings, tell).catch(() => null);
}

/** What the flow asks for, and what the place allows: the least of both. */
export function limitsOf({ instances, spawn, reuse }: PlaceChoice, quota: Quota): Limits {
  const rates: Rate[] = [];
  if (spawn !== null)
    rates.push({ amount: Math.max(1, Math.floor(spawn.amount)), ms: spawn.perSeconds * 1000 });
  if (quota.perSecond !== null && quota.perSecond > 0) {
    const amount = Math.max(1, Math.floor(quota.perSecond));
    rates.push({ amount, ms: (amount / quota.perSecond) * 1000 });
  }
  const unbounded = Number.POSITIVE_INFINITY;
  const max = Math.min(instances?.max ?? unbounded, quota.instances ?? unbounded);
  return { min: instances?.min ?? 0, max, reuse, rates, idleMs };
}

/** The places of one run. */
export class AttemptPlaces {
  private readonly of: PlacesOf;
  private readonly run: PlacesFor;
  private readonly world: PlacesWorld;
  private readonly pools = new Map<string, Promise<InstancePool | Problem>>();
  /** Only as long as they may have to be told from what an earlier owner left. */
  private started: Set<InstanceRef> | null;

  constructor(of: PlacesOf, run: PlacesFor, world: PlacesWorld) {
    this.of = of;
    this.run = run;
    this.started = run.inherited ? new Set() : null;
    this.world = {
      now: () => world.now(),
      wall: () => world.wall(),
      timer: (ms, wake) => world.timer(ms, wake),
      random: () => world.random(),
      isOurs: () => world.isOurs(),
      kept: (instance) => world.kept(instance),
      tell: (text) => world.tell(text),
      begun: (runner) => world.begun(runner),
      closed: (i, why) => world.closed(i, why),
      opened: (told) => {
        this.ours(told.ref);
        return world.opened(told);
      },
    };
  }

  /** What carries this was started here, and left by nobody. */
  ours(ref: InstanceRef): void {
    this.started?.add(ref);
  }

  async take(name: string, wanted: Wanted): Promise<Taken> {
    if (name === "local") {
      const runner = await this.of.runner("local");
      return "problem" in runner
        ? refused(runner)
        : ownInstance(runner, this.run.project, wanted, this.world);
    }
    const pool = this.pools.get(name) ?? this.pool(name);
    this.pools.set(name, pool);
    const opened = await pool;
    return "problem" in opened ? refused(opened) : opened.take(wanted);
  }

  identity(name: string): Promise<string | null> {
    return identityIn(this.of, name, (text) => this.world.tell(text));
  }

  /** As in `RunAttempts`. */
  async sweep(atOnce = false): Promise<readonly string[]> {
    await this.close();
    // Who goes on all the same gets new ones.
    this.pools.clear();
    return this.ended({ atOnce });
  }

  /** As in `RunAttempts`. */
  async sweepLeft(): Promise<readonly string[]> {
    const except = (): ReadonlySet<InstanceRef> => this.started ?? new Set();
    const swept = await this.during(() => this.ended({ except }));
    this.started = null;
    return swept;
  }

  /** Ends what carries the run's tag; `except`: not what is told to be ours. Gives what it was. */
  private async ended(how: {
    readonly atOnce?: boolean;
    readonly except?: () => ReadonlySet<InstanceRef>;
  }): Promise<readonly string[]> {
    const { run } = this.run;
    const { isOurs } = this.world;
    const swept: string[] = [];
    for (const [runner, settings] of await this.kinds()) {
      try {
        const refs = await runner.find(run, how.except?.(), settings);
        if (refs.length === 0) continue;
        await runner.end(refs, { atOnce: how.atOnce ?? false, isOurs: () => isOurs() });
        swept.push(...refs);
      } catch (error) {
        // A service that cannot be reached must not keep the run from ending, or from being resumed.
        if (runner.kind === "local") throw error;
        const why = error instanceof Error ? error.message : String(error);
        this.world.tell(`What this run may have left on ${runner.kind} could not be ended: ${why}`);
      }
    }
    return swept;
  }

  /** Carries out `look` while no instance is being made. */
  private async during<T>(look: () => Promise<T>): Promise<T> {
    let all = look;
    for (const pool of await this.opened()) {
      const inner = all;
      all = () => pool.during(inner);
    }
    return all();
  }

  /** Ends all instances. */
  async close(): Promise<void> {
    await Promise.all((await this.opened()).map((pool) => pool.close()));
  }

  private async opened(): Promise<readonly InstancePool[]> {
    const all = await Promise.all(this.pools.values());
    return all.filter((pool): pool is InstancePool => !("problem" in pool));
  }

  private async pool(name: string): Promise<InstancePool | Problem> {
    const found = await find(this.of, name);
    if ("problem" in found) return found;
    const { now, wall } = this.world;
    // What was told was done a moment later. If the wall was set back meanwhile, it was now.
    const ages = (this.run.begun?.(name) ?? []).map((at) => Math.max(0, wall() - at - toldMs));
    const begun = ages.map((age) => now() - age).sort((a, b) => a - b);
    return new InstancePool({ ...found, name, project: this.run.project, begun }, this.world);
  }

  /** Every runner that may have made something for the run, with all settings it may have done so with. */
  private async kinds(): Promise<ReadonlyMap<Runner, readonly Found["settings"][]>> {
    const kinds = new Map<Runner, Found["settings"][]>();
    const local = await this.of.runner("local");
    if (!("problem" in local)) kinds.set(local, []);
    for (const { name } of this.of.plan.runners) {
      const found = await find(this.of, name);
      if ("problem" in found) continue;
      kinds.set(found.runner, [...(kinds.get(found.runner) ?? []), found.settings]);
    }
    return kinds;
  }
}

function refused({ problem }: Problem): Taken {
  return { problem: "refused", message: problem };
}

/** An instance for this attempt alone: where that costs nothing, and nobody counts them. */
export async function ownInstance(
  runner: Runner,
  project: string,
  { tag, folder, needs }: Wanted,
  { isOurs }: Pick<PoolWorld, "isOurs">,
): Promise<Taken> {
  const spec = { tag, settings: {}, project, folder, needs, isOurs: () => isOurs() };
  const instance = await runner.open(spec);
  if ("problem" in instance) return instance;
  return { runner, instance, of: null, giveBack: () => instance.close() };
}
