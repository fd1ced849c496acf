// Checks that nodes in one session take their turns, also when one that waits does not want to any more.

import { describe, expect, it } from "vitest";
import { Turns } from "../runtime/ask-home.ts";

const never = new AbortController().signal;

describe("who goes on in one session", () => {
  it("waits for who was there before, whoever has given up between them", async () => {
    const turns = new Turns();
    const first = await turns.take(1, never);
    const giving = new AbortController();
    const second = turns.take(1, giving.signal);
    giving.abort();
    expect(await second).toBeNull();
    let has = false;
    const third = turns.take(1, never).then((end) => {
      has = true;
      return end;
    });
    await turns.take(2, never);
    await new Promise((resolve) => setImmediate(resolve));
    expect(has).toBe(false);
    first?.();
    (await third)?.();
    expect(await turns.take(1, never)).not.toBeNull();
  });
});
