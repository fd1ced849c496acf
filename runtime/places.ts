// Where a task's work is done: the kind that makes a runner's instances in this run, and what bounds them.

import type { Plan, RunnerPlan, RunnerSetting } from "../compiler/plan.ts";
import type { Value } from "../compiler/types.ts";

export interface PlaceChoice {
  readonly kind: string;
  /** Secrets still stand there by their names: see {@link withSecrets}. */
  readonly settings: Readonly<Record<string, RunnerSetting>>;
  readonly instances: RunnerPlan["instances"];
  readonly spawn: RunnerPlan["spawn"];
  readonly reuse: number;
}

const thisMachine: PlaceChoice = { kind: "local", settings: {}, instances: null, spawn: null, reuse: 1 };

/**
 * The place that a task's `settings.runner` means in a run with `--on`; null: each runner's first kind. What names no
 * declared runner stays on this machine, whatever was asked. `problem` is a sentence.
 */
export function placeOf(
  plan: Pick<Plan, "runners">,
  name: string,
  on: string | null,
): PlaceChoice | { readonly problem: string } {
  if (name === "local") return thisMachine;
  const runner = plan.runners.find((each) => each.name === name);
  if (runner === undefined) return { problem: `The plan has no runner \`${name}\`.` };
  const found = on === null ? runner.kinds[0] : runner.kinds.find(({ kind }) => kind === on);
  if (found === undefined)
    return { problem: `The runner \`${name}\` cannot run on ${on}; it has ${kindsOf(runner).join(", ")}.` };
  const { instances, spawn, reuse } = runner;
  return { kind: found.kind, settings: found.settings, instances, spawn, reuse };
}

export function kindsOf(runner: RunnerPlan): readonly string[] {
  return runner.kinds.map(({ kind }) => kind);
}

/** Settings with the values of their secrets; one that is not set is the empty text. */
export function withSecrets(
  settings: Readonly<Record<string, RunnerSetting>>,
  secrets: ReadonlyMap<string, string>,
): Readonly<Record<string, Value>> {
  return Object.fromEntries(Object.entries(settings).map(([key, value]) => [key, filledIn(value, secrets)]));
}

function filledIn(value: RunnerSetting, secrets: ReadonlyMap<string, string>): Value {
  if (Array.isArray(value)) return value.map((item) => filledIn(item, secrets));
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value);
  const [only] = entries;
  if (entries.length === 1 && only?.[0] === "secret" && typeof only[1] === "string")
    return secrets.get(only[1]) ?? "";
  return Object.fromEntries(entries.map(([key, item]) => [key, filledIn(item, secrets)]));
}
