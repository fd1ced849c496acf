// What the parts of the checker share: the tables they fill, scopes, and the ways into each other.

import type {
  Block,
  Call,
  Constant,
  Declaration,
  Expr,
  Field,
  Flow,
  Name,
  Node,
  Setting,
  Task,
  TypeDeclaration,
  TypeExpr,
  Word,
} from "../grammar/ast.ts";
import type { Diagnostic, Related } from "../grammar/diagnostic.ts";
import type { Span } from "../grammar/source.ts";
import type { Folded } from "./constant.ts";
import type { At } from "./errors.ts";
import type { Host } from "./host.ts";
import type { Ref } from "./program.ts";
import type { Home } from "./resolve.ts";
import type { SettingOwner } from "./settings.ts";
import type { Nearest } from "./suggest.ts";
import type { Type } from "./types.ts";

/** What one pass over a piece of the program finds out. A trial pass has tables of its own, thrown away. */
export interface Pass {
  readonly diagnostics: Diagnostic[];
  readonly typeOf: Map<Expr, Type>;
  readonly fittedTo: Map<Expr, Type>;
  readonly refs: Map<Name | Word, Ref>;
  readonly argsOf: Map<Call, ReadonlyMap<string, Expr>>;
  readonly makesNode: Set<Expr>;
  /** Names that stand for a field or parameter of the same name (`{ crate }`, `build(crate)`): not renamed by fixes. */
  readonly shortNames: Set<Name>;
  /** Names that a declaration uses and nothing makes: perhaps a parameter that was forgotten or misspelt. */
  readonly holes: Map<Declaration, Set<string>>;
  /** Diagnostics of arguments (by index) that such a hole explains; `name` null: any hole of the declaration. */
  readonly blamed: {
    readonly index: number;
    readonly declaration: Declaration;
    readonly name: string | null;
  }[];
  /** The first place where a word was told to be unknown; see `tellUnknownWord`. */
  readonly unknown: Map<string, number>;
  /** Calls of flows by flows, for circles. */
  readonly flowCalls: { readonly from: Flow; readonly to: Flow; readonly at: At }[];
}

export function newPass(): Pass {
  return {
    diagnostics: [],
    typeOf: new Map(),
    fittedTo: new Map(),
    refs: new Map(),
    argsOf: new Map(),
    makesNode: new Set(),
    shortNames: new Set(),
    holes: new Map(),
    blamed: [],
    unknown: new Map(),
    flowCalls: [],
  };
}

/** A name inside a declaration: a parameter, a binding, a loop variable. */
export interface Local {
  readonly name: string;
  readonly span: Span;
  readonly ref: Ref | null;
  readonly type: Type;
  readonly what: "parameter" | "value" | "node" | "loop variable" | "name" | "phase" | "gate";
  used: boolean;
}

/** What may be written at a place. */
export interface Where {
  /** Null: calls of tasks and flows may stand here. Else the place in words: "a string", "a setting". */
  readonly noNodes: string | null;
  /** Null: files may be read here. Else the place in words. */
  readonly noDisk: string | null;
  /** The task in whose `return` this is: there `stdout` and `file(…)` mean something. */
  readonly returnOf: Task | null;
  /** In a handler, where `rollback()` means something. */
  readonly inHandler?: boolean;
}

/** What a block knows of names that may not be used here. */
export interface BlockNames {
  /** Made further down. */
  readonly later: Map<string, Word>;
  /** What its names stand for. */
  readonly nodes: Map<string, Node>;
  /** Of `later`, those used too early: told, so not unused as well. */
  readonly early: Set<string>;
  /** Made in blocks inside this one that have ended. */
  readonly ended: Map<string, Span>;
}

export interface Scope {
  readonly home: Home;
  readonly parent: Scope | null;
  readonly names: Map<string, Local>;
  /** Of a block's own scope; null for one around a header, a branch or a setting. */
  readonly block: BlockNames | null;
  /** Types of paths (`x`, `x.field`) known better here: `if x != none`. */
  readonly narrowed: ReadonlyMap<string, Type> | null;
  readonly where: Where;
  /** The declaration all of this belongs to. */
  readonly inside: Declaration;
  /** The name whose value is being checked, for `x = f(x)`. */
  making: Word | null;
}

