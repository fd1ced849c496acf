// The rules for expressions: operands, operators, calls, lists, records, strings with holes, `if`, `for` and `repeat`.

import type { IToken } from "chevrotain";
import type {
  Arg,
  Block,
  Entry,
  Expr,
  ListExpr,
  RecordExpr,
  StringLiteral,
  Text,
  TextPart,
  Word,
} from "./ast.ts";
import { chainedComparison, holeInLiteral, looseNot, missingColon, tooLong } from "./errors-syntax.ts";
import { onOneLine } from "./lines.ts";
import { readNumber } from "./numbers.ts";
import { buildOperation, isBinaryOp, type Operand, type Operator } from "./operators.ts";
import { type Rule, spanOf } from "./rules.ts";
import { TypeRules } from "./rules-types.ts";
import type { Span } from "./source.ts";
import * as T from "./tokens.ts";

const anExpression = "an expression";
const holeClose = { ERR_MSG: "`}`, the end of the hole" };
const parenClose = { ERR_MSG: "`)`" };
const indexClose = { ERR_MSG: "`]`, the end of the index" };
const argsClose = { ERR_MSG: "`,` or `)`" };
const listClose = { ERR_MSG: "`,` or `]`" };
const recordOpen = { ERR_MSG: "a record, `{ key: value }`" };
const recordClose = { ERR_MSG: "`,` or `}`" };
const afterDot = { ERR_MSG: "the name of a field" };
const aColon = { ERR_MSG: "`:`" };

/** Operators and accesses in one chain: every later pass walks down it. */
const chainMax = 500;

export abstract class ExpressionRules extends TypeRules {
  abstract readonly block: Rule<Block>;
  protected abstract readonly ifExpr: Rule<Expr>;
  protected abstract readonly forExpr: Rule<Expr>;
  protected abstract readonly repeatExpr: Rule<Expr>;

  private readonly told = {
    chained: (operator: Operator): void => this.tell(chainedComparison(this.source, operator)),
    looseNot: (span: Span): void => this.tell(looseNot(this.source, span)),
  };

  readonly expr: Rule<Expr> = this.rule("expr", () =>
    this.deeper(() => {
      const start = this.here();
      const of = this.SUBRULE(this.operation);
      let cast: Expr | null = null;
      this.OPTION(() => {
        this.CONSUME(T.As);
        const type = this.SUBRULE(this.typeExpr);
        cast = { kind: "cast", span: this.spanFrom(start), of, type };
      });
      return cast ?? of;
    }),
  );

  /** Operands and operators, without the cast. */
  readonly operation: Rule<Expr> = this.rule("operation", () => {
    const first = this.SUBRULE(this.operand);
    let operands: [Operand, ...Operand[]] | null = null;
    const operators: Operator[] = [];
    this.MANY(() => {
      operands ??= [first];
      operators.push(this.operator());
      operands.push(this.SUBRULE1(this.operand));
    });
    if (this.RECORDING_PHASE || (operands === null && first.nots.length === 0)) return first.expr;
    if (operators.length > chainMax)
      this.tell(tooLong(this.source, operators[0]?.span ?? spanOf(this.LA(1)), chainMax));
    return buildOperation(operands ?? [first], operators.slice(0, chainMax), this.told);
  });

  private operator(): Operator {
    const token = this.CONSUME(T.BinaryOperator);
    const text = T.operatorText(token.tokenType);
    return { op: isBinaryOp(text) ? text : "+", span: spanOf(token) };
  }

  private readonly operand: Rule<Operand> = this.rule("operand", () => {
    const nots: Span[] = [];
    const minuses: Span[] = [];
    this.MANY(() => {
      this.OR([
        { ALT: () => this.prefix(this.CONSUME(T.Not), nots, minuses) },
        { ALT: () => minuses.push(spanOf(this.CONSUME(T.Minus))) },
      ]);
    });
    let expr = this.SUBRULE(this.postfix);
    if (this.RECORDING_PHASE) return { nots, expr };
    const first = nots[0] ?? minuses[0];
    if (nots.length + minuses.length > chainMax && first !== undefined) {
      this.tell(tooLong(this.source, first, chainMax));
      return { nots: [], expr };
    }
    for (const minus of minuses.reverse())
      expr = { kind: "unary", span: { start: minus.start, end: expr.span.end }, op: "-", of: expr };
    return { nots, expr };
  });

  private prefix(not: IToken, nots: Span[], minuses: readonly Span[]): void {
    const minus = minuses[0];
    const first = minus !== undefined && (nots.at(-1)?.start ?? 0) <= minus.start;
    if (first) this.tell(looseNot(this.source, spanOf(not)));
    nots.push(spanOf(not));
  }

