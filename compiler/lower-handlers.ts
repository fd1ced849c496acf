// Lowers what a block says about its end: handlers, `rollback()`, and the time that it has.

import type { Block as AstBlock } from "../grammar/ast.ts";
import { addStep, type Draft, type Frame, newFrame, type Scope } from "./lower-draft.ts";
import { lowerExpr } from "./lower-expression.ts";
import { settingExprs, usesOf, type WaitedFor } from "./lower-uses.ts";
import type { Expr } from "./plan-expr.ts";
import type { Block, Handlers, Use, VarStep } from "./plan-steps.ts";
import type { TaskSettings } from "./plan-tasks.ts";

/** The ways back into the lowering of blocks. */
interface Ways {
  readonly statements: (block: AstBlock, scope: Scope, frame: Frame) => Block;
  readonly within: (scope: Scope, frame: Frame) => Scope;
}

/** Handlers are frames inside their block's; null for a block without them. */
export function lowerHandlers(block: AstBlock, scope: Scope, frame: Frame, ways: Ways): Handlers | null {
  let failure: Block | null = null;
  let final: Block | null = null;
  for (const handler of block.statements) {
    if (handler.kind !== "handler") continue;
    const inner = newFrame(frame);
    if (handler.on === "failure") {
      const slot = addStep(scope.draft, inner, (id): VarStep => {
        const variable = handler.name?.text ?? "";
        return { kind: "var", id, name: "", uses: [], variable, source: "failure" };
      });
      inner.slots.set(handler, slot);
    }
    const { steps, result } = ways.statements(handler.body, ways.within(scope, inner), inner);
    if (handler.on === "failure") failure = { steps, result };
    else final = { steps, result };
  }
  return failure === null && final === null ? null : { failure, final };
}

/** What may follow it in its statement, lowered. */
interface Following {
  readonly overrides: Partial<TaskSettings> | null;
  readonly after: readonly WaitedFor[];
  readonly otherwise: Block | null;
}

export function lowerRollback(name: string, extras: Following, draft: Draft, frame: Frame): number {
  const { overrides, otherwise, after } = extras;
  const uses: readonly Use[] = usesOf(settingExprs(overrides), after);
  return addStep(draft, frame, (id) => ({ kind: "rollback", id, name, uses, overrides, otherwise }));
}

/** What may be spent in the block; nothing if it does not say. */
export function lowerBudget(block: AstBlock, scope: Scope): { readonly budget?: Expr } {
  const found = block.settings.find(({ key }) => key.text === "budget");
  return found === undefined ? {} : { budget: lowerExpr(found.value, scope) };
}

/** Seconds; null if the block has none. */
export function lowerDeadline(block: AstBlock, scope: Scope): Expr | null {
  const found = block.settings.find(({ key }) => key.text === "deadline");
  return found === undefined ? null : lowerExpr(found.value, scope, { kind: "duration" });
}
