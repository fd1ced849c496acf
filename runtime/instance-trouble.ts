// What a pool knows of a place that gives no instance: when it is asked again, and what it has refused.

import type { NoInstance } from "./runner.ts";

/** A place that is busy or fails us is asked again after so long, unless it says when; each time later. */
const againAfter = { ms: 1_000, factor: 2, maxMs: 60_000, jitter: 0.2 };

/** A place that fails us as often in a row, for more than a minute, is given up. */
const lostMax = 8;

/** What a place has refused it is not asked for again so soon: who else needs the same is told the same. */
const refusedMs = 10_000;

export interface TroubleWorld {
  /** Monotonic ms. */
  now(): number;
  random(): number;
  /** For people, as a sentence. */
  tell(text: string): void;
}

/** Who hears what the place has said: the attempt for which it was asked, all that need the same, all; or nobody yet. */
export type Heard = { readonly by: "one" | "alike" | "all" | "nobody"; readonly made: NoInstance };

export class Trouble {
  /** The place is not asked before, and then by one to begin with; null: it is well. */
  until: number | null = null;
  private readonly name: string;
  private readonly world: TroubleWorld;
  /** How often it was asked since it is not well, and how often in a row it has failed. */
  private times = 0;
  private lost = 0;
  private readonly refusals = new Map<string | null, { readonly until: number; readonly made: NoInstance }>();

  /** `name`: of the declared runner. */
  constructor(name: string, world: TroubleWorld) {
    this.name = name;
    this.world = world;
  }

  /** What who needs this was told a moment ago; null: nothing. */
  refusal(shape: string): NoInstance | null {
    const found = this.refusals.get(shape) ?? this.refusals.get(null);
    return found !== undefined && this.world.now() < found.until ? found.made : null;
  }

  /** The place has answered for somebody who needs this. */
  heard(made: NoInstance, shape: string): Heard {
    if (made.problem === "refused") return { by: "alike", made: this.refused(shape, made) };
    if (made.problem === "busy") return this.wait(made, "is busy, and is asked again until it is not");
    // Several may have been asked at once, and all hear the same: that counts once.
    if (this.until === null || this.world.now() >= this.until) this.lost++;
    // A single loss is its attempt's, which is made again at once.
    if (this.lost === 1) return { by: "one", made };
    if (this.lost < lostMax) return this.wait(made, "fails, and is asked again");
    const message = `${made.message}\nIt was asked ${lostMax} times in a row.`;
    return { by: "all", made: this.refused(null, { problem: "refused", message }) };
  }

  /** It has given one. */
  over(): void {
    if (this.until !== null && this.lost > 0) this.world.tell(`\`${this.name}\` can be had again.`);
    this.rest();
  }

  private rest(): void {
    this.until = null;
    this.times = 0;
    this.lost = 0;
  }

  private refused(shape: string | null, made: NoInstance): NoInstance {
    this.rest();
    this.refusals.set(shape, { until: this.world.now() + refusedMs, made });
    return made;
  }

  private wait(made: NoInstance, how: string): Heard {
    const { message, afterMs = null } = made;
    const now = this.world.now();
    if (this.until === null) this.world.tell(`\`${this.name}\` ${how}: ${message}`);
    if (this.until === null || now >= this.until) this.times++;
    const { ms, factor, maxMs, jitter } = againAfter;
    const backoff = Math.min(ms * factor ** (this.times - 1), maxMs);
    const until = now + Math.round((afterMs ?? backoff) * (1 + jitter * this.world.random()));
    this.until = Math.max(until, this.until ?? 0);
    return { by: "nobody", made };
  }
}
