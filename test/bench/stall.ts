// How long the loop stands still while a large graph is analysed beside a run: `npm run bench -- stall`.

import { type IntervalHistogram, monitorEventLoopDelay, performance } from "node:perf_hooks";
import { analyzeArrays, type Graph, sharedGraph } from "../../runtime/analysis/analyze.ts";
import { analyze, atOnce, closeAnalysis } from "../../runtime/analysis/pool.ts";
import { executeRun } from "../../runtime/execute.ts";
import { random } from "../layers.ts";
import { machine, planOf, pretendWorld, removeFolders, succeeded } from "../pretend.ts";

const NODES = 100_000;
const EDGES = 1_000_000;
/** Of the run in the main thread: each node is an attempt that starts and ends, both committed to a real journal. */
const RUN_NODES = 6_000;
const MARKED = 4_000;

/** Layers of 1,000; each edge leads from a layer to the next. */
function largeGraph(): Graph {
  const next = random(1);
  const graph = sharedGraph(NODES, EDGES);
  for (let k = 0; k < EDGES; k++) {
    const to = 1000 + Math.floor(next() * (NODES - 1000));
    graph.to[k] = to;
    graph.from[k] = (Math.floor(to / 1000) - 1) * 1000 + Math.floor(next() * 1000);
  }
  for (let i = 0; i < NODES; i++) graph.weights[i] = next();
  return graph;
}

const flow = `
task step(i: int) -> int {
  run "true"
  return i
}
flow main(count: int) -> int[] {
  return for i in range(count) {
    step(i)
  }
}
`;

interface Row {
  readonly ms: number;
  readonly longest: number;
  readonly p99: number;
  readonly trips: readonly number[];
}

/** The run by itself, and again and again `beside` it until it has ended. */
async function measured(beside: (() => Promise<unknown>) | null): Promise<Row> {
  const { project, plan } = planOf(flow);
  const world = await pretendWorld(
    project,
    machine(({ values: [i = null] }) => succeeded(i)),
  );
  const delay: IntervalHistogram = monitorEventLoopDelay({ resolution: 1 });
  const options = { jobs: 8, failFast: false, only: null };
  const trips: number[] = [];
  let done = false;
  const begun = performance.now();
  delay.enable();
  const run = executeRun(world, { plan, inputs: { count: RUN_NODES }, options }).finally(() => {
    done = true;
  });
  while (beside !== null && !done) {
    const before = performance.now();
    await beside();
    trips.push(performance.now() - before);
  }
  const { status } = await run;
  delay.disable();
  if (status !== "succeeded") throw new Error(`the run ${status}`);
  await world.journal.close();
  // The histogram's own tick of 1 ms is no stall.
  const over = (ns: number) => Math.max(0, ns / 1e6 - 1);
  const ms = performance.now() - begun;
  return { ms, longest: over(delay.max), p99: over(delay.percentile(99)), trips };
}

function shown(name: string, { ms, longest, p99, trips }: Row): void {
  const [first = 0, ...later] = trips;
  const sorted = later.toSorted((a, b) => a - b);
  const each =
    trips.length === 0
      ? ""
      : `, ${trips.length} trips: first ${first.toFixed(0)} ms, then ${(sorted[sorted.length >> 1] ?? first).toFixed(0)} ms (median)`;
  console.log(
    `  ${name.padEnd(38)} longest stall ${longest.toFixed(1).padStart(6)} ms, p99 ${p99.toFixed(1).padStart(5)} ms, run ${ms.toFixed(0)} ms${each}`,
  );
}

function timed<T>(name: string, work: () => T): T {
  const before = performance.now();
  const result = work();
  console.log(`  ${name.padEnd(38)} ${(performance.now() - before).toFixed(2).padStart(8)} ms`);
  return result;
}

export async function benchStall(): Promise<void> {
  console.log(`\nAnalysis of ${NODES} nodes and ${EDGES} edges beside a run of ${RUN_NODES} nodes`);
  const graph = timed("made on shared arrays", largeGraph);
  timed("copied, as it would be if not shared", () =>
    structuredClone({ ...graph, from: graph.from.slice() }),
  );
  const analysis = timed("on the loop's own thread (a stall)", () => analyzeArrays(graph));
  timed("the answer, copied", () => structuredClone(analysis));
  const marked = Int32Array.from({ length: MARKED }, (_, i) => i * (NODES / MARKED));
  try {
    // The first run is slower than all others, and would be blamed on what it is compared with.
    await measured(null);
    shown("the run alone", await measured(null));
    shown("with the analysis, from the first on", await measured(() => analyze(graph)));
    shown("with the analysis, thread there", await measured(() => analyze(graph)));
    let pairs = 0;
    const row = await measured(async () => {
      pairs = (await atOnce(graph, marked)).pairs;
    });
    shown(`with what may run at once of ${MARKED}`, row);
    console.log(`  ${pairs} pairs may run at once`);
    shown("the run alone, again", await measured(null));
  } finally {
    await closeAnalysis();
    removeFolders();
  }
}
