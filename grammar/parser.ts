// Source → Ast: the rules for declarations, and `parse`, which never throws and always gives a file.

import { EOF, type IToken, type TokenType } from "chevrotain";
import type {
  Action,
  Constant,
  Declaration,
  Expr,
  File,
  Flow,
  Import,
  ListExpr,
  Param,
  Place,
  Setting,
  StringLiteral,
  Task,
  TestDeclaration,
  Text,
  TypeDeclaration,
  TypeExpr,
  Word,
} from "./ast.ts";
import { BlockRules } from "./blocks.ts";
import { balance } from "./brackets.ts";
import type { Diagnostic } from "./diagnostic.ts";
import * as errors from "./errors-syntax.ts";
import { Findings } from "./findings.ts";
import { joined } from "./lone-closers.ts";
import { type Rule, spanOf } from "./rules.ts";
import { scan } from "./scanner.ts";
import type { Source, Span } from "./source.ts";
import * as T from "./tokens.ts";

export interface Parsed {
  readonly file: File;
  /** In order of place; all are errors. */
  readonly diagnostics: readonly Diagnostic[];
}

const declarationName = { ERR_MSG: "a name" };
const aDeclaration = "a declaration: type, task, flow, limit, runner, agent, test or `name = value`";
const paramsOpen = { ERR_MSG: "`(`, the beginning of the parameters" };
const paramsClose = { ERR_MSG: "a parameter, `name: type`, or `)`" };
const paramName = { ERR_MSG: "a parameter, `name: type`" };
const aColon = { ERR_MSG: "`:`" };
const importOpen = { ERR_MSG: '`{`: an import is `import { name } from "./file.flow"`' };
const importClose = { ERR_MSG: "`,` or `}`" };
const importFrom = { ERR_MSG: "`from`, and the file" };
const settingsOpen = { ERR_MSG: "`{`, the beginning of the settings" };
const settingsClose = { ERR_MSG: "a setting, `key: value`, or `}`" };
const taskOpen = { ERR_MSG: "`->` and a type, or `{`" };
const taskClose = { ERR_MSG: "a setting, `run`, `ask`, `call`, `return` or `}`" };

interface TaskBody {
  settings: Setting[];
  lateSettings: Setting[];
  action: Action | null;
  result: Expr | null;
}

export class FlowParser extends BlockRules {
  private imports: Import[] = [];
  private declarations: Declaration[] = [];

  constructor(skipValidations = true) {
    super(skipValidations);
    this.prepare();
  }

  /** All of a file's imports and declarations that can be read. */
  run(): { readonly imports: readonly Import[]; readonly declarations: readonly Declaration[] } {
    this.imports = [];
    this.declarations = [];
    this.completed(() => this.file());
    return { imports: this.imports, declarations: this.declarations };
  }

  private readonly file: Rule<void> = this.rule("file", () => {
    do {
      this.MANY(() => this.guarded(this.topLevelRule, nothing, this.skipDeclaration));
    } while (this.strayAtTop());
  });

  private readonly topLevelRule = (): void => this.SUBRULE(this.topLevel);

  private readonly topLevel: Rule<void> = this.rule("topLevel", () => {
    const start = this.here();
    const doc = this.docOf(start);
    this.OR({
      ERR_MSG: aDeclaration,
      DEF: [
        {
          ALT: () => {
            const one = this.SUBRULE(this.importRule);
            if (this.declarations.length > 0) this.tell(errors.lateImport(this.source, one.span));
            this.imports.push(one);
          },
        },
        { ALT: () => this.declarations.push({ ...this.SUBRULE(this.typeRule), doc }) },
        { ALT: () => this.declarations.push({ ...this.SUBRULE(this.place), doc }) },
        { ALT: () => this.declarations.push({ ...this.SUBRULE(this.task), doc }) },
        { ALT: () => this.declarations.push({ ...this.SUBRULE(this.flow), doc }) },
        { ALT: () => this.declarations.push({ ...this.SUBRULE(this.test), doc }) },
        { ALT: () => this.declarations.push({ ...this.SUBRULE(this.constant), doc }) },
      ],
    });
  });

  private strayAtTop(): boolean {
    if (this.RECORDING_PHASE || this.is(1, EOF)) return false;
    return this.strayToken(aDeclaration, this.skipDeclaration);
  }

  private readonly importRule: Rule<Import> = this.rule("import", () => {
    const start = this.here();
    const names: Word[] = [];
    this.CONSUME(T.ImportWord);
    this.CONSUME(T.LBrace, importOpen);
    let count = 0;
    do
      this.MANY(() => {
        if (count++ > 0) this.missingComma();
        names.push(this.word(this.CONSUME(T.Ident)));
        this.OPTION(() => this.CONSUME(T.Comma));
      });
    while (this.strayAmong(T.RBrace, importClose.ERR_MSG));
    this.CONSUME(T.RBrace, importClose);
    this.CONSUME(T.From, importFrom);
    const from = this.SUBRULE(this.stringLiteral);
    if (count === 0) this.tell(errors.emptyImport(this.source, this.spanFrom(start)));
    return { kind: "import", span: this.spanFrom(start), names, from };
  });

