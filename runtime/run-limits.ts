// The limits of a run: what its events say that it has taken of them and, as far as somebody tells, what others have.

import type { AgentPlan } from "../compiler/plan.ts";
import type { LimitPlan } from "../compiler/plan-limits.ts";
import type { EventBody } from "./events.ts";
import {
  type BoundView,
  type Lack,
  LimitState,
  type NodeUse,
  ownRun,
  type ToldBound,
  type Took,
} from "./limit-state.ts";
import { amountText, rateText } from "./limit-texts.ts";
import { countsMs } from "./limit-window.ts";

/** What became of a limit, up to a time. */
export interface LimitView {
  readonly limit: string;
  readonly bounds: readonly BoundView[];
  /** What its API has said last; nothing, if its requests are not led past flowc. */
  readonly told: readonly ToldBound[];
  /** Wall ms until which nothing of it may be taken; null: it is not paused. */
  readonly pausedUntil: number | null;
  /** How often it was paused in this run. */
  readonly pauses: number;
  /** Attempts of this run that took of it, and how much all of them together. */
  readonly attempts: number;
  readonly took: Readonly<Record<string, number>>;
  /** Nodes of this run that could start or have to wait for it. */
  readonly waiting: number;
}

/** Of an `attempt.ended`. */
export type AttemptEnd = Pick<Extract<EventBody, { type: "attempt.ended" }>, "outcome" | "why">;

interface Tally {
  attempts: number;
  pauses: number;
  readonly took: Map<string, number>;
}

export class RunLimits {
  /** Other runs use one of them now. */
  shared = false;
  private readonly states: ReadonlyMap<string, LimitState>;
  private readonly tallies = new Map<string, Tally>();
  /** What open attempts have, and what they have told to have used. */
  private readonly taken = new Map<number, readonly Took[]>();
  private readonly used = new Map<number, Readonly<Record<string, number>>>();

  /** By the name of an agent, the limit by which its requests are held, where they are led past flowc. */
  readonly proxied: ReadonlyMap<string, string>;

  constructor(plans: readonly LimitPlan[], agents: readonly Pick<AgentPlan, "name" | "proxy">[] = []) {
    this.proxied = new Map(agents.flatMap(({ name, proxy }) => (proxy === undefined ? [] : [[name, proxy]])));
    this.states = new Map(plans.map((plan) => [plan.name, new LimitState(plan)]));
    for (const { name } of plans) this.tallies.set(name, { attempts: 0, pauses: 0, took: new Map() });
  }

  get any(): boolean {
    return this.states.size > 0;
  }

  get names(): Iterable<string> {
    return this.states.keys();
  }

  /** The longest time for which anything taken of any of them counts. */
  get ms(): number {
    return Math.max(0, ...[...this.states.values()].map(({ ms }) => countsMs(ms)));
  }

  /** By name. */
  state(limit: string): LimitState | null {
    return this.states.get(limit) ?? null;
  }

  /** What holds a node, the longest; null: all that it uses has room. */
  lack(uses: readonly NodeUse[], high: boolean, now: number): Lack | null {
    let worst: Lack | null = null;
    for (const use of uses) {
      const lack = this.states.get(use.limit)?.lack(use, high, now) ?? null;
      if (lack === null) continue;
      if (
        worst === null ||
        (lack.until ?? Number.POSITIVE_INFINITY) > (worst.until ?? Number.POSITIVE_INFINITY)
      )
        worst = lack;
    }
    return worst;
  }

  /** A clause, why a node can never start; null: it can. */
  impossible(uses: readonly NodeUse[]): string | null {
    for (const use of uses) {
      const found = this.states.get(use.limit)?.impossible(use) ?? null;
      if (found === null) continue;
      const { unit, amount, of } = found;
      const all = rateText({ unit, of: of.own ?? of.amount, perSeconds: of.perSeconds });
      return `it asks for ${amountText(amount, unit)} of \`${use.limit}\` at once, which allows ${all}`;
    }
    return null;
  }

  /** What a node gets that {@link lack} lets start. */
  given(uses: readonly NodeUse[]): readonly Took[] {
    return uses.map((use) => {
      const slot = this.states.get(use.limit)?.freeSlot() ?? null;
      const took = use.proxied === true ? { limit: use.limit, amounts: {}, ahead: use.amounts } : use;
      return slot === null ? took : { ...took, slot };
    });
  }

