// What is left to say where the text itself is broken: only what cannot follow from that.

import type { Declaration } from "../grammar/ast.ts";
import type { Diagnostic } from "../grammar/diagnostic.ts";
import type { Source } from "../grammar/source.ts";
import { walk } from "../grammar/walk.ts";
import type { Loaded } from "./modules.ts";

/** Codes that a declaration lost to a syntax error may cause elsewhere in its file. */
const causedByLoss: ReadonlySet<string> = new Set([
  "unknown-name",
  "unknown-type",
  "unknown-runner",
  "not-callable",
  "missing-return",
  "no-action",
]);

/**
 * All diagnostics by module, then by place. One mistake, one diagnostic: beside syntax errors only those of the other
 * stand that are in whole declarations, which mention no broken one.
 */
export function inOrder(
  modules: readonly Loaded[],
  syntax: readonly Diagnostic[],
  meaning: readonly Diagnostic[],
  broken: ReadonlySet<Declaration>,
): readonly Diagnostic[] {
  const rank = new Map(modules.map(({ module }, index) => [module.file.source, index]));
  const order = (a: Diagnostic, b: Diagnostic) =>
    (rank.get(a.source) ?? 0) - (rank.get(b.source) ?? 0) ||
    a.span.start - b.span.start ||
    a.span.end - b.span.end;
  if (!modules.some(({ broken }) => broken)) return [...syntax, ...meaning].sort(order);
  const suspects = new Map<Source, Suspects>();
  for (const loaded of modules) suspects.set(loaded.module.file.source, suspectsIn(loaded, broken));
  const kept = meaning.filter((diagnostic) => {
    const found = suspects.get(diagnostic.source);
    if (found === undefined) return true;
    if (found.broken && (diagnostic.severity === "warning" || causedByLoss.has(diagnostic.code)))
      return false;
    const around = startingBefore(found.all, diagnostic.span.start);
    const inside = around !== null && diagnostic.span.end <= around.span.end;
    return inside ? !found.declarations.has(around) : !found.broken;
  });
  return [...syntax, ...kept].sort(order);
}

interface Suspects {
  readonly broken: boolean;
  readonly all: readonly Declaration[];
  /** Those that are broken, or mention one that is. */
  readonly declarations: ReadonlySet<Declaration>;
}

/** The last declaration that starts at an offset or before it; they stand in order of place. */
function startingBefore(declarations: readonly Declaration[], offset: number): Declaration | null {
  let low = 0;
  let high = declarations.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((declarations[middle]?.span.start ?? 0) <= offset) low = middle + 1;
    else high = middle;
  }
  return declarations[low - 1] ?? null;
}

function nameOf(declaration: Declaration): string {
  return declaration.name.text;
}

/**
 * Declarations that hold a syntax error, or stand right before one that no declaration holds: what they declare is
 * not known for sure.
 */
export function brokenDeclarations(
  modules: readonly Loaded[],
  syntax: readonly Diagnostic[],
): ReadonlySet<Declaration> {
  const broken = new Set<Declaration>();
  const fileOf = new Map(modules.map(({ module }) => [module.file.source, module.file]));
  for (const { source, span, severity } of syntax) {
    if (severity !== "error") continue;
    const before = startingBefore(fileOf.get(source)?.declarations ?? [], span.start);
    if (before !== null) broken.add(before);
  }
  return broken;
}

function suspectsIn(loaded: Loaded, broken: ReadonlySet<Declaration>): Suspects {
  const namesOf = ({ module }: Loaded) =>
    module.file.declarations.filter((each) => broken.has(each)).map(nameOf);
  const names = new Set(namesOf(loaded));
  for (const { node, to } of loaded.imports) {
    const there = new Set(to === null ? [] : namesOf(to));
    for (const { text } of node.names) if (there.has(text)) names.add(text);
  }
  const all = loaded.module.file.declarations;
  const declarations = all.filter(
    (declaration) => names.has(nameOf(declaration)) || mentions(declaration, names),
  );
  return { broken: loaded.broken, all, declarations: new Set(declarations) };
}

function mentions(declaration: Declaration, names: ReadonlySet<string>): boolean {
  if (names.size === 0) return false;
  let found = false;
  walk(declaration, (node) => {
    if ((node.kind === "name" || node.kind === "named") && names.has(node.name)) found = true;
  });
  return found;
}
