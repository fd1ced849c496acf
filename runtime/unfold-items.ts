// The items of a `for`: their keys, values, order and bounds, all checked before anything of it is made.

import type { Expr } from "../compiler/plan-expr.ts";
import type { ForStep } from "../compiler/plan-steps.ts";
import type { Value } from "../compiler/types.ts";
import { assert } from "./bug.ts";
import { combine, evaluate } from "./evaluate.ts";
import type { Cells } from "./run-cells.ts";
import { cellsMax } from "./run-outcomes.ts";
import type { Items } from "./run-records.ts";
import {
  asBool,
  asList,
  asNumber,
  asString,
  attempt,
  counted,
  type Scope,
  textOf,
  ValueError,
} from "./values.ts";

/** Items of a list that was not known when the run started, unless `max` says otherwise. */
export const itemsMaxLate = 1000;

/**
 * Everything about the items of a `for` whose uses are all there. `late`: its list was not known when it was unfolded.
 * Throws {@link ValueError}: a duplicate or unknown key, a circle, too many items, or an expression that fails.
 */
export function itemsOf(run: Cells, n: number, late: boolean): Items {
  const { step } = run.info(n);
  assert(step.kind === "for", `cell ${n} is no for`);
  const scope = run.scope(run.frames.get(n));
  const lists = step.lists.map((list) => asList(evaluate(list, scope)));
  const total = lists.reduce((product, list) => product * list.length, 1);
  const max = step.max === null ? (late ? itemsMaxLate : null) : asNumber(evaluate(step.max, scope));
  const values: (readonly Value[])[] = [];
  const keys: string[] = [];
  /** Keys of those that `if` left out, for messages. */
  const left = new Set<string>();
  if (total > cellsMax) throw new ValueError(tooMany(total, cellsMax, step));
  combine(lists, (items, indexes) => {
    const key = keyOf(step, items, indexes, scope);
    if (step.filter !== null && !asBool(evaluate(step.filter, scope, items))) {
      if (left.size < 10_000) left.add(key);
      return;
    }
    values.push(items);
    keys.push(key);
  });
  if (max !== null && keys.length > max) throw new ValueError(tooMany(keys.length, max, step));
  const cells = run.made + keys.length * (1 + step.body.steps.length);
  if (cells > cellsMax)
    throw new ValueError(`the graph would have more than ${cellsMax} cells with its ${keys.length} items`);
  return {
    keys,
    values,
    after: orderOf(step, keys, values, left, scope),
    parallel: boundOf("parallel", step.parallel, 1, scope),
    tolerate: tolerated(step, keys.length, scope),
    enough: boundOf("enough", step.enough, 1, scope),
  };
}

/**
 * Items that were made late stay when all that the `for` needs is computed anew, for a gate that is evaluated again:
 * null if they are still the right ones.
 */
export function itemsProblem(run: Cells, n: number): string | null {
  const loop = run.loops.get(n);
  const result = attempt(() => itemsOf(run, n, true));
  if (loop === undefined || "problem" in result) return "problem" in result ? result.problem : null;
  const before = loop.keys.map((_, i) => {
    const base = run.frameBases.get(run.owned.get(loop.first + i));
    return (result.value.values[i] ?? []).map((_, k) => run.values[base + k]);
  });
  const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);
  if (same(loop.keys, result.value.keys) && same(before, result.value.values)) return null;
  return "its list is not the one that its nodes were made for; a run makes them once, so start a new one";
}

function tooMany(count: number, max: number, step: ForStep): string {
  const how =
    step.max === null ? `\`max: ${count}\` in its block allows it` : "raise its `max` if it is right";
  return `the list has ${count} items, more than ${max}; ${how}`;
}

function keyOf(step: ForStep, items: readonly Value[], indexes: readonly number[], scope: Scope): string {
  if (step.by !== null) return textOf(evaluate(step.by, scope, items), null);
  return items.map((item, i) => (typeof item === "string" ? item : String(indexes[i]))).join(",");
}

function boundOf(name: string, expr: Expr | null, least: number, scope: Scope): number | null {
  if (expr === null) return null;
  const bound = asNumber(evaluate(expr, scope));
  if (bound >= least) return Math.floor(bound);
  throw new ValueError(`\`${name}\` must be at least ${least}, got ${bound}`);
}

function tolerated(step: ForStep, count: number, scope: Scope): number | null {
  if (step.tolerate === null) return null;
  const given = boundOf("tolerate", step.tolerate.expr, 0, scope) ?? 0;
  if (step.tolerate.unit === "count") return given;
  const percent = asNumber(evaluate(step.tolerate.expr, scope));
  return Math.floor((count * percent) / 100);
}

/** Checks that the keys are unique, that each key waited for is there, and that nobody waits for itself. */
function orderOf(
  step: ForStep,
  keys: readonly string[],
  values: readonly (readonly Value[])[],
  left: ReadonlySet<string>,
  scope: Scope,
): Items["after"] {
  const indexes = new Map<string, number>();
  keys.forEach((key, i) => {
    const first = indexes.get(key);
    if (first !== undefined)
      throw new ValueError(
        `items ${first} and ${i} have the same key ${JSON.stringify(key)}; \`by\` must give each item its own`,
      );
    indexes.set(key, i);
  });
  const { after } = step;
  if (after === null) return null;
  const order = values.map((items, i) =>
    asList(evaluate(after, scope, items)).map((wanted) => {
      const key = asString(wanted);
      const index = indexes.get(key);
      if (index !== undefined) return index;
      const own = keys[i] ?? "";
      const why = left.has(key) ? "which its `if` leaves out" : "and there is no item with that key";
      throw new ValueError(`item ${JSON.stringify(own)} waits for ${JSON.stringify(key)}, ${why}`);
    }),
  );
  const circle = circleIn(order);
  if (circle !== null) {
    const names = circle.map((i) => keys[i] ?? "");
    const shown = names.length > 12 ? [...names.slice(0, 10), "…", ...names.slice(-1)] : names;
    throw new ValueError(
      `${counted(new Set(circle).size, "item")} wait${circle.length === 2 ? "s" : ""} in a circle: ${shown.join(" → ")}`,
    );
  }
  return order;
}

/** A shortest-found circle `[a, b, a]` of a graph given as lists of what each waits for; null if there is none. */
export function circleIn(order: readonly (readonly number[])[]): readonly number[] | null {
  // 0: not seen, 1: on the path, 2: done.
  const state = new Uint8Array(order.length);
  const next = new Uint32Array(order.length);
  const path: number[] = [];
  for (let start = 0; start < order.length; start++) {
    if (state[start] !== 0) continue;
    path.push(start);
    state[start] = 1;
    for (let at = path.at(-1); at !== undefined; at = path.at(-1)) {
      const k = next[at] ?? 0;
      next[at] = k + 1;
      const to = order[at]?.[k];
      if (to === undefined) {
        state[at] = 2;
        path.pop();
      } else if (state[to] === 1) return [...path.slice(path.indexOf(to)), to];
      else if (state[to] === 0) {
        state[to] = 1;
        path.push(to);
      }
    }
  }
  return null;
}
