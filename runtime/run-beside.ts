// Nodes that claim the same files or the same branch never run at the same time, also where that was not known before they could start.

import { overlapOfLists } from "../compiler/glob-overlap.ts";
import { claimOf } from "./node-claims.ts";
import type { Cells } from "./run-cells.ts";
import type { Claim } from "./task-claims.ts";

/** Claims of nodes that could start, found once each. */
const known = new WeakMap<
  Cells,
  { readonly generation: number; readonly claims: Map<number, Claim | null> }
>();

/** A running node that claims files which this one, that could start, claims too; -1 if there is none. */
export function claimedBy(run: Cells, n: number): number {
  if (!run.claiming || run.runningCells.size === 0) return -1;
  const own = claimAt(run, n);
  if (own === null) return -1;
  for (const other of run.runningCells) {
    const claim = other === n ? null : claimAt(run, other);
    if (claim === null) continue;
    // What is not known to be apart is kept apart.
    const apart =
      overlapOfLists(own.writes, claim.writes) === "none" &&
      overlapOfLists(own.outputs, claim.outputs) === "none" &&
      !own.branches.some((branch) => claim.branches.includes(branch));
    if (!apart) return other;
  }
  return -1;
}

function claimAt(run: Cells, n: number): Claim | null {
  let memory = known.get(run);
  if (memory === undefined || memory.generation !== run.generation) {
    memory = { generation: run.generation, claims: new Map() };
    known.set(run, memory);
  }
  let claim = memory.claims.get(n);
  if (claim === undefined) {
    // Not what was known when it was made: a node that was put back may have got other values.
    claim = claimOf(run, n);
    memory.claims.set(n, claim);
  }
  return claim;
}
