// Declared limits, runners and agents: do they bound, make or ask anything?

import type { Place } from "../grammar/ast.ts";
import { checkBySchema, isKindKey, kindsIn, schemaOfKind } from "./check-kinds.ts";
import { article } from "./check-place-names.ts";
import { checkProxied } from "./check-proxy.ts";
import { checkRunner } from "./check-runners.ts";
import { at, type Check, rootScope, type Scope, tell } from "./check-state.ts";
import { type At, listed } from "./errors.ts";
import { missingSetting } from "./errors-calls.ts";
import { duplicateName } from "./errors-names.ts";
import { noBackEnd } from "./errors-places.ts";
import { exampleOfKind } from "./kind-settings.ts";
import type { Home } from "./resolve.ts";
import { amounts } from "./settings-places.ts";

export function checkPlace(check: Check, place: Place, home: Home): void {
  const where = { noNodes: "a setting", noDisk: `the settings of ${article(place.place)}`, returnOf: null };
  const scope = rootScope(home, place, where);
  const before = check.pass.diagnostics.length;
  check.settings(place.settings, place.place, scope);
  if (check.pass.diagnostics.length > before) return;
  const name = at(scope, place.name);
  if (place.place === "runner" && place.name.text === "local") {
    const hint = "`runner: local` is this machine, and needs no declaration: choose another name.";
    tell(check, duplicateName(name, "local", "the built-in runner", null, hint));
    // Whoever names it means the built-in one.
    check.used.add(place);
  }
  if (place.place === "limit") tellEmptyLimit(check, place, name);
  else if (place.place === "agent") checkAgent(check, place, scope);
  else checkRunner(check, place, check.on, scope);
}

function has(place: Place, names: readonly string[]): boolean {
  return place.settings.some(({ key }) => names.includes(key.text));
}

function tellEmptyLimit(check: Check, place: Place, name: At): void {
  if (has(place, amounts)) return;
  tell(
    check,
    missingSetting(name, `the limit \`${place.name.text}\``, "requests", "requests: 100 per 1m", [
      "tokens",
      "concurrent",
      "slots",
    ]),
  );
}

/** Which program is it, and does each kind's schema take what stands there? */
function checkAgent(check: Check, place: Place, scope: Scope): void {
  const kinds = place.settings.filter(({ key }) => isKindKey("agent", key.text));
  for (const setting of kinds) checkBySchema(check, "agent", setting, scope);
  if (kinds.length > 0) {
    checkProxied(check, place, scope);
    return;
  }
  const names = kindsIn(check.host, "agent").names();
  const label = `\`${place.name.text}\` does not say which program it is`;
  const schema = schemaOfKind(check.host, "agent", names[0] ?? "") ?? {};
  const hint = `Name one: ${listed(names, "or")}, such as \`${exampleOfKind(names[0] ?? "", schema)}\`.`;
  tell(check, noBackEnd(at(scope, place.name), label, hint));
}
