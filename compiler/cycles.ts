// Circles in a graph of things that need each other: modules, types, constants, flows. Iterative: depth costs no stack.

/**
 * The nodes in an order in which each comes after all it needs, as far as there are no circles, and one circle for
 * each group of nodes that need each other: the shortest through its first node, without repeating that node.
 */
export interface Circles<N> {
  readonly order: readonly N[];
  readonly circles: readonly (readonly N[])[];
}

interface Visit<N> {
  readonly node: N;
  readonly needs: readonly N[];
  next: number;
}

/** Time and space grow with nodes and edges. `needs` is asked once for each node. */
export function findCircles<N>(nodes: Iterable<N>, needs: (node: N) => readonly N[]): Circles<N> {
  const index = new Map<N, number>();
  const low = new Map<N, number>();
  const edges = new Map<N, readonly N[]>();
  const open: N[] = [];
  const isOpen = new Set<N>();
  const order: N[] = [];
  const circles: (readonly N[])[] = [];

  const enter = (node: N): Visit<N> => {
    index.set(node, index.size);
    low.set(node, index.size - 1);
    open.push(node);
    isOpen.add(node);
    const out = needs(node);
    edges.set(node, out);
    return { node, needs: out, next: 0 };
  };
  const lower = (node: N, to: number) => low.set(node, Math.min(low.get(node) ?? 0, to));

  for (const root of nodes) {
    if (index.has(root)) continue;
    const path = [enter(root)];
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const { node } = top;
      const need = top.needs[top.next++];
      if (need !== undefined) {
        const seen = index.get(need);
        if (seen === undefined) path.push(enter(need));
        else if (isOpen.has(need)) lower(node, seen);
        continue;
      }
      path.pop();
      const parent = path.at(-1);
      if (parent !== undefined) lower(parent.node, low.get(node) ?? 0);
      if (low.get(node) !== index.get(node)) continue;
      const group: N[] = [];
      for (let member = open.pop(); member !== undefined; member = open.pop()) {
        isOpen.delete(member);
        group.push(member);
        if (member === node) break;
      }
      order.push(...group);
      if (group.length > 1 || (edges.get(node) ?? []).includes(node))
        circles.push(circleIn(node, new Set(group), edges));
    }
  }
  return { order, circles };
}

/** The shortest way from a node back to itself inside its group, breadth first. */
function circleIn<N>(start: N, group: ReadonlySet<N>, edges: ReadonlyMap<N, readonly N[]>): readonly N[] {
  const from = new Map<N, N>();
  const queue: N[] = [start];
  for (let at = 0; at < queue.length; at++) {
    const node = queue[at];
    if (node === undefined) break;
    for (const next of edges.get(node) ?? []) {
      if (next === start) {
        const way = [node];
        for (let back = from.get(node); back !== undefined; back = from.get(back)) way.push(back);
        return way.reverse();
      }
      if (!group.has(next) || from.has(next)) continue;
      from.set(next, node);
      queue.push(next);
    }
  }
  return [start];
}
