// Checks sliding windows against a count over all that was ever taken.

import { describe, expect, it } from "vitest";
import { SlidingWindow } from "../runtime/limit-window.ts";
import { chanceOf } from "./run-world.ts";

/** So long that a twenty-fifth of it is more than three seconds. */
const ms = 80_000;
const most = 20;

/** Takes and ends by chance, never more than `most`; when each was taken, and how much. */
function taken(seed: number): { at: number; amount: number; until: number }[] {
  const chance = chanceOf(seed);
  const window = new SlidingWindow(ms);
  const all: { at: number; amount: number; until: number }[] = [];
  const open: { key: number; index: number }[] = [];
  let now = 5000;
  for (let key = 1; key < 400; key++) {
    now += Math.floor(chance() * 4800);
    window.pass(now);
    const amount = 1 + Math.floor(chance() * 8);
    if (window.used + amount > most) {
      const free = window.downTo(most - amount);
      expect(free).toBeGreaterThan(now);
      window.pass(free - 1);
      expect(window.used + amount, "there was room before").toBeGreaterThan(most);
      now = free;
      window.pass(now);
      expect(window.used + amount, "there is no room at the time that was told").toBeLessThanOrEqual(most);
    }
    window.take(key, chance() < 0.5 ? 0 : 7, now, amount);
    open.push({ key, index: all.length });
    all.push({ at: now, amount, until: Number.POSITIVE_INFINITY });
    while (open.length > 0 && chance() < 0.45) {
      const [one] = open.splice(Math.floor(chance() * open.length), 1);
      if (one === undefined) break;
      window.end(one.key, now);
      const entry = all[one.index];
      if (entry !== undefined) entry.until = now;
    }
  }
  return all;
}

