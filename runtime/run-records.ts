// What a run keeps of a cell besides its columns: the items of a loop, an error, a growth that is not committed.

import type { Value } from "../compiler/types.ts";
import type { Why } from "./events.ts";
import type { Ints } from "./run-columns.ts";

/** The items of a `for` that was unfolded. */
export interface Loop {
  readonly cell: number;
  /** Cell of the first item; the others follow. */
  readonly first: number;
  readonly keys: readonly string[];
  /** At most so many items in progress; null: no bound. */
  readonly parallel: number | null;
  /** So many items may fail; null: none may, and all others run to their end. */
  readonly tolerate: number | null;
  /** So many successes suffice; null: all are wanted. */
  readonly enough: number | null;
  /** Of each item, indexes of those it waits for; null without `after`. */
  readonly after: Items["after"];
  open: number;
  bad: number;
  inProgress: number;
}

/** Why a cell failed by itself. */
export interface CellError {
  readonly message: string;
  readonly why: Why | null;
  readonly exit: number | null;
  readonly signal: string | null;
  readonly tail: string | null;
}

/** One combination of a `for`, as computed before anything of it is made. */
export interface Items {
  readonly keys: readonly string[];
  /** Values of the loop variables, item by item. */
  readonly values: readonly (readonly Value[])[];
  /** Indexes of the items waited for; null without `after`. */
  readonly after: readonly (readonly number[])[] | null;
  readonly parallel: number | null;
  readonly tolerate: number | null;
  readonly enough: number | null;
}

/** New cells that stand behind the committed ones until their `grown` event is applied. */
export interface Growth {
  readonly n: number;
  /** Of a `repeat`: which pass, from 1. */
  readonly pass: number | null;
  readonly first: number;
  readonly count: number;
  readonly hash: string;
  /** Edges from committed cells: from, to, kind, one after the other. */
  readonly links: Ints;
  /** What to go back to if it never is committed. */
  readonly before: { readonly frames: number; readonly edges: number; readonly owned: number };
}

/** Why a running node is told to end. */
export type Unneeded = "enough" | "deadline";
