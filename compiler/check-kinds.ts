// The kinds that a declared runner or agent names: are they there, and are their settings right by each kind's own schema?

import type { Expr, Setting } from "../grammar/ast.ts";
import { foldIn } from "./check-known.ts";
import { isCallOf } from "./check-place-names.ts";
import { at, type Check, type Scope, tell } from "./check-state.ts";
import { badSetting } from "./errors-calls.ts";
import { brokenKind, unknownPlaceKind } from "./errors-places.ts";
import type { Host } from "./host.ts";
import { exampleOfKind, settingsOfSchema, takesOthers } from "./kind-settings.ts";
import type { AgentFacts, Kinds } from "./kinds.ts";
import type { SettingRow, SettingTable } from "./setting-rows.ts";
import { agentSettings, runnerSettings } from "./settings-places.ts";
import type { Value } from "./types.ts";

/** What has kinds. */
export type KindOwner = "runner" | "agent";

/** Settings of the runner or agent itself, whatever its kind. */
export function ownSettings(of: KindOwner): SettingTable {
  return of === "runner" ? runnerSettings : agentSettings;
}

export function kindsIn(host: Host, of: KindOwner): Kinds<AgentFacts> {
  return of === "runner" ? host.kinds : host.agents;
}

export function isKindKey(of: KindOwner, key: string): boolean {
  return !Object.hasOwn(ownSettings(of), key);
}

/** Its own settings with those of the kinds that it names. Kinds that nobody else mentions are not looked for. */
export function kindTable(check: Check, of: KindOwner, settings: readonly Setting[]): SettingTable {
  const rows = settings.flatMap(({ key }): readonly [string, SettingRow][] => {
    const schema = isKindKey(of, key.text) ? schemaOfKind(check.host, of, key.text) : null;
    if (schema === null) return [];
    const kind = { kind: "record" as const, fields: settingsOfSchema(schema), others: takesOthers(schema) };
    return [[key.text, { kind, example: exampleOfKind(key.text, schema) }]];
  });
  return { ...Object.fromEntries(rows), ...ownSettings(of) };
}

/** Null: there is no such kind that can be used. */
export function schemaOfKind(host: Host, of: KindOwner, kind: string): AgentFacts["settingsSchema"] | null {
  const found = kindsIn(host, of).find(kind);
  return found === null || "problem" in found ? null : found.settingsSchema;
}

/** A kind that takes a setting, of those that `given` names or else of all, and the setting as it is written there. */
export function kindWith(
  check: Check,
  of: KindOwner,
  name: string,
  given: ReadonlySet<string>,
): { readonly kind: string; readonly example: string } | null {
  const all = kindsIn(check.host, of).names();
  for (const kind of [...all.filter((each) => given.has(each)), ...all]) {
    const schema = schemaOfKind(check.host, of, kind);
    const rows = schema === null ? {} : settingsOfSchema(schema);
    const row = Object.hasOwn(rows, name) ? rows[name] : undefined;
    if (row !== undefined) return { kind, example: row.example };
  }
  return null;
}

/** A word of a runner or agent that is none of its settings: a kind that is not there, if it looks like one. */
export function tellNoKind(check: Check, of: KindOwner, setting: Setting, scope: Scope): boolean {
  const kind = setting.key.text;
  const place = at(scope, setting.key);
  const kinds = kindsIn(check.host, of);
  const found = kinds.find(kind);
  if (found !== null && "problem" in found) {
    tell(check, brokenKind(place, of, found.problem));
    return true;
  }
  if (setting.value.kind !== "record-of") return false;
  const names = kinds.names();
  const near = check.nearest(kind, [...Object.keys(ownSettings(of)), ...names]);
  if (near !== null && !names.includes(near)) return false;
  tell(check, unknownPlaceKind(place, of, kind, near, names));
  return true;
}

/** Does the kind's own schema take what stands under its name? */
export function checkBySchema(check: Check, of: KindOwner, setting: Setting, scope: Scope): void {
  const schema = schemaOfKind(check.host, of, setting.key.text);
  const value = knownSettings(check, setting.value, scope);
  if (schema === null || value === undefined) return;
  const problem = check.host.kinds.problemOf(schema, value);
  if (problem === null) return;
  const path = problem.path.match(/[^.[\]"]+/g) ?? [];
  const found = follow(setting.value, path);
  if (isSecret(found)) return;
  const where = path.length === 0 ? setting.key.text : path.join(".");
  tell(check, badSetting(at(scope, found), `\`${where}\`: ${problem.reason}`, null));
}

function isSecret(expr: Expr): boolean {
  return expr.kind === "paren" ? isSecret(expr.of) : isCallOf(expr, "secret");
}

/** The value, with some text in place of each secret; undefined if the text does not tell it. */
export function knownSettings(check: Check, expr: Expr, scope: Scope): Value | undefined {
  if (expr.kind === "paren") return knownSettings(check, expr.of, scope);
  if (isSecret(expr)) return "secret";
  if (expr.kind !== "record-of") return foldIn(check, expr, scope);
  const entries = expr.entries.map(
    ({ key, value }) => [key.text, knownSettings(check, value, scope)] as const,
  );
  if (entries.some(([, value]) => value === undefined)) return undefined;
  return Object.fromEntries(entries.map(([key, value]) => [key, value ?? null]));
}

/** The deepest expression on a path that is written out. */
function follow(expr: Expr, path: readonly string[]): Expr {
  if (expr.kind === "paren") return follow(expr.of, path);
  const [first, ...rest] = path;
  if (first === undefined) return expr;
  const inner =
    expr.kind === "record-of"
      ? expr.entries.find(({ key }) => key.text === first)?.value
      : expr.kind === "list-of"
        ? expr.items[Number(first)]
        : undefined;
  return inner === undefined ? expr : follow(inner, rest);
}