  private readonly typeRule: Rule<TypeDeclaration> = this.rule("type", () => {
    const start = this.here();
    this.CONSUME(T.TypeWord);
    const name = this.word(this.CONSUME(T.Ident, declarationName));
    const body = this.OR<TypeDeclaration["body"]>({
      DEF: [
        { ALT: () => this.SUBRULE(this.fields) },
        {
          ALT: () => {
            this.CONSUME(T.Assign);
            const at = this.here();
            const members: StringLiteral[] = [];
            this.AT_LEAST_ONE_SEP({
              SEP: T.Pipe,
              DEF: () => members.push(this.SUBRULE(this.stringLiteral)),
              ERR_MSG: 'a string: a type is `{ fields }` or `= "one" | "two"`',
            });
            return { kind: "union", span: this.spanFrom(at), members };
          },
        },
      ],
      ERR_MSG: '`{ fields }` or `= "one" | "two"`',
    });
    return { kind: "type", span: this.spanFrom(start), name, doc: null, body };
  });

  private readonly constant: Rule<Constant> = this.rule("constant", () => {
    const start = this.here();
    const name = this.word(this.CONSUME(T.Ident));
    this.CONSUME(T.Assign);
    const value = this.guarded(() => this.SUBRULE(this.expr), this.broken, this.skipStatement);
    return { kind: "constant", span: this.spanFrom(start), name, doc: null, value };
  });

  private readonly place: Rule<Place> = this.rule("place", () => {
    const start = this.here();
    const place = this.OR<Place["place"]>([
      { ALT: () => this.placeWord(this.CONSUME(T.Limit), "limit") },
      { ALT: () => this.placeWord(this.CONSUME(T.Runner), "runner") },
      { ALT: () => this.placeWord(this.CONSUME(T.Agent), "agent") },
    ]);
    const name = this.word(this.CONSUME(T.Ident, declarationName));
    this.CONSUME(T.LBrace, settingsOpen);
    const settings: Setting[] = [];
    do settings.push(...this.settings());
    while (this.strayAmong(T.RBrace, settingsClose.ERR_MSG, this.skipSetting));
    this.CONSUME(T.RBrace, settingsClose);
    return { kind: "place", span: this.spanFrom(start), place, name, doc: null, settings };
  });

  private placeWord<W extends Place["place"]>(_token: IToken, word: W): W {
    return word;
  }

  // Tasks and flows

  private readonly params: Rule<Param[]> = this.rule("params", () => {
    const params: Param[] = [];
    let count = 0;
    this.CONSUME(T.LParen, paramsOpen);
    do
      this.MANY(() => {
        if (count++ > 0) this.missingComma();
        const param = this.guarded<Param | null>(() => this.SUBRULE(this.param), nothing, this.skipItem);
        if (param !== null) params.push(param);
        this.OPTION(() => this.CONSUME(T.Comma));
      });
    while (this.strayAmong(T.RParen, paramsClose.ERR_MSG));
    this.CONSUME(T.RParen, paramsClose);
    return params;
  });

  private readonly param: Rule<Param> = this.rule("param", () => {
    const start = this.here();
    const name = this.word(this.CONSUME(T.Key, paramName));
    if (T.reservedWords.has(name.text)) this.tell(errors.reservedName(this.source, name));
    this.CONSUME(T.Colon, aColon);
    const type = this.SUBRULE(this.typeExpr);
    let value: Expr | null = null;
    this.OPTION(() => {
      this.CONSUME(T.Assign);
      value = this.SUBRULE(this.expr);
    });
    return { span: this.spanFrom(start), name, doc: this.docOf(start), type, value };
  });

  private readonly answer: Rule<TypeExpr> = this.rule("answer", () => {
    const arrow = this.CONSUME(T.Arrow);
    // `early` is a word of types and of none else; a setting looks like a field.
    const binds = this.is(3, T.Assign) || this.is(3, T.TouchParen);
    const body = this.is(1, T.LBrace) && (BODY.has(this.LA(2).tokenType) || (this.is(2, T.Name) && binds));
    if (!body || this.RECORDING_PHASE) return this.SUBRULE(this.typeExpr);
    this.tell(errors.missingAnswer(this.source, spanOf(arrow)));
    return { kind: "error", span: spanOf(arrow) };
  });

