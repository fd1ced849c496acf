// Several complaints that one written type explains become one: the first of them, with the type and the other places.

import type { TypeExpr } from "../grammar/ast.ts";
import type { Diagnostic, Related } from "../grammar/diagnostic.ts";
import type { Span } from "../grammar/source.ts";
import { walk } from "../grammar/walk.ts";
import { oneCause } from "./errors-types.ts";
import type { Module } from "./program.ts";

/** Complaints that a wrong type may be the cause of. */
const explainable: ReadonlySet<string> = new Set([
  "type-mismatch",
  "bad-operands",
  "unknown-field",
  "missing-field",
  "maybe-none",
  "not-a-list",
  "undecoded-json",
  "unsafe-hole",
  "bad-setting",
]);

/** With more complaints than this a person mends one and looks again; each written type is tried, which takes time. */
const complaintsMax = 20;
const typesMax = 100;
const lettersMax = 50_000;

/** `without` gives what is left to complain about if a written type agreed with everything. */
export function withOneCause(
  diagnostics: readonly Diagnostic[],
  modules: readonly Module[],
  without: (type: TypeExpr) => readonly Diagnostic[],
): readonly Diagnostic[] {
  const complaints = diagnostics.filter(
    ({ severity, code }) => severity === "error" && explainable.has(code),
  );
  if (complaints.length < 2 || complaints.length > complaintsMax) return diagnostics;
  const letters = modules.reduce((sum, { file }) => sum + file.source.text.length, 0);
  if (letters > lettersMax) return diagnostics;
  const written = modules.flatMap(({ file }) => typesIn(file).map((type) => ({ type, source: file.source })));
  if (written.length > typesMax) return diagnostics;
  const before = new Set(diagnostics.map(placeOf));
  let best: { readonly at: Related; readonly gone: readonly Diagnostic[] } | null = null;
  for (const { type, source } of written) {
    const left = without(type).filter(({ severity }) => severity === "error");
    const places = new Set(left.map(placeOf));
    // What is new without the type would hide that it is needed.
    if ([...places].some((place) => !before.has(place))) continue;
    const gone = complaints.filter((one) => !places.has(placeOf(one)));
    if (gone.length < 2 || gone.length <= (best?.gone.length ?? 0)) continue;
    best = { at: { source, span: type.span, label: "" }, gone };
    if (gone.length === complaints.length) break;
  }
  if (best === null) return diagnostics;
  const { at, gone } = best;
  const [first, ...others] = gone;
  if (first === undefined) return diagnostics;
  return diagnostics.flatMap((one) =>
    one === first ? [oneCause(one, at, others)] : others.includes(one) ? [] : [one],
  );
}

function placeOf({ code, source, span }: Diagnostic): string {
  return `${code} ${source.path} ${span.start}`;
}

/** Written types that are a name: lists and records of them agree with what these do. */
function typesIn(file: Module["file"]): readonly (TypeExpr & { readonly span: Span })[] {
  const found: TypeExpr[] = [];
  walk(file, (node) => {
    if (node.kind === "named") found.push(node);
  });
  return found;
}
