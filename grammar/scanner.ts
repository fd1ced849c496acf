// Cuts a source into tokens: words, numbers, signs, and strings with the holes in them; never throws.

import { EOF, type TokenType } from "chevrotain";
import type { Comment } from "./ast.ts";
import { DocComments } from "./doc-comments.ts";
import * as errors from "./errors.ts";
import type { Findings } from "./findings.ts";
import { readNumber } from "./numbers.ts";
import { blockEnd, endsOperand, lineTextEnd, type Mark, waryBlockEnd } from "./scan-text.ts";
import { signAt } from "./signs.ts";
import { dedent, unescaped } from "./strings.ts";
import * as T from "./tokens.ts";

export interface Scanned {
  /** The last one is `EOF`. */
  readonly tokens: T.Token[];
  readonly comments: readonly Comment[];
  /** Doc comments by the offset of the token they stand above. */
  readonly docs: ReadonlyMap<number, string>;
  readonly fileDoc: string | null;
  /** Offsets of strings that do not end: what a line or the file lacks after them is no second mistake. */
  readonly unterminated: readonly number[];
}

/** A string whose hole is being read. */
interface Frame {
  readonly start: number;
  readonly block: boolean;
  /** Its pieces of text so far. */
  readonly chars: T.Token[];
  /** Where the open hole begins, and which token it is. */
  hole: number;
  holeToken: number;
  /** Braces open in the hole. */
  braces: number;
}

const ELSE_IF = new Set(["elif", "elsif", "elseif"]);
const WORD = /[A-Za-z_][A-Za-z0-9_]*/y;
const NUMBER = /[0-9][0-9_]*(?:\.[0-9][0-9_]*)?[A-Za-z0-9_%]*/y;
const FOREIGN_WORD = /[\p{L}\p{N}\p{M}_]+/uy;
const SPACE = /[\s\u0085\u200b\u2060\ufeff]/;

export function scan(findings: Findings): Scanned {
  const scanned = new Scanner(findings, false).run();
  const { text } = findings.source;
  if (!scanned.unterminated.some((at) => text.startsWith('"""', at))) return scanned;
  // Somewhere a text block is not closed, and every `"""` behind it was read the wrong way round: look closer.
  findings.clear();
  return new Scanner(findings, true).run();
}

class Scanner {
  private readonly findings: Findings;
  private readonly text: string;
  private readonly tokens: T.Token[] = [];
  private readonly docs: DocComments;
  private readonly unterminated: number[] = [];
  private readonly frames: Frame[] = [];
  /** A text block is not closed: by its lines' indentation and the look of a `"""` it is found which. */
  private readonly wary: boolean;
  /** Where the line ends whose end was asked for last. */
  private line = { from: 0, end: -1 };
  private at = 0;

  constructor(findings: Findings, wary: boolean) {
    this.findings = findings;
    this.wary = wary;
    this.text = findings.source.text;
    this.docs = new DocComments(this.text);
  }

  run(): Scanned {
    if (this.text.charCodeAt(0) === 0xfeff) this.at = 1;
    while (this.at < this.text.length) this.next();
    while (this.frames.length > 0) this.abandonHole(null);
    const end = this.text.length;
    this.tokens.push(new T.Token(EOF, "", end, end));
    this.docs.end(end, this.tokens.length === 1);
    const { tokens, unterminated } = this;
    const { comments, docs, fileDoc } = this.docs;
    return { tokens, comments, docs, fileDoc, unterminated };
  }

  private next(): void {
    const code = this.text.charCodeAt(this.at);
    if (code === 0x20 || code === 0x09 || code === 0x0d) this.at++;
    else if (code === 0x0a) this.newline();
    else if (isWordStart(code)) this.word();
    else if (code >= 0x30 && code <= 0x39) this.number();
    else if (code === 0x22) this.quote();
    else if (code === 0x2f && this.text.charCodeAt(this.at + 1) === 0x2f) this.comment();
    else this.sign(code);
  }

