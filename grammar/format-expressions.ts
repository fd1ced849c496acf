// How expressions, types and strings are printed.

import type {
  Arg,
  Binary,
  Block,
  Entry,
  Expr,
  Field,
  For,
  If,
  RecordExpr,
  RecordType,
  Repeat,
  StringLiteral,
  Text,
  TypeExpr,
} from "./ast.ts";
import { type Comments, type Item, unixLines } from "./format-comments.ts";
import { breaks, type Doc, flatText, flatWidth, group, hardline, indent, line, verbatim } from "./layout.ts";
import { levelOf } from "./operators.ts";
import type { Span } from "./source.ts";

export abstract class ExpressionFormat {
  protected readonly comments: Comments;

  constructor(comments: Comments) {
    this.comments = comments;
  }

  /** A block in an expression; on one line where it was written so. */
  protected abstract shortBlock(block: Block): Doc;
  /** The things of a block, each on lines of its own. */
  protected abstract wideBlock(block: Block): Doc;
  /** Whether a block may stand on one line: one expression, written on one line, without comments. */
  protected abstract isShort(block: Block): boolean;

  protected items<T extends { readonly span: Span }>(nodes: readonly T[], print: (node: T) => Doc): Item[] {
    return nodes.map((node) => ({ span: node.span, doc: this.comments.keep(node.span, () => print(node)) }));
  }

  // Types

  protected type(type: TypeExpr): Doc {
    if (type.kind === "named") return type.name;
    if (type.kind === "map") return ["map<", this.type(type.of), ">"];
    if (type.kind === "list") return [this.type(type.of), "[]"];
    if (type.kind === "optional") return [this.type(type.of), "?"];
    if (type.kind === "record") return this.recordType(type);
    return this.comments.slice(type.span);
  }

  /** On one line with commas, or each field on its own without. */
  protected recordType(type: RecordType): Doc {
    const fields = this.items(type.fields, (field) => this.field(field));
    const span = { start: type.span.start + 1, end: type.span.end - 1 };
    const first = fields[0];
    if (first === undefined && this.comments.within(span.start, span.end).length === 0) return "{}";
    const apart =
      first === undefined ||
      this.comments.newlineBetween(span.start, first.span.start) ||
      this.comments.within(span.start, span.end).length > 0;
    const flat = fields.map((item, index) => [index === 0 ? " " : ", ", item.doc]);
    const width = flatWidth(flat);
    const { head, lines } = this.comments.items(fields, span.start, span.end);
    const broken: Doc = ["{", head, indent(lines.map((one) => [hardline, one])), hardline, "}"];
    return apart || width > inlineRecordMax ? broken : group(["{", flat, " }"]);
  }

  private field(field: Field): Doc {
    const value: Doc = field.value === null ? "" : [" = ", this.expr(field.value)];
    return [field.early ? "early " : "", field.name.text, ": ", this.type(field.type), value];
  }

  // Expressions

  expr(expr: Expr): Doc {
    switch (expr.kind) {
      case "number":
        return expr.text;
      case "bool":
        return String(expr.value);
      case "none":
        return "none";
      case "name":
        return expr.name;
      case "text":
        return this.text(expr);
      case "list-of":
        return this.list(expr.items, expr.span);
      case "record-of":
        return this.record(expr);
      case "field":
        return [this.expr(expr.of), expr.maybe ? "?." : ".", expr.name.text];
      case "index":
        return [this.expr(expr.of), "[", this.expr(expr.at), "]"];
      case "call-of":
        return [this.expr(expr.callee), this.args(expr.args, this.argsSpan(expr))];
      case "unary":
        return [expr.op === "not" ? "not " : "-", this.expr(expr.of)];
      case "binary":
        return this.binary(expr);
      case "cast":
        return [this.expr(expr.of), " as ", this.type(expr.type)];
      case "paren":
        return ["(", this.expr(expr.of), ")"];
      case "error":
        return this.comments.slice(expr.span);
      default:
        return this.blockExpr(expr);
    }
  }

