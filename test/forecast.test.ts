// Forecasts: true where all times are known, as far off as they say where they are not, and told as people read them.

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { leftText } from "../cli/forecast.ts";
import { Times } from "../cli/times.ts";
import { forecastArrays } from "../runtime/analysis/forecast.ts";
import { heap } from "../runtime/analysis/heap.ts";
import { openJournal } from "../runtime/journal.ts";
import { loadRun } from "../runtime/load.ts";
import { pastOf } from "../runtime/past.ts";
import { exactly, judge } from "./forecast-worlds.ts";
import { random } from "./layers.ts";
import { bin } from "./program.ts";

describe("a forecast over simulated runs", () => {
  it("plays the rest of a run as it comes when all times are known", () => {
    for (let seed = 1; seed <= 12; seed++) {
      const moments = exactly(seed);
      expect(moments.length).toBeGreaterThan(50);
      for (const { played, actual } of moments) expect(played).toBeCloseTo(actual, 6);
    }
  });

  it("does not believe that a node which takes much longer than ever ends at once", () => {
    const left = (elapsedMs: number): number => {
      const graph = {
        nodes: 1,
        from: new Int32Array(0),
        to: new Int32Array(0),
        weights: Float64Array.of(10_000),
      };
      const known = { spread: Float64Array.of(0.2), chance: Float64Array.of(1), first: Float64Array.of(0) };
      const elapsed = Float64Array.of(elapsedMs);
      const bounds = { group: Int32Array.of(-1), bound: Int32Array.of(0), slots: 1 };
      return forecastArrays({ graph, ...known, elapsed, ...bounds, pace: { mean: 0, spread: 0 } })?.ms ?? 0;
    };
    expect(left(-1)).toBeGreaterThan(8_000);
    expect(left(9_000)).toBeLessThan(4_000);
    expect(left(12_000)).toBeLessThan(4_000);
    expect(left(60_000)).toBeGreaterThan(15_000);
  });

  // The bench tells more: npm run bench -- forecast.
  it.each([1, 3])("is off by little after %d earlier runs, and says by how much", (earlier) => {
    const judged = judge(60, earlier);
    expect(judged).toHaveLength(4);
    for (const { done, medianOff, within } of judged) {
      expect(medianOff, `at ${done}`).toBeLessThan(done === 0 ? 0.14 : 0.08);
      expect(within, `at ${done}`).toBeGreaterThan(0.6);
      expect(within, `at ${done}`).toBeLessThanOrEqual(0.97);
    }
  });

  it("says nothing without earlier runs before half of what is left is known", () => {
    const judged = judge(20, 0);
    expect(judged.map(({ done }) => done)).not.toContain(0);
    expect(judged.at(-1)).toMatchObject({ done: 0.75 });
  });
});

describe("what is known of times", () => {
  const node = (run: number, name: string, ms: number | null, startedAt = 1000) => ({
    run,
    name,
    task: "t",
    startedAt: ms === null ? null : startedAt,
    endedAt: ms === null ? null : startedAt + ms,
  });

  it("is of the node's name, else of its task, else of all others", () => {
    const times = new Times({ runs: 2, nodes: [node(0, "a", 100), node(1, "a", 300), node(0, "b", 5000)] });
    expect(times.of("a", "t")).toMatchObject({ ms: 200, chance: 1, known: true });
    expect(times.of("c", "t").ms).toBeCloseTo(Math.cbrt(100 * 300 * 5000), 5);
    expect(times.of("c", "other").known).toBe(false);
    times.saw("c", "other", 700);
    expect(times.of("d", "other").ms).toBeCloseTo(700, 5);
  });

  it("tells how likely a branch is taken, how fast this run is, and how long a list took", () => {
    const nodes = [
      node(0, "a", 100),
      node(1, "a", null),
      node(0, "l[x].b", 50, 1000),
      node(0, "l[y].b", 50, 2000),
    ];
    const times = new Times({ runs: 2, nodes });
    expect(times.of("a", "t").chance).toBe(0.5);
    expect(times.span("l")).toBe(1050);
    expect(times.span("list")).toBeNull();
    expect(times.pace().mean).toBe(0);
    for (let i = 0; i < 30; i++) times.saw("a", "t", 200);
    expect(times.pace().mean).toBeCloseTo((30 / 33) * Math.LN2, 5);
    expect(times.pace().spread).toBeLessThan(0.1);
  });
});

describe("earlier runs in the journal", () => {
  let folder = "";
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "flowc-past-"));
    writeFileSync(join(folder, "package.json"), "{}\n");
    const flow = (more: string) => `task t(x: int) { run "exit ~{x}" }\nflow main() { a = t(0)\n ${more} }\n`;
    writeFileSync(join(folder, "a.flow"), flow("b = t(1) otherwise none\n"));
    writeFileSync(join(folder, "b.flow"), flow(""));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it("are those of the same flow of the same file, but for the run itself", async () => {
    for (const file of ["a.flow", "b.flow", "a.flow", "a.flow"]) {
      const { stderr, status } = spawnSync(process.execPath, [bin, "run", file, "--ui", "quiet"], {
        cwd: folder,
      });
      expect([String(stderr), status]).toEqual(["", 0]);
    }
    const journal = await openJournal(join(folder, ".flowc"), { readOnly: true });
    try {
      const [newest] = journal.runs();
      const { view } = loadRun(journal, newest?.id ?? "", folder);
      const past = await pastOf(journal, view.plan, view.id);
      expect(past.runs).toBe(2);
      expect(past.nodes.map(({ run, name, task }) => `${run} ${name} ${task}`)).toEqual(["0 a t", "1 a t"]);
    } finally {
      await journal.close();
    }
  });
});

it("is told as exactly as it is known", () => {
  const told = (ms: number, errorMs: number, runs = 3, passed = 0, open = false): string =>
    leftText({ ms, errorMs }, { passed, runs, open }).whole;
  expect(told(249_000, 61_000)).toBe("about 4m10s left (±1m, from 3 earlier runs)");
  expect(told(20_000, 400, 1, 11_000)).toBe("about 9s left (±1s, from 1 earlier run)");
  expect(told(5_050_000, 700_000, 0)).toBe("about 1h25m left (±12m, from this run)");
  expect(told(60_000, 3_000, 2, 0, true)).toBe("at least 1m left (±3s, from 2 earlier runs)");
  expect(told(9_000, 3_000, 2, 12_000)).toBe("nearly done");
});

it("takes from a heap in order, equal ones by their numbers", () => {
  const chance = random(7);
  const all = Array.from({ length: 500 }, (_, what) => ({ by: Math.floor(chance() * 50), what }));
  const found = heap();
  for (const { by, what } of all) found.push(by, what);
  const taken = all.map(() => found.pop());
  expect(taken).toEqual([...all].sort((a, b) => a.by - b.by || a.what - b.what).map(({ what }) => what));
  expect(found.pop()).toBe(-1);
});
