// How long the limits of a plan let a run take at least, by what its nodes take for certain.

import { forAll } from "./limit-state.ts";
import type { Run } from "./run.ts";
import { BRANCH, FIRED } from "./run-codes.ts";
import { layersOf, rankOf } from "./run-settings.ts";

/** The last of what nodes take of a limit can be taken `seconds` after the first. */
export interface LimitSpan {
  readonly limit: string;
  readonly unit: string;
  /** All that they take. */
  readonly amount: number;
  /** So much of it there is in any `perSeconds`. */
  readonly of: number;
  readonly perSeconds: number;
  readonly seconds: number;
}

/** The longest; null: no limit makes anything wait. What is computed, may be reused or may not be needed counts for nothing. */
export function limitSpan(run: Run): LimitSpan | null {
  if (!run.limits.any) return null;
  const taken = takenOf(run);
  let longest: LimitSpan | null = null;
  for (const { name, rates, reserve } of run.plan.limits ?? [])
    for (const { unit, amount, perSeconds } of rates) {
      const { sum = 0, high = false } = taken.get(`${name} ${unit}`) ?? {};
      const of = forAll(amount, reserve, high);
      const seconds = (Math.ceil(sum / of) - 1) * perSeconds;
      if (seconds > (longest?.seconds ?? 0))
        longest = { limit: name, unit, amount: sum, of, perSeconds, seconds };
    }
  return longest;
}

interface Sum {
  sum: number;
  /** One of them may take of what is kept back. */
  high: boolean;
}

/** By limit and unit. */
function takenOf(run: Run): ReadonlyMap<string, Sum> {
  const taken = new Map<string, Sum>();
  for (let n = 1; n < run.size; n++) {
    const { task, pure } = run.info(n);
    const uses = task === null || pure ? undefined : task.settings.uses;
    if (uses === undefined || task === null || (task.settings.cache ?? null) !== null) continue;
    if (!isCertain(run, n)) continue;
    const high = rankOf(run, n) === 0;
    for (const { limit, amounts } of uses)
      for (const { unit, amount } of amounts) {
        const known = taken.get(`${limit} ${unit}`) ?? { sum: 0, high: false };
        taken.set(`${limit} ${unit}`, known);
        known.high ||= high;
        if (amount.k === "lit" && typeof amount.v === "number") known.sum += Math.max(0, Math.ceil(amount.v));
      }
  }
  return taken;
}

/** If all goes well, does it run, with the settings of its task? */
function isCertain(run: Run, n: number): boolean {
  if (run.settled(n) || run.states.get(n) === BRANCH) return false;
  if (layersOf(run, n).some(({ overrides }) => overrides.uses !== undefined)) return false;
  for (let at = n; at > 0; at = run.frameOwners.get(run.frames.get(at))) {
    if (at !== n && run.kindOf(at) === "if" && !run.has(at, FIRED)) return false;
    const loop = run.loops.get(run.of.get(at));
    const step = loop === undefined ? null : run.info(loop.cell).step;
    if (step?.kind === "for" && step.enough !== null) return false;
  }
  return true;
}