  private blockExpr(expr: If | For | Repeat): Doc {
    if (expr.kind === "if") return this.if(expr);
    if (expr.kind === "for") return this.loop([this.forHead(expr), " "], expr.body, "");
    return this.loop(["repeat ", this.expr(expr.times), " "], expr.body, [" until ", this.expr(expr.until)]);
  }

  /** On one line where it was written so and is short. */
  private loop(head: Doc, body: Block, tail: Doc): Doc {
    if (!this.isShort(body)) return [head, this.wideBlock(body), tail];
    const flat = [head, this.shortBlock(body), tail];
    const fits = !breaks(flat) && flatWidth(flat) <= inlineBlockMax;
    return fits ? group(flat) : [head, this.wideBlock(body), tail];
  }

  private if(first: If): Doc {
    const branches: { readonly cond: Expr | null; readonly body: Block }[] = [];
    for (let at: If | Block | null = first; at !== null; at = at.kind === "if" ? at.else : null)
      branches.push(at.kind === "if" ? { cond: at.cond, body: at.then } : { cond: null, body: at });
    const conds = branches.map(({ cond }): Doc => (cond === null ? "" : ["if ", this.expr(cond), " "]));
    const print = (body: (block: Block) => Doc): Doc[] =>
      branches.map(
        (branch, index): Doc => [index === 0 ? "" : " else ", conds[index] ?? "", body(branch.body)],
      );
    const short = branches.every(({ body }) => this.isShort(body));
    if (!short) return print((body) => this.wideBlock(body));
    // Nothing in them is a comment, so that they may be printed twice.
    const flat = print((body) => this.shortBlock(body));
    const fits = !breaks(flat) && (branches.length === 1 || flatWidth(flat) <= inlineBlockMax);
    return fits ? group(flat) : print((body) => this.wideBlock(body));
  }

  private forHead(expr: For): Doc {
    const lists = expr.lists.map(({ name, list }, index): Doc => {
      return [index === 0 ? "" : ", ", name.text, " in ", this.expr(list)];
    });
    const head: Doc[] = ["for ", lists];
    if (expr.by !== null) head.push(" by ", this.expr(expr.by));
    if (expr.filter !== null) head.push(" if ", this.expr(expr.filter));
    if (expr.after !== null) {
      head.push(" after ", this.expr(expr.after.keys));
      if (expr.after.name !== null) head.push(" as ", expr.after.name.text);
    }
    return head;
  }

  /** A chain of operators that bind alike breaks before each of them, or nowhere. */
  private binary(expr: Binary): Doc {
    const level = levelOf(expr.op);
    const rest: Doc[] = [];
    let left: Expr = expr;
    while (left.kind === "binary" && levelOf(left.op) === level) {
      rest.push([line, left.op, " ", this.expr(left.right)]);
      left = left.left;
    }
    return group([this.expr(left), indent(rest.reverse())]);
  }

  private argsSpan(call: { readonly span: Span; readonly callee: Expr }): Span {
    return { start: call.callee.span.end, end: call.span.end };
  }

  protected args(args: readonly Arg[], span: Span): Doc {
    const items = this.items(args, (arg) =>
      arg.name === null ? this.expr(arg.value) : [arg.name.text, ": ", this.expr(arg.value)],
    );
    return (
      this.hugging(items, args.at(-1)?.value, "(", ")", span) ??
      this.comments.list("(", items, ")", span, false)
    );
  }

  /** A lone argument that has brackets of its own breaks inside these: `f({`, `f([`, `f("""`. */
  private hugging(
    items: readonly Item[],
    value: Expr | undefined,
    open: string,
    close: string,
    span: Span,
  ): Doc | null {
    const [only, second] = items;
    if (only === undefined || second !== undefined || value === undefined) return null;
    const hugs =
      value.kind === "record-of" || value.kind === "list-of" || (value.kind === "text" && value.block);
    const inner = { start: span.start + 1, end: span.end - 1 };
    if (!hugs || this.comments.within(inner.start, inner.end).length > 0) return null;
    return this.comments.newlineBetween(inner.start, only.span.start) ? null : [open, only.doc, close];
  }

