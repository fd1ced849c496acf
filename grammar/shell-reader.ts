// Reads the commands of a shell script: lists, pipelines, and compound commands.

import type { Findings, Range, Word } from "./shell-findings.ts";
import { type Redirections, SimpleReader } from "./shell-simple.ts";

/** Reads the whole text; what it finds is in `found`. Never throws, whatever the text. */
export function readScript(found: Findings, bash: boolean): void {
  new CommandReader(found, bash, 0).script();
}

const closers: Readonly<Record<string, string>> = { "{": "}", if: "then", while: "do", until: "do" };

class CommandReader extends SimpleReader {
  script(): void {
    while (this.at < this.end) this.commands([]);
    this.hereDocuments();
  }

  protected override substitution(opened: number, mark: string): void {
    const outer = this.pending;
    this.pending = [];
    if (this.commands([")"]) === "") this.unterminated(mark, opened);
    this.hereDocuments();
    this.pending = outer;
    const first = outer[0];
    if (first !== undefined && this.code.slice(opened, this.at).includes("\n"))
      this.unterminated(first.written, first.start);
  }

  /** Reads up to and with one of the stops, or to the end; gives the stop, or "". */
  private commands(stops: readonly string[]): string {
    let stop = "";
    this.nested(this.at, stops[0] ?? "(", () => {
      stop = this.list(stops);
    });
    return stop;
  }

  private list(stops: readonly string[]): string {
    let pipeline = -1;
    let piped: Range | null = null;
    for (;;) {
      this.blanks();
      const char = this.char();
      if (char === "") return "";
      if (char === "#") this.comment();
      else if (char === "\n") {
        this.at++;
        this.hereDocuments();
        if (piped === null) pipeline = -1;
      } else if (char === ")") {
        this.at++;
        if (stops.includes(")")) return ")";
      } else if (char === ";" || char === "&" || char === "|") {
        const operator = this.operator();
        if (operator.startsWith(";;") || operator === ";&") {
          if (stops.includes(";;")) return ";;";
        }
        const pipe = operator === "|" || operator === "|&";
        piped = pipe && pipeline >= 0 ? { start: pipeline, end: this.at } : null;
        if (!pipe) pipeline = -1;
      } else {
        const stop = this.stopHere(stops);
        if (stop !== "") return stop;
        if (pipeline < 0) pipeline = this.at;
        this.command(piped);
        piped = null;
      }
    }
  }

  private stopHere(stops: readonly string[]): string {
    const word = this.reserved();
    if (word === "" || !stops.includes(word)) return "";
    this.at += word.length;
    return word;
  }

