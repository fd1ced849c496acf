// `npm run sim -- [--seed N] [--count N]`: replays a seed with its trace, or runs many and tells which broke a promise.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { openJournal } from "../../runtime/journal.ts";
import { simulate } from "./simulate.ts";

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: { seed: { type: "string" }, count: { type: "string" }, from: { type: "string" } },
  });
  const project = mkdtempSync(join(tmpdir(), "flowc-sim-"));
  const journal = await openJournal(join(project, ".flowc"));
  try {
    if (values.seed !== undefined) {
      const { trace, problems, lives, status } = await simulate(Number(values.seed), journal, project);
      for (const line of trace) console.log(line);
      console.log(`\n${status} after ${lives} lives`);
      for (const problem of problems) console.log(`✗ ${problem}`);
      return problems.length === 0 ? 0 : 1;
    }
    return await many(Number(values.from ?? 1), Number(values.count ?? 10_000), journal, project);
  } finally {
    await journal.close();
    rmSync(project, { recursive: true, force: true });
  }
}

async function many(
  from: number,
  count: number,
  journal: Awaited<ReturnType<typeof openJournal>>,
  project: string,
): Promise<number> {
  const began = performance.now();
  let broken = 0;
  let events = 0;
  let lives = 0;
  for (let seed = from; seed < from + count; seed++) {
    const one = await simulate(seed, journal, project);
    events += one.events;
    lives += one.lives;
    if (one.problems.length === 0) continue;
    broken++;
    console.log(
      `✗ seed ${seed}: ${one.problems[0]}${one.problems.length > 1 ? ` (and ${one.problems.length - 1} more)` : ""}`,
    );
  }
  const seconds = (performance.now() - began) / 1000;
  console.log(
    `${count} seeds, ${lives} lives, ${events} events in ${seconds.toFixed(1)} s: ${(count / seconds).toFixed(0)} seeds a second; ${broken} broken`,
  );
  return broken === 0 ? 0 : 1;
}

process.exitCode = await main();
