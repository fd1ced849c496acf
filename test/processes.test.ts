// Runs that end while they hold processes of every kind: nobody stays behind. `npm run processes` does it many more times.

import { expect, it } from "vitest";
import { processes, type Round } from "./processes.ts";

it("a cancel, a timeout and a killed flowc leave nobody behind", { timeout: 180_000 }, async () => {
  const rounds: Round[] = [];
  await processes(18, 60, (round) => rounds.push(round));
  const exits = { cancel: 130, timeout: 1, kill: 0 };
  for (const round of rounds) {
    expect(round).toMatchObject({ left: 0, code: exits[round.way] });
    expect(round.held).toBeGreaterThan(0);
  }
});
