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

/** The secrets that a run with `--on` needs: those of its tasks and agents, and of the places that it takes; not of others. */
export function secretsNeeded(
  plan: Pick<Plan, "runners" | "agents" | "secrets">,
  on: string | null,
): readonly string[] {
  const found = new Set(plan.secrets);
  for (const { name } of plan.runners) {
    const place = placeOf(plan, name, on);
    if (!("problem" in place)) for (const value of Object.values(place.settings)) addSecrets(value, found);
  }
  for (const { kinds } of plan.agents ?? [])
    for (const value of Object.values(kinds[0]?.settings ?? {})) addSecrets(value, found);
  return [...found].sort();
}

/** Names of the secrets in settings of a kind. */
export function secretNamesIn(settings: Readonly<Record<string, RunnerSetting>>): readonly string[] {
  const found = new Set<string>();
  for (const value of Object.values(settings)) addSecrets(value, found);
  return [...found];
}

function addSecrets(value: RunnerSetting, found: Set<string>): void {
  if (Array.isArray(value)) for (const item of value) addSecrets(item, found);
  else if (typeof value === "object" && value !== null) {
    const name = secretIn(value);
    if (name !== null) found.add(name);
    else for (const item of Object.values(value)) addSecrets(item, found);
  }
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
  const name = secretIn(value);
  if (name !== null) return secrets.get(name) ?? "";
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, filledIn(item, secrets)]));
}

/** The name in `{ secret: NAME }`; null if it is another record. */
function secretIn(value: object): string | null {
  const [only, ...rest] = Object.entries(value);
  return only?.[0] === "secret" && rest.length === 0 && typeof only[1] === "string" ? only[1] : null;
}
