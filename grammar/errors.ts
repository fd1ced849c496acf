// How a diagnostic of this layer is put together, and what the scanner has to say; the parser's words are in errors-syntax.ts.

import type { Diagnostic, Fix, Related } from "./diagnostic.ts";
import type { BadNumber } from "./numbers.ts";
import type { Source, Span } from "./source.ts";

export interface More {
  readonly hint?: string;
  readonly fix?: Fix | null;
  readonly related?: readonly Related[];
}

export function mistake(
  code: string,
  source: Source,
  span: Span,
  title: string,
  label: string,
  more: More = {},
): Diagnostic {
  return {
    code,
    severity: "error",
    source,
    span,
    title,
    label,
    related: more.related ?? [],
    ...(more.hint === undefined ? {} : { hint: more.hint }),
    ...(more.fix === undefined || more.fix === null ? {} : { fix: more.fix }),
  };
}

export function replacing(title: string, span: Span, text: string): Fix {
  return { title, edits: [{ span, text }] };
}

/** `Write …`, replacing the span. */
export function instead(span: Span, text: string): Fix {
  return replacing(`Write \`${text}\``, span, text);
}

export function tooManyMistakes(source: Source, span: Span, more: number): Diagnostic {
  const label = `${more} more ${more === 1 ? "mistake is" : "mistakes are"} not shown`;
  return mistake("syntax", source, span, "Too many mistakes", label, {
    hint: "Mend the first ones; they may have caused the others.",
  });
}

// Strings

export function unterminatedString(source: Source, start: number): Diagnostic {
  const span = { start, end: start + 1 };
  return mistake(
    "unterminated-string",
    source,
    span,
    "Unterminated string",
    "this quote is not closed on its line",
    { hint: 'A string in "…" ends on its line. Text of several lines goes into a block: """ … """.' },
  );
}

export function unterminatedBlock(source: Source, start: number): Diagnostic {
  const span = { start, end: start + 3 };
  return mistake(
    "unterminated-string",
    source,
    span,
    "Unterminated text block",
    "this text block is never closed",
    {
      hint: 'Close it with """ on a line of its own.',
    },
  );
}

export function unclosedHole(source: Source, start: number, closeAt: number | null): Diagnostic {
  const span = { start, end: start + 2 };
  const fix = closeAt === null ? null : replacing("Close it with `}`", { start: closeAt, end: closeAt }, "}");
  return mistake("syntax", source, span, "Unclosed hole in a string", "this `~{` has no `}`", {
    hint: "`~{…}` puts a value into the text; a literal `~{` is written `~~{`.",
    fix,
  });
}

export function badEscape(
  source: Source,
  span: Span,
  text: string,
  why: string,
  meant: string | null,
): Diagnostic {
  return mistake("bad-escape", source, span, "Bad escape", `\`${text}\`: ${why}`, {
    hint: 'Escapes are \\n, \\t, \\", \\\\ and \\u{1F600}. In a text block """ … """ a backslash is just a backslash.',
    fix: meant === null ? null : instead(span, meant),
  });
}

export function foreignQuotes(source: Source, span: Span, mark: string, text: string | null): Diagnostic {
  const label = `${mark} does not begin a string`;
  return mistake("syntax", source, span, "Strings take double quotes", label, {
    hint: 'Strings are written "…", text of several lines """ … """.',
    fix: text === null ? null : replacing("Use double quotes", span, JSON.stringify(text)),
  });
}

// Numbers

export function badLiteral(source: Source, span: Span, image: string, bad: BadNumber): Diagnostic {
  return mistake("bad-literal", source, span, "Bad number", `\`${image}\`: ${bad.why}`, {
    hint: bad.hint,
    fix: bad.instead === null ? null : instead(span, bad.instead),
  });
}

// Characters that begin nothing

export function semicolon(source: Source, span: Span): Diagnostic {
  return mistake("syntax", source, span, "Semicolons are not used", "nothing ends with `;` here", {
    hint: "A statement ends where the next one begins.",
    fix: replacing("Remove it", span, ""),
  });
}

export function hashComment(source: Source, span: Span): Diagnostic {
  const mark = { start: span.start, end: span.start + 1 };
  return mistake("syntax", source, mark, "Comments begin with `//`", "`#` begins no comment", {
    fix: replacing("Write `//`", mark, "//"),
  });
}

