// Where the text of a string ends: at its quotes, at a hole, or where it must.

import * as T from "./tokens.ts";

export interface Mark {
  /** `end`: the line or the file is over. */
  readonly kind: "close" | "hole" | "end";
  readonly at: number;
}

/** From inside a one-line string. */
export function lineTextEnd(text: string, from: number): Mark {
  for (let at = from; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 0x22) return { kind: "close", at };
    if (code === 0x0a) return { kind: "end", at: text.charCodeAt(at - 1) === 0x0d ? at - 1 : at };
    if (code === 0x5c && text.charCodeAt(at + 1) !== 0x0a && text.charCodeAt(at + 1) !== 0x0d) at++;
    else if (code === 0x7e) {
      if (text.startsWith("~~{", at)) at += 2;
      else if (text.charCodeAt(at + 1) === 0x7b) return { kind: "hole", at };
    }
  }
  return { kind: "end", at: text.length };
}

/** From inside a text block. Of a run of quotes the last three close it, so that a text may end in a quote. */
export function blockEnd(text: string, from: number): Mark {
  for (let at = from; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 0x22 && text.startsWith('"""', at)) {
      let run = at + 3;
      while (run < at + 5 && text.charCodeAt(run) === 0x22) run++;
      return { kind: "close", at: run - 3 };
    }
    if (code === 0x7e) {
      if (text.startsWith("~~{", at)) at += 2;
      else if (text.charCodeAt(at + 1) === 0x7b) return { kind: "hole", at };
    }
  }
  return { kind: "end", at: text.length };
}

/** What stands before the `"""` that opens a block; nothing but spaces stands before one that closes it. */
const OPENING = /(?:\b(?:run|ask|call|return|if|in|and|or|not)|[:=(,[+?])[ \t]*$/;

/**
 * As `blockEnd`, in a file where a block is known not to be closed: a `"""` that looks like an opening one does not
 * close it, and the block that is not closed ends where a line is indented no deeper than the one it began on.
 */
export function waryBlockEnd(text: string, start: number, from: number): Mark {
  const mark = blockEnd(text, from);
  if (mark.kind === "hole") return mark;
  const line = text.slice(text.lastIndexOf("\n", mark.at - 1) + 1, mark.at);
  const ends = /^[ \t]*\r?(?:\n|$)/.test(text.slice(mark.at + 3, mark.at + 80));
  const opens =
    mark.kind === "close" && ends && OPENING.test(line) && text.slice(from, mark.at).includes("\n");
  if (mark.kind === "close" && !opens) return mark;
  const indent = /^[ \t]*/.exec(text.slice(text.lastIndexOf("\n", start) + 1))?.[0].length ?? 0;
  const outdented = new RegExp(`\\r?\\n[ \\t]{0,${indent}}[^ \\t\\r\\n]`, "g");
  outdented.lastIndex = from;
  const found = outdented.exec(text);
  return { kind: "end", at: found === null ? text.length : found.index };
}

const OPERANDS: ReadonlySet<number> = new Set(
  [T.Name, T.NumberToken, T.PlainText, T.TextClose, T.True, T.False, T.None, T.Broken]
    .concat([T.RParen, T.RBracket, T.RBrace])
    .map((type) => type.tokenTypeIdx ?? -1),
);

/** Whether an expression may be complete with this token, so that no string can follow it. */
export function endsOperand(token: T.Token | undefined): boolean {
  return token !== undefined && OPERANDS.has(token.tokenTypeIdx);
}
