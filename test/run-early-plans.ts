// Early fields in plans written by hand.

import type { Draft, Slot } from "./run-plans.ts";

/** An early field of the task that was made last. */
export function early(b: Draft, of: Slot, field: string): Slot {
  const uses = [{ up: 0, i: of.i, kind: "early" }] as const;
  return b.add((id) => ({ kind: "early", id, name: "", uses, of: of.i, field }));
}
