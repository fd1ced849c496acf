// A failure as people see it: what failed, why, and the last lines of its output.

import type { State } from "../../runtime/run-view.ts";
import type { Paint } from "./color.ts";
import { cut, visible, visibleLines } from "./text.ts";

const tailLinesMax = 6;

/** `✗ build[core] failed: …` with the last lines of its output. Those are cut to the terminal; the reason is told whole. */
export function failureLines(
  what: {
    readonly name: string;
    readonly message: string;
    readonly tail: string | null;
    readonly state?: State;
  },
  columns: number,
  paint: Paint,
): readonly string[] {
  const [first = "", ...more] = visibleLines(what.message).split("\n");
  const how = what.state === "skipped" ? "did not run" : "failed";
  const head = `${visible(what.name)} ${how}${first === "" ? "" : `: ${first}`}`;
  const lines = [`${paint("error", "✗")} ${head}`];
  for (const line of more) lines.push(`  ${line}`);
  const tail = visibleLines((what.tail ?? "").trimEnd()).split("\n");
  const shown = tail.slice(-tailLinesMax).filter((line, i) => line !== "" || i > 0);
  for (const line of shown) lines.push(paint("dim", cut(`    ${line}`, columns)));
  return lines;
}

/** Of failures that follow each other with the very same words, and have printed nothing, the words are told once. */
export class Failures {
  private last = "";
  private readonly notes = new Set<string>();

  /** Is that to be told of a node that is well? Each of a thousand may say the same: it is told once. */
  isNews(note: string): boolean {
    if (note === "" || this.notes.has(note)) return false;
    this.notes.add(note);
    return true;
  }

  lines(
    what: { readonly name: string; readonly message: string; readonly tail: string | null },
    columns: number,
    paint: Paint,
  ): readonly string[] {
    const isSame = what.message !== "" && what.message === this.last && (what.tail ?? "") === "";
    this.last = (what.tail ?? "") === "" ? what.message : "";
    if (!isSame) return failureLines(what, columns, paint);
    return [`${paint("error", "✗")} ${visible(what.name)} failed likewise`];
  }
}
