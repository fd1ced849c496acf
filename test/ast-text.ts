// An Ast as text: what it means, without places; compact enough to be read in an expected file.

import type { File } from "../grammar/ast.ts";

const PLACES = new Set(["span", "opSpan", "source", "comments"]);

/** The Ast as plain data without spans, source and comments: equal for texts that mean the same. */
export function meaning(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(meaning);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => !PLACES.has(key))
      .map(([key, inner]) => [key, meaning(inner)]),
  );
}

/** One node a line as an expression of brackets: `(task build (param crate (named Crate)))`. */
export function astText(file: File): string {
  const parts = [...file.imports, ...file.declarations];
  const doc = file.doc === null ? [] : [`(file-doc ${JSON.stringify(file.doc)})`];
  return [...doc, ...parts.map((part) => print(meaning(part), 0))].join("\n");
}

const columns = 100;

function print(value: unknown, level: number): string {
  const flat = flatText(value);
  if (flat.length + level * 2 <= columns || typeof value !== "object" || value === null) return flat;
  const inner = Array.isArray(value)
    ? value.map((one: unknown) => print(one, level + 1))
    : properties(value).map(([key, one]) =>
        key === "" ? print(one, level + 1) : `${key}=${print(one, level + 1)}`,
      );
  const [head = "", ...rest] = Array.isArray(value) ? ["", ...inner] : inner;
  const pad = "  ".repeat(level + 1);
  const [open, close] = Array.isArray(value) ? ["[", "]"] : ["(", ")"];
  return `${open}${[head, ...rest.map((one) => pad + one)].filter((one) => one !== "").join("\n")}${close}`;
}

function flatText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(flatText).join(" ")}]`;
  if (typeof value !== "object" || value === null)
    return typeof value === "string" ? JSON.stringify(value) : String(value);
  return `(${properties(value)
    .map(([key, one]) => (key === "" ? flatText(one) : `${key}=${flatText(one)}`))
    .join(" ")})`;
}

/** A node's kind first; what is null, false or empty is left out; a word is its text. */
function properties(node: object): [string, unknown][] {
  const found: [string, unknown][] = [];
  for (const [key, value] of Object.entries(node)) {
    if (value === null || value === false || (Array.isArray(value) && value.length === 0)) continue;
    if (typeof value === "object" && isWord(value)) found.push([key, value.text]);
    else found.push([key, value]);
  }
  return found;
}

function isWord(value: object): value is { readonly text: string } {
  return "text" in value && typeof value.text === "string" && Object.keys(value).length === 1;
}