  private readonly postfix: Rule<Expr> = this.rule("postfix", () => {
    const start = this.here();
    let of: Expr = this.OR(this.primaries);
    let length = 0;
    this.MANY(() => {
      const inner = of;
      if (++length === chainMax) this.tell(tooLong(this.source, spanOf(this.LA(1)), chainMax));
      const next = this.OR1<Expr>([
        { ALT: () => this.access(start, inner, this.CONSUME(T.Dot), this.CONSUME(T.Word, afterDot)) },
        { ALT: () => this.access(start, inner, this.CONSUME(T.MaybeDot), this.CONSUME1(T.Word, afterDot)) },
        { ALT: () => this.at(start, inner) },
        { ALT: () => this.call(start, inner) },
      ]);
      if (length < chainMax) of = next;
    });
    return of;
  });

  private access(start: number, of: Expr, dot: IToken, name: IToken): Expr {
    const maybe = dot.tokenType === T.MaybeDot;
    return { kind: "field", span: this.spanFrom(start), of, name: this.word(name), maybe };
  }

  private at(start: number, of: Expr): Expr {
    this.CONSUME(T.TouchBracket);
    const at = this.SUBRULE(this.expr);
    this.CONSUME(T.RBracket, indexClose);
    return { kind: "index", span: this.spanFrom(start), of, at };
  }

  private call(start: number, callee: Expr): Expr {
    const args: Arg[] = [];
    let count = 0;
    this.CONSUME(T.TouchParen);
    do
      this.MANY1(() => {
        if (count++ > 0) this.missingComma();
        args.push(this.guarded(this.argRule, this.brokenArg, this.skipItem));
        this.OPTION(this.comma);
      });
    while (this.strayAmong(T.RParen, argsClose.ERR_MSG));
    this.CONSUME(T.RParen, argsClose);
    return { kind: "call-of", span: this.spanFrom(start), callee, args };
  }

  private readonly comma = (): IToken => this.CONSUME(T.Comma);
  private readonly argRule = (): Arg => this.SUBRULE(this.arg);
  private readonly brokenArg = (start: number): Arg => ({
    span: this.spanFrom(start),
    name: null,
    value: this.broken(start),
  });
  private readonly exprRule = (): Expr => this.SUBRULE2(this.expr);

  private readonly arg: Rule<Arg> = this.rule("arg", () => {
    const start = this.here();
    let name: Word | null = null;
    this.OPTION(() => {
      name = this.word(this.CONSUME(T.Key));
      this.CONSUME(T.Colon, aColon);
    });
    const value = this.SUBRULE(this.expr);
    return { span: this.spanFrom(start), name, value };
  });

  // Primaries

  private readonly primaries = {
    DEF: [
      { ALT: (): Expr => this.name() },
      { ALT: (): Expr => this.plainText() },
      { ALT: (): Expr => this.number() },
      { ALT: (): Expr => this.SUBRULE(this.text) },
      { ALT: (): Expr => this.SUBRULE(this.list) },
      { ALT: (): Expr => this.SUBRULE(this.record) },
      { ALT: (): Expr => this.SUBRULE(this.paren) },
      { ALT: (): Expr => ({ kind: "bool", span: spanOf(this.CONSUME(T.True)), value: true }) },
      { ALT: (): Expr => ({ kind: "bool", span: spanOf(this.CONSUME(T.False)), value: false }) },
      { ALT: (): Expr => ({ kind: "none", span: spanOf(this.CONSUME(T.None)) }) },
      { ALT: (): Expr => this.SUBRULE(this.ifExpr) },
      { ALT: (): Expr => this.SUBRULE(this.forExpr) },
      { ALT: (): Expr => this.SUBRULE(this.repeatExpr) },
      { ALT: (): Expr => ({ kind: "error", span: spanOf(this.CONSUME(T.Broken)) }) },
    ],
    ERR_MSG: anExpression,
  };

  /** What stands for an expression that could not be read. */
  protected readonly broken = (start: number): Expr => ({ kind: "error", span: this.spanFrom(start) });

  private name(): Expr {
    const token = this.CONSUME(T.Ident);
    return { kind: "name", span: spanOf(token), name: token.image };
  }

  private number(): Expr {
    const token = this.CONSUME(T.NumberToken);
    const value = readNumber(token.image);
    const span = spanOf(token);
    if (!("value" in value)) return { kind: "error", span };
    return { kind: "number", span, type: value.type, value: value.value, text: token.image };
  }

  private readonly paren: Rule<Expr> = this.rule("paren", () => {
    const start = this.here();
    this.CONSUME(T.LParen);
    const of = this.SUBRULE(this.expr);
    this.CONSUME(T.RParen, parenClose);
    return { kind: "paren", span: this.spanFrom(start), of };
  });

  readonly list: Rule<ListExpr> = this.rule("list", () => {
    const start = this.here();
    const items: Expr[] = [];
    let count = 0;
    this.CONSUME(T.LBracket);
    do
      this.MANY(() => {
        if (count++ > 0) this.missingComma();
        items.push(this.guarded(this.exprRule, this.broken, this.skipItem));
        this.OPTION(this.comma);
      });
    while (this.strayAmong(T.RBracket, listClose.ERR_MSG));
    this.CONSUME(T.RBracket, listClose);
    return { kind: "list-of", span: this.spanFrom(start), items };
  });

