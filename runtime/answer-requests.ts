// What follows from what a person asked of a run: the events to record, or why nothing does. Pure.

import type { EventBody } from "./events.ts";
import type { Request } from "./requests.ts";
import type { Run } from "./run.ts";

/** `refused`: a sentence for who asked. */
export type Answer = { readonly events: readonly EventBody[] } | { readonly refused: string };

/** The one road from a request to events: each kind that people can ask has its case here. */
export function answerTo(run: Run, request: Request): Answer {
  const { ask, by, note } = request;
  if (run.status !== "running") return { refused: "The run has ended." };
  if (ask === null) return { refused: "The flowc that runs it is older and does not know this request." };
  const who = { by, ...(note === null ? {} : { note }) };
  switch (ask.kind) {
    case "cancel":
      if (run.cancelled !== null) return { refused: "The run is being cancelled already." };
      return { events: [{ type: "run.cancelled", why: "cancel", ...who }] };
    case "decide":
    case "retry":
    case "skip":
    case "pause":
    case "resume":
      return { refused: "" };
  }
}
