// Draws a diagnostic for people: title, the lines it is about with what to look at marked, hint, and the fix.

import type { Diagnostic, Fix } from "../../grammar/diagnostic.ts";
import { lineText, position, type Source } from "../../grammar/source.ts";
import { type Paint, painter } from "./color.ts";
import { type Mark, numberWidth, snippet } from "./snippet.ts";
import { cells, count, visible } from "./text.ts";

export interface DiagnosticOptions {
  readonly color: boolean;
  /** Columns of the terminal; 120 if not known. */
  readonly width?: number;
}

const widthDefault = 120;
/** A fix that changes more lines than this is only named. */
const fixLinesMax = 4;

/** One diagnostic as lines, the last without a newline. */
export function renderDiagnostic(diagnostic: Diagnostic, options: DiagnosticOptions): string {
  const paint = painter(options.color);
  const width = options.width ?? widthDefault;
  const { severity, code, source } = diagnostic;
  const main: Mark = { span: diagnostic.span, label: diagnostic.label, main: true, style: severity };
  const near = diagnostic.related.filter((one) => one.source === source);
  const marks = [main, ...near.map(({ span, label }) => aside(span, label))];
  const far = diagnostic.related.filter((one) => one.source !== source);
  const digits = Math.max(
    numberWidth(source, marks),
    ...far.map((one) => numberWidth(one.source, [aside(one.span, one.label)])),
  );
  const place = (where: Source, offset: number): string => {
    const { line, column } = position(where, offset);
    return `${" ".repeat(digits)}${paint("frame", "┌─")} ${visible(where.path)}:${line}:${column}`;
  };
  const lines = [
    `${paint(severity, `${severity}[${visible(code)}]`)}${paint("strong", `: ${visible(diagnostic.title)}`)}`,
    place(source, diagnostic.span.start),
    ...snippet(source, marks, digits, width, paint),
  ];
  for (const one of far) {
    lines.push(place(one.source, one.span.start));
    lines.push(...snippet(one.source, [aside(one.span, one.label)], digits, width, paint));
  }
  const indent = " ".repeat(digits + 1);
  if (diagnostic.hint !== undefined) lines.push(...note("hint", diagnostic.hint, indent, paint));
  if (diagnostic.fix !== undefined) lines.push(...fixLines(source, diagnostic.fix, indent, paint));
  return lines.join("\n");
}

function aside(span: Mark["span"], label: string): Mark {
  return { span, label, main: false, style: "note" };
}

function note(word: string, text: string, indent: string, paint: Paint): readonly string[] {
  const [first = "", ...more] = text.split("\n").map(visible);
  const below = indent + " ".repeat(word.length + 2);
  return [`${indent}${paint("note", `${word}:`)} ${first}`, ...more.map((line) => (below + line).trimEnd())];
}

/** The fix by its title, and the lines as they would be, unless the title says all that is new. */
function fixLines(source: Source, fix: Fix, indent: string, paint: Paint): readonly string[] {
  const lines = [...note("fix", fix.title, indent, paint)];
  if (fix.edits.every((edit) => edit.text === "" || fix.title.includes(edit.text.trim()))) return lines;
  const edited = fixed(source, fix);
  if (edited.length > fixLinesMax) return lines;
  const below = `${indent}     `;
  return [...lines, ...edited.map((line) => `${below}${paint("good", `+ ${line}`)}`.trimEnd())];
}

function fixed(source: Source, fix: Fix): readonly string[] {
  const edits = [...fix.edits].sort((a, b) => a.span.start - b.span.start);
  const first = edits[0];
  const last = edits.at(-1);
  if (first === undefined || last === undefined) return [];
  const firstLine = position(source, first.span.start);
  const lastLine = position(source, last.span.end);
  let at = first.span.start - (firstLine.column - 1);
  const stop = last.span.end - (lastLine.column - 1) + lineText(source, lastLine.line).length;
  let text = "";
  for (const edit of edits) {
    text += source.text.slice(at, edit.span.start) + edit.text;
    at = edit.span.end;
  }
  text += source.text.slice(at, Math.max(at, stop));
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== "");
  const shared = Math.min(...lines.map((line) => line.length - line.trimStart().length));
  return lines.map((line) =>
    cells(line.slice(shared))
      .map((cell) => cell.text)
      .join(""),
  );
}

/** `2 errors, 1 warning`; "" when there are none. */
export function renderSummary(
  errors: number,
  warnings: number,
  options: DiagnosticOptions = { color: false },
): string {
  const paint = painter(options.color);
  const parts: string[] = [];
  if (errors > 0) parts.push(paint("error", count(errors, "error")));
  if (warnings > 0) parts.push(paint("warning", count(warnings, "warning")));
  return parts.join(", ");
}
