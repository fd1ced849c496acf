// Values that the checker knows from the text alone, where local names may hide constants.

import type { Expr } from "../grammar/ast.ts";
import { type Check, constantLookup, local, type Scope } from "./check-state.ts";
import { fold } from "./constant.ts";
import type { Home } from "./resolve.ts";
import type { Value } from "./types.ts";

/** Values of names that are known where an expression stands. */
export type Known = Pick<ReadonlyMap<string, Value>, "get">;

export const nothingKnown: Known = new Map();

/** The value as far as the text alone tells it. */
export function foldIn(check: Check, expr: Expr, scope: Scope): Value | undefined {
  return foldWith(check, expr, scope, nothingKnown);
}

/** The same, given the values of some names. */
export function foldWith(check: Check, expr: Expr, scope: Scope, known: Known): Value | undefined {
  const lookup = lookupIn(scope.home);
  const find = (name: string) => {
    const value = known.get(name);
    if (value !== undefined) return { known: value };
    return local(scope, name) === null ? lookup(name) : undefined;
  };
  return fold(expr, find, check.folded);
}

/** The same where no names are but those of the file and the given ones. */
export function foldGiven(check: Check, expr: Expr, home: Home, known: Known): Value | undefined {
  const lookup = lookupIn(home);
  const find = (name: string) => {
    const value = known.get(name);
    return value === undefined ? lookup(name) : { known: value };
  };
  return fold(expr, find, check.folded);
}

function lookupIn(home: Home): ReturnType<typeof constantLookup> {
  return constantLookup(home, (name) => {
    const body = home.types.get(name)?.declaration.body;
    return body?.kind === "union" ? body.members.map((member) => member.text) : null;
  });
}
