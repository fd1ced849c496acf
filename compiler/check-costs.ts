// Budgets in money over agents that never tell what they cost: what they spend is not known, and nothing would stop it.

import type { Entry, Place, Setting } from "../grammar/ast.ts";
import { isKindKey, kindsIn } from "./check-kinds.ts";
import { at, type Check, type Scope, tell } from "./check-state.ts";
import { untoldCost } from "./errors-places.ts";

/** `asked`: who may be asked where the budget holds; `of`: its owner. */
export function tellUntoldCost(
  check: Check,
  budget: Setting | Entry,
  asked: Iterable<Place | null>,
  of: "agent" | "other",
  scope: Scope,
): void {
  if (boundsTokens(check, budget)) return;
  for (const place of asked) {
    const kind = place === null ? null : silentKind(check, place);
    if (place === null || kind === null) continue;
    tell(check, untoldCost(at(scope, budget), place.name.text, kind, of));
    return;
  }
}

/** The kind that is asked, if it tells no cost. */
function silentKind(check: Check, { settings }: Place): string | null {
  const kind = settings.find(({ key }) => isKindKey("agent", key.text))?.key.text ?? "";
  const found = kindsIn(check.host, "agent").find(kind);
  return found !== null && !("problem" in found) && found.tellsCost === false ? kind : null;
}

function boundsTokens(check: Check, { value }: Setting | Entry): boolean {
  if (value.kind === "record-of") return value.entries.some(({ key }) => key.text === "tokens");
  const type = check.pass.typeOf.get(value);
  return type?.kind === "record" && type.fields.some(({ name }) => name === "tokens");
}
