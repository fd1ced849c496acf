// The simulator: a thousand seeds keep what is promised, and a seed is one trace.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Journal, openJournal } from "../runtime/journal.ts";
import { simulate } from "./sim/simulate.ts";

const seeds = 1_000;
const piece = 100;

let project = "";
let journal: Journal;
beforeAll(async () => {
  project = mkdtempSync(join(tmpdir(), "flowc-sim-"));
  journal = await openJournal(join(project, ".flowc"));
});
afterAll(async () => {
  await journal.close();
  rmSync(project, { recursive: true, force: true });
});

for (let first = 1; first <= seeds; first += piece)
  it(`seeds ${first} to ${first + piece - 1} lose nothing, do nothing twice, and end`, async () => {
    const broken: string[] = [];
    for (let seed = first; seed < first + piece; seed++) {
      const { problems } = await simulate(seed, journal, project);
      if (problems.length > 0) broken.push(`npm run sim -- --seed ${seed}: ${problems.join("; ")}`);
    }
    expect(broken).toEqual([]);
  }, 120_000);

it("gives the same trace for the same seed", async () => {
  for (let seed = 1; seed <= 40; seed++) {
    const [one, two] = [await simulate(seed, journal, project), await simulate(seed, journal, project)];
    expect(two.trace).toEqual(one.trace);
    expect(one.trace.length).toBeGreaterThan(2);
  }
}, 120_000);
