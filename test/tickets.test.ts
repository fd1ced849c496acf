// From one idea to a thousand tickets, with agents, against a desk that counts: also after flowc was killed in the middle.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import { Desk } from "../examples/tickets/desk.ts";
import { openDatabase } from "../runtime/sqlite.ts";
import { killedAfter } from "./killed-run.ts";
import { flowc } from "./program.ts";

const folder = mkdtempSync(join(tmpdir(), "flowc-tickets-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const file = "examples/tickets/tickets.flow";
let desk: Desk;

beforeEach(async () => {
  desk = await Desk.open(0);
});
afterEach(() => desk.close());

function refused(): readonly number[] {
  const { model, tracker, wiki } = desk.counts();
  return [...model, ...tracker, ...wiki].map((count) => count.refused);
}

/** Name, attempts and cost of each agent's node. */
async function asked(state: string): Promise<readonly Record<string, unknown>[]> {
  const database = await openDatabase(join(state, "journal.db"), { readOnly: true });
  try {
    const sql =
      "SELECT a.node, count(*) AS attempts, sum(a.cost) AS cost FROM attempts a JOIN nodes n USING (run, node) WHERE n.task = 'plan_parts' GROUP BY 1";
    return database.prepare(sql).all();
  } finally {
    database.close();
  }
}

describe("tickets", { timeout: 300_000 }, () => {
  it("are more than a thousand, five levels deep, and no limit is broken", async () => {
    const state = join(folder, "whole");
    const ended = await flowc(["run", file, "--json", "--input", `desk=${desk.url}`, "--state", state]);
    expect(ended.code, ended.stderr).toBe(0);
    const { output } = JSON.parse(ended.stdout);
    expect(output.tickets).toBeGreaterThan(1000);
    expect(output.deepest).toBe(5);
    expect(desk.counts()).toMatchObject({ tickets: output.tickets, pages: output.pages });
    expect(refused()).toEqual([0, 0, 0, 0]);
    const costs = await asked(state);
    const cost = costs.reduce((sum, row) => sum + Number(row["cost"]), 0);
    expect(costs.length).toBe(desk.counts().model[0]?.taken);
    expect(cost).toBeCloseTo(desk.cost, 9);
  });

  it("go on after a kill, and what was recorded is not done again", async () => {
    const state = join(folder, "killed");
    const args = ["run", file, "--ui", "json", "--input", `desk=${desk.url}`, "--state", state];
    expect(await killedAfter(300, args)).toBe("SIGKILL");
    const ended = await flowc(["run", file, "--resume", "last", "--json", "--state", state]);
    expect(ended.code, ended.stderr).toBe(0);
    const { output } = JSON.parse(ended.stdout);
    const { tickets, tracker, model } = desk.counts();
    expect(tickets).toBe(output.tickets);
    expect(refused()).toEqual([0, 0, 0, 0]);
    // What was under way when it was killed: at most what can be at once.
    expect((tracker[0]?.taken ?? 0) - tickets).toBeLessThanOrEqual(60);
    expect((model[0]?.taken ?? 0) - (await asked(state)).length).toBeLessThanOrEqual(8);
  });
});
