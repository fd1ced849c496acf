// Complaints and the written types behind them: several that one type explains become one; a lone one shows where its types stand.

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
  "missing-file",
]);

/** With more complaints than this a person mends one and looks again; each written type is tried, which takes time. */
const complaintsMax = 20;
const typesMax = 100;
const lettersMax = 50_000;

/** One for what is given, one for what is needed. */
const typesShownMax = 2;
const triedMax = 10;

interface Written {
  readonly type: TypeExpr;
  readonly source: Related["source"];
  /** Of the type that it is a part of: `string` of `string[]?`. */
  readonly whole: Span;
  /** Whose type it is. */
  readonly says: string;
}

/** `without` gives what is left to complain about if a written type agreed with everything. */
export function withOneCause(
  diagnostics: readonly Diagnostic[],
  modules: readonly Module[],
  without: (type: TypeExpr) => readonly Diagnostic[],
): readonly Diagnostic[] {
  const complaints = diagnostics.filter(
    ({ severity, code }) => severity === "error" && explainable.has(code),
  );
  if (complaints.length === 0 || complaints.length > complaintsMax) return diagnostics;
  const letters = modules.reduce((sum, { file }) => sum + file.source.text.length, 0);
  if (letters > lettersMax) return diagnostics;
  const written = modules.flatMap(({ file }) => typesIn(file));
  if (written.length > typesMax) return diagnostics;
  const before = new Set(diagnostics.map(placeOf));
  const [only] = complaints;
  if (only !== undefined && complaints.length === 1)
    return diagnostics.map((one) => (one === only ? withTypes(one, written, without) : one));
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

/** A lone complaint with the types that it is about, where they are written on a line that it does not show yet. */
function withTypes(
  complaint: Diagnostic,
  written: readonly Written[],
  without: (type: TypeExpr) => readonly Diagnostic[],
): Diagnostic {
  const words = new Set(complaint.label.match(/\w+/g) ?? []);
  if (complaint.code === "missing-file") for (const word of ["file", "dir"]) words.add(word);
  const place = placeOf(complaint);
  const shown = new Set([complaint, ...complaint.related].map(lineOf));
  const found: Related[] = [];
  let tried = 0;
  for (const { type, source, whole, says } of written) {
    const text = textOf(source, type.span);
    const related = { source, span: whole, label: says };
    // Only what may be none is the reason that something may be.
    if (complaint.code === "maybe-none" && !textOf(source, whole).endsWith("?")) continue;
    if (!words.has(text) || shown.has(lineOf(related)) || found.length === typesShownMax) continue;
    if (++tried > triedMax) break;
    const left = without(type).filter(({ severity }) => severity === "error");
    if (left.some((one) => placeOf(one) === place)) continue;
    shown.add(lineOf(related));
    found.push(related);
  }
  return { ...complaint, related: [...complaint.related, ...found] };
}

function lineOf({ source, span }: Pick<Related, "source" | "span">): string {
  return `${source.path} ${source.text.slice(0, span.start).split("\n").length}`;
}

function placeOf({ code, source, span }: Diagnostic): string {
  return `${code} ${source.path} ${span.start}`;
}

/** Written types that are a name: lists and records of them agree with what these do. */
function typesIn({ source, ...file }: Module["file"]): readonly Written[] {
  const found = new Map<TypeExpr, Written>();
  // What is inside another is met later, and says more.
  const add = (type: TypeExpr, whose: string) =>
    walk(type, (node) => {
      if (node.kind === "named")
        found.set(node, {
          type: node,
          source,
          whole: type.span,
          says: `${whose} \`${textOf(source, type.span)}\``,
        });
    });
  walk({ source, ...file }, (node) => {
    if (node.kind === "named" && !found.has(node)) add(node, "here it is");
    if (node.kind === "record") for (const field of node.fields) add(field.type, `\`${field.name.text}\` is`);
    if (node.kind !== "task" && node.kind !== "flow") return;
    for (const param of node.params) add(param.type, `\`${param.name.text}\` is`);
    if (node.answer !== null) add(node.answer, `\`${node.name.text}\` answers with`);
  });
  return [...found.values()];
}

function textOf({ text }: Related["source"], { start, end }: Span): string {
  return text.slice(start, end);
}
