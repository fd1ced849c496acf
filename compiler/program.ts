// The Program: what the checker found out about the Ast, as tables beside it; `lower` needs nothing else.

import type {
  Binding,
  Call,
  Constant,
  Expr,
  File,
  Flow,
  For,
  Gate,
  Handler,
  Name,
  Param,
  Phase,
  Place,
  Repeat,
  Task,
  TypeExpr,
  Word,
} from "../grammar/ast.ts";
import type { Type, TypeTable } from "./types.ts";

/** One `.flow` file of the program. */
export interface Module {
  /** Relative to the project's root, with `/`; the same as `file.source.path` unless the user stands elsewhere. */
  readonly path: string;
  readonly file: File;
}

/** What a name means. The definition is the Ast's own object; `lower` keeps its own map from it to a slot. */
export type Ref =
  | { readonly kind: "param"; readonly param: Param; readonly of: Task | Flow }
  /** `maybe`: in a handler, where it may not have succeeded. */
  | { readonly kind: "binding"; readonly binding: Binding; readonly maybe?: true }
  /** The i-th loop variable. */
  | { readonly kind: "item"; readonly loop: For; readonly index: number }
  | { readonly kind: "deps"; readonly loop: For }
  | { readonly kind: "last"; readonly loop: Repeat }
  /** In `after`. */
  | { readonly kind: "phase"; readonly phase: Phase; readonly maybe?: true }
  | { readonly kind: "gate"; readonly gate: Gate; readonly maybe?: true }
  /** `f` of `on failure as f`. */
  | { readonly kind: "failure"; readonly handler: Handler }
  | { readonly kind: "constant"; readonly constant: Constant; readonly module: Module }
  /** A union's name used as the list of its members. */
  | { readonly kind: "members"; readonly members: readonly string[] }
  | { readonly kind: "task"; readonly task: Task; readonly module: Module }
  | { readonly kind: "flow"; readonly flow: Flow; readonly module: Module }
  | { readonly kind: "place"; readonly place: Place; readonly module: Module }
  | { readonly kind: "builtin"; readonly name: string }
  /** In a task's `return`: `stdout stderr exit_code elapsed`. */
  | { readonly kind: "env"; readonly name: "stdout" | "stderr" | "exit_code" | "elapsed" };

export interface Program {
  readonly entry: Module;
  /** All modules reached from the entry, the entry first, each once. */
  readonly modules: readonly Module[];
  readonly types: TypeTable;
  /** Plan-wide unique names of tasks and flows: as written, or `name~2` where two files declare the same. */
  readonly nameOf: ReadonlyMap<Task | Flow, string>;
  /** The type of every checked expression, as it stands (before it is fitted to where it goes). */
  readonly typeOf: ReadonlyMap<Expr, Type>;
  /** The declared type of every type expression. */
  readonly typeOfExpr: ReadonlyMap<TypeExpr, Type>;
  /**
   * Where an expression goes into a place of a known, different type (an argument, a field, an answer): that type.
   * `lower` makes a `narrow` (records that lose fields, defaults filled in) or a `file` (a literal path) of it.
   */
  readonly fittedTo: ReadonlyMap<Expr, Type>;
  /** What each value name, callee name and `after` word means. */
  readonly refs: ReadonlyMap<Name | Word, Ref>;
  /** Arguments of calls of tasks and flows by parameter name; without those left to their defaults. */
  readonly argsOf: ReadonlyMap<Call, ReadonlyMap<string, Expr>>;
  /** Expressions that make a node (a call of a task or flow) somewhere inside. */
  readonly makesNode: ReadonlySet<Expr>;
}
