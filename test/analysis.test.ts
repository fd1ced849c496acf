// Analysis of graphs: the typed arrays, the library and the worker give the same answers.

import { afterAll, describe, expect, test } from "vitest";
import { analyzeArrays, type Graph, ordered, rowsOf, sharedGraph } from "../runtime/analysis/analyze.ts";
import { atOnceIn } from "../runtime/analysis/at-once.ts";
import { findCircle } from "../runtime/analysis/circle.ts";
import { analyze, atOnce, closeAnalysis, onThreadMax } from "../runtime/analysis/pool.ts";
import { analyzeWithLibrary } from "../runtime/analysis/worker.ts";

afterAll(closeAnalysis);

function graphOf(weights: readonly number[], edges: readonly (readonly [number, number])[]): Graph {
  const graph = sharedGraph(weights.length, edges.length);
  graph.weights.set(weights);
  edges.forEach(([from, to], k) => {
    graph.from[k] = from;
    graph.to[k] = to;
  });
  return graph;
}

/** Edges only from lower to higher numbers, so that there is no circle. */
function randomGraph(nodes: number, edges: number, seed: number): Graph {
  const graph = sharedGraph(nodes, edges);
  let state = seed;
  const random = (below: number) => {
    state = (state * 48_271) % 2_147_483_647;
    return state % below;
  };
  for (let k = 0; k < edges; k++) {
    const to = 1 + random(nodes - 1);
    graph.to[k] = to;
    graph.from[k] = random(to);
  }
  for (let i = 0; i < nodes; i++) graph.weights[i] = random(10);
  return graph;
}

describe("analysis", () => {
  test("of a small graph", () => {
    // 0 → 1 → 3, 0 → 2 → 3, and 4 alone
    const graph = graphOf(
      [1, 5, 2, 1, 3],
      [
        [0, 1],
        [0, 2],
        [1, 3],
        [2, 3],
        [2, 3],
      ],
    );
    const analysis = analyzeArrays(graph);
    expect(Array.from(analysis.levels)).toEqual([0, 1, 1, 2, 0]);
    expect(analysis.criticalPath).toEqual([0, 1, 3]);
    expect(analysis.length).toBe(7);
    expect(Array.from(analysis.slack)).toEqual([0, 0, 3, 0, 4]);
    expect(analysis.width).toBe(2);
    expect(analysis.cycle).toBeNull();
  });

  test("of nothing, and of nodes without weight", () => {
    expect(analyzeArrays(graphOf([], []))).toMatchObject({
      criticalPath: [],
      length: 0,
      width: 0,
      cycle: null,
    });
    expect(analyzeArrays(graphOf([0, 0], [[0, 1]]))).toMatchObject({ criticalPath: [0, 1], length: 0 });
  });

  test("tells a circle whole, and what stands before it", () => {
    const graph = graphOf(
      [1, 1, 1, 1, 1],
      [
        [0, 1],
        [1, 2],
        [2, 3],
        [3, 1],
        [3, 4],
      ],
    );
    for (const analysis of [analyzeArrays(graph), analyzeWithLibrary(graph)]) {
      expect(analysis.cycle).toEqual([1, 2, 3, 1]);
      expect(Array.from(analysis.levels)).toEqual([0, -1, -1, -1, -1]);
      expect(analysis.criticalPath).toEqual([]);
    }
    expect(analyzeArrays(graphOf([1], [[0, 0]])).cycle).toEqual([0, 0]);
  });

  test("the library agrees with the arrays", () => {
    for (const [nodes, edges, seed] of [
      [2, 1, 1],
      [50, 60, 2],
      [50, 400, 3],
      [400, 900, 4],
    ] as const) {
      const graph = randomGraph(nodes, edges, seed);
      expect(analyzeWithLibrary(graph)).toEqual(analyzeArrays(graph));
    }
  });

  test("a worker thread agrees with the thread", async () => {
    const graph = randomGraph(4000, onThreadMax, 5);
    expect(await analyze(graph)).toEqual(analyzeArrays(graph));
    const small = randomGraph(10, 20, 6);
    expect(await analyze(small)).toEqual(analyzeArrays(small));
  });
});

