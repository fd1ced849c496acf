// The Ast: one file's syntax as plain values, a span on every node, comments kept beside it for the formatter.

import type { Source, Span } from "./source.ts";

/** A word with its place. */
export interface Word {
  readonly text: string;
  readonly span: Span;
}

export interface Comment {
  readonly span: Span;
  /** The text as written, from `//` to the end of the line. */
  readonly text: string;
}

export interface File {
  readonly kind: "file";
  readonly source: Source;
  readonly span: Span;
  /** The doc comment of the file itself: `///` lines at its top, followed by an empty line. */
  readonly doc: string | null;
  readonly imports: readonly Import[];
  readonly declarations: readonly Declaration[];
  /** Every `//` and `///` comment, in order of place. */
  readonly comments: readonly Comment[];
}

export interface Import {
  readonly kind: "import";
  readonly span: Span;
  readonly names: readonly Word[];
  readonly from: StringLiteral;
}

export type Declaration = TypeDeclaration | Constant | Place | Task | Flow | TestDeclaration;

interface Declared {
  readonly span: Span;
  readonly name: Word;
  /** Lines of `///` above it, joined by newlines, without the slashes and one space; null if none. */
  readonly doc: string | null;
}

export interface TypeDeclaration extends Declared {
  readonly kind: "type";
  readonly body: RecordType | UnionType;
}

export interface Constant extends Declared {
  readonly kind: "constant";
  readonly value: Expr;
}

export interface Place extends Declared {
  readonly kind: "place";
  readonly place: "limit" | "runner" | "agent";
  readonly settings: readonly Setting[];
}

export interface Task extends Declared {
  readonly kind: "task";
  readonly params: readonly Param[];
  readonly answer: TypeExpr | null;
  readonly settings: readonly Setting[];
  readonly action: Action | null;
  readonly result: Expr | null;
  /** Settings written below the action; the checker says `misplaced-setting` with a fix. */
  readonly lateSettings: readonly Setting[];
}

export type Action =
  | { readonly kind: "run"; readonly span: Span; readonly command: Text | ListExpr }
  | { readonly kind: "ask"; readonly span: Span; readonly prompt: Expr }
  | { readonly kind: "call"; readonly span: Span; readonly target: StringLiteral };

export interface Flow extends Declared {
  readonly kind: "flow";
  readonly params: readonly Param[];
  readonly answer: TypeExpr | null;
  readonly body: Block;
}
export interface TestDeclaration {
  readonly kind: "test";
  readonly span: Span;
  readonly name: StringLiteral;
  readonly doc: string | null;
  readonly body: Block;
}
export interface Param {
  readonly span: Span;
  readonly name: Word;
  readonly doc: string | null;
  readonly type: TypeExpr;
  readonly value: Expr | null;
}
export interface Setting {
  readonly span: Span;
  /** The key; a quoted key has its text without quotes. */
  readonly key: Word;
  readonly value: Expr;
}

// Types

export type TypeExpr = NamedType | MapType | RecordType | ListType | OptionalType | ErrorType;

export interface NamedType {
  readonly kind: "named";
  readonly span: Span;
  readonly name: string;
}
export interface MapType {
  readonly kind: "map";
  readonly span: Span;
  readonly of: TypeExpr;
}
export interface RecordType {
  readonly kind: "record";
  readonly span: Span;
  readonly fields: readonly Field[];
}
export interface ListType {
  readonly kind: "list";
  readonly span: Span;
  readonly of: TypeExpr;
}
export interface OptionalType {
  readonly kind: "optional";
  readonly span: Span;
  readonly of: TypeExpr;
}
/** `type X = "a" | "b"`; stands only as the body of a declaration. */
export interface UnionType {
  readonly kind: "union";
  readonly span: Span;
  readonly members: readonly StringLiteral[];
}
/** What recovery puts where a type should be. It has been told already. */
export interface ErrorType {
  readonly kind: "error";
  readonly span: Span;
}
export interface Field {
  readonly span: Span;
  readonly name: Word;
  readonly doc: string | null;
  readonly early: boolean;
  readonly type: TypeExpr;
  readonly value: Expr | null;
}

// Blocks

export interface Block {
  readonly kind: "block";
  readonly span: Span;
  readonly settings: readonly Setting[];
  readonly statements: readonly Statement[];
}

export type Statement = Binding | Return | Phase | Gate | Handler;

/** `[name =] node`. */
export interface Binding {
  readonly kind: "binding";
  readonly span: Span;
  readonly doc: string | null;
  readonly name: Word | null;
  readonly value: Node;
}
export interface Return {
  readonly kind: "return";
  readonly span: Span;
  readonly value: Node;
}
/** An expression with what may follow it in a statement or check. */
export interface Node {
  readonly kind: "node";
  readonly span: Span;
  readonly expr: Expr;
  readonly overrides: RecordExpr | null;
  readonly after: readonly Word[];
  readonly otherwise: Expr | null;
}
export interface Phase {
  readonly kind: "phase";
  readonly span: Span;
  readonly doc: string | null;
  readonly name: Word;
  readonly title: StringLiteral | null;
  readonly body: Block;
}
export interface Gate {
  readonly kind: "gate";
  readonly span: Span;
  readonly doc: string | null;
  readonly name: Word;
  readonly checks: readonly Check[];
}

