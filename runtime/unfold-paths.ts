// Longest remaining paths of new cells, in ms: what is on the longest chain to the end starts first.

import type { Cells } from "./run-cells.ts";
import { EDGE_GUARD } from "./run-codes.ts";
import { Ints } from "./run-columns.ts";

/** Ms of a node whose task never ran, when nothing is known of any. */
const durationDefaultMs = 1000;

/**
 * Fills `paths` of the cells from `first` on. Of each cell two numbers are found: `path`, from its start to the end of
 * the run, and `rest`, from when it has settled; for an `if` the cells of its branches lie between the two.
 */
export function measurePaths(run: Cells, first: number): void {
  const count = run.made - first;
  const durations = durationsOf(run);
  const rest = new Float64Array(count);
  // For each cell 2i: rest, 2i + 1: path. 0: not seen, 1: waits for others, 2: known.
  const state = new Uint8Array(count * 2);
  const stack = new Ints();
  const known = (n: number, path: boolean): boolean => {
    if (n < first || state[(n - first) * 2 + (path ? 1 : 0)] === 2) return true;
    stack.push((n - first) * 2 + (path ? 1 : 0));
    return false;
  };
  for (let n = run.made - 1; n >= first; n--) {
    stack.push((n - first) * 2 + 1);
    while (stack.length > 0) {
      const key = stack.get(stack.length - 1);
      const at = first + (key >> 1);
      const path = (key & 1) === 1;
      const choice = run.kindOf(at) === "if";
      if (state[key] === 0) {
        state[key] = 1;
        if (path) known(at, false);
        else known(ownerOf(run, at), false);
        for (let e = run.heads.get(at); e >= 0; e = run.edgeNext.get(e)) {
          const inside = choice && run.edgeKinds.get(e) === EDGE_GUARD;
          if (inside === path) known(run.edgeTo.get(e), true);
        }
        continue;
      }
      stack.pop();
      if (state[key] === 2) continue;
      state[key] = 2;
      let longest = path ? (rest[at - first] ?? 0) : restOf(run, ownerOf(run, at), first, rest);
      for (let e = run.heads.get(at); e >= 0; e = run.edgeNext.get(e)) {
        const inside = choice && run.edgeKinds.get(e) === EDGE_GUARD;
        if (inside === path) longest = Math.max(longest, run.paths.get(run.edgeTo.get(e)));
      }
      if (path) run.paths.set(at, longest + (durations[run.steps.get(at)] ?? 0));
      else rest[at - first] = longest;
    }
  }
}

function ownerOf(run: Cells, n: number): number {
  const loop = run.of.get(n);
  return loop >= 0 ? loop : run.frameOwners.get(run.frames.get(n));
}

/** Of cells made earlier it is what was found then; those have no duration of their own but for fallbacks' nodes. */
function restOf(run: Cells, n: number, first: number, rest: Float64Array): number {
  return n < first ? run.paths.get(n) : (rest[n - first] ?? 0);
}

/** Ms by step id. */
function durationsOf(run: Cells): Float64Array {
  const all = Object.values(run.durations);
  const mean = all.length === 0 ? durationDefaultMs : all.reduce((sum, ms) => sum + ms, 0) / all.length;
  return Float64Array.from(run.infos, ({ task, pure }) => {
    if (task === null || pure) return 0;
    return (Object.hasOwn(run.durations, task.name) ? run.durations[task.name] : undefined) ?? mean;
  });
}
