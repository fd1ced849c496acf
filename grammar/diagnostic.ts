// A diagnostic: one mistake in a flow, told so that a person can mend it. Drawn by `cli/render/diagnostic`.

import type { Source, Span } from "./source.ts";

export type Severity = "error" | "warning";

/** A second place that helps to understand the first: where a name was defined, where a list got its type. */
export interface Related {
  readonly source: Source;
  readonly span: Span;
  readonly label: string;
}

/** Text replacements in the diagnostic's own source that mend the mistake; they never overlap. */
export interface Fix {
  /** What the fix does, in the imperative: "Rename it to `build_all`". */
  readonly title: string;
  readonly edits: readonly { readonly span: Span; readonly text: string }[];
}

/** One mistake. `title` never holds values of the program; `label` (under the span) does. */
export interface Diagnostic {
  /** A stable name in words, `unknown-name`; `flowc explain CODE` tells about it. */
  readonly code: string;
  readonly severity: Severity;
  readonly source: Source;
  /** The smallest span that is true of the mistake. */
  readonly span: Span;
  readonly title: string;
  readonly label: string;
  readonly related: readonly Related[];
  readonly hint?: string;
  readonly fix?: Fix;
}

/** A source's text with a fix applied. */
export function applyFix(source: Source, fix: Fix): string {
  let text = "";
  let at = 0;
  for (const edit of [...fix.edits].sort((a, b) => a.span.start - b.span.start)) {
    text += source.text.slice(at, edit.span.start) + edit.text;
    at = edit.span.end;
  }
  return text + source.text.slice(at);
}
