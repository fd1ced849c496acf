// Asks for an analysis: on the thread when the graph is small, else of a worker thread, so that the loop never stalls.

import type { Piscina } from "piscina";
import { type Analysis, analyzeArrays, type Graph } from "./analyze.ts";

/** True in the built program, where the worker is a file of its own beside it. */
declare const FLOWC_BUNDLE: boolean | undefined;

const bundled = typeof FLOWC_BUNDLE !== "undefined" && FLOWC_BUNDLE;

/** The worker's code: the one place that knows where it is. */
export const workerUrl: URL = bundled
  ? new URL("./analysis-worker.js", import.meta.url)
  : new URL("./from-source.mjs", import.meta.url);

/**
 * Nodes and edges together up to which the trip to a worker is not worth it. Measured: 10,000 take 1 to 4 ms on the
 * thread; the first trip takes 130 ms, for starting the thread and loading the library, later ones 1 ms more.
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
