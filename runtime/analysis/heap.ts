// A heap of numbered things by a number, the least first.

export interface Heap {
  readonly size: number;
  /** The number of the first; 0 if there is none. */
  readonly least: number;
  push(by: number, what: number): void;
  /** Takes out the first: of equal ones that with the lowest number. -1 if there is none. */
  pop(): number;
}

export function heap(): Heap {
  return new BinaryHeap();
}

class BinaryHeap implements Heap {
  private readonly by: number[] = [];
  private readonly what: number[] = [];

  get size(): number {
    return this.what.length;
  }

  get least(): number {
    return this.by[0] ?? 0;
  }

  push(by: number, what: number): void {
    let at = this.what.length;
    this.by.push(by);
    this.what.push(what);
    while (at > 0) {
      const above = (at - 1) >> 1;
      if (!this.before(at, above)) return;
      this.swap(at, above);
      at = above;
    }
  }

  pop(): number {
    const first = this.what[0];
    const by = this.by.pop();
    const what = this.what.pop();
    if (first === undefined || by === undefined || what === undefined) return -1;
    if (this.what.length === 0) return first;
    this.by[0] = by;
    this.what[0] = what;
    for (let at = 0; ; ) {
      let least = at;
      for (const below of [2 * at + 1, 2 * at + 2])
        if (below < this.what.length && this.before(below, least)) least = below;
      if (least === at) return first;
      this.swap(at, least);
      at = least;
    }
  }

  private before(a: number, b: number): boolean {
    const [left = 0, right = 0] = [this.by[a], this.by[b]];
    return left < right || (left === right && (this.what[a] ?? 0) < (this.what[b] ?? 0));
  }

  private swap(a: number, b: number): void {
    const [by = 0, what = 0] = [this.by[a], this.what[a]];
    this.by[a] = this.by[b] ?? 0;
    this.what[a] = this.what[b] ?? 0;
    this.by[b] = by;
    this.what[b] = what;
  }
}
