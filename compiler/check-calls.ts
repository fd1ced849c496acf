// Calls of tasks and flows: which argument goes to which parameter, and what is missing or too much.

import type { Arg, Call, Expr, FieldAccess, Flow, Param, Task } from "../grammar/ast.ts";
import { builtins, settingCalls } from "./builtins.ts";
import { inferBuiltin } from "./check-builtins.ts";
import { answerOfCall } from "./check-early.ts";
import { askedBy, literalFits } from "./check-fit.ts";
import { inferRollback } from "./check-handlers.ts";
import { callee } from "./check-names.ts";
import { tellMisplacedPlaceCall } from "./check-place-names.ts";
import { at, type Check, type Scope, tell, tellUnknownWord, without, written } from "./check-state.ts";
import { tellSwapped } from "./check-swapped.ts";
import { type At, didYouMean, renameFix, replace } from "./errors.ts";
import {
  duplicateArgument,
  misplacedCall,
  missingArgument,
  unknownArgument,
  unnamedArgument,
  unnamedArguments,
} from "./errors-calls.ts";
import { notCallable } from "./errors-types.ts";
import type { Entry } from "./resolve.ts";
import { errorType, mayBeNone, noneType } from "./type-ops.ts";
import type { Type } from "./types.ts";

export function inferCall(check: Check, call: Call, scope: Scope): Type {
  if (call.callee.kind !== "name") {
    tellNoCallee(check, call, scope);
    for (const arg of call.args) check.infer(arg.value, scope);
    return errorType;
  }
  if (settingCalls.has(call.callee.name) && !scope.home.callables.has(call.callee.name)) {
    tellMisplacedPlaceCall(check, call, call.callee, scope);
    return errorType;
  }
  if (call.callee.name === "rollback") return inferRollback(check, call, scope);
  const called = callee(check, call.callee, scope);
  if (called === null) {
    // It was most likely meant as a node: what follows it is not told as misplaced.
    if (scope.where.noNodes === null) check.pass.makesNode.add(call);
    for (const arg of call.args) check.infer(arg.value, scope);
    return errorType;
  }
  if (called.kind === "builtin") return inferBuiltin(check, call, call.callee, called.name, scope);
  return inferNode(check, call, called.entry, scope);
}

function tellNoCallee(check: Check, call: Call, scope: Scope): void {
  const target = call.callee;
  if (target.kind === "error") return;
  if (target.kind === "field") {
    check.infer(target.of, scope);
    tellMethod(check, call, target, scope);
    return;
  }
  check.infer(target, scope);
  tell(check, notCallable(at(scope, target), "only a name can be called", null));
}

/** `crates.join(", ")` is `join(crates, ", ")`, where there is such a function. */
function tellMethod(check: Check, call: Call, target: FieldAccess, scope: Scope): void {
  const name = target.name.text;
  const of = written(scope, target.of);
  const args = call.args.map((arg) => written(scope, arg));
  const known = builtins.has(name) && of !== null && args.every((arg) => arg !== null);
  const instead = known ? `${name}(${[of, ...args].join(", ")})` : `${name}(…)`;
  const hint = `There are no methods: write \`${instead}\`${known ? "" : " with the value as its argument"}.`;
  const fix = known ? replace(`Write \`${instead}\``, call.span, instead) : null;
  tell(check, notCallable(at(scope, target.name), `\`${name}\` is written like a method`, hint, fix));
}

/** A call of a task or a flow: a node. */
function inferNode(check: Check, call: Call, entry: Entry<Task | Flow>, scope: Scope): Type {
  const { declaration, home } = entry;
  const answer = declaration.answer;
  const type = answer === null ? noneType : answerOfCall(check.resolve(answer, home, declaration));
  const inside = scope.where.noNodes === null ? scope : without(scope, scope.where.noNodes);
  checkArguments(check, call, entry, inside);
  if (scope.where.noNodes !== null) {
    const what = declaration.kind === "task" ? "task" : "flow";
    const hint =
      "Calling it makes a node of the graph. Give it a name in the block of a flow, then use that name here.";
    const label = `a ${what} cannot be called inside ${scope.where.noNodes}`;
    tell(check, misplacedCall(at(scope, call.callee), label, hint));
    return errorType;
  }
  check.pass.makesNode.add(call);
  if (scope.inside.kind === "flow" && declaration.kind === "flow")
    check.pass.flowCalls.push({ from: scope.inside, to: declaration, at: at(scope, call.callee) });
  return type;
}

