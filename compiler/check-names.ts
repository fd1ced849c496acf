// Looking up names of values and callables, and what to say when there is none.

import type { Declaration, Flow, Name, Task, Word } from "../grammar/ast.ts";
import type { Related } from "../grammar/diagnostic.ts";
import type { Span } from "../grammar/source.ts";
import { builtins, laterBuiltins } from "./builtins.ts";
import { toldAsDeadlock } from "./check-early.ts";
import { at, type Check, type Local, local, type Scope, tell, tellUnknownWord } from "./check-state.ts";
import { type At, didYouMean } from "./errors.ts";
import { notYet } from "./errors-calls.ts";
import { misplaced } from "./errors-flows.ts";
import { unknownName, usedBeforeDefinition } from "./errors-names.ts";
import { notCallable } from "./errors-types.ts";
import type { Ref } from "./program.ts";
import { type Entry, word } from "./resolve.ts";
import { errorType, intType, listOf, scalar, stringType } from "./type-ops.ts";
import type { Type } from "./types.ts";

type Named = Name | Word;

function textOf(name: Named): string {
  return "text" in name ? name.text : name.name;
}

/** The type of a value's name; told and `error` if there is none. */
export function valueType(check: Check, name: Named, scope: Scope): Type {
  const text = textOf(name);
  const found = local(scope, text);
  if (found !== null) {
    found.used = true;
    if (found.what === "phase" || found.what === "gate") return tellNoValue(check, name, found.what, scope);
    if (found.ref !== null) check.pass.refs.set(name, found.ref);
    return narrowedType(scope, text) ?? found.type;
  }
  if (toldAsLater(check, name, scope)) return errorType;
  const constant = scope.home.values.get(text);
  if (constant !== undefined) {
    use(check, constant, scope);
    const { declaration, home } = constant;
    check.pass.refs.set(name, { kind: "constant", constant: declaration, module: home.module });
    return check.constantTypes.get(declaration) ?? errorType;
  }
  const env = envType(text);
  if (env !== null && scope.where.returnOf !== null) {
    check.pass.refs.set(name, { kind: "env", name: env.name });
    return env.type;
  }
  return unionMembers(check, name, scope) ?? tellUnknown(check, name, scope);
}

function tellNoValue(check: Check, name: Named, what: "phase" | "gate", scope: Scope): Type {
  const text = textOf(name);
  const hint =
    what === "phase"
      ? "Names made in it are visible below it as they are; to wait for all of it, say `after` and its name."
      : "What stands below it runs only if it has passed: there is nothing to ask.";
  tell(check, misplaced(at(scope, name), `\`${text}\` is a ${what}, which has no value`, hint));
  return errorType;
}

/** The type of a path (`x`, `x.field`) where a condition has shown that it is not none. */
export function narrowedType(scope: Scope, path: string): Type | null {
  for (let inner: Scope | null = scope; inner !== null; inner = inner.parent) {
    const type = inner.narrowed?.get(path);
    if (type !== undefined) return type;
    if (inner.names.has(path)) return null;
  }
  return null;
}

function unionMembers(check: Check, name: Named, scope: Scope): Type | null {
  const entry = scope.home.types.get(textOf(name));
  if (entry?.declaration.body.kind !== "union") return null;
  use(check, entry, scope);
  const unique = check.typeName.get(entry.declaration) ?? "";
  const body = check.types.get(unique);
  if (body?.kind !== "union") return errorType;
  check.pass.refs.set(name, { kind: "members", members: body.members });
  return listOf({ kind: "named", name: unique });
}

/** Notes that a declaration is used, unless by itself, and the import that brought it. */
export function use(check: Check, entry: Entry<Declaration>, scope: Scope): void {
  if (entry.declaration !== scope.inside) check.used.add(entry.declaration);
  if (entry.via !== null) check.used.add(entry.via);
}

type EnvName = Extract<Ref, { readonly kind: "env" }>["name"];

function envType(name: string): { readonly name: EnvName; readonly type: Type } | null {
  switch (name) {
    case "stdout":
    case "stderr":
      return { name, type: stringType };
    case "exit_code":
      return { name, type: intType };
    case "elapsed":
      return { name, type: scalar("duration") };
    default:
      return null;
  }
}

