// Columns of a run: typed arrays that grow by doubling, so that a node costs bytes and no objects.

/** A growing array of 32-bit integers. Reading past the end gives 0. */
export class Ints {
  private data = new Int32Array(32);
  length = 0;

  get(i: number): number {
    return this.data[i] ?? 0;
  }

  set(i: number, value: number): void {
    this.data[i] = value;
  }

  add(i: number, change: number): number {
    const value = this.get(i) + change;
    this.data[i] = value;
    return value;
  }

  /** Gives the index of the new value. */
  push(value: number): number {
    if (this.length === this.data.length) {
      const wider = new Int32Array(this.data.length * 2);
      wider.set(this.data);
      this.data = wider;
    }
    this.data[this.length] = value;
    return this.length++;
  }

  truncate(length: number): void {
    this.length = length;
  }

  /** Removes the last value and gives it. */
  pop(): number {
    this.length--;
    return this.get(this.length);
  }

  /** The values from one index on, as bytes, for hashing. */
  bytesFrom(first: number): Uint8Array {
    return new Uint8Array(this.data.buffer, first * 4, (this.length - first) * 4);
  }
}

/** A growing array of small numbers, 0 to 65535. */
export class Shorts {
  private data = new Uint16Array(32);
  length = 0;

  get(i: number): number {
    return this.data[i] ?? 0;
  }

  set(i: number, value: number): void {
    this.data[i] = value;
  }

  push(value: number): void {
    if (this.length === this.data.length) {
      const wider = new Uint16Array(this.data.length * 2);
      wider.set(this.data);
      this.data = wider;
    }
    this.data[this.length++] = value;
  }

  truncate(length: number): void {
    this.length = length;
  }
}

/** A growing array of numbers. */
export class Floats {
  private data = new Float64Array(32);
  length = 0;

  get(i: number): number {
    return this.data[i] ?? 0;
  }

  set(i: number, value: number): void {
    this.data[i] = value;
  }

  push(value: number): void {
    if (this.length === this.data.length) {
      const wider = new Float64Array(this.data.length * 2);
      wider.set(this.data);
      this.data = wider;
    }
    this.data[this.length++] = value;
  }

  truncate(length: number): void {
    this.length = length;
  }
}

/** A binary heap of integers, the least by `before` on top. Equal ones must not matter. */
export class Heap {
  private readonly items: number[] = [];
  private readonly before: (a: number, b: number) => boolean;

  constructor(before: (a: number, b: number) => boolean) {
    this.before = before;
  }

  get size(): number {
    return this.items.length;
  }

  get top(): number | undefined {
    return this.items[0];
  }

  push(item: number): void {
    const { items } = this;
    let at = items.length;
    items.push(item);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = items[parent] ?? 0;
      if (!this.before(item, above)) break;
      items[at] = above;
      at = parent;
    }
    items[at] = item;
  }

  pop(): number | undefined {
    const { items } = this;
    const top = items[0];
    const last = items.pop();
    if (last === undefined || items.length === 0) return top;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= items.length) break;
      if (child + 1 < items.length && this.before(items[child + 1] ?? 0, items[child] ?? 0)) child++;
      const below = items[child] ?? 0;
      if (!this.before(below, last)) break;
      items[at] = below;
      at = child;
    }
    items[at] = last;
    return top;
  }
}
