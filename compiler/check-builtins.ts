// Calls of built-in functions: the signature that fits, its type variables, and what is wrong if none does.

import type { Arg, Call, Name } from "../grammar/ast.ts";
import { type Builtin, builtins, type Pattern, type Signature } from "./builtins.ts";
import { checkBuiltinValue } from "./check-failures.ts";
import { literalFits } from "./check-fit.ts";
import { checkGlobOf, checkKnownGlob } from "./check-globs.ts";
import { taskWithoutAction } from "./check-names.ts";
import { tellNone } from "./check-none.ts";
import { at, type Check, type Scope, tell, written } from "./check-state.ts";
import { replace } from "./errors.ts";
import { misplacedCall, missingArgument, unknownArgument } from "./errors-calls.ts";
import { notAList, typeMismatch, undecodedJson } from "./errors-types.ts";
import { errorType, expand, fits, join, mayBeNone, neverType, said, show, stringType } from "./type-ops.ts";
import type { Type } from "./types.ts";

type Bound = Map<string, Type>;

export function inferBuiltin(check: Check, call: Call, callee: Name, name: string, scope: Scope): Type {
  const builtin = builtins.get(name);
  if (builtin === undefined) return errorType;
  const types = call.args.map((arg) => check.infer(arg.value, scope));
  if (name === "secret") {
    if (!check.trial) check.secrets.push({ call, scope });
    return stringType;
  }
  if (tellMisplaced(check, builtin, callee, scope)) return errorType;
  if (tellNames(check, call, builtin, scope)) return errorType;
  const arity = builtin.signatures.filter(({ params }) => params.length === call.args.length);
  if (arity.length === 0) {
    tellCount(check, call, builtin, scope);
    return errorType;
  }
  for (const signature of arity) {
    const bound: Bound = new Map();
    if (!signature.params.every((param, i) => accepts(check, param.type, call.args[i], types[i], bound)))
      continue;
    signature.params.forEach((param, i) => {
      const arg = call.args[i];
      const type = fixed(param.type);
      // What a literal becomes, a path or a float, is noted as for any other place.
      if (arg !== undefined && type !== null) check.fit(arg.value, type, scope, null);
    });
    if (name === "files" || name === "glob") checkGlobOf(check, call, scope);
    if (name === "glob") checkKnownGlob(check, call, scope);
    checkBuiltinValue(check, call, name, scope);
    return substitute(signature.result, bound);
  }
  tellArgument(check, call, types, arity, scope);
  const [only] = arity;
  return only !== undefined && arity.length === 1 ? withErrors(only.result) : errorType;
}

/** Matches an argument with a parameter, binding type variables; a variable met again takes the common type. */
function accepts(
  check: Check,
  pattern: Pattern,
  arg: Arg | undefined,
  type: Type | undefined,
  bound: Bound,
): boolean {
  if (type === undefined || arg === undefined) return false;
  const plain = fixed(pattern);
  if (plain !== null) return fits(type, plain, check.types) || literalFits(check, arg.value, plain);
  return matches(check, pattern, type, bound);
}

function matches(check: Check, pattern: Pattern, type: Type, bound: Bound): boolean {
  if (type.kind === "error") return true;
  const body = expand(type, check.types);
  switch (pattern.kind) {
    case "type":
      return fits(type, pattern.type, check.types);
    case "list":
      return body.kind === "never" || (body.kind === "list" && matches(check, pattern.of, body.of, bound));
    case "map":
      return body.kind === "never" || (body.kind === "map" && matches(check, pattern.of, body.of, bound));
    case "var": {
      if (!allowed(pattern.name, body)) return false;
      const known = bound.get(pattern.name);
      const joined = known === undefined ? type : join(known, type, check.types);
      if (joined === null) return false;
      bound.set(pattern.name, joined);
      return true;
    }
  }
}

function allowed(variable: "T" | "N" | "O", body: Type): boolean {
  if (variable === "T" || body.kind === "error" || body.kind === "never") return true;
  const number = /^(int|float|duration|size|percent|money)$/.test(body.kind);
  return number || (variable === "O" && (body.kind === "string" || body.kind === "union"));
}

/** A pattern without variables as a type, or null. */
function fixed(pattern: Pattern): Type | null {
  if (pattern.kind === "type") return pattern.type;
  if (pattern.kind === "var") return null;
  const of = fixed(pattern.of);
  return of === null ? null : { kind: pattern.kind, of };
}

function substitute(pattern: Pattern, bound: Bound): Type {
  switch (pattern.kind) {
    case "type":
      return pattern.type;
    case "var":
      return bound.get(pattern.name) ?? neverType;
    default:
      return { kind: pattern.kind, of: substitute(pattern.of, bound) };
  }
}

