// What the checker says about calls and settings, and what the language has but this version cannot do yet.

import type { Diagnostic, Fix } from "../grammar/diagnostic.ts";
import { type At, didYouMean, error, listed, related, renameFix, warning } from "./errors.ts";

export function missingArgument(
  at: At,
  names: readonly string[],
  callee: string,
  declared: At | null,
  text: string,
): Diagnostic {
  return error("missing-argument", at, "Missing argument", `\`${callee}\` also needs ${listed(names)}`, {
    related: [related(declared, "declared here")],
    hint: `Call it like this: \`${text}\`.`,
  });
}

export function unknownArgument(
  at: At,
  label: string,
  hint: string | null,
  fix: Fix | null,
  declared: At | null,
): Diagnostic {
  return error("unknown-argument", at, "Unknown argument", label, {
    related: [related(declared, "declared here")],
    hint,
    fix,
  });
}

export function duplicateArgument(at: At, name: string, first: At): Diagnostic {
  return error("duplicate-argument", at, "Argument given twice", `\`${name}\` is already given`, {
    related: [related(first, "first given here")],
    hint: "Keep one of them.",
  });
}

export function unnamedArgument(
  at: At,
  callee: string,
  params: readonly string[],
  guess: string | null,
): Diagnostic {
  return error(
    "unnamed-argument",
    at,
    "Argument without a name",
    guess === null ? `which parameter of \`${callee}\` is this?` : `write \`${guess}: …\``,
    {
      hint: `Arguments of tasks and flows are named${params.length === 0 ? "" : `; \`${callee}\` takes ${listed(params)}`}. A bare name that is a parameter's, \`${callee}(${params[0] ?? "x"})\`, needs no other.`,
      fix:
        guess === null
          ? null
          : {
              title: `Name it \`${guess}\``,
              edits: [{ span: { start: at.span.start, end: at.span.start }, text: `${guess}: ` }],
            },
    },
  );
}

type Two<T> = readonly [T, T];

function swap(texts: Two<string>, spans: Two<Fix["edits"][number]["span"]>): Fix {
  return {
    title: "Swap them",
    edits: [
      { span: spans[0], text: texts[1] },
      { span: spans[1], text: texts[0] },
    ],
  };
}

/** Each fits only where the other stands. */
export function swappedArguments(
  at: At,
  params: Two<string>,
  texts: Two<string>,
  spans: Two<Fix["edits"][number]["span"]>,
): Diagnostic {
  const label = `the values of \`${params[0]}\` and \`${params[1]}\` fit only in each other's place`;
  return error("swapped-arguments", at, "Arguments in each other's place", label, {
    fix: swap(texts, spans),
  });
}

/** Both fit, but each has the name of the other. */
export function crossedArguments(
  at: At,
  params: Two<string>,
  texts: Two<string>,
  spans: Two<Fix["edits"][number]["span"]>,
): Diagnostic {
  const label = `\`${params[0]}\` gets \`${texts[0]}\`, and \`${params[1]}\` gets \`${texts[1]}\``;
  return warning("swapped-arguments", at, "Arguments in each other's place", label, {
    hint: "If that is meant, give the values other names.",
    fix: swap(texts, spans),
  });
}

export function misplacedCall(at: At, label: string, hint: string): Diagnostic {
  return error("misplaced-call", at, "Call in the wrong place", label, { hint });
}

export function unknownSetting(
  at: At,
  name: string,
  owner: string,
  near: string | null,
  known: readonly string[],
  hint: string | null,
  fix: Fix | null,
): Diagnostic {
  return error(
    "unknown-setting",
    at,
    "Unknown setting",
    didYouMean(near, `${owner} has no setting \`${name}\``),
    {
      hint:
        hint ??
        (near !== null
          ? null
          : known.length === 0
            ? "It has none."
            : `There are ${listed(known, "and", 12)}.`),
      fix: fix ?? renameFix(near, at.span),
    },
  );
}

export function needlessSetting(at: At, label: string, hint: string | null): Diagnostic {
  return warning("needless-setting", at, "A setting that changes nothing", label, { hint });
}

export function emptyBlock(at: At, what: string): Diagnostic {
  return warning("empty-block", at, "A block that does nothing", `the block of this ${what} is empty`, {
    hint: "Write what is to happen there, or remove it.",
  });
}

/** Several arguments by position; `names` are the parameters they fit in that order, null if they do not. */
export function unnamedArguments(
  at: At,
  callee: string,
  params: readonly string[],
  names: readonly { readonly name: string; readonly start: number }[] | null,
): Diagnostic {
  const label =
    names === null
      ? `which parameters of \`${callee}\` are these?`
      : `write ${listed(names.map(({ name }) => `${name}: …`))}`;
  return error("unnamed-argument", at, "Arguments without names", label, {
    hint: `Arguments of tasks and flows are named; \`${callee}\` takes ${listed(params)}.`,
    fix:
      names === null
        ? null
        : {
            title: "Name them in this order",
            edits: names.map(({ name, start }) => ({ span: { start, end: start }, text: `${name}: ` })),
          },
  });
}

export function badSetting(at: At, label: string, hint: string | null, fix: Fix | null = null): Diagnostic {
  return error("bad-setting", at, "Wrong value for a setting", label, { hint, fix });
}

/** A type mismatch in a setting is a wrong setting. */
export function asBadSetting(diagnostic: Diagnostic, example: string): Diagnostic {
  if (diagnostic.code !== "type-mismatch") return diagnostic;
  const hint = diagnostic.hint ?? (example === "" ? undefined : `Write it like \`${example}\`.`);
  return {
    ...diagnostic,
    code: "bad-setting",
    title: "Wrong value for a setting",
    ...(hint === undefined ? {} : { hint }),
  };
}

export function duplicateSetting(at: At, name: string, first: At): Diagnostic {
  return error("duplicate-setting", at, "Setting given twice", `\`${name}\` is already set`, {
    related: [related(first, "first set here")],
    hint: "Keep one of them.",
  });
}

export function misplacedSetting(at: At, name: string, before: At, fix: Fix | null): Diagnostic {
  return error("misplaced-setting", at, "Setting below the action", `\`${name}\` must stand above it`, {
    related: [related(before, "what the task does")],
    hint: "Settings come first, then what the task does, then its `return`.",
    fix,
  });
}

/** `others` would do as well. */
export function missingSetting(
  at: At,
  owner: string,
  name: string,
  example: string,
  others: readonly string[] = [],
): Diagnostic {
  const label = `${owner} needs ${listed([name, ...others], "or")}`;
  return error("missing-setting", at, "Missing setting", label, {
    hint: `Write it like \`${example}\`.`,
  });
}

/** The language has it, this version of flowc does not. */
export function notYet(
  at: At,
  construct: string,
  others: readonly At[] = [],
  hint: string | null = null,
): Diagnostic {
  return error("not-yet", at, "Not supported yet", `${construct} is not supported by this version of flowc`, {
    related: others.slice(0, 3).map((other) => related(other, "and here")),
    hint: hint ?? "It is a part of the language and will come; until then, write the flow without it.",
  });
}
