// What the stub of a model's API has served: each request, when it came, and what it cost.

export interface Tokens {
  readonly input: number;
  readonly output: number;
  readonly cacheRead: number;
  readonly cacheWrite: number;
}

export const noTokens: Tokens = { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 };

/** One request as it was answered. */
export interface Request extends Tokens {
  /** When it came, in ms since the epoch, with fractions. */
  readonly at: number;
  readonly path: string;
  readonly model: string;
  /** 0: the connection was dropped, or nothing was ever answered. */
  readonly status: number;
  /** The stream broke in the middle: the client cannot know what it used. */
  readonly cut: boolean;
  /** In dollars. */
  readonly cost: number;
  /** The last that the user said, its first 200 characters. */
  readonly said: string;
  /** What the client tells of itself: Claude Code its session. */
  readonly user: string;
}

/** What all requests came to. */
export interface Totals extends Tokens {
  readonly requests: number;
  readonly cost: number;
  /** How many were answered with which status. */
  readonly statuses: Readonly<Record<string, number>>;
}

/** Dollars for a million tokens. */
const prices: readonly (readonly [RegExp, Tokens])[] = [
  [/haiku/, { input: 1, output: 5, cacheRead: 0.1, cacheWrite: 1.25 }],
  [/sonnet/, { input: 3, output: 15, cacheRead: 0.3, cacheWrite: 3.75 }],
  [/opus/, { input: 5, output: 25, cacheRead: 0.5, cacheWrite: 6.25 }],
];

export function costOf(model: string, used: Tokens): number {
  const [, price] = prices.find(([name]) => name.test(model)) ?? [/./, noTokens];
  const millionths =
    used.input * price.input +
    used.output * price.output +
    used.cacheRead * price.cacheRead +
    used.cacheWrite * price.cacheWrite;
  return millionths / 1e6;
}

export function totalsOf(requests: readonly Request[]): Totals {
  const sum = (of: (request: Request) => number) => requests.reduce((all, one) => all + of(one), 0);
  const statuses: Record<string, number> = {};
  for (const { status } of requests) statuses[status] = (statuses[status] ?? 0) + 1;
  return {
    requests: requests.length,
    input: sum(({ input }) => input),
    output: sum(({ output }) => output),
    cacheRead: sum(({ cacheRead }) => cacheRead),
    cacheWrite: sum(({ cacheWrite }) => cacheWrite),
    cost: sum(({ cost }) => cost),
    statuses,
  };
}

/** The most that came together within any `perMs`, by what `of` counts. */
export function mostWithin(
  requests: readonly Request[],
  perMs: number,
  of: (request: Request) => number,
): number {
  let from = 0;
  let inside = 0;
  let most = 0;
  for (const request of requests) {
    inside += of(request);
    for (;;) {
      const first = requests[from];
      if (first === undefined || first.at > request.at - perMs) break;
      inside -= of(first);
      from++;
    }
    most = Math.max(most, inside);
  }
  return most;
}
