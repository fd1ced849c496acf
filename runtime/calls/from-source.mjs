// The worker's door when flowc runs from its sources: a fresh thread cannot read TypeScript by itself.

import { register } from "tsx/esm/api";

let worker = null;

/** @param {import("./batch.ts").Handed} handed */
export async function callInWorker(handed) {
  if (worker === null) {
    register();
    worker = import("./worker.ts");
  }
  return (await worker).callInWorker(handed);
}
