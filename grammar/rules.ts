// What all grammar rules stand on: spans, words, mistakes told in our own words, and going on after one.

import { EmbeddedActionsParser, EOF, type IToken, type ParserMethod, type TokenType } from "chevrotain";
import type { Word } from "./ast.ts";
import type { Diagnostic } from "./diagnostic.ts";
import { tooDeep } from "./errors-syntax.ts";
import { explain, slippedWord } from "./explain.ts";
import { Findings } from "./findings.ts";
import { Analysis, builtChoices, type Choices, choosers, type Look } from "./lookahead.ts";
import * as resync from "./resync.ts";
import type { Source, Span } from "./source.ts";
import * as T from "./tokens.ts";

export type Rule<R> = ParserMethod<[], R>;

/** Thrown when a rule cannot go on. What is wrong has been told. */
const STOP = { stop: true };
/** Thrown when the whole file is given up. */
const GIVE_UP = { giveUp: true };

/** Brackets, blocks and types in each other. Deeper than anyone writes, and shallow enough for every later pass. */
export const nestingMax = 100;

const noSource: Source = { path: "", text: "" };
const noDocs: ReadonlyMap<number, string> = new Map();

export class Rules extends EmbeddedActionsParser {
  protected source: Source = noSource;
  protected findings = new Findings(noSource);
  protected docs = noDocs;
  private depth = 0;
  declare private currIdx: number;
  declare private tokVector: readonly T.Token[];
  declare private selfAnalysisDone: boolean;
  declare private lookAheadFuncsCache: Map<number, () => number | boolean | undefined>;
  private readonly analysis: Analysis;

  constructor(skipValidations: boolean) {
    const analysis = new Analysis({ maxLookahead: 2 });
    super(T.vocabulary(), {
      maxLookahead: 2,
      recoveryEnabled: false,
      skipValidations,
      lookaheadStrategy: analysis,
    });
    this.analysis = analysis;
  }

  /** Makes the rules ready to parse: from what the build kept, or by chevrotain's own analysis of them. */
  protected prepare(): void {
    const look: Look = (ahead) => this.LA(ahead).tokenTypeIdx;
    this.analysis.look = look;
    if (builtChoices === null) {
      this.performSelfAnalysis();
      return;
    }
    for (const [key, choose] of choosers(builtChoices, look)) this.lookAheadFuncsCache.set(key, choose);
    this.selfAnalysisDone = true;
  }

  /** What the build keeps: the choices in the order in which the analysis made them. */
  choices(): Choices {
    const keys = [...this.lookAheadFuncsCache.keys()];
    return this.analysis.asked.map(({ single, ways }, i) => [keys[i] ?? -1, single, ways]);
  }

  /** `RULE`, with the literal types of what a rule gives. */
  protected rule<R>(name: string, implementation: () => R): Rule<R> {
    return this.RULE(name, implementation);
  }

  begin(findings: Findings, tokens: T.Token[], docs: ReadonlyMap<number, string>): void {
    this.input = tokens;
    this.source = findings.source;
    this.findings = findings;
    this.docs = docs;
    this.depth = 0;
  }

  /** Lets go of the source, so that a parser kept for the next file keeps none. */
  finish(): void {
    this.input = [];
    this.source = noSource;
    this.findings = new Findings(noSource);
    this.docs = noDocs;
  }

  // Places

  /** From an offset to the end of the last token taken. */
  protected spanFrom(start: number): Span {
    return { start, end: Math.max(start, (this.LA(0).endOffset ?? 0) + 1) };
  }

  protected here(): number {
    return this.LA(1).startOffset;
  }

  protected word(token: IToken): Word {
    return { text: token.image, span: spanOf(token) };
  }

  protected docOf(start: number): string | null {
    return this.docs.size === 0 ? null : (this.docs.get(start) ?? null);
  }

  protected is(ahead: number, type: TokenType): boolean {
    return this.LA(ahead).tokenTypeIdx === type.tokenTypeIdx;
  }

  // Nesting

  protected deeper<R>(rule: () => R): R {
    if (++this.depth > nestingMax) {
      this.findings.add(tooDeep(this.source, spanOf(this.LA(1)), nestingMax));
      throw GIVE_UP;
    }
    const result = rule();
    this.depth--;
    return result;
  }

  // Mistakes

  protected tell(diagnostic: Diagnostic): void {
    if (!this.RECORDING_PHASE) this.findings.add(diagnostic);
  }

