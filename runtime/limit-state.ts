// How much of one limit is taken, by this run and by others, and whether one more node may start.

import type { LimitPlan } from "../compiler/plan-limits.ts";
import { SlidingWindow } from "./limit-window.ts";

/** What a node takes of a limit. */
export interface NodeUse {
  readonly limit: string;
  readonly amounts: Readonly<Record<string, number>>;
  /** Its agent's requests are led past flowc: each is counted when it is sent, and `amounts` are what it is thought to ask first. */
  readonly proxied?: true;
}

/** What it got. */
export interface Took {
  readonly limit: string;
  readonly amounts: Readonly<Record<string, number>>;
  readonly slot?: string;
  /** Its agent's requests are led past flowc: so much it is thought to ask first, of which nothing is taken yet. */
  readonly ahead?: Readonly<Record<string, number>>;
}

/** What an API says of itself in its answers: so much of `limit` is left, and all of it there again at the wall ms `until`. */
export interface ToldBound {
  readonly unit: string;
  readonly limit: number;
  readonly remaining: number;
  readonly until: number;
}

/** Why a node may not start. `until`: the wall ms at which it is to be looked at again; null: when somebody gives back. */
export interface Lack {
  readonly limit: string;
  readonly by: "paused" | "rate" | "concurrent" | "slots" | "others";
  /** Of a rate: what of, how much of how much counts now, how much is asked for, and how much of it is kept back. */
  readonly rate: {
    readonly unit: string;
    readonly used: number;
    readonly of: number;
    readonly perSeconds: number;
    readonly asked: number;
    readonly kept: number;
  } | null;
  readonly until: number | null;
}

/** This run among those that share a limit. */
export const ownRun = 0;

/** Agents whose requests are led past flowc are started for what their limit gives in so long, so that one always waits. */
const aheadMs = 3000;

/** So long nothing may be taken of a limit of which there is enough, before whoever waits stops to be polite. */
const politeMs = 3000;

interface Bounded {
  readonly unit: string;
  readonly perSeconds: number;
  readonly window: SlidingWindow;
  /** What all may take together: the least that any of the runs says. */
  amount: number;
  /** What this run's plan says; null: only another run bounds it so. */
  readonly own: number | null;
}

/** A run that uses the limit. */
export interface Sharer {
  /** Its number in the journal; {@link ownRun}: this one. */
  readonly run: number;
  readonly bounds: LimitPlan;
  /** A node of it waits for this limit alone. */
  readonly waits: boolean;
  /** Wall ms at which it took of the limit the last time, as all of them see it. */
  readonly tookAt: number;
}

export class LimitState {
  readonly plan: LimitPlan;
  pausedUntil = 0;
  /** What its API has said last; nothing, if nobody has heard. */
  told: readonly ToldBound[] = [];
  private bounds: Bounded[];
  private concurrent: number;
  private sharers: readonly Sharer[] = [];
  private readonly holders = new Map<number, { readonly run: number; readonly slot: string | null }>();
  private readonly heldBy = new Map<number, number>();
  /** Of nodes that were started, what they will ask next, and nothing of it is taken yet. */
  private readonly ahead = new Map<number, Took["amounts"]>();
  /** Since when there is room and others are let go first. */
  private politeSince: number | null = null;

  constructor(plan: LimitPlan) {
    this.plan = plan;
    this.concurrent = atOnce(plan);
    this.bounds = plan.rates.map(({ unit, amount, perSeconds }) => ({
      ...{ unit, perSeconds, amount, own: amount },
      window: new SlidingWindow(perSeconds * 1000),
    }));
  }

  /** Whether it holds anybody until somebody gives back. */
  get holds(): boolean {
    return Number.isFinite(atOnce(this.plan));
  }

  /** The longest time for which anything taken of it counts. */
  get ms(): number {
    return Math.max(0, ...this.bounds.map(({ window }) => window.ms));
  }

  /** Who uses it: the stricter of all bounds holds. */
  share(sharers: readonly Sharer[]): void {
    this.sharers = sharers;
    const all = [this.plan, ...sharers.filter(({ run }) => run !== ownRun).map(({ bounds }) => bounds)];
    this.concurrent = Math.min(...all.map(atOnce));
    const wanted = all.flatMap(({ rates }) => rates);
    const kept = this.bounds.filter((each) => each.own !== null || wanted.some((rate) => isOf(rate, each)));
    for (const rate of wanted) {
      if (kept.some((each) => isOf(rate, each))) continue;
      const { unit, perSeconds, amount } = rate;
      const like = this.bounds
        .filter((each) => each.unit === unit)
        .sort((a, b) => b.perSeconds - a.perSeconds)[0];
      kept.push({
        ...{ unit, perSeconds, amount, own: null },
        window: new SlidingWindow(perSeconds * 1000, like?.window ?? null),
      });
    }
    for (const each of kept)
      each.amount = Math.min(...wanted.filter((rate) => isOf(rate, each)).map(({ amount }) => amount));
    this.bounds = kept;
  }

