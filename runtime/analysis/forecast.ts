// How long the rest of a run takes: the same graph is played through many times, with times drawn from what is known.

import { type Graph, ordered, type Rows, rowsOf } from "./analyze.ts";
import { type Heap, heap } from "./heap.ts";

/** What is ahead: cells that have not settled, and what is known of their times. Arrays have an entry a cell. */
export interface Ahead {
  /** `weights`: the expected ms of each; 0 for what takes no time, such as a whole. Circles are not there. */
  readonly graph: Graph;
  /** How far the logarithm of the true ms is spread around that of the expected. */
  readonly spread: Float64Array;
  /** How likely it is that it runs at all: the branch of an `if` may not be taken. */
  readonly chance: Float64Array;
  /** Ms since its start; below 0: it has not begun. */
  readonly elapsed: Float64Array;
  /** Of those that are ready, who has more starts first: as the run itself has it. */
  readonly first: Float64Array;
  /** The cell of the loop that bounds how many run beside each other, or -1. */
  readonly group: Int32Array;
  /** How many of a group run beside each other, by the group's cell; 0: no bound. */
  readonly bound: Int32Array;
  /** How many run beside each other at all. */
  readonly slots: number;
  /** This run against earlier ones: the mean of the logarithm of the ratio, and how uncertain that is. */
  readonly pace: { readonly mean: number; readonly spread: number };
}

export interface Forecast {
  /** The middle of all that was played through. */
  readonly ms: number;
  /** Half the width of what eight of ten fell in. */
  readonly errorMs: number;
}

/** More rounds make the middle no truer than the times are known. */
const roundsMax = 60;
const roundsMin = 8;
/** Cells and edges that are gone through in all rounds together: half a second, measured. */
const workMax = 2_000_000;

/** Null if the graph has a circle. The same input gives the same answer. */
export function forecastArrays(ahead: Ahead): Forecast | null {
  const { graph } = ahead;
  const rows = rowsOf(graph);
  const { order } = ordered(graph, rows);
  if (order.length < graph.nodes) return null;
  const rounds = roundsFor(graph);
  const chance = chanceFrom(graph.nodes * 7919 + graph.from.length + 1);
  const play = new Play(ahead, rows);
  const lengths: number[] = [];
  for (let round = 0; round < rounds; round++) lengths.push(play.once(chance));
  lengths.sort((a, b) => a - b);
  const at = (share: number): number => lengths[Math.round(share * (lengths.length - 1))] ?? 0;
  return { ms: at(0.5), errorMs: (at(0.9) - at(0.1)) / 2 };
}

/** How often a graph is played through: often where that is cheap. */
export function roundsFor({ nodes, from }: Graph): number {
  return Math.max(roundsMin, Math.min(roundsMax, Math.floor(workMax / Math.max(1, nodes + from.length))));
}

/** Numbers from 0 to 1 that look like chance and are the same each time. */
function chanceFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    const mixed = Math.imul(state ^ (state >>> 16), 0x45d9f3b);
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32;
  };
}

/** A number from the normal distribution around 0, of spread 1. */
function normal(chance: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - chance())) * Math.cos(2 * Math.PI * chance());
}

/** Draws so often for a time beyond the one that has passed. */
const drawsMax = 12;

/** Plays the rest of a run as flowc would: of those that are ready, the first by the run's own order. */
class Play {
  private readonly ahead: Ahead;
  private readonly rows: Rows;
  private readonly indegree: Int32Array;
  private readonly waiting: Int32Array;
  private readonly ms: Float64Array;
  private readonly used: Int32Array;
  private readonly ready: Heap = heap();
  private readonly running: Heap = heap();
  private readonly settled: number[] = [];
  /** Ready, and held by the bound of their group. */
  private readonly held = new Map<number, Heap>();

  constructor(ahead: Ahead, rows: Rows) {
    const { nodes, to } = ahead.graph;
    this.ahead = ahead;
    this.rows = rows;
    this.indegree = new Int32Array(nodes);
    for (const target of to) this.indegree[target] = (this.indegree[target] ?? 0) + 1;
    this.waiting = new Int32Array(nodes);
    this.ms = new Float64Array(nodes);
    this.used = new Int32Array(nodes);
  }

