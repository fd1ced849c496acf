// What agents use, added up; and of what they say, that which can be true.

import type { Usage } from "./agent.ts";

export const noUsage: Usage = { requests: 0, input: 0, output: 0, cacheRead: 0, cacheWrite: 0, cost: null };

export function plus(a: Usage, b: Usage): Usage {
  return {
    requests: a.requests + b.requests,
    input: a.input + b.input,
    output: a.output + b.output,
    cacheRead: a.cacheRead + b.cacheRead,
    cacheWrite: a.cacheWrite + b.cacheWrite,
    // Where nobody told a cost there is none that could be summed.
    cost: a.cost === null ? b.cost : a.cost + (b.cost ?? 0),
  };
}

/** Of two that count the same, that which knows more, number by number. */
export function largest(a: Usage, b: Usage): Usage {
  return {
    requests: Math.max(a.requests, b.requests),
    input: Math.max(a.input, b.input),
    output: Math.max(a.output, b.output),
    cacheRead: Math.max(a.cacheRead, b.cacheRead),
    cacheWrite: Math.max(a.cacheWrite, b.cacheWrite),
    cost: a.cost ?? b.cost,
  };
}

/** More than any command uses: beyond it is nonsense, and what cannot be kept. */
const countMax = 1e12;
const costMax = 1e9;

/** What a kind, which may be anybody's, says that was used, as it can be added up and kept. */
export function soundUsage({ cost, ...counts }: Usage): Usage {
  const count = (given: number): number => (given > 0 ? Math.min(Math.round(given), countMax) : 0);
  return {
    requests: count(counts.requests),
    input: count(counts.input),
    output: count(counts.output),
    cacheRead: count(counts.cacheRead),
    cacheWrite: count(counts.cacheWrite),
    cost: typeof cost === "number" && cost >= 0 ? Math.min(cost, costMax) : null,
  };
}

/** The longest windows of models are a week. */
const patienceMsMax = 7 * 24 * 3_600_000;

/** For how long a model wants to be left alone, in ms. */
export function soundPatience(afterMs: number): number {
  return afterMs > 0 ? Math.min(Math.round(afterMs), patienceMsMax) : 0;
}

/** As limits and budgets count tokens: what a model reads again from its cache is not held against anybody. */
export function tokensOf({ input, output, cacheWrite }: Usage): number {
  return input + output + cacheWrite;
}
