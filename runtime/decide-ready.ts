// Nodes of one need that could start: the best first; but an instance gets back whom it knows, and nobody waits for ever.

import type { Need } from "./room.ts";
import { Heap } from "./run-columns.ts";

/** After so many starts of others the node that has waited longest has its turn, whatever goes before it. */
export const turnEvery = 64;
/** So often the best is passed over for the sake of instances that know others. */
const knownMax = 64;

/** What is known of nodes and instances. */
export interface ReadyWorld {
  before(a: number, b: number): boolean;
  /** Of one priority? */
  equal(a: number, b: number): boolean;
  /** Could it start now, as far as it is up to itself and to what stands around it? */
  free(n: number): boolean;
  /** Takes from a heap what does not belong there any more, and gives the top. */
  top(heap: Heap): number | undefined;
  /** Is there an instance for it? */
  served(n: number, need: Need): boolean;
  /** Keys of nodes that idle instances have served last. */
  known(need: Need): Iterable<string>;
}

/** The node of its need that is to start next. */
export interface Candidate {
  readonly n: number;
  readonly of: Ready;
  /** It has waited for its turn since so many starts had been made; null: it is the best. */
  readonly since: number | null;
}

export class Ready {
  readonly need: Need;
  readonly heap: Heap;
  private readonly world: ReadyWorld;
  private readonly keyed = new Map<string, Heap>();
  /** In the order in which they came, and how many starts there had been then. */
  private line: { readonly n: number; readonly since: number }[] = [];
  private at = 0;
  private lastTurn: number;
  private passed = { n: -1, times: 0 };

  constructor(need: Need, world: ReadyWorld, starts: number) {
    this.need = need;
    this.world = world;
    this.heap = new Heap((a, b) => world.before(a, b));
    this.lastTurn = starts;
  }

  /** `key`: of its `affinity`. `starts`: how many there have been so far. */
  push(n: number, key: string | null, starts: number): void {
    this.heap.push(n);
    this.line.push({ n, since: starts });
    if (key === null) return;
    const heap = this.keyed.get(key) ?? new Heap((a, b) => this.world.before(a, b));
    heap.push(n);
    this.keyed.set(key, heap);
  }

  /** `turns`: are there any? */
  candidate(starts: number, turns: boolean): Candidate | null {
    const best = this.world.top(this.heap);
    if (best === undefined) return null;
    const old = turns && starts - this.lastTurn >= turnEvery ? this.oldest() : null;
    if (old !== null && starts - old.since >= turnEvery)
      if (this.world.served(old.n, this.need)) return { n: old.n, of: this, since: old.since };
    return { n: this.known(best) ?? best, of: this, since: null };
  }

  /** It has been started. */
  started({ n, since }: Candidate, starts: number): void {
    if (since !== null) this.lastTurn = starts;
    if (this.keyed.size === 0) return;
    const best = this.world.top(this.heap);
    if (since !== null || best === undefined || best === n) return;
    if (this.passed.n !== best) this.passed = { n: best, times: 0 };
    this.passed.times++;
  }

  /** The best node, no worse by its priority, whose key an idle instance has served last. */
  private known(best: number): number | null {
    if (this.keyed.size === 0 || (this.passed.n === best && this.passed.times >= knownMax)) return null;
    const { world } = this;
    let found: number | null = null;
    for (const key of world.known(this.need)) {
      const heap = this.keyed.get(key);
      if (heap === undefined) continue;
      // What is held stands in the other heap too, and comes here again when it is let go.
      while (heap.top !== undefined && !world.free(heap.top)) heap.pop();
      const { top } = heap;
      if (top === undefined) this.keyed.delete(key);
      else if (world.equal(top, best) && (found === null || world.before(top, found))) found = top;
    }
    return found;
  }

  private oldest(): { readonly n: number; readonly since: number } | null {
    for (let first = this.line[this.at]; first !== undefined; first = this.line[++this.at])
      if (this.world.free(first.n)) {
        if (this.at > 1000) this.line = this.line.slice(this.at);
        if (this.at > 1000) this.at = 0;
        return first;
      }
    this.line = [];
    this.at = 0;
    return null;
  }
}
