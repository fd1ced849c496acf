// Guesses at what was meant: the usual slips of people who write other languages, each with its way out.

import { EOF } from "chevrotain";
import type { Diagnostic, Fix } from "./diagnostic.ts";
import { instead, mistake, replacing } from "./errors.ts";
import { at, type Found, isAt, isName, isWord, sameLine, shown, spanAt, touching } from "./found.ts";
import type { Span } from "./source.ts";
import * as T from "./tokens.ts";

type Guess = (found: Found) => Diagnostic | null;

interface Told {
  readonly span?: Span;
  readonly hint?: string;
  readonly fix?: Fix | null;
}

function told(found: Found, title: string, label: string, more: Told = {}): Diagnostic {
  const { span = spanAt(found, 0), ...rest } = more;
  return mistake("syntax", found.source, span, title, label, rest);
}

const behindLast = (found: Found, text: string): Fix =>
  replacing(`Put \`${text.trim()}\``, { start: spanAt(found, -1).end, end: spanAt(found, -1).end }, text);

/** `my-name`: several words that dashes join. */
function dashedName(found: Found): Diagnostic | null {
  const isPart = (offset: number): boolean => isWord(at(found, offset)) || isAt(found, offset, T.Minus);
  let from = isPart(0) ? 0 : -1;
  if (!isPart(from)) return null;
  let to = from;
  while (isPart(from - 1) && touching(found, from - 1)) from--;
  while (isPart(to + 1) && touching(found, to)) to++;
  while (from < to && isAt(found, from, T.Minus)) from++;
  while (from < to && isAt(found, to, T.Minus)) to--;
  if (to - from < 2) return null;
  const key = isAt(found, to, T.Key);
  // A dash between two values is a minus where an expression may stand.
  if (!key && to !== -1 && !isAt(found, 0, T.Minus)) return null;
  const span = { start: spanAt(found, from).start, end: spanAt(found, to).end };
  const text = found.source.text.slice(span.start, span.end);
  const quoted = key && found.expected === "`,` or `}`";
  const good = quoted ? `"${text}"` : text.replaceAll("-", "_");
  const label = quoted ? "a key with a `-` goes in quotes" : "names have no `-`";
  return told(found, "Bad name", label, { span, fix: instead(span, good) });
}

/** `=` where a `:` or a `==` belongs. */
const assignment: Guess = (found) => {
  if (isAt(found, 0, T.Assign)) {
    const fixTo = (text: string): Fix => instead(spanAt(found, 0), text);
    if (found.expected.includes("beginning of a block"))
      return told(found, "`=` does not compare", "`=` gives a name to a value", { fix: fixTo("==") });
    if (found.expected === "`,` or `)`")
      return told(found, "Arguments take `:`", "an argument is `name: value`", {
        fix: replacing("Write `:`", { start: spanAt(found, -1).end, end: spanAt(found, 0).end }, ":"),
      });
    if (found.expected === "`,` or `}`")
      return told(found, "Records take `:`", "an entry is `key: value`", {
        fix: replacing("Write `:`", { start: spanAt(found, -1).end, end: spanAt(found, 0).end }, ":"),
      });
    if (found.expected.startsWith("a statement") && !isName(at(found, -1)))
      return told(found, "A name is given once", "only a plain name stands before `=`", {
        hint: "Values do not change: give the new one another name.",
      });
    return null;
  }
  if (!isWord(at(found, 0)) || !isAt(found, 1, T.Assign)) return null;
  if (T.reservedWords.has(at(found, 0).image)) return null;
  if (!/^a (?:setting|field|parameter)/.test(found.expected)) return null;
  const span = spanAt(found, 1);
  const what = found.expected.startsWith("a setting") ? "Settings" : "Names and types";
  return told(found, `${what} take \`:\``, `write \`${at(found, 0).image}: …\``, {
    span,
    fix: replacing("Write `:`", { start: spanAt(found, 0).end, end: span.end }, ":"),
  });
};

const TASK_WORDS = new Set(["run", "ask", "call", "return"]);

/** `timeout 5m`. */
const settingWithoutColon: Guess = (found) => {
  const field = found.expected.startsWith("a field");
  if (!field && !found.expected.startsWith("a setting")) return null;
  if (!isName(at(found, 0)) || !sameLine(found, 0)) return null;
  if (FOREIGN.has(at(found, 0).image)) return null;
  if (isAt(found, 1, T.RBrace, T.Comma, T.Assign, T.Minus, T.Key)) return null;
  if (field && TASK_WORDS.has(at(found, 0).image)) return null;
  const end = spanAt(found, 0).end;
  return told(
    found,
    field ? "A field takes `:`" : "A setting takes `:`",
    `write \`${at(found, 0).image}: …\``,
    {
      fix: replacing("Put `:`", { start: end, end }, ":"),
    },
  );
};

