// The graph of a flow as far as the text tells it: which calls of tasks there are, and what each waits for.

import type { Call, Expr, Flow, RecordExpr, Task } from "../grammar/ast.ts";
import type { Known } from "./check-known.ts";
import type { Home } from "./resolve.ts";

/** A `with`, and what was known where it stands. The innermost first. */
export interface Override {
  readonly record: RecordExpr;
  readonly home: Home;
  readonly known: Known;
}

/** One step of the way to a call: a call of a flow, an item of a loop, a branch, the call itself. */
export interface Way {
  /** What it stands in: the same object for each item of one loop, and for both branches of one `if`. */
  readonly of: object;
  readonly part: number;
  /** What a message points at. */
  readonly expr: Expr;
  readonly home: Home;
  readonly kind: "call" | "item" | "branch";
  /** Of an item: it never runs beside another item of its loop, as far as can be known. */
  readonly alone: boolean;
  /** Of an item: its key, if it is known. */
  readonly key: string | null;
}

/** A call of a task. */
export interface Work {
  readonly vertex: number;
  readonly task: Task;
  readonly call: Call;
  readonly home: Home;
  /** Where the task is declared. */
  readonly taskHome: Home;
  /** Values of its parameters, of those that are known. */
  readonly args: Known;
  readonly overrides: readonly Override[];
  readonly way: readonly Way[];
}

/** Vertices that one flow may have; a larger one is looked at when it is unfolded. */
const verticesMax = 20_000;

export class TooLarge extends Error {}

export class Sketch {
  readonly flow: Flow;
  readonly works: Work[] = [];
  private readonly before: number[][] = [];
  private readonly above = new Map<number, Uint8Array>();

  constructor(flow: Flow) {
    this.flow = flow;
  }

  /** A new vertex behind others. Throws {@link TooLarge}. */
  vertex(before: readonly number[]): number {
    if (this.before.length >= verticesMax) throw new TooLarge();
    this.before.push(before.length < 2 ? [...before] : [...new Set(before)]);
    return this.before.length - 1;
  }

  /** What a vertex waits for directly. */
  waitedFor(vertex: number): readonly number[] {
    return this.before[vertex] ?? [];
  }

  /** Makes a vertex wait for one more. */
  link(vertex: number, before: number): void {
    this.before[vertex]?.push(before);
  }

  /** May they run at the same time? Neither waits for the other, and they are not on ways that exclude each other. */
  atOnce(a: Work, b: Work): boolean {
    const fork = a.way.findIndex((step, i) => step.of !== b.way[i]?.of || step.part !== b.way[i]?.part);
    const one = a.way[fork];
    const other = b.way[fork];
    if (one !== undefined && one.of === other?.of && (one.kind === "branch" || one.alone)) return false;
    return !this.waits(a.vertex, b.vertex) && !this.waits(b.vertex, a.vertex);
  }

  private waits(vertex: number, other: number): boolean {
    let seen = this.above.get(vertex);
    if (seen === undefined) {
      seen = new Uint8Array(this.before.length);
      const open = [vertex];
      for (let at = open.pop(); at !== undefined; at = open.pop())
        for (const next of this.before[at] ?? [])
          if (seen[next] === 0) {
            seen[next] = 1;
            open.push(next);
          }
      this.above.set(vertex, seen);
    }
    return seen[other] === 1;
  }
}
