// Ast → text in the one style of the language: comments kept, meaning unchanged, formatting twice changes nothing.

import type {
  Action,
  Block,
  Check,
  Declaration,
  Expr,
  File,
  Flow,
  Import,
  Node,
  Param,
  RecordType,
  Setting,
  Statement,
  Task,
  UnionType,
} from "./ast.ts";
import { braces, Comments, type Item, type Items } from "./format-comments.ts";
import { ExpressionFormat } from "./format-expressions.ts";
import { breaks, type Doc, flatWidth, group, hardline, indent, layout, line, takesLines } from "./layout.ts";
import type { Span } from "./source.ts";

const alignedMax = 90;

/** The file in the one style. Give it only a file that was read without diagnostics. */
export function format(file: File): string {
  const text = layout(new FileFormat(new Comments(file)).file(file));
  return text === "" ? "" : `${text}\n`;
}

class FileFormat extends ExpressionFormat {
  file(file: File): Doc {
    const parts = [...file.imports, ...file.declarations].sort((a, b) => a.span.start - b.span.start);
    const items = this.items<Import | Declaration>(parts, (part) =>
      part.kind === "import" ? this.import(part) : this.declaration(part),
    );
    const small = (index: number): boolean => {
      const part = parts[index];
      const doc = items[index]?.doc ?? "";
      return part?.kind === "import" || (part?.kind === "constant" && !takesLines(doc)) || isShort(part, doc);
    };
    const { lines } = this.comments.items(items, 0, file.span.end, "", (above, below) => {
      const same = parts[above]?.kind === parts[below]?.kind;
      return !(same && small(above) && small(below));
    });
    return lines.map((one, index) => (index === 0 ? one : [hardline, one]));
  }

  private import(one: Import): Doc {
    const names: Item[] = one.names.map((name) => ({ span: name.span, doc: name.text }));
    const open = { start: one.span.start + "import".length, end: one.from.span.start };
    const close = this.comments.slice(open).lastIndexOf("}");
    const braced = {
      start: open.start + this.comments.slice(open).indexOf("{"),
      end: open.start + close + 1,
    };
    return ["import ", this.comments.list("{", names, "}", braced, true), " from ", this.literal(one.from)];
  }

  // Declarations

  private declaration(one: Declaration): Doc {
    switch (one.kind) {
      case "type":
        return this.typeDeclaration(one.name.text, one.body);
      case "constant":
        return [one.name.text, " = ", this.expr(one.value)];
      case "place":
        return [
          one.place,
          " ",
          one.name.text,
          " ",
          this.place(one.settings, this.bodySpan(one.span, one.name.span.end)),
        ];
      case "task":
        return this.task(one);
      case "flow":
        return [this.signature("flow", one), " ", this.wideBlock(one.body)];
      case "test":
        return ["test ", this.literal(one.name), " ", this.wideBlock(one.body)];
    }
  }

  /** From behind a declaration's brace to its last one. */
  private bodySpan(span: Span, from: number): Span {
    const open = this.comments.slice({ start: from, end: span.end }).indexOf("{");
    return { start: from + open + 1, end: span.end - 1 };
  }

  private typeDeclaration(name: string, body: RecordType | UnionType): Doc {
    if (body.kind === "record") return ["type ", name, " ", this.recordType(body)];
    const members = this.items(body.members, (member) => this.literal(member));
    const docs = members.map((item, index): Doc => (index === 0 ? item.doc : [line, "| ", item.doc]));
    return group(["type ", name, " = ", indent(docs)]);
  }

  /** On one line where it was written so. */
  private place(settings: readonly Setting[], body: Span): Doc {
    const first = settings[0];
    const commented = this.comments.between(body.start, body.end).length > 0;
    const written = first !== undefined && !this.comments.newlineBetween(body.start, first.span.start);
    if (!written || commented) return braces(this.settings(settings, body));
    const flat = settings.map((setting, index): Doc => [index === 0 ? " " : ", ", this.setting(setting)]);
    return breaks(flat) || flatWidth(flat) > alignedMax
      ? braces(this.settings(settings, body))
      : ["{", flat, " }"];
  }

  private signature(word: "task" | "flow", one: Task | Flow): Doc {
    const from = one.name.span.end;
    const until = one.kind === "task" ? one.span.end : one.body.span.start;
    const open = this.comments.slice({ start: from, end: until }).indexOf("(");
    const params = this.items(one.params, (param) => this.param(param));
    const span = { start: from + open, end: this.closing(one, from + open) };
    const answer: Doc = one.answer === null ? "" : [" -> ", this.type(one.answer)];
    return [word, " ", one.name.text, this.comments.list("(", params, ")", span, false), answer];
  }

  /** The end of the parameters: the first `)` behind the last of them that no comment holds. */
  private closing(one: Task | Flow, open: number): number {
    let at = one.params.at(-1)?.span.end ?? open + 1;
    const until = one.answer?.span.start ?? one.span.end;
    for (const comment of this.comments.between(at, until)) {
      const found = this.comments.slice({ start: at, end: comment.span.start }).indexOf(")");
      if (found !== -1) return at + found + 1;
      at = comment.span.end;
    }
    return at + this.comments.slice({ start: at, end: until }).indexOf(")") + 1;
  }

  private param(param: Param): Doc {
    const value: Doc = param.value === null ? "" : [" = ", this.expr(param.value)];
    return [param.name.text, ": ", this.type(param.type), value];
  }