  private newline(): void {
    const frame = this.frames.at(-1);
    if (frame !== undefined && !frame.block) {
      this.abandonHole(null);
      return;
    }
    this.at++;
  }

  private push(type: TokenType, end: number, image: string): T.Token {
    const start = this.at;
    const token = new T.Token(type, image, start, end);
    this.tokens.push(token);
    this.at = end;
    // A comma has no meaning of its own: the comment belongs to what follows it.
    if (this.docs.pending && type !== T.Comma) this.docs.give(start, this.tokens.length === 1);
    return token;
  }

  private touches(): boolean {
    const before = this.tokens.at(-1);
    return before !== undefined && before.end === this.at;
  }

  // Comments

  private endOfLine(from: number): number {
    // Of one long line this may be asked many times.
    if (from < this.line.from || from > this.line.end) {
      const found = this.text.indexOf("\n", from);
      this.line = { from, end: found === -1 ? this.text.length : found };
    }
    const { end } = this.line;
    return end > from && this.text.charCodeAt(end - 1) === 0x0d ? end - 1 : end;
  }

  private comment(): void {
    const start = this.at;
    this.at = this.endOfLine(start);
    this.docs.comment(this.text.slice(start, this.at), { start, end: this.at }, this.tokens.length === 0);
  }

  // Words and numbers

  private word(): void {
    WORD.lastIndex = this.at;
    WORD.test(this.text);
    let end = WORD.lastIndex;
    if (this.text.charCodeAt(end) >= 0x80) end = this.foreignWord();
    const image = this.text.slice(this.at, end);
    if (this.colonFollows(end)) this.push(T.Key, end, image);
    else if (ELSE_IF.has(image) && this.tokens.at(-1)?.tokenType === T.RBrace) this.elseIf(end);
    else this.push(T.WORDS.get(image) ?? T.Name, end, image);
  }

  /** `elif`: told, and taken for what it means. */
  private elseIf(end: number): void {
    this.findings.add(errors.elseIf(this.findings.source, { start: this.at, end }));
    this.push(T.Else, this.at + 2, "else");
    this.push(T.If, end, "if");
  }

  private foreignWord(): number {
    FOREIGN_WORD.lastIndex = this.at;
    FOREIGN_WORD.test(this.text);
    const end = Math.max(FOREIGN_WORD.lastIndex, this.at + 1);
    if (/\P{ASCII}/u.test(this.text.slice(this.at, end)))
      this.findings.add(errors.foreignName(this.findings.source, { start: this.at, end }));
    return end;
  }

  /** Whether the next thing after spaces and comments is a `:`. */
  private colonFollows(from: number): boolean {
    let at = from;
    for (;;) {
      const code = this.text.charCodeAt(at);
      if (code === 0x3a) return this.text.charCodeAt(at + 1) !== 0x3d;
      if (code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09) at++;
      else if (code === 0x2f && this.text.charCodeAt(at + 1) === 0x2f) at = this.endOfLine(at);
      else return false;
    }
  }

  private number(): void {
    NUMBER.lastIndex = this.at;
    NUMBER.test(this.text);
    const end = NUMBER.lastIndex;
    const image = this.text.slice(this.at, end);
    const value = readNumber(image);
    if ("value" in value) {
      this.push(T.NumberToken, end, image);
      return;
    }
    this.findings.add(errors.badLiteral(this.findings.source, { start: this.at, end }, image, value));
    this.push(T.Broken, end, image);
  }

  // Signs

  private sign(code: number): void {
    if (code === 0x7d && this.closesHole()) return;
    if (code === 0x7b) {
      const frame = this.frames.at(-1);
      if (frame !== undefined) frame.braces++;
    }
    const sign = signAt(this.text, this.at, this.touches());
    if (sign === null) {
      this.stray();
      return;
    }
    if (sign.foreign) {
      const span = { start: this.at, end: this.at + sign.length };
      this.findings.add(errors.foreignOperator(this.findings.source, span));
    }
    this.push(sign.type, this.at + sign.length, sign.image);
  }

