// A layered graph of small nodes as a flow and its inputs, for the bench and the kill test.

/** A number generator with a seed (mulberry32): the same seed gives the same numbers everywhere. */
export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

export interface LayerNode {
  readonly key: string;
  readonly needs: readonly string[];
}

/** `count` nodes in layers of `width`; each needs three different nodes of the layer before. */
export function layers(count: number, width: number, seed: number): LayerNode[] {
  const next = random(seed);
  return Array.from({ length: count }, (_, index) => {
    const start = Math.floor(index / width) * width - width;
    const needs = new Set<string>();
    while (start >= 0 && needs.size < Math.min(3, width)) needs.add(`n${start + Math.floor(next() * width)}`);
    return { key: `n${index}`, needs: [...needs] };
  });
}
