// What can be known of a graph as a whole: levels, critical path, slack, width, a circle. Typed arrays, no library.

import { circleIn } from "./circle.ts";

/** Edge k goes from `from[k]` to `to[k]`, which waits for it. The arrays may stand on SharedArrayBuffers. */
export interface Graph {
  readonly nodes: number;
  readonly from: Int32Array;
  readonly to: Int32Array;
  /** What each node takes, in any one unit; not negative. */
  readonly weights: Float64Array;
}

export interface Analysis {
  /** The length, in edges, of the longest way to each node; -1 for what is in or behind a circle. */
  readonly levels: Int32Array;
  /** Nodes of the heaviest way, first to last; of equal ones that with the lowest numbers. Empty if there is a circle. */
  readonly criticalPath: readonly number[];
  /** The weight of that way. */
  readonly length: number;
  /** How much later each node may end without making the whole longer. */
  readonly slack: Float64Array;
  /** How many nodes the largest level has: a lower bound of what can run at the same time. */
  readonly width: number;
  /** A circle, its first node again at its end; null if there is none. */
  readonly cycle: readonly number[] | null;
}

/** Room for a graph that a worker reads where it is. */
export function sharedGraph(nodes: number, edges: number): Graph {
  return {
    nodes,
    from: new Int32Array(new SharedArrayBuffer(edges * Int32Array.BYTES_PER_ELEMENT)),
    to: new Int32Array(new SharedArrayBuffer(edges * Int32Array.BYTES_PER_ELEMENT)),
    weights: new Float64Array(new SharedArrayBuffer(nodes * Float64Array.BYTES_PER_ELEMENT)),
  };
}

/** Edges by the node they leave: those of i are `to[start[i] … start[i + 1]]`. */
export interface Rows {
  readonly start: Int32Array;
  readonly to: Int32Array;
}

/** In one pass over nodes and edges. */
export function analyzeArrays(graph: Graph): Analysis {
  const rows = rowsOf(graph);
  const { order, levels } = ordered(graph, rows);
  if (order.length < graph.nodes) {
    const cycle = circleIn(graph.nodes, (i) => rows.to.subarray(rows.start[i] ?? 0, rows.start[i + 1] ?? 0));
    const none = { criticalPath: [], length: 0, slack: new Float64Array(graph.nodes) };
    return { ...none, levels, width: widthOf(levels), cycle };
  }
  return { ...weigh(graph, rows, order), levels, width: widthOf(levels), cycle: null };
}

export function rowsOf({ nodes, from, to }: Graph): Rows {
  const start = new Int32Array(nodes + 1);
  for (let k = 0; k < from.length; k++) {
    const at = (from[k] ?? 0) + 1;
    start[at] = (start[at] ?? 0) + 1;
  }
  for (let i = 0; i < nodes; i++) start[i + 1] = (start[i + 1] ?? 0) + (start[i] ?? 0);
  const next = start.slice();
  const sorted = new Int32Array(to.length);
  for (let k = 0; k < from.length; k++) {
    const at = from[k] ?? 0;
    const place = next[at] ?? 0;
    sorted[place] = to[k] ?? 0;
    next[at] = place + 1;
  }
  return { start, to: sorted };
}

/** Nodes so that each stands behind those it waits for; those in or behind a circle are missing, at level -1. */
export function ordered({ nodes, to }: Graph, rows: Rows): { order: Int32Array; levels: Int32Array } {
  const waiting = new Int32Array(nodes);
  for (let k = 0; k < to.length; k++) waiting[to[k] ?? 0] = (waiting[to[k] ?? 0] ?? 0) + 1;
  const order = new Int32Array(nodes);
  const levels = new Int32Array(nodes);
  let end = 0;
  for (let i = 0; i < nodes; i++) if (waiting[i] === 0) order[end++] = i;
  for (let at = 0; at < end; at++) {
    const i = order[at] ?? 0;
    const level = (levels[i] ?? 0) + 1;
    for (let k = rows.start[i] ?? 0; k < (rows.start[i + 1] ?? 0); k++) {
      const target = rows.to[k] ?? 0;
      if (level > (levels[target] ?? 0)) levels[target] = level;
      const left = (waiting[target] ?? 0) - 1;
      waiting[target] = left;
      if (left === 0) order[end++] = target;
    }
  }
  for (let i = 0; i < nodes; i++) if ((waiting[i] ?? 0) > 0) levels[i] = -1;
  return { order: order.subarray(0, end), levels };
}

/** Heaviest ways to and from each node, and with them the critical path and what can wait. */
export function weigh(
  graph: Graph,
  rows: Rows,
  order: Int32Array,
): Pick<Analysis, "criticalPath" | "length" | "slack"> {
  const { nodes, weights } = graph;
  const before = new Float64Array(nodes);
  for (const i of order) {
    const end = (before[i] ?? 0) + (weights[i] ?? 0);
    for (let k = rows.start[i] ?? 0; k < (rows.start[i + 1] ?? 0); k++) {
      const target = rows.to[k] ?? 0;
      if (end > (before[target] ?? 0)) before[target] = end;
    }
  }
  // The heaviest way from each node to an end, itself counted, and the next node on it.
  const rest = new Float64Array(nodes);
  const next = new Int32Array(nodes).fill(-1);
  for (let at = order.length - 1; at >= 0; at--) {
    const i = order[at] ?? 0;
    let most = 0;
    for (let k = rows.start[i] ?? 0; k < (rows.start[i + 1] ?? 0); k++) {
      const target = rows.to[k] ?? 0;
      const way = rest[target] ?? 0;
      if (way > most || next[i] === -1 || (way === most && target < (next[i] ?? 0))) {
        most = way;
        next[i] = target;
      }
    }
    rest[i] = most + (weights[i] ?? 0);
  }
  let first = nodes > 0 ? 0 : -1;
  for (let i = 1; i < nodes; i++) if ((rest[i] ?? 0) > (rest[first] ?? 0)) first = i;
  const length = first === -1 ? 0 : (rest[first] ?? 0);
  const criticalPath: number[] = [];
  for (let i = first; i !== -1; i = next[i] ?? -1) criticalPath.push(i);
  const slack = new Float64Array(nodes);
  for (let i = 0; i < nodes; i++) slack[i] = Math.max(0, length - (before[i] ?? 0) - (rest[i] ?? 0));
  return { criticalPath, length, slack };
}

function widthOf(levels: Int32Array): number {
  const counts = new Map<number, number>();
  let width = 0;
  for (const level of levels) {
    if (level < 0) continue;
    const count = (counts.get(level) ?? 0) + 1;
    counts.set(level, count);
    if (count > width) width = count;
  }
  return width;
}
