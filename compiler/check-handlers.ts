// Handlers: `on failure` and `finally` at the end of a block, what its names are in them, and `rollback()`.

import type { Block, Call, Expr, Handler, Statement, Word } from "../grammar/ast.ts";
import { comesFromNode } from "./check-depends.ts";
import { isCallOf } from "./check-place-names.ts";
import { at, type Check, innerScope, type Local, type Scope, tell } from "./check-state.ts";
import type { At } from "./errors.ts";
import { handlerTwice, misplaced, noUndo } from "./errors-flows.ts";
import type { Ref } from "./program.ts";
import { noneType, optional, stringType } from "./type-ops.ts";
import type { Type } from "./types.ts";

type Define = (
  check: Check,
  scope: Scope,
  name: Word,
  ref: Ref | null,
  type: Type,
  what: Local["what"],
) => Local;

/** What the name behind `on failure as` stands for. */
const failureType: Type = {
  kind: "record",
  fields: ["node", "task", "error"].map((name) => ({ name, type: stringType, doc: null, early: false })),
};

/** How a handler is called, and where that stands. */
export function handlerWord(handler: Handler, scope: Scope): { readonly text: string; readonly place: At } {
  const failure = handler.on === "failure";
  const { start } = handler.span;
  const written = scope.home.module.file.source.text.slice(start);
  const length = (failure ? /^on\s+failure/.exec(written)?.[0].length : undefined) ?? (failure ? 2 : 7);
  const place = { ...at(scope, handler), span: { start, end: start + length } };
  return { text: failure ? "on failure" : "finally", place };
}

/** Its block sees the names of the block around it, each perhaps without a value. */
export function checkHandler(check: Check, handler: Handler, scope: Scope, define: Define): void {
  const where = { ...scope.where, inHandler: true };
  const inner = innerScope(scope, { where });
  const copies = perhaps(check, scope);
  for (const [name, { copy }] of copies) inner.names.set(name, copy);
  check.settings(handler.body.settings, "handler", inner);
  if (handler.name !== null)
    define(check, inner, handler.name, { kind: "failure", handler }, failureType, "name");
  check.block(handler.body, inner, false);
  for (const { copy, of } of copies.values()) of.used ||= copy.used;
}

/** The names around a handler as it sees them: what came from a node, or comes from one, may not be there. */
function perhaps(
  check: Check,
  scope: Scope,
): ReadonlyMap<string, { readonly copy: Local; readonly of: Local }> {
  const copies = new Map<string, { readonly copy: Local; readonly of: Local }>();
  for (let around: Scope | null = scope; around !== null; around = around.parent)
    for (const [name, of] of around.names) {
      const { ref } = of;
      if (copies.has(name) || ref === null) continue;
      if (ref.kind === "phase" || ref.kind === "gate")
        copies.set(name, { of, copy: { ...of, ref: { ...ref, maybe: true } } });
      if (ref.kind !== "binding" || (of.what !== "node" && !comesFromNode(check, ref.binding.value)))
        continue;
      const copy = { ...of, ref: { ...ref, maybe: true } as const, type: optional(of.type) };
      copies.set(name, { of, copy });
    }
  return copies;
}

/** At most one of each, `finally` last, nothing of the block below them. */
export function tellHandlerOrder(check: Check, block: Block, scope: Scope): void {
  const seen = new Map<Handler["on"], Handler>();
  let told = false;
  block.statements.forEach((statement, i) => {
    if (statement.kind !== "handler" || told) return;
    const { text, place } = handlerWord(statement, scope);
    const before = seen.get(statement.on);
    seen.set(statement.on, before ?? statement);
    if (before !== undefined) {
      tell(check, handlerTwice(place, text, handlerWord(before, scope).place));
      told = true;
    } else if (statement.on === "failure" && seen.has("finally")) {
      const hint =
        "Put it above `finally`, which comes last: after `on failure`, and also when all went well.";
      tell(check, misplaced(place, "`on failure` stands before `finally`", hint));
      told = true;
    } else if (block.statements.slice(i + 1).some(isWork)) {
      const hint = `Put it below the last line of the block: it is about all of it.`;
      tell(check, misplaced(place, `\`${text}\` stands at the end of its block`, hint));
      told = true;
    }
  });
}

function isWork({ kind }: Statement): boolean {
  return kind !== "handler";
}

/** `rollback()`: makes nodes, and has no value. */
export function inferRollback(check: Check, call: Call, scope: Scope): Type {
  const place = at(scope, call.callee);
  if (call.callee.kind === "name") check.pass.refs.set(call.callee, { kind: "builtin", name: "rollback" });
  for (const { value } of call.args) check.infer(value, scope);
  const [first] = call.args;
  if (first !== undefined)
    tell(
      check,
      misplaced(
        at(scope, first.value),
        "`rollback` takes no argument",
        "It takes back all of the block that has succeeded and has an `undo`, or was merged from a worktree.",
      ),
    );
  if (scope.where.noNodes === null) check.pass.makesNode.add(call);
  if (scope.where.noNodes !== null || scope.where.inHandler !== true) {
    const hint = "Write it in the `on failure` of a flow or a phase: it takes back what that block has done.";
    tell(check, misplaced(place, "`rollback()` stands only in a handler", hint));
  } else if (![...check.nameOf.keys()].some(canUndo)) tell(check, noUndo(place));
  return noneType;
}

function canUndo(declaration: Parameters<Check["nameOf"]["get"]>[0]): boolean {
  if (declaration.kind !== "task") return false;
  return declaration.settings.some(({ key, value }) => key.text === "undo" || mergesInto(value));
}

/** What is merged can be reverted. */
function mergesInto(value: Expr): boolean {
  return isCallOf(value, "worktree") && value.args.some(({ name }) => name?.text === "into");
}
