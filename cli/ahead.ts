// What of a run is still ahead, as a graph with expected times: gathered in pieces, so that the run goes on beside.

import { sharedGraph } from "../runtime/analysis/analyze.ts";
import type { Ahead } from "../runtime/analysis/forecast.ts";
import type { RunView } from "../runtime/run-view.ts";
import { waitsFor } from "./record.ts";
import type { Times } from "./times.ts";

export interface Gathered {
  readonly ahead: Ahead;
  /** Nodes that are still to run or to end. */
  readonly nodes: number;
  /** Those of which nothing is known. */
  readonly unknown: number;
  /** There are lists or loops whose parts nobody knows yet, nor knew from earlier runs. */
  readonly open: boolean;
}

/** After so many cells the others get their turn. */
const pieceCells = 500;
/** Of a list that is not known yet: from run to run it may be another. */
const spanSpread = 0.4;

/** Yields after each piece; its answer is what it has found. Cells that settle meanwhile do no harm. */
export function* gather(view: RunView, times: Times, now: number): Generator<undefined, Gathered> {
  const cells: number[] = [];
  const place = new Int32Array(view.size).fill(-1);
  for (let n = 0; n < place.length; n++) {
    if (n % pieceCells === pieceCells - 1) yield;
    if (view.settled(n)) continue;
    place[n] = cells.length;
    cells.push(n);
  }
  const from: number[] = [];
  const to: number[] = [];
  const whole = new Uint8Array(cells.length);
  const edge = (a: number, b: number): void => {
    const [first = -1, second = -1] = [place[a], place[b]];
    if (first < 0 || second < 0) return;
    from.push(first);
    to.push(second);
  };
  for (const [i, n] of cells.entries()) {
    if (i % pieceCells === pieceCells - 1) yield;
    const owner = view.owner(n);
    if (owner !== null && owner !== n) {
      edge(n, owner);
      const at = place[owner] ?? -1;
      if (at >= 0) whole[at] = 1;
    }
    for (const each of view.dependencies(n)) waitsFor(view, n, each.n, edge);
  }
  const graph = sharedGraph(cells.length, from.length);
  graph.from.set(from);
  graph.to.set(to);
  const found = {
    spread: new Float64Array(cells.length),
    chance: new Float64Array(cells.length).fill(1),
    elapsed: new Float64Array(cells.length).fill(-1),
    first: new Float64Array(cells.length),
    group: new Int32Array(cells.length).fill(-1),
    bound: new Int32Array(cells.length),
  };
  let nodes = 0;
  let unknown = 0;
  let open = false;
  for (const [i, n] of cells.entries()) {
    if (i % pieceCells === pieceCells - 1) yield;
    found.bound[i] = view.parallel(n) ?? 0;
    const task = view.task(n);
    if (task === null) {
      const kind = view.kind(n);
      if (whole[i] === 1 || (kind !== "for" && kind !== "repeat" && kind !== "flow")) continue;
      const span = times.span(view.name(n));
      graph.weights[i] = span ?? 0;
      found.spread[i] = spanSpread;
      open ||= span === null;
      continue;
    }
    nodes++;
    const { ms, spread, chance, known } = times.of(view.name(n), task);
    if (!known) unknown++;
    graph.weights[i] = Math.max(ms, 1);
    found.spread[i] = spread;
    found.chance[i] = chance;
    const startedAt = view.startedAt(n);
    if (view.state(n) === "running" && startedAt !== null) found.elapsed[i] = Math.max(0, now - startedAt);
    found.first[i] = view.path(n);
    found.group[i] = boundAround(view, n, place);
  }
  const ahead = { graph, ...found, slots: view.options.jobs, pace: times.pace() };
  return { ahead, nodes, unknown, open };
}

/** The innermost loop around a node that bounds how many run at once, by its place; -1 if there is none. */
function boundAround(view: RunView, n: number, place: Int32Array): number {
  for (let around = view.owner(n); around !== null; around = view.owner(around))
    if (view.parallel(around) !== null) return place[around] ?? -1;
  return -1;
}

/** Something is known of half of the nodes at least: else it would be a guess with a number. */
export function worthTelling({ nodes, unknown }: Gathered): boolean {
  return nodes > 0 && unknown * 2 <= nodes;
}
