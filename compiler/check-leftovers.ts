// What is seen once all is checked: imports and declarations that nobody uses, names in the wrong case.

import type { Param, Word } from "../grammar/ast.ts";
import type { Fix } from "../grammar/diagnostic.ts";
import type { Span } from "../grammar/source.ts";
import { at, type Check, isLowerSnake, isUpperCamel, type Miscased, tell } from "./check-state.ts";
import { nameCase, unusedDeclaration, unusedImport } from "./errors-names.ts";
import { withoutImport } from "./modules.ts";
import type { Ref } from "./program.ts";
import { type Home, word as wordOf } from "./resolve.ts";

export function tellUnusedNames(check: Check, homes: readonly Home[]): void {
  for (const home of homes) {
    tellUnusedImports(check, home);
  }
  tellCases(check, homes);
  const [entry] = homes;
  if (entry !== undefined) tellUnusedDeclarations(check, entry);
}

function tellUnusedImports(check: Check, home: Home): void {
  const { file } = home.module;
  for (const { node, word } of home.imports) {
    const spaces = [home.values, home.callables, home.types, home.places];
    // One that brings nothing has been told.
    const brings = spaces.some((space) => space.get(word.text)?.via === word);
    if (!brings || check.used.has(word)) continue;
    const fix: Fix = { title: "Remove it", edits: [{ span: withoutImport(file, node, word), text: "" }] };
    tell(check, unusedImport(at({ home }, word), word.text, fix));
  }
}

/** Only in a file with a `main`: others may be there to be imported from. */
function tellUnusedDeclarations(check: Check, home: Home): void {
  const { declarations } = home.module.file;
  if (home.callables.get("main")?.declaration.kind !== "flow") return;
  for (const declaration of declarations) {
    if (declaration.kind === "flow" || declaration.kind === "test") continue;
    if (check.used.has(declaration) || declaration.name.text.startsWith("_")) continue;
    // A second one of its name cannot be used; that has been told.
    const spaces = [home.values, home.callables, home.types, home.places];
    if (!spaces.some((space) => space.get(declaration.name.text)?.declaration === declaration)) continue;
    tell(
      check,
      unusedDeclaration(at({ home }, declaration.name), wordOf(declaration), declaration.name.text),
    );
  }
}

// Names in the wrong case

function tellCases(check: Check, homes: readonly Home[]): void {
  for (const home of homes) {
    for (const declaration of home.module.file.declarations) {
      if (declaration.kind === "test") continue;
      const type = declaration.kind === "type";
      const { name } = declaration;
      if (type ? isUpperCamel(name.text) : isLowerSnake(name.text)) continue;
      check.miscased.set(name, { home, what: `the ${wordOf(declaration)}`, definition: declaration, type });
    }
  }
  for (const [word, miscased] of check.miscased) {
    const right = miscased.type ? camel(word.text) : snake(word.text);
    if (right === word.text) continue;
    const fix = caseFix(check, homes, word, miscased, right);
    tell(check, nameCase(at(miscased, word), word.text, right, miscased.what, fix));
  }
}

function snake(text: string): string {
  return text
    .replace(/([a-z0-9])([A-Z])/g, "$1_$2")
    .replace(/([A-Z]+)([A-Z][a-z])/g, "$1_$2")
    .toLowerCase();
}

function camel(text: string): string {
  const joined = text
    .split("_")
    .filter((part) => part !== "")
    .map((part) => part.slice(0, 1).toUpperCase() + part.slice(1))
    .join("");
  return isUpperCamel(joined) ? joined : `T${joined}`;
}

/** Renames it here and wherever this file uses it; null where other files or calls would have to change too. */
function caseFix(
  check: Check,
  homes: readonly Home[],
  word: Word,
  { definition, home, type }: Miscased,
  right: string,
): Fix | null {
  if (definition === null || new RegExp(`\\b${right}\\b`).test(home.module.file.source.text)) return null;
  const { text } = word;
  if (homes.some((other) => other !== home && other.imports.some((brought) => brought.word.text === text)))
    return null;
  const spans: Span[] = [word.span];
  if (type) {
    for (const use of check.typeUses) if (use.declaration === definition) spans.push(use.at.span);
    for (const [name] of check.pass.refs) if ("name" in name && name.name === text) spans.push(name.span);
  } else {
    for (const [name, ref] of check.pass.refs) {
      if (definitionOf(ref) !== definition) continue;
      if ("name" in name && check.pass.shortNames.has(name)) return null;
      spans.push(name.span);
    }
    if (isParam(definition) && isNamedInCalls(check, definition)) return null;
  }
  const edits = [...new Map(spans.map((span) => [span.start, span])).values()].sort(
    (a, b) => a.start - b.start,
  );
  return { title: `Rename it to \`${right}\``, edits: edits.map((span) => ({ span, text: right })) };
}

function isParam(definition: object): definition is Param {
  return "type" in definition && "value" in definition && "name" in definition && !("kind" in definition);
}

function isNamedInCalls(check: Check, param: Param): boolean {
  for (const given of check.pass.argsOf.values()) if (given.has(param.name.text)) return true;
  return false;
}

function definitionOf(ref: Ref): object | null {
  switch (ref.kind) {
    case "param":
      return ref.param;
    case "binding":
      return ref.binding;
    case "item":
      return ref.index === 0 ? ref.loop : null;
    case "constant":
      return ref.constant;
    case "task":
      return ref.task;
    case "flow":
      return ref.flow;
    default:
      return null;
  }
}
