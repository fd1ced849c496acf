// How diagnostics reach a person or a program: drawn one after the other, or as JSON.

import type { Diagnostic } from "../grammar/diagnostic.ts";
import { position, type Source, type Span } from "../grammar/source.ts";
import { renderDiagnostic, renderSummary } from "./render/diagnostic.ts";
import { exits, Stop } from "./stop.ts";
import type { Channel } from "./world.ts";

/** A wrong file can be wrong in ten thousand ways; nobody reads past these. */
const drawnMax = 50;

export function errorsIn(diagnostics: readonly Diagnostic[]): number {
  return diagnostics.filter((one) => one.severity === "error").length;
}

/** Draws all, with an empty line after each, and how many there were. */
export function tell(diagnostics: readonly Diagnostic[], to: Channel): void {
  const width = to.columns();
  const options = { color: to.color, ...(width === null ? {} : { width }) };
  for (const one of diagnostics.slice(0, drawnMax)) to.write(`${renderDiagnostic(one, options)}\n\n`);
  const errors = errorsIn(diagnostics);
  const summary = renderSummary(errors, diagnostics.length - errors, options);
  const more = diagnostics.length - drawnMax;
  if (summary !== "") to.write(`${summary}${more > 0 ? `, of which the first ${drawnMax} are shown` : ""}\n`);
}

/** Tells what was found; errors end the command. */
export function mustBeWell(diagnostics: readonly Diagnostic[], to: Channel, next: string): void {
  tell(diagnostics, to);
  if (errorsIn(diagnostics) > 0) throw new Stop(exits.wrong, "", next, diagnostics);
}

function range(source: Source, span: Span) {
  const start = position(source, span.start);
  const end = position(source, span.end);
  return { line: start.line, column: start.column, end_line: end.line, end_column: end.column };
}

/** One diagnostic as in the JSON of `flowc check --json`: 1-based, columns in UTF-16 units, ends exclusive. */
export function asJson(one: Diagnostic) {
  return {
    code: one.code,
    severity: one.severity,
    file: one.source.path,
    ...range(one.source, one.span),
    title: one.title,
    label: one.label,
    hint: one.hint ?? null,
    related: one.related.map((each) => ({
      file: each.source.path,
      ...range(each.source, each.span),
      label: each.label,
    })),
    fix:
      one.fix === undefined
        ? null
        : {
            title: one.fix.title,
            edits: one.fix.edits.map((edit) => ({ ...range(one.source, edit.span), text: edit.text })),
          },
  };
}