export function isEnvName(name: string): boolean {
  return envType(name) !== null;
}

/** True if the name is made further down in a block around this place; that is told. */
function toldAsLater(check: Check, name: Named, scope: Scope): boolean {
  const text = textOf(name);
  for (let inner: Scope | null = scope; inner !== null; inner = inner.parent) {
    const making = inner.making;
    const made = making?.text === text ? making : inner.block?.later.get(text);
    if (made === undefined || made === null) continue;
    inner.block?.early.add(text);
    if (inner.block !== null && toldAsDeadlock(check, at(scope, name), text, scope, inner.block, making))
      return true;
    tell(check, usedBeforeDefinition(at(scope, name), text, at(scope, made), made === making));
    return true;
  }
  return false;
}

/** All names of values that may stand here, the nearest first; gone through only as far as somebody looks. */
function valueNames(scope: Scope): Iterable<string> {
  return { [Symbol.iterator]: () => eachValueName(scope) };
}

function* eachValueName(scope: Scope): Generator<string> {
  for (let inner: Scope | null = scope; inner !== null; inner = inner.parent) yield* inner.names.keys();
  yield* scope.home.values.keys();
  for (const [name, { declaration }] of scope.home.types) if (declaration.body.kind === "union") yield name;
  if (scope.where.returnOf !== null) yield* ["stdout", "stderr", "exit_code", "elapsed"];
}

function tellUnknown(check: Check, name: Named, scope: Scope): Type {
  const text = textOf(name);
  const place = at(scope, name);
  if (importedNothing(scope, text)) return errorType;
  const say = (
    label: string,
    hint: string | null,
    near: string | null = null,
    seen: At | null = null,
    seenLabel = "",
  ) => {
    const holes = check.pass.holes.get(scope.inside) ?? new Set();
    check.pass.holes.set(scope.inside, holes.add(text));
    // A local is made in its declaration, anything else for the whole file.
    const where = near !== null && scope.home.values.has(near) ? "" : String(scope.inside.span.start);
    tellUnknownWord(check, `${text} ${where}`, unknownName(place, label, hint, near, seen, seenLabel));
    return errorType;
  };
  if (text === "last")
    return say(
      "`last` is known only inside a `repeat`",
      "There it is the value of the pass before, `none` in the first. The last item of a list is `last(items)`.",
    );
  const ended = endedSpan(scope, text);
  if (ended !== null)
    return say(
      `\`${text}\` stays inside the block that makes it`,
      "A block speaks only by its value: end it with the value, and give the whole a name.",
      null,
      at(scope, { span: ended }),
      "made inside this block",
    );
  const callable = scope.home.callables.get(text);
  if (callable !== undefined) {
    use(check, callable, scope);
    return say(`\`${text}\` is a ${callable.declaration.kind}; call it: \`${text}(…)\``, null);
  }
  if (builtins.has(text) && builtins.get(text)?.inReturn === false)
    return say(`\`${text}\` is a built-in function; call it: \`${text}(…)\``, null);
  if (scope.home.types.has(text))
    return say(
      `\`${text}\` is a type, not a value`,
      "Only a union's name is a value: the list of its members.",
    );
  if (isEnvName(text)) {
    const idle = taskWithoutAction(scope);
    if (idle === null) return say(`\`${text}\` is known only in a task's \`return\``, null);
    return say(`\`${text}\` is what an action leaves, and \`${idle}\` has none`, null);
  }
  const likely = wordsOfOthers(text);
  const near = likely ?? check.nearest(text, valueNames(scope));
  if (near !== null) markUsed(check, near, scope);
  return say(didYouMean(near, `nothing here is called \`${text}\``), null, near);
}

/** The name of the task around a place, if it only computes. */
export function taskWithoutAction({ inside }: Scope): string | null {
  return inside.kind === "task" && inside.action === null ? inside.name.text : null;
}

function wordsOfOthers(text: string): string | null {
  if (text === "null" || text === "nil" || text === "undefined" || text === "None") return "none";
  if (text === "True" || text === "yes") return "true";
  return text === "False" || text === "no" ? "false" : null;
}

function importedNothing(scope: Scope, name: string): boolean {
  return scope.home.unresolved.has(name);
}

