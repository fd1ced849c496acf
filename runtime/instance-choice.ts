// What a pool of instances does next: which one serves whom, when one more is made, when one is ended. Pure.

/** At most `amount` are made within any `ms`. */
export interface Rate {
  readonly amount: number;
  readonly ms: number;
}

export interface Limits {
  /** So many stay when there is nothing to do, and are there as long as anything is. */
  readonly min: number;
  /** Infinity: not bounded. */
  readonly max: number;
  /** So many nodes one serves; then it is replaced. */
  readonly reuse: number;
  readonly rates: readonly Rate[];
  /** After so many ms without work one that is more than `min` is ended. */
  readonly idleMs: number;
}

/** An instance that serves nobody. Times are monotonic ms. */
export interface Idle {
  readonly i: number;
  /** Of the node that it served last, and what that needed of its place. */
  readonly key: string | null;
  readonly shape: string;
  readonly served: number;
  readonly since: number;
}

/** An attempt that waits for an instance. */
export interface Wish {
  /** It prefers the instance that last served this key. */
  readonly key: string | null;
  /** Only an instance of the same shape can serve it. */
  readonly shape: string;
  /** One is being made for it. */
  readonly asked: boolean;
  /** How many that came later were served before it. */
  readonly passed: number;
}

export interface PoolView {
  readonly idle: readonly Idle[];
  /** That serve, are looked at, made or ended just now. */
  readonly others: number;
  /** Shapes of those that are being made. */
  readonly opening: readonly string[];
  /** In the order in which they are to be served. */
  readonly wishes: readonly Wish[];
  /** When instances were begun to be made, ascending. */
  readonly opens: readonly number[];
  /** A place is busy: none is made before this time, and then one to begin with. */
  readonly busyUntil: number | null;
}

export type Choice =
  /** The instance serves the wish at this place of the list. */
  | { readonly do: "use"; readonly i: number; readonly wish: number }
  /** One more is made; null: for whoever comes. */
  | { readonly do: "open"; readonly wish: number | null }
  | { readonly do: "close"; readonly i: number; readonly why: "used" | "idle" }
  /** Nothing until something is heard, or until this time. */
  | { readonly do: "wait"; readonly until: number | null };

/** So often one that waits is passed over for the sake of keys. */
export const passedMax = 8;

export function choose(pool: PoolView, limits: Limits, now: number): Choice {
  const worn = pool.idle.find(({ served }) => served >= limits.reuse);
  if (worn !== undefined) return { do: "close", i: worn.i, why: "used" };
  const use = matched(pool);
  if (use !== null) return use;
  const alive = pool.idle.length + pool.others;
  const next = unasked(pool);
  if (next >= 0 && alive < limits.max) return opened(pool, limits, now, next);
  // All that there is suits somebody else: one of them makes room.
  const [old] = pool.idle.toSorted((a, b) => a.since - b.since);
  if (next >= 0 && old !== undefined && pool.opening.length === 0)
    return { do: "close", i: old.i, why: "idle" };
  if (pool.wishes.length + pool.others > 0) {
    const spare = alive < Math.min(limits.min, limits.max);
    return spare ? opened(pool, limits, now, null) : { do: "wait", until: null };
  }
  if (old === undefined || alive <= limits.min) return { do: "wait", until: null };
  const until = old.since + limits.idleMs;
  return until <= now ? { do: "close", i: old.i, why: "idle" } : { do: "wait", until };
}

function opened(
  { opens, opening, busyUntil }: PoolView,
  limits: Limits,
  now: number,
  wish: number | null,
): Choice {
  // Whoever asks a busy place with many voices makes it no less busy.
  if (busyUntil !== null && opening.length > 0) return { do: "wait", until: null };
  let at = busyUntil ?? now;
  for (const { amount, ms } of limits.rates)
    at = Math.max(at, (opens.at(-amount) ?? Number.NEGATIVE_INFINITY) + ms);
  return at <= now ? { do: "open", wish } : { do: "wait", until: at };
}

/** The place of a wish for which nothing is being made yet; -1. */
function unasked({ wishes, opening }: PoolView): number {
  const coming = new Map<string, number>();
  for (const shape of opening) coming.set(shape, (coming.get(shape) ?? 0) + 1);
  for (const { shape } of wishes) {
    const left = coming.get(shape) ?? 0;
    if (left === 0) return wishes.findIndex((wish) => wish.shape === shape && !wish.asked);
    coming.set(shape, left - 1);
  }
  return -1;
}

/** Who is served by what is there: those first that find their own instance, unless that was at another's cost too often. */
function matched({ idle, wishes }: PoolView): Choice | null {
  if (idle.length === 0) return null;
  const [first] = wishes;
  if (first === undefined) return null;
  if (first.passed < passedMax || !idle.some(({ shape }) => shape === first.shape))
    for (const [wish, { key, shape }] of wishes.entries()) {
      const own = key === null ? undefined : idle.find((each) => each.key === key && each.shape === shape);
      if (own !== undefined) return { do: "use", i: own.i, wish };
    }
  for (const [wish, { key, shape }] of wishes.entries()) {
    const [best] = idle
      .filter((each) => each.shape === shape)
      .toSorted((a, b) => suits(b, key) - suits(a, key) || a.since - b.since);
    if (best !== undefined) return { do: "use", i: best.i, wish };
  }
  return null;
}

/** Its own before one that nobody may come back to. */
function suits(each: Idle, key: string | null): number {
  if (key !== null && each.key === key) return 2;
  return each.key === null ? 1 : 0;
}
