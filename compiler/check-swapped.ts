// Arguments that stand in each other's place.

import type { Call, Expr, Flow, Param, Task } from "../grammar/ast.ts";
import { literalFits } from "./check-fit.ts";
import { at, type Check, type Scope, tell } from "./check-state.ts";
import { crossedArguments, swappedArguments } from "./errors-calls.ts";
import type { Entry } from "./resolve.ts";
import { fits } from "./type-ops.ts";

type Pair = readonly [first: Param, second: Param];

/**
 * Looks at a call whose arguments have been fitted, and of which nothing but `wrong` was told since `before`: two that
 * fit in each other's place are one mistake.
 */
export function tellSwapped(
  check: Check,
  call: Call,
  entry: Entry<Task | Flow>,
  given: ReadonlyMap<string, Expr>,
  scope: Scope,
  wrong: { readonly params: readonly Param[]; readonly before: number },
): void {
  const { diagnostics } = check.pass;
  const told = diagnostics.slice(wrong.before);
  const [first, second] = wrong.params;
  if (first === undefined || second === undefined || wrong.params.length > 2) {
    if (wrong.params.length === 0) tellCrossed(check, call, entry, given, scope);
    return;
  }
  if (told.length !== 2 || told.some(({ code }) => code !== "type-mismatch")) return;
  const a = given.get(first.name.text);
  const b = given.get(second.name.text);
  if (a === undefined || b === undefined) return;
  if (!takes(check, entry, second, a) || !takes(check, entry, first, b)) return;
  diagnostics.length = wrong.before;
  const place = { ...at(scope, call), span: around(a, b) };
  tell(check, swappedArguments(place, [first.name.text, second.name.text], texts(scope, a, b), spans(a, b)));
}

function takes(check: Check, entry: Entry<Task | Flow>, param: Param, value: Expr): boolean {
  const type = check.resolve(param.type, entry.home, entry.declaration);
  const own = check.pass.typeOf.get(value);
  return own !== undefined && (fits(own, type, check.types) || literalFits(check, value, type));
}

/** `copy(from: to, to: from)`: both fit, but each has the other's name. */
function tellCrossed(
  check: Check,
  call: Call,
  entry: Entry<Task | Flow>,
  given: ReadonlyMap<string, Expr>,
  scope: Scope,
): void {
  const pair = crossed(entry.declaration.params, given);
  if (pair === null) return;
  const [first, second] = pair;
  const a = given.get(first.name.text);
  const b = given.get(second.name.text);
  if (a === undefined || b === undefined) return;
  const place = { ...at(scope, call), span: around(a, b) };
  tell(check, crossedArguments(place, [first.name.text, second.name.text], texts(scope, a, b), spans(a, b)));
}

function crossed(params: readonly Param[], given: ReadonlyMap<string, Expr>): Pair | null {
  if (given.size < 2) return null;
  for (const first of params) {
    const value = given.get(first.name.text);
    if (value?.kind !== "name" || value.name === first.name.text) continue;
    const back = given.get(value.name);
    if (back?.kind !== "name" || back.name !== first.name.text) continue;
    const second = params.find((param) => param.name.text === value.name);
    if (second !== undefined) return [first, second];
  }
  return null;
}

function around(a: Expr, b: Expr): Expr["span"] {
  return { start: Math.min(a.span.start, b.span.start), end: Math.max(a.span.end, b.span.end) };
}

function texts(scope: Scope, a: Expr, b: Expr): readonly [string, string] {
  const { text } = scope.home.module.file.source;
  return [text.slice(a.span.start, a.span.end), text.slice(b.span.start, b.span.end)];
}

function spans(a: Expr, b: Expr): readonly [Expr["span"], Expr["span"]] {
  return [a.span, b.span];
}
