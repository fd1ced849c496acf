// Lowers declared runners: those that tasks use, with each kind's settings as plain values and secrets by their names.

import type { Expr as AstExpr, Entry, Place, Setting } from "../grammar/ast.ts";
import type { Draft, Scope } from "./lower-draft.ts";
import { lowerExpr, secretName } from "./lower-expression.ts";
import { constantOf } from "./lower-fit.ts";
import type { RunnerPlan, RunnerSetting } from "./plan.ts";
import { rateIn } from "./rate.ts";
import { runnerSettings } from "./settings-places.ts";
import type { Value } from "./types.ts";

/** The name in the plan of what `runner: x` names; `local` is this machine and no declaration. */
export function runnerName(value: AstExpr, { draft, module }: Scope): string {
  const ref = value.kind === "name" ? draft.program.refs.get(value) : undefined;
  if (ref?.kind !== "place") return "local";
  const known = draft.runners.get(ref.place);
  if (known !== undefined) return known.name;
  const taken = new Set([...draft.runners.values()].map((each) => each.name));
  const written = ref.place.name.text;
  let name = written;
  for (let i = 2; taken.has(name); i++) name = `${written}~${i}`;
  draft.runners.set(ref.place, { name, module: ref.module ?? module });
  return name;
}

/** Those that were named by {@link runnerName}, sorted by name. */
export function lowerRunners(draft: Draft): readonly RunnerPlan[] {
  return [...draft.runners]
    .map(([place, { name, module }]) =>
      lowerRunner(place, name, { draft, module, frame: null, locals: new Map(), bound: 0, hoist: null }),
    )
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

function lowerRunner(place: Place, name: string, scope: Scope): RunnerPlan {
  const own = new Map(place.settings.map(({ key, value }) => [key.text, value]));
  const constant = (key: string): Value | undefined => {
    const value = own.get(key);
    return value === undefined ? undefined : constantOf(lowerExpr(value, scope));
  };
  const reuse = constant("reuse");
  const spawn = own.get("spawn");
  return {
    name,
    kinds: place.settings.flatMap((setting) =>
      Object.hasOwn(runnerSettings, setting.key.text)
        ? []
        : [{ kind: setting.key.text, settings: kindSettings(setting, scope) }],
    ),
    instances: instancesOf(constant("instances")),
    spawn: spawn === undefined ? null : rateIn(spawn, (part) => constantOf(lowerExpr(part, scope))),
    reuse: typeof reuse === "number" ? reuse : 1,
  };
}

function kindSettings({ value }: Setting, scope: Scope): Readonly<Record<string, RunnerSetting>> {
  const lowered = settingOf(value, scope);
  return isRecord(lowered) ? lowered : {};
}

/** A value as it stands, with `{ secret: NAME }` in place of each secret. */
function settingOf(value: AstExpr, scope: Scope): RunnerSetting {
  if (value.kind === "paren") return settingOf(value.of, scope);
  if (value.kind === "record-of")
    return Object.fromEntries(
      value.entries.map((entry: Entry) => [entry.key.text, settingOf(entry.value, scope)]),
    );
  const secret = secretName(value, scope);
  if (secret === null) return constantOf(lowerExpr(value, scope)) ?? null;
  return { secret };
}

function isRecord(value: Value | undefined): value is { readonly [key: string]: Value } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function instancesOf(value: Value | undefined): RunnerPlan["instances"] {
  if (typeof value === "number") return { min: 0, max: value };
  if (!isRecord(value)) return null;
  const { min, max } = value;
  return typeof max === "number" ? { min: typeof min === "number" ? min : 0, max } : null;
}
