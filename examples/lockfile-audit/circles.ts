// Finds a way through packages that need each other: cuts as few and as weak needs as it must, and tells each.

import type { Circle, Kind } from "./model.ts";

/** `from` needs `to`; both are keys. */
export interface Need {
  readonly from: string;
  readonly to: string;
  readonly kind: Kind;
}

const STRENGTH: readonly Kind[] = ["dependency", "optional", "peer"];

/**
 * Which needs to keep so that there is an order, and for each that was cut the circle it would have closed.
 * Only needs inside a group of packages that all reach each other can be in a circle; there the stronger kinds are
 * taken first, so that what is cut is a peer dependency where one is in the circle.
 */
export function withoutCircles(needs: readonly Need[]): {
  readonly kept: readonly Need[];
  readonly circles: readonly Circle[];
} {
  const group = groups(needs);
  const kept: Need[] = [];
  const circles: Circle[] = [];
  const next = new Map<string, string[]>();
  const inside = needs.filter((need) => group.get(need.from) === group.get(need.to));
  for (const kind of STRENGTH)
    for (const need of inside.filter((one) => one.kind === kind)) {
      const back = path(next, need.to, need.from);
      if (back === null) {
        kept.push(need);
        next.set(need.from, [...(next.get(need.from) ?? []), need.to]);
      } else circles.push({ packages: [need.from, ...back], from: need.from, to: need.to, kind });
    }
  const across = needs.filter((need) => group.get(need.from) !== group.get(need.to));
  return { kept: [...across, ...kept], circles };
}

/** The shortest way from one package to another, both included; null if there is none. */
function path(next: ReadonlyMap<string, readonly string[]>, from: string, to: string): string[] | null {
  const cameFrom = new Map<string, string | null>([[from, null]]);
  const queue = [from];
  for (const at of queue) {
    if (at === to) {
      const way: string[] = [];
      for (let step: string | null = at; step !== null; step = cameFrom.get(step) ?? null) way.unshift(step);
      return way;
    }
    for (const further of next.get(at) ?? [])
      if (!cameFrom.has(further)) {
        cameFrom.set(further, at);
        queue.push(further);
      }
  }
  return null;
}

/** The strongly connected component of each package, as a number (Tarjan's way, without recursion). */
function groups(needs: readonly Need[]): ReadonlyMap<string, number> {
  const next = new Map<string, string[]>();
  for (const { from, to } of needs) {
    next.set(from, [...(next.get(from) ?? []), to]);
    if (!next.has(to)) next.set(to, []);
  }
  const index = new Map<string, number>();
  const low = new Map<string, number>();
  const group = new Map<string, number>();
  const open: string[] = [];
  for (const root of next.keys()) {
    if (index.has(root)) continue;
    const way: { readonly key: string; seen: number }[] = [{ key: root, seen: 0 }];
    while (way.length > 0) {
      const top = way[way.length - 1];
      if (top === undefined) break;
      if (top.seen === 0 && !index.has(top.key)) {
        low.set(top.key, index.size);
        index.set(top.key, index.size);
        open.push(top.key);
      }
      const further = next.get(top.key)?.[top.seen++];
      if (further === undefined) {
        way.pop();
        close(top.key, index, low, group, open);
        const parent = way[way.length - 1];
        if (parent !== undefined) lower(low, parent.key, low.get(top.key));
      } else if (!index.has(further)) way.push({ key: further, seen: 0 });
      else if (!group.has(further)) lower(low, top.key, index.get(further));
    }
  }
  return group;
}

function lower(low: Map<string, number>, key: string, to: number | undefined): void {
  low.set(key, Math.min(low.get(key) ?? 0, to ?? 0));
}

/** If `key` is the first of its component that was met, all above it on the open stack belong to it. */
function close(
  key: string,
  index: ReadonlyMap<string, number>,
  low: ReadonlyMap<string, number>,
  group: Map<string, number>,
  open: string[],
): void {
  if (low.get(key) !== index.get(key)) return;
  const number = index.get(key) ?? 0;
  for (let member = open.pop(); member !== undefined; member = open.pop()) {
    group.set(member, number);
    if (member === key) return;
  }
}