  private task(task: Task): Doc {
    const head = this.signature("task", task);
    const from = task.answer?.span.end ?? this.closing(task, task.name.span.end + 1);
    const body = this.bodySpan(task.span, from);
    const settings = [...task.settings, ...task.lateSettings];
    const items: Item[] = this.settingItems(settings);
    if (task.action !== null) items.push(...this.items([task.action], (action) => this.action(action)));
    if (task.result !== null) {
      const { result } = task;
      const span = { start: this.returnStart(task, result), end: result.span.end };
      items.push({ span, doc: this.comments.keep(span, () => ["return ", this.expr(result)]) });
    }
    items.sort((a, b) => a.span.start - b.span.start);
    return [head, " ", braces(this.comments.items(items, body.start, body.end))];
  }

  private returnStart(task: Task, result: Expr): number {
    const text = this.comments.slice({ start: task.span.start, end: result.span.start });
    return task.span.start + text.lastIndexOf("return");
  }

  private action(action: Action): Doc {
    if (action.kind === "run") return ["run ", this.expr(action.command)];
    if (action.kind === "ask") return ["ask ", this.expr(action.prompt)];
    return ["call ", this.literal(action.target)];
  }

  // Settings

  private setting(setting: Setting, width = 0): Doc {
    const pad = " ".repeat(Math.max(0, width - setting.key.text.length));
    return [setting.key.text, ": ", pad, this.expr(setting.value)];
  }

  private settings(settings: readonly Setting[], body: Span): Items {
    return this.comments.items(this.settingItems(settings), body.start, body.end);
  }

  /** Settings that stand line below line have their values in one column. */
  private settingItems(settings: readonly Setting[]): Item[] {
    const longest = Math.max(0, ...settings.map((setting) => setting.key.text.length));
    const plain = this.items(settings, (setting) => this.setting(setting));
    const alone = plain.map(({ doc }) => breaks(doc) || flatWidth(doc) + longest > alignedMax);
    const docs: Item[] = [];
    for (let from = 0; from < settings.length; ) {
      let to = from + 1;
      while (
        to < settings.length &&
        !alone[to - 1] &&
        !alone[to] &&
        this.adjoin(settings[to - 1], settings[to])
      )
        to++;
      const run = settings.slice(from, to);
      const width = alone[from] === true ? 0 : Math.max(...run.map((setting) => setting.key.text.length));
      run.forEach((setting, index) => {
        const item = plain[from + index];
        const verbatimKept = item !== undefined && !Array.isArray(item.doc);
        if (item !== undefined && (verbatimKept || width === 0)) docs.push(item);
        else docs.push({ span: setting.span, doc: this.setting(setting, width) });
      });
      from = to;
    }
    return docs;
  }

  private adjoin(above: Setting | undefined, below: Setting | undefined): boolean {
    if (above === undefined || below === undefined) return false;
    return !this.comments.blankOrComment(above.span.end, below.span.start);
  }

  // Blocks

  protected wideBlock(block: Block): Doc {
    const items = [
      ...this.settingItems(block.settings),
      ...this.items(block.statements, (statement) => this.statement(statement)),
    ].sort((a, b) => a.span.start - b.span.start);
    return braces(this.comments.items(items, block.span.start + 1, block.span.end - 1));
  }

  protected isShort(block: Block): boolean {
    const [first, second] = block.statements;
    if (first === undefined || second !== undefined || block.settings.length > 0) return false;
    if (first.kind !== "binding" && first.kind !== "return") return false;
    const inner = { start: block.span.start + 1, end: block.span.end - 1 };
    if (this.comments.between(inner.start, inner.end).length > 0) return false;
    return !this.comments.newlineBetween(inner.start, first.span.start);
  }

  protected shortBlock(block: Block): Doc {
    const [first] = block.statements;
    if (first === undefined) return this.wideBlock(block);
    return ["{", indent([line, this.statement(first)]), line, "}"];
  }

  private statement(statement: Statement): Doc {
    switch (statement.kind) {
      case "binding":
        return [statement.name === null ? "" : [statement.name.text, " = "], this.node(statement.value)];
      case "return":
        return ["return ", this.node(statement.value)];
      case "phase": {
        const title: Doc = statement.title === null ? "" : [" ", this.literal(statement.title)];
        return ["phase ", statement.name.text, title, " ", this.wideBlock(statement.body)];
      }
      case "gate": {
        const checks = this.items(statement.checks, (check) => this.check(check));
        const body = this.bodySpan(statement.span, statement.name.span.end);
        return ["gate ", statement.name.text, " ", braces(this.comments.items(checks, body.start, body.end))];
      }
      case "handler": {
        const name = statement.name === null ? "" : ` as ${statement.name.text}`;
        return [
          statement.on === "failure" ? `on failure${name} ` : "finally ",
          this.wideBlock(statement.body),
        ];
      }
    }
  }

  private check(check: Check): Doc {
    if (check.kind === "check") return ["check ", this.literal(check.label), ": ", this.node(check.node)];
    const options: Doc = check.options === null ? "" : [" ", this.record(check.options)];
    return ["approve ", this.literal(check.label), options];
  }

  private node(node: Node): Doc {
    const expr = this.expr(node.expr);
    const more: Doc[] = [];
    if (node.overrides !== null) more.push(["with ", this.record(node.overrides)]);
    if (node.after.length > 0) more.push(`after ${node.after.map((name) => name.text).join(", ")}`);
    if (node.otherwise !== null) more.push(["otherwise ", this.expr(node.otherwise)]);
    // A line that is too long breaks in the brackets of the expression first.
    return [expr, ...more.map((one): Doc => [" ", one])];
  }
}

function isShort(part: Import | Declaration | undefined, doc: Doc): boolean {
  return (part?.kind === "type" || part?.kind === "place") && !takesLines(doc);
}
