// What other runs have of a run's limits, for whoever looks at it from outside.

import type { Journal } from "./journal.ts";
import { worded } from "./journal-errors.ts";
import { LimitRows } from "./limit-rows.ts";
import { LimitSight } from "./limit-sight.ts";
import type { RunLimits } from "./run-limits.ts";

/** Reads it into the limits of a run that was folded; journals of older versions have none. Throws JournalError. */
export function lookAtLimits(
  journal: Journal,
  run: { readonly id: string; readonly limits: RunLimits },
  now: number,
): void {
  if (!run.limits.any || journal.version < 5) return;
  try {
    const own = journal.keyOf(run.id);
    new LimitSight(run.limits, new LimitRows(journal.database, own, 0), own).refresh(now);
  } catch (error) {
    throw worded(error, journal.path);
  }
}
