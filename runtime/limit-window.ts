// A sliding window over what was taken of a limit: how much of it still counts, and when there is room again.

interface Entry {
  readonly run: number;
  readonly at: number;
  amount: number;
  /** Of what was told beside `amount`, which counts by itself. */
  more: number;
  /** From then on it counts for the window's length; not known while its attempt may still ask. */
  from: number;
  /** Then it begins to count for good at the latest, though its attempt goes on. */
  latest: number;
  gone: boolean;
}

/**
 * What a node asks for is asked somewhat after its start: until its attempt has ended, so much of the window later at most;
 * of a short window more, since a busy machine takes as long to load a module and send a request, however short that is.
 */
const laterMost = 1 / 25;
const laterMostMs = 3000;

/**
 * Who starts an agent hears when that begins to work: only then it asks for anything. Of many that are started at once by a
 * busy machine the last ones do so much later; one that says nothing at all is not waited for longer than this.
 */
const silentMs = 30_000;

/** So long after its start something may count at most, in a window of `ms`. */
export function countsMs(ms: number): number {
  return Math.ceil(ms + Math.max(ms * laterMost, laterMostMs));
}

/** Times are wall ms. `key`: of an attempt, which is free again once that has ended. */
export class SlidingWindow {
  readonly ms: number;
  used = 0;
  private readonly later: number;
  /** Those whose attempt may still ask, by `latest`. */
  private readonly fresh = new Set<Entry>();
  /** Those of them whose agent has said nothing yet, by `latest`. */
  private readonly silent = new Set<Entry>();
  /** All others, by `from`; those before `head` are over. */
  private past: Entry[] = [];
  private head = 0;
  private readonly open = new Map<number, Entry>();
  private readonly byRun = new Map<number, number>();

  constructor(ms: number, like: SlidingWindow | null = null) {
    this.ms = ms;
    this.later = countsMs(ms) - ms;
    if (like === null) return;
    const same = new Map<Entry, Entry>();
    for (const each of [...like.past.slice(like.head), ...like.fresh, ...like.silent])
      same.set(each, this.counted({ ...each }));
    for (const [each, own] of same) {
      if (like.fresh.has(each)) this.fresh.add(own);
      else if (like.silent.has(each)) this.silent.add(own);
      else this.settle(own);
    }
    // What does not count any more may still be corrected.
    for (const [key, each] of like.open) this.open.set(key, same.get(each) ?? { ...each });
  }

  /** `silent`: nothing is asked for until {@link asked} says that its agent works. */
  take(key: number, run: number, at: number, amount: number, silent = false): void {
    const latest = at + (silent ? Math.max(this.later, silentMs) : this.later);
    const entry = this.counted({ run, at, amount, more: 0, from: 0, latest, gone: false });
    this.open.set(key, entry);
    (silent ? this.silent : this.fresh).add(entry);
  }

  /** All that it was taken for has been asked: it counts from now on, and may still be corrected. */
  sent(key: number, at: number): void {
    const entry = this.open.get(key);
    if (entry !== undefined) this.over(entry, at);
  }

  /** Its attempt has ended: it asks for nothing more. */
  end(key: number, at: number): void {
    const entry = this.open.get(key);
    if (entry === undefined) return;
    this.open.delete(key);
    this.over(entry, at);
  }

  /** An attempt has used so much so far, other than was thought. What is more counts from now. */
  correct(key: number, run: number, amount: number, now: number): void {
    const entry = this.open.get(key) ?? { ...by(run, now, 0), gone: true };
    this.open.set(key, entry);
    const change = amount - entry.amount - entry.more;
    if (change > 0) {
      entry.more += change;
      this.settle(this.counted(by(run, now, change)));
    } else if (!entry.gone) {
      const less = Math.min(-change, entry.amount);
      entry.amount -= less;
      this.count(entry.run, -less);
    }
  }

  /**
   * An agent works, and tells how much it has asked for so far: of what was thought, that counts from now at the latest. The
   * rest it may ask for now.
   */
  asked(key: number, told: number, now: number): void {
    const entry = this.open.get(key);
    if (entry === undefined) return;
    if (this.silent.delete(entry)) {
      entry.latest = now + this.later;
      this.fresh.add(entry);
    }
    if (!this.fresh.has(entry)) return;
    const { run } = entry;
    const part = Math.min(told - entry.more, entry.amount);
    if (part <= 0) return;
    entry.amount -= part;
    entry.more += part;
    this.settle(by(run, now, part));
    if (entry.amount > 0) return;
    entry.gone = true;
    this.fresh.delete(entry);
  }

  /** Of what an open attempt has, that which counts by itself. */
  moreOf(key: number): number {
    return this.open.get(key)?.more ?? 0;
  }

  /** Forgets what does not count any more. */
  pass(now: number): void {
    for (const waiting of [this.silent, this.fresh])
      for (const entry of waiting) {
        if (entry.latest > now) break;
        this.over(entry, entry.latest);
      }
    for (let first = this.past[this.head]; first !== undefined; first = this.past[this.head]) {
      if (first.from + this.ms > now) break;
      first.gone = true;
      this.count(first.run, -first.amount);
      this.head++;
    }
    if (this.head > 1000 && this.head * 2 > this.past.length) {
      this.past = this.past.slice(this.head);
      this.head = 0;
    }
  }

  /** When no more than `most` counts at the latest, if nothing is taken meanwhile. */
  downTo(most: number): number {
    let over = this.used - most;
    let at = 0;
    for (let i = this.head; over > 0 && i < this.past.length; i++) {
      const entry = this.past[i];
      if (entry === undefined) break;
      over -= entry.amount;
      at = entry.from + this.ms;
    }
    for (const waiting of [this.fresh, this.silent])
      for (const entry of waiting) {
        if (over <= 0) break;
        over -= entry.amount;
        at = Math.max(at, entry.latest + this.ms);
      }
    return Math.ceil(at);
  }

  usedBy(run: number): number {
    return this.byRun.get(run) ?? 0;
  }

  /** Nothing more of it is asked for after the wall ms `at`. */
  private over(entry: Entry, at: number): void {
    if (!this.fresh.delete(entry) && !this.silent.delete(entry)) return;
    entry.from = Math.max(entry.at, Math.min(at, entry.latest));
    this.settle(entry);
  }

  private counted(entry: Entry): Entry {
    this.count(entry.run, entry.amount);
    return entry;
  }

  private count(run: number, amount: number): void {
    this.used += amount;
    const sum = (this.byRun.get(run) ?? 0) + amount;
    if (sum === 0) this.byRun.delete(run);
    else this.byRun.set(run, sum);
  }

  /** They come nearly in order. */
  private settle(entry: Entry): void {
    let i = this.past.length;
    for (let before = this.past[i - 1]; i > this.head && before !== undefined; before = this.past[i - 1]) {
      if (before.from <= entry.from) break;
      i--;
    }
    if (i === this.past.length) this.past.push(entry);
    else this.past.splice(i, 0, entry);
  }
}

/** What counts from now on for good. */
function by(run: number, at: number, amount: number): Entry {
  return { run, at, amount, more: 0, from: at, latest: at, gone: false };
}
