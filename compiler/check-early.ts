// Early fields: where they may stand, whether the work writes them, and nodes that wait for each other through them.

import type {
  Binding,
  Declaration,
  Expr,
  Field,
  FieldAccess,
  Node,
  RecordExpr,
  RecordType,
  Task,
  Word,
} from "../grammar/ast.ts";
import type { Fix } from "../grammar/diagnostic.ts";
import { walk } from "../grammar/walk.ts";
import { at, type BlockNames, type Check, type Scope, tell } from "./check-state.ts";
import { type At, listed, related, replace } from "./errors.ts";
import { earlyDeadlock, misplacedEarly, unwrittenEarly } from "./errors-early.ts";
import type { Home } from "./resolve.ts";
import { earlyFields, type Type } from "./types.ts";

/** May this field be early? Only one written in a task's `->` itself; else that is told. */
export function isEarly(check: Check, field: Field, type: RecordType, home: Home, owner: Declaration | null) {
  if (!field.early) return false;
  if (owner?.kind === "task" && owner.answer === type) return true;
  const place = at({ home }, { span: { start: field.span.start, end: field.name.span.end } });
  const [label, hint] = wordsFor(owner, type, field.name.text);
  tell(check, misplacedEarly(place, label, hint, withoutWord(field, home)));
  return false;
}

function wordsFor(owner: Declaration | null, type: RecordType, name: string): readonly [string, string] {
  if (owner?.kind === "flow" && owner.answer === type)
    return [
      "a flow's answer is there when the flow has ended, all of it",
      "Only a task gives fields before its end. What stands in the same block as the task can use them.",
    ];
  if (owner?.kind === "type")
    return [
      "`early` says when a task gives a field, not what a record is",
      `Write the answer's fields at the task: \`-> { early ${name}: …, … }\`.`,
    ];
  return ["only a field of a task's answer itself can be early", `\`-> { early ${name}: …, … }\``];
}

function withoutWord(field: Field, home: Home): Fix | null {
  const span = { start: field.span.start, end: field.name.span.start };
  const word = home.module.file.source.text.slice(span.start, span.end);
  return /^early\s+$/.test(word) ? replace("Remove `early`", span, "") : null;
}

/** The answer's type for who calls the task: to them all fields are alike. */
export function answerOfCall(type: Type): Type {
  if (type.kind !== "record" || earlyFields(type).length === 0) return type;
  return { kind: "record", fields: type.fields.map((field) => ({ ...field, early: false })) };
}

/** What the work of a task with early fields must do. True if its `return` needs no more looking at. */
export function checkEarly(check: Check, task: Task, answer: Type | null, scope: Scope): boolean {
  const early = earlyFields(answer);
  if (early.length === 0 || task.answer?.kind !== "record") return false;
  const fields = task.answer.fields.filter((field) => field.early);
  for (const field of fields) {
    if (field.value === null) continue;
    const label = "an early field has no default: the work writes it, or has failed";
    const hint = "If there may be none, its type is `T?`, and the work writes an empty file.";
    const span = { start: field.type.span.end, end: field.value.span.end };
    tell(check, misplacedEarly(at(scope, field.value), label, hint, replace("Remove the default", span, "")));
  }
  if (task.action === null) {
    const [first] = fields;
    if (first === undefined) return true;
    const label = `\`${task.name.text}\` only computes its \`return\`, and writes nothing before`;
    const hint = "An early field is written by an action, `run` or `call`, while it goes on.";
    tell(check, misplacedEarly(at(scope, first.name), label, hint, null));
    return true;
  }
  checkWritten(check, task, fields, scope);
  return task.result !== null && checkReturn(check, task.result, answer, scope);
}

/** The fields of `return` are the others. */
function checkReturn(check: Check, result: Expr, answer: Type | null, scope: Scope): boolean {
  const names = new Set(earlyFields(answer).map((field) => field.name));
  if (answer?.kind === "record" && answer.fields.every((field) => field.early)) {
    const label = "all fields of the answer are early: there is nothing to return";
    const hint = `The work writes ${listed([...names].map((name) => `$EARLY/${name}`))} while it goes on.`;
    tell(check, misplacedEarly(at(scope, result), label, hint, null));
    return true;
  }
  const record = bare(result);
  if (record.kind !== "record-of") return false;
  const entry = record.entries.find(({ key }) => names.has(key.text));
  if (entry === undefined) return false;
  const name = entry.key.text;
  const label = `\`${name}\` is early, and no part of \`return\``;
  const hint = `The work writes it to \`$EARLY/${name}\` while it goes on.`;
  tell(check, misplacedEarly(at(scope, entry), label, hint, withoutEntry(record, entry, scope)));
  return true;
}

function withoutEntry(record: RecordExpr, entry: RecordExpr["entries"][number], scope: Scope): Fix | null {
  if (record.entries.length < 2) return null;
  const i = record.entries.indexOf(entry);
  const next = record.entries[i + 1];
  const before = record.entries[i - 1];
  const { text } = scope.home.module.file.source;
  const span =
    next !== undefined
      ? { start: entry.span.start, end: next.span.start }
      : { start: before?.span.end ?? entry.span.start, end: entry.span.end };
  return text.slice(span.start, span.end).includes("//")
    ? null
    : replace(`Remove \`${entry.key.text}\``, span, "");
}

function bare(expr: Expr): Expr {
  return expr.kind === "paren" ? bare(expr.of) : expr;
}

// Is it written?

