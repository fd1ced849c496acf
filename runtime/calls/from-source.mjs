// The worker's door when flowc runs from its sources: a fresh thread cannot read TypeScript by itself.

import { register } from "tsx/esm/api";

let worker = null;

/** @param {import("./pool.ts").Call} call */
export async function callInWorker(call) {
  if (worker === null) {
    register();
    worker = import("./worker.ts");
  }
  return (await worker).callInWorker(call);
}
