// What each file's names mean: its own declarations and what it imports, and the types that it declares.

import type {
  Constant,
  Declaration,
  Flow,
  Import,
  Place,
  Task,
  TypeDeclaration,
  Word,
} from "../grammar/ast.ts";
import type { Diagnostic } from "../grammar/diagnostic.ts";
import type { Span } from "../grammar/source.ts";
import { walk } from "../grammar/walk.ts";
import { builtins, laterBuiltins, settingCalls } from "./builtins.ts";
import { findCircles } from "./cycles.ts";
import { duplicateName, recursiveConstant, unknownExport } from "./errors-names.ts";
import type { Loaded } from "./modules.ts";
import type { Module } from "./program.ts";
import type { Nearest } from "./suggest.ts";

/** A declared thing as one file sees it. */
export interface Entry<D> {
  readonly declaration: D;
  readonly home: Home;
  /** The word in an `import` that brought it; null in the file that declares it. */
  readonly via: Word | null;
}

/** One file with its names. Values, callables, types and places are separate name spaces. */
export interface Home {
  readonly module: Module;
  readonly folder: string;
  readonly broken: boolean;
  readonly values: Map<string, Entry<Constant>>;
  readonly callables: Map<string, Entry<Task | Flow>>;
  readonly types: Map<string, Entry<TypeDeclaration>>;
  readonly places: Map<string, Entry<Place>>;
  readonly imports: { readonly node: Import; readonly word: Word }[];
  /** Names that a failed import should have brought, as written and as suggested: told at the import. */
  readonly unresolved: Set<string>;
}

export interface Names {
  readonly homes: readonly Home[];
  /** Plan-wide unique names. */
  readonly nameOf: ReadonlyMap<Task | Flow, string>;
  readonly typeName: ReadonlyMap<TypeDeclaration, string>;
}

/** Reads all declarations and imports; tells names that are there twice and exports that are not there. */
export function resolveNames(
  modules: readonly Loaded[],
  nearest: Nearest,
): { readonly names: Names; readonly diagnostics: readonly Diagnostic[] } {
  const diagnostics: Diagnostic[] = [];
  const homeOf = new Map<Loaded, Home>();
  for (const loaded of modules) homeOf.set(loaded, declare(loaded, diagnostics));
  for (const loaded of modules) {
    const home = homeOf.get(loaded);
    if (home === undefined) continue;
    for (const { node, to } of loaded.imports) {
      const other = to === null ? null : (homeOf.get(to) ?? null);
      for (const word of node.names) importName(home, node, word, other, nearest, diagnostics);
    }
  }
  const homes = [...homeOf.values()];
  return { names: { homes, ...uniqueNames(homes) }, diagnostics };
}

function declare(loaded: Loaded, diagnostics: Diagnostic[]): Home {
  const home: Home = {
    module: loaded.module,
    folder: loaded.folder,
    broken: loaded.broken,
    values: new Map(),
    callables: new Map(),
    types: new Map(),
    places: new Map(),
    imports: [],
    unresolved: new Set(),
  };
  for (const declaration of loaded.module.file.declarations) {
    if (declaration.kind === "test") continue;
    const source = loaded.module.file.source;
    const at = { source, span: declaration.name.span };
    const name = declaration.name.text;
    const first = declaredAs(home, declaration.kind, name);
    if (first !== undefined) {
      const firstAt = { source, span: first.declaration.name.span };
      diagnostics.push(duplicateName(at, name, `the ${word(first.declaration)}`, firstAt, null));
      continue;
    }
    if (
      isCallable(declaration) &&
      (builtins.has(name) || laterBuiltins.has(name) || settingCalls.has(name))
    ) {
      const hint = `\`${name}\` is a built-in function: choose another name.`;
      diagnostics.push(duplicateName(at, name, "the built-in", null, hint));
    }
    put(home, declaration, home, null);
  }
  return home;
}

function isCallable(declaration: Declaration): declaration is Task | Flow {
  return declaration.kind === "task" || declaration.kind === "flow";
}

/** A declaration's kind in words. */
export function word(declaration: Declaration): string {
  return declaration.kind === "place" ? declaration.place : declaration.kind;
}

function declaredAs(
  home: Home,
  kind: Declaration["kind"],
  name: string,
): Entry<Declaration & { name: Word }> | undefined {
  switch (kind) {
    case "constant":
      return home.values.get(name);
    case "type":
      return home.types.get(name);
    case "place":
      return home.places.get(name);
    case "task":
    case "flow":
      return home.callables.get(name);
    case "test":
      return undefined;
  }
}

function put(home: Home, declaration: Declaration, from: Home, via: Word | null): void {
  if (declaration.kind === "test") return;
  const name = via?.text ?? declaration.name.text;
  if (declaration.kind === "constant") home.values.set(name, { declaration, home: from, via });
  else if (declaration.kind === "type") home.types.set(name, { declaration, home: from, via });
  else if (declaration.kind === "place") home.places.set(name, { declaration, home: from, via });
  else home.callables.set(name, { declaration, home: from, via });
}

