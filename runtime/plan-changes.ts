// What differs between two plans, by the names that a person knows: tasks, flows, types, runners, agents, limits.

import type { Plan } from "../compiler/plan.ts";

/** Names of tasks, flows, types, runners, agents and limits that are not the same in both, as `task build`, `flow main`; sorted by kind. */
export function planChanges(before: Plan, after: Plan): readonly string[] {
  const changed: string[] = [];
  if (before.flow !== after.flow) changed.push(`the flow to run (${before.flow}, now ${after.flow})`);
  compare(
    changed,
    "task",
    before.tasks,
    after.tasks,
    (plan, name) => plan.tasks[name]?.text ?? null,
    before,
    after,
  );
  compare(changed, "flow", before.flows, after.flows, flowText, before, after);
  compare(
    changed,
    "type",
    before.types,
    after.types,
    (plan, name) => plan.types[name] ?? null,
    before,
    after,
  );
  const named = (kind: string, of: (plan: Plan) => readonly { readonly name: string }[]): void =>
    compare(
      changed,
      kind,
      byName(of(before)),
      byName(of(after)),
      (plan, name) => byName(of(plan))[name] ?? null,
      before,
      after,
    );
  named("runner", ({ runners }) => runners);
  named("agent", ({ agents = [] }) => agents);
  named("limit", ({ limits = [] }) => limits);
  return changed;
}

function byName<T extends { readonly name: string }>(places: readonly T[]): Readonly<Record<string, T>> {
  return Object.fromEntries(places.map((place) => [place.name, place]));
}

function compare(
  changed: string[],
  kind: string,
  first: object,
  second: object,
  textOf: (plan: Plan, name: string) => unknown,
  before: Plan,
  after: Plan,
): void {
  for (const name of [...new Set([...Object.keys(first), ...Object.keys(second)])].sort())
    if (JSON.stringify(textOf(before, name)) !== JSON.stringify(textOf(after, name)))
      changed.push(`${kind} ${name}`);
}

/** A flow with its steps in place of their numbers, which change with every line above. */
function flowText(plan: Plan, name: string): unknown {
  const flow = Object.hasOwn(plan.flows, name) ? plan.flows[name] : undefined;
  if (flow === undefined) return null;
  return JSON.parse(
    JSON.stringify(flow, (key, value: unknown) => {
      if (key === "id") return null;
      if (key !== "steps" || !Array.isArray(value)) return value;
      return value.map((step: unknown) => (typeof step === "number" ? (plan.steps[step] ?? step) : step));
    }),
  );
}
