// Inputs that nobody would write, made of programs that somebody did: by byte, by token and by part of the grammar.

import { nodeHost } from "../cli/host.ts";
import { renderDiagnostic } from "../cli/render/diagnostic.ts";
import { compile } from "../compiler/compile.ts";
import type { Host } from "../compiler/host.ts";
import { planJson } from "../compiler/lower.ts";
import { applyFix, type Diagnostic } from "../grammar/diagnostic.ts";
import { format } from "../grammar/format.ts";
import { parse } from "../grammar/parser.ts";
import type { Span } from "../grammar/source.ts";
import { walk } from "../grammar/walk.ts";
import { outline } from "../runtime/outline.ts";
import { meaning } from "./ast-text.ts";
import type { Program } from "./programs.ts";
import { noFiles } from "./run-world.ts";

/** An input may take so much of the processor, in ms; how busy the machine is does not count. */
export const slowMs = 1_000;
/** What is spliced together grows; longer texts are cut. */
const lettersMax = 20_000;

const oddities = [
  "\0",
  "\ufeff",
  "\r",
  "\r\n",
  "\ud800",
  "\udfff",
  "\u2028",
  "\u200b",
  "é",
  "🙂",
  "\t",
  '"',
  '"""',
  "~{",
  "}",
  "{",
  "(",
  ")",
  "[",
  "]",
  "//",
  "///",
  "\\",
  "\\u{110000}",
  "~~{",
  "$(",
  "`",
  "'",
  "#",
  "@",
  ";",
  "%",
  "5min",
  "1_",
  "0x",
  "1e9",
  "..",
  "?.",
  "??",
  "->",
  "=>",
  "__proto__",
  "constructor",
  "toString",
  "hasOwnProperty",
  "none",
  "if",
  "for",
  "task",
  "flow",
  "type",
  "return",
  "early",
  "finally",
  "on failure",
];

/** Programs with their tokens and parts, found once. */
export class Fuzzing {
  private readonly programs: readonly Program[];
  private readonly tokens: readonly (readonly Span[])[];
  private readonly parts: ReadonlyMap<string, readonly { readonly program: number; readonly span: Span }[]>;
  private readonly disk: Host;
  private readonly entry: string;

  constructor(programs: readonly Program[], root: string) {
    this.programs = programs;
    this.entry = `${root}/fuzzed.flow`;
    this.disk = nodeHost(root, this.entry);
    this.tokens = programs.map(({ text }) => tokensOf(text));
    const parts = new Map<string, { program: number; span: Span }[]>();
    programs.forEach(({ text }, program) => {
      walk(parse({ path: "p.flow", text }).file, ({ kind, span }) => {
        if (kind === "file") return;
        const list = parts.get(kind) ?? [];
        parts.set(kind, list);
        list.push({ program, span });
      });
    });
    this.parts = parts;
  }

  /** An input; the same chance gives the same one. */
  input(chance: () => number): string {
    const upTo = (count: number): number => Math.floor(chance() * count);
    const program = upTo(this.programs.length);
    let text = this.programs[program]?.text ?? "";
    const rounds = 1 + upTo(3);
    for (let round = 0; round < rounds; round++) {
      const way = upTo(3);
      if (way === 0) text = this.byByte(text, upTo);
      else if (way === 1) text = this.byToken(text, upTo);
      else text = round === 0 ? this.byPart(program, upTo) : this.byByte(text, upTo);
    }
    return text.slice(0, lettersMax);
  }

  private byByte(text: string, upTo: (count: number) => number): string {
    const at = upTo(text.length + 1);
    const end = Math.min(text.length, at + upTo(8));
    switch (upTo(6)) {
      case 0:
        return text.slice(0, at) + text.slice(at + 1);
      case 1:
        return text.slice(0, at) + (oddities[upTo(oddities.length)] ?? "") + text.slice(at);
      case 2:
        return (
          text.slice(0, at) +
          String.fromCharCode(upTo(3) === 0 ? upTo(0x10000) : upTo(128)) +
          text.slice(at + 1)
        );
      case 3:
        return text.slice(0, at);
      case 4:
        return text.slice(0, at) + text.slice(at, end).repeat(1 + upTo(20)) + text.slice(end);
      default:
        return text.slice(0, at) + text.slice(end);
    }
  }

