// What people hold: it does not start until somebody lets it go.

import type { Cells } from "./run-cells.ts";
import { READY, SETTLED } from "./run-codes.ts";
import type { Hold } from "./run-people.ts";
import type { HoldView } from "./run-view.ts";

/** The hold of a person on a cell or, the nearest first, on something around it. */
export function holdOn(run: Cells, n: number): Hold | null {
  const { holds } = run.people;
  if (holds.size === 0) return null;
  for (let at = n; at > 0; ) {
    const hold = holds.get(at);
    if (hold !== undefined) return hold;
    const loop = run.loops.get(run.of.get(at));
    at = loop?.cell ?? run.frameOwners.get(run.frames.get(at));
  }
  return null;
}

/** What people hold now: also what was cancelled, and has a `finally` that waits for them. */
export function holdsOf(run: Cells): readonly HoldView[] {
  const felt = new Set<Hold>();
  if (run.people.holds.size === 0) return [];
  for (let n = 1; n < run.count; n++) {
    const hold = run.states.get(n) === READY ? holdOn(run, n) : null;
    if (hold !== null) felt.add(hold);
  }
  return [...run.people.holds]
    .filter(([n, hold]) => !run.has(n, SETTLED) || felt.has(hold))
    .map(([n, hold]) => ({ n, ...hold }));
}
