// Times whole processes against each other: each round starts all of them, medians count.

import { spawnSync } from "node:child_process";

export interface Contestant {
  readonly name: string;
  /** `round` counts from 0: for whom a fresh folder matters. */
  readonly command: (round: number) => readonly string[];
  readonly cwd: string;
}

export function timeOnce(contestant: Contestant, round: number): number {
  const [program = "", ...args] = contestant.command(round);
  const before = process.hrtime.bigint();
  const done = spawnSync(program, args, {
    cwd: contestant.cwd,
    encoding: "utf8",
    env: { ...process.env, NO_COLOR: "1" },
  });
  const ms = Number(process.hrtime.bigint() - before) / 1e6;
  if (done.error !== undefined) throw done.error;
  if (done.status !== 0) throw new Error(`${contestant.name} ended with ${done.status}:\n${done.stderr}`);
  return ms;
}

/** Each round starts all of them, one after the other; the first round warms up and does not count. */
export function compare(contestants: readonly Contestant[], rounds: number): Map<string, number> {
  return new Map([...timesOf(contestants, rounds)].map(([name, all]) => [name, median(all)]));
}

/** What each took in each round, in ms; see {@link compare}. */
export function timesOf(contestants: readonly Contestant[], rounds: number): Map<string, readonly number[]> {
  const times = new Map<string, number[]>(contestants.map((one) => [one.name, []]));
  for (let round = 0; round <= rounds; round++)
    for (const one of contestants) {
      const ms = timeOnce(one, round);
      if (round > 0) times.get(one.name)?.push(ms);
    }
  return times;
}

export function median(all: readonly number[]): number {
  const sorted = [...all].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

export function table(
  title: string,
  medians: ReadonlyMap<string, number>,
  against: string,
  nodes: number | null,
): void {
  const base = medians.get(against) ?? Number.NaN;
  console.log(`\n${title}`);
  for (const [name, ms] of medians) {
    const each = nodes === null ? "" : `  ${((ms / nodes) * 1000).toFixed(0).padStart(5)} µs a node`;
    console.log(`  ${name.padEnd(34)} ${ms.toFixed(1).padStart(8)} ms${each}  ${(ms / base).toFixed(2)} ×`);
  }
}

export function hasNinja(): boolean {
  return spawnSync("ninja", ["--version"]).status === 0;
}