function endedSpan(scope: Scope, name: string): Span | null {
  for (let inner: Scope | null = scope; inner !== null; inner = inner.parent) {
    const span = inner.block?.ended.get(name);
    if (span !== undefined) return span;
  }
  return null;
}

/** A name that a suggestion offers counts as used. */
export function markUsed(check: Check, name: string, scope: Scope): void {
  const found = local(scope, name);
  if (found !== null) found.used = true;
  for (const space of [scope.home.values, scope.home.callables, scope.home.types]) {
    const entry = space.get(name);
    if (entry !== undefined) use(check, entry, scope);
  }
}

/** Where a value was made, for "it got its type here". */
export function madeAt(scope: Scope, name: Name, label: string): Related | null {
  const found = local(scope, name.name);
  if (found !== null) return { ...at(scope, found), label };
  const constant = scope.home.values.get(name.name);
  if (constant === undefined) return null;
  return { ...at(constant, constant.declaration.name), label };
}

// Callables

export type Callable =
  | { readonly kind: "declared"; readonly entry: Entry<Task | Flow> }
  | { readonly kind: "builtin"; readonly name: string };

/** What a call calls, or null: told, unless it could not be known. */
export function callee(check: Check, name: Name, scope: Scope): Callable | null {
  const entry = scope.home.callables.get(name.name);
  if (entry !== undefined) {
    use(check, entry, scope);
    // Told where it is declared; which of the two is meant, nobody knows.
    if (builtins.has(name.name)) return null;
    const { declaration, home } = entry;
    check.pass.refs.set(
      name,
      declaration.kind === "task"
        ? { kind: "task", task: declaration, module: home.module }
        : { kind: "flow", flow: declaration, module: home.module },
    );
    return { kind: "declared", entry };
  }
  if (builtins.has(name.name)) {
    check.pass.refs.set(name, { kind: "builtin", name: name.name });
    return { kind: "builtin", name: name.name };
  }
  if (laterBuiltins.has(name.name)) tell(check, notYet(at(scope, name), `\`${name.name}(…)\``));
  else tellUnknownCallee(check, name, scope);
  return null;
}

function tellUnknownCallee(check: Check, name: Name, scope: Scope): void {
  const text = name.name;
  const place = at(scope, name);
  if (importedNothing(scope, text)) return;
  const value: Local | null = local(scope, text);
  const constant = scope.home.values.get(text);
  if (value !== null || constant !== undefined) {
    if (value !== null) value.used = true;
    if (constant !== undefined) use(check, constant, scope);
    const what = value === null ? "constant" : value.what;
    tell(
      check,
      notCallable(
        place,
        `\`${text}\` is a ${what === "name" ? "value" : what}, not a task, flow or function`,
        null,
      ),
    );
    return;
  }
  const type = scope.home.types.get(text);
  if (type !== undefined) {
    use(check, type, scope);
    const hint = "A record is written with braces: `{ name: … }`; its type follows from where it goes.";
    tell(check, notCallable(place, `\`${text}\` is a ${word(type.declaration)}; it makes no values`, hint));
    return;
  }
  const near =
    likelyCallee(text) ?? check.nearest(text, [...scope.home.callables.keys(), ...builtins.keys()]);
  if (near !== null) markUsed(check, near, scope);
  const label = didYouMean(near, `there is no task, flow or function \`${text}\``);
  tellUnknownWord(check, text, unknownName(place, label, null, near, null, ""));
}

/** What other languages call our built-ins. */
function likelyCallee(name: string): string | null {
  const others: Readonly<Record<string, string>> = {
    length: "len",
    size: "len",
    count: "len",
    str: "string",
    to_string: "string",
    uniq: "unique",
    dedupe: "unique",
    concat: "flatten",
    includes: "contains",
    has: "contains",
    strip: "trim",
    to_lower: "lower",
    to_upper: "upper",
    from_json: "parse_json",
    json: "parse_json",
    sorted: "sort",
    minimum: "min",
    maximum: "max",
    read_file: "read",
    fromJSON: "parse_json",
    toJSON: "to_json",
  };
  return Object.hasOwn(others, name) ? (others[name] ?? null) : null;
}
