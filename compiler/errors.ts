// How a diagnostic of the compiler is put together; what it says stands in errors-*.ts, by topic.

import type { Diagnostic, Fix, Related, Severity } from "../grammar/diagnostic.ts";
import type { Source, Span } from "../grammar/source.ts";

/** A place in a source. */
export interface At {
  readonly source: Source;
  readonly span: Span;
}

export interface More {
  readonly related?: readonly (Related | null)[];
  readonly hint?: string | null;
  readonly fix?: Fix | null;
}

export function error(code: string, at: At, title: string, label: string, more: More = {}): Diagnostic {
  return make(code, "error", at, title, label, more);
}

export function warning(code: string, at: At, title: string, label: string, more: More = {}): Diagnostic {
  return make(code, "warning", at, title, label, more);
}

function make(
  code: string,
  severity: Severity,
  at: At,
  title: string,
  label: string,
  more: More,
): Diagnostic {
  return {
    code,
    severity,
    source: at.source,
    span: at.span,
    title,
    label,
    related: (more.related ?? []).filter((item): item is Related => item !== null),
    ...(typeof more.hint === "string" ? { hint: more.hint } : {}),
    ...(more.fix === undefined || more.fix === null ? {} : { fix: more.fix }),
  };
}

export function related(at: At | null, label: string): Related | null {
  return at === null ? null : { source: at.source, span: at.span, label };
}

export function replace(title: string, span: Span, text: string): Fix {
  return { title, edits: [{ span, text }] };
}

export function insert(title: string, at: number, text: string): Fix {
  return replace(title, { start: at, end: at }, text);
}

/** `a`, `b` and `c`: at most so many, then how many more. */
export function listed(words: readonly string[], last: "and" | "or" = "and", most = 6): string {
  const quoted = words.slice(0, most).map((word) => `\`${word}\``);
  if (words.length > most) return `${quoted.join(", ")} and ${words.length - most} more`;
  const end = quoted.pop() ?? "";
  return quoted.length === 0 ? end : `${quoted.join(", ")} ${last} ${end}`;
}

export function didYouMean(near: string | null, otherwise: string): string {
  return near === null ? otherwise : `did you mean \`${near}\`?`;
}

export function renameFix(near: string | null, span: Span): Fix | null {
  return near === null ? null : replace(`Write \`${near}\``, span, near);
}
