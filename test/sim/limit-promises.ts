// What limits promise, checked against what happened: no window above what is allowed, no slot twice, nothing in a pause.

import type { Plan } from "../../compiler/plan.ts";
import type { LimitPlan, UsePlan } from "../../compiler/plan-limits.ts";
import type { Event } from "../../runtime/events.ts";

/** Something that happened to a run: an event, or (null) its owner died. */
export interface Told {
  readonly run: string;
  readonly at: number;
  readonly event: Event | null;
}

/** All by time; in one moment what gives back before what takes, each run in its own order. */
export function merged(lists: readonly (readonly Told[])[]): readonly Told[] {
  const all: Told[] = [];
  const heads = lists.map(() => 0);
  const rank = ({ event }: Told): number => (event?.type === "attempt.started" ? 1 : 0);
  for (;;) {
    let best: { readonly told: Told; readonly list: number } | null = null;
    for (const [i, list] of lists.entries()) {
      const told = list[heads[i] ?? 0];
      if (told === undefined) continue;
      if (
        best === null ||
        told.at < best.told.at ||
        (told.at === best.told.at && rank(told) < rank(best.told))
      )
        best = { told, list: i };
    }
    if (best === null) return all;
    all.push(best.told);
    heads[best.list] = (heads[best.list] ?? 0) + 1;
  }
}

interface Entry {
  readonly of: string;
  readonly at: number;
  readonly unit: string;
  amount: number;
  /** The most that its attempt told to have used all in all; null: it told nothing. */
  told: number | null;
}

/** What was not kept of what limits promise, over all runs. */
export function broken(limits: readonly LimitPlan[], told: readonly Told[]): readonly string[] {
  const problems: string[] = [];
  for (const limit of limits) {
    const entries: Entry[] = [];
    const holders = new Map<string, string | null>();
    let paused = { from: 0, until: 0 };
    for (const { run, at, event } of told) {
      if (event === null)
        for (const key of [...holders.keys()]) if (key.startsWith(`${run} `)) holders.delete(key);
      if (event?.type === "limit.paused" && event.limit === limit.name)
        paused = { from: paused.until > at ? paused.from : at, until: Math.max(paused.until, event.until) };
      if (event === null || !("n" in event)) continue;
      const key = `${run} ${event.n}`;
      if (event.type === "limit.used" && holders.has(key))
        more(entries, `${key} ${event.a}`, event.amounts, at, limit);
      if (event.type === "attempt.ended") {
        const lost = event.outcome === "lost" && event.why === undefined;
        if (holders.has(key) && !lost) less(entries, `${key} ${event.a}`);
        holders.delete(key);
      }
      const took =
        event.type === "attempt.started" ? event.took?.find((each) => each.limit === limit.name) : undefined;
      if (took === undefined) continue;
      if (at > paused.from && at < paused.until)
        problems.push(`${key} starts at ${at} while ${limit.name} is paused`);
      if (took.slot !== undefined && [...holders.values()].includes(took.slot))
        problems.push(`${key} gets the slot ${took.slot}, which another one has`);
      if (limit.slots !== null && took.slot === undefined) problems.push(`${key} starts without a slot`);
      holders.set(key, took.slot ?? null);
      const most = limit.concurrent ?? limit.slots?.length ?? Number.POSITIVE_INFINITY;
      if (holders.size > most)
        problems.push(`${holders.size} have ${limit.name} at one time, ${key} the last`);
      for (const { unit, amount, perSeconds } of limit.rates) {
        entries.push({
          of: `${key} ${"a" in event ? event.a : 0}`,
          at,
          unit,
          amount: took.amounts[unit] ?? 0,
          told: null,
        });
        const counted = entries.filter((each) => each.unit === unit && each.at > at - perSeconds * 1000);
        const sum = counted.reduce((all, each) => all + each.amount, 0);
        if ((took.amounts[unit] ?? 0) > 0 && sum > amount && sum > (took.amounts[unit] ?? 0))
          problems.push(
            `${sum} ${unit} of ${limit.name} in ${perSeconds} seconds, ${key} the last, at ${at}`,
          );
      }
    }
  }
  return problems;
}

/** An open attempt has used so much: what goes beyond what it took counts from now. */
function more(
  entries: Entry[],
  of: string,
  amounts: Readonly<Record<string, number>>,
  at: number,
  { rates }: LimitPlan,
): void {
  for (const { unit } of rates) {
    const now = amounts[unit];
    const own = entries.filter((each) => each.of === of && each.unit === unit);
    const [first] = own;
    if (now === undefined || first === undefined) continue;
    first.told = Math.max(now, first.told ?? 0);
    const before = own.reduce((all, each) => all + each.amount, 0);
    if (now > before) entries.push({ of, at, unit, amount: now - before, told: null });
  }
}

/** It has ended, and what it took and has not used counts no more. */
function less(entries: readonly Entry[], of: string): void {
  for (const first of entries)
    if (first.of === of && first.told !== null) first.amount = Math.min(first.amount, first.told);
}

/** The plan with limits that some of its tasks use; by chance not at all. */
export function limited(plan: Plan, chance: () => number): Plan {
  if (chance() < 0.5) return plan;
  const none = { rates: [], concurrent: null, slots: null, reserve: 0 };
  const rates = [{ unit: "requests", amount: 2 + Math.floor(chance() * 4), perSeconds: 10 }];
  const limits: readonly LimitPlan[] = [
    { ...none, name: "api", rates, reserve: chance() < 0.3 ? 0.2 : 0 },
    { ...none, name: "few", concurrent: 1 + Math.floor(chance() * 2) },
    { ...none, name: "places", slots: ["a", "b", "c"].slice(0, 1 + Math.floor(chance() * 3)) },
  ];
  const tasks = Object.entries(plan.tasks).map(([name, task]) => {
    if (task.action === null) return [name, task] as const;
    const uses: UsePlan[] = [];
    const requests = { unit: "requests", amount: { k: "lit", v: 1 + Math.floor(chance() * 2) } } as const;
    if (chance() < 0.5) uses.push({ limit: "api", amounts: [requests] });
    for (const limit of ["few", "places"]) if (chance() < 0.3) uses.push({ limit, amounts: [] });
    return [name, { ...task, settings: { ...task.settings, uses } }] as const;
  });
  return { ...plan, limits, tasks: Object.fromEntries(tasks) };
}
