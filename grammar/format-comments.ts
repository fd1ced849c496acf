// Keeps comments and blank lines in their places: lays out things one behind the other with what stands between them.

import type { Comment, File } from "./ast.ts";
import { type Doc, group, hardline, indent, line, softline, trailingComma, verbatim } from "./layout.ts";
import type { Span } from "./source.ts";

/** One of several things: where it stands in the source, and how it is printed. */
export interface Item {
  readonly span: Span;
  readonly doc: Doc;
}

/** Things between two brackets, or between the ends of the file, ready to be printed. */
export interface Items {
  /** A comment on the line of the opening bracket. */
  readonly head: Doc;
  readonly lines: readonly Doc[];
  readonly comments: boolean;
}

export class Comments {
  private readonly text: string;
  private readonly comments: readonly Comment[];
  private readonly used = new Set<Comment>();

  constructor(file: File) {
    this.text = file.source.text;
    this.comments = file.comments;
  }

  slice(span: Span): string {
    return this.text.slice(span.start, span.end);
  }

  /** The first comment at or behind an offset, by place. */
  private firstFrom(offset: number): number {
    let low = 0;
    let high = this.comments.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.comments[middle]?.span.start ?? 0) < offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  within(start: number, end: number): readonly Comment[] {
    const found: Comment[] = [];
    for (let at = this.firstFrom(start); at < this.comments.length; at++) {
      const comment = this.comments[at];
      if (comment === undefined || comment.span.start >= end) break;
      if (!this.used.has(comment)) found.push(comment);
    }
    return found;
  }

  /** All comments in a range, printed or not. */
  between(start: number, end: number): readonly Comment[] {
    const from = this.firstFrom(start);
    return this.comments.slice(from, this.firstFrom(end));
  }

  /** Whether an empty line or a comment on a line of its own stands in a range. */
  blankOrComment(start: number, end: number): boolean {
    if (this.blankBetween(start, end)) return true;
    return this.between(start, end).some((comment) => this.newlineBetween(start, comment.span.start));
  }

  /** Marks the comments in a range as printed; false if there are none. */
  take(span: Span): boolean {
    const found = this.within(span.start, span.end);
    for (const comment of found) this.used.add(comment);
    return found.length > 0;
  }

  /** Prints a thing; if that loses a comment in it, the thing is kept as it was written. */
  keep(span: Span, print: () => Doc): Doc {
    const doc = print();
    if (!this.take(span)) return doc;
    return verbatim(unixLines(this.slice(span)));
  }

  newlineBetween(start: number, end: number): boolean {
    return this.text.slice(start, end).includes("\n");
  }

  private blankBetween(start: number, end: number): boolean {
    return /\n[ \t\r]*\n/.test(this.text.slice(start, end));
  }

  /**
   * Things between `start` and `end`, each on lines of its own, with their comments and at most one blank line before
   * each. `separator` stands behind each thing, before a comment on its line.
   */
  items(
    items: readonly Item[],
    start: number,
    end: number,
    separator = "",
    apart: (above: number, below: number) => boolean = () => false,
  ): Items {
    const lines: Doc[] = [];
    let head: Doc = "";
    let at = start;
    let comments = false;
    /** A blank line is due before the next line of its own. */
    let blank = false;
    const push = (doc: Doc, to: number): void => {
      if (lines.length > 0 && (blank || this.blankBetween(at, to))) lines.push("");
      blank = false;
      lines.push(doc);
    };
    const own = (comment: Comment): void => {
      comments = true;
      this.used.add(comment);
      const text = comment.text.trimEnd();
      const sameLine = !this.newlineBetween(at, comment.span.start);
      const last = lines.length - 1;
      const above = lines[last];
      if (sameLine && above !== undefined) lines[last] = [above, " ", text];
      else if (sameLine && start > 0 && !text.startsWith("///")) head = [" ", text];
      else push(text, comment.span.start);
      at = comment.span.end;
    };
    items.forEach((item, index) => {
      const above = items[index - 1];
      blank =
        above !== undefined && apart(index - 1, index) && !this.blankBetween(above.span.end, item.span.start);
      for (const comment of this.within(at, item.span.start)) own(comment);
      push([item.doc, separator], item.span.start);
      at = item.span.end;
    });
    blank = false;
    for (const comment of this.within(at, end)) own(comment);
    return { head, lines, comments };
  }

  /** Things inside brackets, separated by commas: on one line if they fit and were written so. */
  list(open: string, items: readonly Item[], close: string, span: Span, spaced: boolean): Doc {
    const inner = { start: span.start + open.length, end: span.end - close.length };
    const comments = this.within(inner.start, inner.end).some((comment) =>
      items.every((item) => comment.span.start < item.span.start || comment.span.start >= item.span.end),
    );
    const first = items[0];
    if (first === undefined && !comments) return open + close;
    if (comments) {
      const { head, lines } = this.items(items, inner.start, inner.end, ",");
      return group([open, head, indent(lines.map((one) => [hardline, one])), hardline, close], true);
    }
    const broken = first !== undefined && this.newlineBetween(inner.start, first.span.start);
    const docs: Doc[] = items.map((item, index) => {
      const above = items[index - 1];
      const blank = above !== undefined && broken && this.blankBetween(above.span.end, item.span.start);
      return [above === undefined ? "" : [",", blank ? [hardline, hardline] : line], item.doc];
    });
    const edge = spaced ? line : softline;
    return group([open, indent([edge, docs, trailingComma]), edge, close], broken);
  }
}

/** With `\n` at the end of each line; a `\r` before a `\r\n` is not part of a line's end, and must not become it. */
export function unixLines(text: string): string {
  return text.replace(/(?<!\r)\r\n/g, "\n");
}

/** The lines of a body between braces. */
export function braces(items: Items): Doc {
  if (items.lines.length === 0 && items.head === "") return "{}";
  return ["{", items.head, indent(items.lines.map((one) => [hardline, one])), hardline, "}"];
}
