// Expressions that fail whenever they are evaluated: the text alone tells it.

import type { Binary, Call, Index } from "../grammar/ast.ts";
import { foldIn } from "./check-known.ts";
import { at, type Check, type Scope, tell } from "./check-state.ts";
import { alwaysFails } from "./errors-types.ts";

export function checkDivision(check: Check, expr: Binary, scope: Scope): void {
  if (expr.op === "/" && foldIn(check, expr.right, scope) === 0)
    tell(check, alwaysFails(at(scope, expr.right), "nothing can be divided by 0", null));
}

/** An index of a list. */
export function checkIndex(check: Check, expr: Index, scope: Scope): void {
  const index = foldIn(check, expr.at, scope);
  if (typeof index !== "number") return;
  if (index < 0) {
    const hint = "An index counts from 0; `last(list)` is the last item.";
    tell(check, alwaysFails(at(scope, expr.at), "no list has an item before its first", hint));
    return;
  }
  const list = foldIn(check, expr.of, scope);
  if (!Array.isArray(list) || index < list.length) return;
  const has = list.length === 0 ? "no item" : list.length === 1 ? "1 item" : `${list.length} items`;
  const hint = list.length === 0 ? null : `An index counts from 0; the last is ${list.length - 1}.`;
  tell(check, alwaysFails(at(scope, expr.at), `this list has ${has}`, hint));
}

const needsItems: ReadonlySet<string> = new Set(["first", "last", "min", "max"]);

/** A built-in whose arguments fit by type. */
export function checkBuiltinValue(check: Check, call: Call, name: string, scope: Scope): void {
  const [arg] = call.args;
  if (arg === undefined || call.args.length !== 1) return;
  const value = needsItems.has(name) || readers.has(name) ? foldIn(check, arg.value, scope) : undefined;
  const place = at(scope, arg.value);
  if (needsItems.has(name) && Array.isArray(value) && value.length === 0)
    tell(check, alwaysFails(place, `an empty list has no \`${name}\``, null));
  const reads = readers.get(name);
  if (reads === undefined || typeof value !== "string" || reads.test(value)) return;
  tell(check, alwaysFails(place, `this text is ${reads.what}`, null));
}

interface Reader {
  readonly what: string;
  readonly test: (text: string) => boolean;
}

const readers: ReadonlyMap<string, Reader> = new Map([
  ["int", { what: "no whole number", test: (text) => /^[+-]?\d+(?:_\d+)*$/.test(text.trim()) }],
  [
    "float",
    {
      what: "no number",
      test: (text) => text.trim() !== "" && !Number.isNaN(Number(text.replaceAll("_", ""))),
    },
  ],
  ["parse_json", { what: "no JSON", test: isJson }],
]);

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
