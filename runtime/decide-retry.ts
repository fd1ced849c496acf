// Whether and when an attempt that did not succeed is repeated.

import type { FailureReason, RetryPolicy } from "../compiler/plan-tasks.ts";
import type { EventBody, Outcome, Why } from "./events.ts";
import type { Run } from "./run.ts";
import { DROPPED } from "./run-codes.ts";
import { isOnce, plainSettings } from "./run-settings.ts";
import { spentAround } from "./run-spending.ts";

/** So many attempts in a row may be lost or silent: then it is no accident, and the node has failed. */
export const lostMax = 5;

/** The first lost attempt is made again at once. A machine that fails once more gets time to come to itself. */
const lostAgain = { backoff: 1, factor: 2, max: 8 };

/**
 * So many times in a row a node's agent may be told that nothing is given now. Where it is not said how long to wait, that is
 * more than an hour: who is told so then will be told so again.
 */
export const limitedMax = 24;
const limitedAgain = { backoff: 2, factor: 2, max: 300 };

/** Repeats are put off by up to so much of their backoff, by chance, so that many do not come back at once. */
const jitter = 0.2;

/** The message of an attempt after which flowc gives up what spends none of a task's repeats; else nothing. */
export function gaveUp(
  run: Run,
  n: number,
  {
    outcome,
    why,
    message = "",
  }: Pick<Extract<EventBody, { type: "attempt.ended" }>, "outcome" | "why" | "message">,
): { readonly message?: string } {
  if (isOnce(run, n) || run.has(n, DROPPED) || why === "budget") return {};
  const [times, max] =
    why === "limited"
      ? [run.asks.limited(n) + 1, limitedMax]
      : outcome === "lost" || why === "stall"
        ? [run.lost.get(n) + 1, lostMax]
        : [0, 1];
  const end = `It went so ${times} times in a row, and flowc gave up.`;
  return times < max ? {} : { message: message === "" ? end : `${message} ${end}` };
}

/** Which reason of `retry`'s `on` a failure counts as; null: repeating it cannot help. */
const reasons: Readonly<Record<Why, FailureReason | null>> = {
  exit: "exit",
  timeout: "timeout",
  // Made again however often the task repeats.
  stall: null,
  invalid: "invalid",
  writes: "writes",
  conflict: "conflict",
  // What a function throws is its exit; a `return` that cannot be computed is an answer that is not valid.
  throw: "exit",
  // Made again without counting as a repeat.
  limited: null,
  budget: null,
  away: null,
  value: "invalid",
  launch: null,
};

/** The wall time, in ms, of the `repeat`-th repeat (from 1). `chance` is from 0 up to 1. */
export function retryAt(
  policy: Pick<RetryPolicy, "backoff" | "factor" | "max">,
  repeat: number,
  now: number,
  chance: number,
): number {
  const seconds = Math.min(policy.backoff * policy.factor ** (repeat - 1), policy.max);
  return now + Math.round(seconds * 1000 * (1 + jitter * chance));
}

/**
 * What `attempt.ended` says as `again_at` for the attempt under way: when it is repeated, or null if it is not. A lost
 * or silent attempt spends none of the task's repeats, nor does one that met a limit, which is repeated after `afterMs`, if
 * that is known. What may be done only once is never repeated, unless it found no place to begin.
 */
export function againAt(
  run: Run,
  n: number,
  outcome: Outcome,
  why: Why | null,
  now: number,
  chance: number,
  afterMs: number | null = null,
): number | null {
  if (run.has(n, DROPPED) || outcome === "succeeded" || outcome === "cancelled") return null;
  if (isOnce(run, n) && !(outcome === "lost" && why === "launch")) return null;
  // It then waits for a person. An agent that is wrong about what it has spent has failed.
  if (why === "budget") return spentAround(run, n) === null ? null : now;
  if (why === "limited") {
    const before = run.asks.limited(n);
    if (before + 1 >= limitedMax) return null;
    if (afterMs === null) return retryAt(limitedAgain, before + 1, now, chance);
    return now + Math.round(afterMs * (1 + jitter * chance));
  }
  if (outcome === "lost" || why === "stall") {
    const before = run.lost.get(n);
    if (before + 1 >= lostMax) return null;
    return before === 0 ? now : retryAt(lostAgain, before, now, chance);
  }
  const policy = plainSettings(run, n).retry;
  const failed = run.failures.get(n);
  const reason = why === null ? null : reasons[why];
  if (failed >= policy.times || reason === null || !policy.on.includes(reason)) return null;
  return retryAt(policy, failed + 1, now, chance);
}
