// Requests that are led past flowc, in a limit: when they count, and how many nodes are started for what is left.

import { describe, expect, it } from "vitest";
import { LimitState, ownRun } from "../runtime/limit-state.ts";

const plan = { concurrent: null, slots: null, reserve: 0 };

function ofRequests(amount: number): LimitState {
  const rates = [{ unit: "requests", amount, perSeconds: 10 }];
  return new LimitState({ ...plan, name: "model", rates });
}

const one = { requests: 1 };

describe("a request", () => {
  it("counts from when it was let go, and for a window from when it has arrived", () => {
    const state = ofRequests(1);
    state.pass(-1, ownRun, 0, one);
    expect(state.lackOfPass(one, false, 100)).toMatchObject({ by: "rate" });
    state.passed(-1, 400);
    expect(state.lackOfPass(one, false, 10_399)?.until).toBe(10_400);
    expect(state.lackOfPass(one, false, 10_400)).toBeNull();
  });

  it("holds no place of a node", () => {
    const state = new LimitState({ ...plan, name: "model", rates: [], concurrent: 1 });
    state.pass(-1, ownRun, 0, {});
    expect(state.lack({ limit: "model", amounts: {}, proxied: true }, false, 1)).toBeNull();
  });

  it("is corrected while its answer passes, and takes nothing if it was never sent", () => {
    const rates = [{ unit: "tokens", amount: 100, perSeconds: 10 }];
    const state = new LimitState({ ...plan, name: "model", rates });
    state.pass(-1, ownRun, 0, { tokens: 90 });
    state.passed(-1, 10);
    state.correctPass(-1, ownRun, { tokens: 30 }, 20);
    expect(state.view(20)[0]?.used).toBe(30);
    state.correctPass(-1, ownRun, { tokens: 45 }, 30);
    state.end(-1, 40);
    expect(state.view(40)[0]?.used).toBe(45);
    state.pass(-2, ownRun, 50, { tokens: 20 });
    state.correctPass(-2, ownRun, { tokens: 0 }, 60);
    state.end(-2, 60);
    expect(state.view(60)[0]?.used).toBe(45);
  });
});

describe("nodes", () => {
  const use = { limit: "model", amounts: one, proxied: true } as const;

  it("are started for what is left, and somewhat ahead of it", () => {
    const state = ofRequests(10);
    let started = 0;
    for (; state.lack(use, false, 0) === null; started++) {
      state.take(started, ownRun, 0, { amounts: {} });
      state.awaits(started, one);
    }
    // All there is, and what it gives in three seconds of ten.
    expect(started).toBe(13);
    // None of them has asked: nobody can tell when there is room.
    expect(state.lack(use, false, 0)).toMatchObject({ by: "rate", until: null });
    for (let n = 0; n < 10; n++) {
      state.pass(-1 - n, ownRun, 100, one);
      state.passed(-1 - n, 100);
      state.awaits(n, null);
    }
    expect(state.lack(use, false, 200)?.until).toBe(10_100);
    expect(state.lack(use, false, 10_100)).toBeNull();
  });

  it("that end before they have asked make room for others", () => {
    const state = ofRequests(1);
    for (const n of [1, 2]) {
      state.take(n, ownRun, 0, { amounts: {} });
      state.awaits(n, one);
    }
    expect(state.lack(use, false, 0)).not.toBeNull();
    state.end(1, 1);
    expect(state.lack(use, false, 1)).toBeNull();
  });
});
