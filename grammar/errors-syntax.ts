// What the parser has to say: each mistake that a parser can see, in the words of the language.

import type { Word } from "./ast.ts";
import type { Diagnostic } from "./diagnostic.ts";
import { mistake, replacing } from "./errors.ts";
import type { Operator } from "./operators.ts";
import type { Source, Span } from "./source.ts";

export function tooDeep(source: Source, span: Span, max: number): Diagnostic {
  return mistake("syntax", source, span, "Nested too deeply", `more than ${max} levels are open here`, {
    hint: "Give the inner parts names of their own.",
  });
}

export function tooLong(source: Source, span: Span, max: number): Diagnostic {
  return mistake("syntax", source, span, "Expression too long", `more than ${max} parts in one expression`, {
    hint: "Put the values into a list, and use `join` or `sum`.",
  });
}

export function typeTooLong(source: Source, span: Span, max: number): Diagnostic {
  return mistake(
    "syntax",
    source,
    span,
    "Type too long",
    `more than ${max} of \`[]\` and \`?\` behind one type`,
    {
      hint: "Give the inner type a name of its own.",
    },
  );
}

export function looseTypeSuffix(source: Source, gap: Span, list: boolean): Diagnostic {
  const suffix = list ? "[]" : "?";
  return mistake(
    "syntax",
    source,
    { start: gap.end, end: gap.end + 1 },
    `\`${suffix}\` stands apart from its type`,
    `nothing stands between a type and its \`${suffix}\``,
    { fix: replacing("Remove the space", gap, "") },
  );
}

export function missingComma(source: Source, gap: Span): Diagnostic {
  return mistake(
    "syntax",
    source,
    { start: gap.end, end: gap.end + 1 },
    "Missing comma",
    "expected `,` before this",
    {
      hint: "Items inside (), [] and records are separated by commas.",
      fix: replacing("Put a comma", { start: gap.start, end: gap.start }, ","),
    },
  );
}

export function missingColon(source: Source, name: Word): Diagnostic {
  const { end } = name.span;
  return mistake("syntax", source, name.span, "Missing `:`", `write \`${name.text}: …\``, {
    fix: replacing("Put `:`", { start: end, end }, ":"),
  });
}

export function chainedComparison(source: Source, operator: Operator): Diagnostic {
  return mistake(
    "syntax",
    source,
    operator.span,
    "Comparisons do not chain",
    `a second comparison, \`${operator.op}\``,
    {
      hint: "Join two comparisons with `and`: `0 < n and n < 10`.",
    },
  );
}

export function looseNot(source: Source, span: Span): Diagnostic {
  return mistake(
    "syntax",
    source,
    span,
    "`not` needs parentheses here",
    "the operator before it binds tighter",
    {
      hint: "Write `a == (not b)`.",
    },
  );
}

export function holeInLiteral(source: Source, span: Span): Diagnostic {
  return mistake(
    "syntax",
    source,
    span,
    "A hole where only plain text may stand",
    "this is not known before the run",
    {
      hint: "A literal `~{` is written `~~{`.",
    },
  );
}

export function lateSettings(source: Source, span: Span, key: string): Diagnostic {
  return mistake(
    "syntax",
    source,
    span,
    "Setting below a statement",
    `\`${key}:\` is a setting of this block`,
    {
      hint: "Settings stand at the top of a block. A value is given a name with `=`.",
    },
  );
}

export function secondAction(source: Source, span: Span, first: Span): Diagnostic {
  return mistake("syntax", source, span, "A task has one action", "this is the second one", {
    hint: "Make another task of it; a flow puts the two in order.",
    related: [{ source, span: first, label: "the first one" }],
  });
}

export function actionBelowReturn(source: Source, span: Span): Diagnostic {
  return mistake("syntax", source, span, "Action below `return`", "the action stands before the `return`", {
    hint: "The order in a task is: settings, action, return.",
  });
}

export function secondReturn(source: Source, span: Span): Diagnostic {
  return mistake("syntax", source, span, "A task has one `return`", "this is the second one", {
    hint: "To choose between two values write `return if … { a } else { b }`.",
  });
}

export function commandNotLiteral(source: Source, span: Span): Diagnostic {
  return mistake("syntax", source, span, "A command must be written out", "a value cannot be run", {
    hint: 'Write run "…", run """ … """ or run ["program", argument].',
  });
}

export function lateImport(source: Source, span: Span): Diagnostic {
  return mistake(
    "syntax",
    source,
    span,
    "Import below a declaration",
    "imports stand at the top of the file",
  );
}

export function emptyImport(source: Source, span: Span): Diagnostic {
  return mistake(
    "syntax",
    source,
    span,
    "Import of nothing",
    "this brings no name, and nothing else happens",
  );
}

export function reservedName(source: Source, name: Word): Diagnostic {
  return mistake(
    "syntax",
    source,
    name.span,
    "Reserved word as a name",
    `\`${name.text}\` is a word of the language`,
    {
      hint: `Any other name will do: \`the_${name.text}\`. A field or an argument may be called so.`,
    },
  );
}

export function noValue(source: Source, span: Span, name: string): Diagnostic {
  return mistake("syntax", source, span, "A name without a value", `what is \`${name}\`?`);
}

export function howOften(source: Source, span: Span): Diagnostic {
  return mistake("syntax", source, span, "How often at most?", "`repeat` takes a number", {
    hint: "Write `repeat 5 { … } until condition`: what repeats has an end.",
  });
}

export function missingAnswer(source: Source, span: Span): Diagnostic {
  return mistake("syntax", source, span, "Missing type of the answer", "a type stands behind `->`", {
    hint: "Without an answer leave the `->` out.",
  });
}