  /** A bare word here that could be reserved, without moving. */
  private reserved(): string {
    const word = /^(?:[a-z]+|[{}!]|\[\[)(?=[\s;&|<>()]|$)/.exec(
      this.code.slice(this.at, Math.min(this.at + 12, this.end)),
    );
    return word?.[0] ?? "";
  }

  private operator(): string {
    const operator =
      /^(;;&|;;|;&|;|&&|&|\|\||\|&|\|)/.exec(this.code.slice(this.at, this.at + 3))?.[0] ?? ";";
    this.at += operator.length;
    if (operator === ";&" || operator === ";;&" || operator === "|&")
      this.bashOnly(operator, this.at - operator.length);
    return operator;
  }

  private command(piped: Range | null): void {
    const start = this.at;
    const word = this.reserved();
    if (word === "!" || word === "time" || word === "coproc") {
      this.at += word.length;
      return;
    }
    const compound = this.looking("(") ? this.parentheses(start) : word !== "" && this.compound(word, start);
    if (compound) this.afterCompound(start, piped);
    else this.simple(piped);
  }

  /** `( … )`, or `(( … ))` where it is arithmetic. */
  private parentheses(start: number): true {
    if (this.looking("((") && !this.noArithmetic.has(start)) {
      const back = this.found.mark();
      this.at += 2;
      if (this.arithmetic("))", start)) {
        this.bashOnly("((…))", start, start + 2);
        return true;
      }
      back();
      this.noArithmetic.add(start);
      this.at = start;
    }
    this.at++;
    if (this.commands([")"]) === "") this.unterminated("(", start);
    return true;
  }

  private compound(word: string, start: number): boolean {
    const closer = closers[word];
    if (word === "for" || word === "select") this.forLoop(word, start);
    else if (word === "case") this.caseOf(start);
    else if (word === "[[") this.test(start);
    else if (word === "function") this.functionWord(start);
    else if (closer !== undefined) {
      this.at += word.length;
      this.closed(closer, word, start);
      if (closer === "do") this.closed("done", word, start);
      if (closer === "then") this.branches(start);
    } else return false;
    return true;
  }

  private closed(closer: string, word: string, start: number): void {
    if (this.commands([closer]) === "") this.unterminated(word, start);
  }

  private branches(start: number): void {
    for (;;) {
      const stop = this.commands(["elif", "else", "fi"]);
      if (stop === "fi") return;
      if (stop === "") {
        this.unterminated("if", start);
        return;
      }
      if (stop === "elif") this.closed("then", "if", start);
    }
  }

  private forLoop(word: string, start: number): void {
    this.at += word.length;
    this.blanks();
    if (this.looking("((")) {
      this.at += 2;
      if (!this.arithmetic("))", start)) {
        this.unterminated("((", start);
        return;
      }
      this.bashOnly("for ((…))", start);
    } else {
      const name = this.word();
      this.found.troubleAll("variable-name", name, word);
      this.found.assigned.add(name.text);
      this.lineEnds();
      if (this.reserved() === "in") {
        this.at += 2;
        for (;;) {
          this.blanks();
          if (this.char() === "#") break;
          const item = this.word();
          if (item.end === item.start) break;
          this.many(item);
        }
      }
    }
    this.lineEnds();
    const open = this.reserved();
    if (open !== "do" && open !== "{") {
      this.unterminated(word, start);
      return;
    }
    this.at += open.length;
    this.closed(open === "do" ? "done" : "}", word, start);
  }

  private caseOf(start: number): void {
    this.at += 4;
    this.blanks();
    this.word();
    this.lineEnds();
    if (this.reserved() !== "in") {
      this.unterminated("case", start);
      return;
    }
    this.at += 2;
    for (;;) {
      this.lineEnds();
      if (this.stopHere(["esac"]) !== "") return;
      if (this.char() === "(") this.at++;
      for (;;) {
        this.blanks();
        this.word();
        this.blanks();
        if (this.char() !== "|") break;
        this.at++;
      }
      if (this.char() !== ")") {
        this.unterminated("case", start);
        return;
      }
      this.at++;
      const stop = this.commands([";;", "esac"]);
      if (stop === "esac") return;
      if (stop === "") {
        this.unterminated("case", start);
        return;
      }
    }
  }

  /** `[[ … ]]`: operands of `-eq` and its kin are arithmetic. */
  private test(start: number): void {
    this.at += 2;
    const words: Word[] = [];
    for (;;) {
      this.blanks();
      const char = this.char();
      if (char === "") {
        this.unterminated("[[", start);
        return;
      }
      if (/[\n()&|<>;]/.test(char)) {
        this.at++;
        continue;
      }
      const word = this.word();
      if (word.text === "]]") break;
      words.push(word);
    }
    words.forEach((word, i) => {
      const [before, after] = [words[i - 1], words[i + 1]];
      if (/^-(eq|ne|lt|le|gt|ge)$/.test(word.text))
        for (const operand of [before, after]) if (operand) this.found.calculated(operand);
      if (/^-[vR]$/.test(word.text) && after)
        this.found.troubleAll("variable-name", after, `[[ ${word.text}`);
    });
    this.bashOnly("[[ … ]]", start, start + 2);
  }

  private functionWord(start: number): void {
    this.at += "function".length;
    this.blanks();
    this.found.troubleAll("variable-name", this.word(), "function");
    this.blanks();
    if (/^\(\s*\)/.test(this.code.slice(this.at, this.at + 8))) this.at = this.code.indexOf(")", this.at) + 1;
    this.lineEnds();
    this.bashOnly("function", start, start + "function".length);
    const body = this.reserved();
    if (this.looking("(")) this.parentheses(this.at);
    else this.compound(body, this.at);
  }

  private afterCompound(start: number, piped: Range | null): void {
    const redirections: Redirections = { targets: [], inputs: [], fromFile: false };
    for (;;) {
      this.blanks();
      if (!this.redirection(redirections)) break;
    }
    this.record(start, [], [], redirections, piped, true);
  }
}
