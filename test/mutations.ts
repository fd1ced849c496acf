// Mistakes that a person makes, made by machine: one in a correct program, at a place that chance chooses.

import type * as ast from "../grammar/ast.ts";
import { parse } from "../grammar/parser.ts";
import type { Span } from "../grammar/source.ts";
import { type AnyNode, walk } from "../grammar/walk.ts";

export const kinds = [
  "drop a token",
  "misspell a name",
  "swap arguments",
  "remove a field",
  "change a type",
  "unbalance a bracket",
] as const;
export type Kind = (typeof kinds)[number];

export interface Mutation {
  readonly text: string;
  /** Offsets of the mistake in the changed text; of a bracket also its partner's. */
  readonly at: readonly number[];
  /** What was done, for people. */
  readonly what: string;
}

interface Edit {
  readonly span: Span;
  readonly text: string;
}

/** Null: the program has no place for this kind of mistake. */
export function mutate(text: string, kind: Kind, chance: () => number): Mutation | null {
  const { file } = parse({ path: "program.flow", text });
  const places = placesOf(kind, text, file, chance);
  const chosen = places[Math.floor(chance() * places.length)];
  if (chosen === undefined) return null;
  const { edits, partner } = chosen;
  let changed = "";
  let from = 0;
  const at: number[] = [];
  for (const edit of [...edits].sort((a, b) => a.span.start - b.span.start)) {
    changed += text.slice(from, edit.span.start);
    at.push(changed.length);
    changed += edit.text;
    from = edit.span.end;
  }
  changed += text.slice(from);
  const [first] = edits;
  const shift = (offset: number): number =>
    first !== undefined && offset > first.span.start ? offset - 1 : offset;
  if (partner !== null) at.push(shift(partner));
  return changed === text ? null : { text: changed, at, what: chosen.what };
}

interface Place {
  readonly edits: readonly Edit[];
  readonly what: string;
  readonly partner: number | null;
}

function placesOf(kind: Kind, text: string, file: ast.File, chance: () => number): readonly Place[] {
  switch (kind) {
    case "drop a token":
      return tokensOf(text, file).map((span) =>
        place(span, "", `dropped \`${text.slice(span.start, span.end)}\``),
      );
    case "misspell a name":
      return namesOf(file).map((span) => {
        const name = text.slice(span.start, span.end);
        return place(span, misspelt(name, chance), `misspelt \`${name}\``);
      });
    case "swap arguments":
      return swaps(text, file);
    case "remove a field":
      return fields(text, file);
    case "change a type":
      return types(text, file, chance);
    case "unbalance a bracket":
      return brackets(text, file);
  }
}

function place(span: Span, text: string, what: string, partner: number | null = null): Place {
  return { edits: [{ span, text }], what, partner };
}

const literal = /"""[\s\S]*?"""|"(?:\\.|[^"\\\n])*"|\/\/[^\n]*/g;

/** Words, numbers and signs outside of strings and comments. */
function tokensOf(text: string, _file: ast.File): readonly Span[] {
  const spans: Span[] = [];
  const masked = text.replace(literal, (all) => " ".repeat(all.length));
  // Commas and brackets: the former may often go, the latter are a kind of their own.
  for (const found of masked.matchAll(/[A-Za-z_]\w*|\d[\w.]*|->|==|!=|<=|>=|\?\?|\?\.|[^\s\w]/g))
    if (!/^[,()[\]{}]$/.test(found[0]))
      spans.push({ start: found.index, end: found.index + found[0].length });
  return spans;
}

/** Where names are used, or where fields are. */
function namesOf(file: ast.File): readonly Span[] {
  const spans: Span[] = [];
  each(file, (node) => {
    if (node.kind === "name") spans.push(node.span);
    else if (node.kind === "field") spans.push(node.name.span);
    else if (node.kind === "named") spans.push(node.span);
    else if (node.kind === "call-of")
      for (const { name } of node.args) if (name !== null) spans.push(name.span);
  });
  return spans.filter(({ start, end }) => end - start > 2);
}

