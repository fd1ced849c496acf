// Reports as documents for other programs: a page that opens offline, and JUnit XML; whatever names and output hold.

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import type { NodeRecord, RunRecord } from "../../cli/record.ts";
import { html } from "../../cli/render/html.ts";
import { junit } from "../../cli/render/junit.ts";
import { barsMax, ticksOf } from "../../cli/render/timeline.ts";
import { formatOf } from "../../cli/report.ts";
import { wellFormed } from "./well-formed.ts";

const start = Date.UTC(2026, 10, 21, 12);

function node(n: number, name: string, more: Partial<NodeRecord> = {}): NodeRecord {
  const times = { startedAt: start + n * 1000, endedAt: start + n * 1000 + 500, durationMs: 500 };
  const usual = {
    key: null,
    status: "succeeded",
    unknown: null,
    answered: false,
    skipped: null,
    said: null,
    held: null,
    attempts: 1,
    reusedFrom: null,
    handler: null,
    early: [],
    instance: null,
  } as const;
  return { n, name, task: "t", ...usual, ...times, ...more };
}

const idle = { startedAt: null, endedAt: null, durationMs: null, attempts: 0 };
const wild = `a["]</td><script>alert('1')</script>&\u0001🙂`;

function record(nodes: readonly NodeRecord[], more: Partial<RunRecord> = {}): RunRecord {
  const of = (status: string): number => nodes.filter((each) => each.status === status).length;
  return {
    run: "261121-abcde",
    flow: "main",
    status: "failed",
    on: null,
    set: [],
    waitedMs: 0,
    lastAt: 0,
    tolerated: [],
    spending: { cost: 0, tokens: 0, untold: 0, budgets: [] },
    inputs: {},
    output: null,
    counts: {
      total: nodes.length,
      waiting: 0,
      ready: 0,
      running: 0,
      unknown: of("unknown"),
      succeeded: of("succeeded"),
      failed: of("failed"),
      skipped: of("skipped"),
      cancelled: of("cancelled"),
      answered: nodes.filter(({ answered }) => answered).length,
      reused: 0,
    },
    nodes,
    causes: [],
    artifacts: [],
    gates: [],
    startedAt: start,
    endedAt: start + 60_000,
    wallMs: 60_000,
    totalMs: 1_000,
    meanMs: 500,
    sideBySide: { most: 2, mean: 1.5 },
    instances: [],
    limits: [],
    seenAt: start + 60_000,
    critical: { ms: 500, nodes: ["ok"] },
    reused: 0,
    resumed: 0,
    ...more,
  };
}

const failing = node(2, wild, { status: "failed", attempts: 2 });
const mixed = record(
  [
    node(1, "ok"),
    failing,
    node(3, "answered", { status: "failed", answered: true }),
    node(4, "left", { status: "skipped", skipped: "failure", ...idle }),
    node(5, "never", { status: "waiting", ...idle }),
  ],
  {
    causes: [
      {
        failure: {
          n: 2,
          name: wild,
          state: "failed",
          why: "exit",
          message: `it said "<no>"\nand more`,
          exit: 3,
          signal: null,
          tail: "]]> <b>& bold",
        },
        node: failing,
        passed: ["build failed: 3 of its 9 items failed or were skipped, and it tolerates 2"],
        affected: ["left"],
      },
    ],
    artifacts: [{ node: "ok", name: "x", path: "<x>.txt", size: 2048, sha256: "f".repeat(64) }],
    output: { text: "</pre>" },
  },
);

/** What `xmllint` has against it by the schema of JUnit; "" if nothing. */
function refusals(text: string): string {
  const schema = fileURLToPath(new URL("junit.xsd", import.meta.url));
  const flags = ["--noout", "--schema", schema, "-"];
  const { stderr, status } = spawnSync("xmllint", flags, { input: text, encoding: "utf8" });
  return status === 0 ? "" : stderr;
}

const hasXmllint = spawnSync("xmllint", ["--version"]).status === 0;
const [cause] = mixed.causes;
if (cause === undefined) throw new Error("there is one");
const gate = { ...cause, failure: { ...cause.failure, name: "ready" }, node: null };
const gated = record([node(1, "ok")], { causes: [gate] });