  protected list(items: readonly Expr[], span: Span): Doc {
    return this.comments.list(
      "[",
      this.items(items, (item) => this.expr(item)),
      "]",
      span,
      false,
    );
  }

  record(record: RecordExpr): Doc {
    const items = this.items(record.entries, (entry) => this.entry(entry));
    return this.comments.list("{", items, "}", record.span, true);
  }

  private entry(entry: Entry): Doc {
    const key = this.comments.slice(entry.key.span);
    return entry.short ? key : [key, ": ", this.expr(entry.value)];
  }

  // Strings

  protected literal(literal: StringLiteral): Doc {
    const source = this.comments.slice(literal.span);
    return source.startsWith('"""') ? verbatim(unixLines(source)) : source;
  }

  private text(text: Text): Doc {
    const lines = text.block ? this.blockLines(text) : null;
    if (lines !== null) return ['"""', indent(lines.map((one): Doc => [hardline, one])), hardline, '"""'];
    const source = unixLines(this.comments.slice(text.span));
    if (text.block) return verbatim(source);
    let at = text.span.start;
    const docs: Doc[] = [];
    for (const part of text.parts) {
      if (part.kind === "chars") continue;
      docs.push(this.comments.slice({ start: at, end: part.span.start }), this.hole(part));
      at = part.span.end;
    }
    docs.push(this.comments.slice({ start: at, end: text.span.end }));
    return docs;
  }

  /**
   * The lines of a text block, to be indented anew: its value is what is left without the indentation. Null where that
   * would change the value, or where it was written on one line.
   */
  private blockLines(text: Text): readonly Doc[] | null {
    const source = this.comments.slice(text.span);
    if (!/^"""[ \t]*\r?\n/.test(source)) return null;
    const lines: Doc[][] = [[]];
    let blank = true;
    for (const part of text.parts) {
      if (part.kind === "hole") {
        lines.at(-1)?.push(this.hole(part));
        blank = false;
        continue;
      }
      // Before the end of a line it would become a part of it.
      if (part.text.includes("\r")) return null;
      const pieces = part.text.replaceAll("~{", "~~{").split("\n");
      pieces.forEach((piece, index) => {
        if (index > 0) lines.push([]);
        if (piece !== "") lines.at(-1)?.push(piece);
        if (/\S/.test(piece)) blank = false;
      });
    }
    return blank ? null : lines;
  }

  private hole(part: { readonly span: Span; readonly expr: Expr }): Doc {
    const inner = { start: part.span.start + 2, end: part.span.end - 1 };
    const source = unixLines(this.comments.slice(inner));
    // A comment reaches to the end of its line, so all is kept where there is one.
    if (this.comments.take(inner)) return verbatim(`~{${source}}`);
    if (isPlain(part.expr)) return ["~{", flatText(this.expr(part.expr)), "}"];
    return verbatim(`~{${source.trim()}}`);
  }
}

const inlineRecordMax = 80;
const inlineBlockMax = 80;

/** Whether an expression in a hole is printed anew: it has no blocks and no lines of its own. */
function isPlain(expr: Expr): boolean {
  switch (expr.kind) {
    case "name":
    case "number":
    case "bool":
    case "none":
      return true;
    case "field":
    case "unary":
    case "paren":
      return isPlain(expr.of);
    case "index":
      return isPlain(expr.of) && isPlain(expr.at);
    case "binary":
      return isPlain(expr.left) && isPlain(expr.right);
    case "call-of":
      return isPlain(expr.callee) && expr.args.every((arg) => isPlain(arg.value));
    case "text":
      return !expr.block && expr.parts.every((part) => part.kind === "chars" || isPlain(part.expr));
    default:
      return false;
  }
}
