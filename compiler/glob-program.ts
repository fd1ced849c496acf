// A glob as a small machine over characters, read from the regular expression that matches it.

import { globSource } from "./glob.ts";

/** Ranges of UTF-16 units, both ends included. */
export interface CharSet {
  readonly negated: boolean;
  readonly ranges: readonly (readonly [number, number])[];
}

/** What stands next in a path, as far as a look ahead wants to know: nothing more is asked there. */
export type Ahead = "." | "/" | "other" | "end";

export type Instruction =
  | { readonly op: "char"; readonly set: CharSet }
  | { readonly op: "split"; readonly to: readonly number[] }
  | { readonly op: "look"; readonly negated: boolean; readonly inside: Program }
  | { readonly op: "begin" }
  | { readonly op: "end" }
  | { readonly op: "match" };

export type Program = readonly Instruction[];

/** Instructions that one pattern may have; braces within braces multiply. */
const programMax = 4_000;

/** Something that no glob of ours is made of: whoever asks learns that nothing is known. */
export class Unreadable extends Error {}

type Node =
  | { readonly k: "char"; readonly set: CharSet }
  | { readonly k: "seq" | "alt"; readonly of: readonly Node[] }
  | { readonly k: "many"; readonly of: Node; readonly min: number; readonly max: number | null }
  | { readonly k: "look"; readonly of: Node; readonly negated: boolean }
  | { readonly k: "begin" | "end" };

/** Null for a pattern that matches nothing; throws {@link Unreadable}. */
export function programOf(pattern: string): Program | null {
  const found = globSource(pattern);
  if (found === null) return null;
  const chars = Array.from({ length: found.text.length }, (_, i): Node => {
    const unit = found.text.charCodeAt(i);
    return { k: "char", set: { negated: false, ranges: [[unit, unit]] } };
  });
  const whole = new Reader(found.source).whole();
  // A pattern also matches the path that is written just as the pattern is.
  return compiled({ k: "alt", of: [whole, { k: "seq", of: [{ k: "begin" }, ...chars, { k: "end" }] }] });
}

export function accepts({ negated, ranges }: CharSet, unit: number): boolean {
  return ranges.some(([low, high]) => low <= unit && unit <= high) !== negated;
}

function compiled(node: Node): Program {
  const program: Instruction[] = [];
  emit(node, program);
  program.push({ op: "match" });
  return program;
}

function emit(node: Node, out: Instruction[]): void {
  if (out.length > programMax) throw new Unreadable("it is too large");
  switch (node.k) {
    case "char":
      out.push({ op: "char", set: node.set });
      return;
    case "begin":
    case "end":
      out.push({ op: node.k });
      return;
    case "look":
      out.push({ op: "look", negated: node.negated, inside: compiled(node.of) });
      return;
    case "seq":
      for (const each of node.of) emit(each, out);
      return;
    case "alt": {
      const fork = out.length;
      const starts: number[] = [];
      const ends: number[] = [];
      out.push({ op: "split", to: [] });
      for (const each of node.of) {
        starts.push(out.length);
        emit(each, out);
        ends.push(out.length);
        out.push({ op: "split", to: [] });
      }
      out[fork] = { op: "split", to: starts };
      for (const end of ends) out[end] = { op: "split", to: [out.length] };
      return;
    }
    case "many":
      many(node, out);
  }
}

function many({ of, min, max }: Extract<Node, { k: "many" }>, out: Instruction[]): void {
  for (let i = 0; i < min; i++) emit(of, out);
  if (max === null) {
    const fork = out.length;
    out.push({ op: "split", to: [] });
    emit(of, out);
    out.push({ op: "split", to: [fork] });
    out[fork] = { op: "split", to: [fork + 1, out.length] };
    return;
  }
  const forks: number[] = [];
  for (let i = min; i < max; i++) {
    forks.push(out.length);
    out.push({ op: "split", to: [] });
    emit(of, out);
  }
  for (const fork of forks) out[fork] = { op: "split", to: [fork + 1, out.length] };
}

const newline: CharSet = {
  negated: true,
  ranges: [
    [10, 10],
    [13, 13],
  ],
};

/** Reads the regular expressions that globs become: groups, classes, quantifiers and looks ahead, nothing else. */
class Reader {
  private readonly source: string;
  private at = 0;

  constructor(source: string) {
    this.source = source;
  }

  whole(): Node {
    const node = this.choice();
    if (this.at < this.source.length) throw new Unreadable(`\`)\` at ${this.at}`);
    return node;
  }

  private choice(): Node {
    const of = [this.sequence()];
    while (this.take("|")) of.push(this.sequence());
    return of.length === 1 && of[0] !== undefined ? of[0] : { k: "alt", of };
  }

  private sequence(): Node {
    const of: Node[] = [];
    while (this.at < this.source.length && !this.sees("|") && !this.sees(")")) of.push(this.repeated());
    return { k: "seq", of };
  }

  private repeated(): Node {
    const of = this.single();
    let bounds: readonly [number, number | null] | null = null;
    if (this.take("*")) bounds = [0, null];
    else if (this.take("+")) bounds = [1, null];
    else if (this.take("?")) bounds = [0, 1];
    else if (this.sees("{")) bounds = this.counted();
    if (bounds === null) return of;
    // Lazy or not, the same texts match.
    this.take("?");
    return { k: "many", of, min: bounds[0], max: bounds[1] };
  }

  private counted(): readonly [number, number | null] | null {
    const match = /^\{(\d+)(,?)(\d*)\}/.exec(this.source.slice(this.at));
    if (match === null) return null;
    this.at += match[0].length;
    const min = Number(match[1]);
    if (match[2] === "") return [min, min];
    return [min, match[3] === "" ? null : Number(match[3])];
  }

  private single(): Node {
    if (this.take("(?:")) return this.closed(this.choice());
    if (this.take("(?!")) return { k: "look", of: this.closed(this.choice()), negated: true };
    if (this.take("(?=")) return { k: "look", of: this.closed(this.choice()), negated: false };
    if (this.sees("(?")) throw new Unreadable(`a group at ${this.at}`);
    if (this.take("(")) return this.closed(this.choice());
    if (this.take("[")) return { k: "char", set: this.charClass() };
    if (this.take("^")) return { k: "begin" };
    if (this.take("$")) return { k: "end" };
    if (this.take(".")) return { k: "char", set: newline };
    const unit = this.unit();
    return { k: "char", set: { negated: false, ranges: [[unit, unit]] } };
  }

  private closed(node: Node): Node {
    if (!this.take(")")) throw new Unreadable("a group without an end");
    return node;
  }

  private charClass(): CharSet {
    const negated = this.take("^");
    const ranges: (readonly [number, number])[] = [];
    while (!this.take("]")) {
      const low = this.unit();
      const range = this.sees("-") && this.source[this.at + 1] !== "]";
      if (range) this.at++;
      ranges.push([low, range ? this.unit() : low]);
    }
    return { negated, ranges };
  }

  private unit(): number {
    const escaped = this.take("\\");
    const char = this.source[this.at];
    // `\d`, `\w`, `\1`: no glob becomes these.
    if (char === undefined || (escaped && /[A-Za-z0-9]/.test(char))) throw new Unreadable("an escape");
    this.at++;
    return char.charCodeAt(0);
  }

  private sees(text: string): boolean {
    return this.source.startsWith(text, this.at);
  }

  private take(text: string): boolean {
    if (!this.sees(text)) return false;
    this.at += text.length;
    return true;
  }
}