  private byToken(text: string, upTo: (count: number) => number): string {
    const spans = tokensOf(text);
    const one = spans[upTo(spans.length)];
    const other = upTo(2) === 0 ? spans[upTo(spans.length)] : undefined;
    if (one === undefined) return text;
    const put = (word: string): string => text.slice(0, one.start) + word + text.slice(one.end);
    if (other !== undefined) return put(text.slice(other.start, other.end));
    const from = upTo(this.programs.length);
    const foreign = this.tokens[from]?.[upTo(this.tokens[from]?.length ?? 0)];
    if (foreign === undefined || upTo(3) === 0) return put("");
    const word = this.programs[from]?.text.slice(foreign.start, foreign.end) ?? "";
    return upTo(2) === 0 ? put(word) : put(`${text.slice(one.start, one.end)} ${word} `);
  }

  /** A part of a program stands where another of its kind stood, or of any kind. */
  private byPart(program: number, upTo: (count: number) => number): string {
    const { text = "" } = this.programs[program] ?? {};
    const kinds = [...this.parts.keys()];
    const kind = kinds[upTo(kinds.length)] ?? "";
    const own = (this.parts.get(kind) ?? []).filter((part) => part.program === program);
    const to = own[upTo(own.length)];
    const wanted = upTo(4) === 0 ? (kinds[upTo(kinds.length)] ?? kind) : kind;
    const all = this.parts.get(wanted) ?? [];
    const from = all[upTo(all.length)];
    if (to === undefined || from === undefined) return text;
    const source = this.programs[from.program]?.text ?? "";
    return (
      text.slice(0, to.span.start) + source.slice(from.span.start, from.span.end) + text.slice(to.span.end)
    );
  }

  /** What is wrong with how an input is dealt with; null: nothing. */
  problem(text: string): string | null {
    const before = process.cpuUsage();
    const found = this.tried(text);
    const { user, system } = process.cpuUsage(before);
    const took = (user + system) / 1000;
    if (found !== null) return found;
    return took > slowMs ? `took ${Math.round(took)} ms` : null;
  }

  private tried(text: string): string | null {
    try {
      const { file, diagnostics } = parse({ path: "fuzzed.flow", text });
      if (diagnostics.length === 0) {
        const formatted = format(file);
        const again = parse({ path: "fuzzed.flow", text: formatted });
        if (again.diagnostics.length > 0) return "what was formatted cannot be read";
        if (format(again.file) !== formatted) return "formatting twice changes something";
        if (JSON.stringify(meaning(again.file)) !== JSON.stringify(meaning(file)))
          return "formatting changed what is meant";
        if (again.file.comments.length !== file.comments.length) return "formatting lost a comment";
      }
      const host: Host = {
        ...this.disk,
        read: (path) => (path === this.entry ? { text, real: path } : this.disk.read(path)),
      };
      const { plan, diagnostics: all } = compile(this.entry, host);
      const errors = all.filter(({ severity }) => severity === "error");
      for (const { span, source } of all)
        if (span.start < 0 || span.end < span.start || span.end > source.text.length)
          return `a span ${span.start}–${span.end} of ${source.text.length}`;
      for (const one of all)
        if (one.fix !== undefined && !canBeMade(one)) return `the fix of ${one.code} cannot be made`;
      const [first] = all;
      if (first !== undefined) renderDiagnostic(first, { color: false });
      if (diagnostics.length > 0 && errors.length === 0) return "what cannot be read is accepted";
      if (plan === null && errors.length === 0) return "there is no plan, and no word why";
      if (plan !== null) outline(plan, {}, noFiles);
      if (plan !== null && planJson(plan) !== planJson(JSON.parse(planJson(plan))))
        return "its plan is not its JSON";
      return null;
    } catch (error) {
      return error instanceof Error ? (error.stack ?? error.message) : String(error);
    }
  }
}

const tokens =
  /"""[\s\S]*?"""|"(?:\\.|[^"\\\n])*"|\/\/[^\n]*|[A-Za-z_]\w*|\d[\w.]*|->|==|!=|<=|>=|\?\?|\?\.|[^\s\w]/g;

function tokensOf(text: string): readonly Span[] {
  return [...text.matchAll(tokens)].map(({ index, 0: word }) => ({ start: index, end: index + word.length }));
}

/** Its edits stand in the file, one behind the other, and change something. */
function canBeMade({ source, fix }: Diagnostic): boolean {
  let end = 0;
  for (const { span } of [...(fix?.edits ?? [])].sort((a, b) => a.span.start - b.span.start)) {
    if (span.start < end || span.end < span.start || span.end > source.text.length) return false;
    end = span.end;
  }
  return fix !== undefined && applyFix(source, fix) !== source.text;
}
