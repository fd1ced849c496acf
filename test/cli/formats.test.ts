// What other programs read: annotations for GitHub Actions and graphs for Graphviz, whatever names and messages hold.

import { describe, expect, it } from "vitest";
import { annotations } from "../../cli/annotations.ts";
import { dot } from "../../cli/render/dot.ts";
import type { Graph } from "../../cli/render/graph.ts";
import type { Diagnostic } from "../../grammar/diagnostic.ts";

const source = { path: "flows/a,b:c.flow", text: "flow main() {\n  x = 100%\n}\n" };
const one: Diagnostic = {
  code: "maybe-none",
  severity: "error",
  source,
  span: { start: 16, end: 24 },
  title: "100%, or: less",
  label: "is 100%",
  related: [{ source, span: { start: 0, end: 4 }, label: "made here" }],
  hint: "First.\nSecond: \u001b[31m, too.",
};
const world = { cwd: "/home/me/project/part", env: {} };

describe("annotations", () => {
  it("escape what would end a property, a message or a line", () => {
    expect(annotations([one], world)).toBe(
      "::error file=flows/a%2Cb%3Ac.flow,line=2,col=3,endLine=2,endColumn=10,title=maybe-none%3A 100%25%2C or%3A less" +
        "::is 100%25%0Aflows/a,b:c.flow:1: made here%0Ahint: First.%0ASecond: ␛[31m, too.\n",
    );
  });

  it("have no columns for what has several lines, and say what a warning is", () => {
    const wide: Diagnostic = { ...one, severity: "warning", span: { start: 0, end: 24 }, related: [] };
    expect(annotations([wide], world)).toMatch(/^::warning file=[^,]*,line=1,endLine=2,title=/);
  });

  it("name files from the top of the repository", () => {
    const env = { GITHUB_WORKSPACE: "/home/me/project" };
    expect(annotations([one], { ...world, env })).toContain("file=part/flows/a%2Cb%3Ac.flow,");
    expect(annotations([one], { ...world, env: { GITHUB_WORKSPACE: "/elsewhere" } })).toContain(
      "file=flows/",
    );
  });

  it("are nothing for nothing", () => expect(annotations([], world)).toBe(""));
});

describe("dot", () => {
  it("keeps names in their labels, and tells kinds apart", () => {
    const graph: Graph = {
      vertices: [
        { kind: "node", name: "a", shown: 'a["]; x -> y \\', tasks: ["t"], why: null },
        { kind: "whole", name: "b", shown: "b", tasks: [], why: null },
        { kind: "template", name: "c", shown: "c[…]", tasks: ["t"], why: "when\nknown" },
      ],
      edges: [
        { from: 0, to: 1, kind: "data" },
        { from: 1, to: 2, kind: "order" },
      ],
    };
    expect(dot('m"n', graph).split("\n")).toEqual([
      'digraph "m\\"n" {',
      '  node [shape=box, fontname="sans-serif"];',
      '  n0 [label="a[\\"]; x -> y \\\\"];',
      '  n1 [label="b", shape=ellipse];',
      '  n2 [label="c[…]\\nwhen␊known", style=dashed];',
      "  n0 -> n1;",
      '  n1 -> n2 [style=dashed, label="order"];',
      "}",
      "",
    ]);
  });
});