  private closesHole(): boolean {
    const frame = this.frames.at(-1);
    if (frame === undefined) return false;
    if (frame.braces > 0) {
      frame.braces--;
      return false;
    }
    this.push(T.HoleClose, this.at + 1, "}");
    this.goOnInText(frame);
    return true;
  }

  private stray(): void {
    const { source } = this.findings;
    const start = this.at;
    const char = String.fromCodePoint(this.text.codePointAt(start) ?? 0);
    if (SPACE.test(char)) {
      this.at++;
    } else if (char === ";") {
      this.at++;
      this.findings.add(errors.semicolon(source, { start, end: this.at }));
    } else if (char === "#") {
      this.at = this.endOfLine(start);
      this.docs.comments.push({ span: { start, end: this.at }, text: this.text.slice(start, this.at) });
      this.findings.add(errors.hashComment(source, { start, end: this.at }));
    } else if (this.text.startsWith("/*", start)) {
      const close = this.text.indexOf("*/", start + 2);
      this.at = close === -1 ? this.endOfLine(start) : close + 2;
      this.findings.add(errors.blockComment(source, { start, end: this.at }, close !== -1));
    } else if ("'`‘’“”„«".includes(char)) {
      this.foreignString(char);
    } else if (/[\p{L}\p{N}]/u.test(char)) {
      const end = this.foreignWord();
      this.push(this.colonFollows(end) ? T.Key : T.Name, end, this.text.slice(start, end));
    } else if (char === "$" && /^[A-Za-z_]/.test(this.text.slice(start + 1, start + 2))) {
      this.at++;
      this.word();
      const end = this.at;
      this.findings.add(errors.dollarName(source, { start, end }));
    } else {
      while (this.at < this.text.length && this.text.startsWith(char, this.at)) this.at += char.length;
      this.findings.add(errors.strayCharacter(source, { start, end: this.at }));
    }
  }