function misspelt(name: string, chance: () => number): string {
  const at = 1 + Math.floor(chance() * (name.length - 1));
  const ways = [
    () => name.slice(0, at) + name.slice(at + 1),
    () => name.slice(0, at) + (name[at] ?? "") + name.slice(at),
    () => name.slice(0, at - 1) + (name[at] ?? "") + (name[at - 1] ?? "") + name.slice(at + 1),
  ];
  const made = ways[Math.floor(chance() * ways.length)]?.() ?? name;
  return made === name ? `${name}x` : made;
}

/** Values of two arguments of one call change places. */
function swaps(text: string, file: ast.File): readonly Place[] {
  const found: Place[] = [];
  each(file, (node) => {
    if (node.kind !== "call-of") return;
    node.args.forEach((a, i) => {
      const b = node.args[i + 1];
      if (b === undefined) return;
      const [x, y] = [a.value.span, b.value.span];
      const [one, two] = [text.slice(x.start, x.end), text.slice(y.start, y.end)];
      // A bare name that is a parameter's own is an argument of that name wherever it stands.
      if (one === two || a.name === null || b.name === null) return;
      found.push({
        edits: [
          { span: x, text: two },
          { span: y, text: one },
        ],
        what: `swapped \`${one}\` and \`${two}\``,
        partner: null,
      });
    });
  });
  return found;
}

/** Fields of declared types, entries of records, parameters: with the comma or line that goes with them. */
function fields(text: string, file: ast.File): readonly Place[] {
  const found: Place[] = [];
  const add = (span: Span, all: readonly { readonly span: Span }[]): void => {
    const behind = /^[ \t]*,?[ \t]*/.exec(text.slice(span.end))?.[0].length ?? 0;
    const last = all.at(-1)?.span === span;
    const before = last ? (/,?\s*$/.exec(text.slice(0, span.start))?.[0].length ?? 0) : 0;
    found.push(
      place(
        { start: span.start - before, end: span.end + (last ? 0 : behind) },
        "",
        `removed \`${text.slice(span.start, span.end)}\``,
      ),
    );
  };
  each(file, (node) => {
    if (node.kind === "record") for (const field of node.fields) add(field.span, node.fields);
    if (node.kind === "record-of") for (const entry of node.entries) add(entry.span, node.entries);
    if (node.kind === "call-of") for (const arg of node.args) add(arg.span, node.args);
  });
  return found;
}

const builtinTypes = ["string", "int", "float", "bool", "duration", "file", "json"];

function types(text: string, file: ast.File, chance: () => number): readonly Place[] {
  const found: Place[] = [];
  each(file, (node) => {
    if (node.kind !== "named") return;
    const others = builtinTypes.filter((name) => name !== node.name);
    const other = others[Math.floor(chance() * others.length)] ?? "bool";
    found.push(
      place(node.span, other, `\`${text.slice(node.span.start, node.span.end)}\` became \`${other}\``),
    );
  });
  return found;
}

/** One of a pair is dropped; its partner's place is also the mistake's. */
function brackets(text: string, _file: ast.File): readonly Place[] {
  const masked = text.replace(literal, (all) => " ".repeat(all.length));
  const open: number[] = [];
  const found: Place[] = [];
  for (const { index, 0: sign } of masked.matchAll(/[()[\]{}]/g)) {
    if ("([{".includes(sign)) open.push(index);
    else {
      const partner = open.pop();
      if (partner === undefined) continue;
      found.push(place({ start: index, end: index + 1 }, "", `dropped \`${sign}\``, partner));
      found.push(
        place({ start: partner, end: partner + 1 }, "", `dropped \`${text[partner] ?? ""}\``, index),
      );
    }
  }
  return found;
}

function each(file: ast.File, visit: (node: AnyNode) => void): void {
  walk(file, (node) => {
    visit(node);
    return null;
  });
}
