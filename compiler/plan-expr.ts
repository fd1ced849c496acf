// Expressions as a plan holds them: typed and closed, so that whoever runs it needs to know nothing else.

import type { Type, Value } from "./types.ts";

export type BuiltinName = string;

export type CompareOp = "==" | "!=" | "<" | "<=" | ">" | ">=";

/**
 * A typed, closed expression. No JavaScript object is reachable from it: it is evaluated by `runtime/evaluate`.
 * Overloads are resolved: the operator says what it works on.
 */
export type Expr =
  | { readonly k: "lit"; readonly v: Value }
  /**
   * A cell of the frame, or in a task's expressions (`up` 0) the i-th parameter. `maybe`, in handlers: `none` where it
   * did not succeed.
   */
  | {
      readonly k: "slot";
      readonly up: number;
      readonly i: number;
      readonly in?: readonly number[];
      readonly maybe?: true;
    }
  /** A local of the enclosing `map` or `let`, counted from the outermost: 0 is the first bound. */
  | { readonly k: "local"; readonly i: number }
  /** In a task's `return`: what the work left. */
  | { readonly k: "env"; readonly name: "stdout" | "stderr" | "exit_code" | "elapsed" }
  | { readonly k: "field"; readonly of: Expr; readonly name: string; readonly maybe: boolean }
  /** A list's item (out of range fails) or a map's value (absent is `none`). */
  | { readonly k: "index"; readonly of: Expr; readonly at: Expr; readonly map: boolean }
  /** Arguments in order; `types` are theirs where the builtin's work depends on them. */
  | {
      readonly k: "call";
      readonly fn: BuiltinName;
      readonly args: readonly Expr[];
      readonly types: readonly Type[];
    }
  | { readonly k: "not"; readonly of: Expr }
  | { readonly k: "neg"; readonly of: Expr }
  | { readonly k: "and"; readonly of: readonly Expr[] }
  | { readonly k: "or"; readonly of: readonly Expr[] }
  /** `left ?? right`. */
  | { readonly k: "default"; readonly left: Expr; readonly right: Expr }
  /** `==` and `!=` are deep; the others compare numbers, or strings by code point; false < true. */
  | { readonly k: "compare"; readonly op: CompareOp; readonly left: Expr; readonly right: Expr }
  /** `int`: the result must be a safe integer, else the expression fails. Division gives a float. */
  | {
      readonly k: "math";
      readonly op: "+" | "-" | "*" | "/";
      readonly left: Expr;
      readonly right: Expr;
      readonly int: boolean;
    }
  /** `a + b` of strings or lists. */
  | { readonly k: "concat"; readonly of: "string" | "list"; readonly left: Expr; readonly right: Expr }
  | { readonly k: "text"; readonly parts: readonly (string | TypedExpr)[] }
  | { readonly k: "list"; readonly items: readonly Expr[] }
  | { readonly k: "record"; readonly entries: readonly { readonly name: string; readonly value: Expr }[] }
  | { readonly k: "if"; readonly cond: Expr; readonly then: Expr; readonly else: Expr }
  /**
   * A `for` without a node: over each combination, `filter` and `body` with the loop variables as locals
   * `base … base + lists.length - 1`, then the body's bindings.
   */
  | {
      readonly k: "map";
      readonly lists: readonly Expr[];
      readonly base: number;
      readonly filter: Expr | null;
      readonly body: Expr;
    }
  /** Bindings of a block without nodes, as locals `base …`, then its value. */
  | { readonly k: "let"; readonly base: number; readonly values: readonly Expr[]; readonly body: Expr }
  /** `of as type`: JSON checked against the type and decoded; fails at run time with the path and the reason. */
  | { readonly k: "cast"; readonly of: Expr; readonly type: Type }
  /** Keeps only the type's fields, fills defaults: a value that fits a smaller type. */
  | { readonly k: "narrow"; readonly of: Expr; readonly type: Type }
  /** A string that became a file or dir: a literal path of the project, in `plan.seen`. */
  | { readonly k: "file"; readonly kind: "file" | "dir"; readonly path: string };

export interface TypedExpr {
  readonly expr: Expr;
  readonly type: Type;
}