function checkArguments(check: Check, call: Call, entry: Entry<Task | Flow>, scope: Scope): void {
  const { declaration, home } = entry;
  const params = new Map(declaration.params.map((param) => [param.name.text, param]));
  const given = new Map<string, Expr>();
  const places = new Map<string, Arg>();
  const unnamed: Arg[] = [];
  let wrong = false;
  const give = (name: string, arg: Arg) => {
    const first = places.get(name);
    if (first !== undefined) {
      tell(check, duplicateArgument(at(scope, arg), name, at(scope, first)));
      wrong = true;
      return;
    }
    places.set(name, arg);
    given.set(name, arg.value);
  };
  const unknown: Arg[] = [];
  for (const arg of call.args) {
    const name = arg.name?.text ?? shortName(arg.value, params);
    if (arg.name === null && name !== null && arg.value.kind === "name") check.pass.shortNames.add(arg.value);
    if (name === null) unnamed.push(arg);
    else if (params.has(name)) give(name, arg);
    else unknown.push(arg);
  }
  for (const arg of unknown) {
    wrong = true;
    tellUnknownArgument(check, arg, entry, given, scope);
  }
  const lone = call.args.length === 1 && unnamed.length === 1 ? loneParam(declaration) : null;
  if (lone !== null && unnamed[0] !== undefined) give(lone.name.text, unnamed[0]);
  else if (unnamed.length > 1 && unnamed.length === call.args.length && declaration.params.length > 0) {
    wrong = true;
    tellAllUnnamed(check, unnamed, entry, given, scope);
  } else {
    for (const arg of unnamed) {
      wrong = true;
      tellUnnamed(check, arg, entry, given, scope);
    }
  }
  const { diagnostics } = check.pass;
  const before = diagnostics.length;
  const misfits: Param[] = [];
  for (const [name, value] of given) {
    const param = params.get(name);
    if (param === undefined) continue;
    const told = diagnostics.length;
    const type = check.resolve(param.type, home, declaration);
    check.fit(value, type, scope, askedBy({ home }, param.name, name, type));
    if (diagnostics.length > told) misfits.push(param);
  }
  tellSwapped(check, call, entry, given, scope, { params: misfits, before });
  check.pass.argsOf.set(call, given);
  if (!wrong) tellMissing(check, call, entry, given, scope);
}

/** `build(crate)`: a bare name that is a parameter's stands for it. */
function shortName(value: Expr, params: ReadonlyMap<string, Param>): string | null {
  return value.kind === "name" && params.has(value.name) ? value.name : null;
}

export function isRequired(check: Check, param: Param): boolean {
  if (param.value !== null || param.type.kind === "optional") return false;
  const type = check.typeOfExpr.get(param.type);
  return type === undefined || !mayBeNone(type);
}

/** Where a lone argument without a name goes: to the one required parameter, or the only one. */
function loneParam(declaration: Task | Flow): Param | null {
  const [only] = declaration.params;
  if (declaration.params.length === 1) return only ?? null;
  const required = declaration.params.filter(
    (param) => param.value === null && param.type.kind !== "optional",
  );
  return required.length === 1 ? (required[0] ?? null) : null;
}

function tellUnknownArgument(
  check: Check,
  arg: Arg,
  entry: Entry<Task | Flow>,
  given: Map<string, Expr>,
  scope: Scope,
): void {
  const { declaration } = entry;
  const name = arg.name?.text ?? "";
  const free = declaration.params.map((param) => param.name.text).filter((param) => !given.has(param));
  const near = check.nearest(name, free);
  const place = arg.name === null ? at(scope, arg) : at(scope, arg.name);
  const label = didYouMean(near, `\`${declaration.name.text}\` has no parameter \`${name}\``);
  const hint = near === null ? `Call it like this: \`${usage(declaration)}\`.` : null;
  const unknown = unknownArgument(place, label, hint, renameFix(near, place.span), declaredAt(entry));
  const index = tellUnknownWord(check, `${declaration.name.text} ${name}`, unknown);
  check.pass.blamed.push({ index, declaration, name });
  // Checked against the one that was meant, so that nothing else is told twice.
  if (near !== null) given.set(near, arg.value);
  else check.infer(arg.value, scope);
}

