// One account at an API: what its answers say is left of its own limits, and whether one more request may be sent.

import type { IncomingHttpHeaders } from "node:http";
import type { ToldBound } from "../limit-state.ts";
import { type Bucket, bucketsIn } from "./headers.ts";

/** What a request is thought to take. */
export interface Thought {
  readonly input: number;
  readonly output: number;
}

/** A request on its way, until its answer begins. */
export interface Flight {
  readonly number: number;
  readonly thought: Thought;
}

export interface AccountWorld {
  /** Wall ms. */
  now(): number;
  timer(ms: number, wake: () => void): () => void;
}

/** Who has never been asked is asked by one alone, for at most so long: its answer says how many may come. */
const firstMs = 5000;
/** No two clocks are the same, and times are told in whole milliseconds or seconds. */
const lateMs = 25;
/** What is told to people is told no more often. */
const tellMs = 2000;

interface Waiting {
  readonly thought: Thought;
  readonly let: (flight: Flight | null) => void;
  readonly held: (by: string, until: number) => void;
  told: boolean;
}

/**
 * Sends on no more than what is left. What the API told last is taken as it is, less what was sent since; after its reset one
 * request asks how much there is now.
 */
export class Account {
  private readonly world: AccountWorld;
  private readonly tell: (told: readonly ToldBound[]) => void;
  private readonly buckets = new Map<string, Bucket>();
  private readonly flying = new Set<Flight>();
  private line: Waiting[] = [];
  private takeBack: (() => void) | null = null;
  private number = 0;
  /** The last of those whose answer has begun. */
  private latest = 0;
  private pausedUntil = 0;
  /** One alone is to find out how much there is; since when. */
  private alone: number | null;
  private toldSpent = false;
  private toldAt = Number.NEGATIVE_INFINITY;

  /** `bounded`: the flow says how much there is. */
  constructor(world: AccountWorld, bounded: boolean, tell: (told: readonly ToldBound[]) => void) {
    this.world = world;
    this.alone = bounded ? null : Number.POSITIVE_INFINITY;
    this.tell = tell;
  }

  /** Null: stopped before. `held`: told once that it waits, and until when at least. */
  take(
    thought: Thought,
    stop: AbortSignal,
    held: (by: string, until: number) => void,
  ): Promise<Flight | null> {
    return new Promise((done) => {
      if (stop.aborted) return done(null);
      const leave = (): void => {
        this.line = this.line.filter((each) => each !== waiting);
        done(null);
      };
      const waiting: Waiting = {
        ...{ thought, held, told: false },
        let: (flight) => {
          stop.removeEventListener("abort", leave);
          done(flight);
        },
      };
      stop.addEventListener("abort", leave, { once: true });
      this.line.push(waiting);
      this.letGo();
    });
  }

  /** Is there still room for who was let go, and has not been sent? */
  hasRoom(flight: Flight): boolean {
    this.flying.delete(flight);
    const { until } = this.lack(flight.thought);
    this.flying.add(flight);
    return until === null;
  }

  /** Its answer has begun. `after`: so many ms nothing is to be sent; null: all is well. */
  heard(flight: Flight, headers: IncomingHttpHeaders, after: number | null): void {
    const now = this.world.now();
    const isLatest = flight.number > this.latest;
    if (isLatest) this.latest = flight.number;
    for (const bucket of bucketsIn(headers, now)) {
      const before = this.buckets.get(bucket.unit);
      // What was asked earlier knows less.
      if (!isLatest && before !== undefined && before.remaining <= bucket.remaining) continue;
      this.buckets.set(bucket.unit, bucket);
    }
    if (after !== null) this.pausedUntil = Math.max(this.pausedUntil, now + after);
    this.alone = after === null ? null : Number.POSITIVE_INFINITY;
    this.say(now);
    this.gone(flight);
  }

  /** It was not sent, or there was no answer. */
  gone(flight: Flight): void {
    this.flying.delete(flight);
    this.letGo();
  }

  private letGo(): void {
    this.takeBack?.();
    this.takeBack = null;
    for (let first = this.line[0]; first !== undefined; first = this.line[0]) {
      const { until, by } = this.lack(first.thought);
      if (until === null) {
        this.line.shift();
        const flight = { number: ++this.number, thought: first.thought };
        this.flying.add(flight);
        if (this.alone === Number.POSITIVE_INFINITY) this.alone = this.world.now();
        first.let(flight);
        continue;
      }
      if (!first.told && by !== "") first.held(by, until);
      first.told ||= by !== "";
      const ms = Math.max(1, until - this.world.now());
      if (Number.isFinite(until)) this.takeBack = this.world.timer(ms, () => this.letGo());
      return;
    }
  }

  /** Until when nothing is to be sent; infinite: until an answer has come. */
  private lack(thought: Thought): { readonly until: number | null; readonly by: string } {
    const now = this.world.now();
    if (this.pausedUntil > now) return { until: this.pausedUntil, by: "the API asked for patience" };
    const { alone } = this;
    if (alone !== null && this.flying.size > 0) {
      const until = alone + firstMs;
      if (until > now) return { until, by: "" };
    }
    for (const { unit, limit, remaining, reset } of this.buckets.values()) {
      let flying = 0;
      for (const each of this.flying) flying += amountOf(unit, each.thought);
      const asked = amountOf(unit, thought);
      // More than there ever is goes alone.
      if (remaining - flying >= Math.min(asked, limit)) continue;
      const by = `the API has ${remaining} of ${limit} ${unit} left`;
      if (reset + lateMs > now) return { until: reset + lateMs, by };
      if (this.flying.size > 0) return { until: Number.POSITIVE_INFINITY, by };
    }
    return { until: null, by: "" };
  }

  private say(now: number): void {
    const told = [...this.buckets.values()].map(({ unit, limit, remaining, reset }) => ({
      ...{ unit, limit, remaining, until: reset },
    }));
    const spent = told.some(({ remaining }) => remaining === 0);
    const news = spent && !this.toldSpent;
    if (told.length === 0 || (now - this.toldAt < tellMs && !news)) return;
    this.toldSpent = spent;
    this.toldAt = now;
    this.tell(told);
  }
}

/** What of a unit a request takes; of what is not known to us, nothing. */
function amountOf(unit: string, { input, output }: Thought): number {
  if (unit === "requests") return 1;
  if (unit === "input-tokens") return input;
  if (unit === "output-tokens") return output;
  return unit === "tokens" ? input + output : 0;
}
