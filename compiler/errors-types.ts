// What the checker says about types that do not fit.

import type { Diagnostic, Fix, Related } from "../grammar/diagnostic.ts";
import type { Span } from "../grammar/source.ts";
import {
  type At,
  didYouMean,
  error,
  insert,
  listed,
  related,
  renameFix,
  replace,
  warning,
} from "./errors.ts";

export function typeMismatch(
  at: At,
  label: string,
  cause: Related | null,
  hint: string | null,
  fix: Fix | null = null,
): Diagnostic {
  return error("type-mismatch", at, "Types do not fit", label, { related: [cause], hint, fix });
}

export function maybeNone(at: At, label: string, cause: Related | null, hint: string): Diagnostic {
  return error("maybe-none", at, "The value may be none", label, { related: [cause], hint });
}

/** The ways to handle `none`, with the expression as written; `narrows` if a condition on it is remembered. */
export function noneHint(written: string | null, withField: string | null, narrows: boolean): string {
  const what = written ?? "x";
  const ways = [`\`${what} ?? default\``];
  if (withField !== null) ways.unshift(`\`${what}?.${withField}\``);
  if (narrows) ways.push(`\`if ${what} != none { … }\``);
  const last = ways.pop() ?? "";
  return `Say what is to happen if it is \`none\`: ${ways.length === 0 ? last : `${ways.join(", ")} or ${last}`}.`;
}

/** `written` is the JSON's expression, `wanted` the type that is needed, as far as they are known. */
export function undecodedJson(
  at: At,
  label: string,
  written: string | null,
  wanted: string | null,
): Diagnostic {
  const example = `\`${written ?? "parse_json(text)"} as ${wanted ?? "Crate"}\``;
  return error("undecoded-json", at, "JSON must be decoded first", label, {
    hint: `Say what it holds, with a type: ${example}. It is checked when the flow runs.`,
  });
}

export function notAList(
  at: At,
  label: string,
  hint: string | null,
  cause: Related | null = null,
): Diagnostic {
  return error("not-a-list", at, "Not a list", label, { hint, related: [cause] });
}

export function notCallable(at: At, label: string, hint: string | null, fix: Fix | null = null): Diagnostic {
  return error("not-callable", at, "Not a task, flow or function", label, { hint, fix });
}

export function badOperands(at: At, label: string, hint: string | null, fix: Fix | null = null): Diagnostic {
  return error("bad-operands", at, "Operands do not fit", label, { hint, fix });
}

/** Where a condition must stand. */
export function notACondition(at: At, label: string, hint: string | null): Diagnostic {
  return error("bad-operands", at, "Not a condition", label, { hint });
}

/** Whenever it is evaluated. */
export function alwaysFails(at: At, label: string, hint: string | null): Diagnostic {
  return warning("always-fails", at, "This can only fail", label, { hint });
}

export function constantCondition(at: At, label: string, hint: string | null): Diagnostic {
  return warning("constant-condition", at, "A condition that asks nothing", label, { hint });
}

export function repeatedCondition(at: At, first: At): Diagnostic {
  return warning(
    "constant-condition",
    at,
    "A condition that asks nothing",
    "this was asked before, so its block never runs",
    {
      related: [related(first, "asked here")],
    },
  );
}

/** `type` is that of the value before it; null: the default is itself `none`. */
export function needlessDefault(at: At, type: string | null, cut: Span): Diagnostic {
  const label =
    type === null
      ? "`none` in place of `none` changes nothing"
      : `the value before it is \`${type}\`, never \`none\``;
  const title = type === null ? "The default changes nothing" : "The default is never used";
  return warning("needless-default", at, title, label, { fix: replace("Remove it", cut, "") });
}

export function unknownField(
  at: At,
  name: string,
  type: string,
  near: string | null,
  fields: readonly string[],
  cause: Related | null = null,
  hint: string | null = null,
): Diagnostic {
  const has = fields.length === 0 ? "It has no fields." : `It has ${listed(fields)}.`;
  return error(
    "unknown-field",
    at,
    "Unknown field",
    didYouMean(near, `\`${type}\` has no field \`${name}\``),
    {
      hint: hint ?? (near === null ? has : null),
      related: [cause],
      fix: renameFix(near, at.span),
    },
  );
}

export function missingField(
  at: At,
  names: readonly string[],
  type: string,
  cause: Related | null,
  close: number | null,
): Diagnostic {
  const plural = names.length > 1 ? "fields" : "the field";
  return error(
    "missing-field",
    at,
    "Missing field",
    `${plural} ${listed(names)} of \`${type}\` ${names.length > 1 ? "are" : "is"} not given`,
    {
      related: [cause],
      hint: close === null ? null : "A field may be left out if its type ends in `?`, or it has a default.",
    },
  );
}

export function duplicateField(at: At, name: string, first: At): Diagnostic {
  return error("duplicate-field", at, "Field given twice", `\`${name}\` is already there`, {
    related: [related(first, "first given here")],
    hint: "Keep one of them.",
  });
}

export function badDefault(at: At, label: string): Diagnostic {
  return error("bad-default", at, "Not a fixed value", label, {
    hint: "The default of a field is a literal, a constant, or a list or record of these.",
  });
}

export function missingAnswer(at: At, owner: string, type: string | null, insertAt: number): Diagnostic {
  return error("type-mismatch", at, "Types do not fit", `${owner} has no answer, but returns one`, {
    hint: "Write its type after the parameters.",
    fix: type === null ? null : insert(`Add \`-> ${type}\``, insertAt, ` -> ${type}`),
  });
}

/** `instead` is a call that gives the wanted type, if there is one. */
export function wrongCast(at: At, from: string, to: string, instead: string | null): Diagnostic {
  return error("type-mismatch", at, "Types do not fit", `${from} cannot be decoded as \`${to}\``, {
    hint: `${instead === null ? "" : `\`${instead}\` converts it. `}\`as\` decodes \`json\` to any type, and a \`string\` to a union.`,
    fix: instead === null ? null : replace(`Write \`${instead}\``, at.span, instead),
  });
}

export function withUnit(span: At["span"], text: string, unit: string): Fix {
  return replace(`Write \`${text}${unit}\``, span, `${text}${unit}`);
}

const othersShownMax = 4;

/** A complaint with the written type that it and others are at odds with. */
export function oneCause(first: Diagnostic, type: Related, others: readonly Diagnostic[]): Diagnostic {
  const { source, span } = type;
  const places = others.length === 1 ? "one other place does" : `${others.length} other places do`;
  const known = new Set(first.related.map((related) => related.span.start));
  const declared = {
    source,
    span,
    label: `\`${source.text.slice(span.start, span.end)}\` is written here; ${places} not agree with it either`,
  };
  const also = others
    .slice(0, othersShownMax)
    .filter((other) => !known.has(other.span.start))
    .map((other) => ({ source: other.source, span: other.span, label: `also here: ${other.label}` }));
  return {
    ...first,
    related: [...first.related.filter((related) => related.span.start !== span.start), declared, ...also],
  };
}
