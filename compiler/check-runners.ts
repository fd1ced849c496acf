// Declared runners: which kinds of places they name, whether those are there, and their settings by each kind's own schema.

import type { Expr, Place, Setting } from "../grammar/ast.ts";
import type { Diagnostic } from "../grammar/diagnostic.ts";
import { foldIn } from "./check-known.ts";
import { isCallOf } from "./check-place-names.ts";
import { at, type Check, type Scope, tell } from "./check-state.ts";
import { badSetting } from "./errors-calls.ts";
import { beyondQuota, brokenKind, noBackEnd, unknownRunnerKind, withoutBackEnd } from "./errors-places.ts";
import type { Host } from "./host.ts";
import { exampleOfKind, settingsOfSchema, takesOthers } from "./kind-settings.ts";
import type { KindFacts } from "./kinds.ts";
import type { Program } from "./program.ts";
import { rateIn } from "./rate.ts";
import type { SettingRow, SettingTable } from "./setting-rows.ts";
import { isRecord } from "./setting-rows.ts";
import { runnerSettings } from "./settings-places.ts";
import type { Value } from "./types.ts";

export function isKindKey(key: string): boolean {
  return !Object.hasOwn(runnerSettings, key);
}

/** A runner's settings with those of the kinds that it names. Kinds that nobody else mentions are not looked for. */
export function runnerTable(check: Check, settings: readonly Setting[]): SettingTable {
  const rows = settings.flatMap(({ key }): readonly [string, SettingRow][] => {
    const facts = isKindKey(key.text) ? factsOf(check.host, key.text) : null;
    if (facts === null) return [];
    const { settingsSchema: schema } = facts;
    const kind = { kind: "record" as const, fields: settingsOfSchema(schema), others: takesOthers(schema) };
    return [[key.text, { kind, example: exampleOfKind(key.text, schema) }]];
  });
  return { ...Object.fromEntries(rows), ...runnerSettings };
}

function factsOf(host: Host, kind: string): KindFacts | null {
  const found = host.kinds.find(kind);
  return found === null || "problem" in found ? null : found;
}

/** A word of a runner that is none of its settings: a kind that is not there, if it looks like one. */
export function tellNoKind(check: Check, setting: Setting, scope: Scope): boolean {
  const kind = setting.key.text;
  const place = at(scope, setting.key);
  const found = check.host.kinds.find(kind);
  if (found !== null && "problem" in found) {
    tell(check, brokenKind(place, found.problem));
    return true;
  }
  if (setting.value.kind !== "record-of") return false;
  const names = check.host.kinds.names();
  const near = check.nearest(kind, [...Object.keys(runnerSettings), ...names]);
  if (near !== null && !names.includes(near)) return false;
  tell(check, unknownRunnerKind(place, kind, near, names));
  return true;
}

/** What is right by itself: does each kind's schema take it, and does the account give as much? */
export function checkRunner(check: Check, place: Place, on: string | null, scope: Scope): void {
  const kinds = place.settings.filter(({ key }) => isKindKey(key.text));
  const name = at(scope, place.name);
  const [first] = kinds;
  if (first === undefined) {
    const hint = "Say what makes its instances: `local: {}` is this machine.";
    tell(check, noBackEnd(name, `\`${place.name.text}\` names no kind of place`, hint));
    return;
  }
  const before = check.pass.diagnostics.length;
  for (const setting of kinds) checkBySchema(check, setting, scope);
  if (check.pass.diagnostics.length > before) return;
  const taken = on === null ? first : kinds.find(({ key }) => key.text === on);
  if (taken !== undefined) tellBeyondQuota(check, place, taken, scope);
}

function checkBySchema(check: Check, setting: Setting, scope: Scope): void {
  const facts = factsOf(check.host, setting.key.text);
  const value = known(check, setting.value, scope);
  if (facts === null || value === undefined) return;
  const problem = check.host.kinds.problemOf(facts.settingsSchema, value);
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
function known(check: Check, expr: Expr, scope: Scope): Value | undefined {
  if (expr.kind === "paren") return known(check, expr.of, scope);
  if (isSecret(expr)) return "secret";
  if (expr.kind !== "record-of") return foldIn(check, expr, scope);
  const entries = expr.entries.map(({ key, value }) => [key.text, known(check, value, scope)] as const);
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

// What the account gives

function tellBeyondQuota(check: Check, place: Place, taken: Setting, scope: Scope): void {
  const kind = taken.key.text;
  const facts = factsOf(check.host, kind);
  const settings = known(check, taken.value, scope);
  if (facts === null || settings === undefined || !isRecord(settings)) return;
  const quota = facts.quota(settings);
  const account = Object.hasOwn(settingsOfSchema(facts.settingsSchema), "account");
  const setting = (key: string) => place.settings.find((each) => each.key.text === key);
  const instances = setting("instances");
  const max = instances === undefined ? null : maxOf(foldIn(check, instances.value, scope));
  if (instances !== undefined && max !== null && quota.instances !== null && max > quota.instances)
    tell(check, beyondQuota(at(scope, instances.value), kind, `${quota.instances} at one time`, account));
  const spawn = setting("spawn");
  const rate = spawn === undefined ? null : rateIn(spawn.value, (each) => foldIn(check, each, scope));
  if (spawn === undefined || rate === null || quota.perSecond === null) return;
  if (rate.amount / rate.perSeconds > quota.perSecond)
    tell(check, beyondQuota(at(scope, spawn.value), kind, `${quota.perSecond} a second`, account));
}

function maxOf(value: Value | undefined): number | null {
  if (typeof value === "number") return value;
  const max = value !== undefined && isRecord(value) ? value["max"] : null;
  return typeof max === "number" ? max : null;
}

// `--on KIND`

/** Runners that tasks name and that do not have a kind, each told at its declaration. `only`: of these names. */
export function runnersWithout(
  program: Program,
  on: string,
  host: Host,
  only: ReadonlySet<string> | null = null,
): readonly Diagnostic[] {
  return runnersNamed(program).flatMap(({ place, module }) => {
    if (place.settings.some(({ key }) => key.text === on)) return [];
    if (only !== null && !only.has(place.name.text)) return [];
    const kinds = place.settings.map(({ key }) => key.text).filter(isKindKey);
    const facts = factsOf(host, on);
    const example = exampleOfKind(on, facts?.settingsSchema ?? {});
    const name = { source: module.file.source, span: place.name.span };
    return [withoutBackEnd(name, place.name.text, kinds, on, example)];
  });
}

/** The declared runners that some task names, each once, in the order of the text. */
export function runnersNamed(program: Program) {
  const found = new Set<Place>();
  for (const ref of program.refs.values())
    if (ref.kind === "place" && ref.place.place === "runner") found.add(ref.place);
  return program.modules.flatMap((module) =>
    module.file.declarations.flatMap((place) =>
      place.kind === "place" && found.has(place) ? [{ place, module }] : [],
    ),
  );
}