  /** A string in another language's quotes. */
  private foreignString(open: string): void {
    const start = this.at;
    const close = { "“": "”", "„": "“", "«": "»", "‘": "’" }[open] ?? open;
    const lineEnd = this.endOfLine(start);
    let end = start + 1;
    while (end < lineEnd && this.text[end] !== close) end += this.text[end] === "\\" ? 2 : 1;
    const closed = end < lineEnd;
    const { source } = this.findings;
    if (!closed) {
      this.findings.add(errors.strayCharacter(source, { start, end: start + 1 }));
      this.push(T.Broken, this.at + 1, open);
      return;
    }
    const text = this.text.slice(start + 1, end);
    const simple = /[\\]|[$~]\{/.test(text) ? null : text;
    this.findings.add(errors.foreignQuotes(source, { start, end: end + 1 }, `\`${open}\``, simple));
    this.push(T.PlainText, end + 1, text);
  }

  // Strings

  private quote(): void {
    const frame = this.frames.at(-1);
    // No expression goes on with a string right behind an operand: the hole was forgotten to be closed.
    if (frame !== undefined && frame.braces === 0 && this.tokens.length > frame.holeToken + 1) {
      const block = this.text.startsWith('"""', this.at);
      if (block === frame.block && endsOperand(this.tokens.at(-1))) {
        this.abandonHole(this.at);
        return;
      }
    }
    this.openText(this.text.startsWith('"""', this.at));
  }

  private openText(block: boolean): void {
    const start = this.at;
    const from = start + (block ? 3 : 1);
    const mark = this.textEnd(block, start, from);
    if (mark.kind === "hole") {
      const frame: Frame = { start, block, chars: [], hole: 0, holeToken: 0, braces: 0 };
      this.push(T.TextOpen, from, block ? '"""' : '"');
      this.frames.push(frame);
      this.chars(frame, mark.at);
      this.openHole(frame);
      return;
    }
    if (mark.kind === "end") this.tellUnterminated(start, block);
    const end = mark.kind === "end" ? mark.at : mark.at + (block ? 3 : 1);
    const raw = this.text.slice(from, mark.at);
    this.push(T.PlainText, end, block ? (dedent([raw])[0] ?? "") : this.unescaped(raw, from));
  }

  private textEnd(block: boolean, start: number, from: number): Mark {
    if (!block) return lineTextEnd(this.text, from);
    return this.wary ? waryBlockEnd(this.text, start, from) : blockEnd(this.text, from);
  }

  private unescaped(raw: string, from: number): string {
    return unescaped(raw, (bad) => {
      const span = { start: from + bad.at, end: from + bad.at + bad.length };
      const text = this.text.slice(span.start, span.end);
      this.findings.add(errors.badEscape(this.findings.source, span, text, bad.why, bad.instead));
    });
  }

  private tellUnterminated(start: number, block: boolean): void {
    const { source } = this.findings;
    this.unterminated.push(start);
    this.findings.add(
      block ? errors.unterminatedBlock(source, start) : errors.unterminatedString(source, start),
    );
  }

  private chars(frame: Frame, end: number): void {
    if (end === this.at) return;
    const from = this.at;
    const raw = this.text.slice(from, end);
    frame.chars.push(this.push(T.Chars, end, frame.block ? raw : this.unescaped(raw, from)));
  }

  private openHole(frame: Frame): void {
    frame.hole = this.at;
    frame.holeToken = this.tokens.length;
    frame.braces = 0;
    this.push(T.HoleOpen, this.at + 2, "~{");
  }

  private goOnInText(frame: Frame): void {
    const mark = this.textEnd(frame.block, frame.start, this.at);
    this.chars(frame, mark.at);
    if (mark.kind === "hole") this.openHole(frame);
    else this.closeText(frame, mark);
  }

  private closeText(frame: Frame, mark: Mark): void {
    if (mark.kind === "end") this.tellUnterminated(frame.start, frame.block);
    this.endText(frame, mark.at, mark.kind === "end" ? mark.at : mark.at + (frame.block ? 3 : 1));
  }

  /** The innermost string's text ends at one offset, and it itself at another. */
  private endText(frame: Frame, at: number, end: number): void {
    this.frames.pop();
    if (frame.block) this.dedentPieces(frame, at);
    this.push(T.TextClose, end, "");
  }

  private dedentPieces(frame: Frame, end: number): void {
    const chars = frame.chars;
    const starts = chars[0]?.startOffset === frame.start + 3;
    const ends = chars.at(-1)?.end === end;
    // Where a hole is first or last, an empty piece stands before or after it.
    const raw = [...(starts ? [] : [""]), ...chars.map((token) => token.image), ...(ends ? [] : [""])];
    const pieces = dedent(raw);
    chars.forEach((token, index) => {
      token.image = pieces[index + (starts ? 0 : 1)] ?? "";
    });
  }

  /** The innermost hole does not end where it must: its text is taken for an expression that was told. */
  private abandonHole(closeAt: number | null): void {
    const frame = this.frames.at(-1);
    if (frame === undefined) return;
    const { source } = this.findings;
    const inside = this.tokens.splice(frame.holeToken + 1);
    const told = this.findings.toldIn(frame.hole, this.at);
    const readable = inside.length > 0 && closeAt !== null;
    if (!told) this.findings.add(errors.unclosedHole(source, frame.hole, readable ? closeAt : null));
    const at = this.at;
    this.at = frame.hole + 2;
    this.push(T.Broken, at, "");
    this.push(T.HoleClose, at, "");
    if (closeAt === null) this.unterminated.push(frame.start);
    this.endText(frame, at, closeAt === null ? at : at + (frame.block ? 3 : 1));
  }
}

function isWordStart(code: number): boolean {
  return (code >= 0x61 && code <= 0x7a) || (code >= 0x41 && code <= 0x5a) || code === 0x5f;
}
