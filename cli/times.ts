// What is known of how long nodes take: from earlier runs by their names, else by their tasks, and from this run.

import type { Past } from "../runtime/past.ts";

export interface Estimate {
  readonly ms: number;
  /** Of the logarithm of the true time around that. */
  readonly spread: number;
  /** How likely it runs at all. */
  readonly chance: number;
  /** False: it is the mean of all others, for want of anything better. */
  readonly known: boolean;
}

/** How a node's time differs from run to run, until enough is seen of it; of a task's nodes it is much more. */
const usual = { name: 0.2, task: 0.5, none: 1 } as const;
/** So many differences are thought to have been seen before the first. */
const seenBefore = 3;
/** Shorter ones say nothing about how fast a machine is. */
const tellingMs = 20;

export class Times {
  /** Earlier runs that it knows of. */
  readonly runs: number;
  private readonly past: Past;
  private readonly names = new Map<string, { ms: number[]; skipped: number }>();
  private readonly tasks = new Map<string, Logarithms>();
  private readonly spans = new Map<string, number | null>();
  private readonly ratios = new Logarithms();
  private readonly all = new Logarithms();

  constructor(past: Past) {
    this.past = past;
    this.runs = past.runs;
    for (const { name, task, startedAt, endedAt } of past.nodes) {
      const known = this.names.get(name) ?? { ms: [], skipped: 0 };
      this.names.set(name, known);
      if (startedAt === null || endedAt === null) known.skipped++;
      else {
        known.ms.push(Math.max(0, endedAt - startedAt));
        this.addTo(task, Math.max(0, endedAt - startedAt));
      }
    }
  }

  /** A node of this run has ended well. */
  saw(name: string, task: string, ms: number): void {
    const known = this.names.get(name);
    if (known !== undefined && known.ms.length > 0 && ms >= tellingMs) {
      const expected = median(known.ms);
      if (expected >= tellingMs) this.ratios.add(ms / expected);
    }
    // Of earlier runs it is known already how these differ.
    if (known === undefined) this.addTo(task, ms);
  }

  /** How this run compares with earlier ones, as logarithms. */
  pace(): { readonly mean: number; readonly spread: number } {
    const { count, sum } = this.ratios;
    // What ends first in a run is short: its tasks' times may be far off, and all in the same direction.
    if (this.runs === 0) return { mean: 0, spread: usual.task };
    return { mean: sum / (count + seenBefore), spread: usual.name / Math.sqrt(1 + count / 2) };
  }

  of(name: string, task: string): Estimate {
    const known = this.names.get(name);
    if (known !== undefined) {
      const { ms, skipped } = known;
      const chance = ms.length / (ms.length + skipped);
      if (ms.length > 0)
        return { ms: median(ms), spread: this.ratios.spread(usual.name, seenBefore), chance, known: true };
      return { ms: this.ofTask(task).ms, spread: usual.task, chance: 0.1, known: true };
    }
    return this.ofTask(task);
  }

  /** Of a list or loop whose parts are not known yet: from the first start to the last end of what was in it. */
  span(whole: string): number | null {
    const before = this.spans.get(whole);
    if (before !== undefined) return before;
    const runs = new Map<number, { first: number; last: number }>();
    for (const { run, name, startedAt, endedAt } of this.past.nodes) {
      if (startedAt === null || endedAt === null) continue;
      if (!name.startsWith(whole) || !"[#.".includes(name[whole.length] ?? "?")) continue;
      const span = runs.get(run) ?? { first: startedAt, last: endedAt };
      runs.set(run, { first: Math.min(span.first, startedAt), last: Math.max(span.last, endedAt) });
    }
    const lengths = [...runs.values()].map(({ first, last }) => last - first);
    const found = lengths.length === 0 ? null : median(lengths);
    this.spans.set(whole, found);
    return found;
  }

  private ofTask(task: string): Estimate {
    const ms = this.tasks.get(task);
    if (ms !== undefined) return { ms: ms.middle, spread: ms.spread(usual.task, 1), chance: 1, known: true };
    return { ms: this.all.middle, spread: usual.none, chance: 1, known: false };
  }

  private addTo(task: string, ms: number): void {
    const logarithms = this.tasks.get(task) ?? new Logarithms();
    this.tasks.set(task, logarithms);
    logarithms.add(Math.max(1, ms));
    this.all.add(Math.max(1, ms));
  }
}

/** Times differ by factors; so the middle of them is that of their logarithms. */
class Logarithms {
  count = 0;
  sum = 0;
  private squares = 0;

  add(value: number): void {
    const logarithm = Math.log(value);
    this.count++;
    this.sum += logarithm;
    this.squares += logarithm ** 2;
  }

  /** 0 if there is none. */
  get middle(): number {
    return this.count === 0 ? 0 : Math.exp(this.sum / this.count);
  }

  /** Around the middle; as if `before` had been seen `times` times. */
  spread(before: number, times: number): number {
    const around = this.count === 0 ? 0 : Math.max(0, this.squares - this.sum ** 2 / this.count);
    return Math.sqrt((around + times * before ** 2) / (this.count + times));
  }
}

function median(list: readonly number[]): number {
  const sorted = [...list].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? 0)) / 2;
}
