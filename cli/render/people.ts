// What people are asked and what they say, as lines for people.

import { spellMoney } from "../../compiler/spell.ts";
import type { Event } from "../../runtime/events.ts";
import type { RunView } from "../../runtime/run-view.ts";
import { moment } from "./amounts.ts";
import type { Paint } from "./color.ts";
import { tokensText } from "./spending.ts";
import { visible } from "./text.ts";

/** The line of an event about a gate, or of what a person did; null for all others. */
export function peopleLine(event: Event, run: RunView, paint: Paint): string | null {
  const item = (label: string): string =>
    "n" in event ? `${visible(run.name(event.n))}: ${visible(label)}` : visible(label);
  switch (event.type) {
    case "gate.checked": {
      if (event.held) return `${paint("good", "✓")} ${item(event.check)}`;
      const why = event.message === undefined ? "" : `: ${visible(event.message)}`;
      return `${paint("error", "✗")} ${item(event.check)}: did not hold${why}`;
    }
    case "gate.opened":
      return `${paint("note", "?")} ${item(event.item)}: ${askedText(event.asks ?? null, event.until ?? null)}`;
    case "gate.decided": {
      const said =
        event.answer === "expired" ? "was not answered in time" : `${event.answer}${byText(event)}`;
      if (event.late === true) return `${paint("warning", "·")} ${item(event.item)}: ${said}, too late`;
      const sign = event.answer === "approved" ? paint("good", "✓") : paint("error", "✗");
      return `${sign} ${item(event.item)}: ${said}`;
    }
    case "node.decided": {
      const what = { succeeded: "it has happened", failed: "it has failed", again: "it is to run again" }[
        event.as
      ];
      return `${paint("note", "·")} ${item(what)}, said${byText(event)}`;
    }
    case "node.cancelled":
      // Of the nodes that are ended by it, each says so itself.
      if (event.why !== "deadline" || run.kind(event.n) === "task") return null;
      return `${paint("error", "✗")} ${visible(run.name(event.n))} is past its deadline`;
    case "attempt.started":
      return event.spoiled === undefined
        ? null
        : `${paint("warning", "!")} ${item(event.spoiled.replace(/\.$/, ""))}`;
    case "budget.extended": {
      const amount = event.cost === undefined ? tokensText(event.tokens ?? 0) : spellMoney(event.cost);
      return `${paint("note", "·")} ${item(`its budget was extended by ${amount}`)}${byText(event)}`;
    }
    case "node.paused":
    case "node.resumed":
    case "node.skipped":
      return `${paint("warning", "·")} ${visible(run.name(event.n))}: ${acts[event.type]}${byText(event)}`;
    case "node.retried":
      return `${paint("warning", "↻")} ${visible(run.name(event.n))}: ${acts[event.type]}${byText(event)}`;
    case "run.cancelled":
      return event.why === "cancel" ? `${paint("warning", "■")} cancelled${byText(event)}` : null;
    default:
      return null;
  }
}

/** `publish: it is not known how it ended: flowc stopped while it ran` */
export function unknownText(run: RunView, n: number): string {
  const message = (run.error(n)[0]?.message ?? "").replace(/\.$/, "");
  return `${visible(run.name(n))}: it is not known how it ended${message === "" ? "" : `: ${visible(message)}`}`;
}
const acts = {
  "node.paused": "paused",
  "node.resumed": "resumed",
  "node.skipped": "skipped",
  "node.retried": "run anew, asked for",
} as const;

/** `asks lead, until 2026-11-23 10:00:00` */
export function askedText(asks: string | null, until: number | null): string {
  const who = asks === null ? "asks for an approval" : `asks ${visible(asks)}`;
  return until === null ? who : `${who}, until ${moment(until)}`;
}

/** ` by ada (looks good)` */
export function byText({ by, note }: { readonly by?: string; readonly note?: string }): string {
  const who = by === undefined ? "" : ` by ${visible(by)}`;
  return note === undefined ? who : `${who} (${visible(note)})`;
}
