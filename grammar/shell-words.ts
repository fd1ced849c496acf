// Reads the words of a shell script: quotes, expansions, substitutions, arithmetic. Commands are read one level up.

import { DYNAMIC, type Findings, HOLE, type Word } from "./shell-findings.ts";

/** Where an expansion stands: bare, in double quotes (also arithmetic), or in a here-document. */
export type Quoting = "bare" | "double" | "here";

/** Deeper nesting than in any script that a person writes; a bound for our own stack. */
const depthMax = 300;

export abstract class WordReader {
  protected readonly found: Findings;
  protected readonly bash: boolean;
  protected readonly code: string;
  protected at: number;
  protected end: number;
  /** Where `((` has turned out to be no arithmetic: asked again and again, the answer would take exponential time. */
  protected readonly noArithmetic = new Set<number>();
  private depth = 0;

  constructor(found: Findings, bash: boolean, start: number) {
    this.found = found;
    this.bash = bash;
    this.code = found.code;
    this.at = start;
    this.end = found.code.length;
  }

  /** Reads the commands of a substitution up to and with its `)`. */
  protected abstract substitution(opened: number, mark: string): void;

  protected char(ahead = 0): string {
    const at = this.at + ahead;
    return at < this.end ? (this.code[at] ?? "") : "";
  }

  protected looking(text: string): boolean {
    return this.at + text.length <= this.end && this.code.startsWith(text, this.at);
  }

  protected bashOnly(what: string, start: number, end: number = this.at): void {
    if (!this.bash) this.found.trouble("bash-only", null, what, start, end);
  }

  /** Spaces, tabs and joined lines. */
  protected blanks(): void {
    for (;;) {
      if (this.char() === " " || this.char() === "\t") this.at++;
      else if (this.looking("\\\n")) this.at += 2;
      else return;
    }
  }

  /**
   * One word, from here to the next blank or operator; empty if one stands here. Holes in it are parts; who knows
   * that any number of words may stand here says so with {@link many}.
   */
  protected word(): Word {
    const start = this.at;
    let text = "";
    let splits = false;
    while (this.at < this.end) {
      const char = this.char();
      if (char === "$" || char === "`") splits = true;
      if (char === "(" && /[?*+@!]/.test(this.code[this.at - 1] ?? "") && this.at > start)
        text += this.group();
      else if ((char === "<" || char === ">") && this.char(1) === "(") {
        const opened = this.at;
        this.at += 2;
        this.substitution(opened, `${char}(`);
        this.bashOnly(`${char}(…)`, opened, opened + 2);
        text += DYNAMIC;
      } else if (/[\s;&|<>()]/.test(char)) break;
      else if (char === "[" && this.subscriptAhead(start)) {
        this.at++;
        this.arithmetic("]", this.at - 1);
        this.bashOnly("name[…]=", start);
        text += `[${DYNAMIC}]`;
      } else text += this.bare(char);
    }
    return { start, end: this.at, text, splits };
  }

  /** The word may be none, one or many: a hole that is all of it is a `word`. */
  protected many(word: Word): Word {
    if (word.end - word.start === 1 && this.code[word.start] === HOLE) this.found.place(word.start, "word");
    return word;
  }

  /** One element of a bare word; gives what it adds to the word's text. */
  private bare(char: string): string {
    if (char === "'") return this.single();
    if (char === '"') return this.double();
    if (char === "$") return this.dollar("bare");
    if (char === "`") return this.backticks();
    if (char === "\\") return this.escape();
    if (char === HOLE) this.found.place(this.at, "part");
    this.at++;
    return char;
  }

  /** `@(a|b)` of bash. */
  private group(): string {
    const opened = this.at;
    this.bashOnly("an extended glob", opened - 1, opened + 1);
    this.at++;
    for (let depth = 1; depth > 0; ) {
      const char = this.char();
      if (char === "") {
        this.unterminated("(", opened);
        break;
      }
      if (char === "(" || char === ")" || /[\s;&|<>]/.test(char)) this.at++;
      else this.bare(char);
      if (char === "(") depth++;
      if (char === ")") depth--;
    }
    return DYNAMIC;
  }

  protected escape(): string {
    const next = this.char(1);
    if (next === HOLE) this.found.troubleAll("escaped", { start: this.at + 1, end: this.at + 2 }, "\\");
    this.at = Math.min(this.at + 2, this.end);
    return next === "\n" ? "" : next;
  }

