// Reads an EBNF grammar and makes random sentences of it, seeded, so that each can be made again.

/** One part of a rule. `touching`: nothing may stand before it. */
export type Part =
  | { readonly kind: "sequence"; readonly parts: readonly Part[] }
  | { readonly kind: "choice"; readonly parts: readonly Part[] }
  | { readonly kind: "repeat"; readonly part: Part }
  | { readonly kind: "option"; readonly part: Part }
  | { readonly kind: "rule"; readonly name: string }
  | { readonly kind: "terminal"; readonly text: string; readonly touching: boolean };

export type Grammar = ReadonlyMap<string, Part>;

export function readGrammar(text: string): Grammar {
  const tokens = text.replace(/\(\*[\s\S]*?\*\)/g, "").match(/"[^"]*"|[A-Za-z_]+|[=|.()[\]{}^]/g) ?? [];
  const rules = new Map<string, Part>();
  let at = 0;
  const expect = (token: string): void => {
    if (tokens[at++] !== token)
      throw new Error(`expected ${token} before token ${at}: ${tokens.slice(at - 5, at + 3).join(" ")}`);
  };
  const choice = (): Part => {
    const parts = [sequence()];
    while (tokens[at] === "|") {
      at++;
      parts.push(sequence());
    }
    return parts.length === 1 && parts[0] !== undefined ? parts[0] : { kind: "choice", parts };
  };
  const sequence = (): Part => {
    const parts: Part[] = [];
    while (at < tokens.length && !["|", ".", ")", "]", "}"].includes(tokens[at] ?? "")) parts.push(part());
    return { kind: "sequence", parts };
  };
  const bracketed = (close: string): Part => {
    at++;
    const inner = choice();
    expect(close);
    return inner;
  };
  const part = (): Part => {
    const token = tokens[at] ?? "";
    if (token === "(") return bracketed(")");
    if (token === "[") return { kind: "option", part: bracketed("]") };
    if (token === "{") return { kind: "repeat", part: bracketed("}") };
    const touching = token === "^";
    if (touching) at++;
    const word = tokens[at++] ?? "";
    return word.startsWith('"')
      ? { kind: "terminal", text: word.slice(1, -1), touching }
      : { kind: "rule", name: word };
  };
  while (at < tokens.length) {
    const name = tokens[at++] ?? "";
    expect("=");
    rules.set(name, choice());
    expect(".");
  }
  return rules;
}

