// Reads a `.cpuprofile` that Node wrote, and says which functions took the time.

import { readdirSync, readFileSync, statSync } from "node:fs";
import { basename, join } from "node:path";

interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  }[];
  readonly samples: readonly number[];
  /** Microseconds since the sample before. */
  readonly timeDeltas: readonly number[];
}

/** The functions with the most self time of the largest profile in a folder, one line each. */
export function hottest(folder: string, count: number): string[] {
  const largest = readdirSync(folder)
    .map((name) => join(folder, name))
    .sort((a, b) => statSync(b).size - statSync(a).size)[0];
  if (largest === undefined) return ["no profile was written"];
  const profile: CpuProfile = JSON.parse(readFileSync(largest, "utf8"));
  const names = new Map(
    profile.nodes.map(({ id, callFrame }) => [
      id,
      `${callFrame.functionName || "(anonymous)"} ${callFrame.url === "" ? "" : `${basename(callFrame.url)}:${callFrame.lineNumber + 1}`}`,
    ]),
  );
  const self = new Map<string, number>();
  let total = 0;
  for (const [index, id] of profile.samples.entries()) {
    const us = profile.timeDeltas[index] ?? 0;
    const name = names.get(id) ?? "?";
    self.set(name, (self.get(name) ?? 0) + us);
    total += us;
  }
  return [...self]
    .sort(([, a], [, b]) => b - a)
    .slice(0, count)
    .map(
      ([name, us]) =>
        `${((us / total) * 100).toFixed(1).padStart(5)} %  ${(us / 1000).toFixed(0).padStart(6)} ms  ${name}`,
    );
}
