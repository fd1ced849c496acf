// Types that depend on themselves: a body is tried with a guess of what it gives, until that is what it gives.

import { type Check, newPass } from "./check-state.ts";
import { errorType, fits, hasError, join, neverType } from "./type-ops.ts";
import type { Type } from "./types.ts";

/** Tries the body with a guess until what it gives is what was guessed; trials leave no trace. */
export function settle(check: Check, giving: (guess: Type) => Type): Type {
  const { pass } = check;
  let guess: Type = neverType;
  check.trial = true;
  for (let round = 0; round < 3; round++) {
    check.pass = { ...newPass(), typeOf: new Map(), refs: pass.refs };
    const next = giving(guess);
    if (hasError(next)) {
      guess = round === 0 ? errorType : guess;
      break;
    }
    const stable = guess.kind !== "never" && fits(next, guess, check.types);
    if (!stable) guess = join(guess, next, check.types) ?? next;
    if (stable) break;
  }
  check.pass = pass;
  check.trial = false;
  return guess;
}
