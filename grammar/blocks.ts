// The rules for blocks and all that stands in them: settings, statements, phases, gates, handlers, `if`, `for`, `repeat`.

import { EOF } from "chevrotain";
import type {
  Binding,
  Block,
  Check,
  Expr,
  For,
  Gate,
  Handler,
  If,
  Node,
  Phase,
  RecordExpr,
  Repeat,
  Return,
  Setting,
  Statement,
  StringLiteral,
  Word,
} from "./ast.ts";
import { howOften, lateSettings, noValue, tooLong } from "./errors-syntax.ts";
import { ExpressionRules } from "./expressions.ts";
import { onOneLine } from "./lines.ts";
import { type Rule, spanOf } from "./rules.ts";
import * as T from "./tokens.ts";

const blockOpen = { ERR_MSG: "`{`, the beginning of a block" };
const blockClose = { ERR_MSG: "a statement or `}`" };
const aColon = { ERR_MSG: "`:`" };
const loopName = { ERR_MSG: "a name for the item" };
const loopIn = { ERR_MSG: "`in`" };
const until = { ERR_MSG: "`until`, and the condition that ends the repetition" };
const phaseName = { ERR_MSG: "a name for the phase" };
const gateName = { ERR_MSG: "a name for the gate" };
const gateOpen = { ERR_MSG: "`{`, the beginning of the checks" };
const gateClose = { ERR_MSG: '`check "…": …`, `approve "…"` or `}`' };
const failure = { ERR_MSG: "`failure`: a handler is `on failure { … }`" };
const failureName = { ERR_MSG: "a name for the failure" };
const keysName = { ERR_MSG: "a name for the values" };
const nodeName = { ERR_MSG: "the name of a node, phase or gate" };

export abstract class BlockRules extends ExpressionRules {
  // Settings

  protected settings(): Setting[] {
    const settings: Setting[] = [];
    this.MANY(() => {
      settings.push(this.SUBRULE(this.setting));
      this.OPTION(() => this.CONSUME(T.Comma));
    });
    return settings;
  }

  protected readonly setting: Rule<Setting> = this.rule("setting", () => {
    const start = this.here();
    const key = this.word(this.CONSUME(T.Key));
    this.CONSUME(T.Colon, aColon);
    const value = this.guarded(this.settingValue, this.broken, this.skipSetting);
    return { span: this.spanFrom(start), key, value };
  });

  private readonly settingValue = (): Expr => {
    // The words of actions are names too; but a line `run "…"` is the action, and the value is missing above it.
    const action = this.is(1, T.Run) || this.is(1, T.Ask) || this.is(1, T.CallWord);
    const command = this.is(2, T.PlainText) || this.is(2, T.TextOpen) || this.is(2, T.FreeBracket);
    if (action && command && !this.RECORDING_PHASE) {
      const [colon, word, text] = [this.LA(0), this.LA(1), this.LA(2)].map((token) => token.startOffset);
      const below =
        !onOneLine(this.source, colon ?? 0, word ?? 0) && onOneLine(this.source, word ?? 0, text ?? 0);
      if (below) this.fail("an expression");
    }
    return this.SUBRULE(this.expr);
  };

  // Blocks and statements

  readonly block: Rule<Block> = this.rule("block", () =>
    this.deeper(() => {
      const start = this.here();
      const statements: Statement[] = [];
      this.CONSUME(T.LBrace, blockOpen);
      const settings = this.settings();
      do {
        this.MANY1(() => {
          const one = this.guarded<Statement | null>(this.statementRule, nothing, this.skipStatement);
          if (one !== null) statements.push(one);
        });
      } while (this.strayInBlock(settings));
      this.CONSUME(T.RBrace, blockClose);
      return { kind: "block", span: this.spanFrom(start), settings, statements };
    }),
  );

  /** What stands between statements and cannot: told and skipped. */
  private strayInBlock(settings: Setting[]): boolean {
    if (this.RECORDING_PHASE || this.is(1, T.RBrace) || this.is(1, EOF)) return false;
    if (this.is(1, T.Key) && !T.reservedWords.has(this.LA(1).image)) {
      const key = this.word(this.LA(1));
      this.tell(lateSettings(this.source, key.span, key.text));
      const late = this.guarded<Setting | null>(() => this.SUBRULE1(this.setting), nothing, this.skipSetting);
      if (late !== null) settings.push(late);
      return true;
    }
    return this.strayToken(blockClose.ERR_MSG, this.skipStatement);
  }

  private readonly statementRule = (): Statement => {
    if (!this.RECORDING_PHASE) this.foreignWord();
    return this.SUBRULE(this.statement);
  };

  private readonly statement: Rule<Statement> = this.rule("statement", () =>
    this.OR<Statement>(this.statements),
  );

