// Lowers what work finds in its environment: values with their types, secrets by their names.

import type { Expr as AstExpr } from "../grammar/ast.ts";
import { type Scope, typeIn } from "./lower-draft.ts";
import { lowerExpr, secretName } from "./lower-expression.ts";
import { slotLimit } from "./lower-limits.ts";
import type { TypedExpr } from "./plan-expr.ts";
import type { EnvEntry } from "./plan-tasks.ts";

export function typed(expr: AstExpr, scope: Scope): TypedExpr {
  const { program } = scope.draft;
  return { expr: lowerExpr(expr, scope), type: program.fittedTo.get(expr) ?? typeIn(program, expr) };
}

export function lowerEnv(value: AstExpr, scope: Scope): readonly EnvEntry[] {
  if (value.kind === "paren") return lowerEnv(value.of, scope);
  if (value.kind !== "record-of") return [];
  return value.entries.map((entry): EnvEntry => {
    const slot = slotLimit(entry.value, scope);
    if (slot !== null) return { name: entry.key.text, slot };
    const secret = secretName(entry.value, scope);
    if (secret === null) {
      const { expr, type } = typed(entry.value, scope);
      return { name: entry.key.text, value: expr, type };
    }
    scope.draft.secrets.add(secret);
    return { name: entry.key.text, secret };
  });
}
