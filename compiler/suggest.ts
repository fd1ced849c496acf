// The nearest name: what a person who misspelt a word most likely meant.

/** So many comparisons of characters for one check: a file full of mistakes must not take minutes. */
const workMax = 20_000_000;

/** Finds the nearest of the candidates, or null if none is near. Equal distances: the first in order wins. */
export type Nearest = (word: string, candidates: Iterable<string>) => string | null;

/** A `Nearest` with its own bound on work; past the bound it finds nothing. */
export function createNearest(): Nearest {
  let work = 0;
  return (word, candidates) => {
    if (work > workMax || word.length > 60) return null;
    const limit = allowed(word.length);
    const lower = word.toLowerCase();
    let best: string | null = null;
    let bestDistance = limit + 1;
    for (const candidate of candidates) {
      work += 4;
      if (candidate === word || candidate.length > 60) continue;
      if (Math.abs(candidate.length - word.length) >= bestDistance) continue;
      work += word.length * candidate.length;
      if (work > workMax) break;
      const other = candidate.toLowerCase();
      // Another case alone is nearer than any other difference.
      const distance = other === lower ? 0.5 : wordDistance(lower, other);
      if (distance < bestDistance) {
        best = candidate;
        bestDistance = distance;
      }
    }
    return best ?? byWords(word, candidates);
  };
}

/** How many slips still look like the same word. */
function allowed(length: number): number {
  return length <= 4 ? 1 : length <= 7 ? 2 : 3;
}

/** `job_run` for `run_job`: the same words in another order. */
function byWords(word: string, candidates: Iterable<string>): string | null {
  if (!word.includes("_")) return null;
  const key = [...word.split("_")].sort().join("_");
  for (const candidate of candidates)
    if (
      candidate !== word &&
      candidate.length === word.length &&
      candidate.split("_").sort().join("_") === key
    )
      return candidate;
  return null;
}

/**
 * How many slips lie between two words: a letter too many, one too few, one for another, or two neighbours swapped,
 * each letter being touched at most once. A short word all of whose letters differ is as far as can be.
 */
function wordDistance(a: string, b: string): number {
  const width = b.length + 1;
  let twoAbove: number[] = new Array<number>(width).fill(0);
  let above = Array.from({ length: width }, (_, at) => at);
  let row: number[] = new Array<number>(width).fill(0);
  for (let i = 1; i <= a.length; i++) {
    row[0] = i;
    for (let j = 1; j <= b.length; j++) {
      const equal = a[i - 1] === b[j - 1];
      let least = Math.min(above[j] ?? 0, row[j - 1] ?? 0) + 1;
      least = Math.min(least, (above[j - 1] ?? 0) + (equal ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        least = Math.min(least, (twoAbove[j - 2] ?? 0) + 1);
      row[j] = least;
    }
    [twoAbove, above, row] = [above, row, twoAbove];
  }
  const distance = above[b.length] ?? 0;
  // `ab` is not a slip of `xy`.
  return distance >= Math.max(a.length, b.length) ? Number.POSITIVE_INFINITY : distance;
}
