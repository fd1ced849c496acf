// The rules for type expressions and the fields of records.

import type { Expr, Field, RecordType, StringLiteral, TypeExpr } from "./ast.ts";
import { looseTypeSuffix, missingComma, typeTooLong } from "./errors-syntax.ts";
import { type Rule, Rules, spanOf } from "./rules.ts";
import * as T from "./tokens.ts";

const mapClose = { ERR_MSG: "`>`, the end of `map<…>`" };
const listClose = { ERR_MSG: "`]`: a list of a type is written `T[]`" };
const fieldsOpen = { ERR_MSG: "`{`" };
const fieldsClose = { ERR_MSG: "a field, `name: type`, or `}`" };
const fieldKey = { ERR_MSG: "a field, `name: type`" };
const colon = { ERR_MSG: "`:`" };

export abstract class TypeRules extends Rules {
  abstract readonly expr: Rule<Expr>;
  abstract readonly stringLiteral: Rule<StringLiteral>;

  readonly typeExpr: Rule<TypeExpr> = this.rule("typeExpr", () =>
    this.deeper(() => {
      const start = this.here();
      let type: TypeExpr = this.OR({
        DEF: [
          { ALT: () => this.SUBRULE(this.mapType) },
          { ALT: () => this.namedType() },
          { ALT: () => this.SUBRULE(this.fields) },
        ],
        ERR_MSG: "a type",
      });
      let length = 0;
      this.MANY(() => {
        if (++length > suffixesMax) this.stop(typeTooLong(this.source, this.spanFrom(start), suffixesMax));
        const of = type;
        this.OR1([
          {
            ALT: () => {
              this.CONSUME(T.TouchBracket);
              this.CONSUME(T.RBracket, listClose);
              type = { kind: "list", span: this.spanFrom(start), of };
            },
          },
          {
            ALT: () => {
              this.CONSUME(T.Question);
              type = { kind: "optional", span: this.spanFrom(start), of };
            },
          },
          {
            // `T??`: the scanner cannot know that these are two.
            ALT: () => {
              const both = spanOf(this.CONSUME(T.Default));
              const inner: TypeExpr = { kind: "optional", span: { start, end: both.start + 1 }, of };
              type = { kind: "optional", span: this.spanFrom(start), of: inner };
            },
          },
        ]);
      });
      return this.looseSuffix(type);
    }),
  );

  private namedType(): TypeExpr {
    const token = this.CONSUME(T.Ident);
    return { kind: "named", span: spanOf(token), name: token.image };
  }

  /** `T ?` and `T []`: meant well, told, and taken. */
  private looseSuffix(type: TypeExpr): TypeExpr {
    const list = this.is(1, T.FreeBracket) && this.is(2, T.RBracket);
    const loose = list || this.is(1, T.LooseQuestion);
    if (!loose || this.RECORDING_PHASE) return type;
    const next = this.LA(1);
    this.tell(looseTypeSuffix(this.source, { start: type.span.end, end: next.startOffset }, list));
    this.skipTo(this.index() + (list ? 2 : 1));
    const span = this.spanFrom(type.span.start);
    return this.looseSuffix({ kind: list ? "list" : "optional", span, of: type });
  }

  private readonly mapType: Rule<TypeExpr> = this.rule("mapType", () => {
    const start = this.here();
    this.CONSUME(T.MapWord);
    this.CONSUME(T.Less);
    const of = this.SUBRULE(this.typeExpr);
    this.CONSUME(T.Greater, mapClose);
    return { kind: "map", span: this.spanFrom(start), of };
  });

  readonly fields: Rule<RecordType> = this.rule("fields", () => {
    const start = this.here();
    const fields: Field[] = [];
    this.CONSUME(T.LBrace, fieldsOpen);
    do {
      this.MANY(() => {
        const field = this.guarded<Field | null>(() => this.SUBRULE(this.field), nothing, this.skipSetting);
        if (field !== null) fields.push(field);
        this.OPTION(() => this.CONSUME(T.Comma));
      });
    } while (this.strayAmong(T.RBrace, fieldsClose.ERR_MSG, this.skipSetting));
    this.CONSUME(T.RBrace, fieldsClose);
    return { kind: "record", span: this.spanFrom(start), fields };
  });

  private readonly field: Rule<Field> = this.rule("field", () => {
    const start = this.here();
    const early = this.OPTION(() => this.CONSUME(T.Early)) !== undefined;
    const name = this.word(this.CONSUME(T.Key, fieldKey));
    this.CONSUME(T.Colon, colon);
    const type = this.SUBRULE(this.typeExpr);
    let value: Expr | null = null;
    this.OPTION1(() => {
      this.CONSUME(T.Assign);
      value = this.SUBRULE(this.expr);
    });
    return { span: this.spanFrom(start), name, doc: this.docOf(start), early, type, value };
  });

  /** Items stand one behind the other without a comma: told at the gap, and gone on as if it stood there. */
  protected missingComma(): void {
    if (!this.is(0, T.Comma)) this.tell(missingComma(this.source, this.gap()));
  }

  private gap(): { readonly start: number; readonly end: number } {
    return { start: spanOf(this.LA(0)).end, end: this.here() };
  }
}

/** `[]` and `?` behind one type. */
const suffixesMax = 20;

const nothing = (): null => null;
