// How many items a loop over known lists has: more than its bounds allow, or more than somebody probably saw.

import type { Expr, For } from "../grammar/ast.ts";
import { walk } from "../grammar/walk.ts";
import { foldIn } from "./check-known.ts";
import { at, type Check, type Scope, tell } from "./check-state.ts";
import type { At } from "./errors.ts";
import { badSetting } from "./errors-calls.ts";
import { largeMatrix, matrixSize } from "./errors-flows.ts";
import { membersOf } from "./type-ops.ts";

/** As many as a list that comes from a node may have, where no `max` says otherwise. */
const largeMin = 1000;

/** The lengths of the lists of the loops seen so far, where all of them are known. */
const sizes = new WeakMap<For, readonly number[]>();

/** A list known from the text is as long as it is: what bounds the loop must allow it, and make sense with it. */
export function checkSize(check: Check, loop: For, scope: Scope): void {
  checkTolerate(check, loop, scope);
  if (loop.filter !== null) return;
  const own = loop.lists.map(({ list }) => knownLength(check, list, scope));
  const known = own.filter((size) => size !== null);
  if (known.length < own.length) return;
  sizes.set(loop, known);
  const total = known.reduce((product, size) => product * size, 1);
  const first = loop.lists[0]?.list;
  const last = loop.lists.at(-1)?.list;
  if (first === undefined || last === undefined) return;
  const place = { ...at(scope, first), span: { start: first.span.start, end: last.span.end } };
  checkEnough(check, loop, total, place, scope);
  const max = settingOf(loop, "max");
  if (max === null) {
    checkLarge(check, loop, known, place, scope);
    return;
  }
  const bound = foldIn(check, max, scope);
  if (typeof bound !== "number" || total <= bound) return;
  const label = `${product(known)}, but at most ${bound} are allowed`;
  tell(check, matrixSize(place, label, at(scope, max)));
}

function product(lengths: readonly number[]): string {
  const total = lengths.reduce((all, size) => all * size, 1);
  return lengths.length > 1 ? `${lengths.join(" × ")} = ${total} items` : `${total} items`;
}

function settingOf(loop: For, name: string): Expr | null {
  return loop.body.settings.find(({ key }) => key.text === name)?.value ?? null;
}

/** Lists that are short one by one, and long together. */
function checkLarge(check: Check, loop: For, own: readonly number[], place: At, scope: Scope): void {
  if (!check.pass.makesNode.has(loop)) return;
  let most: { readonly inner: For | null; readonly lengths: readonly number[] } = {
    inner: null,
    lengths: own,
  };
  const count = (lengths: readonly number[]) => lengths.reduce((all, size) => all * size, 1);
  walk(loop.body, (node) => {
    if (node.kind !== "for" || !check.pass.makesNode.has(node)) return;
    const lengths = sizes.get(node);
    // A bound of the inner one was meant; what is large by itself has been told.
    if (lengths === undefined || settingOf(node, "max") !== null || count(lengths) > largeMin) return;
    const all = [...own, ...lengths];
    if (count(all) > count(most.lengths)) most = { inner: node, lengths: all };
  });
  const total = count(most.lengths);
  if (most.lengths.length < 2 || total <= largeMin) return;
  const { inner } = most;
  const list = inner?.lists[0]?.list ?? null;
  const bound = inner === null ? total : count(own);
  tell(check, largeMatrix(place, product(most.lengths), list === null ? null : at(scope, list), bound));
}

/** A part of the items is at most all of them. */
function checkTolerate(check: Check, loop: For, scope: Scope): void {
  const tolerate = settingOf(loop, "tolerate");
  if (tolerate === null || check.pass.typeOf.get(tolerate)?.kind !== "percent") return;
  const percent = foldIn(check, tolerate, scope);
  if (typeof percent !== "number" || percent <= 100) return;
  tell(
    check,
    badSetting(at(scope, tolerate), "this is more than all items", "`100%` lets each of them fail."),
  );
}

/** More successes than there are items can never be. */
function checkEnough(check: Check, loop: For, total: number, place: At, scope: Scope): void {
  const enough = settingOf(loop, "enough");
  const asked = enough === null ? undefined : foldIn(check, enough, scope);
  if (enough === null || typeof asked !== "number" || asked <= total) return;
  const label = `${asked} successes are asked for, of ${total} ${total === 1 ? "item" : "items"}`;
  tell(check, {
    ...badSetting(at(scope, enough), label, "Ask for as many as there are at most."),
    related: [{ ...place, label: "these are all" }],
  });
}

function knownLength(check: Check, list: Expr, scope: Scope): number | null {
  if (list.kind === "list-of") return list.items.length;
  if (list.kind === "paren") return knownLength(check, list.of, scope);
  if (list.kind === "name" && check.pass.refs.get(list)?.kind === "members") {
    const type = check.pass.typeOf.get(list);
    return type?.kind === "list" ? (membersOf(type.of, check.types)?.length ?? null) : null;
  }
  if (list.kind === "call-of" && list.callee.kind === "name" && list.callee.name === "range") {
    const ends = list.args.map((arg) => foldIn(check, arg.value, scope));
    const [from, to] = ends.length === 1 ? [0, ends[0]] : ends;
    return typeof from === "number" && typeof to === "number" ? Math.max(0, to - from) : null;
  }
  const value = foldIn(check, list, scope);
  return Array.isArray(value) ? value.length : null;
}
