// Checks that a run which limits hold for long says so, once, and by what.

import { afterAll, describe, expect, it } from "vitest";
import { executeRun } from "../runtime/execute.ts";
import { takeLease } from "../runtime/lease.ts";
import { LimitRows } from "../runtime/limit-rows.ts";
import { machine, options, planOf, pretendWorld, removeFolders, succeeded } from "./pretend.ts";

afterAll(removeFolders);

const flow = (bounds: string): string => `limit api { ${bounds} }
task work(x: string) { uses: [api], run "echo ~{x}" }
flow main() { for x in ["a", "b"] { work(x) } }
`;

describe("a run that limits hold", () => {
  it("says until when nothing goes on, if that is long", async () => {
    const told: string[] = [];
    for (const bounds of ["requests: 1 per 1h", "requests: 1 per 10s"]) {
      const { project, plan } = planOf(flow(bounds));
      const world = await pretendWorld(
        project,
        machine(() => succeeded(null)),
      );
      const ask = { plan, inputs: {}, options, tell: (text: string) => told.push(text) };
      expect(await executeRun(world, ask)).toMatchObject({ status: "succeeded" });
    }
    expect(told).toEqual([
      "Nothing goes on: `for[b].work` is held by the limit `api` (1 of 1 request per 1h used; more in 60m).",
    ]);
  });

  it("says so after a while where nobody knows until when", async () => {
    const { project, plan } = planOf(flow('slots: ["one"]'));
    const world = await pretendWorld(
      project,
      machine(() => succeeded(null)),
    );
    const { database } = world.journal;
    database.exec("INSERT INTO plan (id, hash, body) VALUES (77, 'other', '')");
    database.exec(
      "INSERT INTO run (id, name, plan, flow, state, started_at) VALUES (77, '261121-bcdfg', 77, '', 1, 0)",
    );
    database.exec("INSERT INTO lease (run, epoch) VALUES (77, 1)");
    const lease = await takeLease(world.journal.folderOf("261121-bcdfg"));
    const rows = new LimitRows(database, 77, 1);
    const now = world.clock.now();
    rows.begin(plan.limits ?? [], now);
    rows.take({ n: 1, a: 1 }, { limit: "api", amounts: {}, slot: "one" }, now, 0);
    const told: string[] = [];
    const running = executeRun(world, { plan, inputs: {}, options, tell: (text) => told.push(text) });
    await expect.poll(() => told.length, { timeout: 20_000 }).toBe(1);
    const saidAt = world.clock.now();
    await expect.poll(() => world.clock.now() - saidAt, { timeout: 20_000 }).toBeGreaterThan(30_000);
    rows.end(world.clock.now());
    expect(await running).toMatchObject({ status: "succeeded" });
    expect(told).toEqual([
      "Nothing goes on: `for[a].work` is held by the limit `api`, of which no slot is free.",
    ]);
    lease?.release();
  });
});
