// Nodes of which an answer may be there already: those still to be looked for, under way, and without one.

import type { Run } from "./run.ts";
import { READY } from "./run-codes.ts";
import { Heap } from "./run-columns.ts";

export class Unseen {
  readonly heap: Heap;
  private readonly run: Run;
  private readonly asked = new Set<number>();
  private readonly missing = new Set<number>();

  constructor(run: Run, before: (a: number, b: number) => boolean) {
    this.run = run;
    this.heap = new Heap(before);
  }

  /** Is it worth while to look whether its answer is there, and was that not done yet? */
  wants(n: number): boolean {
    const { run } = this;
    if (!run.info(n).cached && run.from === null) return false;
    return !this.missing.has(n) && !run.ends.undoes.has(n);
  }

  /** It is the heap's top, and being looked for now. */
  ask(n: number): void {
    this.heap.pop();
    this.asked.add(n);
  }

  /** Nothing was found: it is to run. */
  miss(n: number): void {
    this.asked.delete(n);
    this.missing.add(n);
  }

  /** Is it not known yet of a node that could start whether it has to? */
  get open(): boolean {
    for (const n of this.asked) {
      if (this.run.states.get(n) === READY) return true;
      this.asked.delete(n);
    }
    return false;
  }
}
