// What follows when a person retries, skips, pauses or resumes a node: whether it can be done, or why not. Pure.

import type { EventBody } from "./events.ts";
import type { Run } from "./run.ts";
import { ANSWERED, BY_PERSON, DROPPED, FALLBACK, SETTLED, SUCCEEDED } from "./run-codes.ts";
import { otherBranch } from "./run-outcomes.ts";
import { around, endingAround, goneWithout } from "./run-retry.ts";

/** `refused`: why nothing follows, a sentence for who asked; with `events`, which are recorded all the same. */
export interface Answer {
  readonly events: readonly EventBody[];
  readonly refused: string | null;
}

export type Verb = "retry" | "skip" | "pause" | "resume";

const events = {
  retry: "node.retried",
  skip: "node.skipped",
  pause: "node.paused",
  resume: "node.resumed",
} as const;

/** `at`: wall ms at which it was asked. */
export function acted(
  run: Run,
  verb: Verb,
  n: number,
  who: { readonly by: string; readonly note?: string },
  at: number,
): Answer {
  const name = n > 0 && n < run.size ? run.name(n) : "";
  if (name === "") return { events: [], refused: "The run has no such node." };
  const why = refusals[verb](run, n, at);
  if (why !== null) return { events: [], refused: `${name} ${why}.` };
  // Of what may be done only once and may have happened, that is the decision.
  if (verb === "retry" && run.unknown.has(n))
    return { events: [{ type: "node.decided", n, as: "again", ...who }], refused: null };
  return { events: [{ type: events[verb], n, ...who }], refused: null };
}

/** Why it cannot be done, as what follows the node's name; null if it can. */
type Refusal = (run: Run, n: number, at: number) => string | null;

const refusals: Readonly<Record<Verb, Refusal>> = {
  pause: (run, n) => {
    const hold = run.people.holds.get(n);
    if (hold !== undefined) return `was paused by ${hold.by} already`;
    if (run.has(n, SETTLED)) return `has ended: ${run.state(n)}`;
    return run.kind(n) === "task" && run.state(n) === "running"
      ? "is running; only what has not started can be paused"
      : null;
  },
  resume: (run, n) => (run.people.holds.has(n) ? null : "is not paused"),
  skip: (run, n) => {
    if (run.kind(n) !== "task") return "is no node; name one of those in it";
    const gate = around(run, n, "gate");
    if (gate >= 0) return `is what a check of ${run.name(gate)} asks, which a person cannot skip`;
    if (n + 1 < run.size && run.kind(n + 1) === "early")
      return "has early fields that others wait for; it cannot be skipped";
    switch (run.state(n)) {
      case "running":
        return "is running; only what has not started, or has failed, can be skipped";
      case "succeeded":
        return "has succeeded";
      case "skipped":
        return `is skipped already: ${reasonOf(run, n)}`;
      case "cancelled":
        return "was cancelled";
      case "unknown":
        return undecided;
      case "failed":
        return gone(run, n);
      default:
        return run.has(n, BY_PERSON)
          ? "is skipped already: its `otherwise` stands in when its turn comes"
          : null;
    }
  },
  retry: (run, n, at) => {
    if (run.kind(n) !== "task") return "is no node; name one of those in it";
    switch (run.state(n)) {
      case "running":
        return "is running";
      case "unknown":
        return run.has(n, DROPPED | SETTLED) ? "may have happened, and nothing needs it any more" : null;
      case "succeeded":
        return "has succeeded, and what has succeeded is never made again in its run";
      case "cancelled":
        return "was cancelled, since nothing needs it any more";
      case "skipped":
        if (run.has(n, BY_PERSON)) return skippedGone(run, n);
        return `has not failed itself; it is skipped: ${reasonOf(run, n)}`;
      case "failed":
        return gone(run, n);
      default:
        // An opening puts back all that failed: who asked before that has it already.
        return run.againAt(n) !== null || at <= run.people.openedAt
          ? null
          : "has not failed; it has not started yet";
    }
  },
};

const undecided =
  "may have happened, and nobody can say; decide about it with `flowc approve`, `flowc reject` or `flowc retry`";

function skippedGone(run: Run, n: number): string | null {
  if (!run.has(n, SETTLED)) return "was skipped, and its `otherwise` is at work";
  return run.has(n, ANSWERED) ? "was skipped, and what waited for it has gone on" : gone(run, n);
}

/** Has something gone on without it? */
function gone(run: Run, n: number): string | null {
  if (!run.has(n, SETTLED)) return "has failed, and its `otherwise` is at work";
  if (run.has(n, ANSWERED)) return "has failed, and its `otherwise` stood in for it";
  const fallback = around(run, n, null, FALLBACK);
  if (fallback >= 0 && run.states.get(fallback) !== SUCCEEDED)
    return `stands in for ${run.name(fallback)}; retry or skip that`;
  if (run.handler(n) !== null) return "is part of a handler, which is over";
  const branch = otherBranch(run, n);
  if (branch >= 0) return `is part of a branch of ${run.name(branch)} that was not chosen`;
  const ending = endingAround(run, n);
  if (ending >= 0) return `has failed, and ${run.name(ending)} is being ended already`;
  const whole = goneWithout(run, n);
  if (whole < 0) return null;
  return run.good(whole)
    ? `is part of ${run.name(whole)}, which has ended well without it`
    : `is part of ${run.name(whole)}, which was not chosen`;
}

function reasonOf(run: Run, n: number): string {
  return run.error(n)[0]?.message ?? "it was not chosen";
}
