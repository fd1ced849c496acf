// Words the mistake of a token that cannot stand where it stands, with a look at what was most likely meant.

import { EOF } from "chevrotain";
import type { Diagnostic } from "./diagnostic.ts";
import { mistake } from "./errors.ts";
import { at, type Found, isAt, sameLine, shown, spanAt } from "./found.ts";
import { foreignWord, meant } from "./meant.ts";
import type { Source } from "./source.ts";
import * as T from "./tokens.ts";

/** `expected` says what could stand at the token instead, as it ends the sentence "Expected …". */
export function explain(
  source: Source,
  tokens: readonly T.Token[],
  index: number,
  expected: string,
): Diagnostic {
  const found: Found = { source, tokens, index, expected };
  for (const guess of meant) {
    const diagnostic = guess(found);
    if (diagnostic !== null) return diagnostic;
  }
  const token = tokens[index];
  if (token === undefined || token.tokenType === EOF) {
    const last = spanAt(found, -1);
    return mistake("syntax", source, last, `Expected ${expected}`, "the file ends after this");
  }
  const label = `found ${shown(token)}`;
  return mistake("syntax", source, spanAt(found, 0), `Expected ${expected}`, label, {
    related: unfinished(found) ? [{ source, span: spanAt(found, -1), label: "this goes on" }] : [],
  });
}

/** Does the line before end with something that goes on? Then what is missing is missing there. */
function unfinished(found: Found): boolean {
  const { image } = at(found, -1);
  if (sameLine(found, -1) || image === "") return false;
  return /[:=<>+*/,.|-]$/.test(image) || goesOn.has(image);
}

const goesOn: ReadonlySet<string> = new Set([
  "in",
  "by",
  "if",
  "as",
  "and",
  "or",
  "not",
  "per",
  "after",
  "until",
  "repeat",
  "return",
  "otherwise",
  "with",
  "else",
  "for",
]);

/** Another language's word before a name on its line, where both alone would be read as statements; else null. */
export function slippedWord(source: Source, tokens: readonly T.Token[], index: number): Diagnostic | null {
  const found: Found = { source, tokens, index, expected: "a statement" };
  if (!sameLine(found, 0) || at(found, 0).image === "record" || isAt(found, 0, T.Key)) return null;
  return foreignWord(found);
}
