// `--set rust.instances=5`, `--set coder=codex`: a program read as if its file said so. Lines keep their numbers, and the checker sees no difference.

import { posix } from "node:path";
import type { Expr, Place, RecordExpr } from "../grammar/ast.ts";
import { parse } from "../grammar/parser.ts";
import { isKindKey, schemaOfKind } from "./check-kinds.ts";
import { listed } from "./errors.ts";
import type { Host } from "./host.ts";
import { settingsOfSchema } from "./kind-settings.ts";
import { loadModules } from "./modules.ts";
import type { Module } from "./program.ts";
import type { SettingRow, SettingTable } from "./setting-rows.ts";
import { settingsOf } from "./settings.ts";
import { createNearest } from "./suggest.ts";

/** What a person said on the command line: `rust.docker.image`, and its text. */
export interface GivenSetting {
  /** The declaration, then the way to the setting; the declaration alone: the text is one of its kinds. */
  readonly path: readonly string[];
  readonly text: string;
}

/** A sentence; `near`: the declaration that may have been meant, or with `of` the kind of that declaration. */
export interface NotSet {
  readonly problem: string;
  readonly near: string | null;
  readonly of?: string;
}

/** A host that gives the changed texts. What is wrong with a setting itself, the checker tells at its place. */
export function withSettings(entry: string, host: Host, given: readonly GivenSetting[]): Host | NotSet {
  let changed = host;
  for (const one of given) {
    const next = withSetting(entry, changed, one);
    if ("problem" in next) return next;
    changed = next;
  }
  return changed;
}

function withSetting(entry: string, host: Host, { path, text }: GivenSetting): Host | NotSet {
  const { modules } = loadModules(entry, host, createNearest());
  const places = modules.flatMap(({ module }) =>
    module.file.declarations.flatMap((place) => (place.kind === "place" ? [{ place, module }] : [])),
  );
  // What cannot be read at all is told when it is checked.
  if (modules.length === 0) return host;
  const [name = "", ...keys] = path;
  const found = places.find(({ place }) => place.name.text === name);
  if (found === undefined) {
    const near = createNearest()(
      name,
      places.map(({ place }) => place.name.text),
    );
    return { problem: `There is no runner, limit or agent \`${name}\`.`, near };
  }
  const { source } = found.module.file;
  let after: string | NotSet;
  if (keys.length === 0) after = withKind(found.place, source.text, text);
  else {
    const edit = editOf(found.place, found.module, keys, asWritten(text, rowOf(found.place, keys, host)));
    after =
      "problem" in edit ? edit : source.text.slice(0, edit.start) + edit.text + source.text.slice(edit.end);
  }
  if (typeof after !== "string") return after;
  const changed = after;
  const real = posix.join(host.root, found.module.path);
  return {
    ...host,
    read: (asked) => {
      const read = host.read(asked);
      return "error" in read || read.real !== real ? read : { ...read, text: changed };
    },
  };
}

/** The text without the kinds before that one, which is the first then: what stood there is blank. */
function withKind({ place, name, settings }: Place, text: string, kind: string): string | NotSet {
  if (place === "limit") return { problem: `\`${name.text}\` is a limit: it has no kinds.`, near: null };
  const kinds = settings.filter(({ key }) => isKindKey(place, key.text));
  const names = kinds.map(({ key }) => key.text);
  const chosen = names.indexOf(kind);
  if (chosen < 0) {
    const near = createNearest()(kind, names);
    const has = names.length === 0 ? "it has none" : `it has only ${listed(names)}`;
    return { problem: `\`${name.text}\` has no kind \`${kind}\`: ${has}.`, near, of: name.text };
  }
  let after = text;
  for (const { key, value } of kinds.slice(0, chosen)) {
    const end = value.span.end + (/^\s*,/.exec(text.slice(value.span.end))?.[0].length ?? 0);
    const { start } = key.span;
    after = after.slice(0, start) + text.slice(start, end).replace(/[^\n]/g, " ") + after.slice(end);
  }
  return after;
}

interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** Replaces a value, or adds a setting behind the last one: the first kind of a runner stays the first. */
function editOf(place: Place, module: Module, keys: readonly string[], value: string): Edit | NotSet {
  const { text } = module.file.source;
  const from = text.indexOf("{", place.name.span.end) + 1;
  let inside: { readonly entries: readonly { readonly key: { text: string }; readonly value: Expr }[] } = {
    entries: place.settings,
  };
  let open = from;
  for (const [at, key] of keys.entries()) {
    const known = inside.entries.find((each) => each.key.text === key);
    const rest = keys.slice(at + 1);
    if (known === undefined) {
      const added = `${key}: ${rest.reduceRight((inner, one) => `{ ${one}: ${inner} }`, value)}`;
      const last = inside.entries.at(-1)?.value.span.end;
      return last === undefined
        ? { start: open, end: open, text: ` ${added} ` }
        : { start: last, end: last, text: `, ${added}` };
    }
    if (rest.length === 0) return { ...known.value.span, text: value };
    const record = recordIn(known.value);
    if (record === null) {
      const whole = [place.name.text, ...keys.slice(0, at + 1)].join(".");
      return { problem: `\`${whole}\` is no record in the file: set it as a whole.`, near: null };
    }
    inside = record;
    open = record.span.start + 1;
  }
  return { start: from, end: from, text: "" };
}

function recordIn(value: Expr): RecordExpr | null {
  if (value.kind === "paren") return recordIn(value.of);
  return value.kind === "record-of" ? value : null;
}

// How a text is meant

/** As it would stand in the file: what is a value there as it is, all else in quotes. */
function asWritten(text: string, row: SettingRow | null): string {
  const value = valueIn(text);
  if (value !== null && !(value.kind !== "text" && wantsText(row) && !isSecret(value))) return text.trim();
  return quoted(text);
}

/** As a string of the language. */
function quoted(text: string): string {
  const chars = [...text].map((char) => {
    if (char === '"' || char === "\\") return `\\${char}`;
    const code = char.codePointAt(0) ?? 0;
    return code < 0x20 || code === 0x7f ? `\\u{${code.toString(16)}}` : char;
  });
  return `"${chars.join("").replaceAll("~{", "~~{")}"`;
}

function valueIn(text: string): Expr | null {
  if (text.includes("\n")) return null;
  const { file, diagnostics } = parse({ path: "", text: `given = ${text}\n` });
  const [constant, ...others] = file.declarations;
  if (diagnostics.length > 0 || others.length > 0 || constant?.kind !== "constant") return null;
  return isPlain(constant.value) ? constant.value : null;
}

/** It means the same wherever it stands: no names are in it. */
function isPlain(value: Expr): boolean {
  switch (value.kind) {
    case "number":
    case "bool":
    case "none":
      return true;
    case "text":
      return value.parts.every((part) => part.kind === "chars");
    case "list-of":
      return value.items.every(isPlain);
    case "record-of":
      return value.entries.every((entry) => !entry.short && isPlain(entry.value));
    case "unary":
      return isPlain(value.of);
    case "binary":
      return value.op === "per" && isPlain(value.left) && isPlain(value.right);
    default:
      return isSecret(value);
  }
}

function isSecret(value: Expr): boolean {
  return value.kind === "call-of" && value.callee.kind === "name" && value.callee.name === "secret";
}

/** The setting takes nothing but texts: `user=1000` is one there. */
function wantsText(row: SettingRow | null): boolean {
  if (row === null) return false;
  if (row.kind.kind === "secret") return true;
  if (row.kind.kind !== "fixed" && row.kind.kind !== "value") return false;
  return row.kind.types.every(({ kind }) => kind === "string" || kind === "union");
}

function rowOf(place: Place, keys: readonly string[], host: Host): SettingRow | null {
  let table: SettingTable = settingsOf(place.place);
  let row: SettingRow | null = null;
  for (const key of keys) {
    row = (Object.hasOwn(table, key) ? table[key] : null) ?? null;
    if (row === null && place.place !== "limit" && key === keys[0])
      table = settingsOfSchema(schemaOfKind(host, place.place, key) ?? {});
    else table = row?.kind.kind === "record" ? row.kind.fields : {};
  }
  return row;
}
