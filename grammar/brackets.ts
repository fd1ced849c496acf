// Balances brackets before parsing: each one that is missing or too many is told once, and the parser sees neither.

import { EOF, type TokenType } from "chevrotain";
import * as errors from "./errors-brackets.ts";
import type { Findings } from "./findings.ts";
import { indentOf, lineIndent, onOneLine } from "./lines.ts";
import * as T from "./tokens.ts";

type Tokens = readonly T.Token[];

/** Brackets in each other; the parser's own bound on levels is lower. */
export const bracketsDeepMax = 200;

/** 1–5 for an opening bracket, −1 to −5 for the closing one of the same kind, else 0. */
const KIND = new Map<number, number>();
const CLOSER: TokenType[] = [EOF, T.RBrace, T.RParen, T.RBracket, T.HoleClose, T.TextClose];
const brace = 1;
const paren = 2;
const hole = 4;

for (const [kind, types] of [
  [1, [T.LBrace]],
  [2, [T.FreeParen, T.TouchParen]],
  [3, [T.FreeBracket, T.TouchBracket]],
  [4, [T.HoleOpen]],
  [5, [T.TextOpen]],
] as const)
  for (const type of types) KIND.set(type.tokenTypeIdx ?? -1, kind);
CLOSER.forEach((type, kind) => {
  if (kind > 0) KIND.set(type.tokenTypeIdx ?? -1, -kind);
});

const DECLARING: ReadonlySet<TokenType> = new Set(
  [T.TaskWord, T.FlowWord, T.TypeWord, T.Limit, T.Runner].concat([T.Agent, T.TestWord, T.ImportWord]),
);

/** The tokens with brackets in pairs: the same array if they are already. */
export function balance(findings: Findings, tokens: T.Token[], unterminated: readonly number[]): T.Token[] {
  const stack: number[] = [];
  let top = 0;
  let start = 0;
  for (let at = 0; at < tokens.length; at++) {
    const kind = KIND.get(tokens[at]?.tokenTypeIdx ?? -1);
    if (kind === undefined) continue;
    if (kind > 0) {
      if (top === 0) start = at;
      stack[top++] = kind;
      if (top > bracketsDeepMax) return tooDeep(findings, tokens[at], tokens, start);
    } else if (top === 0 || stack[--top] !== -kind) return new Balance(findings, tokens, unterminated).run();
  }
  return top === 0 ? tokens : new Balance(findings, tokens, unterminated).run();
}

/** What the bracket belongs to cannot be read, and nothing behind it either: the tokens before it are left. */
function tooDeep(findings: Findings, token: T.Token | undefined, read: T.Token[], start: number): T.Token[] {
  const { source } = findings;
  if (token !== undefined) findings.add(errors.bracketsTooDeep(source, token, bracketsDeepMax));
  let first = Math.min(start, read.length);
  while (first > 0 && indentOf(source, read, first) !== 0) first--;
  return [...read.slice(0, first), new T.Token(EOF, "", source.text.length, source.text.length)];
}

/** Behind these a brace begins a type or a value. */
const INNER: ReadonlySet<TokenType> = new Set([
  T.Colon,
  T.Assign,
  T.Less,
  T.If,
  T.Else,
  T.In,
  T.Plus,
  T.Default,
]);

interface Open {
  readonly index: number;
  readonly kind: number;
  /** How far the line it stands on is indented. */
  readonly indent: number;
  /** It opens the parameters of a task or flow. */
  readonly params: boolean;
}

class Balance {
  private readonly findings: Findings;
  private readonly tokens: Tokens;
  private readonly unterminated: readonly number[];
  private readonly out: T.Token[] = [];
  private readonly stack: Open[] = [];
  /** Where the outermost open bracket stands in `out`. */
  private bottom = 0;
  /** More opening than closing brackets of a kind, over the whole file. */
  private readonly surplus = [0, 0, 0, 0, 0, 0];

  constructor(findings: Findings, tokens: Tokens, unterminated: readonly number[]) {
    this.findings = findings;
    this.tokens = tokens;
    this.unterminated = unterminated;
  }

  run(): T.Token[] {
    for (const token of this.tokens) {
      const kind = KIND.get(token.tokenTypeIdx) ?? 0;
      this.count(Math.abs(kind), Math.sign(kind));
    }
    for (const [index, token] of this.tokens.entries()) {
      const kind = KIND.get(token.tokenTypeIdx) ?? 0;
      if (token.tokenType === EOF) this.atEnd();
      else if (kind < 0) this.close(token, index, -kind);
      else {
        this.paramsEnd(token, index);
        this.lineStart(token, index);
      }
      if (kind >= 0) this.out.push(token);
      if (kind > 0) this.open(index, kind);
      if (this.stack.length > bracketsDeepMax) return tooDeep(this.findings, token, this.out, this.bottom);
    }
    return this.out;
  }

  private open(index: number, kind: number): void {
    if (this.stack.length === 0) this.bottom = this.out.length - 1;
    const indent = lineIndent(this.findings.source, this.tokens[index]?.startOffset ?? 0);
    this.stack.push({ index, kind, indent, params: kind === paren && DECLARING.has(this.typeAt(index - 2)) });
  }

  private count(kind: number, by: number): void {
    this.surplus[kind] = (this.surplus[kind] ?? 0) + by;
  }

