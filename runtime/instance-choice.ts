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
  /** By its priority: 0 before 1 before 2. */
  readonly rank: number;
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
  /** In the order in which they came. */
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

/** So often one that waits is passed over for the sake of priorities and keys. */
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

/** Places of wishes in the order in which they are to be served: who was passed over too often, then by priority. */
function inOrder(wishes: readonly Wish[]): readonly number[] {
  const line = ({ passed, rank }: Wish): number => (passed >= passedMax ? -1 : rank);
  return [...wishes.entries()].sort(([i, a], [j, b]) => line(a) - line(b) || i - j).map(([i]) => i);
}

/** The place of a wish for which nothing is being made yet; -1. */
function unasked({ wishes, opening }: PoolView): number {
  const coming = new Map<string, number>();
  for (const shape of opening) coming.set(shape, (coming.get(shape) ?? 0) + 1);
  const order = inOrder(wishes);
  for (const at of order) {
    const shape = wishes[at]?.shape ?? "";
    const left = coming.get(shape) ?? 0;
    if (left === 0)
      return order.find((each) => wishes[each]?.shape === shape && wishes[each]?.asked === false) ?? -1;
    coming.set(shape, left - 1);
  }
  return -1;
}

/** Who is served by what is there: the first, unless another of its priority finds its own instance. */
function matched({ idle, wishes }: PoolView): Choice | null {
  if (idle.length === 0 || wishes.length === 0) return null;
  const shapes = new Set(idle.map(({ shape }) => shape));
  const served = inOrder(wishes).flatMap((at) => {
    const wish = wishes[at];
    return wish === undefined || !shapes.has(wish.shape) ? [] : [{ at, wish }];
  });
  const [first] = served;
  if (first === undefined) return null;
  const { rank, passed } = first.wish;
  if (passed < passedMax)
    for (const { at, wish } of served) {
      const own = wish.rank === rank ? idle.find((each) => isOwn(each, wish)) : undefined;
      if (own !== undefined) return { do: "use", i: own.i, wish: at };
    }
  const [best] = idle
    .filter(({ shape }) => shape === first.wish.shape)
    .toSorted(
      (a, b) => suits(b, first.wish) - suits(a, first.wish) || a.served - b.served || a.since - b.since,
    );
  return best === undefined ? null : { do: "use", i: best.i, wish: first.at };
}

function isOwn(each: Idle, { key, shape }: Wish): boolean {
  return key !== null && each.key === key && each.shape === shape;
}

/** Its own before one that nobody may come back to. */
function suits(each: Idle, wish: Wish): number {
  if (isOwn(each, wish)) return 2;
  return each.key === null ? 1 : 0;
}
