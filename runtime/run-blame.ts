// Whom a failure is put down to, and whether it fails the whole run.

import type { Cells } from "./run-cells.ts";
import { FAILED, FALLBACK, SETTLED } from "./run-codes.ts";
import type { Loop } from "./run-records.ts";

/** Has it an `otherwise` that may answer for it? */
export function hasFallback(run: Cells, n: number): boolean {
  if (run.steps.get(n) < 0 || run.kindOf(n) === "item" || run.ends.undoes.has(n)) return false;
  const { step } = run.info(n);
  return "otherwise" in step && step.otherwise !== null;
}

/** A frame's failure is the first of its cells that failed itself, else the first that was skipped. */
export function blame(run: Cells, frame: number, n: number): void {
  const first = run.frameBad.get(frame);
  if (first < 0 || (run.states.get(first) !== FAILED && run.states.get(n) === FAILED))
    run.frameBad.set(frame, n);
}

/** Can it still end well if one item more fails? */
function mayDoWithout({ keys, bad, tolerate, enough }: Loop): boolean {
  if (tolerate !== null) return bad < tolerate;
  return enough !== null && keys.length - bad - 1 >= enough;
}

/** Does this failure fail the whole run, or does something around it tolerate or answer it? */
export function doom(run: Cells, n: number): void {
  if (run.doomed) return;
  let at = n;
  while (at > 0) {
    const loopCell = run.of.get(at);
    if (loopCell >= 0) {
      const loop = run.loops.get(loopCell);
      if (loop !== undefined && mayDoWithout(loop)) return;
      at = loopCell;
    } else {
      const frame = run.frames.get(at);
      const owner = run.frameOwners.get(frame);
      at = owner;
      // Its own failure is what counts, once all its checks were evaluated.
      if (at > 0 && run.kindOf(at) === "gate") return;
      if (run.frameRoles.get(frame) === FALLBACK) continue;
    }
    if (run.has(at, SETTLED)) return;
    if (hasFallback(run, at)) return;
  }
  run.doomed = true;
}
