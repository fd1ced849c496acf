// What follows from what a person asked of a run: the events to record, or why nothing does. Pure.

import { type Answer, acted } from "./answer-acts.ts";
import type { EventBody } from "./events.ts";
import type { Ask, Request } from "./requests.ts";
import type { Run } from "./run.ts";
import { itemOf } from "./run-approvals.ts";
import { DROPPED, SETTLED } from "./run-codes.ts";
import type { Decision } from "./run-people.ts";
import { boundOf } from "./run-spending.ts";

/** The one road from a request to events: each kind that people can ask has its case here. */
export function answerTo(run: Run, request: Request): Answer {
  const { ask, by, note } = request;
  if (run.status !== "running") return refused("The run has ended.");
  if (ask === null) return refused("The flowc that runs it is older and does not know this request.");
  const who = { by, ...(note === null ? {} : { note }) };
  switch (ask.kind) {
    case "cancel":
      if (run.cancelled !== null) return refused("The run is being cancelled already.");
      return { events: [{ type: "run.cancelled", why: "cancel", ...who }], refused: null };
    case "decide":
      return decided(run, request, ask, who);
    case "settle":
      return settled(run, ask, who);
    case "extend":
      return extended(run, ask, who);
    case "retry":
    case "skip":
    case "pause":
    case "resume":
      return acted(run, ask.kind, ask.n, who, request.at);
  }
}

function refused(why: string): Answer {
  return { events: [], refused: why };
}

interface Who {
  readonly by: string;
  readonly note?: string;
}

/** An answer counts from when it was given: one given in time is not late because it was heard late. */
function decided(run: Run, { at }: Request, ask: Extract<Ask, { kind: "decide" }>, who: Who): Answer {
  const { n, item, answer } = ask;
  const what = `${run.name(n)}: ${item}`;
  const known = run.people.approvals.get(itemOf(run, n, item));
  if (known === undefined) return refused(`${what} has not been asked yet: its checks come first.`);
  const { decision, until } = known;
  if (decision !== null && decision.answer !== "expired")
    return refused(`${what} ${decisionText(decision)}.`);
  const event: EventBody = { type: "gate.decided", n, item, answer, ...who, given: at };
  if (until === null || at <= until) {
    if (decision === null) return { events: [event], refused: null };
  }
  const events: EventBody[] = [{ ...event, late: true }];
  if (decision === null)
    events.unshift({ type: "gate.decided", n, item, answer: "expired", given: until ?? at });
  return {
    events,
    refused: `${what} was to be answered by ${timeText(until ?? at)}: this came too late, and is only recorded.`,
  };
}

/** A budget may be extended before it is spent, too. */
function extended(run: Run, { n, cost, tokens }: Extract<Ask, { kind: "extend" }>, who: Who): Answer {
  const bound = n < run.size ? boundOf(run, n) : null;
  const name = n < run.size ? run.name(n) : `cell ${n}`;
  if (bound === null) return refused(`${name} has no budget.`);
  if (cost !== null && bound.cost === null) return refused(`The budget of ${name} does not bound money.`);
  if (tokens !== null && bound.tokens === null)
    return refused(`The budget of ${name} does not bound tokens.`);
  if ((cost ?? 1) <= 0 || (tokens ?? 1) <= 0) return refused("A budget is extended by more than nothing.");
  const amounts = { ...(cost === null ? {} : { cost }), ...(tokens === null ? {} : { tokens }) };
  return { events: [{ type: "budget.extended", n, ...amounts, ...who }], refused: null };
}

/** What a person says of a node of which nobody can say how it ended. */
function settled(run: Run, { n, as, value }: Extract<Ask, { kind: "settle" }>, who: Who): Answer {
  const name = n < run.size ? run.name(n) : `cell ${n}`;
  if (!run.unknown.has(n)) {
    const state = n < run.size ? run.state(n) : "not there";
    const is = state === "succeeded" || state === "failed" ? `has ${state}` : `is ${state}`;
    return refused(`There is nothing to decide about ${name}: it ${is}.`);
  }
  if (as === "again" && run.has(n, DROPPED | SETTLED)) return refused(`Nothing needs ${name} any more.`);
  const given = value === undefined ? {} : { value };
  return { events: [{ type: "node.decided", n, as, ...given, ...who }], refused: null };
}

/** `was approved by ada at … (looks good)` */
export function decisionText({ answer, by, note, at }: Decision): string {
  if (answer === "expired") return `was not answered by ${timeText(at)}`;
  return `was ${answer}${by === null ? "" : ` by ${by}`} at ${timeText(at)}${note === null ? "" : ` (${note})`}`;
}

function timeText(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19).replace("T", " ")} UTC`;
}
