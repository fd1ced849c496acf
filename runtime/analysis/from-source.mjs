// The worker's door when flowc runs from its sources: a fresh thread cannot read TypeScript by itself.

import { tsImport } from "tsx/esm/api";

let worker = null;

/** @param {import("./analyze.ts").Graph} graph */
export async function analyzeInWorker(graph) {
  worker ??= tsImport("./worker.ts", import.meta.url);
  return (await worker).analyzeInWorker(graph);
}

/** @param {{ graph: import("./analyze.ts").Graph, marked: Int32Array }} asked */
export async function atOnceInWorker(asked) {
  worker ??= tsImport("./worker.ts", import.meta.url);
  return (await worker).atOnceInWorker(asked);
}

/** @param {import("./forecast.ts").Ahead} ahead */
export async function forecastInWorker(ahead) {
  worker ??= tsImport("./worker.ts", import.meta.url);
  return (await worker).forecastInWorker(ahead);
}