describe("a sliding window", () => {
  it("never lets more be asked for in any window, whenever in its first twenty-fifth an attempt asks", () => {
    for (let seed = 1; seed <= 40; seed++) {
      const all = taken(seed);
      const chance = chanceOf(seed + 1000);
      const asked = all.map(({ at, amount, until }) => ({
        at: Math.min(until, at + Math.floor(chance() * (ms / 25))),
        amount,
      }));
      for (const { at } of asked) {
        const inside = asked.filter((each) => each.at >= at && each.at < at + ms);
        const sum = inside.reduce((total, { amount }) => total + amount, 0);
        expect(sum, `seed ${seed}, from ${at} on`).toBeLessThanOrEqual(most);
      }
    }
  });

  it("lets an attempt ask three seconds later, however short the window is", () => {
    const window = new SlidingWindow(2000);
    window.take(1, 0, 0, 5);
    window.end(1, 900);
    window.take(2, 0, 0, 5);
    window.pass(2899);
    expect(window.used).toBe(10);
    window.pass(2900);
    expect(window.used).toBe(5);
    window.pass(4999);
    expect(window.used).toBe(5);
    window.pass(5000);
    expect(window.used).toBe(0);
  });

  it("that is made from another one knows what that knows, and is corrected with it", () => {
    const first = new SlidingWindow(ms);
    first.take(1, 0, 0, 5);
    first.take(2, 0, 100, 5);
    first.end(2, 200);
    first.pass(4000);
    const second = new SlidingWindow(2 * ms, first);
    expect(second.used).toBe(10);
    for (const window of [first, second]) window.correct(1, 0, 9, 5000);
    expect([first.used, second.used]).toEqual([14, 14]);
    second.end(1, 6000);
    second.pass(5000 + 2 * ms);
    expect(second.used).toBe(0);
  });

  it("counts what was used beyond what was taken from when it is told, and gives back what was not used", () => {
    const window = new SlidingWindow(ms);
    window.take(1, 0, 0, 5);
    window.correct(1, 0, 3, 4000);
    expect(window.used).toBe(3);
    window.correct(1, 0, 9, 16_000);
    expect(window.used).toBe(9);
    window.end(1, 20_000);
    window.pass(83_199);
    expect(window.used).toBe(9);
    window.pass(83_200);
    expect(window.used).toBe(6);
    window.pass(96_000);
    expect(window.used).toBe(0);
    expect(window.usedBy(0)).toBe(0);
  });

  it("counts what was told from then, and the rest of what was thought as long as it may come", () => {
    const window = new SlidingWindow(ms);
    window.take(1, 0, 0, 5);
    window.asked(1, 2, 1000);
    expect([window.used, window.moreOf(1)]).toEqual([5, 2]);
    window.pass(80_999);
    expect(window.used).toBe(5);
    window.pass(81_000);
    expect(window.used).toBe(3);
    expect(window.downTo(0)).toBe(83_200);
    // Too late to say when it was asked for.
    window.asked(1, 3, 82_000);
    expect(window.moreOf(1)).toBe(2);
    window.pass(83_200);
    expect(window.used).toBe(0);
  });

  it("counts what an agent was started for until that works, and a while longer", () => {
    const window = new SlidingWindow(ms);
    window.take(1, 0, 0, 5, true);
    window.take(2, 0, 0, 5, true);
    window.take(3, 0, 0, 5);
    window.pass(20_000);
    // It says something, and what it asks for a second later.
    window.asked(1, 0, 20_000);
    window.asked(1, 5, 21_000);
    window.pass(83_200);
    expect(window.used).toBe(10);
    window.pass(101_000);
    expect(window.used).toBe(5);
    // Of one that says nothing it is not known when it asks: soon, it is to be hoped.
    expect(window.downTo(0)).toBe(30_000 + ms);
    window.pass(30_000 + ms);
    expect(window.used).toBe(0);
    const like = new SlidingWindow(ms, window);
    expect(like.used).toBe(0);
  });

  it("gives back of what was thought only what was not told", () => {
    const window = new SlidingWindow(ms);
    window.take(1, 0, 0, 5);
    window.correct(1, 0, 5, 1000);
    window.asked(1, 2, 1000);
    window.correct(1, 0, 2, 2000);
    expect(window.used).toBe(2);
    window.end(1, 2000);
    window.take(2, 0, 3000, 5);
    window.correct(2, 0, 7, 4000);
    window.asked(2, 7, 4000);
    expect([window.used, window.moreOf(2)]).toEqual([9, 7]);
    window.end(2, 5000);
    window.pass(83_999);
    expect(window.used).toBe(7);
    window.pass(84_000);
    expect(window.used).toBe(0);
  });

  it("never lets more be asked for in any window by those that tell at once, and little less", () => {
    for (let seed = 1; seed <= 20; seed++) {
      const { asked, saturated } = toldAtOnce(seed);
      for (const at of asked) {
        const inside = asked.filter((each) => each >= at && each < at + ms);
        expect(inside.length, `seed ${seed}, from ${at} on`).toBeLessThanOrEqual(most);
      }
      expect(saturated, `seed ${seed}`).toBeGreaterThan(0.95);
    }
  });
});

/** Attempts start as soon as they may, ask within two seconds, and tell that at once; what part of what is allowed they use. */
function toldAtOnce(seed: number): { readonly asked: readonly number[]; readonly saturated: number } {
  const chance = chanceOf(seed);
  const window = new SlidingWindow(ms);
  const asked: number[] = [];
  const tells: { readonly key: number; readonly at: number }[] = [];
  let now = 0;
  for (let key = 1; key <= most * 8 || tells.length > 0; ) {
    window.pass(now);
    while (window.used < most && key <= most * 8) {
      window.take(key, 0, now, 1);
      tells.push({ key: key++, at: now + Math.floor(chance() * 2000) });
    }
    tells.sort((a, b) => b.at - a.at);
    const next = tells.at(-1);
    const free = window.downTo(most - 1);
    if (next === undefined || (key <= most * 8 && free < next.at)) {
      now = free;
      continue;
    }
    now = next.at;
    asked.push(now);
    window.asked(next.key, 1, now);
    tells.pop();
  }
  const [first = 0] = asked;
  const last = asked.at(-1) ?? 0;
  return { asked, saturated: (((asked.length - most) / most) * ms) / (last - first) };
}
