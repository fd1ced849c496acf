// Nodes that could start but for the `parallel` of a `for` around them: they wait by items, the best item first.

import { assert } from "./bug.ts";
import type { Run } from "./run.ts";
import { IN_PROGRESS, READY, SETTLED } from "./run-codes.ts";
import { Heap } from "./run-columns.ts";

/** Nodes held by one `for`. */
interface Held {
  /** Its items by their best nodes. */
  readonly items: Heap;
  /** The best node of each item that stands in the heap; it stays while that does. */
  readonly best: Map<number, number>;
  readonly nodes: Map<number, number[]>;
}

export class Parallel {
  private readonly run: Run;
  private readonly before: (a: number, b: number) => boolean;
  private readonly held = new Map<number, Held>();

  constructor(run: Run, before: (a: number, b: number) => boolean) {
    this.run = run;
    this.before = before;
  }

  /** The innermost `for` around a node that has no room for one more item; -1 if there is none. */
  full(n: number): number {
    const { run } = this;
    if (run.loops.size === 0) return -1;
    for (let at = n; at > 0; at = run.frameOwners.get(run.frames.get(at))) {
      const cell = run.of.get(at);
      if (cell < 0) continue;
      const loop = run.loops.get(cell);
      assert(loop !== undefined, `item ${at} has no for`);
      const full = loop.parallel !== null && loop.inProgress >= loop.parallel;
      if (full && !run.has(at, IN_PROGRESS | SETTLED)) return cell;
    }
    return -1;
  }

  /** It waits until its `for` has room. The best of an item comes first. */
  hold(n: number, loop: number): void {
    const item = this.itemOf(n, loop);
    const held = this.heldOf(loop);
    const nodes = held.nodes.get(item);
    if (nodes === undefined) held.nodes.set(item, [n]);
    else nodes.push(n);
    if (held.best.has(item)) return;
    held.best.set(item, n);
    held.items.push(item);
  }

  /** Those of them that could start. */
  *all(): Iterable<number> {
    for (const { nodes } of this.held.values())
      for (const each of nodes.values()) for (const n of each) if (this.startable(n)) yield n;
  }

  /** An item has started: all that was held of it may go on. */
  enter(item: number): readonly number[] {
    const held = this.held.get(this.run.of.get(item));
    const nodes = held?.nodes.get(item);
    if (held === undefined || nodes === undefined) return [];
    held.nodes.delete(item);
    return nodes.filter((n) => this.startable(n));
  }

  /** A `for` has room: its best items may come forward. */
  release(loop: number): readonly number[] {
    const held = this.held.get(loop);
    const state = this.run.loops.get(loop);
    const released: number[] = [];
    if (held === undefined || state === undefined) return released;
    let room = state.parallel === null ? Number.POSITIVE_INFINITY : state.parallel - state.inProgress;
    while (room > 0) {
      const item = held.items.pop();
      if (item === undefined) break;
      held.best.delete(item);
      const nodes = held.nodes.get(item)?.filter((n) => this.startable(n)) ?? [];
      held.nodes.delete(item);
      released.push(...nodes);
      if (nodes.length > 0) room--;
    }
    return released;
  }

  private startable(n: number): boolean {
    return this.run.states.get(n) === READY;
  }

  private itemOf(n: number, loop: number): number {
    const { run } = this;
    let at = n;
    while (run.of.get(at) !== loop) at = run.frameOwners.get(run.frames.get(at));
    return at;
  }

  private heldOf(loop: number): Held {
    let held = this.held.get(loop);
    if (held === undefined) {
      const best = new Map<number, number>();
      const bestOf = (item: number): number => best.get(item) ?? item;
      const items = new Heap((a, b) => this.before(bestOf(a), bestOf(b)));
      held = { items, best, nodes: new Map() };
      this.held.set(loop, held);
    }
    return held;
  }
}
