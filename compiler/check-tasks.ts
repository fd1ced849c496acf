// Tasks and flows: their parameters, what a task does and answers, what a flow returns.

import { posix } from "node:path";
import type { Declaration, Expr, Flow, Node, Param, Setting, Task } from "../grammar/ast.ts";
import type { Fix } from "../grammar/diagnostic.ts";
import { lastStatement, walk } from "../grammar/walk.ts";
import { checkAsked } from "./check-asks.ts";
import { checkBlock, define } from "./check-blocks.ts";
import { checkArguments, checkScript } from "./check-commands.ts";
import { isPure } from "./check-dead.ts";
import { checkEarly } from "./check-early.ts";
import { askedBy, resultOf } from "./check-fit.ts";
import { tellEmptyBlock, tellIdleSettings } from "./check-idle.ts";
import { isEnvName } from "./check-names.ts";
import { checkPromises } from "./check-promises.ts";
import { at, type Check, innerScope, local, rootScope, type Scope, tell } from "./check-state.ts";
import { tellUnwritten } from "./check-unwritten.ts";
import { insert } from "./errors.ts";
import { misplacedSetting } from "./errors-calls.ts";
import {
  badCallTarget,
  foreignHole,
  forgottenReturn,
  missingFile,
  missingReturn,
  noAction,
  nothingToUndo,
  unknownFunction,
} from "./errors-flows.ts";
import { duplicateName, unusedParameter } from "./errors-names.ts";
import { missingAnswer } from "./errors-types.ts";
import type { Home } from "./resolve.ts";
import { errorType, fits, hasError, show, stringType } from "./type-ops.ts";
import { endAnswer, type Type } from "./types.ts";

function defineParams(check: Check, declaration: Task | Flow, scope: Scope): void {
  for (const param of declaration.params) {
    const type = check.resolve(param.type, scope.home, declaration);
    if (declaration.kind === "task" && isEnvName(param.name.text)) tellEnvParam(check, param, scope);
    define(check, scope, param.name, { kind: "param", param, of: declaration }, type, "parameter");
    if (param.value === null) continue;
    const where = { noNodes: "a default", noDisk: "a default", returnOf: null };
    const defaults = rootScope(scope.home, declaration, where);
    check.infer(param.value, defaults);
    check.fit(param.value, type, defaults, askedBy(scope, param.name, param.name.text, type));
  }
}

function tellEnvParam(check: Check, param: Param, scope: Scope): void {
  const name = param.name.text;
  const hint = `In a task's \`return\`, \`${name}\` is what the work left: choose another name.`;
  tell(check, duplicateName(at(scope, param.name), name, "the built-in", null, hint));
}

function tellUnusedParams(check: Check, declaration: Task | Flow, scope: Scope): void {
  for (const param of declaration.params) {
    const found = local(scope, param.name.text);
    if (found === null || found.used || found.span !== param.name.span || param.name.text.startsWith("_"))
      continue;
    if (tellForeignHole(check, declaration, param.name.text, scope)) continue;
    const owner = `the ${declaration.kind} \`${declaration.name.text}\``;
    tell(check, unusedParameter(at(scope, param.name), param.name.text, owner));
  }
}

/** An unused parameter whose name stands in a text as other languages put values in: `$x`, `{x}`, `{{x}}`. */
function tellForeignHole(check: Check, declaration: Task | Flow, name: string, scope: Scope): boolean {
  const { source } = scope.home.module.file;
  const form = new RegExp(
    `(?<![\\w~{$\\\\])(?:\\$${name}\\b|~ \\{${name}\\}|\\$?\\{\\{ ?${name} ?\\}\\}|\\{${name}\\}|<${name}>)`,
  );
  let found = false;
  walk(declaration, (node) => {
    if (node.kind !== "text" || found) return;
    for (const part of node.parts) {
      if (part.kind !== "chars" || found) continue;
      const match = form.exec(source.text.slice(part.span.start, part.span.end));
      if (match === null) continue;
      found = true;
      const start = part.span.start + match.index;
      const place = { ...at(scope, part), span: { start, end: start + match[0].length } };
      tell(check, foreignHole(place, match[0], name));
    }
  });
  return found;
}

// Tasks

