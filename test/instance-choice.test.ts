// The policy of a pool: random scripts of wishes, ends and busy places, and what is promised holds in every moment.

import { expect, it } from "vitest";
import { type Choice, choose, type Limits, type PoolView } from "../runtime/instance-choice.ts";
import { chanceOf } from "./run-world.ts";

const base: Limits = { min: 0, max: 2, reuse: 3, rates: [], idleMs: 1000 };
const nothing: PoolView = { idle: [], others: 0, opening: [], wishes: [], opens: [], busyUntil: null };
const wish = { key: null, rank: 1, shape: "a", asked: false, passed: 0 };
const idle = { i: 1, key: null, shape: "a", served: 1, since: 0 };

const cases: readonly (readonly [string, Partial<PoolView>, Partial<Limits>, Choice])[] = [
  ["makes one for who waits", { wishes: [wish] }, {}, { do: "open", wish: 0 }],
  [
    "makes no second one for the same",
    { wishes: [{ ...wish, asked: true }], opening: ["a"], others: 1 },
    {},
    { do: "wait", until: null },
  ],
  ["uses what is there", { wishes: [wish], idle: [idle] }, {}, { do: "use", i: 1, wish: 0 }],
  [
    "ends what has served enough",
    { wishes: [wish], idle: [{ ...idle, served: 3 }] },
    {},
    { do: "close", i: 1, why: "used" },
  ],
  ["keeps to the maximum", { wishes: [wish], others: 2 }, {}, { do: "wait", until: null }],
  [
    "keeps to the rate",
    { wishes: [wish], opens: [900] },
    { rates: [{ amount: 1, ms: 500 }] },
    { do: "wait", until: 1400 },
  ],
  ["waits for a busy place", { wishes: [wish], busyUntil: 1500 }, {}, { do: "wait", until: 1500 }],
  [
    "asks a busy place with one voice",
    { wishes: [wish, wish], busyUntil: 900, opening: ["a"], others: 1 },
    {},
    { do: "wait", until: null },
  ],
  [
    "prefers the instance of the key",
    { wishes: [{ ...wish, key: "x" }], idle: [idle, { ...idle, i: 2, key: "x" }] },
    {},
    { do: "use", i: 2, wish: 0 },
  ],
  [
    "lets who finds its own go first",
    { wishes: [wish, { ...wish, key: "x" }], idle: [{ ...idle, key: "x" }] },
    {},
    { do: "use", i: 1, wish: 1 },
  ],
  [
    "but not for ever",
    {
      wishes: [
        { ...wish, passed: 8 },
        { ...wish, key: "x" },
      ],
      idle: [{ ...idle, key: "x" }],
    },
    {},
    { do: "use", i: 1, wish: 0 },
  ],
  [
    "lets a higher priority go first, also before who finds its own",
    { wishes: [{ ...wish, key: "x" }, wish, { ...wish, rank: 0 }], idle: [{ ...idle, key: "x" }] },
    {},
    { do: "use", i: 1, wish: 2 },
  ],
  [
    "but not for ever either",
    {
      wishes: [
        { ...wish, rank: 2, passed: 8 },
        { ...wish, rank: 0 },
      ],
      idle: [idle],
    },
    {},
    { do: "use", i: 1, wish: 0 },
  ],
  [
    "makes the next one for the highest priority",
    { wishes: [wish, { ...wish, rank: 0 }] },
    {},
    { do: "open", wish: 1 },
  ],
  [
    "takes the one that has served least",
    {
      wishes: [wish],
      idle: [
        { ...idle, served: 2 },
        { ...idle, i: 2, since: 500 },
      ],
    },
    {},
    { do: "use", i: 2, wish: 0 },
  ],
  [
    "leaves to others what they may come back to",
    {
      wishes: [wish],
      idle: [
        { ...idle, key: "x" },
        { ...idle, i: 2 },
      ],
    },
    {},
    { do: "use", i: 2, wish: 0 },
  ],
  [
    "makes room for another shape",
    { wishes: [{ ...wish, shape: "b" }], idle: [idle], others: 1 },
    {},
    { do: "close", i: 1, why: "idle" },
  ],
  ["has a spare one while there is work", { others: 1 }, { min: 2 }, { do: "open", wish: null }],
  ["and none without", {}, { min: 2 }, { do: "wait", until: null }],
  ["ends the idle after a while", { idle: [{ ...idle, since: 500 }] }, {}, { do: "wait", until: 1500 }],
  ["then", { idle: [idle] }, {}, { do: "close", i: 1, why: "idle" }],
  ["but not the fewest there are to be", { idle: [idle] }, { min: 1 }, { do: "wait", until: null }],
];

it.each(cases)("%s", (_name, pool, limits, expected) => {
  expect(choose({ ...nothing, ...pool }, { ...base, ...limits }, 1000)).toEqual(expected);
});

interface Member {
  readonly i: number;
  readonly shape: string;
  key: string | null;
  served: number;
  since: number;
}

interface Waiting {
  readonly key: string | null;
  readonly rank: number;
  readonly shape: string;
  readonly since: number;
  asked: boolean;
  passed: number;
}

/** One script: what a pool does by `choose`, in a world of chance. Gives what was broken. */
class Script {
  readonly broken: string[] = [];
  private readonly chance: () => number;
  private readonly limits: Limits;
  private idle: Member[] = [];
  private working: { member: Member; until: number }[] = [];
  private making: { until: number; shape: string; waiting: Waiting | null; busy: boolean }[] = [];
  private closing: number[] = [];
  private waiting: Waiting[] = [];
  private readonly opens: number[] = [];
  private busyUntil: number | null = null;
  private now = 0;
  private made = 0;
  served = 0;

