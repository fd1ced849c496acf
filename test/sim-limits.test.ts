// Runs that share limits in a pretend world, with chance, crashes, corrections and pauses.

import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { openJournal } from "../runtime/journal.ts";
import { freshFolder, removeFolders } from "./pretend.ts";
import { simulateLimits } from "./sim/limits.ts";

afterAll(removeFolders);

it("never take more together than there is, and all end", async () => {
  let starts = 0;
  for (let seed = 1; seed <= 10; seed++) {
    const project = freshFolder();
    const journal = await openJournal(join(project, ".flowc"));
    const simulated = await simulateLimits(seed, journal, project);
    await journal.close();
    expect(simulated.problems, `seed ${seed}`).toEqual([]);
    starts += simulated.starts;
  }
  expect(starts).toBeGreaterThan(300);
}, 120_000);