/** A name that is written as names of its kind are not. */
export interface Miscased {
  readonly home: Home;
  readonly what: string;
  /** What refers to it; null if renaming it is not safe. */
  readonly definition: object | null;
  readonly type: boolean;
}

export interface Check {
  readonly host: Host;
  /** The kind of place that is asked for in place of each runner's first. */
  readonly on: string | null;
  readonly nearest: Nearest;
  readonly types: Map<string, Type>;
  readonly folded: Folded;
  readonly constantTypes: Map<Constant, Type>;
  readonly typeName: ReadonlyMap<TypeDeclaration, string>;
  readonly typeOfExpr: Map<TypeExpr, Type>;
  readonly nameOf: ReadonlyMap<Task | Flow, string>;
  /** Defaults of fields, checked when the types of constants are known. */
  readonly defaults: {
    readonly field: Field;
    readonly type: Type;
    readonly home: Home;
    readonly owner: Declaration | null;
  }[];
  /** Where declared types are named, for fixes. */
  readonly typeUses: { readonly declaration: TypeDeclaration; readonly at: At }[];
  /** Declarations whose text has a syntax error: their types agree with everything. */
  readonly broken: ReadonlySet<Declaration>;
  /** Declarations and import words that something uses. */
  readonly used: Set<Declaration | Word>;
  /** Names in the wrong case, told once all uses are known. */
  readonly miscased: Map<Word, Miscased>;
  /** Each `secret("…")` that is not where it may stand; told when all is checked. */
  readonly secrets: { readonly call: Call; readonly scope: Scope }[];
  /** What is right and cannot be carried out yet, by construct: told once each when all is checked. */
  readonly later: Map<string, Later>;
  /** Some task works in a worktree. */
  worktrees: boolean;
  pass: Pass;
  /** True while the passes are trials: then loops inside do not make trials of their own. */
  trial: boolean;

  // The ways of the parts into each other.
  readonly infer: (expr: Expr, scope: Scope) => Type;
  readonly fit: (expr: Expr, to: Type, scope: Scope, cause: Related | null) => void;
  /** Checks a block's statements; its value's type and the expression that gives it. `behind` sees its names. */
  readonly block: (
    block: Block,
    scope: Scope,
    wanted: boolean,
    behind?: (scope: Scope) => void,
  ) => BlockValue;
  readonly settings: (settings: readonly Setting[], owner: SettingOwner, scope: Scope) => void;
  readonly node: (node: Node, scope: Scope, wanted: boolean) => Type;
  readonly ifOrLoop: (
    expr: Extract<Expr, { kind: "if" | "for" | "repeat" }>,
    scope: Scope,
    wanted: boolean,
  ) => Type;
  readonly resolve: (type: TypeExpr, home: Home, owner: Declaration | null) => Type;
}

export interface BlockValue {
  readonly type: Type;
  /** Null: the block has no value. */
  readonly node: Node | null;
  /** The scope inside the block, after its last statement. */
  readonly scope: Scope;
  /** Some statement makes a node. */
  readonly makes: boolean;
}

/** A construct of the language that this version cannot carry out. */
export interface Later {
  /** How it is called: "the setting `cache`". */
  readonly construct: string;
  readonly places: readonly At[];
  /** One of its uses is wrong: that comes first. */
  readonly wrong: boolean;
}

export const anywhere: Where = { noNodes: null, noDisk: null, returnOf: null };

export function at(scope: { readonly home: Home }, node: { readonly span: Span }): At {
  return { source: scope.home.module.file.source, span: node.span };
}

export function tell(check: Check, diagnostic: Diagnostic): void {
  check.pass.diagnostics.push(diagnostic);
}

/** One of a construct's uses is wrong: that is told first, and not that it cannot be carried out yet. */
export function markWrong(check: Check, key: string): void {
  const noted = check.later.get(key) ?? { construct: key, places: [], wrong: true };
  check.later.set(key, { ...noted, wrong: true });
}

