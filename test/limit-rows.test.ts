// Checks what runs find of each other's use of limits in the journal.

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { forgetRun } from "../runtime/gc-rows.ts";
import { type Journal, openJournal } from "../runtime/journal.ts";
import { LimitRows } from "../runtime/limit-rows.ts";
import { LimitSight } from "../runtime/limit-sight.ts";
import { RunLimits } from "../runtime/run-limits.ts";
import { freshFolder, removeFolders } from "./pretend.ts";

const api = {
  ...{ name: "api", concurrent: null, slots: ["a", "b"], reserve: 0 },
  rates: [{ unit: "requests", amount: 10, perSeconds: 60 }],
};
const use = { limit: "api", amounts: { requests: 3 } };

let journal: Journal;
beforeAll(async () => {
  journal = await openJournal(freshFolder());
  const { database } = journal;
  database.exec("INSERT INTO plan (id, hash, body) VALUES (1, '', '')");
  for (const run of [1, 2, 3]) {
    database.exec(
      `INSERT INTO run (id, name, plan, flow, state, started_at) VALUES (${run}, 'r${run}', 1, '', 1, 0)`,
    );
    database.exec(`INSERT INTO lease (run, epoch) VALUES (${run}, 1)`);
  }
});
afterAll(async () => {
  await journal.close();
  removeFolders();
});

/** A run as it sees the others. */
function seen(run: number): { rows: LimitRows; limits: RunLimits; sight: LimitSight } {
  const rows = new LimitRows(journal.database, run, 1);
  const limits = new RunLimits([api]);
  return { rows, limits, sight: new LimitSight(limits, rows, run) };
}

describe("the rows of a limit", () => {
  it("tell others what is taken, given back, corrected and paused", () => {
    const [one, two] = [seen(1), seen(2)];
    for (const { rows } of [one, two]) rows.begin([api], 1000);
    one.rows.take({ n: 4, a: 1 }, { ...use, slot: "a" }, 1000, 63_000);
    two.sight.refresh(1001);
    expect(two.limits.view(1001, () => new Map())[0]?.bounds).toEqual([
      { unit: "requests", perSeconds: 60, limit: 10, used: 3, until: null },
      { unit: "slots", perSeconds: null, limit: 2, used: 1, until: null },
    ]);
    expect(two.limits.given([use])).toEqual([{ ...use, slot: "b" }]);
    one.rows.more({ n: 4, a: 1 }, { limit: "api", amounts: { requests: 6 } }, 2000, 63_000);
    two.sight.refresh(2001);
    expect(two.limits.lack([use], false, 2001)).toMatchObject({ by: "rate", rate: { used: 9, asked: 3 } });
    one.rows.less(4, { limit: "api", amounts: { requests: 1 } });
    two.sight.refresh(2002);
    expect(two.limits.lack([use], false, 2002)).toBeNull();
    one.rows.ended(4, 2500);
    one.rows.pause("api", 9000);
    two.sight.refresh(2501);
    expect(two.limits.lack([use], false, 2501)).toMatchObject({ by: "paused", until: 9000 });
    expect(two.limits.lack([use], false, 9000)).toBeNull();
    expect(two.limits.given([use])).toEqual([{ ...use, slot: "a" }]);
  });

  it("let whoever has less go first, until it does not wait any more", () => {
    const [one, two] = [seen(1), seen(2)];
    two.rows.take({ n: 5, a: 1 }, use, 100_000, 63_000);
    two.limits.take(5, [use], 100_000, false);
    one.rows.waits("api", 100_100);
    two.sight.refresh(100_200);
    expect(two.limits.lack([use], false, 100_200)).toMatchObject({ by: "others" });
    one.sight.refresh(100_200);
    expect(one.limits.lack([use], false, 100_200)).toBeNull();
    // It has not said so for long, as one that is stopped.
    two.sight.refresh(120_000);
    expect(two.limits.lack([use], false, 120_000)).toBeNull();
    one.rows.waits("api", null);
    two.rows.ended(5, 121_000);
  });

  it("are known to whoever has a longer window", () => {
    const hour = { ...api, rates: [{ unit: "requests", amount: 10, perSeconds: 3600 }] };
    const [one] = [seen(1)];
    one.rows.take({ n: 7, a: 1 }, use, 300_000, 63_000);
    one.rows.ended(7, 301_000);
    const limits = new RunLimits([hour]);
    new LimitSight(limits, new LimitRows(journal.database, 2, 1), 2).refresh(900_000);
    expect(limits.view(900_000, () => new Map())[0]?.bounds[0]?.used).toBe(10);
  });

  it("that are new are told from those that were forgotten", () => {
    const [one, two] = [seen(1), seen(2)];
    const at = 20_000_000;
    one.rows.take({ n: 8, a: 1 }, use, at, 63_000);
    one.rows.take({ n: 9, a: 1 }, use, at, 63_000);
    one.rows.ended(9, at);
    one.rows.ended(8, at + 1);
    two.sight.refresh(at + 2);
    expect(two.limits.view(at + 2, () => new Map())[0]?.bounds[0]?.used).toBe(6);
    // So late that what has ended is forgotten.
    const later = at + 4 * 3_600_000;
    one.rows.begin([api], later);
    one.rows.take({ n: 8, a: 2 }, use, later, 63_000);
    two.sight.refresh(later + 1);
    expect(two.limits.view(later + 1, () => new Map())[0]?.bounds[0]?.used).toBe(3);
  });

  it("of a run that goes hold nothing, and count on", () => {
    const [one, three] = [seen(1), seen(3)];
    three.rows.begin([api], 200_000);
    three.rows.take({ n: 4, a: 1 }, { ...use, slot: "a" }, 200_000, 63_000);
    one.sight.refresh(200_001);
    expect(one.limits.given([use])).toEqual([{ ...use, slot: "b" }]);
    forgetRun(journal, 3);
    one.sight.refresh(200_002);
    expect(one.limits.given([use])).toEqual([{ ...use, slot: "a" }]);
    expect(one.limits.view(200_002, () => new Map())[0]?.bounds[0]?.used).toBe(3);
    expect(one.rows.others().map(({ run }) => run)).toEqual([2]);
  });
});
