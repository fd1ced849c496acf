// Names of limits, runners and agents where a task uses them.

import type { Call, Expr, Name, Place, Setting } from "../grammar/ast.ts";
import { use } from "./check-names.ts";
import { at, type Check, type Scope, tell } from "./check-state.ts";
import { replace } from "./errors.ts";
import { badSetting, misplacedCall } from "./errors-calls.ts";
import { unknownAgent, unknownLimit, unknownRunner } from "./errors-places.ts";
import type { Entry } from "./resolve.ts";

export function isCallOf(expr: Expr, name: string): expr is Call & { readonly callee: Name } {
  return expr.kind === "call-of" && expr.callee.kind === "name" && expr.callee.name === name;
}

export function article(place: Place["place"]): string {
  return place === "agent" ? "an agent" : `a ${place}`;
}

export function placesOf(scope: Scope, kind: Place["place"]): readonly string[] {
  return [...scope.home.places]
    .filter(([, { declaration }]) => declaration.place === kind)
    .map(([name]) => name);
}

/** The declared place that a name means, or null: told. */
export function placeNamed(
  check: Check,
  name: Name,
  kind: Place["place"],
  scope: Scope,
): Entry<Place> | null {
  const entry = scope.home.places.get(name.name);
  if (entry?.declaration.place === kind) {
    use(check, entry, scope);
    check.pass.refs.set(name, { kind: "place", place: entry.declaration, module: entry.home.module });
    return entry;
  }
  if (entry !== undefined) use(check, entry, scope);
  if (scope.home.unresolved.has(name.name)) return null;
  const other =
    entry === undefined
      ? null
      : `\`${name.name}\` is ${article(entry.declaration.place)}, not ${article(kind)}`;
  const known = placesOf(scope, kind);
  const near = check.nearest(name.name, kind === "runner" ? ["local", ...known] : known);
  const found = near === null ? undefined : scope.home.places.get(near);
  if (found !== undefined) use(check, found, scope);
  const place = at(scope, name);
  if (kind === "runner") tell(check, unknownRunner(place, name.name, near, other));
  else if (kind === "agent") tell(check, unknownAgent(place, name.name, near, other, known));
  else tell(check, unknownLimit(place, name.name, near, other, known));
  return null;
}

/** `runner: rust`, `agent: coder`. */
export function checkPlaceName(check: Check, setting: Setting, kind: "runner" | "agent", scope: Scope): void {
  const { value } = setting;
  if (value.kind === "error") return;
  if (value.kind === "name") {
    if (kind === "runner" && value.name === "local") return;
    placeNamed(check, value, kind, scope);
    return;
  }
  const type = check.infer(value, scope);
  const word = type.kind === "union" && type.members.length === 1 ? (type.members[0] ?? "") : "";
  const declared = word === "local" || scope.home.places.get(word)?.declaration.place === kind;
  const example =
    kind === "runner" ? "`runner: local`, or the name of a declared runner" : "the name of a declared agent";
  const fix = declared ? replace(`Write \`${word}\``, value.span, word) : null;
  const entry = scope.home.places.get(word);
  if (entry !== undefined) use(check, entry, scope);
  tell(
    check,
    badSetting(at(scope, value), `${article(kind)} is a name, not a value`, `Write ${example}.`, fix),
  );
}

/** `slot(…)` and `worktree(…)` where they mean nothing. */
export function tellMisplacedPlaceCall(check: Check, call: Call, name: Name, scope: Scope): void {
  for (const { value } of call.args) {
    const place = value.kind === "name" ? scope.home.places.get(value.name) : undefined;
    if (place === undefined) check.infer(value, scope);
    else use(check, place, scope);
  }
  const [label, hint] =
    name.name === "slot"
      ? ["a slot may not stand here", "It is given to the work as a variable: `env: { URL: slot(backend) }`."]
      : [
          "a worktree may not stand here",
          'It is a place to work in: `workspace: worktree(branch: "fix", into: "next")`.',
        ];
  tell(check, misplacedCall(at(scope, name), label, hint));
}
