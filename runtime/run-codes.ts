// Codes of a cell's kind and state, its flags, the roles of frames and the kinds of edges, as the columns hold them.

import type { EdgeKind } from "../compiler/plan-steps.ts";

/** Kinds by code. */
export const cellKinds = [
  "entry",
  "task",
  "flow",
  "if",
  "for",
  "item",
  "let",
  "var",
  "join",
  "repeat",
  "phase",
  "gate",
  "check",
  "approve",
  "rollback",
  "early",
] as const;

/**
 * States by code: `branch` is skipped because the other branch was taken, `skipped` because of a failure. From `FAILED` on
 * all that did not end well.
 */
export const WAITING = 0;
export const READY = 1;
export const RUNNING = 2;
/** Its end is not known, and a person decides. */
export const UNKNOWN = 3;
export const SUCCEEDED = 4;
export const FAILED = 5;
export const SKIPPED = 6;
export const BRANCH = 7;
export const CANCELLED = 8;

// Flags of a cell

/** Nothing more happens to it. */
export const SETTLED = 1;
/** Its `otherwise` answered for it. */
export const ANSWERED = 2;
/** Waits for a guard: a failure of what it uses does not count before the guard is known. */
export const GUARDED = 4;
/** What it is skipped by is no answerable failure: the whole of which it is a part does not run. */
export const HARD = 8;
/** Of an `if`: the condition is known; `TAKEN_ELSE`: and was false. */
export const DECIDED = 16;
export const TAKEN_ELSE = 32;
/** Of an `if`: its guard edges have been released. */
export const FIRED = 64;
/** A growth below it is asked for: the items of a `for`, a pass, or the frame of its `otherwise`. */
export const WANTS = 128;
/** Part of an `otherwise` of a node that is tried again. */
export const DORMANT = 256;
/** Running, but its `for` is past what it tolerates or has enough: not repeated, not answered. */
export const DROPPED = 512;
/** Of an item: something in it was started and it has not settled. */
export const IN_PROGRESS = 1024;
/** Waits for the phase or gate above it: what else it uses and has failed does not count before that is known. */
export const BARRED = 2048;
/** Was settled when it was made: nothing that happens later makes another value of it. */
export const FIXED = 4096;
/** Of a `for`, or a call of a flow inside of itself: its parts were made when what they are made of was known. */
export const LATE = 8192;

/** A block whose whole was cancelled: only its `finally` still runs. */
export const CALLED_OFF = 1 << 20;
/** Past its deadline: nothing more of it starts, and it fails. */
export const EXPIRED = 1 << 21;
/** In a handler of an earlier opening: what it did is history. */
export const PAST = 1 << 22;

/** Of a `for`: the items it has made wait until its list was computed anew. */
export const ASLEEP = 1 << 23;
/** Skipped by a person, whatever follows from that. */
export const BY_PERSON = 1 << 24;
/** Skipped by a person, which is no failure: only what needs its answer cannot go on. */
export const EXCUSED = 1 << 25;

// Roles of a frame below its owner

export const MAIN = 0;
export const THEN = 1;
export const ELSE = 2;
export const FALLBACK = 3;
/**
 * Handlers of a block have roles below 0: odd for `on failure`, even for `finally`, two less for each time that the
 * block was opened again.
 */
export const ON_FAILURE = -1;
export const FINALLY = -2;
/** Pass `k` of a `repeat`, counted from 1, has the role `PASS + k`. No role is above these. */
export const PASS = 100;

// Kinds of edges in the lists

export const EDGE_DATA = 0;
export const EDGE_ORDER = 1;
export const EDGE_PHASE = 2;
export const EDGE_GATE = 3;
export const EDGE_EARLY = 4;
export const edgeCodes: Readonly<Record<EdgeKind, number>> = {
  data: 0,
  order: 1,
  phase: 2,
  gate: 3,
  early: 4,
};
/** In handlers: what stands there waits until it has settled, well or not. */
export const EDGE_TOLERANT = 10;
/** From a frame's guard; a failure of it is not answered inside. */
export const EDGE_GUARD = 5;
/** From the `deps` cell of an item to the item's own cells; a failure of it may be answered. */
export const EDGE_ITEM = 6;

/** Is it a frame of `finally`, which goes on when its block is cancelled? */
export function isFinally(role: number): boolean {
  return role < 0 && role % 2 === 0;
}
