// What the checker says about values in commands: why not here, and how else.

import type { Diagnostic } from "../grammar/diagnostic.ts";
import type { ShellProblem, ShellWarning } from "../grammar/shell-script.ts";
import type { At } from "./errors.ts";
import { badCommand, riskyHole, unsafeHole } from "./errors-flows.ts";

/** A problem of the shell text. `written` is the hole as it stands in the source: `~{x}`. */
export function commandProblem(at: At, problem: ShellProblem, written: string): Diagnostic {
  const { detail } = problem;
  const assign = `Give it to a variable first, \`value=${written}\`, and use "$value" here.`;
  switch (problem.problem) {
    case "quoted-here-document":
      return unsafeHole(
        at,
        `the shell puts no value into a here-document after \`${detail}\``,
        "Take the quotes off its first word: then values are put in, and stay data.",
      );
    case "comment":
      return unsafeHole(
        at,
        "this is in a comment of the shell",
        "Take it out; a note for readers needs no value.",
      );
    case "backticks":
      return unsafeHole(
        at,
        "this is inside backticks",
        `Write \`$(…)\` in place of the backticks: there, values may stand.`,
      );
    case "variable-name":
      return unsafeHole(
        at,
        "this is part of a variable's name",
        "Which variable is meant must stand in the text. Choose with `case`, or give the value itself.",
      );
    case "code":
      return unsafeHole(
        at,
        `\`${detail}\` would run this as code`,
        `Pass it as an argument: \`sh -c 'use "$1"' sh ${written}\`; then it stays data.`,
      );
    case "escaped":
      return unsafeHole(
        at,
        "a backslash stands right before it",
        "Take the backslash away: the value is quoted by itself.",
      );
    case "unclear":
      return unsafeHole(at, "shells do not agree on the quotes around this", assign);
    case "delimiter":
      return unsafeHole(
        at,
        "this is the word that ends a here-document",
        "That word must stand in the text.",
      );
    case "bash-only":
      return badCommand(
        at,
        `not every \`sh\` understands \`${detail}\``,
        "Let the script start with `#!/usr/bin/env bash`.",
      );
    case "unterminated":
      return badCommand(
        at,
        `\`${detail}\` is opened, but never closed`,
        "The shell would not run this either.",
      );
    case "interpreter":
      return badCommand(
        at,
        `\`${detail}\` is no shell that flowc knows`,
        `Values are bound for \`sh\` and \`bash\`. Call another interpreter with its script as a file: \`run ["${detail === "" ? "python3" : detail}", "script", x]\`.`,
      );
    case "nul":
      return badCommand(at, "a command cannot hold a NUL character", null);
  }
}

/** A value inside a program of another language. */
export function programWarning(at: At, warning: ShellWarning): Diagnostic {
  return riskyHole(
    at,
    `this becomes part of a program in ${warning.language}`,
    `Pass it as data: \`${warning.instead}\`.`,
  );
}

/** A value that decides what is run. */
export function valueAsCommand(at: At, type: string): Diagnostic {
  return unsafeHole(
    at,
    `a \`${type}\` would say what to run`,
    'What is run must stand in the text, or be a `file`, or one of a union: `type Tool = "npm" | "pnpm"`.',
  );
}

/** A list where there is room for one text only. */
export function listInText(at: At, type: string, quoted: boolean, written: string): Diagnostic {
  const where = quoted ? "inside quotes" : "as a part of a word";
  const bare = quoted
    ? "Take the quotes away: each item is then a word of its own"
    : "Let it stand by itself: each item is then a word of its own";
  return unsafeHole(
    at,
    `a \`${type}\` cannot stand ${where}`,
    `${bare}. For one text, write \`join(${written}, " ")\` or \`to_json(${written})\`.`,
  );
}

export function recordInText(at: At, type: string, written: string): Diagnostic {
  return unsafeHole(
    at,
    `a record \`${type}\` cannot stand inside quotes`,
    `Use one of its fields, or write \`to_json(${written})\` for its JSON.`,
  );
}

export function noIntInArithmetic(at: At, type: string, written: string): Diagnostic {
  return unsafeHole(
    at,
    `the shell evaluates this again, and a \`${type}\` could be code there`,
    `An \`int\` may stand here: \`int(${written})\`.`,
  );
}
