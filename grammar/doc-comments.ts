// Keeps all comments of a file, and finds which `///` lines belong to what.

import type { Comment } from "./ast.ts";
import type { Span } from "./source.ts";

const EMPTY_LINE = /\n[ \t\r]*\n/;

export class DocComments {
  readonly comments: Comment[] = [];
  /** By the offset of the token they stand above. */
  readonly docs = new Map<number, string>();
  fileDoc: string | null = null;
  private readonly text: string;
  private lines: string[] = [];
  private linesEnd = 0;

  constructor(text: string) {
    this.text = text;
  }

  /** Whether lines wait for the token they belong to. */
  get pending(): boolean {
    return this.lines.length > 0;
  }

  /** `first`: no token stands before it. */
  comment(text: string, span: Span, first: boolean): void {
    this.comments.push({ span, text });
    if (!text.startsWith("///") || text.startsWith("////")) return;
    if (this.pending && EMPTY_LINE.test(this.text.slice(this.linesEnd, span.start))) {
      if (first && this.fileDoc === null) this.giveFile(span.start);
      else this.lines.push("");
    }
    this.lines.push(text.slice(3).replace(/^ /, "").trimEnd());
    this.linesEnd = span.end;
  }

  /** The waiting lines belong to the token at this offset. `first`: it is the file's first. */
  give(start: number, first: boolean): void {
    if (first) this.giveFile(start);
    if (this.pending) this.docs.set(start, this.lines.join("\n"));
    this.lines = [];
  }

  end(end: number, first: boolean): void {
    if (first && this.pending && this.fileDoc === null) this.fileDoc = this.lines.join("\n");
    this.lines = [];
    this.linesEnd = end;
  }

  /** The first doc comment is the file's if an empty line stands behind it. */
  private giveFile(next: number): void {
    if (this.fileDoc !== null || !EMPTY_LINE.test(this.text.slice(this.linesEnd, next))) return;
    this.fileDoc = this.lines.join("\n");
    this.lines = [];
  }
}
