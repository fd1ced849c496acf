// Lines at the bottom of a terminal that are drawn anew in place; what is written above them scrolls away as usual.

import { rowsTaken } from "./text.ts";

/** What drawing needs of a terminal. */
export interface Terminal {
  write(text: string): void;
  columns(): number | null;
  rows(): number | null;
}

export interface LiveLines {
  /** Writes `above` for good, and `lines` below it instead of those drawn before. Lines fit the terminal. */
  draw(above: readonly string[], lines: readonly string[]): void;
  /** Takes the lines away. */
  clear(): void;
  /** They stand where they are: someone else has written below them, such as a shell while we were stopped. */
  forget(): void;
}

const toLineEnd = "\u001b[K";
const toScreenEnd = "\u001b[J";

/** No alternate screen and no hidden cursor: whatever ends the program, the terminal is as it was. */
export function liveLines(terminal: Terminal): LiveLines {
  let drawn: readonly string[] = [];
  const home = (): string => {
    const up = rowsOf(drawn, columnsOf(terminal));
    return up === 0 ? "" : `\r\u001b[${up}A`;
  };
  return {
    draw: (above, lines) => {
      if (above.length === 0 && sameLines(lines, drawn)) return;
      // Where nothing scrolls, each line is written over the one before, so that nothing flickers.
      const tall =
        drawn.length > 0 && (above.length > 0 || rowsOf(drawn, columnsOf(terminal)) > drawn.length);
      const text = [...above, ...lines.map((line) => line + (tall ? "" : toLineEnd))];
      const rest = !tall && drawn.length > lines.length ? toScreenEnd : "";
      terminal.write(`${home()}${tall ? toScreenEnd : ""}${text.map((line) => `${line}\n`).join("")}${rest}`);
      drawn = lines;
    },
    clear: () => {
      if (drawn.length > 0) terminal.write(home() + toScreenEnd);
      drawn = [];
    },
    forget: () => {
      drawn = [];
    },
  };
}

function columnsOf(terminal: Terminal): number {
  return terminal.columns() ?? Number.POSITIVE_INFINITY;
}

/** A terminal that became narrower has broken the lines that no longer fit. */
function rowsOf(lines: readonly string[], columns: number): number {
  return lines.reduce((sum, line) => sum + rowsTaken(line, columns), 0);
}

function sameLines(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((line, i) => line === b[i]);
}
