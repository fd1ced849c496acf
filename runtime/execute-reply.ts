// What the loop is told from outside while it goes on, to be written down with its next turn.

import type { Value } from "../compiler/types.ts";
import type { AttemptReport } from "./attempt-report.ts";
import type { ArtifactRef, EventBody } from "./events.ts";
import type { Lent } from "./instances.ts";
import type { KnownPrint } from "./journal-cache.ts";
import type { ToldBound } from "./limit-state.ts";
import type { Look } from "./reuse.ts";

export type CancelWhy = Extract<EventBody, { type: "run.cancelled" }>["why"];

/** An early field was taken. */
export interface EarlyReply {
  readonly n: number;
  readonly a: number;
  readonly field: string;
  readonly value: Value;
  readonly files: readonly ArtifactRef[];
}

export type Reply =
  | {
      readonly kind: "ended";
      readonly n: number;
      readonly a: number;
      readonly report: AttemptReport;
      /** Under which its answer is kept. */
      readonly print?: KnownPrint | null;
    }
  /** Whether an answer of before may stand for a node. */
  | { readonly kind: "looked"; readonly n: number; readonly look: Look }
  | {
      readonly kind: "placed";
      readonly n: number;
      readonly a: number;
      readonly ref: string;
      readonly of: Lent["of"];
    }
  | ({ readonly kind: "early" } & EarlyReply)
  /** What an attempt says of limits: see `LimitNews`. */
  | {
      readonly kind: "used";
      readonly n: number;
      readonly a: number;
      readonly amounts: Readonly<Record<string, number>>;
    }
  | {
      readonly kind: "paused";
      readonly n: number;
      readonly a: number;
      readonly until: number;
      readonly limit?: string;
    }
  | { readonly kind: "heard"; readonly limit: string; readonly told: readonly ToldBound[] }
  | { readonly kind: "swept"; readonly refs: readonly string[] }
  | { readonly kind: "cancel"; readonly by: string; readonly why: CancelWhy; readonly now: boolean };
