// Which nodes limits hold while others pass them, and for how long: what `decide` looks at before it starts one.

import { usesOf } from "./decide-uses.ts";
import type { Lack, NodeUse } from "./limit-state.ts";
import type { Run } from "./run.ts";
import { rankOf } from "./run-settings.ts";

/** A node that a limit holds is passed over by so many others that take of it; then room is kept for it. */
const passedMax = 64;
/** What others do with a limit is heard by a bell; so often it is looked at all the same. */
const othersMs = 1000;

const none: readonly NodeUse[] = [];

/** It remembers who was passed over, and forgets all else with each look. */
export class LimitWaits {
  private readonly run: Run;
  private readonly before: (a: number, b: number) => boolean;
  private readonly uses = new Map<number, readonly NodeUse[]>();
  /** Of this look: what is held, the longest of its lacks. */
  private readonly lacking = new Map<number, Lack>();
  /** The first of those that wait for a limit, and for which there is room otherwise. */
  private readonly first = new Map<string, number>();
  private readonly passed = new Map<string, { readonly n: number; times: number }>();
  private now = 0;

  constructor(run: Run, before: (a: number, b: number) => boolean) {
    this.run = run;
    this.before = before;
  }

  get any(): boolean {
    return this.run.limits.any;
  }

  /** Nodes of one key are held alike, so that it is enough to look at the first of them. */
  keyOf(n: number): string {
    if (!this.any) return "";
    let key = "";
    for (const { limit, amounts } of this.usesOf(n))
      key += ` ${limit} ${Object.values(amounts).map(roughly).join(" ")}`;
    return key;
  }

  /** It is not ready any more, or not here. */
  forget(n: number): void {
    this.uses.delete(n);
  }

  begin(now: number): void {
    this.now = now;
    this.lacking.clear();
    this.first.clear();
  }

  /** `fits`: all else that it needs is there. */
  look(n: number, fits: boolean): void {
    const uses = this.usesOf(n);
    if (uses.length === 0) return;
    const { limits } = this.run;
    const lack = limits.lack(uses, rankOf(this.run, n) === 0, this.now);
    if (lack === null) return;
    this.lacking.set(n, lack);
    if (!fits) return;
    // While a pause lasts nothing else is kept free for what waits for its end.
    for (const { limit } of lack.by === "paused" ? [lack] : uses) {
      const other = this.first.get(limit);
      if (other === undefined || this.before(n, other)) this.first.set(limit, n);
    }
  }

  /** May it not start: for a limit, or since room is kept for one that it has passed too often? */
  holds(n: number): boolean {
    return this.lacking.has(n) || this.usesOf(n).some(({ limit }) => this.keptFrom(n, limit));
  }

  /** It is started: whoever stands before it and waits for the same was passed over. */
  starts(n: number): void {
    for (const { limit } of this.usesOf(n)) {
      const other = this.first.get(limit);
      if (other === undefined || !this.before(other, n)) continue;
      const passed = this.passed.get(limit);
      if (passed?.n === other) passed.times++;
      else this.passed.set(limit, { n: other, times: 1 });
    }
  }

  /** Limits for which nodes wait that have all else. */
  get awaited(): Iterable<string> {
    const limits = new Set<string>();
    for (const n of this.first.values()) {
      const lack = this.lacking.get(n);
      if (lack === undefined) continue;
      limits.add(lack.limit);
      for (const { limit } of this.usesOf(n)) if (this.isKept(limit, n)) limits.add(limit);
    }
    return limits;
  }

  /** Of those that have all else the one that may go on soonest; null: no limit holds any. */
  get soonest(): { readonly n: number; readonly lack: Lack } | null {
    let best: { readonly n: number; readonly lack: Lack } | null = null;
    for (const n of this.first.values()) {
      const lack = this.lacking.get(n);
      if (lack === undefined) continue;
      const until = lack.until ?? Number.POSITIVE_INFINITY;
      if (best === null || until < (best.lack.until ?? Number.POSITIVE_INFINITY)) best = { n, lack };
    }
    return best;
  }

  /** When one of those that are held should be looked at again, in wall ms; null: none, or when something has ended. */
  nextTime(): number | null {
    let next: number | null = null;
    for (const { until } of this.lacking.values())
      if (until !== null && (next === null || until < next)) next = until;
    if (this.lacking.size === 0 || !this.run.limits.shared) return next;
    return Math.min(next ?? Number.POSITIVE_INFINITY, this.now + othersMs);
  }

  private keptFrom(n: number, limit: string): boolean {
    const other = this.first.get(limit);
    return other !== undefined && other !== n && this.before(other, n) && this.isKept(limit, other);
  }

  private isKept(limit: string, n: number): boolean {
    const passed = this.passed.get(limit);
    return passed?.n === n && passed.times >= passedMax;
  }

  private usesOf(n: number): readonly NodeUse[] {
    if (!this.any) return none;
    const known = this.uses.get(n);
    if (known !== undefined) return known;
    const uses = usesOf(this.run, n);
    // What cannot be computed starts, and fails.
    const value = uses.ok ? uses.value : none;
    this.uses.set(n, value);
    return value;
  }
}

/** Amounts that differ by less than an eighth wait in one line: there are not as many lines as amounts. */
function roughly(amount: number): number {
  if (amount <= 8) return amount;
  const step = 2 ** (Math.floor(Math.log2(amount)) - 2);
  return Math.ceil(amount / step) * step;
}
