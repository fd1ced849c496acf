// A snippet: lines of one source with their numbers, and under them the marks that point at what is meant.

import { lineStarts, lineText, position, type Source, type Span } from "../../grammar/source.ts";
import type { Paint, Style } from "./color.ts";
import { type Cell, cells, visible } from "./text.ts";

export interface Mark {
  readonly span: Span;
  readonly label: string;
  /** The mark that it is all about: `^`; the others are `-`. */
  readonly main: boolean;
  readonly style: Style;
}

/** Lines of a long span shown at its start before the gap; the last one is always shown. */
const headLinesMax = 3;
/** What must stay of a line for its text to be of use. */
const columnsMin = 30;

/** A mark with its lines; `to` is a column after the last character on its last line. */
interface Placed extends Mark {
  readonly firstLine: number;
  readonly lastLine: number;
  readonly from: number;
  readonly to: number;
}

function place(source: Source, mark: Mark): Placed {
  const length = source.text.length;
  const start = Math.min(Math.max(0, mark.span.start), length);
  let end = Math.min(Math.max(start, mark.span.end), length);
  // A span that ends with a line end is about the line before.
  while (end > start && source.text[end - 1] === "\n") end--;
  if (end > start && source.text[end - 1] === "\r" && source.text[end] === "\n") end--;
  const first = position(source, start);
  const last = position(source, end);
  return {
    ...mark,
    firstLine: first.line,
    lastLine: last.line,
    from: first.column - 1,
    to: last.column - 1,
  };
}

/** Digits that the largest line number of these marks takes. */
export function numberWidth(source: Source, marks: readonly Mark[]): number {
  return Math.max(...marks.map((mark) => String(place(source, mark).lastLine).length));
}

/**
 * Draws the lines that the marks touch. `digits`: the width of the gutter's numbers; `width`: columns in all; longer
 * lines are cut around what they are shown for.
 */
export function snippet(
  source: Source,
  marks: readonly Mark[],
  digits: number,
  width: number,
  paint: Paint,
): readonly string[] {
  const placed = marks.map((mark) => place(source, mark));
  const multi = placed.some((mark) => mark.lastLine > mark.firstLine);
  const room = Math.max(columnsMin, width - digits - 3 - (multi ? 2 : 0));
  const out: string[] = [];
  const bar = paint("frame", "│");
  const row = (number: string, text: string): void => {
    out.push(`${paint("frame", number.padStart(digits))} ${bar} ${text}`.trimEnd());
  };
  let before = 0;
  for (const line of linesToShow(source, placed)) {
    if (before !== 0 && line > before + 1)
      row("·".padStart(digits), multi ? inside(placed, line - 1, paint) : "");
    before = line;
    const here = placed.filter((mark) => mark.firstLine === line || mark.lastLine === line);
    const edge = edgeOf(placed, line, paint);
    const view = windowed(source, line, here, room);
    row(String(line), (multi ? edge : "") + view.text);
    const singles = here.filter((mark) => mark.firstLine === mark.lastLine);
    for (const mark of singles.sort((a, b) => Number(b.main) - Number(a.main) || a.from - b.from))
      for (const text of under(view, mark, paint)) row("", (multi ? inside(placed, line, paint) : "") + text);
    for (const mark of here.filter((one) => one.lastLine > one.firstLine))
      for (const text of corner(view, mark, line, paint)) row("", text);
  }
  return out;
}

function linesToShow(source: Source, marks: readonly Placed[]): readonly number[] {
  const lines = new Set<number>();
  for (const mark of marks) {
    const head = Math.min(mark.lastLine, mark.firstLine + headLinesMax - 1);
    for (let line = mark.firstLine; line <= head; line++) lines.add(line);
    lines.add(mark.lastLine);
    // An empty line says nothing: show what stands before it.
    let above = mark.firstLine;
    while (above > 1 && lineText(source, above).trim() === "") above--;
    if (above < mark.firstLine && mark.main) lines.add(above);
  }
  const sorted = [...lines].sort((a, b) => a - b);
  // A gap of one line takes as much room as the line.
  const last = lineStarts(source).length;
  for (const line of [...sorted])
    if (lines.has(line + 2) && !lines.has(line + 1) && line + 1 <= last) sorted.push(line + 1);
  return sorted.sort((a, b) => a - b);
}

