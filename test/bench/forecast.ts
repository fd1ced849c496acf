// How well forecasts of the remaining time are, over simulated runs, and what one costs for a large run.

import { gather, worthTelling } from "../../cli/ahead.ts";
import { Times } from "../../cli/times.ts";
import { forecastArrays } from "../../runtime/analysis/forecast.ts";
import { judge } from "../forecast-worlds.ts";
import { layers } from "../layers.ts";
import { Plans, type Slot } from "../run-plans.ts";
import { World } from "../run-world.ts";

const seeds = 200;

export function benchForecast(): void {
  console.log(`\nForecasts of ${seeds} simulated runs of 80 nodes, four at a time`);
  console.log("times of nodes differ by 15 %, whole runs by 10 % (spread of the logarithm)\n");
  console.log("earlier runs  done   off by (median, share of the whole)  within what was said");
  for (const earlier of [0, 1, 3, 5])
    for (const { done, medianOff, within } of judge(seeds, earlier))
      console.log(
        `${String(earlier).padStart(12)}  ${percent(done).padStart(4)}  ${percent(medianOff).padStart(34)}  ${percent(within).padStart(20)}`,
      );
  for (const nodes of [1_000, 10_000, 100_000]) cost(nodes);
}

function percent(share: number): string {
  return `${(100 * share).toFixed(share > 0 && share < 0.1 ? 1 : 0)} %`;
}

/** Three dependencies each, in layers; on one thread, where it cannot be seen beside the run. */
function cost(count: number): void {
  const plan = new Plans()
    .task("t", { params: ["x"] })
    .flow("main", [], (b) => {
      const made = new Map<string, Slot>();
      for (const { key, needs } of layers(count, 50, 1)) {
        const after = needs.flatMap((need) => made.get(need) ?? []);
        made.set(key, b.task(key, "t", [0], { after }));
      }
      return null;
    })
    .done();
  const world = new World(plan, { options: { jobs: 8 } }).start();
  const { run } = world.go(() => world.run.counts.running === 8);
  const times = new Times({
    runs: 1,
    nodes: [{ run: 0, name: "n0", task: "t", startedAt: 0, endedAt: 1000 }],
  });
  const before = performance.now();
  const work = gather(run, times, 0);
  let step = work.next();
  while (step.done !== true) step = work.next();
  const gathered = performance.now();
  if (!worthTelling(step.value)) throw new Error("nothing is known");
  const found = forecastArrays(step.value.ahead);
  const end = performance.now();
  console.log(
    `${count} nodes: gathered in ${Math.round(gathered - before)} ms, in pieces; played through in ${Math.round(end - gathered)} ms, in a worker (${Math.round((found?.ms ?? 0) / 1000)}s)`,
  );
}