  protected single(): string {
    const opened = this.at;
    let close = this.code.indexOf("'", opened + 1);
    if (close === -1 || close >= this.end) {
      this.unterminated("'", opened);
      close = this.end;
    }
    const range = { start: opened + 1, end: close };
    this.found.placeAll(range, "single");
    this.at = Math.min(close + 1, this.end);
    return this.code.slice(range.start, range.end);
  }

  protected double(): string {
    const opened = this.at;
    let text = "";
    this.at++;
    while (this.char() !== '"') {
      const char = this.char();
      if (char === "") {
        this.unterminated('"', opened);
        return text;
      }
      if (char === "$") text += this.dollar("double");
      else if (char === "`") text += this.backticks();
      else if (char === "\\") text += this.escape();
      else {
        if (char === HOLE) this.found.place(this.at, "double");
        text += char;
        this.at++;
      }
    }
    this.at++;
    return text;
  }

  /** `$'…'`: a reference ends the quotes and opens plain ones, so its own kind has to be opened again. */
  private ansi(): string {
    const opened = this.at;
    this.at += 2;
    while (this.char() !== "'") {
      const char = this.char();
      if (char === "") {
        this.unterminated("$'", opened);
        return DYNAMIC;
      }
      if (char === "\\") this.escape();
      else {
        if (char === HOLE) {
          this.found.place(this.at, "single");
          for (const i of this.found.holesIn({ start: this.at, end: this.at + 1 }))
            this.found.around.set(i, ["", "'$'"]);
        }
        this.at++;
      }
    }
    this.at++;
    this.bashOnly("$'…'", opened);
    return DYNAMIC;
  }

  protected backticks(): string {
    const opened = this.at;
    this.at++;
    while (this.char() !== "`") {
      if (this.char() === "") {
        this.unterminated("`", opened);
        break;
      }
      this.at += this.char() === "\\" ? 2 : 1;
    }
    this.at = Math.min(this.at + 1, this.end);
    this.found.troubleAll("backticks", { start: opened, end: this.at }, "`");
    return DYNAMIC;
  }

  /** Runs a reading that may nest; too deep, the rest of the script is not read. False if so. */
  protected nested(opened: number, mark: string, read: () => void): boolean {
    if (this.depth >= depthMax) {
      this.unterminated(mark, opened);
      return false;
    }
    this.depth++;
    read();
    this.depth--;
    return true;
  }

  /** At a `$`. */
  protected dollar(quoting: Quoting): string {
    let text = DYNAMIC;
    this.nested(this.at, "$", () => {
      text = this.expanded(quoting);
    });
    return text;
  }

