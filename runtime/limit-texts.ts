// Limits in words: a rate, and why a node is held.

import type { LimitPlan } from "../compiler/plan-limits.ts";
import type { Lack } from "./limit-state.ts";

/** `100 requests per 1m`. */
export function rateText(rate: {
  readonly unit: string;
  readonly of: number;
  readonly perSeconds: number;
}): string {
  return `${amountText(rate.of, rate.unit)} per ${spanText(rate.perSeconds)}`;
}

/** `1 request`, `5_000 tokens`: amounts as flows have them. */
export function amountText(amount: number, unit: string): string {
  return `${digits(amount)} ${amount === 1 ? unit.replace(/s$/, "") : unit}`;
}

export function digits(amount: number): string {
  return String(amount).replaceAll(/\B(?=(\d{3})+$)/g, "_");
}

/** What a limit bounds: `100 requests per 1m and 4 at once`. */
export function boundsText({ rates, concurrent, slots, reserve }: LimitPlan): string {
  const parts = [
    ...rates.map(({ unit, amount, perSeconds }) => rateText({ unit, of: amount, perSeconds })),
    ...(concurrent === null ? [] : [`${concurrent} at once`]),
    ...(slots === null ? [] : [`${slots.length} ${slots.length === 1 ? "slot" : "slots"}`]),
  ];
  const kept = reserve === 0 ? "" : `, ${Math.round(reserve * 100)}% of it for priority high`;
  return parts.join(" and ") + kept;
}

/** A length of time as a flow has it: `90s`, `1h`. */
export function spanText(seconds: number): string {
  for (const [unit, length] of units)
    if (seconds >= length && seconds % length === 0) return `${seconds / length}${unit}`;
  return `${seconds}s`;
}

const units = [
  ["d", 86_400],
  ["h", 3600],
  ["m", 60],
] as const;

/** By what a node is held, for people. */
export function lackText({ limit, by, rate, until }: Lack, now: number): string {
  const wait = until === null ? "" : waitText(until - now);
  switch (by) {
    case "paused":
      return `the limit \`${limit}\`, which is paused${wait === "" ? "" : ` for ${wait} more`}`;
    case "rate":
      return `the limit \`${limit}\`${rate === null ? "" : ` (${usedText(rate)}${wait === "" ? "" : `; more in ${wait}`})`}`;
    case "concurrent":
      return `the limit \`${limit}\`: as many nodes as it lets have it at one time`;
    case "slots":
      return `the limit \`${limit}\`, of which no slot is free`;
    case "others":
      return `the limit \`${limit}\`: another run has had less of it and goes first`;
  }
}

function usedText(rate: NonNullable<Lack["rate"]>): string {
  const asked = rate.asked > 1 ? `, it takes ${digits(rate.asked)}` : "";
  const kept = rate.kept > 0 ? `, ${digits(rate.kept)} kept for priority high` : "";
  return `${digits(rate.used)} of ${rateText(rate)} used${asked}${kept}`;
}

function waitText(ms: number): string {
  const seconds = Math.max(1, Math.ceil(ms / 1000));
  if (seconds < 120) return `${seconds}s`;
  if (seconds < 7200) return `${Math.ceil(seconds / 60)}m`;
  return seconds < 172_800 ? `${Math.ceil(seconds / 3600)}h` : `${Math.ceil(seconds / 86_400)}d`;
}
