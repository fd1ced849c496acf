// What is taken of a limit and who waits for it, as a line and as JSON.

import type { BoundView, ToldBound } from "../../runtime/limit-state.ts";
import { amountText, digits, rateText } from "../../runtime/limit-texts.ts";
import type { LimitView } from "../../runtime/run-limits.ts";
import { duration } from "./amounts.ts";
import { count, visible } from "./text.ts";

/** `limit api: 100 of 100 requests per 1m, more in 12s, 14 wait`: what there is to tell while nodes run. */
export function limitNow(use: LimitView, now: number): string {
  const bounds = use.bounds.map((bound) => boundText(bound, now));
  const paused = use.pausedUntil === null ? [] : [`paused for ${duration(use.pausedUntil - now)} more`];
  const told = use.told.map((bound) => toldText(bound, now));
  const { waiting } = use;
  const waits = waiting === 0 ? [] : [`${waiting} ${waiting === 1 ? "waits" : "wait"}`];
  return `limit ${visible(use.limit)}: ${[...paused, ...bounds, ...told, ...waits].join(", ") || "not bounded"}`;
}

/** All of it; `going`: the run goes on. */
export function limitLine(use: LimitView, going: boolean, now: number): string {
  const taken = Object.entries(use.took).map(([unit, amount]) => visible(amountText(amount, unit)));
  const by = `${taken.length === 0 ? "" : `${taken.join(" and ")} by `}${count(use.attempts, "attempt")}`;
  const paused = use.pauses === 0 ? [] : [`paused ${count(use.pauses, "time")}`];
  const head = going ? limitNow(use, now) : `limit ${visible(use.limit)}`;
  return going ? [head, `${by} of this run`, ...paused].join(", ") : `${head}: ${[by, ...paused].join(", ")}`;
}

function boundText({ unit, perSeconds, limit, used, until }: BoundView, now: number): string {
  if (perSeconds === null)
    return `${used} of ${limit} ${unit === "slots" ? (limit === 1 ? "slot taken" : "slots taken") : "at once"}`;
  const again = until === null || until <= now ? "" : `, more in ${duration(until - now)}`;
  return `${digits(used)} of ${visible(rateText({ unit, of: limit, perSeconds }))}${again}`;
}

/** What the API says of itself; of what was to be there again since then nothing is known. */
function toldText({ unit, limit, remaining, until }: ToldBound, now: number): string {
  const again = until > now ? `, all again in ${duration(until - now)}` : "";
  return `the API has ${digits(remaining)} of ${visible(amountText(limit, unit))} left${again}`;
}

const iso = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString());

export function limitJson(use: LimitView) {
  return {
    limit: use.limit,
    bounds: use.bounds.map(({ unit, perSeconds, limit, used, until }) => ({
      unit,
      per_ms: perSeconds === null ? null : perSeconds * 1000,
      limit,
      used,
      remaining: Math.max(0, limit - used),
      until: iso(until),
    })),
    told: use.told.map(({ unit, limit, remaining, until }) => ({
      ...{ unit, limit, remaining },
      until: iso(until),
    })),
    paused_until: iso(use.pausedUntil),
    pauses: use.pauses,
    attempts: use.attempts,
    took: use.took,
    waiting: use.waiting,
  };
}