  private readonly statements = {
    DEF: [
      { ALT: (): Statement => this.SUBRULE(this.binding) },
      { ALT: (): Statement => this.SUBRULE(this.returned) },
      { ALT: (): Statement => this.SUBRULE(this.phase) },
      { ALT: (): Statement => this.SUBRULE(this.gate) },
      { ALT: (): Statement => this.SUBRULE(this.onFailure) },
      { ALT: (): Statement => this.SUBRULE(this.finallyBlock) },
    ],
    ERR_MSG: "a statement",
  };

  /** `x =` and nothing behind it: told. */
  private valueless = false;

  private readonly bindingName = {
    GATE: (): boolean => this.is(2, T.Assign),
    MAX_LOOKAHEAD: 1,
    DEF: (): Word => {
      const name = this.word(this.CONSUME(T.Ident));
      const sign = this.CONSUME(T.Assign);
      // The next line begins with a binding of its own.
      if (this.is(2, T.Assign) && !this.RECORDING_PHASE) {
        this.tell(noValue(this.source, spanOf(sign), name.text));
        this.valueless = true;
      }
      return name;
    },
  };

  private readonly binding: Rule<Binding> = this.rule("binding", () => {
    const start = this.here();
    const doc = this.docOf(start);
    const name = this.OPTION(this.bindingName) ?? null;
    if (this.valueless) {
      this.valueless = false;
      return { kind: "binding", span: this.spanFrom(start), doc, name, value: this.brokenNode(start) };
    }
    const value = this.guarded(() => this.SUBRULE(this.node), this.brokenNode, this.skipStatement);
    return { kind: "binding", span: this.spanFrom(start), doc, name, value };
  });

  private readonly returned: Rule<Return> = this.rule("returned", () => {
    const start = this.here();
    this.CONSUME(T.ReturnWord);
    const value = this.guarded(() => this.SUBRULE(this.node), this.brokenNode, this.skipStatement);
    return { kind: "return", span: this.spanFrom(start), value };
  });

  private readonly brokenNode = (start: number): Node => ({
    kind: "node",
    span: this.spanFrom(start),
    expr: this.broken(start),
    overrides: null,
    after: [],
    otherwise: null,
  });

  private readonly node: Rule<Node> = this.rule("node", () => {
    const start = this.here();
    const expr = this.SUBRULE(this.expr);
    let overrides: RecordExpr | null = null;
    let otherwise: Expr | null = null;
    const after: Word[] = [];
    this.OPTION(() => {
      this.CONSUME(T.With);
      overrides = this.SUBRULE(this.record);
    });
    this.OPTION1(() => {
      this.CONSUME(T.After);
      this.AT_LEAST_ONE_SEP({
        SEP: T.Comma,
        DEF: () => after.push(this.word(this.CONSUME(T.Ident, nodeName))),
        ERR_MSG: nodeName.ERR_MSG,
      });
    });
    this.OPTION2(() => {
      this.CONSUME(T.Otherwise);
      otherwise = this.SUBRULE1(this.expr);
    });
    return { kind: "node", span: this.spanFrom(start), expr, overrides, after, otherwise };
  });

  private readonly phase: Rule<Phase> = this.rule("phase", () => {
    const start = this.here();
    const doc = this.docOf(start);
    this.CONSUME(T.PhaseWord);
    const name = this.word(this.CONSUME(T.Ident, phaseName));
    const title: StringLiteral | null = this.OPTION(() => this.SUBRULE(this.stringLiteral)) ?? null;
    const body = this.SUBRULE(this.block);
    return { kind: "phase", span: this.spanFrom(start), doc, name, title, body };
  });

  private readonly gate: Rule<Gate> = this.rule("gate", () => {
    const start = this.here();
    const doc = this.docOf(start);
    const checks: Check[] = [];
    this.CONSUME(T.GateWord);
    const name = this.word(this.CONSUME(T.Ident, gateName));
    this.CONSUME(T.LBrace, gateOpen);
    this.MANY(() => {
      const check = this.guarded<Check | null>(() => this.SUBRULE(this.check), nothing, this.skipStatement);
      if (check !== null) checks.push(check);
    });
    this.CONSUME(T.RBrace, gateClose);
    return { kind: "gate", span: this.spanFrom(start), doc, name, checks };
  });

  private readonly check: Rule<Check> = this.rule("check", () => {
    const start = this.here();
    return this.OR<Check>([
      {
        ALT: () => {
          this.CONSUME(T.CheckWord);
          const label = this.SUBRULE(this.stringLiteral);
          this.CONSUME(T.Colon, aColon);
          const node = this.SUBRULE(this.node);
          return { kind: "check", span: this.spanFrom(start), label, node };
        },
      },
      {
        ALT: () => {
          this.CONSUME(T.Approve);
          const label = this.SUBRULE1(this.stringLiteral);
          const options = this.OPTION(() => this.SUBRULE(this.record)) ?? null;
          return { kind: "approve", span: this.spanFrom(start), label, options };
        },
      },
    ]);
  });

