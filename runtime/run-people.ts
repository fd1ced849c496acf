// What a run keeps about people: what was asked of them, what they answered, and what they hold.

import { Ints } from "./run-columns.ts";

/** What somebody said. `by` is who they say they are; null: nobody answered in time. */
export interface Decision {
  readonly answer: "approved" | "rejected" | "expired";
  readonly by: string | null;
  readonly note: string | null;
  /** Wall ms at which it was said. */
  readonly at: number;
}

/** One question of a gate to a person, from when it was put for the first time. */
export interface Approval {
  /** Who is asked. */
  readonly asks: string | null;
  /** Wall ms; null: it has to be put again, since the run was opened again after a refusal. */
  readonly openedAt: number | null;
  /** Wall ms until which an answer counts; null: for ever. */
  readonly until: number | null;
  /** It stands, also before its cell has come so far again. */
  readonly decision: Decision | null;
  /** Answers that came too late: they are recorded, and nothing follows. */
  readonly late: readonly Decision[];
}

/** A person holds a node, or all below what it is made of. */
export interface Hold {
  readonly by: string;
  readonly note: string | null;
  /** Wall ms. */
  readonly at: number;
}

/** The parts of a run that people put there. */
export class People {
  /** By the cell of the approval. */
  readonly approvals = new Map<number, Approval>();
  /** Approvals that opened; who asks drops those that are open no more. */
  readonly open = new Set<number>();
  /** News for `decide`: approvals that opened and have an end. */
  readonly opened = new Ints();
  /** By the cell that is held. */
  readonly holds = new Map<number, Hold>();
  /** News for `decide`: something is not held any more. */
  released = false;
  /** Wall ms at which the run was opened for the last time. */
  openedAt = 0;
  /** Why a check has not held, or an approval was not given. */
  readonly notes = new Map<number, string>();
}
