// What agents use, added up.

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

/** As limits and budgets count tokens: what a model reads again from its cache is not held against anybody. */
export function tokensOf({ input, output, cacheWrite }: Usage): number {
  return input + output + cacheWrite;
}