function tellUnnamed(
  check: Check,
  arg: Arg,
  entry: Entry<Task | Flow>,
  given: Map<string, Expr>,
  scope: Scope,
): void {
  const { declaration, home } = entry;
  const type = check.infer(arg.value, scope);
  // An unknown name may well be a parameter's, misspelt: it has been told.
  if (type.kind === "error") return;
  if (declaration.params.length === 0) {
    const label = `\`${declaration.name.text}\` takes no arguments`;
    blame(check, declaration, null);
    tell(check, unknownArgument(at(scope, arg), label, null, null, declaredAt(entry)));
    return;
  }
  const free = declaration.params.filter((param) => !given.has(param.name.text));
  if (free.length === 0) {
    const label = `\`${declaration.name.text}\` takes no further argument`;
    tell(
      check,
      unknownArgument(
        at(scope, arg),
        label,
        `Call it like this: \`${usage(declaration)}\`.`,
        null,
        declaredAt(entry),
      ),
    );
    return;
  }
  const fitting = free.filter((param) =>
    literalFits(check, arg.value, check.resolve(param.type, home, declaration)),
  );
  blame(check, declaration, arg.value.kind === "name" ? arg.value.name : null);
  const guess = fitting.length === 1 ? (fitting[0]?.name.text ?? null) : null;
  const names = declaration.params.map((param) => param.name.text);
  tell(check, unnamedArgument(at(scope, arg), declaration.name.text, names, guess));
  if (guess !== null) given.set(guess, arg.value);
}

/** All by position: one mistake, and a fix if each fits the parameter at its place. */
function tellAllUnnamed(
  check: Check,
  args: readonly Arg[],
  entry: Entry<Task | Flow>,
  given: Map<string, Expr>,
  scope: Scope,
): void {
  const { declaration, home } = entry;
  const types = args.map((arg) => check.infer(arg.value, scope));
  // An unknown name may well be a parameter's, misspelt: it has been told.
  if (types.some(({ kind }) => kind === "error")) return;
  const names = args.flatMap((arg, at) => {
    const param = declaration.params[at];
    const fits =
      param !== undefined && literalFits(check, arg.value, check.resolve(param.type, home, declaration));
    return fits ? [{ name: param.name.text, start: arg.span.start }] : [];
  });
  const [first] = args;
  const last = args.at(-1);
  if (first === undefined || last === undefined) return;
  const all = names.length === args.length ? names : null;
  for (const [at, arg] of args.entries()) if (all !== null) given.set(all[at]?.name ?? "", arg.value);
  blame(check, declaration, null);
  const place = { ...at(scope, first), span: { start: first.span.start, end: last.span.end } };
  const params = declaration.params.map((param) => param.name.text);
  tell(check, unnamedArguments(place, declaration.name.text, params, all));
}

/** The next diagnostic may follow from a name that the called one lacks. */
function blame(check: Check, declaration: Task | Flow, name: string | null): void {
  check.pass.blamed.push({ index: check.pass.diagnostics.length, declaration, name });
}

function tellMissing(
  check: Check,
  call: Call,
  entry: Entry<Task | Flow>,
  given: ReadonlyMap<string, Expr>,
  scope: Scope,
): void {
  const { declaration } = entry;
  const missing = declaration.params.filter(
    (param) => !given.has(param.name.text) && isRequired(check, param),
  );
  if (missing.length === 0) return;
  blame(check, declaration, null);
  const names = missing.map((param) => param.name.text);
  tell(
    check,
    missingArgument(at(scope, call), names, declaration.name.text, declaredAt(entry), usage(declaration)),
  );
}

export function declaredAt(entry: Entry<Task | Flow>): At {
  return at(entry, entry.declaration.name);
}

/** How a task or flow is called, with every argument that must be given. */
function usage(declaration: Task | Flow): string {
  const required = declaration.params.filter(
    (param) => param.value === null && param.type.kind !== "optional",
  );
  const optional = required.length < declaration.params.length;
  const args = required.map((param) => `${param.name.text}: …`);
  return `${declaration.name.text}(${args.join(", ")}${optional ? (args.length > 0 ? ", …" : "…") : ""})`;
}
