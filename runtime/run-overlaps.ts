// New nodes that may run beside others and claim the same files, or a branch: found when the graph grows, before any of them starts.

import { mayOverlap, overlapOf, plainStart } from "../compiler/glob-overlap.ts";
import { claimOf } from "./node-claims.ts";
import type { Cells } from "./run-cells.ts";
import { EDGE_EARLY, EDGE_GUARD, SETTLED } from "./run-codes.ts";
import { nameOf } from "./run-names.ts";
import { type Claim, mayClaim } from "./task-claims.ts";

/**
 * What one growth may cost: pairs of globs that are compared, those of them that need a search of some ms, edges that
 * are followed, nodes with one glob. What is beyond is left to the start of the nodes: of two that claim the same files, one then waits.
 */
const pairsMax = 50_000;
const searchesMax = 50;
const edgesMax = 3_000_000;
const sameMax = 1_000;

/** A sentence that tells of two nodes, if the cells from `first` on bring any; null if all is well as far as is known. */
export function clashIn(run: Cells, first: number): string | null {
  if (!run.claiming) return null;
  for (const n of run.claims.keys()) if (run.has(n, SETTLED)) run.claims.delete(n);
  let any = false;
  for (let n = first; n < run.count; n++) {
    const { task } = n > 0 && run.kindOf(n) === "task" ? run.info(n) : { task: null };
    if (task === null || run.has(n, SETTLED) || !(run.hasOverrides || mayClaim(task))) continue;
    const claim = claimOf(run, n);
    if (claim === null) continue;
    run.claims.set(n, claim);
    any = true;
  }
  if (!any) return null;
  const budget = { pairs: pairsMax, searches: searchesMax, edges: edgesMax };
  for (const what of ["writes", "outputs", "branches"] as const) {
    const clash = clashOf(run, first, what, budget);
    if (clash !== null) return clash;
  }
  return null;
}

interface Budget {
  pairs: number;
  searches: number;
  edges: number;
}

function clashOf(run: Cells, first: number, what: keyof Claim, budget: Budget): string | null {
  const groups = new Map<string, number[]>();
  for (const [n, claim] of run.claims)
    for (const glob of claim[what]) {
      const group = groups.get(glob);
      if (group === undefined) groups.set(glob, [n]);
      else group.push(n);
    }
  const order = new Order(run, budget);
  for (const [a, b] of candidates([...groups.keys()])) {
    const nodes = [...(groups.get(a) ?? []), ...(a === b ? [] : (groups.get(b) ?? []))];
    if (nodes.length < 2 || nodes.length > sameMax || !nodes.some((n) => n >= first)) continue;
    if (--budget.pairs < 0) return null;
    if (!mayOverlap(a, b)) continue;
    if (--budget.searches < 0) return null;
    const found = overlapOf(a, b);
    if (typeof found === "string") continue;
    const pair = order.free(groups.get(a) ?? [], groups.get(b) ?? [], first);
    if (pair === null) continue;
    const [one, other] = pair.map((n) => `\`${nameOf(run, n)}\``);
    const path = `\`${a === b ? a : found.path}\``;
    if (what === "branches")
      return `${one} and ${other} may work on the branch ${path} at the same time; give each a branch of its own, or let one wait for the other`;
    return what === "writes"
      ? `${one} and ${other} may write ${path} at the same time; let one wait for the other, or give each files of its own`
      : `${one} and ${other} may return ${path} of the project at the same time; name their files apart, or let one wait for the other`;
  }
  return null;
}

/** Pairs of globs, equal ones too, of which one begins as the other does: no others can share a path. */
function* candidates(globs: readonly string[]): Iterable<readonly [string, string]> {
  const sorted = globs
    .map((glob) => ({ glob, start: plainStart(glob) }))
    .sort((a, b) => (a.start < b.start ? -1 : a.start > b.start ? 1 : a.glob < b.glob ? -1 : 1));
  const open: typeof sorted = [];
  for (const one of sorted) {
    while (open.length > 0 && !one.start.startsWith(open.at(-1)?.start ?? "")) open.pop();
    yield [one.glob, one.glob];
    for (const other of open) yield [other.glob, one.glob];
    open.push(one);
  }
}

/** Which cells wait for which, as far as the budget goes. */
class Order {
  private readonly run: Cells;
  private readonly budget: Budget;
  private readonly reached = new Map<number, Uint8Array>();

  constructor(run: Cells, budget: Budget) {
    this.run = run;
    this.budget = budget;
  }

  /** Two nodes, one of them new, of which neither waits for the other; null if there are none, or it is not known. */
  free(a: readonly number[], b: readonly number[], first: number): readonly [number, number] | null {
    for (const one of a)
      for (const other of b) {
        if (one === other || (one < first && other < first)) continue;
        if (this.apart(one, other)) continue;
        const before = this.behind(one);
        const after = before === null || before[other] === 1 ? null : this.behind(other);
        if (after !== null && after[one] !== 1) return one < other ? [one, other] : [other, one];
      }
    return null;
  }

  /** They stand in branches of which one is taken, or in items that run one at a time. */
  private apart(a: number, b: number): boolean {
    const { run } = this;
    const ways = new Map<number, number>();
    for (let at = a; at > 0; at = this.above(at, (owner, way) => ways.set(owner, way)));
    let apart = false;
    const look = (owner: number, way: number) => {
      const other = ways.get(owner);
      if (other === undefined || other === way) return;
      apart ||= run.kindOf(owner) === "if" || run.loops.get(owner)?.parallel === 1;
    };
    for (let at = b; at > 0; at = this.above(at, look));
    return apart;
  }

  private above(n: number, told: (owner: number, way: number) => void): number {
    const { run } = this;
    const loop = run.of.get(n);
    if (loop >= 0) {
      told(loop, n);
      return loop;
    }
    const frame = run.frames.get(n);
    const owner = run.frameOwners.get(frame);
    if (run.kindOf(owner) === "if") told(owner, run.frameRoles.get(frame));
    return owner;
  }

  /** 1 for each cell that cannot begin before `n` has ended; null past the budget. */
  private behind(n: number): Uint8Array | null {
    const known = this.reached.get(n);
    if (known !== undefined) return known;
    const { run, budget } = this;
    // 1: it cannot begin, 2: it cannot end.
    const seen = new Uint8Array(run.count);
    const open = [n];
    seen[n] = 2;
    const reach = (m: number, mark: 1 | 2): void => {
      const before = seen[m] ?? 0;
      if (before === 1 || before === mark) return;
      seen[m] = mark;
      open.push(m);
    };
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      // What stands inside an `if` waits for its condition, not for its end.
      const inside = seen[at] === 2 && run.kindOf(at) === "if";
      for (let e = run.heads.get(at); e >= 0; e = run.edgeNext.get(e)) {
        if (--budget.edges < 0) return null;
        // An early field of the node itself may be there before it has ended.
        if (at === n && run.edgeKinds.get(e) === EDGE_EARLY) continue;
        if (!(inside && run.edgeKinds.get(e) === EDGE_GUARD)) reach(run.edgeTo.get(e), 1);
      }
      const loop = run.of.get(at);
      const owner = loop >= 0 ? loop : at > 0 ? run.frameOwners.get(run.frames.get(at)) : -1;
      if (owner >= 0) reach(owner, 2);
    }
    if (this.reached.size < sameMax) this.reached.set(n, seen);
    return seen;
  }
}
