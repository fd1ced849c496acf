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

export function strayCloser(source: Source, token: Bracket): Diagnostic {
  return mistake(
    "syntax",
    source,
    spanOf(token),
    `Unexpected \`${token.image}\``,
    "no bracket is open for it",
    {
      fix: replacing("Remove it", spanOf(token), ""),
    },
  );
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