export function checkTask(check: Check, task: Task, home: Home): void {
  const where = { noNodes: "a task", noDisk: null, returnOf: null };
  const scope = rootScope(home, task, where);
  defineParams(check, task, scope);
  const answer = task.answer === null ? null : check.resolve(task.answer, home, task);
  checkSettingsOf(check, task, scope);
  checkAction(check, task, scope);
  const told = checkEarly(check, task, answer, scope);
  if (task.result !== null) {
    // Without an action nothing is left behind that a `return` could ask for.
    const inner = innerScope(scope, { where: { ...where, returnOf: task.action === null ? null : task } });
    if (told) check.infer(task.result, inner);
    else checkResult(check, task, task.result, endAnswer(answer), inner);
  } else if (!told && task.action === null) tellNothing(check, task, answer, scope);
  if (!told) tellUnwritten(check, task, endAnswer(answer), scope);
  // A module gets all parameters, whatever it does with them.
  const empty = task.action === null && task.result === null;
  if (task.action?.kind !== "call" && !empty) tellUnusedParams(check, task, scope);
}

function checkResult(check: Check, task: Task, result: Expr, answer: Type | null, scope: Scope): void {
  const { home } = scope;
  const type = check.infer(result, scope);
  if (answer !== null) check.fit(result, answer, scope, answerAsked(task, home, answer));
  else if (type.kind !== "error") tellNoAnswer(check, task, at(scope, result), type, home);
}

function answerAsked(declaration: Task | Flow, home: Home, type: Type) {
  if (declaration.answer === null) return null;
  return {
    ...at({ home }, declaration.answer),
    label: `\`${declaration.name.text}\` answers with \`${show(type)}\``,
  };
}

function tellNoAnswer(
  check: Check,
  declaration: Task | Flow,
  place: ReturnType<typeof at>,
  type: Type,
  home: Home,
): void {
  const text = home.module.file.source.text;
  const last = declaration.params.at(-1);
  const close = text.indexOf(")", last?.span.end ?? declaration.name.span.end);
  const shown = hasError(type) || type.kind === "none" || show(type).includes("…") ? null : show(type);
  const owner = `the ${declaration.kind} \`${declaration.name.text}\``;
  tell(check, missingAnswer(place, owner, close === -1 ? null : shown, close + 1));
}

function tellNothing(check: Check, task: Task, answer: Type | null, scope: Scope): void {
  if (answer === null || answer.kind === "error") {
    if (answer === null) tell(check, noAction(at(scope, task.name), task.name.text));
    return;
  }
  const hint = "Add a `return`, or an action whose answer is written to `$OUT`.";
  tell(check, missingReturn(at(scope, task.name), `\`${task.name.text}\``, show(answer), null, hint));
}

/** Only what changes something can be taken back. */
function checkUndo(check: Check, task: Task, scope: Scope): void {
  const undo = [...task.settings, ...task.lateSettings].find(({ key }) => key.text === "undo");
  if (undo !== undefined && (task.action === null || isPure(task)))
    tell(check, nothingToUndo(at(scope, undo.key), task.name.text));
}

function checkSettingsOf(check: Check, task: Task, scope: Scope): void {
  check.settings([...task.settings, ...task.lateSettings], "task", scope);
  checkUndo(check, task, scope);
  checkPromises(check, task, scope);
  tellIdleSettings(check, task, scope);
  checkAsked(check, task, scope);
  for (const late of task.lateSettings) {
    if (task.action === null) continue;
    const fix = moveFix(task, late, scope);
    tell(check, misplacedSetting(at(scope, late.key), late.key.text, at(scope, task.action), fix));
  }
}

/** Takes the setting from below the action to above it. */
function moveFix(task: Task, setting: Setting, scope: Scope): Fix | null {
  if (task.action === null) return null;
  const { text } = scope.home.module.file.source;
  const lineStart = text.lastIndexOf("\n", setting.span.start) + 1;
  const lineEnd = text.indexOf("\n", setting.span.end);
  const alone =
    lineEnd !== -1 &&
    text.slice(lineStart, setting.span.start).trim() === "" &&
    text.slice(setting.span.end, lineEnd).trim() === "";
  const actionLine = text.lastIndexOf("\n", task.action.span.start) + 1;
  const indent = text.slice(actionLine, task.action.span.start);
  if (!alone || indent.trim() !== "") return null;
  const written = text.slice(setting.span.start, setting.span.end);
  return {
    title: "Move it above the action",
    edits: [
      { span: { start: actionLine, end: actionLine }, text: `${indent}${written}\n` },
      { span: { start: lineStart, end: lineEnd + 1 }, text: "" },
    ],
  };
}

