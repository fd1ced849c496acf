// Asks for an analysis: on the thread when the graph is small, else of a worker thread, so that the loop never stalls.

import type { Piscina } from "piscina";
import { type Analysis, analyzeArrays, type Graph } from "./analyze.ts";
import type { AtOnce } from "./at-once.ts";
import { type Ahead, type Forecast, forecastArrays, roundsFor } from "./forecast.ts";

/** True in the built program, where the worker is a file of its own beside it. */
declare const FLOWC_BUNDLE: boolean | undefined;

const bundled = typeof FLOWC_BUNDLE !== "undefined" && FLOWC_BUNDLE;

/** The worker's code: the one place that knows where it is. */
export const workerUrl: URL = bundled
  ? new URL("./analysis-worker.js", import.meta.url)
  : new URL("./from-source.mjs", import.meta.url);

/**
 * Nodes and edges together up to which the trip to a worker is not worth it. Measured on two busy cores: 10,000 take up
 * to 12 ms on the thread. The first trip takes 250 to 550 ms, for starting the thread and loading the library; later ones
 * 40 to 200 ms while the library does the work (see `libraryEdgesMax`), and 2 ms more than the work with arrays. The
 * loop goes on meanwhile: `npm run bench -- stall` finds no longer stall with 1,000,000 edges beside it than without.
 */
export const onThreadMax = 10_000;

/** A worker that has nothing to do for so long ends. */
const idleMs = 2_000;

let pool: Promise<Piscina> | null = null;

/**
 * Analyses a graph. One with more than `onThreadMax` nodes and edges goes to a worker; put its arrays on
 * SharedArrayBuffers (`sharedGraph`), or they are copied. Fails only if no thread can be started.
 */
export async function analyze(graph: Graph): Promise<Analysis> {
  if (graph.nodes + graph.from.length <= onThreadMax) return analyzeArrays(graph);
  pool ??= openPool();
  const workers = await pool;
  return workers.run(graph, { name: "analyzeInWorker" });
}

/**
 * Which of the marked nodes may run at the same time, always found in a worker: see `atOnceIn` for what it costs. The
 * graph has no circle.
 */
export async function atOnce(graph: Graph, marked: Int32Array): Promise<AtOnce> {
  pool ??= openPool();
  const workers = await pool;
  return workers.run({ graph, marked }, { name: "atOnceInWorker" });
}

/** How long the rest of a run takes; null if nobody can say. What is short is found on the thread. */
export async function forecast(ahead: Ahead): Promise<Forecast | null> {
  const { graph } = ahead;
  if ((graph.nodes + graph.from.length) * roundsFor(graph) <= onThreadMax) return forecastArrays(ahead);
  pool ??= openPool();
  const workers = await pool;
  return workers.run(ahead, { name: "forecastInWorker" });
}

/** Ends the workers, if there are any. */
export async function closeAnalysis(): Promise<void> {
  const closing = pool;
  pool = null;
  await (await closing)?.destroy();
}

/** Short runs never get here, and never load the library. */
async function openPool(): Promise<Piscina> {
  const { Piscina } = await import("piscina");
  // Flags of this process, such as a loader of sources, are not for the worker.
  return new Piscina({
    filename: workerUrl.href,
    minThreads: 0,
    maxThreads: 1,
    idleTimeout: idleMs,
    execArgv: [],
  });
}