  /** `asks`: it starts an agent, which says when it works. */
  take(n: number, took: readonly Took[], at: number, asks: boolean): void {
    this.taken.set(n, took);
    for (const each of took) {
      const state = this.states.get(each.limit);
      state?.take(n, ownRun, at, each, asks);
      if (each.ahead !== undefined) state?.awaits(n, each.ahead);
      const tally = this.tallies.get(each.limit);
      if (tally === undefined) continue;
      tally.attempts++;
      for (const [unit, amount] of Object.entries(each.amounts))
        tally.took.set(unit, (tally.took.get(unit) ?? 0) + amount);
    }
  }

  /** Its attempt has ended so. */
  left(n: number, how: AttemptEnd, at: number): void {
    this.change(n, this.atEnd(n, how), at);
    this.used.delete(n);
    const took = this.takenBy(n);
    this.taken.delete(n);
    for (const { limit } of took) this.states.get(limit)?.end(n, at);
  }

  /** What counts on of an open attempt that ends so: what it has used, if it could tell all of that. */
  atEnd(n: number, { outcome, why }: AttemptEnd): readonly Took[] {
    const used = outcome === "lost" && why === undefined ? undefined : this.used.get(n);
    if (used === undefined) return this.takenBy(n);
    return this.takenBy(n).map((each) => this.bounded(each, (unit, was) => used[unit] ?? was));
  }

  /** An open attempt has used so much so far. What it has not used yet it may still use. */
  corrected(n: number, amounts: Readonly<Record<string, number>>, now: number): void {
    const used = { ...this.used.get(n) };
    for (const [unit, amount] of Object.entries(amounts)) used[unit] = Math.max(amount, used[unit] ?? 0);
    this.used.set(n, used);
    const more = (unit: string, was: number): number => Math.max(was, used[unit] ?? 0);
    const after = this.takenBy(n).map((each) => this.bounded(each, more));
    this.change(n, after, now);
    for (const { limit } of after) this.states.get(limit)?.asked(n, used, now);
  }

  /** Of what an open attempt has of each limit, that which counts by itself, from when it was told. */
  moreOf(n: number): readonly Readonly<Record<string, number>>[] {
    return this.takenBy(n).map(({ limit, amounts }) =>
      Object.fromEntries(
        Object.keys(amounts).map((unit) => [unit, this.states.get(limit)?.moreOf(n, unit) ?? 0]),
      ),
    );
  }

  /** The units that its limit bounds, each with a new amount. */
  private bounded(took: Took, amountOf: (unit: string, was: number) => number): Took {
    const rates = this.states.get(took.limit)?.plan.rates ?? [];
    const amounts = rates.map(({ unit }) => [unit, amountOf(unit, took.amounts[unit] ?? 0)] as const);
    return { ...took, amounts: Object.fromEntries(amounts) };
  }

  private change(n: number, after: readonly Took[], now: number): void {
    const took = this.taken.get(n);
    if (took === undefined || took === after) return;
    this.taken.set(n, after);
    after.forEach((each, i) => {
      // What its requests take is told by themselves.
      if (each.ahead === undefined) this.states.get(each.limit)?.correct(n, each.amounts, now);
      const tally = this.tallies.get(each.limit);
      for (const [unit, amount] of Object.entries(each.amounts))
        tally?.took.set(unit, (tally.took.get(unit) ?? 0) + amount - (took[i]?.amounts[unit] ?? 0));
    });
  }

  pause(limit: string, until: number): void {
    this.pauseBy(limit, until);
    const tally = this.tallies.get(limit);
    if (tally !== undefined) tally.pauses++;
  }

  /** Another run has heard that it is to be left alone. */
  pauseBy(limit: string, until: number): void {
    const state = this.states.get(limit);
    if (state !== undefined) state.pausedUntil = Math.max(state.pausedUntil, until);
  }

  /** An API has said how much of its own limits is left. */
  tell(limit: string, told: readonly ToldBound[]): void {
    const state = this.states.get(limit);
    if (state !== undefined) state.told = told;
  }

  /** What an open attempt has. */
  takenBy(n: number): readonly Took[] {
    return this.taken.get(n) ?? [];
  }

  slotOf(n: number, limit: string): string | null {
    return this.takenBy(n).find((each) => each.limit === limit)?.slot ?? null;
  }

  /** `waiting`: how many nodes wait for each. */
  view(now: number, waiting: () => ReadonlyMap<string, number>): readonly LimitView[] {
    if (this.states.size === 0) return [];
    const waits = waiting();
    return [...this.states].map(([limit, state]) => {
      const { attempts = 0, pauses = 0, took = new Map<string, number>() } = this.tallies.get(limit) ?? {};
      return {
        limit,
        bounds: state.view(now),
        told: state.told,
        pausedUntil: state.pausedUntil > now ? state.pausedUntil : null,
        ...{ pauses, attempts, took: Object.fromEntries(took), waiting: waits.get(limit) ?? 0 },
      };
    });
  }
}