const reservedName: Guess = (found) => {
  const token = at(found, 0);
  if (!T.reservedWords.has(token.image)) return null;
  // Below a line that goes on, a name is missing there.
  if (isAt(found, -1, T.After) && !sameLine(found, -1)) return null;
  const asName = /name/.test(found.expected) || isAt(found, 1, T.Assign);
  if (!asName || isAt(found, 0, T.PlainText)) return null;
  return told(found, "Reserved word as a name", `\`${token.image}\` is a word of the language`, {
    hint: `Any other name will do: \`the_${token.image}\`, \`${token.image}_\`. A field or an argument may be called so.`,
  });
};

/** What begins a declaration, a statement or a word elsewhere. */
const FOREIGN: ReadonlyMap<string, readonly [string, string | null]> = new Map<
  string,
  readonly [string, string | null]
>([
  ["function", ["a unit of work is a `task`, an order of tasks is a `flow`", "task"]],
  ["def", ["a unit of work is a `task`, an order of tasks is a `flow`", "task"]],
  ["fn", ["a unit of work is a `task`, an order of tasks is a `flow`", "task"]],
  ["func", ["a unit of work is a `task`, an order of tasks is a `flow`", "task"]],
  ["job", ["a unit of work is a `task`", "task"]],
  ["step", ["a unit of work is a `task`", "task"]],
  ["process", ["a unit of work is a `task`", "task"]],
  ["workflow", ["an order of tasks is a `flow`", "flow"]],
  ["pipeline", ["an order of tasks is a `flow`", "flow"]],
  ["struct", ["a record is declared with `type`", "type"]],
  ["interface", ["a record is declared with `type`", "type"]],
  ["class", ["a record is declared with `type`", "type"]],
  ["record", ["a record is declared with `type`", "type"]],
  ["enum", ['a choice is declared with `type Name = "one" | "two"`', null]],
  ["let", ["a name is given with `=` alone", ""]],
  ["const", ["a name is given with `=` alone", ""]],
  ["var", ["a name is given with `=` alone", ""]],
  ["val", ["a name is given with `=` alone", ""]],
  ["export", ["everything declared in a file can be imported", ""]],
  ["public", ["everything declared in a file can be imported", ""]],
  ["await", ["who uses a node's value waits for it, and nothing else has to be said", ""]],
  ["async", ["nodes that do not depend on each other run side by side", ""]],
  ["parallel", ["nodes that do not depend on each other run side by side", null]],
  ["foreach", ["a loop is `for item in list { … }`", "for"]],
  ["while", ["to repeat is `repeat 5 { … } until condition`", null]],
  ["loop", ["to repeat is `repeat 5 { … } until condition`", null]],
  ["switch", ["to choose is `if … { … } else if … { … }`", null]],
  ["match", ["to choose is `if … { … } else if … { … }`", null]],
  ["case", ["to choose is `if … { … } else if … { … }`", null]],
  ["try", ["a failure is answered with `otherwise`, or in `on failure { … }`", null]],
  ["catch", ["a failure is answered with `otherwise`, or in `on failure { … }`", null]],
  ["throw", ["a task fails with an exit code that is not 0", null]],
]);

/** `function f()`, `let x = 1`, `await f()`: a word of another language before something on its line. */
export const foreignWord: Guess = (found) => {
  const token = at(found, 0);
  const entry = FOREIGN.get(token.image);
  if (entry === undefined || !isName(token)) return null;
  const [label, better] = entry;
  const gap = { start: token.startOffset, end: spanAt(found, 1).start };
  const fix =
    better === null
      ? null
      : better === ""
        ? replacing("Remove it", gap, "")
        : instead(spanAt(found, 0), better);
  return told(found, `\`${token.image}\` is not a word of this language`, label, { fix });
};

const arrow: Guess = (found) => {
  if (!isAt(found, 0, T.FatArrow)) return null;
  if (found.expected.includes("->"))
    return told(found, "`=>` is written `->`", "the type of the answer stands behind `->`", {
      fix: instead(spanAt(found, 0), "->"),
    });
  return told(found, "There are no function values", "`=>` has no meaning here", {
    hint: "A list is mapped with `for x in xs { … }`, filtered with `for x in xs if … { x }`.",
  });
};

const conditional: Guess = (found) => {
  if (!isAt(found, 0, T.Question, T.LooseQuestion)) return null;
  if (found.expected.includes("type")) return null;
  return told(found, "There is no `? :`", "a choice is an `if`", {
    hint: "Write `if condition { a } else { b }`: it has a value.",
  });
};

