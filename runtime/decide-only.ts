// `--only`: which cells must run so that the named nodes do, also while the graph grows.

import type { Block } from "../compiler/plan-steps.ts";
import type { Run } from "./run.ts";
import { FALLBACK } from "./run-codes.ts";
import { prefixOf } from "./run-names.ts";
import { callFrame, recursiveCall } from "./run-recursion.ts";

/** The named cells and all they need. Kept beside the run; grows with it. */
export class Selection {
  private readonly run: Run;
  private readonly needed = new Set<number>();
  /** Cells of which all parts, also those that are made later, are needed. */
  private readonly whole = new Set<number>();
  readonly targets = new Set<number>();
  private seen = 1;

  constructor(run: Run) {
    this.run = run;
  }

  /** Takes in cells made since the last time; tells whether there were any. */
  update(): boolean {
    const { run } = this;
    if (run.count === this.seen) return false;
    for (let n = this.seen; n < run.count; n++) if (this.ownerIsWhole(n)) this.addWhole(n);
    this.seen = run.count;
    for (const name of run.options.only ?? []) {
      const place = locate(run, name);
      if (place === null) continue;
      if (place.exact) this.targets.add(place.n);
      // A later pass needs those before it.
      if (place.exact || run.kindOf(place.n) === "repeat") this.addWhole(place.n);
      else for (const n of this.need(place.n)) this.addWhole(n);
    }
    return true;
  }

  has(n: number): boolean {
    return this.needed.has(n);
  }

  private ownerIsWhole(n: number): boolean {
    const { run } = this;
    const loop = run.of.get(n);
    return this.whole.has(loop >= 0 ? loop : run.frameOwners.get(run.frames.get(n)));
  }

  /** A cell with everything in it, and what these need. */
  private addWhole(n: number): void {
    const { run } = this;
    const open = [n];
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      if (this.whole.has(at)) continue;
      this.whole.add(at);
      open.push(...this.need(at));
      const part = (inside: number): void => {
        open.push(inside);
      };
      run.eachPart(at, part);
      const fallback = run.fallbackOf(at);
      if (fallback >= 0) run.eachBelow(fallback, part);
    }
  }

  /**
   * The cell itself is needed, and what it waits for; gives those that are needed as a whole. Of an `if` around it only
   * the condition is needed.
   */
  private need(n: number): readonly number[] {
    const { run } = this;
    const whole: number[] = [];
    const open = [n];
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      if (this.needed.has(at)) continue;
      this.needed.add(at);
      const guard = run.frameGuards.get(run.frames.get(at));
      for (const { n: other } of run.dependencies(at))
        (other === guard && run.kindOf(other) === "if" ? open : whole).push(other);
    }
    return whole;
  }
}

/**
 * The cell that a name means, or (`exact: false`) the one below which it may still be made: a `for` not yet unfolded,
 * a `repeat` with passes to come, a call of a flow inside of itself, a node whose `otherwise` may run. Null if there is no such name and never will be.
 */
export function locate(run: Run, name: string): { readonly n: number; readonly exact: boolean } | null {
  const found = run.find(name);
  if (found !== null) return { n: found, exact: true };
  for (let end = name.length - 1; end > 0; end--) {
    const mark = name[end];
    if (mark !== "." && mark !== "[" && mark !== "#") continue;
    const n = run.find(name.slice(0, end));
    if (n === null) continue;
    return mayGrow(run, n, name) ? { n, exact: false } : null;
  }
  return null;
}

function mayGrow(run: Run, n: number, name: string): boolean {
  const { step } = run.info(n);
  if (step.kind === "for" && !run.loops.has(n) && !run.settled(n)) {
    const end = name.indexOf("]", run.name(n).length);
    if (end < 0 || !name.startsWith("[", run.name(n).length)) return false;
    return end === name.length - 1 || nameIn(run, step.body, name.slice(end + 2));
  }
  if (step.kind === "repeat" && !run.settled(n)) {
    const later = /^#[1-9]\d*\.(.*)$/s.exec(name.slice(run.name(n).length));
    if (later !== null) return nameIn(run, step.body, later[1] ?? "");
  }
  const call = recursiveCall(run, n);
  if (call !== null && callFrame(run, n) < 0 && !run.settled(n)) {
    const body = run.plan.flows[call.flow]?.body;
    const inner = name.slice(run.name(n).length + 1);
    if (body !== undefined && name[run.name(n).length] === "." && nameIn(run, body, inner)) return true;
  }
  if (!("otherwise" in step) || step.otherwise === null || run.fallbackOf(n) >= 0) return false;
  const prefix = prefixOf(run, n, FALLBACK);
  return name.startsWith(prefix) && nameIn(run, step.otherwise, name.slice(prefix.length));
}

/** Does a block have a step whose name the path starts with? What is deeper is looked at when it is there. */
function nameIn(run: Run, block: Block, path: string): boolean {
  return block.steps.some((id) => {
    const own = run.infos[id]?.step.name ?? "";
    return (
      own !== "" &&
      (path === own || path.startsWith(`${own}.`) || path.startsWith(`${own}[`) || path.startsWith(`${own}#`))
    );
  });
}

/** Names of `--only` that no node has or can have; to be told before anything runs. */
export function unknownOnly(run: Run): readonly string[] {
  return (run.options.only ?? []).filter((name) => locate(run, name) === null);
}