/** What follows the variable where it is a folder in a path: a field's name, or what may be anything. */
const mention = /\bEARLY\b(?:[:#%][^}\n]*)?\}?["']?(?:\/["']?([A-Za-z_]\w*)?)?/g;

/** A script must mention each field; a module and an argument list may do with the variable what they like. */
function checkWritten(check: Check, task: Task, fields: readonly Field[], scope: Scope): void {
  const { action } = task;
  if (action?.kind !== "run" || action.command.kind !== "text") return;
  const text = action.command.parts.map((part) => (part.kind === "chars" ? part.text : "\0")).join("");
  const written = new Set<string>();
  for (const [, name] of text.matchAll(mention)) {
    // Passed on, entered, read by a program: what it does there is not seen.
    if (name === undefined) return;
    written.add(name);
  }
  const missing = fields.filter((field) => !written.has(field.name.text));
  const names = new Set(fields.map((field) => field.name.text));
  const odd = [...written].filter((name) => !names.has(name));
  const command = at(scope, { span: { start: action.span.start, end: action.span.start + "run".length } });
  const [first, ...others] = missing;
  if (first === undefined) return;
  const name = first.name.text;
  const rest = others.map((field) => field.name.text);
  const near = rest.length === 0 ? check.nearest(name, odd) : null;
  tell(check, unwrittenEarly(at(scope, first.name), name, rest, near, command));
}

// Calls

/** What stands in for a node that has failed comes too late for who has used its early field. */
export function tellEarlyFallback(check: Check, node: Node, scope: Scope): void {
  if (node.otherwise === null) return;
  const task = taskOf(node.expr, scope);
  const answer = task?.answer ?? null;
  if (task === null || answer?.kind !== "record" || !answer.fields.some((field) => field.early)) return;
  const names = answer.fields.filter((field) => field.early).map((field) => field.name.text);
  const { text } = scope.home.module.file.source;
  const start = text.lastIndexOf("otherwise", node.otherwise.span.start);
  const span = { start: node.expr.span.end, end: node.otherwise.span.end };
  const last = node.after.at(-1)?.span.end ?? node.overrides?.span.end ?? node.expr.span.end;
  const label = `who uses ${listed(names)} of \`${task.name.text}\` has gone on by then`;
  const hint = "Put `otherwise` on what uses them, or on a `for`, `if` or flow around it all.";
  const place = { ...at(scope, node), span: { start, end: start + "otherwise".length } };
  tell(check, {
    ...misplacedEarly(place, label, hint, replace("Remove it", { start: last, end: span.end }, "")),
    related: [related(at(scope, node.expr), "this has early fields")].filter((one) => one !== null),
  });
}

/** The binding of a call whose early field this is; null if it is none. */
export function earlyBinding(check: Check, field: FieldAccess): Binding | null {
  const of = bare(field.of);
  const ref = of.kind === "name" ? check.pass.refs.get(of) : undefined;
  if (ref?.kind !== "binding") return null;
  const call = bare(ref.binding.value.expr);
  const called =
    call.kind === "call-of" && call.callee.kind === "name" ? check.pass.refs.get(call.callee) : null;
  const answer = called?.kind === "task" ? called.task.answer : null;
  if (answer?.kind !== "record") return null;
  const early = answer.fields.some((one) => one.early && one.name.text === field.name.text);
  return early ? ref.binding : null;
}

/** The task that an expression calls; null if it is no call of one. */
export function taskOf(expr: Expr, scope: Scope): Task | null {
  const call = bare(expr);
  if (call.kind !== "call-of" || call.callee.kind !== "name") return null;
  const entry = scope.home.callables.get(call.callee.name);
  return entry?.declaration.kind === "task" ? entry.declaration : null;
}

/**
 * A name used above its line where both wait for each other, and one of them for an early field: told as that, since moving
 * a line would help nobody. True if it was.
 */
export function toldAsDeadlock(
  check: Check,
  place: At,
  text: string,
  scope: Scope,
  block: BlockNames,
  making: Word | null,
): boolean {
  if (making === null) return false;
  const chain = wayTo(text, making.text, block);
  if (chain === null) return false;
  const circle = [making.text, ...chain];
  const early = circle.some((name, i) => {
    const next = circle[i + 1];
    const [user, made] = [block.nodes.get(name), next === undefined ? undefined : block.nodes.get(next)];
    return user !== undefined && made !== undefined && usesEarly(user, next ?? "", made, scope);
  });
  if (!early) return false;
  const later = block.later.get(text);
  tell(
    check,
    earlyDeadlock(place, circle, later === undefined || later === making ? null : at(scope, later)),
  );
  return true;
}

/** Names from one to another, each mentioned by the one before; null if there is no way. */
function wayTo(from: string, to: string, block: BlockNames): readonly string[] | null {
  const before = new Map<string, string | null>([[from, null]]);
  for (const name of before.keys()) {
    if (name === to) {
      const way: string[] = [];
      for (let step: string | null = name; step !== null; step = before.get(step) ?? null) way.unshift(step);
      return way;
    }
    const node = block.nodes.get(name);
    if (node === undefined) continue;
    walk(node, (part) => {
      if (part.kind === "name" && block.nodes.has(part.name) && !before.has(part.name))
        before.set(part.name, name);
    });
  }
  return null;
}

/** Does a node mention an early field of what `made` makes? */
function usesEarly(user: Node, name: string, made: Node, scope: Scope): boolean {
  const answer = taskOf(made.expr, scope)?.answer ?? null;
  if (answer?.kind !== "record") return false;
  const early = new Set(answer.fields.filter((field) => field.early).map((field) => field.name.text));
  let found = false;
  walk(user, (part) => {
    if (part.kind !== "field" || !early.has(part.name.text)) return;
    const of = bare(part.of);
    found ||= of.kind === "name" && of.name === name;
  });
  return found;
}