  /** `silent`: see {@link SlidingWindow.take}. */
  take(
    key: number,
    run: number,
    at: number,
    { amounts, slot = null }: Omit<Took, "limit" | "slot"> & { readonly slot?: string | null },
    silent = false,
  ): void {
    for (const { unit, window } of this.bounds) {
      const amount = amounts[unit] ?? 0;
      if (amount > 0) window.take(key, run, at, amount, silent);
    }
    this.holders.set(key, { run, slot });
    this.heldBy.set(run, (this.heldBy.get(run) ?? 0) + 1);
  }

  end(key: number, at: number): void {
    for (const { window } of this.bounds) window.end(key, at);
    this.ahead.delete(key);
    const holder = this.holders.get(key);
    if (holder === undefined) return;
    this.holders.delete(key);
    this.heldBy.set(holder.run, (this.heldBy.get(holder.run) ?? 1) - 1);
  }

  correct(key: number, amounts: Readonly<Record<string, number>>, now: number): void {
    const run = this.holders.get(key)?.run;
    if (run === undefined) return;
    for (const { unit, window } of this.bounds) {
      const amount = amounts[unit];
      if (amount !== undefined) window.correct(key, run, amount, now);
    }
  }

  /** An agent works, and tells what it has asked for so far. */
  asked(key: number, told: Readonly<Record<string, number>>, now: number): void {
    for (const { unit, window } of this.bounds) window.asked(key, told[unit] ?? 0, now);
  }

  /** Of what an open attempt has of a unit, that which counts by itself, from when it was told. */
  moreOf(key: number, unit: string): number {
    let more = 0;
    for (const each of this.bounds) if (each.unit === unit) more = Math.max(more, each.window.moreOf(key));
    return more;
  }

  /** A request that is led past flowc: it counts, and holds nothing else. `key` as in {@link take}. */
  pass(key: number, run: number, at: number, amounts: Took["amounts"]): void {
    for (const { unit, window } of this.bounds) {
      const amount = amounts[unit] ?? 0;
      if (amount > 0) window.take(key, run, at, amount);
    }
  }

  /** That request takes so much, as far as is known. */
  correctPass(key: number, run: number, amounts: Took["amounts"], now: number): void {
    for (const { unit, window } of this.bounds) {
      const amount = amounts[unit];
      if (amount !== undefined) window.correct(key, run, amount, now);
    }
  }

  /** That request has reached its API. */
  passed(key: number, at: number): void {
    for (const { window } of this.bounds) window.sent(key, at);
  }

  /** What a node that was started asks next; null: nothing that is known of. */
  awaits(n: number, amounts: Took["amounts"] | null): void {
    if (amounts === null) this.ahead.delete(n);
    else this.ahead.set(n, amounts);
  }

  /** A slot that nobody has; null if there is none. */
  freeSlot(): string | null {
    const taken = new Set([...this.holders.values()].map(({ slot }) => slot));
    return this.plan.slots?.find((slot) => !taken.has(slot)) ?? null;
  }

  /** What holds a node that takes so much; null: nothing does. `high`: it may take of what is kept back. */
  lack({ amounts, proxied }: NodeUse, high: boolean, now: number): Lack | null {
    const limit = this.plan.name;
    const late = this.late(amounts, high, now, proxied === true);
    if (late !== null) return late;
    const { slots } = this.plan;
    const held = this.holders.size;
    const room = Number.isFinite(this.concurrent)
      ? forAll(this.concurrent, this.plan.reserve, high)
      : this.concurrent;
    if (held > 0 && held + 1 > room)
      return { limit, by: slots === null ? "concurrent" : "slots", rate: null, until: null };
    if (slots !== null && this.freeSlot() === null) return { limit, by: "slots", rate: null, until: null };
    return this.lets(now) ? { limit, by: "others", rate: null, until: null } : null;
  }

  /** What holds a request of a node that was started. */
  lackOfPass(amounts: Took["amounts"], high: boolean, now: number): Lack | null {
    const late = this.late(amounts, high, now, false);
    if (late !== null) return late;
    return this.lets(now) ? { limit: this.plan.name, by: "others", rate: null, until: null } : null;
  }

