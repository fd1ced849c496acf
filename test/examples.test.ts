// Runs every example through the real program, and compares what it answers; each is checked and formatted too.

import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { flowc, root } from "./program.ts";

const state = mkdtempSync(join(tmpdir(), "flowc-examples-"));
afterAll(() => rmSync(state, { recursive: true, force: true }));

interface Example {
  readonly file: string;
  readonly inputs?: readonly string[];
  readonly output: unknown;
  /** How many nodes end in which state. */
  readonly nodes: Readonly<Record<string, number>>;
}

const examples: readonly Example[] = [
  { file: "hello.flow", output: "HELLO, WORLD!", nodes: { succeeded: 2 } },
  {
    file: "hello.flow",
    inputs: ["name=O'Neill $(id)"],
    output: "HELLO, O'NEILL $(ID)!",
    nodes: { succeeded: 2 },
  },
  { file: "matrix.flow", output: { hammer: 64, tongs: 61 }, nodes: { succeeded: 6 } },
  { file: "late-list.flow", output: { word: "brown", length: 5 }, nodes: { succeeded: 9 } },
  {
    file: "late-list.flow",
    inputs: ["sentence=a bb"],
    output: { word: "bb", length: 2 },
    nodes: { succeeded: 3 },
  },
  {
    file: "order.flow",
    output: "app <- parser store\nparser <- text\nstore <- text\ntext <-",
    nodes: { succeeded: 4 },
  },
  {
    file: "failure.flow",
    output: {
      first_try: "attempt 2 went well",
      mirrors: ["berlin answers", "lima answers", "accra answers"],
      version: "1.0.0",
    },
    nodes: { succeeded: 4, failed: 2 },
  },
  { file: "early.flow", output: "shop is complete, with 2 clients", nodes: { succeeded: 4 } },
  {
    file: "rollback.flow",
    output: { story: "taken back", running: ["1", "1"] },
    nodes: { succeeded: 7, failed: 1 },
  },
  {
    file: "rollback.flow",
    inputs: ["version=2"],
    output: { story: "released 2 in place of 1", running: ["2", "2"] },
    nodes: { succeeded: 6 },
  },
  { file: "choice.flow", output: "quick test passed", nodes: { succeeded: 2, skipped: 1 } },
  {
    file: "choice.flow",
    inputs: ["diff=DROP TABLE users"],
    output: "full test passed (0 lines, risky: true)",
    nodes: { succeeded: 2, skipped: 1 },
  },
  {
    file: "modules/main.flow",
    output: { mean: 17, warmest: { place: "garden", celsius: 20 } },
    nodes: { succeeded: 2 },
  },
];

describe("every example", () => {
  const flowFiles = readdirSync(join(root, "examples"), { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".flow"))
    .map((path) => `examples/${path}`)
    .sort();

  it("is run by a test", () => {
    const run = new Set(examples.map((one) => `examples/${one.file}`));
    const imported = [
      "examples/modules/sensors.flow",
      "examples/lockfile-audit/steps.flow",
      "examples/package-fleet/steps.flow",
    ];
    // The tests of the same names run these.
    const elsewhere = [
      "examples/lockfile-audit/audit.flow",
      "examples/own-agent/main.flow",
      "examples/package-fleet/fleet.flow",
      "examples/parallel-streams/streams.flow",
      "examples/staged-delivery/delivery.flow",
      "examples/tickets/tickets.flow",
    ];
    expect(flowFiles).toEqual([...run, ...imported, ...elsewhere].sort());
  });

  it("has nothing to complain about", async () => {
    const checked = await flowc(["check", "--strict", ...flowFiles]);
    expect(checked).toMatchObject({ code: 0, stdout: "" });
  });

  it("is formatted", async () => {
    const formatted = await flowc(["fmt", "--check", ...flowFiles]);
    expect(`${formatted.stdout}${formatted.stderr}`).toBe("");
    expect(formatted.code).toBe(0);
  });

  for (const { file, inputs = [], output, nodes } of examples)
    it(`${file} ${inputs.join(" ")}`, async () => {
      const given = inputs.flatMap((input) => ["--input", input]);
      const ended = await flowc([
        "run",
        `examples/${file}`,
        ...given,
        "--json",
        "--state",
        join(state, "runs"),
      ]);
      expect(ended.code, ended.stderr).toBe(0);
      const run = JSON.parse(ended.stdout);
      expect(run).toMatchObject({ status: "succeeded", output });
      const counts: Record<string, number> = {};
      for (const node of run.nodes) counts[node.status] = (counts[node.status] ?? 0) + 1;
      expect(counts).toEqual(nodes);
    });
});
