// How much memory and disk this machine has for a run, where its tasks need some.

import { statfsSync } from "node:fs";
import type { Plan } from "../compiler/plan.ts";
import type { RunOptions } from "../runtime/events.ts";

/** What this machine has of what the tasks need; not looked up for what none of them needs. */
export function roomFor(plan: Plan, memory: number, state: string): Pick<RunOptions, "memory" | "disk"> {
  const settings = [
    ...Object.values(plan.tasks).map((task) => task.settings),
    ...plan.steps.flatMap((step) => ("overrides" in step && step.overrides !== null ? [step.overrides] : [])),
  ];
  const asks = (what: "memory" | "disk") =>
    settings.some(({ needs }) => needs !== undefined && needs[what] > 0);
  return {
    ...(asks("memory") ? { memory } : {}),
    ...(asks("disk") ? { disk: freeBytes(state) } : {}),
  };
}

function freeBytes(folder: string): number {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize;
}
