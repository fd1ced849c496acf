// The analysis as a worker thread does it: graphology for graphs of a usual size, typed arrays for large ones.

import { DirectedGraph } from "graphology";
import { hasCycle, topologicalGenerations } from "graphology-dag";
import { type Analysis, analyzeArrays, type Graph, ordered, rowsOf, weigh } from "./analyze.ts";
import { type AtOnce, atOnceIn } from "./at-once.ts";
import { type Ahead, type Forecast, forecastArrays } from "./forecast.ts";

/**
 * Above so many edges the library takes longer than a person waits, and much memory. Measured, on one core of an
 * older server: 20,000 edges 90 ms, 100,000 600 ms, 300,000 2.6 s; the typed arrays 1.2, 10 and 27 ms.
 */
export const libraryEdgesMax = 20_000;

/** What the pool calls. */
export function analyzeInWorker(graph: Graph): Analysis {
  return graph.from.length <= libraryEdgesMax ? analyzeWithLibrary(graph) : analyzeArrays(graph);
}

/** The same answers, found with the library. A graph with a circle has no order; there the arrays tell the circle. */
export function analyzeWithLibrary(graph: Graph): Analysis {
  const dag = new DirectedGraph({ allowSelfLoops: true });
  for (let i = 0; i < graph.nodes; i++) dag.addNode(i);
  for (let k = 0; k < graph.from.length; k++) dag.mergeEdge(graph.from[k], graph.to[k]);
  if (hasCycle(dag)) return analyzeArrays(graph);
  const order = new Int32Array(graph.nodes);
  const levels = new Int32Array(graph.nodes);
  let width = 0;
  let at = 0;
  topologicalGenerations(dag).forEach((generation, level) => {
    width = Math.max(width, generation.length);
    for (const name of generation) {
      levels[Number(name)] = level;
      order[at++] = Number(name);
    }
  });
  return { ...weigh(graph, rowsOf(graph), order), levels, width, cycle: null };
}

/** What the pool calls. The graph has no circle. */
export function atOnceInWorker({ graph, marked }: { graph: Graph; marked: Int32Array }): AtOnce {
  const rows = rowsOf(graph);
  return atOnceIn(rows, ordered(graph, rows).order, marked);
}

/** What the pool calls. */
export function forecastInWorker(ahead: Ahead): Forecast | null {
  return forecastArrays(ahead);
}
