// Where a run's work is done: from a runner's name in the plan to what makes its instances.

import type { Plan } from "../compiler/plan.ts";
import { placeOf } from "../runtime/places.ts";
import type { Runner } from "../runtime/runner.ts";
import { registryOf } from "./kinds.ts";

/** Finds what makes the instances of a plan's runners, each by its name. */
export function runnersOf(plan: Plan, on: string | null, project: string) {
  const registry = registryOf(project);
  return async (name: string): Promise<Runner | { readonly problem: string }> => {
    const place = placeOf(plan, name, on);
    return "problem" in place ? place : registry.open(place.kind);
  };
}