  private expanded(quoting: Quoting): string {
    const opened = this.at;
    const next = this.char(1);
    if (next === HOLE) {
      this.found.troubleAll("variable-name", { start: opened, end: opened + 2 }, "$");
      this.at += 2;
    } else if (next === "{") this.braces(quoting);
    else if (next === "(") this.parenthesis();
    else if (next === "[") {
      this.at += 2;
      this.arithmetic("]", opened);
      this.bashOnly("$[…]", opened, opened + 2);
    } else if (next === "'" && quoting === "bare") return this.ansi();
    else if (next === '"' && quoting === "bare") {
      this.bashOnly('$"…"', opened, opened + 2);
      this.at++;
      return this.double();
    } else {
      const name = this.nameAt(opened + 1);
      if (name === "" && !/[@*#?$!0-9-]/.test(next)) {
        this.at++;
        return "$";
      }
      this.at += 1 + Math.max(name.length, 1);
      if (name !== "") this.found.variables.push({ name, braces: false, start: opened, end: this.at });
    }
    return DYNAMIC;
  }

  /** At `$(`: arithmetic if it ends in `))`, else commands. */
  private parenthesis(): void {
    const opened = this.at;
    if (this.char(2) === "(" && !this.noArithmetic.has(opened)) {
      const back = this.found.mark();
      this.at += 3;
      if (this.arithmetic("))", opened)) return;
      back();
      this.noArithmetic.add(opened);
      this.at = opened;
    }
    this.at += 2;
    this.substitution(opened, "$(");
  }

  private braces(quoting: Quoting): void {
    const opened = this.at;
    this.at += 2;
    const plain = this.at;
    if ((this.char() === "#" || this.char() === "!") && !/[}:=?+-]/.test(this.char(1))) this.at++;
    const name = this.nameAt(this.at);
    if (name !== "") this.at += name.length;
    else if (/[0-9]/.test(this.char())) while (/[0-9]/.test(this.char())) this.at++;
    else if (/[@*#?$!-]/.test(this.char())) this.at++;
    if (this.char() === HOLE) {
      this.found.troubleAll("variable-name", { start: this.at, end: this.at + 1 }, `\${${name}`);
      this.at++;
      while (!/[}\s]|^$/.test(this.char())) this.at++;
    }
    if (this.char() === "[") {
      this.at++;
      this.bashOnly("${name[…]}", opened, opened + 2 + name.length);
      this.arithmetic("]", this.at - 1);
    }
    this.expansion(quoting, opened);
    if (name !== "") {
      const braces = this.code.slice(plain, this.at - 1) === name;
      this.found.variables.push({ name, braces, start: opened, end: this.at });
    }
  }

  /** What may follow the name, up to and with the `}`. */
  private expansion(quoting: Quoting, opened: number): void {
    const operator = /^(:?[-=?+]|[#%]{1,2}|\/[/#%]?|\^{1,2}|,{1,2}|@|:|)/.exec(
      this.code.slice(this.at, Math.min(this.at + 2, this.end)),
    );
    const mark = operator?.[0] ?? "";
    this.at += mark.length;
    if (/^[/^,@]/.test(mark) || mark === ":") this.bashOnly(`\${name${mark}…}`, opened);
    if (mark === ":") this.arithmetic("}", opened);
    else this.expansionWord(quoting, /^[#%/^,]/.test(mark), opened);
  }

  /**
   * The word of `${x:-word}` or the pattern of `${x#pattern}`. Inside double quotes the first is as quoted as what is
   * around it; in a pattern quotes count everywhere, and a value must be quoted to mean itself.
   */
  private expansionWord(quoting: Quoting, pattern: boolean, opened: number): void {
    const bare = quoting === "bare" || pattern;
    while (this.char() !== "}") {
      const char = this.char();
      if (char === "") {
        this.unterminated("${", opened);
        return;
      }
      if (char === "'" && bare) this.single();
      else if (char === '"' && bare) this.double();
      else if (char === '"' && quoting === "double") this.nestedDouble();
      else if (char === "$") this.dollar(quoting);
      else if (char === "`") this.backticks();
      else if (char === "\\") this.escape();
      else {
        if (char === HOLE) this.found.place(this.at, bare ? "part" : quoting === "here" ? "here" : "double");
        this.at++;
      }
    }
    this.at++;
  }

  /** `"${x:-"…"}"`: shells do not agree on what the inner quotes mean, so a hole may not stand in them. */
  private nestedDouble(): void {
    const start = this.at;
    this.double();
    this.found.troubleAll("unclear", { start, end: this.at }, '"${…"…"}"');
  }

  /**
   * Reads arithmetic up to and with `close`. False, only for `))`, if it turns out to be commands in parentheses;
   * then the place reached means nothing.
   */
  protected arithmetic(close: "))" | "]" | "}", opened: number): boolean {
    const open = close === "))" ? "(" : close === "]" ? "[" : "";
    const last = close[0];
    for (let depth = 0; ; ) {
      const char = this.char();
      if (char === "") {
        if (close === "))") return false;
        this.unterminated(close === "]" ? "[" : "${", opened);
        return true;
      }
      if (char === "$") this.dollar("double");
      else if (char === "`") this.backticks();
      else if (char === "\\") this.escape();
      else if (char === last && depth === 0) {
        if (close === "))" && this.char(1) !== ")") return false;
        this.at += close.length;
        return true;
      } else {
        if (char === open) depth++;
        if (char === last) depth--;
        if (char === HOLE) this.found.place(this.at, "arithmetic");
        this.at++;
      }
    }
  }

  /** At `[` of a word: is it `name[…]=`? */
  private subscriptAhead(start: number): boolean {
    const name = this.code.slice(start, this.at);
    if (name.replaceAll(HOLE, "x").match(/^[A-Za-z_]\w*$/) === null) return false;
    let depth = 0;
    for (let at = this.at; at < this.end; at++) {
      const char = this.code[at];
      if (char === "\n") return false;
      if (char === "[") depth++;
      if (char === "]" && --depth === 0) return /^\+?=/.test(this.code.slice(at + 1, at + 3));
    }
    return false;
  }

  protected nameAt(offset: number): string {
    return /^[A-Za-z_]\w*/.exec(this.code.slice(offset, Math.min(offset + 256, this.end)))?.[0] ?? "";
  }

  protected unterminated(what: string, opened: number): void {
    this.found.trouble("unterminated", null, what, opened, opened + what.length);
    this.at = this.end;
  }
}
