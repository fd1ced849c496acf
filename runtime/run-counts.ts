// How many nodes of a run are in each state, from the tally that every change of a state keeps.

import type { Cells } from "./run-cells.ts";
import type { Counts } from "./run-view.ts";

export function countsOf(run: Cells): Counts {
  const [
    waiting = 0,
    ready = 0,
    running = 0,
    unknown = 0,
    succeeded = 0,
    failed = 0,
    skipped = 0,
    branch = 0,
    cancelled = 0,
  ] = run.tally;
  // One that waits for its repeat is ready inside, since only time is missing.
  const repeats = run.again.size;
  return {
    total: run.tally.reduce((sum, count) => sum + count, 0),
    waiting: waiting + repeats,
    ready: ready - repeats,
    running,
    unknown,
    succeeded,
    failed,
    skipped: skipped + branch,
    cancelled,
    answered: run.answeredCount,
    reused: run.reuses.size,
  };
}
