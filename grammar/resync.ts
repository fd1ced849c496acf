// Where to go on after a mistake: pure looks at the tokens behind it. Brackets are balanced by then.

import type { TokenType } from "chevrotain";
import { indentOf, lineIndent } from "./lines.ts";
import type { Source } from "./source.ts";
import * as T from "./tokens.ts";

type Tokens = readonly T.Token[];

const indexOf = (type: TokenType): number => type.tokenTypeIdx ?? -1;
const OPENING: ReadonlySet<number> = new Set(
  [T.LBrace, T.FreeParen, T.TouchParen, T.FreeBracket, T.TouchBracket, T.TextOpen, T.HoleOpen].map(indexOf),
);
const CLOSING: ReadonlySet<number> = new Set(
  [T.RBrace, T.RParen, T.RBracket, T.TextClose, T.HoleClose].map(indexOf),
);

const TASK_WORDS: ReadonlySet<TokenType> = new Set([T.Run, T.Ask, T.CallWord, T.ReturnWord]);

export const opens = (token: T.Token): boolean => OPENING.has(token.tokenTypeIdx);
export const closes = (token: T.Token): boolean => CLOSING.has(token.tokenTypeIdx);
const is = (token: T.Token, type: TokenType): boolean => token.tokenTypeIdx === type.tokenTypeIdx;

/**
 * The first token not before `at`, in no bracket that was opened since `from`, at which to stop; else the bracket that
 * closes what `from` stands in, or the end. `top`: it stands in none.
 */
function find(
  tokens: Tokens,
  from: number,
  at: number,
  stop: (token: T.Token, index: number) => boolean,
  top = false,
): number {
  let depth = 0;
  for (let index = from; index < tokens.length; index++) {
    const token = tokens[index];
    if (token === undefined) break;
    if (closes(token) && --depth < 0) {
      if (index >= at && !top) return index;
      depth = 0;
    }
    if (depth === 0 && index >= at && !closes(token) && stop(token, index)) return index;
    if (opens(token)) depth++;
  }
  return tokens.length - 1;
}

function startsLine(source: Source, tokens: Tokens, index: number, most: number): boolean {
  const indent = indentOf(source, tokens, index);
  return indent >= 0 && indent <= most;
}

/** In an argument list, a list or a record: the next comma. */
export function afterItem(_source: Source, tokens: Tokens, from: number, at: number): number {
  return find(tokens, from, at, (token) => is(token, T.Comma));
}

/** In a hole: its end. */
export function afterHole(_source: Source, tokens: Tokens, from: number, at: number): number {
  return find(tokens, from, at, () => false);
}

/** In a block: the next line that is not indented deeper than the broken statement. */
export function afterStatement(source: Source, tokens: Tokens, from: number, at: number): number {
  const indent = lineIndent(source, tokens[from]?.startOffset ?? 0);
  return find(tokens, from, at, (_, index) => index > from && startsLine(source, tokens, index, indent));
}

/** Among settings or fields: the next key, or comma, or line that is not indented deeper. */
export function afterSetting(source: Source, tokens: Tokens, from: number, at: number): number {
  const before = lineIndent(source, tokens[from - 1]?.startOffset ?? 0);
  const indent = Math.max(before, indentOf(source, tokens, from));
  return find(
    tokens,
    from,
    at,
    (token, index) =>
      index > from && (is(token, T.Key) || is(token, T.Comma) || startsLine(source, tokens, index, indent)),
  );
}

/** In a task: as among settings, and the next action or `return`. */
export function afterTaskItem(source: Source, tokens: Tokens, from: number, at: number): number {
  const setting = afterSetting(source, tokens, from, at);
  const found = find(
    tokens,
    from,
    at,
    (token, index) => index > from && TASK_WORDS.has(token.tokenType) && indentOf(source, tokens, index) >= 0,
  );
  return Math.min(setting, found);
}

/** At the top of a file: the next line that is not indented deeper and begins with a word. */
export function afterDeclaration(source: Source, tokens: Tokens, from: number, at: number): number {
  const indent = lineIndent(source, tokens[from]?.startOffset ?? 0);
  const next = (token: T.Token, index: number): boolean =>
    index > from && startsLine(source, tokens, index, indent) && /^[A-Za-z_]/.test(token.image);
  return find(tokens, from, at, next, true);
}