  private readonly task: Rule<Task> = this.rule("task", () => {
    const start = this.here();
    this.CONSUME(T.TaskWord);
    const name = this.word(this.CONSUME(T.Ident, declarationName));
    const params = this.SUBRULE(this.params);
    const answer = this.OPTION(() => this.SUBRULE(this.answer)) ?? null;
    const body: TaskBody = { settings: [], lateSettings: [], action: null, result: null };
    this.CONSUME(T.LBrace, taskOpen);
    do {
      this.MANY(() =>
        this.OR([
          { ALT: () => this.taskSetting(body, this.SUBRULE(this.setting)) },
          { ALT: () => this.taskAction(body, this.SUBRULE(this.action)) },
          { ALT: () => this.taskResult(body) },
        ]),
      );
    } while (this.strayAmong(T.RBrace, taskClose.ERR_MSG, this.skipTaskItem));
    this.CONSUME(T.RBrace, taskClose);
    return { kind: "task", span: this.spanFrom(start), name, doc: null, params, answer, ...body };
  });

  private taskSetting(body: TaskBody, setting: Setting): void {
    this.OPTION1(() => this.CONSUME(T.Comma));
    (body.action === null && body.result === null ? body.settings : body.lateSettings).push(setting);
  }

  private taskAction(body: TaskBody, action: Action): void {
    if (this.RECORDING_PHASE) return;
    const word: Span = { start: action.span.start, end: action.span.start + action.kind.length };
    if (body.action !== null) {
      const { start } = body.action.span;
      this.tell(errors.secondAction(this.source, word, { start, end: start + body.action.kind.length }));
      return;
    }
    if (body.result !== null) this.tell(errors.actionBelowReturn(this.source, word));
    body.action = action;
  }

  private taskResult(body: TaskBody): void {
    const word = spanOf(this.CONSUME(T.ReturnWord));
    const value = this.guarded(() => this.SUBRULE(this.expr), this.broken, this.skipStatement);
    if (body.result !== null && !this.RECORDING_PHASE) this.tell(errors.secondReturn(this.source, word));
    else body.result = value;
  }

  private readonly action: Rule<Action> = this.rule("action", () => {
    const start = this.here();
    return this.OR<Action>([
      {
        ALT: () => {
          this.CONSUME(T.Run);
          const command = this.command(
            this.guarded(() => this.SUBRULE(this.expr), this.broken, this.skipStatement),
          );
          return { kind: "run", span: this.spanFrom(start), command };
        },
      },
      {
        ALT: () => {
          this.CONSUME(T.Ask);
          const prompt = this.guarded(() => this.SUBRULE1(this.expr), this.broken, this.skipStatement);
          return { kind: "ask", span: this.spanFrom(start), prompt };
        },
      },
      {
        ALT: () => {
          this.CONSUME(T.CallWord);
          const target = this.SUBRULE(this.stringLiteral);
          return { kind: "call", span: this.spanFrom(start), target };
        },
      },
    ]);
  });

  /** A command is a literal: anything else is told, and taken for an empty one. */
  private command(expr: Expr): Text | ListExpr {
    if (this.RECORDING_PHASE || expr.kind === "text" || expr.kind === "list-of") return asCommand(expr);
    if (expr.kind !== "error") this.tell(errors.commandNotLiteral(this.source, expr.span));
    return asCommand(expr);
  }

  private readonly flow: Rule<Flow> = this.rule("flow", () => {
    const start = this.here();
    this.CONSUME(T.FlowWord);
    const name = this.word(this.CONSUME(T.Ident, declarationName));
    const params = this.SUBRULE(this.params);
    const answer = this.OPTION(() => this.SUBRULE(this.answer)) ?? null;
    const body = this.SUBRULE(this.block);
    return { kind: "flow", span: this.spanFrom(start), name, doc: null, params, answer, body };
  });

  private readonly test: Rule<TestDeclaration> = this.rule("test", () => {
    const start = this.here();
    this.CONSUME(T.TestWord);
    const name = this.SUBRULE(this.stringLiteral);
    const body = this.SUBRULE(this.block);
    return { kind: "test", span: this.spanFrom(start), name, doc: null, body };
  });
}

const nothing = (): null => null;
/** What a body may begin with, and no type. */
const BODY: ReadonlySet<TokenType> = new Set([
  T.Run,
  T.Ask,
  T.CallWord,
  T.ReturnWord,
  T.PhaseWord,
  T.RepeatWord,
  T.For,
  T.If,
]);

function asCommand(expr: Expr): Text | ListExpr {
  if (expr.kind === "text" || expr.kind === "list-of") return expr;
  return { kind: "text", span: expr.span, block: false, parts: [] };
}

let parser: FlowParser | null = null;

/** Reads one file. Every mistake is told once; what can be read around it is in the file. */
export function parse(source: Source): Parsed {
  const findings = new Findings(source);
  const scanned = scan(findings);
  parser ??= new FlowParser();
  parser.begin(findings, balance(findings, scanned.tokens, scanned.unterminated), scanned.docs);
  const { imports, declarations } = parser.run();
  parser.finish();
  const file: File = {
    kind: "file",
    source,
    span: { start: 0, end: source.text.length },
    doc: scanned.fileDoc,
    imports,
    declarations,
    comments: scanned.comments,
  };
  return { file, diagnostics: joined(findings.all()) };
}
