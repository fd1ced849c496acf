// The edges of cells that are being made: to what they use, to what guards them, and what of it is settled already.

import type { Step, Use } from "../compiler/plan-steps.ts";
import { bars, isOrder, letsPass, spoil } from "./run-barriers.ts";
import type { Cells } from "./run-cells.ts";
import {
  BARRED,
  DECIDED,
  EDGE_GUARD,
  EDGE_ITEM,
  EDGE_TOLERANT,
  edgeCodes,
  FIRED,
  GUARDED,
  SETTLED,
} from "./run-codes.ts";
import { Ints } from "./run-columns.ts";

/** Whom the cells of a frame wait for, besides what they use. */
export interface Guard {
  /** -1: nobody. */
  readonly cell: number;
  /** It is the `deps` of the very item the frame is of. */
  readonly direct: boolean;
}

export const noGuard: Guard = { cell: -1, direct: false };

/** Its uses without its own guard and what stands above it, which say nothing about what it computes. */
export function dataUses(step: Extract<Step, { kind: "if" | "for" | "repeat" }>): readonly Use[] {
  return step.uses.filter((use) => !isOrder(step, use));
}

/** Makes edges. Those from cells that stood there before are kept aside until the growth is committed. */
export class Edges {
  /** From committed cells: from, to, kind, one after the other. */
  readonly links = new Ints();
  /** All: from, to, kind. */
  readonly all = new Ints();
  private readonly run: Cells;
  private readonly first: number;

  constructor(run: Cells) {
    this.run = run;
    this.first = run.count;
  }

  uses(c: number, uses: readonly Use[], frame: number): void {
    for (const use of uses) {
      const code = use.tolerant === true ? EDGE_TOLERANT : edgeCodes[use.kind];
      this.add(this.run.cellAt(frame, use.up, use.i, use.in), c, code);
    }
  }

  /** To its own point of order, and what stands above it. */
  ownGuard(c: number, step: Extract<Step, { kind: "if" | "for" | "repeat" }>, f: number): void {
    this.uses(
      c,
      step.uses.filter((use) => isOrder(step, use)),
      f,
    );
  }

  guard(c: number, guard: Guard): void {
    if (guard.cell >= 0) this.add(guard.cell, c, guard.direct ? EDGE_ITEM : EDGE_GUARD);
  }

  /** The guard inside a composite: its own point of order, or what it waits for itself. */
  inner(f: number, own: number | null, guard: Guard): Guard {
    return { cell: own === null ? guard.cell : this.run.cellAt(f, 0, own), direct: false };
  }

  add(from: number, to: number, kind: number): void {
    const { run, all } = this;
    const guards = kind === EDGE_GUARD || kind === EDGE_ITEM;
    all.push(from);
    all.push(to);
    all.push(kind);
    const fired = kind === EDGE_GUARD && run.has(from, FIRED) && run.has(from, DECIDED);
    if (run.good(from) || fired) return;
    if (kind === EDGE_TOLERANT && run.has(from, SETTLED)) return;
    if (from >= this.first) run.addEdge(from, to, kind);
    else {
      this.links.push(from);
      this.links.push(to);
      this.links.push(kind);
    }
    if (run.has(from, SETTLED)) {
      if (!letsPass(run, from, kind)) spoil(run, to, from, kind);
    } else {
      run.waiting.add(to, 1);
      if (guards) run.flag(to, GUARDED);
      if (bars(run, kind, to)) run.flag(to, BARRED);
    }
  }
}
