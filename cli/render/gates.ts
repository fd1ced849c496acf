// Gates as people see them: each check and each approval, what became of it, and how to answer what is open.

import type { Decision } from "../../runtime/run-people.ts";
import type { ApprovalView, CheckView, GateView, Question } from "../../runtime/run-view.ts";
import { shellWord } from "../stop.ts";
import { moment } from "./amounts.ts";
import type { Paint } from "./color.ts";
import { askedText, byText } from "./people.ts";
import { visible } from "./text.ts";

/** `gate ship has not passed`, and a line for each of its items. */
export function gateLines(gate: GateView, paint: Paint): readonly string[] {
  const open = gate.items.some((item) => item.kind === "approve" && item.state === "open");
  const how =
    gate.passed === null
      ? open
        ? "waits for a person"
        : "has not been reached, or is being evaluated"
      : gate.passed
        ? "has passed"
        : "has not passed";
  return [`gate ${visible(gate.name)} ${how}`, ...gate.items.map((item) => `  ${itemLine(item, paint)}`)];
}

function itemLine(item: CheckView | ApprovalView, paint: Paint): string {
  const { sign, says } = item.kind === "check" ? checkText(item) : approvalText(item);
  const style = sign === "✓" ? "good" : sign === "✗" ? "error" : sign === "?" ? "note" : "dim";
  return `${paint(style, sign)} ${visible(item.item)}${says === "" ? "" : `: ${says}`}`;
}

interface ItemText {
  readonly sign: "✓" | "✗" | "?" | "·";
  readonly says: string;
}

function checkText({ held, note }: CheckView): ItemText {
  if (held === null) return { sign: "·", says: "" };
  return held
    ? { sign: "✓", says: "" }
    : { sign: "✗", says: `did not hold${note === null ? "" : `: ${visible(note)}`}` };
}

function approvalText({ state, asks, until, decision, late, note }: ApprovalView): ItemText {
  const after = late.map((one) => `; ${decidedText(one)}, too late`).join("");
  if (decision !== null)
    return { sign: decision.answer === "approved" ? "✓" : "✗", says: decidedText(decision) + after };
  if (note !== null) return { sign: "✗", says: visible(note) };
  if (state === "open") return { sign: "?", says: askedText(asks, until) };
  return { sign: "·", says: state === "closed" ? "not asked" : "not asked yet" };
}

/** `approved by ada at 2026-11-21 10:00:00 (looks good)` */
function decidedText({ answer, by, note, at }: Decision): string {
  if (answer === "expired") return `not answered by ${moment(at)}`;
  const who = by === null ? "" : byText({ by });
  return `${answer}${who} at ${moment(at)}${note === null ? "" : ` (${visible(note)})`}`;
}

/** The commands by which a question is answered, as they are typed. */
export function answerCommand(run: string, { gate, item }: Question, flag: string): string {
  return `flowc approve ${run} ${shellWord(gate)} ${shellWord(item)}${flag}`;
}
