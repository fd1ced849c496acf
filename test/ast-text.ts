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

/** Its kind first in brackets, then what it holds: `(task name: build params: [(name: crate type: Crate)])`. */
export function astText(file: File): string {
  const parts = [...file.imports, ...file.declarations];
  const doc = file.doc === null ? [] : [`(file-doc ${JSON.stringify(file.doc)})`];
  return [...doc, ...parts.map((part) => print(meaning(part), 0))].join("\n");
}

const columns = 100;

function print(value: unknown, level: number): string {
  const flat = flatText(value);
  if (flat.length + level * 2 <= columns || typeof value !== "object" || value === null) return flat;
  const pad = `\n${"  ".repeat(level + 1)}`;
  if (Array.isArray(value)) return `[${value.map((one: unknown) => pad + print(one, level + 1)).join("")}]`;
  const inner = properties(value).map(([key, one]) => `${key}: ${print(one, level + 1)}`);
  return `(${kindOf(value)}${inner.map((one) => pad + one).join("")})`;
}

function flatText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(flatText).join(" ")}]`;
  if (typeof value === "string") return /^[A-Za-z_]\w*$/.test(value) ? value : JSON.stringify(value);
  if (typeof value !== "object" || value === null) return String(value);
  if (isName(value)) return value.name;
  const inner = properties(value).map(([key, one]) => `${key}: ${flatText(one)}`);
  return `(${[kindOf(value), ...inner].filter((one) => one !== "").join(" ")})`;
}

function kindOf(node: object): string {
  return "kind" in node ? String(node.kind) : "";
}

/** What is null, false or empty is left out; a word is its text. */
function properties(node: object): [string, unknown][] {
  const found: [string, unknown][] = [];
  for (const [key, value] of Object.entries(node)) {
    if (key === "kind" || value === null || value === false || (Array.isArray(value) && value.length === 0))
      continue;
    if (typeof value === "object" && isWord(value)) found.push([key, value.text]);
    else found.push([key, value]);
  }
  return found;
}

function isName(value: object): value is { readonly name: string } {
  return "kind" in value && (value.kind === "name" || value.kind === "named") && "name" in value;
}

function isWord(value: object): value is { readonly text: string } {
  return "text" in value && typeof value.text === "string" && Object.keys(value).length === 1;
}