  /** Tells what is wrong, and that the rule cannot go on. */
  protected stop(diagnostic: Diagnostic): void {
    if (this.RECORDING_PHASE) return;
    this.findings.add(diagnostic);
    throw STOP;
  }

  protected fail(expected: string): never {
    const tokens = this.tokVector;
    if (this.findings.full) this.findings.count();
    else this.findings.add(explain(this.source, tokens, this.currIdx + 1, expected));
    throw STOP;
  }

  /** `let x = 1`, `await f()`: would be two statements, told as the one slip it is; goes on behind the word. */
  protected foreignWord(): void {
    if (!this.is(1, T.Name) || this.LA(2).tokenTypeIdx !== T.Name.tokenTypeIdx) return;
    const told = slippedWord(this.source, this.tokVector, this.currIdx + 1);
    if (told === null) return;
    this.findings.add(told);
    this.skipTo(this.index() + 1);
  }

  /** chevrotain calls these three where it would word a message itself. */
  consumeInternalError(type: TokenType, _found: IToken, options?: { readonly ERR_MSG?: string }): never {
    this.fail(options?.ERR_MSG ?? type.LABEL ?? type.name);
  }

  raiseNoAltException(_occurrence: number, expected?: string): never {
    this.fail(expected ?? "something else");
  }

  raiseEarlyExitException(_occurrence: number, _type: unknown, expected?: string): never {
    this.fail(expected ?? "something else");
  }

  // Going on

  /** What the rule gives; if it stops, skips as told and gives the fallback. */
  protected guarded<R>(rule: () => R, fallback: (start: number) => R, skip: (from: number) => void): R {
    if (this.RECORDING_PHASE) return rule();
    const depth = this.depth;
    const from = this.currIdx + 1;
    try {
      return rule();
    } catch (stop) {
      if (stop !== STOP) throw stop;
      this.depth = depth;
      skip(from);
      return fallback(this.tokVector[from]?.startOffset ?? 0);
    }
  }

  /** Runs the outermost rule; false if the file was given up. */
  protected completed(rule: () => void): boolean {
    try {
      rule();
      return true;
    } catch (stop) {
      if (stop !== GIVE_UP && stop !== STOP) throw stop;
      return false;
    }
  }

  protected readonly skipItem = (from: number): void =>
    this.skipTo(resync.afterItem(this.source, this.tokVector, from, this.index()));
  protected readonly skipHole = (from: number): void =>
    this.skipTo(resync.afterHole(this.source, this.tokVector, from, this.index()));
  protected readonly skipStatement = (from: number): void =>
    this.skipTo(resync.afterStatement(this.source, this.tokVector, from, this.index()));
  protected readonly skipSetting = (from: number): void =>
    this.skipTo(resync.afterSetting(this.source, this.tokVector, from, this.index()));
  protected readonly skipTaskItem = (from: number): void =>
    this.skipTo(resync.afterTaskItem(this.source, this.tokVector, from, this.index()));
  protected readonly skipDeclaration = (from: number): void =>
    this.skipTo(resync.afterDeclaration(this.source, this.tokVector, from, this.index()));

  /** Tells a token that cannot stand here, and skips it and what belongs to it; always true. */
  protected strayToken(expected: string, skip: (from: number) => void): boolean {
    const from = this.index();
    this.guarded<void>(
      () => this.fail(expected),
      () => undefined,
      skip,
    );
    if (this.index() === from) this.skipTo(from + 1);
    return true;
  }

  /** Whether something stood before the closing bracket that had to be skipped, and the comma behind it. */
  protected strayAmong(close: TokenType, expected: string, skip = this.skipItem): boolean {
    if (this.RECORDING_PHASE || this.is(1, close) || this.is(1, EOF)) return false;
    this.strayToken(expected, skip);
    if (this.is(1, T.Comma)) this.skipTo(this.index() + 1);
    return true;
  }

  protected skipTo(index: number): void {
    this.currIdx = Math.max(this.currIdx, Math.min(index, this.tokVector.length) - 1);
  }

  /** The token behind the braces that open here. */
  protected behindBraces(): IToken {
    const inside = this.index() + 1;
    const close = resync.afterHole(this.source, this.tokVector, inside, inside);
    return this.LA(close + 2 - this.index());
  }

  protected index(): number {
    return this.currIdx + 1;
  }

  protected tokenAt(index: number): T.Token | undefined {
    return this.tokVector[index];
  }
}

export function spanOf(token: IToken): Span {
  return { start: token.startOffset, end: (token.endOffset ?? 0) + 1 };
}
