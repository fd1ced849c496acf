// Builds a slice of the fleet for real, twice, with failures, and with a kill in the middle; asks its journal.

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { openDatabase, type Row } from "../runtime/sqlite.ts";
import { killedAfter, sliceOfFleet } from "./package-fleet.ts";
import { flowc, root } from "./program.ts";

const folder = mkdtempSync(join(tmpdir(), "flowc-fleet-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const fleet = "examples/package-fleet/fleet.flow";
const whole = join(folder, "whole");

function args(state: string, ...more: readonly string[]): string[] {
  return ["run", fleet, "--json", "--state", state, "--jobs", "2", ...more];
}

interface Node {
  readonly node: string;
  readonly task: string;
  readonly status: string;
  readonly reused_from: string | null;
  readonly started_at: string | null;
}

async function nodesOf(state: string): Promise<readonly Node[]> {
  const shown = await flowc(["show", "last", "--json", "--state", state]);
  return JSON.parse(shown.stdout).nodes;
}

function artifact(state: string, sha256: string): string {
  return readFileSync(join(state, "artifacts", sha256.slice(0, 2), sha256.slice(2)), "utf8");
}

async function ask(state: string, sql: string): Promise<readonly Row[]> {
  const database = await openDatabase(join(state, "journal.db"), { readOnly: true });
  try {
    return database.prepare(sql).all();
  } finally {
    database.close();
  }
}

describe("the fleet", () => {
  it("builds each package after what it needs, and reports on it", async () => {
    const ended = await flowc(args(whole, ...sliceOfFleet.args));
    expect(ended.code, ended.stderr).toBe(0);
    const { output } = JSON.parse(ended.stdout);
    expect(output).toMatchObject({ packages: 13, planned: 26, built: 26, failed: [], skipped: 0 });
    expect(output.coverage).toBeGreaterThan(70);
    const report = artifact(whole, output.report.sha256);
    expect(report).toContain("| Built | 26 (100.0 %) |");
    expect(report).toMatch(
      /^\| protobufjs@[\d.]+ \| wasm32 \| protobufjs-[\d.]+-wasm32\.\w+ \| [\d.]+ KB \| [0-9a-f]{64} \|$/m,
    );
    const early = await ask(
      whole,
      `SELECT count(*) AS n FROM dependencies AS d JOIN nodes AS a ON a.node = d.to_node
       JOIN nodes AS b ON b.node = d.from_node || '.build' WHERE a.started_at < b.ended_at`,
    );
    expect(early).toEqual([{ n: 0 }]);
  });

  it("takes everything from the cache the second time", async () => {
    const ended = await flowc(args(whole, ...sliceOfFleet.args));
    expect(ended.code, ended.stderr).toBe(0);
    const builds = (await nodesOf(whole)).filter((one) => one.task === "build");
    expect(builds).toHaveLength(26);
    expect(builds.filter((one) => one.reused_from === null)).toEqual([]);
  });

  it("tolerates a few failures, and its report tells their causes", async () => {
    const state = join(folder, "sabotaged");
    const ended = await flowc(
      args(state, ...sliceOfFleet.args, "--input", 'sabotage=["@protobufjs/aspromise"]'),
    );
    expect(ended.code, ended.stderr).toBe(0);
    const { output } = JSON.parse(ended.stdout);
    expect(output.failed).toEqual(["@protobufjs/aspromise/linux-x64-gnu", "@protobufjs/aspromise/wasm32"]);
    expect(output.skipped + output.built).toBe(24);
    const report = artifact(state, output.report.sha256);
    expect(report).toContain("### @protobufjs/aspromise/wasm32\n\n`sh` exited with 1.\n\n```text\n");
    expect(report).toMatch(/@protobufjs\/aspromise at\(\d, 5\) is \d+, should be \d+/);
    expect(report).toMatch(/^Not built because of it: .*protobufjs\/wasm32/m);
    expect(report).toMatch(/^\| @protobufjs\/aspromise \| .* \| ✗ \| ✗ \|/m);
    expect(report).toMatch(/^\| protobufjs \| .* \| · \| · \|/m);
    const tried = await ask(state, "SELECT count(*) AS n FROM attempts WHERE outcome = 'failed'");
    expect(tried).toEqual([{ n: 6 }]);
  });

  it("fails when too much is missing", async () => {
    const ended = await flowc(
      args(join(folder, "ruined"), "--input", 'only=["bl"]', "--input", 'platforms=["wasm32"]').concat([
        "--input",
        'sabotage=["inherits","buffer"]',
      ]),
    );
    expect(ended.code).toBe(1);
    expect(ended.stderr).toMatch(/^✗ built\[(inherits|buffer)\/wasm32\]\.build failed: `sh` exited with 1/m);
    expect(ended.stderr).toMatch(
      /^ {2}built failed: \d of its 9 items failed or were skipped, and it tolerates 2$/m,
    );
    expect(ended.stderr).toContain("not run because of it: record, write_report");
  });

  it("says what is missing when the place it was asked for is not there", async () => {
    const ended = await flowc(args(join(folder, "nowhere"), ...sliceOfFleet.args, "--on", "docker"), {
      env: { DOCKER_HOST: "unix:///nowhere.sock" },
    });
    expect(ended.code).toBe(1);
    expect(ended.stderr).toContain("No Docker engine answers at unix:///nowhere.sock");
    expect(ended.stderr).toMatch(/^next: flowc run --resume /m);
  });

  it("resumed after a kill, builds nothing twice that was recorded", async () => {
    const state = join(folder, "killed");
    await killedAfter(6, args(state, ...sliceOfFleet.args));
    const before = (await nodesOf(state)).filter((one) => one.status === "succeeded");
    expect(before.length).toBeGreaterThan(2);
    const second = await flowc(["run", fleet, "--resume", "last", "--json", "--state", state]);
    expect(second.code, second.stderr).toBe(0);
    expect(JSON.parse(second.stdout).output).toMatchObject({ built: 26, failed: [] });
    const after = new Map((await nodesOf(state)).map((one) => [one.node, one.started_at]));
    for (const { node, started_at } of before)
      expect(`${node} ${after.get(node)}`).toBe(`${node} ${started_at}`);
  });
});

describe("the queries of its page", () => {
  const page = readFileSync(join(root, "examples/package-fleet/README.md"), "utf8");
  const queries = [...page.matchAll(/^sqlite3 \.flowc\/journal\.db "([^"]+)"$/gm)].map(([, sql = ""]) =>
    sql.replaceAll("\\$", "$"),
  );

  it("are all answered, by the run with failures", async () => {
    expect(queries).toHaveLength(6);
    const answers: (readonly Row[])[] = [];
    for (const sql of queries) answers.push(await ask(join(folder, "sabotaged"), sql));
    const [builds, failed, platforms, waiting, largest, attempts] = answers;
    expect(builds?.map((row) => row["status"])).toEqual(["failed", "skipped", "succeeded"]);
    expect(failed).toMatchObject([{ attempts: 3 }, { error: "`sh` exited with 1." }]);
    expect(platforms).toMatchObject([
      { platform: "linux-x64-gnu", tests: expect.any(Number), coverage: expect.any(Number) },
      { platform: "wasm32" },
    ]);
    expect(waiting?.[0]).toMatchObject({ waiting: expect.any(Number) });
    expect(largest).toHaveLength(5);
    expect(largest?.[0]).toMatchObject({ sha256: expect.stringMatching(/^[0-9a-f]{64}$/) });
    expect(attempts).toHaveLength(6);
    expect(attempts?.[0]).toMatchObject({ reason: "exit", exit_code: 1 });
  });
});