const signature: Guess = (found) => {
  if (found.expected.startsWith("`(`") && isAt(found, 0, T.LBrace, T.Arrow))
    return told(found, "Missing parameters", `parentheses stand here even without any`, {
      fix: behindLast(found, "()"),
    });
  if (isAt(found, 0, T.Colon) && found.expected.includes("`{`") && isAt(found, -1, T.RParen))
    return told(found, "The answer's type stands behind `->`", "not behind `:`", {
      fix: replacing("Write `->`", { start: spanAt(found, -1).end, end: spanAt(found, 0).end }, " ->"),
    });
  if (
    found.expected.startsWith("a parameter") &&
    isName(at(found, 0)) &&
    isAt(found, 1, T.Comma, T.RParen, T.Assign)
  )
    return told(found, "A parameter needs a type", `write \`${at(found, 0).image}: string\``, {
      hint: "Types are string, bool, int, float, duration, size, percent, money, json, file, dir, or your own.",
    });
  return null;
};

/** `[T]` with one name in it. */
function bracketsBehind(found: Found): Fix | null {
  if (!isWord(at(found, 1)) || !isAt(found, 2, T.RBracket)) return null;
  const span = { start: spanAt(found, 0).start, end: spanAt(found, 2).end };
  return instead(span, `${at(found, 1).image}[]`);
}

const typeSlips: Guess = (found) => {
  if (isAt(found, 0, T.Less) && isName(at(found, -1)))
    return told(found, "Only `map` takes a type in `<…>`", "a list is written `T[]`, what may be none `T?`");
  if (isAt(found, 0, T.Pipe) && !isAt(found, -1, T.PlainText))
    return told(found, "Only strings are joined with `|`", "a type that may be none is `T?`", {
      hint: 'A choice of strings gets a name: `type Level = "low" | "high"`.',
    });
  if (found.expected === "a type" && isAt(found, 0, T.FreeBracket, T.TouchBracket))
    return told(found, "A list is written `T[]`", "the brackets stand behind the type", {
      fix: bracketsBehind(found),
    });
  if (found.expected === "a type" && isAt(found, 0, T.PlainText))
    return told(found, "Expected a type", "a string is no type", {
      hint: 'A choice of strings gets a name: `type Level = "low" | "high"`.',
    });
  if (found.expected.startsWith("a string: a type is") && isAt(found, 0, T.LBrace))
    return told(found, "A record type takes no `=`", "write `type Name { … }`", {
      fix: replacing("Remove the `=`", { start: spanAt(found, -2).end, end: spanAt(found, -1).end }, ""),
      span: spanAt(found, -1),
    });
  if (found.expected.startsWith("a string: a type is"))
    return told(found, "Expected a string", "a type is `{ fields }` or a choice of strings", {
      hint: "A type has one name: write the type itself where it is used.",
    });
  return null;
};

const loops: Guess = (found) => {
  if (found.expected === "a name for the item" && isAt(found, 0, T.FreeParen, T.TouchParen))
    return told(found, "Expected a name for the item", "a `for` takes no parentheses", {
      hint: "Write `for item in list { … }`.",
    });
  if (found.expected === "`in`" && at(found, 0).image === "of")
    return told(found, "Expected `in`", "`of` is written `in` here", {
      fix: instead(spanAt(found, 0), "in"),
    });
  if (found.expected === "`in`")
    return told(found, "Expected `in`", "a `for` goes over a list", {
      hint: "Write `for item in list { … }`; numbers are `for i in range(10) { … }`.",
    });
  const list = isAt(found, 0, T.Comma) && isName(at(found, 1)) && isAt(found, 2, T.In);
  if (list && found.expected.includes("beginning of a block"))
    return told(found, "The lists of a `for` stand together", "this list comes too late", {
      span: { start: spanAt(found, 1).start, end: spanAt(found, 2).end },
      hint: `Write all lists first: \`for …, ${at(found, 1).image} in … by … after … { … }\`.`,
    });
  if (isAt(found, 0, T.Dot) && isAt(found, -1, T.Dot))
    return told(found, "There is no `..`", "numbers from one to another are `range(1, 5)`");
  if (found.expected.startsWith("`failure`") && isWord(at(found, 0)))
    return told(found, "Expected `failure`", "a handler is `on failure { … }`", {
      fix: isName(at(found, 0)) ? instead(spanAt(found, 0), "failure") : null,
    });
  return null;
};

/** `if x:` and other blocks by indentation. */
const indentation: Guess = (found) => {
  if (
    isAt(found, 0, T.Key) &&
    T.reservedWords.has(at(found, 0).image) &&
    found.expected.startsWith("a statement")
  )
    return told(found, "Blocks stand in braces", "`:` begins no block", {
      span: spanAt(found, 1),
      hint: "Write `{ … }`: indentation carries no meaning.",
    });
  const colon = isAt(found, 0, T.Colon) ? 0 : isAt(found, 0, T.Key) && isAt(found, 1, T.Colon) ? 1 : null;
  if (colon === null) return null;
  const block = found.expected.includes("beginning of a block");
  const keyed = colon === 1 && isAt(found, -1, T.If, T.In, T.And, T.Or, T.Not) && !sameLine(found, 1);
  if (!block && !keyed) return null;
  return told(found, "Blocks stand in braces", "`:` begins no block", {
    span: spanAt(found, colon),
    hint: "Write `{ … }`: indentation carries no meaning.",
  });
};