/** Notes a construct that cannot be carried out yet; `key` tells constructs apart. */
export function noteLater(check: Check, key: string, construct: string, place: At, wrong: boolean): void {
  if (check.trial) return;
  const noted = check.later.get(key);
  const places = [...(noted?.places ?? []), place].slice(0, placesMax);
  check.later.set(key, { construct, places, wrong: wrong || noted?.wrong === true });
}

/**
 * Tells of an unknown word once for each `key`: a name misspelt where it is made is unknown in many places, and is
 * one mistake. Further places are shown beside the first; its fix mends them all. Gives the diagnostic's index.
 */
export function tellUnknownWord(check: Check, key: string, diagnostic: Diagnostic): number {
  const { diagnostics, unknown } = check.pass;
  const place = `${diagnostic.source.path}\n${diagnostic.code}\n${key}`;
  const index = unknown.get(place);
  const first = index === undefined ? undefined : diagnostics[index];
  if (index === undefined || first === undefined) {
    unknown.set(place, diagnostics.length);
    return diagnostics.push(diagnostic) - 1;
  }
  const { source, span, fix } = diagnostic;
  const edits = [...(first.fix?.edits ?? []), ...(fix?.edits ?? [])];
  const related =
    first.related.length < relatedMax
      ? [...first.related, { source, span, label: "and here" }]
      : first.related;
  // A long list is not copied again for each of its places.
  if (edits.length > editsMax) return index;
  diagnostics[index] = {
    ...first,
    related,
    ...(first.fix === undefined ? {} : { fix: { ...first.fix, edits } }),
  };
  return index;
}

/** Leaves out what is said about arguments, where the called task or flow itself lacks a name. */
export function withoutBlamed({ diagnostics, blamed, holes }: Pass): readonly Diagnostic[] {
  const explained = new Set<number>();
  for (const { index, declaration, name } of blamed) {
    const names = holes.get(declaration);
    if (names !== undefined && (name === null || names.has(name))) explained.add(index);
  }
  return explained.size === 0 ? diagnostics : diagnostics.filter((_, index) => !explained.has(index));
}

/** More places of one construct are not shown. */
const placesMax = 4;
const relatedMax = 3;
const editsMax = 200;

export function rootScope(home: Home, inside: Declaration, where: Where): Scope {
  return {
    home,
    parent: null,
    names: new Map(),
    block: null,
    narrowed: null,
    where,
    inside,
    making: null,
  };
}

export function innerScope(
  scope: Scope,
  change: { where?: Where; narrowed?: ReadonlyMap<string, Type> | null } = {},
): Scope {
  return {
    home: scope.home,
    parent: scope,
    names: new Map(),
    block: null,
    narrowed: change.narrowed ?? null,
    where: change.where ?? scope.where,
    inside: scope.inside,
    making: null,
  };
}

/** The scope of a block's statements. */
export function blockScope(outer: Scope): Scope {
  return {
    ...innerScope(outer),
    block: { later: new Map(), nodes: new Map(), early: new Set(), ended: new Map() },
  };
}

/** The scope for a place where no node may stand. */
export function without(scope: Scope, noNodes: string): Scope {
  return scope.where.noNodes !== null ? scope : innerScope(scope, { where: { ...scope.where, noNodes } });
}

export function local(scope: Scope, name: string): Local | null {
  for (let at: Scope | null = scope; at !== null; at = at.parent) {
    const found = at.names.get(name);
    if (found !== undefined) return found;
  }
  return null;
}

export function constantLookup(home: Home, members: (name: string) => readonly string[] | null) {
  return (name: string): Constant | { readonly members: readonly string[] } | undefined => {
    const constant = home.values.get(name)?.declaration;
    if (constant !== undefined) return constant;
    const union = members(name);
    return union === null ? undefined : { members: union };
  };
}

/** The source as written, if it is short and on one line; for hints. */
export function written(scope: Scope, node: { readonly span: Span }): string | null {
  const text = scope.home.module.file.source.text.slice(node.span.start, node.span.end);
  return text.length > 40 || text.includes("\n") ? null : text;
}

export function isLowerSnake(name: string): boolean {
  return /^_?[a-z][a-z0-9_]*$/.test(name);
}

export function isUpperCamel(name: string): boolean {
  return /^[A-Z][A-Za-z0-9]*$/.test(name);
}