  private readonly onFailure: Rule<Handler> = this.rule("onFailure", () => {
    const start = this.here();
    this.CONSUME(T.On);
    this.CONSUME(T.Failure, failure);
    const name: Word | null =
      this.OPTION(() => {
        this.CONSUME(T.As);
        return this.word(this.CONSUME(T.Ident, failureName));
      }) ?? null;
    const body = this.SUBRULE(this.block);
    return { kind: "handler", span: this.spanFrom(start), on: "failure", name, body };
  });

  private readonly finallyBlock: Rule<Handler> = this.rule("finallyBlock", () => {
    const start = this.here();
    this.CONSUME(T.Finally);
    const body = this.SUBRULE(this.block);
    return { kind: "handler", span: this.spanFrom(start), on: "finally", name: null, body };
  });

  // Expressions with blocks

  protected readonly ifExpr: Rule<Expr> = this.rule("ifExpr", () => {
    const more: Branch[] = [];
    let last: Block | null = null;
    const start = this.here();
    this.CONSUME(T.If);
    const first = { start, cond: this.SUBRULE(this.expr), body: this.SUBRULE(this.block) };
    this.MANY(() => {
      this.CONSUME(T.Else);
      const at = this.here();
      this.CONSUME1(T.If);
      more.push({ start: at, cond: this.SUBRULE1(this.expr), body: this.SUBRULE1(this.block) });
    });
    this.OPTION(() => {
      this.CONSUME1(T.Else);
      last = this.SUBRULE2(this.block);
    });
    if (more.length > elseIfMax) this.tell(tooLong(this.source, this.spanFrom(start), elseIfMax));
    return this.foldBranches(first, more.slice(0, elseIfMax), last);
  });

  private foldBranches(first: Branch, more: readonly Branch[], last: Block | null): If {
    const { end } = this.spanFrom(0);
    const branch = ({ start, cond, body: then }: Branch, rest: Block | If | null): If => {
      return { kind: "if", span: { start, end }, cond, then, else: rest };
    };
    return branch(
      first,
      more.reduceRight<Block | If | null>((rest, one) => branch(one, rest), last),
    );
  }

  protected readonly forExpr: Rule<Expr> = this.rule("forExpr", () => {
    const start = this.here();
    const lists: { readonly name: Word; readonly list: Expr }[] = [];
    let by: Expr | null = null;
    let filter: Expr | null = null;
    let after: For["after"] = null;
    this.CONSUME(T.For);
    this.AT_LEAST_ONE_SEP({
      SEP: T.Comma,
      DEF: () => {
        const name = this.word(this.CONSUME(T.Ident, loopName));
        this.CONSUME(T.In, loopIn);
        lists.push({ name, list: this.SUBRULE(this.expr) });
      },
      ERR_MSG: loopName.ERR_MSG,
    });
    this.OPTION(() => {
      this.CONSUME(T.By);
      by = this.SUBRULE1(this.expr);
    });
    this.OPTION1(() => {
      this.CONSUME(T.If);
      filter = this.SUBRULE2(this.expr);
    });
    this.OPTION2(() => {
      this.CONSUME(T.After);
      const keys = this.SUBRULE(this.operation);
      const name = this.OPTION3(() => {
        this.CONSUME(T.As);
        return this.word(this.CONSUME1(T.Ident, keysName));
      });
      after = { keys, name: name ?? null };
    });
    const body = this.SUBRULE(this.block);
    return { kind: "for", span: this.spanFrom(start), lists, by, filter, after, body };
  });

  private times(): Expr {
    if (
      !this.RECORDING_PHASE &&
      this.is(1, T.LBrace) &&
      this.behindBraces().tokenTypeIdx === T.Until.tokenTypeIdx
    ) {
      this.tell(howOften(this.source, spanOf(this.LA(0))));
      return this.broken(this.here());
    }
    return this.SUBRULE(this.expr);
  }

  protected readonly repeatExpr: Rule<Expr> = this.rule("repeatExpr", (): Repeat => {
    const start = this.here();
    this.CONSUME(T.RepeatWord);
    const times = this.times();
    const body = this.SUBRULE(this.block);
    this.CONSUME(T.Until, until);
    const end = this.SUBRULE1(this.expr);
    return { kind: "repeat", span: this.spanFrom(start), times, body, until: end };
  });
}

const nothing = (): null => null;
/** `else if`s in one chain: every later pass walks down it. */
const elseIfMax = 200;

interface Branch {
  readonly start: number;
  readonly cond: Expr;
  readonly body: Block;
}