describe("what may run at the same time", () => {
  /** Straight from the definition: neither can be reached from the other. */
  const pairsOf = (graph: Graph, marked: readonly number[]) => {
    const reach = Array.from({ length: graph.nodes }, () => new Set<number>());
    for (let i = graph.nodes - 1; i >= 0; i--)
      for (let k = 0; k < graph.from.length; k++)
        if (graph.from[k] === i) {
          const to = graph.to[k] ?? 0;
          reach[i]?.add(to);
          for (const far of reach[to] ?? []) reach[i]?.add(far);
        }
    const pairs: string[] = [];
    for (const a of marked)
      for (const b of marked) if (a < b && !reach[a]?.has(b) && !reach[b]?.has(a)) pairs.push(`${a},${b}`);
    return pairs.sort();
  };
  const shownOf = (shown: Int32Array) =>
    Array.from({ length: shown.length / 2 }, (_, k) => [shown[2 * k] ?? 0, shown[2 * k + 1] ?? 0])
      .map(([a = 0, b = 0]) => `${Math.min(a, b)},${Math.max(a, b)}`)
      .sort();

  test.each([
    [5, 4, 1],
    [40, 60, 2],
    [70, 300, 3],
    [300, 500, 4],
  ])("agrees with the definition: %i nodes, %i edges", (nodes, edges, seed) => {
    const graph = randomGraph(nodes, edges, seed);
    const rows = rowsOf(graph);
    const { order } = ordered(graph, rows);
    const marked = Int32Array.from(Array.from({ length: nodes }, (_, i) => i).filter((i) => i % 7 !== 3));
    const found = atOnceIn(rows, order, marked);
    const expected = pairsOf(graph, [...marked]);
    expect(found).toMatchObject({ pairs: expected.length, compared: marked.length });
    if (expected.length <= 1000) expect(shownOf(found.shown)).toEqual(expected);
    expect(found.beside.reduce((sum, count) => sum + count, 0)).toBe(2 * expected.length);
  });

  test("several blocks of sources say the same as one, in a worker too", async () => {
    const graph = randomGraph(3000, 4000, 9);
    const rows = rowsOf(graph);
    const marked = Int32Array.from({ length: 3000 }, (_, i) => i);
    const found = atOnceIn(rows, ordered(graph, rows).order, marked);
    expect(found.compared).toBe(3000);
    expect(found.pairs).toBe(pairsOf(graph, [...marked]).length);
    expect(await atOnce(graph, marked)).toEqual(found);
  });

  test("past its bound it says how many it has compared", () => {
    const graph = randomGraph(3000, 3000, 9);
    const rows = rowsOf(graph);
    const marked = Int32Array.from({ length: 3000 }, (_, i) => i);
    const { compared } = atOnceIn(rows, ordered(graph, rows).order, marked, 1);
    expect(compared).toBe(1024);
  });
});

describe("circles among keys", () => {
  test("are told whole, from the first key met", () => {
    expect(findCircle(["a", "b", "c"], [["b"], ["c"], ["a"]])).toEqual(["a", "b", "c", "a"]);
    expect(findCircle(["x", "a", "b"], [["a"], ["b"], ["a"]])).toEqual(["a", "b", "a"]);
    expect(findCircle(["a"], [["a"]])).toEqual(["a", "a"]);
    expect(findCircle(["a", "b"], [["b", "gone"], []])).toBeNull();
    expect(findCircle([], [])).toBeNull();
  });

  test("a long chain is no circle, and needs no stack", () => {
    const keys = Array.from({ length: 100_000 }, (_, i) => `k${i}`);
    const deps = keys.map((_, i) => (i === 0 ? [] : [`k${i - 1}`]));
    expect(findCircle(keys, deps)).toBeNull();
    deps[0] = ["k99999"];
    expect(findCircle(keys, deps)).toHaveLength(100_001);
  });
});