/** A small generator of chance with a seed: 0 ≤ n < 1. */
export function chance(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

const NAMES = [
  "a",
  "crate",
  "built_1",
  "Platform",
  "x",
  "task",
  "type",
  "run",
  "check",
  "limit",
  "from",
  "map",
];
NAMES.push("early", "until", "by", "import", "failure", "stdout", "_", "call", "flow", "test", "agent");
const RESERVED = ["if", "in", "return", "every", "none", "after", "gate"];
const NUMBERS = [
  "0",
  "42",
  "1_000",
  "3.14",
  "250ms",
  "1h30m",
  "512KB",
  "2GB",
  "30%",
  "0.5%",
  "5USD",
  "0.50USD",
];
const STRINGS = [
  '""',
  '"a b"',
  '"\\n\\t\\"\\\\\\u{1F600}"',
  '"// no comment"',
  '"~~{x} $ {y}"',
  '"ünïcode ✓"',
];
STRINGS.push(
  '"""\n    text\n      block\n  """',
  '"""in one line"""',
  '"""\n\n  "quotes" \\n\n"""',
  '""""""',
);
const SPACES = [" ", " ", " ", "\n", "\n  ", " // comment\n", "\t", "\r\n", "\n\n/// doc\n"];

/** The rules that count as one level deeper. */
const NESTING = new Set(["expr", "block", "type_expr", "if", "for"]);

/** A sentence that has used so many rules takes the shortest way out. */
const lengthMax = 1500;

/** Makes sentences; past a depth it takes the shortest way out. */
export class Sentences {
  readonly visited = new Map<string, number>();
  private readonly grammar: Grammar;
  private readonly random: () => number;
  private readonly costs = new Map<string, number>();
  private out: string[] = [];
  /** Rules used so far. */
  private length = 0;

  constructor(grammar: Grammar, seed: number) {
    this.grammar = grammar;
    this.random = chance(seed);
    for (const name of ["ident", "key", "number", "string", "text"]) this.costs.set(name, 1);
    for (let changed = true; changed; ) {
      changed = false;
      for (const [name, part] of grammar) {
        const cost = 1 + this.cost(part);
        if (cost >= (this.costs.get(name) ?? Number.POSITIVE_INFINITY)) continue;
        this.costs.set(name, cost);
        changed = true;
      }
    }
  }

  sentence(rule: string, depth: number): string {
    this.out = [];
    this.length = 0;
    this.emit({ kind: "rule", name: rule }, depth);
    return this.out.join("");
  }

  /** How deep the shallowest sentence of a part is. */
  private cost(part: Part): number {
    if (part.kind === "rule") return this.costs.get(part.name) ?? Number.POSITIVE_INFINITY;
    if (part.kind === "sequence") return Math.max(0, ...part.parts.map((one) => this.cost(one)));
    if (part.kind === "choice") return Math.min(...part.parts.map((one) => this.cost(one)));
    return 0;
  }

  private pick<T>(from: readonly T[]): T {
    const found = from[Math.floor(this.random() * from.length)];
    if (found === undefined) throw new Error("nothing to pick from");
    return found;
  }

  private write(text: string, touching = false): void {
    if (!touching && this.out.length > 0) this.out.push(this.pick(SPACES));
    this.out.push(text);
  }

  private emit(part: Part, depth: number): void {
    if (part.kind === "terminal") this.write(part.text, part.touching);
    else if (part.kind === "rule") this.emitRule(part.name, depth);
    else if (part.kind === "sequence") for (const one of part.parts) this.emit(one, depth);
    else if (part.kind === "choice") {
      const cheap = Math.min(...part.parts.map((one) => this.cost(one)));
      this.emit(
        this.pick(depth > 0 ? part.parts : part.parts.filter((one) => this.cost(one) === cheap)),
        depth,
      );
    } else {
      const most = part.kind === "option" ? 1 : 3;
      const times = depth > 0 ? Math.floor(this.random() ** 2 * (most + 1)) : 0;
      for (let i = 0; i < times; i++) this.emit(part.part, depth);
    }
  }

  private emitRule(name: string, depth: number): void {
    if (++this.length > lengthMax) depth = 0;
    this.visited.set(name, (this.visited.get(name) ?? 0) + 1);
    if (name === "ident") {
      this.write(this.pick(NAMES));
      return;
    }
    if (name === "key") {
      this.write(this.pick([...NAMES, ...RESERVED]));
      return;
    }
    if (name === "number") {
      this.write(this.pick(NUMBERS));
      return;
    }
    if (name === "string") {
      this.write(this.pick(STRINGS));
      return;
    }
    if (name === "text") {
      this.emitText(depth);
      return;
    }
    const part = this.grammar.get(name);
    if (part === undefined) throw new Error(`no rule ${name}`);
    this.emit(part, depth - (NESTING.has(name) ? 1 : 0));
  }

  private emitText(depth: number): void {
    if (depth <= 0 || this.random() < 0.6) {
      this.write(this.pick(STRINGS));
      return;
    }
    const block = this.random() < 0.5;
    const before = this.out;
    this.out = [];
    this.emitRule("expr", depth - 1);
    // A string of one line holds its holes on that line.
    const expr = this.out.join("");
    this.out = before;
    const hole = /[\n\r]/.test(expr) && !block ? "x" : expr;
    this.write(block ? `"""\n  a ~{${hole} } b\n  """` : `"a ~{${hole}}"`);
  }
}