/** What a file declares under a name, in each name space. */
function ownNamed(home: Home, name: string): readonly Exclude<Declaration, { readonly kind: "test" }>[] {
  const spaces = [home.values, home.callables, home.types, home.places];
  return spaces.flatMap((space) => {
    const entry = space.get(name);
    return entry === undefined || entry.via !== null ? [] : [entry.declaration];
  });
}

function importName(
  home: Home,
  node: Import,
  name: Word,
  from: Home | null,
  nearest: Nearest,
  diagnostics: Diagnostic[],
): void {
  if (from === home) return;
  home.imports.push({ node, word: name });
  if (from === null) {
    home.unresolved.add(name.text);
    return;
  }
  const own = ownNamed(from, name.text);
  const at = { source: home.module.file.source, span: name.span };
  if (own.length === 0) {
    home.unresolved.add(name.text);
    if (from.broken) return;
    const exported = from.module.file.declarations.flatMap((d) => (d.kind === "test" ? [] : [d.name.text]));
    const path = from.module.file.source.path;
    const near = nearest(name.text, exported);
    if (near !== null) home.unresolved.add(near);
    // Each goes through the file once: a bound, for a file with hundreds of such names.
    const uses = diagnostics.length < 20 ? usesOf(home, name.text) : [];
    diagnostics.push(unknownExport(at, name.text, path, near, exported, uses));
    return;
  }
  for (const declaration of own) {
    const first = declaredAs(home, declaration.kind, name.text);
    if (first !== undefined && first.declaration !== declaration) {
      const span = first.via?.span ?? first.declaration.name.span;
      const where = { source: home.module.file.source, span };
      diagnostics.push(duplicateName(at, name.text, `the ${word(first.declaration)}`, where, null));
      return;
    }
    if (first !== undefined && first.via !== null) {
      const where = { source: home.module.file.source, span: first.via.span };
      diagnostics.push(duplicateName(at, name.text, "the imported", where, "Import it once."));
      return;
    }
    put(home, declaration, from, name);
  }
}

/** Where a file mentions a name as a value, a callable or a type. */
function usesOf(home: Home, name: string): readonly Span[] {
  const spans: Span[] = [];
  for (const declaration of home.module.file.declarations)
    walk(declaration, (node) => {
      if ((node.kind === "name" || node.kind === "named") && node.name === name) spans.push(node.span);
    });
  return spans;
}

function uniqueNames(homes: readonly Home[]): Pick<Names, "nameOf" | "typeName"> {
  const nameOf = new Map<Task | Flow, string>();
  const typeName = new Map<TypeDeclaration, string>();
  const counts = new Map<string, number>();
  const unique = (space: string, name: string) => {
    const count = (counts.get(space + name) ?? 0) + 1;
    counts.set(space + name, count);
    return count === 1 ? name : `${name}~${count}`;
  };
  for (const home of homes) {
    for (const { declaration, via } of home.callables.values())
      if (via === null) nameOf.set(declaration, unique("()", declaration.name.text));
    for (const { declaration, via } of home.types.values())
      if (via === null) typeName.set(declaration, unique("T:", declaration.name.text));
  }
  return { nameOf, typeName };
}

/** Every constant after the ones it mentions. Circles are told once; the constants in them keep some order. */
export function constantOrder(homes: readonly Home[]): {
  readonly order: readonly Entry<Constant>[];
  readonly circular: ReadonlySet<Constant>;
  readonly diagnostics: readonly Diagnostic[];
} {
  const own = homes.flatMap((home) => [...home.values.values()].filter((entry) => entry.via === null));
  const entryOf = new Map(own.map((entry) => [entry.declaration, entry]));
  const needs = (entry: Entry<Constant>): readonly Entry<Constant>[] => {
    const found: Entry<Constant>[] = [];
    walk(entry.declaration.value, (node) => {
      if (node.kind !== "name") return;
      const target = entry.home.values.get(node.name)?.declaration;
      const needed = target === undefined ? undefined : entryOf.get(target);
      if (needed !== undefined) found.push(needed);
    });
    return found;
  };
  const { order, circles } = findCircles(own, needs);
  const circular = new Set(circles.flatMap((circle) => circle.map((entry) => entry.declaration)));
  const diagnostics = circles.flatMap((circle) => {
    const first = circle[0];
    if (first === undefined) return [];
    const chain = [...circle, first].map((entry) => entry.declaration.name.text);
    const at = { source: first.home.module.file.source, span: first.declaration.name.span };
    return [recursiveConstant(at, chain)];
  });
  return { order, circular, diagnostics };
}
