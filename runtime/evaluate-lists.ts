// Built-in functions over lists, maps and numbers.

import type { Type, Value } from "../compiler/types.ts";
import type { Scope } from "./values.ts";
import {
  asBool,
  asList,
  asNumber,
  asRecord,
  asString,
  canonical,
  compareText,
  compareValues,
  counted,
  entry,
  equal,
  finite,
  isList,
  listLengthMax,
  listTooLong,
  ValueError,
} from "./values.ts";

/** One call of a built-in: its arguments in order, their types, and what it may look at. */
export interface BuiltinCall {
  readonly args: readonly Value[];
  readonly types: readonly Type[];
  readonly scope: Scope;
}

export type BuiltinCode = (call: BuiltinCall) => Value;

/** The i-th argument; `none` if it was not given. */
export function arg(call: BuiltinCall, i: number): Value {
  return call.args[i] ?? null;
}

export const listBuiltins: Readonly<Record<string, BuiltinCode>> = {
  len: (call) => length(arg(call, 0)),
  range,
  sum,
  min: (call) => extreme("min", call, -1),
  max: (call) => extreme("max", call, 1),
  any: (call) => asList(arg(call, 0)).some(asBool),
  all: (call) => asList(arg(call, 0)).every(asBool),
  sort: (call) => [...asList(arg(call, 0))].sort(compareValues),
  unique: (call) => [...byKey(asList(arg(call, 0))).values()],
  flatten,
  intersect: (call) => withKeys(call, true),
  difference: (call) => withKeys(call, false),
  keys: (call) => sortedKeys(arg(call, 0)),
  values: (call) => {
    const record = asRecord(arg(call, 0));
    return sortedKeys(record).map((key) => entry(record, key));
  },
  first: (call) => end("first", asList(arg(call, 0)), 0),
  last: (call) => end("last", asList(arg(call, 0)), -1),
  take: (call) => asList(arg(call, 0)).slice(0, countOf("take", call)),
  drop: (call) => asList(arg(call, 0)).slice(countOf("drop", call)),
  contains: (call) => {
    const [of = null, item = null] = call.args;
    return isList(of) ? of.some((each) => equal(each, item)) : asString(of).includes(asString(item));
  },
};

function length(of: Value): number {
  if (isList(of)) return of.length;
  if (typeof of !== "string") return Object.keys(asRecord(of)).length;
  let count = 0;
  for (const _ of of) count++;
  return count;
}

function range(call: BuiltinCall): Value {
  const one = call.args.length === 1;
  const start = one ? 0 : asNumber(arg(call, 0));
  const stop = asNumber(arg(call, one ? 0 : 1));
  const count = Math.max(0, stop - start);
  if (count > listLengthMax) throw listTooLong(count);
  return Array.from({ length: count }, (_, i) => start + i);
}

function sum(call: BuiltinCall): Value {
  const [type] = call.types;
  const int = type?.kind === "list" && type.of.kind === "int";
  let total = 0;
  for (const item of asList(arg(call, 0))) total += asNumber(item);
  return finite(total, int);
}

function extreme(name: string, call: BuiltinCall, sign: number): Value {
  const items = call.args.length === 1 ? asList(arg(call, 0)) : call.args;
  let best = end(name, items, 0);
  for (const item of items) if (compareValues(item, best) * sign > 0) best = item;
  return best;
}

/** Items by what makes them equal; of equal ones the first stays. */
function byKey(items: readonly Value[]): Map<string, Value> {
  const found = new Map<string, Value>();
  for (const item of items) {
    const key = canonical(item);
    if (!found.has(key)) found.set(key, item);
  }
  return found;
}

function withKeys(call: BuiltinCall, wanted: boolean): Value {
  const other = byKey(asList(arg(call, 1)));
  return asList(arg(call, 0)).filter((item) => other.has(canonical(item)) === wanted);
}

function flatten(call: BuiltinCall): Value {
  const lists = asList(arg(call, 0)).map(asList);
  const total = lists.reduce((count, list) => count + list.length, 0);
  if (total > listLengthMax) throw listTooLong(total);
  return lists.flat(1);
}

function sortedKeys(of: Value): string[] {
  return Object.keys(asRecord(of)).sort(compareText);
}

function end(name: string, items: readonly Value[], at: number): Value {
  const item = items.at(at);
  if (item === undefined) throw new ValueError(`\`${name}\` of an empty list`);
  return item;
}

function countOf(name: string, call: BuiltinCall): number {
  const count = asNumber(arg(call, 1));
  if (count >= 0) return count;
  throw new ValueError(`\`${name}\` of ${counted(count, "item")}: the count must be 0 or more`);
}
