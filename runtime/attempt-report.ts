// How an attempt ended, as it is recorded: what went wrong as a sentence, and never with a secret in it.

import { ArtifactError } from "./artifacts.ts";
import type { EventBody } from "./events.ts";
import { GitProblem } from "./git/git.ts";
import { holdsSecret, redactText } from "./redact.ts";
import { ValueError } from "./values.ts";
import { WorkspaceError } from "./workspace.ts";

/** How it ended: an `attempt.ended` without what only the run knows. */
export type AttemptReport = Omit<
  Extract<EventBody, { type: "attempt.ended" }>,
  "type" | "n" | "a" | "again_at" | "print"
>;

/** What could not be done: by the task's own fault, or by that of the machine. */
export function reportOf(error: unknown): AttemptReport {
  if (error instanceof ArtifactError) return failed("value", `${capitalized(error.message)}.`);
  if (error instanceof GitProblem)
    return {
      ...failed(error.why, error.message),
      ...(error.printed === "" ? {} : { tail: error.printed.slice(-2048) }),
    };
  if (error instanceof WorkspaceError) return { outcome: "failed", why: "launch", message: error.message };
  if (error instanceof ValueError)
    return {
      outcome: "failed",
      why: "value",
      message: `Its values could not be evaluated: ${error.message}.`,
    };
  const message = error instanceof Error ? error.message : String(error);
  const problem = error instanceof Error && "problem" in error ? error.problem : null;
  if (problem === "refused") return { outcome: "failed", why: "launch", message };
  if (problem === "lost") return { outcome: "lost", message };
  return { outcome: "lost", message: `This machine failed: ${message}` };
}

/** Nothing that goes into the journal holds a secret; an answer that does is no answer. */
export function redacted(report: AttemptReport, secrets: readonly Buffer[]): AttemptReport {
  if (secrets.length === 0) return report;
  const { value, files, message, tail, ...rest } = report;
  const texts = {
    ...(message === undefined ? {} : { message: redactText(message, secrets) }),
    ...(tail === undefined ? {} : { tail: redactText(tail, secrets) }),
  };
  if (holdsSecret(JSON.stringify([value ?? null, files ?? []]), secrets))
    return {
      outcome: "failed",
      why: "invalid",
      message: "Its answer holds a secret, which must never be recorded.",
    };
  return {
    ...rest,
    ...texts,
    ...(value === undefined ? {} : { value }),
    ...(files === undefined ? {} : { files }),
  };
}

function capitalized(clause: string): string {
  return clause.charAt(0).toUpperCase() + clause.slice(1);
}

export const cancelled: AttemptReport = { outcome: "cancelled" };

/** It was told to end before anything of it ran. */
export const neverBegan: AttemptReport = { outcome: "cancelled", why: "launch" };

export function failed(why: NonNullable<AttemptReport["why"]>, message: string): AttemptReport {
  return { outcome: "failed", why, message };
}