/** What is drawn left of a line's text where some mark goes over several lines. */
function edgeOf(marks: readonly Placed[], line: number, paint: Paint): string {
  const mark = marks.find(
    (one) => one.lastLine > one.firstLine && one.firstLine < line && line <= one.lastLine,
  );
  return mark === undefined ? "  " : `${paint(mark.style, "│")} `;
}

function inside(marks: readonly Placed[], line: number, paint: Paint): string {
  const mark = marks.find((one) => one.firstLine < line && line < one.lastLine);
  return mark === undefined ? "  " : `${paint(mark.style, "│")} `;
}

interface View {
  readonly text: string;
  /** Column on the screen of an offset into the line; past its end, the column after it. */
  readonly column: (offset: number) => number;
  readonly end: number;
}

/** A line as it is drawn; too long, then only the part around the marks, with `…` where it was cut. */
function windowed(source: Source, line: number, marks: readonly Placed[], room: number): View {
  const text = lineText(source, line);
  const main = marks.find((mark) => mark.main) ?? marks[0];
  const from = main === undefined ? 0 : main.firstLine === line ? main.from : main.to;
  const to = main === undefined || main.lastLine !== line ? from : main.to;
  // A generated file may be one line of megabytes: only what can be seen is looked at.
  const base = Math.max(0, from - 2 * room);
  const piece = text.slice(base, from + 3 * room);
  const all = cells(piece).map((cell) => ({ ...cell, start: cell.start + base, end: cell.end + base }));
  const total = all.reduce((sum, cell) => sum + cell.width, 0);
  if (piece === text && total <= room) return viewOf(all, "", "");
  const start = columnOf(all, from);
  const stop = Math.min(columnOf(all, to), start + room);
  const spare = Math.max(0, room - (stop - start));
  const left = Math.max(0, Math.min(start - Math.floor(spare / 2), total - room));
  const cutBefore = base > 0 || left > 0;
  const cutAfter = base + piece.length < text.length || left + room < total;
  const kept: Cell[] = [];
  let column = 0;
  for (const cell of all) {
    const end = column + cell.width;
    if (column >= left + (cutBefore ? 1 : 0) && end <= left + room - (cutAfter ? 1 : 0)) kept.push(cell);
    column = end;
  }
  return viewOf(kept, cutBefore ? "…" : "", cutAfter ? "…" : "");
}

function columnOf(all: readonly Cell[], offset: number): number {
  let column = 0;
  for (const cell of all) {
    if (cell.end > offset) return column;
    column += cell.width;
  }
  return column;
}

function viewOf(kept: readonly Cell[], before: string, after: string): View {
  const shift = before.length;
  const end = shift + kept.reduce((sum, cell) => sum + cell.width, 0);
  const first = kept[0]?.start ?? 0;
  return {
    text: before + kept.map((cell) => cell.text).join("") + after,
    column: (offset) => (offset < first ? 0 : shift + columnOf(kept, offset)),
    end: end + after.length,
  };
}

/** `^^^^ label` under a mark that stands on one line. */
function under(view: View, mark: Placed, paint: Paint): readonly string[] {
  const from = view.column(mark.from);
  const to = Math.max(from + 1, Math.min(view.column(mark.to), Math.max(view.end, from + 1)));
  const sign = (mark.main ? "^" : "-").repeat(to - from);
  return labelled(" ".repeat(from), sign, mark, paint);
}

/** `╭────^` under the first line of a long mark, `╰────^ label` under its last. */
function corner(view: View, mark: Placed, line: number, paint: Paint): readonly string[] {
  const opens = line === mark.firstLine;
  const column = opens ? view.column(mark.from) : Math.max(0, view.column(mark.to) - 1);
  const sign = `${opens ? "╭" : "╰"}${"─".repeat(column + 1)}${mark.main ? "^" : "-"}`;
  return opens ? [paint(mark.style, sign)] : labelled("", sign, mark, paint);
}

function labelled(indent: string, sign: string, mark: Placed, paint: Paint): readonly string[] {
  const [first = "", ...more] = mark.label.split("\n").map(visible);
  const start = indent + paint(mark.style, first === "" ? sign : `${sign} ${first}`);
  const below = indent + " ".repeat(sign.length + 1);
  return [start, ...more.map((text) => below + paint(mark.style, text))];
}
