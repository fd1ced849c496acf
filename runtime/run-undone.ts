// What was taken back is done again when the run is opened again, and so is all that came from it.

import type { Cells } from "./run-cells.ts";
import {
  DECIDED,
  EDGE_GUARD,
  EDGE_ITEM,
  edgeCodes,
  FALLBACK,
  FIXED,
  IN_PROGRESS,
  PASS,
  SETTLED,
  SUCCEEDED,
  WAITING,
} from "./run-codes.ts";
import { dependenciesOf } from "./run-failures.ts";
import { otherBranch, passFrame } from "./run-outcomes.ts";
import { forget, putBack, waitedForCondition } from "./run-put-back.ts";

/**
 * Puts back the nodes whose undo was started, with all that waits for them. Wholes of which also what did not depend on
 * them is made again are added to `anew`.
 */
export function putBackUndone(run: Cells, anew: Set<number>): void {
  const { undoneBy } = run.ends;
  const begun = [...undoneBy].filter(([, by]) => run.attemptCounts.get(by) > 0);
  const undone = begun.map(([n]) => n);
  undoneBy.clear();
  if (undone.length === 0) return;
  const back = new Below(run).of(undone);
  for (const [n, whole] of back) {
    if (run.states.get(n) === SUCCEEDED) run.ends.succeeded.delete(n);
    // What it waits for may need its room first.
    run.unflag(n, IN_PROGRESS);
    if (whole) {
      forget(run, n);
      anew.add(n);
    } else putBack(run, n);
  }
  // What may be done only once may be done again where it is known that nothing is left of it.
  for (const [n, by] of begun) if (run.unknown.has(n) && run.good(by)) run.setState(n, WAITING);
  for (const n of back.keys()) mendEdges(run, n);
}

/** What lies below nodes: what waits for them, what these are parts of, and so on; true for those that are made anew. */
class Below {
  private readonly run: Cells;
  private readonly dependents = new Map<number, number[]>();
  private readonly found = new Map<number, boolean>();
  private readonly open: (readonly [n: number, whole: boolean])[] = [];

  constructor(run: Cells) {
    this.run = run;
    for (let n = 1; n < run.count; n++)
      for (const { n: other } of dependenciesOf(run, n)) {
        const list = this.dependents.get(other);
        if (list === undefined) this.dependents.set(other, [n]);
        else list.push(n);
      }
  }

  of(nodes: readonly number[]): ReadonlyMap<number, boolean> {
    for (const n of nodes) this.open.push([n, true]);
    for (let next = this.open.pop(); next !== undefined; next = this.open.pop()) this.visit(...next);
    return this.found;
  }

  private visit(start: number, all: boolean): void {
    const { run } = this;
    const repeat = this.earlierPass(start);
    const [n, whole] = repeat < 0 ? [start, all] : [repeat, true];
    const known = this.found.get(n);
    if (n === 0 || known === true || known === whole || this.isGiven(n)) return;
    if (this.inHandler(n)) return;
    this.found.set(n, whole);
    if (whole) this.parts(n);
    // What is in a branch that was not taken stays so, unless the `if` is decided anew: then it is found as its part.
    for (const other of this.dependents.get(n) ?? [])
      if (otherBranch(run, other) < 0) this.open.push([other, true]);
    const loop = run.of.get(n);
    this.open.push([loop >= 0 ? loop : run.frameOwners.get(run.frames.get(n)), false]);
  }

  private parts(n: number): void {
    const { run } = this;
    const last = run.kindOf(n) === "repeat" ? passFrame(run, n) : -1;
    for (let f = run.owned.get(n); f >= 0; f = run.frameNext.get(f)) {
      const role = run.frameRoles.get(f);
      if (role < 0 || role === FALLBACK || (role > PASS && f !== last)) continue;
      const base = run.frameBases.get(f);
      const { length } = run.block(f).steps;
      for (let c = base; c < base + length; c++) this.part(c);
    }
    const loop = run.loops.get(n);
    for (let i = 0; i < (loop?.keys.length ?? 0); i++) this.part((loop?.first ?? 0) + i);
  }

  /** What was known when it was made stays, unless something that it came from is made again. */
  private part(c: number): void {
    if (!(this.run.has(c, FIXED) && this.run.good(c))) this.open.push([c, true]);
  }

  /** Items and `last` have the values that they were made with. */
  private isGiven(n: number): boolean {
    if (n === 0 || this.run.kindOf(n) !== "var") return false;
    const { step } = this.run.info(n);
    return step.kind === "var" && (step.source === "item" || step.source === "last");
  }

  /** The `repeat` of which it is in a pass that others have followed; of it only the last is made again. */
  private earlierPass(n: number): number {
    const { run } = this;
    let found = -1;
    for (let at = n; at > 0; ) {
      const f = run.frames.get(at);
      at = run.frameOwners.get(f);
      if (run.frameRoles.get(f) > PASS && passFrame(run, at) !== f) found = at;
    }
    return found;
  }

  private inHandler(n: number): boolean {
    const { run } = this;
    for (let at = n; at > 0; ) {
      const f = run.frames.get(at);
      if (run.frameRoles.get(f) < 0) return true;
      at = run.frameOwners.get(f);
    }
    return false;
  }
}

/** What was made when something it waits for was there already now has to wait for it. */
function mendEdges(run: Cells, n: number): void {
  const frame = run.frames.get(n);
  for (const { n: other, kind } of dependenciesOf(run, n)) {
    if (run.has(other, SETTLED)) continue;
    const guards = run.frameGuards.get(frame) === other;
    if (guards && run.kindOf(other) === "if" && run.has(other, DECIDED) && !waitedForCondition(run, other))
      continue;
    const code = !guards ? edgeCodes[kind] : run.frameDirect.get(frame) === 1 ? EDGE_ITEM : EDGE_GUARD;
    if (!hasEdge(run, other, n)) run.addEdge(other, n, code);
  }
}

function hasEdge(run: Cells, from: number, to: number): boolean {
  for (let e = run.heads.get(from); e >= 0; e = run.edgeNext.get(e))
    if (run.edgeTo.get(e) === to) return true;
  return false;
}
