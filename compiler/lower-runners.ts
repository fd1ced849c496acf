// Lowers declared runners and agents: those that tasks use, with each kind's settings as plain values and secrets by their names.

import type { Expr as AstExpr, Entry, Place, Setting } from "../grammar/ast.ts";
import type { Draft, Scope } from "./lower-draft.ts";
import { lowerEnv } from "./lower-env.ts";
import { lowerExpr, secretName } from "./lower-expression.ts";
import { constantOf } from "./lower-fit.ts";
import { proxyLimit } from "./lower-limits.ts";
import type { AgentPlan, RunnerPlan, RunnerSetting } from "./plan.ts";
import type { Module } from "./program.ts";
import { rateIn } from "./rate.ts";
import type { SettingTable } from "./setting-rows.ts";
import { agentSettings, runnerSettings } from "./settings-places.ts";
import type { Value } from "./types.ts";

/** The name in the plan of what `runner: x` names; `local` is this machine and no declaration. */
export function runnerName(value: AstExpr, scope: Scope): string {
  return placeName(value, scope, scope.draft.runners) ?? "local";
}

/** The name in the plan of what `agent: x` names. */
export function agentName(value: AstExpr, scope: Scope): string {
  return placeName(value, scope, scope.draft.agents) ?? "";
}

function placeName(value: AstExpr, { draft, module }: Scope, places: Draft["runners"]): string | null {
  const ref = value.kind === "name" ? draft.program.refs.get(value) : undefined;
  if (ref?.kind !== "place") return null;
  const known = places.get(ref.place);
  if (known !== undefined) return known.name;
  const taken = new Set([...places.values()].map((each) => each.name));
  const written = ref.place.name.text;
  let name = written;
  for (let i = 2; taken.has(name); i++) name = `${written}~${i}`;
  places.set(ref.place, { name, module: ref.module ?? module });
  return name;
}

/** Those that were named by {@link runnerName}, sorted by name. */
export function lowerRunners(draft: Draft): readonly RunnerPlan[] {
  return [...draft.runners]
    .map(([place, { name, module }]) => lowerRunner(place, name, outside(draft, module)))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Those that were named by {@link agentName}, sorted by name. */
export function lowerAgents(draft: Draft): readonly AgentPlan[] {
  return [...draft.agents]
    .map(([place, { name, module }]) => lowerAgent(place, name, outside(draft, module)))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

function outside(draft: Draft, module: Module): Scope {
  return { draft, module, frame: null, locals: new Map(), bound: 0, hoist: null };
}

function lowerAgent(place: Place, name: string, scope: Scope): AgentPlan {
  const own = new Map(place.settings.map(({ key, value }) => [key.text, value]));
  const env = own.get("env");
  const proxy = own.get("proxy");
  const limit = proxy === undefined ? null : proxyLimit(proxy, place, scope);
  const given = own.get("budget");
  const budget = given === undefined ? null : constantOf(lowerExpr(given, scope));
  return {
    name,
    kinds: kindsOf(place, agentSettings, scope),
    env: env === undefined ? [] : lowerEnv(env, scope),
    budget: typeof budget === "number" ? budget : null,
    ...(limit === null ? {} : { proxy: limit }),
  };
}

function kindsOf(place: Place, own: SettingTable, scope: Scope): RunnerPlan["kinds"] {
  return place.settings.flatMap((setting) =>
    Object.hasOwn(own, setting.key.text)
      ? []
      : [{ kind: setting.key.text, settings: kindSettings(setting, scope) }],
  );
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
    kinds: kindsOf(place, runnerSettings, scope),
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