export type Check =
  | { readonly kind: "check"; readonly span: Span; readonly label: StringLiteral; readonly node: Node }
  | {
      readonly kind: "approve";
      readonly span: Span;
      readonly label: StringLiteral;
      readonly options: RecordExpr | null;
    };

export interface Handler {
  readonly kind: "handler";
  readonly span: Span;
  readonly on: "failure" | "finally";
  readonly name: Word | null;
  readonly body: Block;
}

// Expressions

export type Expr =
  | NumberLiteral
  | Text
  | BoolLiteral
  | NoneLiteral
  | Name
  | ListExpr
  | RecordExpr
  | FieldAccess
  | Index
  | Call
  | Unary
  | Binary
  | Cast
  | If
  | For
  | Repeat
  | Paren
  | ErrorExpr;

/** Units a number may carry; `value` is then in seconds, bytes, hundredths or dollars. */
export type NumberKind = "int" | "float" | "duration" | "size" | "percent" | "money";

export interface NumberLiteral {
  readonly kind: "number";
  readonly span: Span;
  readonly type: NumberKind;
  readonly value: number;
  /** As written. */
  readonly text: string;
}

/** A string literal, with or without holes. A literal without holes has exactly one part, or none if empty. */
export interface Text {
  readonly kind: "text";
  readonly span: Span;
  readonly block: boolean;
  readonly parts: readonly TextPart[];
}
export type TextPart =
  /** `text` is the value: escapes resolved, a block's indentation taken off. `span` covers it as written. */
  | { readonly kind: "chars"; readonly span: Span; readonly text: string }
  /** `~{expr}`; `span` covers the marker and the brace. */
  | { readonly kind: "hole"; readonly span: Span; readonly expr: Expr };

/** A string where only a literal may stand: import paths, union members, labels. Holes there are told by the parser. */
export interface StringLiteral {
  readonly kind: "string";
  readonly span: Span;
  readonly text: string;
}

export interface BoolLiteral {
  readonly kind: "bool";
  readonly span: Span;
  readonly value: boolean;
}
export interface NoneLiteral {
  readonly kind: "none";
  readonly span: Span;
}
/** A value's name, a type's name used as a value (`for p in Platform`), or a callable before `(`. */
export interface Name {
  readonly kind: "name";
  readonly span: Span;
  readonly name: string;
}
export interface ListExpr {
  readonly kind: "list-of";
  readonly span: Span;
  readonly items: readonly Expr[];
}
export interface RecordExpr {
  readonly kind: "record-of";
  readonly span: Span;
  readonly entries: readonly Entry[];
}
export interface Entry {
  readonly span: Span;
  readonly key: Word;
  /** For the short form `{ name }` this is the name again, and `short` is true. */
  readonly value: Expr;
  readonly short: boolean;
}
export interface FieldAccess {
  readonly kind: "field";
  readonly span: Span;
  readonly of: Expr;
  readonly name: Word;
  /** `?.` */
  readonly maybe: boolean;
}
export interface Index {
  readonly kind: "index";
  readonly span: Span;
  readonly of: Expr;
  readonly at: Expr;
}
export interface Call {
  readonly kind: "call-of";
  readonly span: Span;
  readonly callee: Expr;
  readonly args: readonly Arg[];
}
export interface Arg {
  readonly span: Span;
  readonly name: Word | null;
  readonly value: Expr;
}
export interface Unary {
  readonly kind: "unary";
  readonly span: Span;
  readonly op: "not" | "-";
  readonly of: Expr;
}
export type BinaryOp =
  | "and"
  | "or"
  | "=="
  | "!="
  | "<"
  | "<="
  | ">"
  | ">="
  | "??"
  | "+"
  | "-"
  | "*"
  | "/"
  | "per";
export interface Binary {
  readonly kind: "binary";
  readonly span: Span;
  readonly op: BinaryOp;
  readonly opSpan: Span;
  readonly left: Expr;
  readonly right: Expr;
}
export interface Cast {
  readonly kind: "cast";
  readonly span: Span;
  readonly of: Expr;
  readonly type: TypeExpr;
}
export interface If {
  readonly kind: "if";
  readonly span: Span;
  readonly cond: Expr;
  readonly then: Block;
  readonly else: Block | If | null;
}
export interface For {
  readonly kind: "for";
  readonly span: Span;
  /** One or more `name in list`. */
  readonly lists: readonly { readonly name: Word; readonly list: Expr }[];
  readonly by: Expr | null;
  readonly filter: Expr | null;
  /** `after keys [as name]` between the items. */
  readonly after: { readonly keys: Expr; readonly name: Word | null } | null;
  readonly body: Block;
}
export interface Repeat {
  readonly kind: "repeat";
  readonly span: Span;
  readonly times: Expr;
  readonly body: Block;
  readonly until: Expr;
}
/** Parentheses, kept for the formatter. */
export interface Paren {
  readonly kind: "paren";
  readonly span: Span;
  readonly of: Expr;
}
/** What recovery puts where an expression should be. It has been told already, and agrees with everything. */
export interface ErrorExpr {
  readonly kind: "error";
  readonly span: Span;
}