  private over(kind: number): number {
    return this.surplus[kind] ?? 0;
  }

  /** A line that is not indented deeper than the one an unclosed bracket stands on is no longer inside it. */
  private lineStart(token: T.Token, index: number): void {
    const top = this.stack.at(-1);
    if (top === undefined || this.over(top.kind) <= 0) return;
    const indent = indentOf(this.findings.source, this.tokens, index);
    if (indent < 0 || indent > top.indent) return;
    const declares = DECLARING.has(token.tokenType) && this.declares(index + 1);
    if (declares && indent === 0) {
      while (this.stack.length > 0) this.unclosed(this.stack.length === 1);
      return;
    }
    if (top.indent === 0 && top.kind === brace) return;
    this.unclosed(true);
    this.lineStart(token, index);
  }

  /** Parameters do not go on past `->`, nor past a brace that begins no type or value. */
  private paramsEnd(token: T.Token, index: number): void {
    const top = this.stack.at(-1);
    if (top === undefined || !top.params || this.over(paren) <= 0) return;
    const opens = token.tokenType === T.LBrace && !INNER.has(this.typeAt(index - 1));
    if (opens || token.tokenType === T.Arrow) this.unclosed(true);
  }

  private typeAt(index: number): TokenType {
    return this.tokens[index]?.tokenType ?? EOF;
  }

  private declares(next: number): boolean {
    const token = this.tokens[next];
    if (token === undefined) return false;
    return token.tokenType === T.LBrace || token.tokenType === T.PlainText || /^[A-Za-z_]/.test(token.image);
  }

  private close(token: T.Token, index: number, kind: number): void {
    const indent = indentOf(this.findings.source, this.tokens, index);
    if (kind === brace && indent >= 0 && !this.closeByIndent(token, indent)) return;
    const match = this.findOpen(kind);
    if (match < 0) {
      this.stray(token, index, kind);
      return;
    }
    while (this.stack.length - 1 > match) this.unclosed(true);
    this.stack.pop();
    this.out.push(token);
  }

  /** Lets a closing brace at the start of a line close the block of its indentation; false if it closes none. */
  private closeByIndent(token: T.Token, indent: number): boolean {
    for (;;) {
      const top = this.stack.at(-1);
      if (top === undefined || top.kind !== brace) return true;
      const below = this.stack.slice(0, -1).some((open) => open.kind === brace && open.indent === indent);
      if (indent < top.indent && below && this.over(brace) > 0) this.unclosed(true);
      else if (indent !== top.indent && this.over(brace) < 0 && !this.onLineOf(top, token)) {
        this.count(brace, 1);
        this.findings.add(errors.strayCloser(this.findings.source, token));
        return false;
      } else return true;
    }
  }

  private onLineOf(open: Open, token: T.Token): boolean {
    return onOneLine(this.findings.source, this.tokens[open.index]?.startOffset ?? 0, token.startOffset);
  }

  /** The innermost open bracket of a kind that a closing one can mean: not out of a hole. */
  private findOpen(kind: number): number {
    for (let at = this.stack.length - 1; at >= 0; at--) {
      const open = this.stack[at]?.kind ?? 0;
      if (open === kind) return at;
      if (open === hole && kind < hole) return -1;
    }
    return -1;
  }

  /** A closing bracket without an opening one: a wrong one for another kind, or one too many. */
  private stray(token: T.Token, index: number, kind: number): void {
    const { source } = this.findings;
    const top = this.stack.at(-1);
    const next = KIND.get(this.tokens[index + 1]?.tokenTypeIdx ?? -1) ?? 0;
    if (
      top !== undefined &&
      top.kind < hole &&
      this.over(top.kind) > 0 &&
      next !== -top.kind &&
      kind < hole
    ) {
      const open = this.tokens[top.index];
      const closer = CLOSER[top.kind] ?? EOF;
      if (open !== undefined)
        this.findings.add(errors.wrongCloser(source, token, open, T.operatorText(closer)));
      this.count(top.kind, -1);
      this.count(kind, 1);
      this.stack.pop();
      this.out.push(new T.Token(closer, token.image, token.startOffset, token.end));
      return;
    }
    this.count(kind, 1);
    this.findings.add(errors.strayCloser(source, token));
  }

  /** The innermost open bracket gets its closing one behind the last token. */
  private unclosed(tell: boolean): void {
    const open = this.stack.pop();
    if (open === undefined) return;
    const { source } = this.findings;
    const opening = this.tokens[open.index];
    const closer = CLOSER[open.kind] ?? EOF;
    const last = this.out.at(-1);
    if (opening === undefined || last === undefined) return;
    this.count(open.kind, -1);
    if (tell && !this.findings.full && !this.toldAlready(opening))
      this.findings.add(errors.missingCloser(source, opening, last, T.operatorText(closer), open.indent));
    this.out.push(new T.Token(closer, "", last.end, last.end));
  }

  /** A string that swallowed the rest of its line took the closing bracket with it. */
  private toldAlready(opening: T.Token): boolean {
    const { source } = this.findings;
    return this.unterminated.some(
      (at) =>
        at > opening.startOffset &&
        (source.text.startsWith('"""', at) || onOneLine(source, opening.startOffset, at)),
    );
  }

  private atEnd(): void {
    while (this.stack.length > 0) this.unclosed(this.stack.length === 1);
  }
}