/** A record where a block is: `{ a, b: 1 }`. */
const recordInBlock: Guess = (found) => {
  if (!found.expected.startsWith("a statement")) return null;
  if (!isAt(found, 0, T.Comma, T.Colon)) return null;
  return told(found, `Unexpected \`${at(found, 0).image}\``, "statements are not separated by anything", {
    hint: "Is this meant as a record? The braces around it are a block: write `{ { … } }`.",
  });
};

const loneElse: Guess = (found) =>
  isAt(found, 0, T.Else)
    ? told(found, "`else` without an `if`", "an `else` follows the `}` of its `if`")
    : null;

const label: Guess = (found) => {
  if (found.expected !== "a string" || !isAt(found, -1, T.CheckWord, T.Approve)) return null;
  const form = isAt(found, -1, T.CheckWord) ? 'check "all green": condition' : 'approve "Ready to ship?"';
  return told(found, "Missing label", `write \`${form}\``, {
    span: spanAt(found, -1),
    hint: "The label names the check in reports.",
  });
};

/** An expression that is not there. */
const missingValue: Guess = (found) => {
  if (found.expected !== "an expression") return null;
  const span = spanAt(found, -1);
  if (isAt(found, -1, T.Assign) && isName(at(found, -2)) && !isAt(found, 0, T.Broken))
    if (!sameLine(found, -1))
      return told(found, "A name without a value", `what is \`${at(found, -2).image}\`?`, { span });
  if (isAt(found, -1, T.Colon) && (!sameLine(found, -1) || isAt(found, 0, T.Comma, T.RBrace, T.RParen)))
    return told(found, "A key without a value", `what is \`${at(found, -2).image}\`?`, { span });
  if (isAt(found, -1, T.ReturnWord) && (!sameLine(found, -1) || isAt(found, 0, T.RBrace)))
    return told(found, "`return` gives a value", "nothing stands behind it", {
      span,
      hint: "Without an answer there is no `return`: what is written runs to its end.",
    });
  if (isAt(found, 0, T.Assign) && T.BinaryOperator.categoryMatchesMap?.[at(found, -1).tokenTypeIdx] === true)
    return told(found, "Values do not change", "a name is given once", {
      span: { start: span.start, end: spanAt(found, 0).end },
      hint: "Give the new value another name.",
    });
  return null;
};

const extraComma: Guess = (found) => {
  const open = isAt(found, -1, T.Comma, T.LBrace, T.FreeParen, T.TouchParen, T.FreeBracket, T.TouchBracket);
  if (!isAt(found, 0, T.Comma) || !open) return null;
  return told(found, "A comma too many", "nothing stands before it", {
    fix: replacing("Remove it", spanAt(found, 0), ""),
  });
};

const HEADS: ReadonlyMap<string, string> = new Map([
  ["import", '`{`: an import is `import { name } from "./file.flow"`'],
  ["test", "a string, the name of the test"],
  ["type", "a name for the type"],
  ["task", "a name for the task"],
  ["flow", "a name for the flow"],
  ["limit", "a name for the limit"],
  ["runner", "a name for the runner"],
  ["agent", "a name for the agent"],
]);

/** A declaration that begins well: what is wrong stands behind its first word. */
const declarationHead: Guess = (found) => {
  const expected = HEADS.get(at(found, 0).image);
  if (!found.expected.startsWith("a declaration") || expected === undefined) return null;
  const next: Found = { ...found, index: found.index + 1, expected };
  for (const guess of [dashedName, reservedName]) {
    const diagnostic = guess(next);
    if (diagnostic !== null) return diagnostic;
  }
  if (!sameLine(found, 0) || isAt(found, 1, EOF))
    return told(found, `Expected ${expected}`, "nothing stands behind this");
  return told(next, `Expected ${expected}`, `found ${shown(at(next, 0))}`);
};

/** In order: the more special first. */
export const meant: readonly Guess[] = [
  declarationHead,
  dashedName,
  extraComma,
  missingValue,
  arrow,
  conditional,
  signature,
  typeSlips,
  loops,
  indentation,
  assignment,
  reservedName,
  recordInBlock,
  loneElse,
  label,
  (found) => (/declaration|statement|setting|field/.test(found.expected) ? foreignWord(found) : null),
  settingWithoutColon,
];