  /** What will never fit; null if it can. */
  impossible({
    amounts,
  }: NodeUse): { readonly unit: string; readonly amount: number; readonly of: Bounded } | null {
    for (const of of this.bounds) {
      const amount = amounts[of.unit] ?? 0;
      if (of.own !== null && amount > of.own) return { unit: of.unit, amount, of };
    }
    return null;
  }

  /** What there is to tell of its bounds, up to now. */
  view(now: number): readonly BoundView[] {
    const { plan } = this;
    const rates = this.bounds.map(({ unit, perSeconds, amount, window }): BoundView => {
      window.pass(now);
      const until = window.used < amount ? null : window.downTo(amount - 1);
      return { unit, perSeconds, limit: amount, used: window.used, until };
    });
    const held = this.holders.size;
    const bounded = Number.isFinite(this.concurrent);
    const unit = plan.slots === null ? "concurrent" : "slots";
    return bounded
      ? [...rates, { unit, perSeconds: null, limit: this.concurrent, used: held, until: null }]
      : rates;
  }

  /** `proxied`: it takes nothing when it starts, and waits with its first request. */
  private late(amounts: NodeUse["amounts"], high: boolean, now: number, proxied: boolean): Lack | null {
    const limit = this.plan.name;
    if (this.pausedUntil > now) return { limit, by: "paused", rate: null, until: this.pausedUntil };
    let worst: Lack | null = null;
    for (const { unit, perSeconds, amount, window } of this.bounds) {
      const asked = amounts[unit] ?? 0;
      window.pass(now);
      const { used } = window;
      const ahead = proxied ? this.aheadOf(unit) : 0;
      // What is more than there is for all of its kind starts when nothing else counts.
      if (asked === 0 || used + ahead === 0) continue;
      const room = forAll(amount, this.plan.reserve, high);
      const most = room + (proxied ? Math.ceil(room * Math.min(1, aheadMs / window.ms)) : 0);
      if (used + ahead + asked <= most) continue;
      const left = Math.max(0, most - asked - ahead);
      // Where others have yet to ask, no time can be told.
      const until = used <= left ? null : Math.max(now + 1, window.downTo(left));
      if (worst !== null && ends(worst.until) >= ends(until)) continue;
      const rate = { unit, used, of: amount, perSeconds, asked, kept: amount - room };
      worst = { limit, by: "rate", rate, until };
    }
    return worst;
  }

  private aheadOf(unit: string): number {
    let sum = 0;
    for (const amounts of this.ahead.values()) sum += amounts[unit] ?? 0;
    return sum;
  }

  /** Is another run that waits to go first? If then nobody takes anything, none of them was to. */
  private lets(now: number): boolean {
    if (!this.sharers.some((each) => each.run !== ownRun && each.waits && this.goesFirst(each))) {
      this.politeSince = null;
      return false;
    }
    this.politeSince ??= now;
    const idle = this.holders.size === 0 && this.bounds.every(({ window }) => window.used === 0);
    return !idle || now - this.politeSince < politeMs;
  }

  /** Whoever has less of it, or of equals took the last time before us. */
  private goesFirst({ run, tookAt }: Sharer): boolean {
    const [own, other] = [this.shareOf(ownRun), this.shareOf(run)];
    if (own !== other) return other < own;
    const us = this.sharers.find((each) => each.run === ownRun);
    return us !== undefined && tookAt < us.tookAt;
  }

  /** The part of the limit that a run has now. */
  private shareOf(run: number): number {
    let share = Number.isFinite(this.concurrent) ? (this.heldBy.get(run) ?? 0) / this.concurrent : 0;
    for (const { window, amount } of this.bounds) share = Math.max(share, window.usedBy(run) / amount);
    return share;
  }
}

export interface BoundView {
  /** `requests`, `tokens`, `concurrent`, `slots`. */
  readonly unit: string;
  /** Null: not by time. */
  readonly perSeconds: number | null;
  readonly limit: number;
  readonly used: number;
  /** Wall ms from which there is room again; null: there is, or nobody knows. */
  readonly until: number | null;
}

/** What is there for a node: all of it, or what is not kept back for priority high, which is rounded and never all. */
export function forAll(amount: number, reserve: number, high: boolean): number {
  return high || reserve === 0 ? amount : Math.max(1, amount - Math.round(amount * reserve));
}

/** What nobody can tell comes last. */
function ends(until: number | null): number {
  return until ?? Number.POSITIVE_INFINITY;
}

function atOnce({ concurrent, slots }: LimitPlan): number {
  return Math.min(concurrent ?? Number.POSITIVE_INFINITY, slots?.length ?? Number.POSITIVE_INFINITY);
}

function isOf(a: { unit: string; perSeconds: number }, b: { unit: string; perSeconds: number }): boolean {
  return a.unit === b.unit && a.perSeconds === b.perSeconds;
}
