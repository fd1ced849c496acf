// Finds a circle among things that wait for each other, and tells it whole.

/**
 * A circle among keyed items: `["a", "b", "c", "a"]` where a waits for b, b for c and c for a; null if there is none.
 * `deps[i]` are the keys that the item with `keys[i]` waits for; keys that nobody has are passed over. Of several
 * circles it is the one met first from the first key on, so that the same input gives the same words.
 */
export function findCircle(
  keys: readonly string[],
  deps: readonly (readonly string[])[],
): readonly string[] | null {
  const indexOf = new Map(keys.map((key, i) => [key, i]));
  const circle = circleIn(keys.length, (i) => (deps[i] ?? []).map((key) => indexOf.get(key) ?? -1));
  return circle === null ? null : circle.map((i) => keys[i] ?? "");
}

/**
 * The same among numbers: `next(i)` are those that i points at, below 0 is nobody. The first stands at the end again.
 * Visits each once, without recursion: a chain may be as long as it likes.
 */
export function circleIn(count: number, next: (i: number) => ArrayLike<number>): readonly number[] | null {
  // 0: not seen, 1: on the path that is being followed, 2: done.
  const state = new Uint8Array(count);
  const path: number[] = [];
  const targets: ArrayLike<number>[] = [];
  const at: number[] = [];
  const enter = (i: number) => {
    state[i] = 1;
    path.push(i);
    targets.push(next(i));
    at.push(0);
  };
  for (let start = 0; start < count; start++) {
    if (state[start] !== 0) continue;
    enter(start);
    while (path.length > 0) {
      const top = path.length - 1;
      const place = at[top] ?? 0;
      const list = targets[top] ?? [];
      if (place >= list.length) {
        state[path.pop() ?? 0] = 2;
        targets.pop();
        at.pop();
        continue;
      }
      at[top] = place + 1;
      const to = list[place] ?? -1;
      if (to < 0 || to >= count || state[to] === 2) continue;
      if (state[to] === 1) return [...path.slice(path.indexOf(to)), to];
      enter(to);
    }
  }
  return null;
}
