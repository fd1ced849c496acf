// The graph of a run, from node to node: what stands between them (values, conditions, points of order) is gone through.

import { sharedGraph } from "../runtime/analysis/analyze.ts";
import { analyze, closeAnalysis } from "../runtime/analysis/pool.ts";
import type { RunView } from "../runtime/run-view.ts";
import type { Edge, Vertex } from "./render/graph.ts";
import type { Drawn } from "./render/html.ts";

/** Larger graphs are not drawn: nobody could read them. */
const edgesMax = 20_000;

/** With the level of each node, what became of it, and the nodes of the critical path marked. */
export async function graphOfRun(view: RunView, critical: readonly string[]): Promise<Drawn> {
  const onPath = new Map(critical.map((name, i) => [name, i]));
  const vertices: Vertex[] = [];
  const at = new Map<number, number>();
  for (const n of view.nodes()) {
    const name = view.name(n);
    at.set(n, vertices.length);
    const tasks = [view.task(n) ?? ""];
    const place = onPath.get(name);
    const path = place === undefined ? {} : { critical: place };
    vertices.push({ kind: "node", name, shown: name, tasks, why: null, state: view.state(n), ...path });
  }
  const edges: Edge[] = [];
  const behind = nearestNodes(view);
  for (const [n, to] of at)
    for (const { n: other, kind } of view.dependencies(n))
      for (const from of behind(other)) {
        if (edges.length >= edgesMax) return null;
        edges.push({ from: at.get(from) ?? 0, to, kind });
      }
  const graph = sharedGraph(vertices.length, edges.length);
  edges.forEach(({ from, to }, k) => {
    graph.from[k] = from;
    graph.to[k] = to;
  });
  const { levels } = await analyze(graph);
  await closeAnalysis();
  return { graph: { vertices, edges }, levels: [...levels] };
}

/** Of a cell the nodes whose end it tells: itself, or those that it waits for or is made of. */
function nearestNodes(view: RunView): (n: number) => ReadonlySet<number> {
  const parts = new Map<number, number[]>();
  for (let n = 1; n < view.size; n++) {
    const owner = view.owner(n);
    if (owner === null || owner === 0) continue;
    const list = parts.get(owner);
    if (list === undefined) parts.set(owner, [n]);
    else list.push(n);
  }
  const known = new Map<number, ReadonlySet<number>>();
  return function behind(n: number): ReadonlySet<number> {
    const before = known.get(n);
    if (before !== undefined) return before;
    const found = new Set<number>();
    known.set(n, found);
    if (view.task(n) !== null) found.add(n);
    else {
      for (const part of parts.get(n) ?? []) for (const node of behind(part)) found.add(node);
      for (const other of view.dependencies(n)) for (const node of behind(other.n)) found.add(node);
    }
    return found;
  };
}
