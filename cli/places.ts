// Where a run's work is done: from a runner's name in the plan to what makes its instances.

import type { Plan } from "../compiler/plan.ts";
import { placeOf, withSecrets } from "../runtime/places.ts";
import type { Runner, RunnerSettings } from "../runtime/runner.ts";
import { registryOf } from "./kinds.ts";

interface Places {
  readonly on: string | null;
  /** The project's root. */
  readonly project: string;
  readonly secrets: ReadonlyMap<string, string>;
}

/** Finds what makes the instances of a plan's runners, each by its name, with its settings. */
export function runnersOf(plan: Plan, { on, project, secrets }: Places) {
  const registry = registryOf(project);
  return async (name: string): Promise<Runner | { readonly problem: string }> => {
    const place = placeOf(plan, name, on);
    if ("problem" in place) return place;
    const runner = await registry.open(place.kind);
    return "problem" in runner ? runner : withSettings(runner, withSecrets(place.settings, secrets));
  };
}

function withSettings(runner: Runner, settings: RunnerSettings): Runner {
  return {
    kind: runner.kind,
    settingsSchema: runner.settingsSchema,
    computesHere: runner.computesHere,
    quota: () => runner.quota(settings),
    open: (spec) => runner.open({ ...spec, settings }),
    find: (run, except) => runner.find(run, except),
    end: (refs, how) => runner.end(refs, how),
    identity: () => runner.identity(settings),
  };
}
