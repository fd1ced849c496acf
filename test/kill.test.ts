// Kills with SIGKILL in the middle of a run, one for each shape: nothing recorded is lost, nothing recorded is done again.

import { expect, it } from "vitest";
import { type KillResult, kills } from "./kill.ts";

it("a run killed at random moments goes on and loses nothing", async () => {
  const results: KillResult[] = [];
  await kills(9, 20_261_121, (one) => results.push(one));
  for (const one of results) {
    expect(one).toMatchObject({ lost: 0, startedAgain: 0, resumed: 0 });
    // At most two were running.
    expect(one.ranAgain).toBeLessThanOrEqual(2);
  }
  // At least one kill came when there was something to lose.
  expect(results.some((one) => one.inTime && one.recorded > 0)).toBe(true);
}, 180_000);