describe("JUnit XML", () => {
  it("is well-formed and counts a case for each node", () => {
    const text = junit(mixed);
    wellFormed(text.replace(/^<\?xml[^>]*\?>\n/, ""));
    expect(text.match(/<testcase /g)).toHaveLength(5);
    expect(text).toContain('tests="5" failures="1" errors="0" time="60.000" skipped="3"');
    expect(text).toContain('<skipped message="failed, answered by otherwise"/>');
    expect(text).toContain(
      'message="it said &quot;&lt;no&gt;&quot; and more" type="exit">]]&gt; &lt;b&gt;&amp; bold<',
    );
  });

  it("tells what failed and is no node", () => {
    const text = junit(gated);
    expect(text).toContain('tests="2" failures="0" errors="1" time="60.000" skipped="0"');
    expect(text).toContain('<testcase name="ready" classname="(flow)" time="0"><error ');
  });

  it("keeps to its schema (xmllint)", { skip: !hasXmllint }, () => {
    expect([mixed, gated].map((run) => refusals(junit(run)))).toEqual(["", ""]);
    expect(refusals(junit(mixed).replace("<testcase ", "<case "))).not.toBe("");
  });
});

const hasChromium = spawnSync("chromium", ["--version"]).status === 0;

describe("the page", () => {
  it("holds all that there is as text, and asks for nothing from elsewhere", () => {
    const text = html(mixed, null, ({ status }) => status);
    const body = text.replace(/<style>[^<]*<\/style>|<script>[^<]*<\/script>|<!doctype html>/g, "");
    expect(wellFormed(body, ["meta", "input"])).toBeGreaterThan(60);
    expect(text.match(/<script/g)).toHaveLength(1);
    expect(text.replaceAll("http://www.w3.org/2000/svg", "")).not.toMatch(/https?:|url\((?!#)|src=|href=/);
    for (const part of [
      "Not run because of it: left",
      "&lt;x&gt;.txt",
      "2.0 KB",
      "After 2 attempts",
      "f".repeat(64),
    ])
      expect(text).toContain(part);
  });

  it("opens in a browser without a complaint (chromium)", { timeout: 60_000, skip: !hasChromium }, () => {
    const folder = mkdtempSync(join(tmpdir(), "flowc-page-"));
    try {
      const file = join(folder, "report.html");
      // What the script has done is written where it can be read back.
      const probe = `<script>document.getElementById("filter").value="ANSW";document.getElementById("filter").dispatchEvent(new Event("input"));document.body.dataset.shown=document.querySelectorAll("#nodes tbody tr:not([hidden])").length</script></body>`;
      writeFileSync(
        file,
        html(mixed, null, ({ status }) => status).replace("</body>", () => probe),
      );
      const flags = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        `--user-data-dir=${folder}`,
        "--enable-logging=stderr",
      ];
      const { stdout, stderr } = spawnSync("chromium", [...flags, "--dump-dom", `file://${file}`], {
        encoding: "utf8",
      });
      expect(stderr).not.toMatch(/CONSOLE/);
      expect(stdout).toContain('data-shown="1"');
      expect(stdout.match(/<rect class="/g)?.length).toBeGreaterThan(2);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it("draws the bars that say most when there are many", () => {
    const many = record(
      Array.from({ length: barsMax + 50 }, (_, i) => node(i, `n${i}`, { durationMs: i })),
      { critical: { ms: 0, nodes: ["n0"] } },
    );
    const text = html(many, null, ({ status }) => status);
    expect(text.match(/<rect class="succeeded/g)).toHaveLength(barsMax);
    expect(text).toContain('<rect class="succeeded critical"');
    expect(text).toContain("50 shorter ones are not");
  });

  it("counts time in round steps, and names the critical path", () => {
    expect(ticksOf(2_300)).toEqual([0, 500, 1000, 1500, 2000]);
    expect(ticksOf(0)).toEqual([0]);
    expect(ticksOf(61 * 60_000)).toEqual([0, 10, 20, 30, 40, 50, 60].map((n) => n * 60_000));
    for (let ms = 1; ms < 1e11; ms *= 3) expect(ticksOf(ms).length).toBeLessThanOrEqual(8);
    const chain = record([node(1, "a"), node(2, "b")], { critical: { ms: 1000, nodes: ["a", "b"] } });
    expect(html(chain, null, ({ status }) => status)).toContain("the critical path, 1.0s: a → b.");
  });

  it("tells what the run was given, as text", () => {
    const text = html(record([], { inputs: { note: "<b>", parts: ["x"] } }), null, () => "");
    expect(text).toContain("<td>note</td><td><code>&lt;b&gt;</code></td>");
    expect(text).toContain("[&quot;x&quot;]");
  });

  it("is short for a run in which nothing ran", () => {
    const text = html(record([]), null, ({ status }) => status);
    expect(text).not.toContain("<svg");
    expect(text).toContain("<dd>0</dd>");
  });
});

it("takes the format of a report from its file's name", () => {
  expect(["a.md", "a", "b.JSON", "c.htm", "c.html", "d.xml"].map(formatOf)).toEqual([
    "md",
    "md",
    "json",
    "html",
    "html",
    "junit",
  ]);
});