function withErrors(pattern: Pattern): Type {
  if (pattern.kind === "type") return pattern.type;
  return pattern.kind === "var" ? errorType : { kind: pattern.kind, of: withErrors(pattern.of) };
}

// What to say

function tellMisplaced(check: Check, builtin: Builtin, callee: Name, scope: Scope): boolean {
  if (builtin.inReturn && scope.where.returnOf === null) {
    const hint =
      builtin.name === "files"
        ? 'Elsewhere, `glob("*.md")` gives the project\'s files.'
        : `Elsewhere, a literal path is a ${builtin.name} by itself where one is needed.`;
    const idle = taskWithoutAction(scope);
    const label =
      idle === null
        ? `\`${builtin.name}(…)\` means something only in a task's \`return\``
        : `\`${builtin.name}(…)\` is for what an action has made, and \`${idle}\` has none`;
    tell(check, misplacedCall(at(scope, callee), label, hint));
    return true;
  }
  if (builtin.disk && scope.where.noDisk !== null) {
    const hint = "It must be known without looking at any file.";
    tell(
      check,
      misplacedCall(at(scope, callee), `\`${builtin.name}(…)\` cannot stand in ${scope.where.noDisk}`, hint),
    );
    return true;
  }
  return false;
}

/** Built-ins take arguments by position. */
function tellNames(check: Check, call: Call, builtin: Builtin, scope: Scope): boolean {
  const named = call.args.find((arg) => arg.name !== null);
  if (named === undefined || named.name === null) return false;
  const span = { start: named.span.start, end: named.value.span.start };
  const fix = call.args.length === 1 ? replace("Remove the name", span, "") : null;
  const label = `\`${builtin.name}\` takes its arguments by position`;
  tell(check, unknownArgument(at(scope, named.name), label, forms(builtin.signatures), fix, null));
  return true;
}

function forms(signatures: readonly Signature[]): string {
  return `Call it like this: ${signatures.map(({ text }) => `\`${text}\``).join(", or ")}.`;
}

function tellCount(check: Check, call: Call, builtin: Builtin, scope: Scope): void {
  const counts = builtin.signatures.map(({ params }) => params.length);
  const text = builtin.signatures.map((signature) => signature.text).join("` or `");
  const last = call.args.at(-1);
  if (call.args.length < Math.min(...counts)) {
    const shortest = builtin.signatures.find(({ params }) => params.length === Math.min(...counts));
    const names = (shortest?.params ?? []).slice(call.args.length).map(({ name }) => name);
    tell(check, missingArgument(at(scope, call), names, builtin.name, null, text));
    return;
  }
  const place = at(scope, last ?? call);
  const label = `\`${builtin.name}\` takes no further argument`;
  tell(check, unknownArgument(place, label, forms(builtin.signatures), null, null));
}

function tellArgument(
  check: Check,
  call: Call,
  types: readonly Type[],
  arity: readonly Signature[],
  scope: Scope,
): void {
  // The signature that comes furthest is the one that was meant.
  let best = { signature: arity[0], wrong: -1 };
  for (const signature of arity) {
    const bound: Bound = new Map();
    const wrong = signature.params.findIndex(
      (param, i) => !accepts(check, param.type, call.args[i], types[i], bound),
    );
    if (wrong > best.wrong) best = { signature, wrong };
  }
  const arg = call.args[best.wrong];
  const type = types[best.wrong];
  const param = best.signature?.params[best.wrong];
  if (arg === undefined || type === undefined || param === undefined) return;
  const place = at(scope, arg.value);
  const wants = arity
    .map((signature) => signature.params[best.wrong]?.type)
    .filter((one) => one !== undefined);
  if (mayBeNone(type)) {
    tellNone(check, arg.value, type, scope, `this is \`${show(type)}\`: it may be \`none\``);
    return;
  }
  if (type.kind === "json") {
    tell(
      check,
      undecodedJson(place, "this is `json`; what it holds is not known yet", written(scope, arg.value), null),
    );
    return;
  }
  const name = written(scope, arg.value) ?? "x";
  const hint = forms(arity);
  const body = expand(type, check.types);
  if (wants.every(({ kind }) => kind === "list") && body.kind !== "list") {
    const more = body.kind === "map" ? `\`keys(${name})\` and \`values(${name})\` are lists.` : hint;
    tell(check, notAList(place, `this is ${said(type, check.types)}, but a list is needed`, more));
    return;
  }
  const fixedType = wants.length === 1 && wants[0] !== undefined ? fixed(wants[0]) : null;
  if (fixedType !== null) {
    check.fit(arg.value, fixedType, scope, null);
    return;
  }
  tell(check, typeMismatch(place, `${said(type, check.types)} does not fit \`${param.name}\``, null, hint));
}