function checkAction(check: Check, task: Task, scope: Scope): void {
  const { action } = task;
  if (action === null) return;
  switch (action.kind) {
    case "run":
      if (action.command.kind === "text") checkScript(check, action.command, scope);
      else checkArguments(check, action.command, scope);
      return;
    case "ask":
      check.infer(action.prompt, scope);
      check.fit(action.prompt, stringType, scope, null);
      return;
    case "call":
      checkModule(check, action.target, scope);
  }
}

function checkModule(
  check: Check,
  target: Extract<Task["action"], { kind: "call" }>["target"],
  scope: Scope,
): void {
  const hash = target.text.lastIndexOf("#");
  const place = at(scope, target);
  if (hash <= 0 || hash === target.text.length - 1) {
    const what = hash === -1 ? "which of its functions is meant?" : "the module or the function is missing";
    tell(check, badCallTarget(place, what));
    return;
  }
  const file = target.text.slice(0, hash);
  const name = target.text.slice(hash + 1);
  const full = posix.join(scope.home.folder, file);
  // Inside the quotes; an escape in the path would shift it, then the whole literal is shown.
  const plain = target.span.end - target.span.start === target.text.length + 2;
  const part = (start: number, end: number) => ({
    source: place.source,
    span: plain ? { start: target.span.start + 1 + start, end: target.span.start + 1 + end } : target.span,
  });
  const found = check.host.look(full);
  if (found !== "file") {
    const what =
      found === "dir"
        ? `\`${check.host.show(full)}\` is a folder`
        : `there is no module \`${check.host.show(full)}\``;
    tell(
      check,
      missingFile(part(0, hash), what, "A path is relative to the `.flow` file that it stands in."),
    );
    return;
  }
  const has = check.host.exportsOf(full);
  if (has === null || has.includes(name)) return;
  tell(check, unknownFunction(part(hash + 1, target.text.length), name, file, check.nearest(name, has), has));
}

// Flows

export function checkFlow(check: Check, flow: Flow, home: Home): void {
  const scope = rootScope(home, flow, { noNodes: null, noDisk: null, returnOf: null });
  defineParams(check, flow, scope);
  check.settings(flow.body.settings, "flow", scope);
  const answer = flow.answer === null ? null : check.resolve(flow.answer, home, flow);
  const fit = (node: Node, inner: Scope) => {
    if (answer === null) {
      const type = check.pass.typeOf.get(node.expr) ?? errorType;
      if (type.kind !== "error" && type.kind !== "none")
        tellNoAnswer(check, flow, at(inner, node.expr), type, home);
      return;
    }
    const cause = answerAsked(flow, home, answer);
    check.fit(node.expr, answer, inner, cause);
    if (node.otherwise !== null) check.fit(node.otherwise, answer, inner, cause);
  };
  // A last line without `return` is told as just that; its value is not lost as well.
  const result = resultOf(flow.body);
  const forgotten = answer !== null && result !== null;
  const returns = forgotten ? null : { fit };
  checkBlock(check, flow.body, scope, { ofFlow: true, wanted: forgotten, returns });
  const last = lastStatement(flow.body);
  // One that does not stand last has been told as that.
  const returned = flow.body.statements.some(({ kind }) => kind === "return");
  if (answer !== null && answer.kind !== "error" && last?.kind !== "return" && !returned) {
    tellForgotten(check, flow, result, answer, scope);
  }
  tellEmptyBlock(check, flow.body, "flow", scope);
  tellUnusedParams(check, flow, scope);
}

function tellForgotten(check: Check, flow: Flow, result: Node | null, answer: Type, scope: Scope): void {
  const name = `\`${flow.name.text}\``;
  if (result === null || flow.answer === null) {
    const hint = "Its last line is `return` and the value.";
    tell(check, missingReturn(at(scope, flow.name), name, show(answer), null, hint));
    return;
  }
  const type = check.pass.typeOf.get(result.expr) ?? null;
  if (type?.kind === "error") return;
  const right = type !== null && fits(type, answer, check.types);
  const fix = right ? insert("Return the last line's value", result.span.start, "return ") : null;
  tell(check, forgottenReturn(at(scope, result), at(scope, flow.answer), name, show(answer), fix));
}

/** Names inside what cannot be checked yet count as used, so that nothing more is told about them. */
export function useAll(check: Check, declaration: Declaration, home: Home): void {
  walk(declaration, (node) => {
    if (node.kind !== "name") return;
    for (const space of [home.values, home.callables, home.types]) {
      const entry = space.get(node.name);
      if (entry === undefined) continue;
      check.used.add(entry.declaration);
      if (entry.via !== null) check.used.add(entry.via);
    }
  });
}