  /** Ms until all have settled. */
  once(chance: () => number): number {
    this.draw(chance);
    this.waiting.set(this.indegree);
    this.used.fill(0);
    this.held.clear();
    const { nodes } = this.ahead.graph;
    const { elapsed } = this.ahead;
    for (let i = 0; i < nodes; i++) {
      if ((elapsed[i] ?? -1) >= 0) this.start(i, 0);
      else if (this.waiting[i] === 0) this.becomesReady(i);
    }
    let now = 0;
    for (;;) {
      this.settleAll();
      while (this.running.size < this.ahead.slots && this.ready.size > 0) {
        const i = this.ready.pop();
        const group = this.ahead.group[i] ?? -1;
        const bound = group < 0 ? 0 : (this.ahead.bound[group] ?? 0);
        if (bound > 0 && (this.used[group] ?? 0) >= bound)
          this.heldBack(group).push(-(this.ahead.first[i] ?? 0), i);
        else this.start(i, now);
      }
      if (this.running.size === 0) return now;
      now = this.running.least;
      this.end(this.running.pop());
    }
  }

  private draw(chance: () => number): void {
    const { graph, spread, elapsed, pace } = this.ahead;
    const here = Math.exp(pace.mean + pace.spread * normal(chance));
    for (let i = 0; i < graph.nodes; i++) {
      const expected = (graph.weights[i] ?? 0) * here;
      if (expected === 0) continue;
      const passed = elapsed[i] ?? -1;
      if (passed < 0) {
        const runs = chance() < (this.ahead.chance[i] ?? 1);
        this.ms[i] = runs ? expected * Math.exp((spread[i] ?? 0) * normal(chance)) : 0;
        continue;
      }
      let ms = 0;
      for (let tries = 0; tries < drawsMax && ms <= passed; tries++)
        ms = expected * Math.exp((spread[i] ?? 0) * normal(chance));
      this.ms[i] = ms > passed ? ms - passed : passed * chance() * (this.isStrange(i, expected) ? 1 : 0.2);
    }
  }

  /** It takes much longer than it ever has: what is known of it does not hold, and it may take as long again. */
  private isStrange(i: number, expected: number): boolean {
    const { elapsed, spread } = this.ahead;
    return Math.log((elapsed[i] ?? 0) / expected) > 4 * Math.max(0.05, spread[i] ?? 0);
  }

  private start(i: number, now: number): void {
    const group = this.ahead.group[i] ?? -1;
    if (group >= 0) this.used[group] = (this.used[group] ?? 0) + 1;
    this.running.push(now + (this.ms[i] ?? 0), i);
  }

  private end(i: number): void {
    const group = this.ahead.group[i] ?? -1;
    if (group >= 0) {
      this.used[group] = (this.used[group] ?? 0) - 1;
      const next = this.held.get(group)?.pop() ?? -1;
      if (next >= 0) this.ready.push(-(this.ahead.first[next] ?? 0), next);
    }
    this.settled.push(i);
  }

  private heldBack(group: number): Heap {
    const others = this.held.get(group) ?? heap();
    this.held.set(group, others);
    return others;
  }

  private becomesReady(i: number): void {
    if (this.ms[i] === 0 || this.ahead.graph.weights[i] === 0) this.settled.push(i);
    else this.ready.push(-(this.ahead.first[i] ?? 0), i);
  }

  private settleAll(): void {
    const { rows, waiting } = this;
    for (let i = this.settled.pop(); i !== undefined; i = this.settled.pop())
      for (let k = rows.start[i] ?? 0; k < (rows.start[i + 1] ?? 0); k++) {
        const target = rows.to[k] ?? 0;
        const left = (waiting[target] ?? 0) - 1;
        waiting[target] = left;
        if (left === 0 && (this.ahead.elapsed[target] ?? -1) < 0) this.becomesReady(target);
      }
  }
}
