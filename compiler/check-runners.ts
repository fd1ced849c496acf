// Declared runners: which kinds of places they name, whether those are there, and their settings by each kind's own schema.

import type { Place, Setting } from "../grammar/ast.ts";
import type { Diagnostic } from "../grammar/diagnostic.ts";
import { checkBySchema, isKindKey, knownSettings } from "./check-kinds.ts";
import { foldIn } from "./check-known.ts";
import { at, type Check, type Scope, tell } from "./check-state.ts";
import { beyondQuota, noBackEnd, withoutBackEnd } from "./errors-places.ts";
import type { Host } from "./host.ts";
import { exampleOfKind, settingsOfSchema } from "./kind-settings.ts";
import type { KindFacts } from "./kinds.ts";
import type { Program } from "./program.ts";
import { rateIn } from "./rate.ts";
import { isRecord } from "./setting-rows.ts";
import type { Value } from "./types.ts";

function factsOf(host: Host, kind: string): KindFacts | null {
  const found = host.kinds.find(kind);
  return found === null || "problem" in found ? null : found;
}

/** What is right by itself: does each kind's schema take it, and does the account give as much? */
export function checkRunner(check: Check, place: Place, on: string | null, scope: Scope): void {
  const kinds = place.settings.filter(({ key }) => isKindKey("runner", key.text));
  const name = at(scope, place.name);
  const [first] = kinds;
  if (first === undefined) {
    const hint = "Say what makes its instances: `local: {}` is this machine.";
    tell(check, noBackEnd(name, `\`${place.name.text}\` names no kind of place`, hint));
    return;
  }
  const before = check.pass.diagnostics.length;
  for (const setting of kinds) checkBySchema(check, "runner", setting, scope);
  if (check.pass.diagnostics.length > before) return;
  const taken = on === null ? first : kinds.find(({ key }) => key.text === on);
  if (taken !== undefined) tellBeyondQuota(check, place, taken, scope);
}

// What the account gives

function tellBeyondQuota(check: Check, place: Place, taken: Setting, scope: Scope): void {
  const kind = taken.key.text;
  const facts = factsOf(check.host, kind);
  const settings = knownSettings(check, taken.value, scope);
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
    const kinds = place.settings.map(({ key }) => key.text).filter((key) => isKindKey("runner", key));
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
