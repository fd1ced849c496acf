// What is said of brackets: missing, too many, of the wrong kind, too deep in each other.

import type { Diagnostic } from "./diagnostic.ts";
import { mistake, replacing } from "./errors.ts";
import type { Source, Span } from "./source.ts";

/** A token's place and text. */
interface Bracket {
  readonly image: string;
  readonly startOffset: number;
  readonly end: number;
}

const spanOf = (token: Bracket): Span => ({ start: token.startOffset, end: token.end });

/** `last` is the token behind which the closing bracket was expected. */
export function missingCloser(
  source: Source,
  opening: Bracket,
  last: Bracket,
  closer: string,
  indent: number,
): Diagnostic {
  const oneLine = !source.text.slice(opening.startOffset, last.end).includes("\n");
  const text = oneLine || closer !== "}" ? (closer === "}" ? " }" : closer) : `\n${" ".repeat(indent)}}`;
  const at = { start: last.end, end: last.end };
  const span =
    last.startOffset === opening.startOffset ? spanOf(opening) : { start: last.end - 1, end: last.end };
  return mistake("syntax", source, span, `Missing \`${closer}\``, `expected \`${closer}\` after this`, {
    related:
      span.start === opening.startOffset
        ? []
        : [{ source, span: spanOf(opening), label: `this \`${opening.image}\` is never closed` }],
    fix: replacing(`Put the \`${closer}\``, at, text),
  });
}

const noBracketOpen = "no bracket is open for it";

export function closesNothing({ label }: Diagnostic): boolean {
  return label === noBracketOpen;
}

/** What was noticed where an opening bracket should stand, together with the closing one that is left over. */
export function missingOpener(noticed: Diagnostic, closer: Span, opener: string): Diagnostic {
  const { source, span, title, label, related } = noticed;
  const left = {
    source,
    span: closer,
    label: `this \`${source.text.slice(closer.start, closer.end)}\` closes nothing`,
  };
  if (title.includes(`\`${opener}\``)) return { ...noticed, related: [...related, left] };
  const missing = label.includes(`\`${opener}\``) ? label : `a \`${opener}\` is missing before this`;
  return mistake("syntax", source, span, `Missing \`${opener}\``, missing, { related: [left] });
}

/** The closing one stands where the pair should: `flow main) {`. */
export function openerLeftOut({ source, span }: Diagnostic, opener: string): Diagnostic {
  const at = { start: span.start, end: span.start };
  return mistake("syntax", source, span, `Missing \`${opener}\``, `a \`${opener}\` is missing before this`, {
    fix: replacing(`Put the \`${opener}\``, at, opener),
  });
}

export function strayCloser(source: Source, token: Bracket): Diagnostic {
  return mistake("syntax", source, spanOf(token), `Unexpected \`${token.image}\``, noBracketOpen, {
    fix: replacing("Remove it", spanOf(token), ""),
  });
}

export function wrongCloser(source: Source, token: Bracket, opening: Bracket, closer: string): Diagnostic {
  const label = `\`${token.image}\` does not close \`${opening.image}\``;
  return mistake("syntax", source, spanOf(token), "Wrong closing bracket", label, {
    related: [{ source, span: spanOf(opening), label: "opened here" }],
    fix: replacing(`Write \`${closer}\``, spanOf(token), closer),
  });
}

export function bracketsTooDeep(source: Source, token: Bracket, max: number): Diagnostic {
  return mistake(
    "syntax",
    source,
    spanOf(token),
    "Nested too deeply",
    `more than ${max} brackets are open here`,
    {
      hint: "Give the inner parts names of their own.",
    },
  );
}
