// How long a node of a plan may take at most: its timeout as often as it is tried, and what lies between.

import { pausesOf } from "../compiler/plan-tasks.ts";
import type { Run } from "./run.ts";
import { layersOf, plainSettings } from "./run-settings.ts";

/** What chance may add to the time between two attempts. */
const jitter = 1.2;

/** Seconds, with all its repeats; null if it may take as long as it likes, or its timeout is not known yet. */
export function worstSeconds(run: Run, n: number): number | null {
  const { task, pure } = run.info(n);
  if (task === null || pure) return 0;
  const own = layersOf(run, n).find(({ overrides }) => overrides.timeout !== undefined)?.overrides.timeout;
  const timeout = own === undefined ? task.settings.timeout : own;
  if (timeout?.k !== "lit" || typeof timeout.v !== "number") return null;
  const { retry } = plainSettings(run, n);
  return timeout.v * (retry.times + 1) + pausesOf(retry) * jitter;
}
