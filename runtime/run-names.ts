// Names of cells as people see them: computed when asked, since most never are.

import { assert } from "./bug.ts";
import type { Cells } from "./run-cells.ts";
import { ELSE, FALLBACK, isFinally, PASS } from "./run-codes.ts";

/** Names of cells that others stand in, and of all cells by name as far as somebody asked. */
interface Known {
  readonly prefixes: Map<number, string>;
  readonly cells: Map<string, number>;
  upTo: number;
}

const known = new WeakMap<Cells, Known>();

function knownOf(run: Cells): Known {
  let found = known.get(run);
  if (found === undefined) {
    found = { prefixes: new Map(), cells: new Map(), upTo: 1 };
    known.set(run, found);
  }
  return found;
}

/** `built[aes].compile`; the entry is named after its flow, plain values have no name. */
export function nameOf(run: Cells, n: number): string {
  if (n === 0) return run.plan.flow;
  if (run.kindOf(n) === "item") return `${ownerName(run, run.of.get(n))}[${shownKey(keyOfItem(run, n))}]`;
  const undoing = run.ends.undoes.get(n);
  if (undoing !== undefined) {
    const again = undoing.turn === 0 ? "" : `~${undoing.turn + 1}`;
    return `${nameOf(run, undoing.of)}~undo${again}`;
  }
  const { name } = run.info(n).step;
  if (name === "") return "";
  const frame = run.frames.get(n);
  return `${prefixOf(run, run.frameOwners.get(frame), run.frameRoles.get(frame))}${name}`;
}

/** What stands before the names in a frame of this owner and role. */
export function prefixOf(run: Cells, owner: number, role: number): string {
  if (role < 0) {
    const turn = (-role - 1) >> 1;
    const word = `${isFinally(role) ? "finally" : "on-failure"}${turn === 0 ? "" : `~${turn + 1}`}.`;
    return owner === 0 ? word : `${ownerName(run, owner)}.${word}`;
  }
  if (owner === 0) return "";
  const name = ownerName(run, owner);
  if (role > PASS) return `${name}#${role - PASS}.`;
  if (role === ELSE) return `${name}.else.`;
  return role === FALLBACK ? `${name}.otherwise.` : `${name}.`;
}

function ownerName(run: Cells, n: number): string {
  const { prefixes } = knownOf(run);
  let name = prefixes.get(n);
  if (name === undefined) {
    name = nameOf(run, n);
    // What is not committed may go away again.
    if (n < run.count) prefixes.set(n, name);
  }
  return name;
}

export function keyOfItem(run: Cells, item: number): string {
  const loop = run.loops.get(run.of.get(item));
  const key = loop?.keys[item - loop.first];
  assert(key !== undefined, `item ${item} has no key`);
  return key;
}

/** A key as it stands between brackets: quoted where it would be misread. */
export function shownKey(key: string): string {
  return /^[^\]"\p{C}]+$/u.test(key) ? key : JSON.stringify(key);
}

/** The first cell of a name; null if there is none. */
export function cellOfName(run: Cells, name: string): number | null {
  const names = knownOf(run);
  for (; names.upTo < run.count; names.upTo++) {
    const each = nameOf(run, names.upTo);
    if (each !== "" && !names.cells.has(each)) names.cells.set(each, names.upTo);
  }
  return names.cells.get(name) ?? null;
}
