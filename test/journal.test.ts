// The journal's tables and views on a real disk: they say what the events say, at a bounded price.

import { chmodSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { executeRun } from "../runtime/execute.ts";
import { openJournal } from "../runtime/journal.ts";
import { loadRun } from "../runtime/load.ts";
import type { Row } from "../runtime/sqlite.ts";
import { failed, machine, options, planOf, pretendWorld, removeFolders, succeeded } from "./pretend.ts";
import { answers, rebuild, richRun, rowsOf, tables } from "./rich-run.ts";

afterAll(removeFolders);

describe("projections", () => {
  it("are what the events say, after success, failure, and a resume", async () => {
    const { project, plan, result, journal } = await richRun();
    expect(result.status).toBe("succeeded");
    const rows = rowsOf(journal);
    for (const table of tables) expect(rows[table]?.length).toBeGreaterThan(0);
    rebuild(journal, result.run, project);
    expect(rowsOf(journal)).toEqual(rows);

    let broken = true;
    const attempts = machine((order, stop) =>
      broken && order.name === "made[a].made" ? failed("broken") : answers(order, stop),
    );
    const world = await pretendWorld(project, attempts, undefined, journal);
    const ask = { plan, inputs: { big: 5 }, options };
    const first = await executeRun(world, ask);
    expect(first.status).toBe("failed");
    const halfWay = rowsOf(journal);
    rebuild(journal, first.run, project);
    expect(rowsOf(journal)).toEqual(halfWay);
    broken = false;
    const second = await executeRun(world, { ...ask, resume: { run: first.run, stored: false } });
    expect(second.status).toBe("succeeded");
    const whole = rowsOf(journal);
    rebuild(journal, first.run, project);
    expect(rowsOf(journal)).toEqual(whole);
    await journal.close();
  });

  it("are read through the documented views", async () => {
    const { result, journal } = await richRun();
    const columns = (view: string): string[] =>
      journal.database
        .prepare(`SELECT name FROM pragma_table_info('${view}')`)
        .all()
        .map((row) => String(row["name"]));
    expect(columns("runs").join(" ")).toBe("run flow status started_at ended_at inputs output");
    expect(columns("nodes").join(" ")).toBe(
      "run node task key inputs output status runner instance attempts started_at ended_at duration_ms error",
    );
    expect(columns("attempts").join(" ")).toBe(
      "run node attempt outcome reason exit_code instance session started_at ended_at duration_ms cost tokens",
    );
    expect(columns("dependencies").join(" ")).toBe("run from_node to_node kind");
    expect(columns("artifacts").join(" ")).toBe("run node name path size sha256 created_at");
    expect(columns("gates").join(" ")).toBe("run gate item held decided_by decided_at note");
    const all = (sql: string): readonly Row[] => journal.database.prepare(sql).all();
    expect(all("SELECT run, flow, status, inputs, output FROM runs")).toMatchObject([
      {
        run: result.run,
        flow: "main",
        status: "succeeded",
        inputs: '{"big":5}',
        output: JSON.stringify(result.output),
      },
    ]);
    const [b] = all("SELECT * FROM nodes WHERE node = 'made[b].made'");
    expect(b).toMatchObject({
      task: "make",
      key: "b",
      status: "succeeded",
      attempts: 2,
      output: '"made[b].made"',
      error: null,
    });
    expect(String(b?.["inputs"])).toContain('"name":"b"');
    expect(String(b?.["started_at"])).toMatch(/^2026-11-2\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    expect(all("SELECT error FROM nodes WHERE node = 'made[c].made'")).toMatchObject([
      { error: "it is always so" },
    ]);
    expect(
      all("SELECT attempt, outcome, reason, exit_code FROM attempts WHERE node = 'made[b].made'"),
    ).toMatchObject([
      { attempt: 1, outcome: "failed", reason: "exit", exit_code: 1 },
      { attempt: 2, outcome: "succeeded", exit_code: 0 },
    ]);
    expect(
      all("SELECT from_node, kind FROM dependencies WHERE to_node = 'made[b].good' AND kind = 'data'"),
    ).toMatchObject([{ from_node: "made[b].made", kind: "data" }]);
    const waits = all("SELECT from_node FROM dependencies WHERE to_node = 'made[b].made' ORDER BY 1");
    expect(waits.map((row) => row["from_node"])).toContain("made[a]");
    expect(all("SELECT path FROM artifacts WHERE node = 'made[a].made'")).toMatchObject([
      { path: "out/made[a].made.txt" },
    ]);
    expect(all("SELECT * FROM gates")).toEqual([]);
    expect(all("SELECT type FROM events WHERE seq <= 3").map((row) => row["type"])).toEqual([
      "run.started",
      "run.opened",
      "grown",
    ]);
    await journal.close();
  });
});

describe("values", () => {
  it("of more than 64 KB stand in the artifact store, and come back", async () => {
    const { project, plan } = planOf(`
task big() -> string {
  run "cat"
  return stdout
}
flow main() -> string {
  x = big()
  return x
}
`);
    const long = "ä".repeat(40_000);
    const world = await pretendWorld(
      project,
      machine(() => succeeded(long)),
    );
    const { run, output } = await executeRun(world, { plan, inputs: {}, options });
    expect(output).toBe(long);
    const [row] = world.journal.database.prepare("SELECT max(length(body)) AS longest FROM event").all();
    expect(Number(row?.["longest"])).toBeLessThan(1000);
    const loaded = loadRun(world.journal, run, project);
    expect(loaded.view.output).toBe(long);
    // Altered, it is told and not used.
    const event = world.journal.database
      .prepare("SELECT body FROM event WHERE body LIKE '%value@sha256%'")
      .get();
    const { "value@sha256": sha256 } = JSON.parse(String(event?.["body"]));
    const place = world.artifacts.pathOf(sha256) ?? "";
    chmodSync(place, 0o600);
    writeFileSync(place, readFileSync(place, "utf8").replace("ä", "ö"));
    expect(() => loadRun(world.journal, run, project)).toThrow(/was changed on the disk/);
    await world.journal.close();
  });

  it("cost at most 300 bytes a node besides themselves", async () => {
    const { project, plan } = planOf(`
task work(i: int, a: int, b: int, c: int) -> int {
  run "echo ~{i}"
  return int(stdout)
}
flow main() -> int {
  x = for i in range(500) { work(i, a: i, b: i, c: i) }
  y = for i in range(500) { work(i, a: x[i], b: x[0], c: x[1]) }
  z = for i in range(500) { work(i, a: y[i], b: x[i], c: y[0]) }
  w = for i in range(500) { work(i, a: z[i], b: y[i], c: x[i]) }
  return sum(w)
}
`);
    const state = join(project, ".flowc");
    const world = await pretendWorld(
      project,
      machine(({ n }) => succeeded(n)),
    );
    await executeRun(world, { plan, inputs: {}, options: { ...options, jobs: 64 } });
    const [values] = world.journal.database
      .prepare(
        `SELECT (SELECT sum(length(inputs)) FROM node) + (SELECT sum(length(body)) FROM plan) +
           (SELECT sum(length(body -> '$.value')) FROM event WHERE typeof(body) = 'text') AS bytes`,
      )
      .all();
    await world.journal.close();
    // What tables take that hold nothing is no node's.
    const empty = join(project, "empty");
    await (await openJournal(empty)).close();
    const sizeOf = (folder: string): number => statSync(join(folder, "journal.db")).size;
    const bytes = sizeOf(state) - sizeOf(empty) - Number(values?.["bytes"]);
    expect(bytes / 2000).toBeLessThan(300);
  });
});

it("finds a run by its id, a beginning, `last`, or tells which could be meant", async () => {
  const { project, plan } = planOf(
    'task t() -> string { return "x" }\nflow main() -> string { return t() }\n',
  );
  const world = await pretendWorld(project, machine(answers));
  const ids: string[] = [];
  for (let i = 0; i < 3; i++) ids.push((await executeRun(world, { plan, inputs: {}, options })).run);
  expect(ids.every((id) => /^261121-[2-9a-z]{5}$/.test(id))).toBe(true);
  const [first = "", , last = ""] = ids;
  expect(world.journal.runs().map((run) => run.id)).toEqual([...ids].reverse());
  expect(world.journal.find("last")).toEqual({ id: last });
  expect(world.journal.find(first)).toEqual({ id: first });
  expect(world.journal.find(first.slice(7))).toEqual({ id: first });
  expect(world.journal.find("2611")).toEqual({
    problem: `\`2611\` may mean 3 runs: ${[...ids].reverse().join(", ")}`,
  });
  expect(world.journal.find("nope")).toEqual({
    problem: `there is no run \`nope\`; the last one is ${last}`,
  });
  await world.journal.close();
});
