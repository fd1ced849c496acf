// `repeat`: how often, what `last` is, and whether `until` can be asked.

import type { Repeat } from "../grammar/ast.ts";
import { walk } from "../grammar/walk.ts";
import { checkCondition } from "./check-conditions.ts";
import { foldIn } from "./check-known.ts";
import { needBool } from "./check-operators.ts";
import {
  at,
  type BlockValue,
  type Check,
  innerScope,
  local,
  type Scope,
  tell,
  without,
} from "./check-state.ts";
import { settle } from "./check-trial.ts";
import type { At } from "./errors.ts";
import { misplaced, noPasses } from "./errors-flows.ts";
import { duplicateName } from "./errors-names.ts";
import { constantCondition, typeMismatch } from "./errors-types.ts";
import { errorType, fits, hasError, intType, noneType, optional } from "./type-ops.ts";
import type { Type } from "./types.ts";

/** The type of its value: that of its block, whose `last` has the same or is none. */
export function inferRepeat(check: Check, loop: Repeat, scope: Scope): Type {
  const word = { ...at(scope, loop), span: { start: loop.span.start, end: loop.span.start + 6 } };
  if (scope.where.noNodes === null) check.pass.makesNode.add(loop);
  else {
    const hint = "Each of its passes is a part of the graph: give it a name in the block of a flow.";
    tell(check, misplaced(word, `\`repeat\` cannot stand inside ${scope.where.noNodes}`, hint));
  }
  checkTimes(check, loop, scope);
  const before = local(scope, "last");
  const hidden = before !== null && before.ref?.kind !== "last";
  if (hidden) {
    before.used = true;
    tell(check, duplicateName(word, "last", `the ${before.what}`, at(scope, before), null));
  }
  const guess = check.trial || hidden ? errorType : lastType(check, loop, scope, word);
  const { type } = once(check, loop, scope, word, guess);
  if (check.trial || hasError(type) || fits(type, guess, check.types)) return type;
  const label = "its value holds `last` again, so its type would grow with every pass";
  tell(check, typeMismatch(word, label, null, "Give the block a value of a declared type."));
  return errorType;
}

function checkTimes(check: Check, { times }: Repeat, scope: Scope): void {
  const plain = without(scope, "a number of passes");
  check.infer(times, plain);
  check.fit(times, intType, plain, null);
  const known = foldIn(check, times, scope);
  if (typeof known === "number" && known < 1) tell(check, noPasses(at(scope, times), known));
}

/** First with a `last` that agrees with everything; if that says nothing, with that of the first pass. */
function lastType(check: Check, loop: Repeat, scope: Scope, word: At): Type {
  const from = (first: Type) =>
    settle(check, (guess) => once(check, loop, scope, word, guess.kind === "never" ? first : guess).type);
  const type = from(errorType);
  return hasError(type) ? from(noneType) : type;
}

/** One look at its block, `last` being of a type or none. Somebody gets the block's value: the next pass. */
function once(check: Check, loop: Repeat, scope: Scope, word: At, value: Type): BlockValue {
  const inner = innerScope(scope);
  inner.names.set("last", {
    name: "last",
    span: word.span,
    ref: { kind: "last", loop },
    type: value.kind === "error" ? errorType : optional(value),
    what: "value",
    used: true,
  });
  return check.block(loop.body, inner, true, (inside) => {
    needBool(check, loop.until, check.infer(loop.until, inside), inside, "until");
    checkCondition(check, loop.until, inside, "until");
    checkChanges(check, loop, inside);
  });
}

/** What no pass makes is the same after each of them. */
function checkChanges(check: Check, loop: Repeat, scope: Scope): void {
  const { start, end } = loop.body.span;
  let known = false;
  let changes = false;
  walk(loop.until, (node) => {
    if (node.kind === "call-of" && check.pass.makesNode.has(node)) changes = true;
    if (node.kind !== "name") return;
    const ref = check.pass.refs.get(node);
    if (ref?.kind === "builtin") return;
    known = true;
    const inside = ref?.kind === "binding" && ref.binding.span.start >= start && ref.binding.span.end <= end;
    // A name without a meaning has been told; one of a loop in the condition may well go over what a pass made.
    if (inside || (ref?.kind !== "binding" && ref?.kind !== "param" && ref?.kind !== "constant"))
      changes = true;
  });
  if (!known || changes) return;
  const label = "no pass changes this: it holds after the first, or never";
  const hint = "`until` sees the names made in the block: ask for what a pass has made.";
  tell(check, constantCondition(at(scope, loop.until), label, hint));
}
