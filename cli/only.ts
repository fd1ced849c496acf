// `--only NODE`: names that no node has, told before the run where that is known, and at its end where it came out.

import { createNearest } from "../compiler/suggest.ts";
import type { Outline } from "../runtime/outline.ts";
import type { RunView } from "../runtime/run-view.ts";
import { causesOf } from "./record.ts";
import { outerNames } from "./render/graph.ts";
import { visible } from "./render/text.ts";
import { didYouMean, shellWord, usage } from "./stop.ts";

/** A node, or a `for`, `if` or flow as a whole; below what is not yet known, anything may be. */
export function knownNode(typed: string, { nodes, templates }: Outline, command: string): void {
  const names = nodes.map((node) => node.name);
  const holds = (outer: string, inner: string): boolean =>
    inner === outer || (inner.startsWith(outer) && ".[#".includes(inner[outer.length] ?? "?"));
  if (names.some((name) => holds(typed, name))) return;
  if (templates.some(({ name }) => holds(name, typed) || holds(typed, name))) return;
  const nearest = createNearest()(typed, [
    ...new Set(
      [...names, ...templates.map(({ name }) => name)].flatMap((name) => [...outerNames(name), name]),
    ),
  ]);
  throw usage(
    `There is no node ${visible(typed)}.${didYouMean(nearest)}`,
    nearest === null
      ? command.replace(/^flowc run/, "flowc plan")
      : `${command} --only ${shellWord(nearest)}`,
  );
}

/** What a run was to do that has turned out not to be there. */
export interface Absent {
  readonly lines: readonly string[];
  /** The same with the nearest name, where there is one. */
  readonly next: string | null;
}

/**
 * Names asked for of which nothing was made; null: all are there, or something that failed may have kept them from being
 * made. `command`: what was typed, without them; null: it was resumed.
 */
export function absentNodes(view: RunView, command: string | null): Absent | null {
  const only = view.options.only ?? [];
  if (view.status !== "failed" || only.length === 0 || causesOf(view).length > 0) return null;
  const names = new Set([...view.nodes()].flatMap((n) => [...outerNames(view.name(n)), view.name(n)]));
  const absent = only.filter((name) => !names.has(name));
  if (absent.length === 0) return null;
  const find = createNearest();
  const meant = new Map(absent.map((name) => [name, find(name, [...names])]));
  const lines = absent.map(
    (name) => `There is no node ${visible(name)}.${didYouMean(meant.get(name) ?? null)}`,
  );
  const better = only.flatMap((name) => (meant.has(name) ? (meant.get(name) ?? []) : name));
  const next =
    command === null || better.length === 0
      ? null
      : command + better.map((name) => ` --only ${shellWord(name)}`).join("");
  return { lines, next };
}
