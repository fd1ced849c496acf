// Collects the diagnostics of one file: bounded, in order of place, at most one for each place.

import type { Diagnostic } from "./diagnostic.ts";
import { tooManyMistakes } from "./errors.ts";
import type { Source } from "./source.ts";

/** More mistakes than this in one file are only counted: nobody reads them, and a file full of noise must not hang. */
export const findingsMax = 100;

export class Findings {
  readonly source: Source;
  private readonly found: Diagnostic[] = [];
  private readonly places = new Set<number>();
  private more = 0;

  constructor(source: Source) {
    this.source = source;
  }

  get full(): boolean {
    return this.found.length >= findingsMax;
  }

  /** A second mistake at the same place is the first one again. */
  add(diagnostic: Diagnostic): void {
    const place = diagnostic.span.start;
    if (this.places.has(place)) return;
    if (this.full) {
      this.more++;
      return;
    }
    this.places.add(place);
    this.found.push(diagnostic);
  }

  /** A mistake that nobody will see. */
  count(): void {
    this.more++;
  }

  clear(): void {
    this.found.length = 0;
    this.places.clear();
    this.more = 0;
  }

  /** Whether something was told within the range, both ends included. */
  toldIn(start: number, end: number): boolean {
    return this.found.some((one) => one.span.start >= start && one.span.start <= end);
  }

  all(): readonly Diagnostic[] {
    const sorted = [...this.found].sort((a, b) => a.span.start - b.span.start);
    const last = sorted.at(-1);
    return this.more > 0 && last !== undefined
      ? [...sorted, tooManyMistakes(this.source, last.span, this.more)]
      : sorted;
  }
}
