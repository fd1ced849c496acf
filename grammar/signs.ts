// The signs of the language: which of them stands at a place, the longest first, and those of other languages.

import type { TokenType } from "chevrotain";
import * as T from "./tokens.ts";

export interface Sign {
  readonly type: TokenType;
  readonly image: string;
  readonly length: number;
  /** Another language's spelling. */
  readonly foreign: boolean;
}

const sign = (type: TokenType, image: string, foreign = false): Sign => {
  return { type, image, length: image.length, foreign };
};

const SINGLE: ReadonlyMap<string, Sign> = new Map(
  (
    [
      ["{", T.LBrace],
      ["}", T.RBrace],
      [")", T.RParen],
      ["]", T.RBracket],
      [",", T.Comma],
      [":", T.Colon],
      ["=", T.Assign],
      ["|", T.Pipe],
      [".", T.Dot],
      ["<", T.Less],
      [">", T.Greater],
      ["+", T.Plus],
      ["-", T.Minus],
      ["*", T.Times],
      ["/", T.Divide],
    ] satisfies [string, TokenType][]
  ).map(([text, type]) => [text, sign(type, text)]),
);
const NOT_SIGN = sign(T.Not, "!", true);
const FREE: ReadonlyMap<string, Sign> = new Map([
  ["(", sign(T.FreeParen, "(")],
  ["[", sign(T.FreeBracket, "[")],
  ["?", sign(T.LooseQuestion, "?")],
]);
const TOUCHING: ReadonlyMap<string, Sign> = new Map([
  ["(", sign(T.TouchParen, "(")],
  ["[", sign(T.TouchBracket, "[")],
  ["?", sign(T.Question, "?")],
]);
/** By first character, the longest first. */
const LONG: ReadonlyMap<string, readonly (readonly [string, Sign])[]> = new Map([
  [
    "=",
    [
      ["===", sign(T.Equal, "===", true)],
      ["==", sign(T.Equal, "==")],
      ["=>", sign(T.FatArrow, "=>")],
    ],
  ],
  [
    "!",
    [
      ["!==", sign(T.Unequal, "!==", true)],
      ["!=", sign(T.Unequal, "!=")],
    ],
  ],
  ["<", [["<=", sign(T.AtMost, "<=")]]],
  [">", [[">=", sign(T.AtLeast, ">=")]]],
  ["-", [["->", sign(T.Arrow, "->")]]],
  [
    "?",
    [
      ["??", sign(T.Default, "??")],
      ["?.", sign(T.MaybeDot, "?.")],
    ],
  ],
  [":", [[":=", sign(T.Assign, ":=", true)]]],
  ["&", [["&&", sign(T.And, "&&", true)]]],
  ["|", [["||", sign(T.Or, "||", true)]]],
]);

/** The sign at a place; null if none begins there. `touching`: it directly follows a token. */
export function signAt(text: string, at: number, touching: boolean): Sign | null {
  const first = text[at] ?? "";
  const long = LONG.get(first);
  if (long !== undefined) for (const [image, found] of long) if (text.startsWith(image, at)) return found;
  if (first === "/" && text[at + 1] === "*") return null;
  if (first === "!") return NOT_SIGN;
  return SINGLE.get(first) ?? (touching ? TOUCHING : FREE).get(first) ?? null;
}
