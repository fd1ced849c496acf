// Values that the checker knows from the text alone, where local names may hide constants.

import type { Expr } from "../grammar/ast.ts";
import { type Check, constantLookup, local, type Scope } from "./check-state.ts";
import { fold } from "./constant.ts";
import type { Value } from "./types.ts";

/** The value as far as the text alone tells it. */
export function foldIn(check: Check, expr: Expr, scope: Scope): Value | undefined {
  return foldWith(check, expr, scope, new Map());
}

/** The same, given the values of some names. */
export function foldWith(
  check: Check,
  expr: Expr,
  scope: Scope,
  known: ReadonlyMap<string, Value>,
): Value | undefined {
  const lookup = constantLookup(scope.home, (name) => {
    const body = scope.home.types.get(name)?.declaration.body;
    return body?.kind === "union" ? body.members.map((member) => member.text) : null;
  });
  const find = (name: string) => {
    const value = known.get(name);
    if (value !== undefined) return { known: value };
    return local(scope, name) === null ? lookup(name) : undefined;
  };
  return fold(expr, find, check.folded);
}
