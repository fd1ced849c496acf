// Which nodes may run at the same time: pairs of marked ones of which neither waits for the other, found with bit sets.

import type { Rows } from "./analyze.ts";

export interface AtOnce {
  /** How many pairs there are among those that were compared. */
  readonly pairs: number;
  /** The first of them, two numbers each, by the order of the graph. */
  readonly shown: Int32Array;
  /** For each marked node, in the order given: beside how many others it may run. */
  readonly beside: Int32Array;
  /** So many of the marked nodes were compared with all others: fewer than there are only past `workMax`. */
  readonly compared: number;
}

/** Pairs that are told one by one. */
export const pairsShownMax = 1000;

/** Bytes of bit sets at once: so wide is a block of sources that one pass over the edges carries on. */
const bytesMax = 64 * 1024 * 1024;
const wordsMax = 32;

/** Steps over words of bits: about ten seconds. What is more than a graph may cost is left out, and told. */
const workMax = 8_000_000_000;

/**
 * Sources are taken in blocks of at most 1024. A pass over the edges in the order of the graph carries the block's bits
 * on; so it takes (nodes + edges) × marked / 32 steps, and nodes × 128 bytes, at most 64 MB. `order`: all nodes, each
 * behind those it waits for.
 */
export function atOnceIn(rows: Rows, order: Int32Array, marked: Int32Array, work = workMax): AtOnce {
  const nodes = order.length;
  const place = new Int32Array(nodes);
  for (let at = 0; at < nodes; at++) place[order[at] ?? 0] = at;
  // By their place in the graph: only an earlier one can be waited for by a later one.
  const sources = Int32Array.from(marked.keys()).sort(
    (a, b) => (place[marked[a] ?? 0] ?? 0) - (place[marked[b] ?? 0] ?? 0),
  );
  const words = Math.max(1, Math.min(wordsMax, Math.floor(bytesMax / 4 / Math.max(1, nodes))));
  const found = new Found(marked, sources);
  let spent = 0;
  let first = 0;
  for (; first < sources.length; first += words * 32) {
    const cost = (nodes + rows.to.length - (place[marked[sources[first] ?? 0] ?? 0] ?? 0)) * words;
    if (spent > 0 && spent + cost > work) break;
    spent += cost;
    const block = sources.subarray(first, first + words * 32);
    found.add(first, block.length, words, reached(rows, order, place, marked, block, words));
  }
  const { pairs, shown, beside } = found;
  return { pairs, shown: Int32Array.from(shown), beside, compared: Math.min(first, sources.length) };
}

/** For each node, one bit for each source of the block that it waits for. */
function reached(
  rows: Rows,
  order: Int32Array,
  place: Int32Array,
  marked: Int32Array,
  block: Int32Array,
  words: number,
): Int32Array {
  const bits = new Int32Array(order.length * words);
  const own = new Map<number, number>();
  block.forEach((source, bit) => {
    own.set(marked[source] ?? 0, bit);
  });
  const carried = new Int32Array(words);
  for (let at = place[marked[block[0] ?? 0] ?? 0] ?? 0; at < order.length; at++) {
    const i = order[at] ?? 0;
    let any = 0;
    for (let w = 0; w < words; w++) {
      const word = bits[i * words + w] ?? 0;
      carried[w] = word;
      any |= word;
    }
    const bit = own.get(i);
    if (bit !== undefined) carried[bit >> 5] = (carried[bit >> 5] ?? 0) | (1 << (bit & 31));
    else if (any === 0) continue;
    const end = rows.start[i + 1] ?? 0;
    for (let k = rows.start[i] ?? 0; k < end; k++) {
      const base = (rows.to[k] ?? 0) * words;
      for (let w = 0; w < words; w++) bits[base + w] = (bits[base + w] ?? 0) | (carried[w] ?? 0);
    }
  }
  return bits;
}

class Found {
  pairs = 0;
  readonly shown: number[] = [];
  readonly beside: Int32Array;
  private readonly marked: Int32Array;
  private readonly sources: Int32Array;

  constructor(marked: Int32Array, sources: Int32Array) {
    this.marked = marked;
    this.sources = sources;
    this.beside = new Int32Array(marked.length);
  }

  /** Counts, for each node behind a source of the block, the sources that it does not wait for. */
  add(first: number, size: number, words: number, bits: Int32Array): void {
    const { marked, sources } = this;
    for (let at = first + 1; at < sources.length; at++) {
      const later = sources[at] ?? 0;
      const base = (marked[later] ?? 0) * words;
      const before = Math.min(size, at - first);
      for (let w = 0; w * 32 < before; w++) {
        const mask = before - w * 32 >= 32 ? -1 : (1 << (before - w * 32)) - 1;
        for (let free = ~(bits[base + w] ?? 0) & mask; free !== 0; free &= free - 1)
          this.pair(sources[first + w * 32 + (31 - Math.clz32(free & -free))] ?? 0, later);
      }
    }
  }

  private pair(a: number, b: number): void {
    this.pairs++;
    this.beside[a] = (this.beside[a] ?? 0) + 1;
    this.beside[b] = (this.beside[b] ?? 0) + 1;
    if (this.shown.length < pairsShownMax * 2) this.shown.push(this.marked[a] ?? 0, this.marked[b] ?? 0);
  }
}
