// A map in layers: what is set in an inner one is not seen in those around it, and opening one copies nothing.

export class Layers<K, V> {
  private readonly outer: Layers<K, V> | null;
  private own: Map<K, V> | null;

  constructor(outer: Layers<K, V> | null = null, entries: Iterable<readonly [K, V]> | null = null) {
    this.outer = outer;
    this.own = entries === null ? null : new Map(entries);
  }

  /** The value of the nearest layer that has one. */
  get(key: K): V | undefined {
    const value = this.own?.get(key);
    return value !== undefined || this.outer === null ? value : this.outer.get(key);
  }

  set(key: K, value: V): void {
    this.own ??= new Map();
    this.own.set(key, value);
  }
}
