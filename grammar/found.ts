// A token where it cannot stand, with what is around it: what guesses about a mistake look at.

import type { TokenType } from "chevrotain";
import type { Source, Span } from "./source.ts";
import * as T from "./tokens.ts";

export interface Found {
  readonly source: Source;
  readonly tokens: readonly T.Token[];
  readonly index: number;
  /** What could stand there instead. */
  readonly expected: string;
}

/** The token so far from the one found; a virtual one at either end of the file. */
export function at(found: Found, offset: number): T.Token {
  return found.tokens[found.index + offset] ?? NOTHING;
}

const NOTHING = new T.Token(T.Broken, "", 0, 0);

export function isAt(found: Found, offset: number, ...types: readonly TokenType[]): boolean {
  return types.includes(at(found, offset).tokenType);
}

/** Any word, be it a name, a reserved word or a key. */
export function isWord(token: T.Token): boolean {
  return /^[A-Za-z_]/.test(token.image) && !TEXTS.has(token.tokenType);
}

const TEXTS = new Set([T.PlainText, T.Chars, T.Broken]);

/** A word that may be a name. */
export function isName(token: T.Token): boolean {
  return isWord(token) && token.tokenType !== T.Key && !T.reservedWords.has(token.image);
}

export function spanAt(found: Found, offset: number): Span {
  const token = at(found, offset);
  return { start: token.startOffset, end: Math.max(token.end, token.startOffset) };
}

/** Whether two neighbours stand on one line. */
export function sameLine(found: Found, offset: number): boolean {
  const from = at(found, offset);
  const to = at(found, offset + 1);
  return !found.source.text.slice(from.end, to.startOffset).includes("\n");
}

/** Whether nothing stands between two neighbours. */
export function touching(found: Found, offset: number): boolean {
  return at(found, offset).end === at(found, offset + 1).startOffset;
}

/** A token as a message names it. */
export function shown(token: T.Token): string {
  const type = token.tokenType;
  if (type === T.PlainText || type === T.TextOpen || type === T.Chars) return "a string";
  if (type === T.TextClose) return "the end of the string";
  if (type === T.Key) return `\`${token.image}:\``;
  if (type === T.Broken) return "something else";
  if (token.image === "") return type.LABEL ?? "something else";
  return token.image.length > 40 ? `\`${token.image.slice(0, 40)}…\`` : `\`${token.image}\``;
}
