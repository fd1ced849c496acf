// The command line as typed, and what it asks for; drawings of plans and amounts.

import { describe, expect, it } from "vitest";
import { parseArgs } from "../../cli/args.ts";
import { duration, share, size } from "../../cli/render/amounts.ts";
import { wantsColor } from "../../cli/render/color.ts";
import { graphOf, mermaid } from "../../cli/render/graph.ts";
import { table } from "../../cli/render/table.ts";
import { Stop, shellWord } from "../../cli/stop.ts";

const parse = (...argv: string[]) => parseArgs(argv, "1.2.3");

function stopped(...argv: string[]): Stop {
  try {
    parse(...argv);
  } catch (error) {
    if (error instanceof Stop) return error;
    throw error;
  }
  throw new Error(`${argv.join(" ")} was understood`);
}

describe("the command line", () => {
  it("is filled with defaults", () => {
    expect(parse("check")).toEqual({
      command: "check",
      files: [],
      format: null,
      strict: false,
      on: null,
      set: [],
    });
    expect(parse("check", "--json")).toMatchObject({ format: "json" });
    expect(parse("explain")).toEqual({ command: "explain", code: null, json: false });
    expect(parse("run", "a.flow", "--jobs", "3")).toEqual({
      command: "run",
      file: "a.flow",
      flow: null,
      input: [],
      inputs: null,
      jobs: 3,
      resume: null,
      stored: false,
      takeOver: false,
      again: [],
      only: [],
      on: null,
      set: [],
      failFast: false,
      dryRun: false,
      ui: "auto",
      json: false,
      report: null,
      state: null,
      wait: true,
    });
  });

  it("takes inputs with anything in them", () => {
    const request = parse(
      "run",
      "a.flow",
      "-i",
      "a=b=c",
      "--input",
      "empty=",
      "--input",
      "file=@x.json",
      "--no-wait",
    );
    expect(request).toMatchObject({
      input: [
        { name: "a", text: "b=c" },
        { name: "empty", text: "" },
        { name: "file", text: "@x.json" },
      ],
      wait: false,
    });
  });

  it.each(["check", "run", "plan", "fmt", "list", "runs", "show", "logs", "report"])(
    "helps with %s, examples first",
    (name) => {
      const request = parse(name, "--help");
      expect(request).toMatchObject({ command: "text", exit: 0 });
      expect(request.command === "text" && request.text.startsWith(`  flowc ${name}`)).toBe(true);
    },
  );

  it("tells its version", () =>
    expect(parse("--version")).toEqual({ command: "text", text: "1.2.3\n", exit: 0 }));

  it.each([
    [["chek"], "flowc check"],
    [["run", "a.flow", "--input", "x"], "flowc run --help"],
    [["run", "a.flow", "--input", "x=1", "--input", "x=2"], "flowc run --help"],
    [["run", "a.flow", "--jobs", "0"], "flowc run --help"],
    [["run", "a.flow", "main", "more"], "flowc run --help"],
    [["run", "a b.flow", "--dryrun"], "flowc run 'a b.flow' --dry-run"],
    [["show"], "flowc show --help"],
    [["frobnicate"], "flowc --help"],
  ])("%j is wrong, and told how to be right", (argv, next) => {
    const stop = stopped(...argv);
    expect(stop.exit).toBe(64);
    expect(stop.next).toBe(next);
    expect(stop.message).toMatch(/^[A-Z].*[.…?]$/);
  });
});

describe("a graph in Mermaid", () => {
  it("keeps names inside their labels", () => {
    const name = 'a["];click n0 "javascript:x"]<b>%%';
    const text = mermaid(graphOf({ nodes: [{ name, task: "t", dependencies: [] }], templates: [] }));
    expect(text.split("\n")).toHaveLength(3);
    expect(text).toMatch(/^flowchart TD\n {2}n0\["[\w #;:.]*"\]\n$/);
  });

  it("waits for a list as a whole", () => {
    const nodes = [
      { name: "built[a].x", task: "t", dependencies: [] },
      { name: "built[b.c].x", task: "t", dependencies: [] },
      { name: "pack", task: "t", dependencies: [{ of: "built", kind: "data" as const }] },
    ];
    const { vertices, edges } = graphOf({ nodes, templates: [] });
    expect(vertices.map((one) => one.kind)).toEqual(["node", "node", "node", "whole"]);
    expect(edges).toEqual([
      { from: 0, to: 3, kind: "data" },
      { from: 1, to: 3, kind: "data" },
      { from: 3, to: 2, kind: "data" },
    ]);
  });
});

describe("amounts and tables", () => {
  it("are written for people", () => {
    expect([0, 999, 9_949, 59_600, 3_599_000, 3_600_000, 90_000_000].map(duration)).toEqual([
      "0ms",
      "999ms",
      "9.9s",
      "1m00s",
      "59m59s",
      "1h00m",
      "1d01h",
    ]);
    expect([0, 1023, 1024, 1_500_000, 5 * 1024 ** 4].map(size)).toEqual([
      "0 B",
      "1023 B",
      "1.0 KB",
      "1.4 MB",
      "5.0 TB",
    ]);
    expect([share(1, 3), share(0, 3), share(3, 3), share(9999, 10_000), share(0, 0)]).toEqual([
      "33.3 %",
      "0 %",
      "100 %",
      "99.9 %",
      "–",
    ]);
  });

  it("fit the terminal where a column may be narrower", () => {
    const lines = table(
      [
        { title: "name", flexible: true },
        { title: "n", right: true },
      ],
      [
        ["x".repeat(40), "7"],
        ["日本", "12"],
      ],
      20,
    );
    expect(lines).toEqual(["name               n", `${"x".repeat(15)}…   7`, "日本              12"]);
  });

  it("quote what a shell would read otherwise", () =>
    expect(["a.flow", "a b", "it's", "$(x)", ""].map(shellWord)).toEqual([
      "a.flow",
      "'a b'",
      "'it'\\''s'",
      "'$(x)'",
      "''",
    ]));
});

describe("colour", () => {
  it("is as the environment says", () => {
    expect(wantsColor({}, true)).toBe(true);
    expect(wantsColor({}, false)).toBe(false);
    expect(wantsColor({ NO_COLOR: "1" }, true)).toBe(false);
    expect(wantsColor({ TERM: "dumb" }, true)).toBe(false);
    expect(wantsColor({ FORCE_COLOR: "1", NO_COLOR: "1" }, false)).toBe(true);
    expect(wantsColor({ FORCE_COLOR: "0" }, true)).toBe(false);
  });
});
