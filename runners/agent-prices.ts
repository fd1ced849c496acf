// What tokens cost, roughly: for requests of which no agent has told the cost yet, or that were ended before it could.

import type { Usage } from "../runtime/agent.ts";

export type Tokens = Omit<Usage, "requests" | "cost">;

/** Dollars for a million tokens, by a word in the model's name. */
const prices: readonly (readonly [string, Tokens])[] = [
  ["haiku", { input: 1, output: 5, cacheRead: 0.1, cacheWrite: 1.25 }],
  ["sonnet", { input: 3, output: 15, cacheRead: 0.3, cacheWrite: 3.75 }],
  ["opus", { input: 5, output: 25, cacheRead: 0.5, cacheWrite: 6.25 }],
];

/** In dollars; null: the model's prices are not known. */
export function priceOf(model: string, used: Tokens): number | null {
  const [, price] = prices.find(([name]) => model.includes(name)) ?? [];
  if (price === undefined) return null;
  const millionths =
    used.input * price.input +
    used.output * price.output +
    used.cacheRead * price.cacheRead +
    used.cacheWrite * price.cacheWrite;
  return millionths / 1e6;
}
