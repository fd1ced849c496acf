// The picture of a plan: well-formed whatever names hold, the same bytes each time, and readable when there are many nodes.

import { describe, expect, it } from "vitest";
import type { Graph, Vertex } from "../../cli/render/graph.ts";
import { boxesMax, svg } from "../../cli/render/svg.ts";
import type { State } from "../../runtime/run-view.ts";
import { wellFormed } from "./well-formed.ts";

const node = (shown: string, task = "t"): Vertex => ({
  kind: "node",
  name: shown,
  shown,
  tasks: [task],
  why: null,
});

describe("svg", () => {
  it("holds names of any kind as text", () => {
    const wild = 'a["]</text><script>x</script>&amp;\u0000\ud800 🙂';
    const graph: Graph = {
      vertices: [
        node(wild),
        { kind: "whole", name: "b", shown: "b", tasks: [], why: null },
        { kind: "template", name: "c", shown: "c[…]", tasks: ["t"], why: "one for each item" },
      ],
      edges: [
        { from: 0, to: 1, kind: "data" },
        { from: 1, to: 2, kind: "gate" },
      ],
    };
    const text = svg("m<n", graph, [0, 1, 2]);
    expect(wellFormed(text)).toBeGreaterThan(10);
    expect(text).not.toContain("<script");
    expect(text).toContain("🙂");
    expect(text).toContain('class="edge gate"');
    expect(text).toContain("<title>m&lt;n</title>");
    expect(svg("m<n", graph, [0, 1, 2])).toBe(text);
  });

  it("tells what became of nodes, a box for many as the worst of them, and marks the critical path", () => {
    const of = (shown: string, state: State, critical?: number): Vertex => ({
      ...node(shown),
      state,
      ...(critical === undefined ? {} : { critical }),
    });
    const [a, b, c] = [of("a", "succeeded", 0), of("b", "failed", 1), of("c", "succeeded", 2)];
    const edges = [
      { from: 0, to: 1, kind: "data" },
      { from: 1, to: 2, kind: "data" },
      { from: 0, to: 2, kind: "data" },
    ] as const;
    const text = svg("m", { vertices: [a, b, c], edges }, [0, 1, 2]);
    expect(text).toContain('class="box node is-failed on-path"');
    expect(text.match(/class="edge data on-path"/g)).toHaveLength(2);
    const many = Array.from({ length: boxesMax + 1 }, (_, i) =>
      of(`x[${i}]`, i === 7 ? "failed" : "succeeded"),
    );
    expect(
      svg(
        "m",
        { vertices: many, edges: [] },
        many.map(() => 0),
      ),
    ).toContain('class="box node is-failed"');
  });

  it("puts what waits to the right of what it waits for, and no two boxes on each other", () => {
    const vertices = Array.from({ length: 12 }, (_, i) => node(`n${i}`));
    const edges = vertices.flatMap((_, i) => (i < 4 ? [] : [{ from: i - 4, to: i, kind: "data" as const }]));
    const text = svg(
      "m",
      { vertices, edges },
      vertices.map((_, i) => Math.floor(i / 4)),
    );
    const boxes = [
      ...text.matchAll(/<rect class="box node" x="(\d+)" y="(\d+)" width="(\d+)" height="(\d+)"/g),
    ].map((found) => found.slice(1).map(Number));
    expect(boxes).toHaveLength(12);
    for (const [i, [x = 0, y = 0, width = 0, height = 0]] of boxes.entries())
      for (const [x2 = 0, y2 = 0] of boxes.slice(i + 1))
        expect(x2 >= x + width || x >= x2 + width || y2 >= y + height || y >= y2 + height).toBe(true);
    for (const [, x1, x2] of text.matchAll(/<path class="edge data" d="M(\d+) \d+C.* (\d+) \d+"/g))
      expect(Number(x2)).toBeGreaterThan(Number(x1));
  });

  it("draws the items of a loop as one box when there are many", () => {
    const vertices = Array.from({ length: boxesMax + 1 }, (_, i) => node(`built[${i}].build`));
    const text = svg("m", { vertices: [...vertices, node("all")], edges: [] }, [...vertices.map(() => 0), 1]);
    expect(text.match(/<rect class="box node"/g)).toHaveLength(2);
    expect(text).toContain(`built[…].build × ${boxesMax + 1}`);
    expect(text).toContain(`>${boxesMax + 2} nodes<`);
  });
});
