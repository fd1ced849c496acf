// How far lines are indented, seen from a token. Only asked about mistakes, so it is read from the text each time.

import { EOF } from "chevrotain";
import { lineStarts, position, type Source } from "./source.ts";
import * as T from "./tokens.ts";

type Tokens = readonly T.Token[];

/** What may stand first on a line without beginning it: the inside and the end of a text block. */
const INSIDE = new Set([T.Chars, T.HoleOpen, T.HoleClose, T.TextClose]);

/** How many characters stand before a token that is first on its line; −1 for any other. */
export function indentOf(source: Source, tokens: Tokens, index: number): number {
  const token = tokens[index];
  if (token === undefined || INSIDE.has(token.tokenType)) return -1;
  if (token.tokenType === EOF) return 0;
  let at = token.startOffset - 1;
  while (at >= 0 && (source.text[at] === " " || source.text[at] === "\t")) at--;
  return at < 0 || source.text[at] === "\n" || source.text[at] === "\ufeff" ? token.startOffset - at - 1 : -1;
}

/** How far the line is indented that a place is on. Lines may be long, and this may be asked often. */
export function lineIndent(source: Source, offset: number): number {
  const start = lineStartOf(source, offset);
  let at = start;
  while (source.text[at] === " " || source.text[at] === "\t") at++;
  return at - start;
}

export function onOneLine(source: Source, a: number, b: number): boolean {
  return lineStartOf(source, a) === lineStartOf(source, b);
}

function lineStartOf(source: Source, offset: number): number {
  return lineStarts(source)[position(source, offset).line - 1] ?? 0;
}