  readonly record: Rule<RecordExpr> = this.rule("record", () => {
    const start = this.here();
    const entries: Entry[] = [];
    let count = 0;
    this.CONSUME(T.LBrace, recordOpen);
    do
      this.MANY(() => {
        if (count++ > 0) this.missingComma();
        const entry = this.guarded<Entry | null>(this.entryRule, nothing, this.skipItem);
        if (entry !== null) entries.push(entry);
        this.OPTION(this.comma);
      });
    while (this.strayAmong(T.RBrace, recordClose.ERR_MSG));
    this.CONSUME(T.RBrace, recordClose);
    return { kind: "record-of", span: this.spanFrom(start), entries };
  });

  private readonly entryRule = (): Entry => this.SUBRULE(this.entry);

  private readonly entry: Rule<Entry> = this.rule("entry", () => {
    const start = this.here();
    const { key, short } = this.OR([
      { ALT: () => ({ key: this.word(this.CONSUME(T.Key)), short: null }) },
      { ALT: () => ({ key: this.quotedKey(this.SUBRULE(this.stringLiteral)), short: null }) },
      { ALT: () => this.shortEntry() },
    ]);
    if (short !== null && !this.RECORDING_PHASE) {
      if (!this.lacksColon()) return { span: this.spanFrom(start), key, value: short, short: true };
      return { key, value: this.SUBRULE1(this.expr), span: this.spanFrom(start), short: false };
    }
    this.CONSUME(T.Colon, aColon);
    const value = this.SUBRULE(this.expr);
    return { span: this.spanFrom(start), key, value, short: false };
  });

  /** Behind a name: a value that is no entry by itself can only be the name's. Told, if so. */
  private lacksColon(): boolean {
    const [name, next] = [this.LA(0), this.LA(1)];
    if (!onOneLine(this.source, name.startOffset, next.startOffset)) return false;
    const literal =
      this.is(1, T.NumberToken) ||
      ((this.is(1, T.PlainText) || this.is(1, T.TextOpen)) && !this.is(2, T.Colon));
    const more =
      this.is(1, T.Name) && (this.is(2, T.TouchParen) || this.is(2, T.Dot) || this.is(2, T.TouchBracket));
    if (!literal && !more) return false;
    this.tell(missingColon(this.source, this.word(name)));
    return true;
  }

  private quotedKey(literal: StringLiteral): Word {
    return { text: literal.text, span: literal.span };
  }

  private shortEntry(): { readonly key: Word; readonly short: Expr } {
    const key = this.word(this.CONSUME(T.Ident));
    return { key, short: { kind: "name", span: key.span, name: key.text } };
  }

  // Strings

  private plainText(): Text {
    return this.textOf(this.CONSUME(T.PlainText));
  }

  private textOf(token: IToken): Text {
    const span = spanOf(token);
    const text = token.image;
    const block = this.source.text.startsWith('"""', span.start);
    if (text === "") return { kind: "text", span, block, parts: [] };
    const edge = block ? 3 : 1;
    const inner = { start: span.start + edge, end: Math.max(span.start + edge, span.end - edge) };
    return { kind: "text", span, block, parts: [{ kind: "chars", span: inner, text }] };
  }

  readonly text: Rule<Text> = this.rule("text", () => {
    const start = this.here();
    const parts: TextPart[] = [];
    const block = this.CONSUME(T.TextOpen).image.length === 3;
    this.MANY(() => {
      this.OR([
        {
          ALT: () => {
            const token = this.CONSUME(T.Chars);
            if (token.image !== "") parts.push({ kind: "chars", span: spanOf(token), text: token.image });
          },
        },
        { ALT: () => parts.push(this.SUBRULE(this.hole)) },
      ]);
    });
    this.CONSUME(T.TextClose);
    return { kind: "text", span: this.spanFrom(start), block, parts };
  });

  private readonly hole: Rule<TextPart> = this.rule("hole", () => {
    const start = this.here();
    this.CONSUME(T.HoleOpen);
    const expr = this.guarded(() => this.SUBRULE(this.expr), this.broken, this.skipHole);
    this.strayAmong(T.HoleClose, holeClose.ERR_MSG, this.skipHole);
    this.CONSUME(T.HoleClose, holeClose);
    return { kind: "hole", span: this.spanFrom(start), expr };
  });

  /** Where only a literal may stand: a hole is told, and taken for nothing. */
  readonly stringLiteral: Rule<StringLiteral> = this.rule("stringLiteral", () => {
    const text = this.OR({
      DEF: [{ ALT: () => this.textOf(this.CONSUME(T.PlainText)) }, { ALT: () => this.SUBRULE(this.text) }],
      ERR_MSG: "a string",
    });
    if (this.RECORDING_PHASE) return { kind: "string", span: noSpan, text: "" };
    let value = "";
    for (const part of text.parts) {
      if (part.kind === "chars") value += part.text;
      else this.tell(holeInLiteral(this.source, part.span));
    }
    return { kind: "string", span: text.span, text: value };
  });
}

const noSpan: Span = { start: 0, end: 0 };
const nothing = (): null => null;