export function blockComment(source: Source, span: Span, closed: boolean): Diagnostic {
  const text = source.text.slice(span.start, span.end);
  const lines = text
    .replace(/^\/\*+|\*+\/$/g, "")
    .split("\n")
    .map((line) => line.replace(/^\s*\*?\s?/, "").trimEnd());
  const shown = lines.filter((line) => line !== "").map((line) => `// ${line}`);
  const mark = { start: span.start, end: span.start + 2 };
  return mistake("syntax", source, mark, "Comments begin with `//`", "`/*` begins no comment", {
    hint: "Every line of a comment begins with `//`.",
    fix:
      closed && shown.length === 1 && /^[ \t]*\r?(?:\n|$)/.test(source.text.slice(span.end))
        ? replacing("Write `//`", span, shown[0] ?? "")
        : null,
  });
}

const OPERATORS: ReadonlyMap<string, string> = new Map([
  ["&&", "and"],
  ["||", "or"],
  ["!", "not "],
  ["===", "=="],
  ["!==", "!="],
  [":=", "="],
]);

/** `&&`, `||`, `!` and others: another language's spelling of an operator. */
export function foreignOperator(source: Source, span: Span): Diagnostic {
  const text = source.text.slice(span.start, span.end);
  const word = OPERATORS.get(text) ?? "";
  const tight = /\w/.test(source.text[span.start - 1] ?? "") && /\w/.test(word) ? " " : "";
  const after = /\w/.test(source.text[span.end] ?? "") && /\w$/.test(word) ? " " : "";
  return mistake(
    "syntax",
    source,
    span,
    "Unknown operator",
    `\`${text}\` is written \`${word.trim()}\` here`,
    {
      fix: replacing(`Write \`${word.trim()}\``, span, tight + word + after),
    },
  );
}

const STRAY: ReadonlyMap<string, string> = new Map([
  ["\\", "A statement may go on in the next line without a sign."],
  ["@", "There are no annotations: what a task needs is told by its settings, `key: value`."],
  ["~", 'A value is put into a string with ~{…}, and only there: "Hello ~{name}".'],
  ["%", "The rest of a division is not built in."],
  ["`", 'Strings are written "…", with ~{value} for a value.'],
  ["'", 'Strings are written "…".'],
  ["&", "Both conditions: `and`."],
  ["$", "A value is used by its bare name."],
]);

export function strayCharacter(source: Source, span: Span): Diagnostic {
  const text = source.text.slice(span.start, span.end);
  const point = text.codePointAt(0) ?? 0;
  const code = `U+${point.toString(16).toUpperCase().padStart(4, "0")}`;
  const shown = /^[\p{L}\p{N}\p{P}\p{S}]/u.test(text) ? `\`${String.fromCodePoint(point)}\`` : code;
  const hint = STRAY.get(text[0] ?? "");
  return mistake("syntax", source, span, "Unknown character", `${shown} begins nothing in this language`, {
    ...(hint === undefined ? {} : { hint }),
    ...(/^[\p{L}\p{N}\p{P}\p{S}]/u.test(text) ? {} : { fix: replacing("Remove it", span, "") }),
  });
}

export function foreignName(source: Source, span: Span): Diagnostic {
  const text = source.text.slice(span.start, span.end);
  const ascii = text.normalize("NFKD").replace(/ß/g, "ss").replace(/\p{M}/gu, "");
  return mistake("syntax", source, span, "Bad name", `\`${text}\` has letters that names do not have`, {
    hint: "Names are made of a–z, A–Z, 0–9 and `_`. Text in any script goes in quotes.",
    fix: /^[A-Za-z_]\w*$/.test(ascii) ? instead(span, ascii) : null,
  });
}

export function dollarName(source: Source, span: Span): Diagnostic {
  const name = source.text.slice(span.start + 1, span.end);
  return mistake("syntax", source, span, "Names take no `$`", "a value is used by its bare name", {
    fix: instead(span, name),
  });
}

export function elseIf(source: Source, span: Span): Diagnostic {
  const text = source.text.slice(span.start, span.end);
  return mistake(
    "syntax",
    source,
    span,
    "Another branch is `else if`",
    `\`${text}\` is no word of this language`,
    {
      fix: instead(span, "else if"),
    },
  );
}
