// Items of lists known from the text: are their keys unique, do the keys they wait for exist, is there a circle.

import type { Expr, For } from "../grammar/ast.ts";
import { foldIn, foldWith } from "./check-known.ts";
import { at, type Check, type Scope, tell } from "./check-state.ts";
import { findCircles } from "./cycles.ts";
import type { At } from "./errors.ts";
import { dependencyCycle, duplicateKey, unknownKey } from "./errors-flows.ts";
import type { Value } from "./types.ts";

/** Longer lists are looked at when the graph is made. */
const itemsMax = 20_000;

interface Item {
  readonly key: string;
  readonly after: readonly string[];
  /** Where it is written, if the list is a literal. */
  readonly expr: Expr | null;
}

/** Says what would otherwise be said before the first item starts. Nothing if some value is not known yet. */
export function checkItems(check: Check, loop: For, scope: Scope): void {
  if (loop.by === null && loop.after === null && loop.lists.length > 1) return;
  const items = knownItems(check, loop, scope);
  if (items === null) return;
  const place = (item: Item): At | null => (item.expr === null ? null : at(scope, item.expr));
  const byKey = new Map<string, Item>();
  for (const item of items) {
    const first = byKey.get(item.key);
    if (first === undefined) {
      byKey.set(item.key, item);
      continue;
    }
    const where = item.expr ?? loop.by ?? loop.lists[0]?.list;
    if (where !== undefined) tell(check, duplicateKey(at(scope, where), item.key, place(first)));
    return;
  }
  if (loop.after === null) return;
  const keysAt = at(scope, loop.after.keys);
  for (const item of items) {
    const unknown = item.after.find((key) => !byKey.has(key));
    if (unknown === undefined) continue;
    const keys = [...byKey.keys()];
    tell(check, unknownKey(keysAt, unknown, item.key, check.nearest(unknown, keys), keys, place(item)));
    return;
  }
  const needs = (item: Item) => item.after.flatMap((key) => byKey.get(key) ?? []);
  const [circle] = findCircles(byKey.values(), needs).circles;
  const [first] = circle ?? [];
  if (circle === undefined || first === undefined) return;
  tell(
    check,
    dependencyCycle(
      keysAt,
      [...circle, first].map(({ key }) => key),
      place(first),
    ),
  );
}

function knownItems(check: Check, loop: For, scope: Scope): readonly Item[] | null {
  const lists: (readonly Value[])[] = [];
  let total = 1;
  for (const { list } of loop.lists) {
    const value = foldIn(check, list, scope);
    if (!isList(value)) return null;
    lists.push(value);
    total *= value.length;
  }
  if (total > itemsMax) return null;
  const items: Item[] = [];
  for (let index = 0; index < total; index++) {
    const item = knownItem(check, loop, lists, index, scope);
    if (item === "unknown") return null;
    if (item !== "filtered") items.push(item);
  }
  return items;
}

/** The n-th combination, the last list going fastest. */
function knownItem(
  check: Check,
  loop: For,
  lists: readonly (readonly Value[])[],
  index: number,
  scope: Scope,
): Item | "unknown" | "filtered" {
  const known = new Map<string, Value>();
  let rest = index;
  for (let i = lists.length - 1; i >= 0; i--) {
    const list = lists[i] ?? [];
    known.set(loop.lists[i]?.name.text ?? "", list[rest % list.length] ?? null);
    rest = Math.floor(rest / list.length);
  }
  const value = (expr: Expr) => foldWith(check, expr, scope, known);
  if (loop.filter !== null) {
    const kept = value(loop.filter);
    if (typeof kept !== "boolean") return "unknown";
    if (!kept) return "filtered";
  }
  const [only] = known.values();
  const key = loop.by === null ? (typeof only === "string" ? only : String(index)) : value(loop.by);
  const after = loop.after === null ? [] : value(loop.after.keys);
  if (typeof key !== "string" || !isList(after)) return "unknown";
  const [list] = loop.lists;
  const literal = loop.lists.length === 1 && list?.list.kind === "list-of" ? list.list : null;
  const names = after.filter((name) => typeof name === "string");
  return { key, after: names, expr: literal?.items[index] ?? null };
}

function isList(value: Value | undefined): value is readonly Value[] {
  return Array.isArray(value);
}
