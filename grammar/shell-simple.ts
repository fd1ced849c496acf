// Reads simple commands of a shell script: assignments, words, redirections, and the here-documents they announce.

import { HOLE, type Range, type Word } from "./shell-findings.ts";
import { WordReader } from "./shell-words.ts";

export interface HereDocument {
  readonly delimiter: string;
  readonly quoted: boolean;
  readonly tabs: boolean;
  readonly start: number;
  readonly written: string;
  readonly inputs: Range[];
}

/** What belongs to a command besides its words. */
export interface Redirections {
  readonly targets: Word[];
  readonly inputs: Range[];
  fromFile: boolean;
}

export abstract class SimpleReader extends WordReader {
  protected pending: HereDocument[] = [];

  protected comment(): void {
    const start = this.at;
    const line = this.code.indexOf("\n", start);
    this.at = line === -1 || line > this.end ? this.end : line;
    this.found.troubleAll("comment", { start, end: this.at }, "#");
  }

  /** Newlines, one `;`, comments. */
  protected lineEnds(): void {
    for (;;) {
      this.blanks();
      if (this.char() === "#") this.comment();
      else if (this.char() === "\n") {
        this.at++;
        this.hereDocuments();
      } else if (this.char() === ";" && this.char(1) !== ";") this.at++;
      else return;
    }
  }

  protected simple(piped: Range | null): void {
    const start = this.at;
    const words: Word[] = [];
    const assignments: Word[] = [];
    const redirections: Redirections = { targets: [], inputs: [], fromFile: false };
    for (;;) {
      this.blanks();
      if (this.char() === "#") break;
      if (this.redirection(redirections)) continue;
      const from = this.at;
      const assigns = this.assignmentAhead();
      const word = this.word();
      if (word.end === from) {
        if (this.char() !== "(" || !this.parenthesisAfter(words, assignments)) break;
        continue;
      }
      if (assigns && words.length === 0) {
        assignments.push(word);
        if (this.char() === "(" && /=$/.test(this.code.slice(from, this.at))) this.array(from);
      } else if (assigns && this.char() === "(" && word.text.endsWith("=")) {
        words.push(word);
        this.array(from);
      } else words.push(this.many(word));
    }
    if (this.at === start) this.at++;
    this.record(start, words, assignments, redirections, piped, false);
  }

  /** `name=` here? A hole in the name is told. */
  private assignmentAhead(): boolean {
    const head = this.code.slice(this.at, Math.min(this.at + 200, this.end));
    const name = /^[A-Za-z_\0][\w\0]*(?=\+?=|\[[^\n]*\]\+?=)/.exec(head)?.[0];
    if (name === undefined) return false;
    this.found.troubleAll(
      "variable-name",
      { start: this.at, end: this.at + name.length },
      `${name}=`.replaceAll(HOLE, "…"),
    );
    return true;
  }

  private array(opened: number): void {
    const start = this.at;
    this.at++;
    for (;;) {
      this.lineEnds();
      if (this.char() === ")") break;
      const word = this.word();
      if (word.end === word.start) {
        this.unterminated("(", start);
        return;
      }
      this.many(word);
    }
    this.at++;
    this.bashOnly("name=(…)", opened);
  }

  /** At `(` behind words: `name()` defines a function, whose body is the next command. */
  private parenthesisAfter(words: Word[], assignments: readonly Word[]): boolean {
    const close = /^\([ \t]*\)/.exec(this.code.slice(this.at, Math.min(this.at + 20, this.end)))?.[0];
    const [name] = words;
    if (close === undefined || name === undefined || words.length > 1 || assignments.length > 0) return false;
    this.found.troubleAll("variable-name", name, "…()");
    this.at += close.length;
    words.length = 0;
    this.lineEnds();
    return false;
  }

  protected record(
    start: number,
    words: readonly Word[],
    assignments: readonly Word[],
    { targets, inputs, fromFile }: Redirections,
    piped: Range | null,
    compound: boolean,
  ): void {
    const range = { start, end: this.at };
    this.found.commands.push({
      range,
      words,
      assignments,
      redirects: targets,
      compound,
      inputs,
      piped,
      fromFile,
    });
  }

  /** A redirection, if one stands here. */
  protected redirection(into: Redirections): boolean {
    const head = /^(\d+|\{\w+\})?(<<<|<<-|<<|<>|<&|<(?!\()|>>|>&|>\||>(?!\()|&>>|&>)/.exec(
      this.code.slice(this.at, Math.min(this.at + 40, this.end)),
    );
    if (head === null) return false;
    const [written, , operator = ""] = head;
    const start = this.at;
    this.at += written.length;
    this.blanks();
    const target = this.word();
    if (operator === "<<" || operator === "<<-")
      this.announce(target, operator === "<<-", start, into.inputs);
    else if (operator === "<<<") into.inputs.push(target);
    else into.targets.push(target);
    if (operator === "<" || operator === "<>" || operator === "<&") into.fromFile = true;
    if (operator === "<<<" || operator.startsWith("&") || written.startsWith("{"))
      this.bashOnly(operator, start);
    return true;
  }

  private announce(target: Word, tabs: boolean, start: number, inputs: Range[]): void {
    const written = this.code.slice(start, target.end);
    this.found.troubleAll("delimiter", target, written.replaceAll(HOLE, "…"));
    const quoted = /['"\\]/.test(this.code.slice(target.start, target.end));
    this.pending.push({ delimiter: target.text, quoted, tabs, start, written, inputs });
  }

  /** Reads the texts of the here-documents that were announced on the line that has just ended. */
  protected hereDocuments(): void {
    const pending = this.pending;
    this.pending = [];
    for (const document of pending) {
      const start = this.at;
      let line = start;
      let bodyEnd = this.end;
      let next = this.end;
      for (let joined = false; line < this.end; ) {
        const newline = this.code.indexOf("\n", line);
        const end = newline === -1 || newline > this.end ? this.end : newline;
        const text = this.code.slice(line, end);
        if (!joined && (document.tabs ? text.replace(/^\t+/, "") : text) === document.delimiter) {
          bodyEnd = line;
          next = Math.min(end + 1, this.end);
          break;
        }
        joined = !document.quoted && /(^|[^\\])(\\\\)*\\$/.test(text);
        line = end + 1;
      }
      if (next === this.end && bodyEnd === this.end && !document.delimiter.includes(HOLE))
        this.found.trouble(
          "unterminated",
          null,
          document.written,
          document.start,
          document.start + document.written.length,
        );
      this.hereBody(document, { start, end: bodyEnd });
      this.at = next;
    }
  }

  private hereBody(document: HereDocument, body: Range): void {
    document.inputs.push(body);
    if (document.quoted) {
      this.found.troubleAll("quoted-here-document", body, document.written);
      return;
    }
    const end = this.end;
    this.end = body.end;
    this.at = body.start;
    while (this.at < this.end) {
      const char = this.char();
      if (char === "$") this.dollar("here");
      else if (char === "`") this.backticks();
      else if (char === "\\") this.escape();
      else {
        if (char === HOLE) this.found.place(this.at, "here");
        this.at++;
      }
    }
    this.end = end;
  }
}