  constructor(seed: number) {
    this.chance = chanceOf(seed);
    const up = (most: number): number => 1 + Math.floor(this.chance() * most);
    const max = up(5);
    this.limits = {
      ...{ min: Math.floor(this.chance() * (max + 1)), max, reuse: up(4), idleMs: 500 },
      rates: Array.from({ length: Math.floor(this.chance() * 3) }, () => ({ amount: up(3), ms: up(400) })),
    };
  }

  run(wishes: number): this {
    let left = wishes;
    for (
      let steps = 0;
      (left > 0 || this.waiting.length > 0 || this.working.length > 0) && steps < 20_000;
      steps++
    ) {
      if (left > 0 && this.chance() < 0.5) {
        left--;
        const key = this.chance() < 0.5 ? null : `k${Math.floor(this.chance() * 3)}`;
        const shape = this.chance() < 0.8 ? "a" : "b";
        const rank = Math.floor(this.chance() * 3);
        this.waiting.push({ key, rank, shape, since: this.now, asked: false, passed: 0 });
      }
      const until = this.act();
      this.advance(until, left > 0);
    }
    if (this.served !== wishes) this.broken.push(`${wishes - this.served} of ${wishes} were never served`);
    return this;
  }

  private get alive(): number {
    return this.idle.length + this.working.length + this.making.length + this.closing.length;
  }

  private act(): number | null {
    for (let turns = 0; turns < 1000; turns++) {
      const { opens, busyUntil } = this;
      const choice = choose(
        {
          ...{ idle: this.idle, opens, busyUntil, wishes: this.waiting },
          others: this.working.length + this.making.length + this.closing.length,
          opening: this.making.map(({ shape }) => shape),
        },
        this.limits,
        this.now,
      );
      if (choice.do === "wait") return choice.until;
      this.perform(choice);
    }
    this.broken.push("it never comes to rest");
    return null;
  }

  private perform(choice: Exclude<Choice, { do: "wait" }>): void {
    const lasts = this.now + 1 + Math.floor(this.chance() * 200);
    if (choice.do === "open") {
      const waiting = choice.wish === null ? null : (this.waiting[choice.wish] ?? null);
      if (waiting !== null) waiting.asked = true;
      if (this.busyUntil !== null && (this.making.length > 0 || this.busyUntil > this.now))
        this.broken.push("a busy place is asked too early, or by several");
      const shape = waiting?.shape ?? "a";
      this.making.push({ until: lasts, shape, waiting, busy: this.chance() < 0.2 });
      this.opens.push(this.now);
      for (const { amount, ms } of this.limits.rates)
        if (this.opens.filter((at) => at > this.now - ms).length > amount)
          this.broken.push(`more than ${amount} are made within ${ms} ms`);
      if (this.alive > this.limits.max) this.broken.push(`${this.alive} are there`);
      return;
    }
    const at = this.idle.findIndex(({ i }) => i === choice.i);
    const [member] = this.idle.splice(at, 1);
    if (at < 0 || member === undefined) return void this.broken.push("what is not idle is used or closed");
    if (choice.do === "close") {
      if (choice.why === "used" && member.served < this.limits.reuse)
        this.broken.push("one is ended too early");
      this.closing.push(lasts);
      return;
    }
    this.use(member, choice.wish, lasts);
  }

  private use(member: Member, wish: number, until: number): void {
    const [waiting] = this.waiting.splice(wish, 1);
    if (waiting === undefined || waiting.shape !== member.shape)
      return void this.broken.push("one serves what it does not suit");
    const { key, rank, shape, passed } = waiting;
    if (passed < 8 && this.waiting.some((each) => each.shape === shape && each.rank < rank))
      this.broken.push("one of lower priority goes first");
    const own = this.idle.find((each) => each.key === key && each.shape === waiting.shape);
    if (key !== null && member.key !== key && own !== undefined)
      this.broken.push("another than its own serves a key");
    for (const each of this.waiting.slice(0, wish)) {
      each.passed++;
      if (each.shape === waiting.shape && each.passed > 8) this.broken.push("one is passed over for ever");
    }
    if (++member.served > this.limits.reuse) this.broken.push(`one serves ${member.served} nodes`);
    member.key = key;
    this.served++;
    this.working.push({ member, until });
  }

  /** To the next moment in which something ends, or somebody comes. */
  private advance(until: number | null, more: boolean): void {
    const moments = [...this.working, ...this.making].map((each) => each.until);
    moments.push(...this.closing, ...(until === null ? [] : [until]), ...(more ? [this.now + 20] : []));
    if (moments.length === 0) {
      if (this.waiting.length > 0) this.broken.push("somebody waits, and nothing will ever happen");
      return;
    }
    this.now = Math.max(this.now, Math.min(...moments));
    this.closing = this.closing.filter((end) => end > this.now);
    for (const { member } of this.working.filter((each) => each.until <= this.now)) {
      // Some are lost.
      if (this.chance() < 0.9) this.idle.push({ ...member, since: this.now });
    }
    this.working = this.working.filter((each) => each.until > this.now);
    const done = this.making.filter((each) => each.until <= this.now);
    this.making = this.making.filter((each) => each.until > this.now);
    for (const { shape, waiting, busy } of done) {
      if (waiting !== null) waiting.asked = false;
      if (busy) this.busyUntil = this.now + Math.floor(this.chance() * 300);
      else {
        this.busyUntil = null;
        this.idle.push({ i: ++this.made, shape, key: null, served: 0, since: this.now });
      }
    }
  }
}

it("keeps every promise in random worlds, and serves everybody", () => {
  const broken: string[] = [];
  for (let seed = 1; seed <= 400; seed++)
    for (const each of new Set(new Script(seed).run(40).broken)) broken.push(`seed ${seed}: ${each}`);
  expect(broken).toEqual([]);
});
