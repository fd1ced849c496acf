// The files of a program: the entry and all that it imports, each once, read through the host.

import { posix } from "node:path";
import type { File, Import, Word } from "../grammar/ast.ts";
import type { Diagnostic } from "../grammar/diagnostic.ts";
import { parse } from "../grammar/parser.ts";
import { findCircles } from "./cycles.ts";
import { importCycle, unknownModule } from "./errors-names.ts";
import type { Host } from "./host.ts";
import type { Module } from "./program.ts";
import type { Nearest } from "./suggest.ts";

export interface Loaded {
  readonly module: Module;
  /** Absolute path of its folder: what paths in it are relative to. */
  readonly folder: string;
  /** The text has syntax errors: names may be missing because of them. */
  readonly broken: boolean;
  /** Import lines and the module each brings from, null if that could not be read. */
  readonly imports: { readonly node: Import; readonly to: Loaded | null }[];
}

/** A bound against a program that imports a whole disk. */
const modulesMax = 10_000;

type ReadError = Extract<ReturnType<Host["read"]>, { readonly error: string }>["error"];

/**
 * All modules reached from the entry, the entry first, in order of imports. Null if the entry cannot be read.
 * Links to the same file are one module.
 */
export function loadModules(
  entry: string,
  host: Host,
  nearest: Nearest,
): { readonly modules: readonly Loaded[]; readonly diagnostics: readonly Diagnostic[] } {
  const diagnostics: Diagnostic[] = [];
  const byRealPath = new Map<string, Loaded>();
  const modules: Loaded[] = [];

  const load = (path: string): Loaded | ReadError => {
    const text = host.read(path);
    if ("error" in text) return text.error;
    const known = byRealPath.get(text.real);
    if (known !== undefined) return known;
    const { file, diagnostics: found } = parse({ path: host.show(path), text: text.text });
    diagnostics.push(...found);
    const broken = found.some((diagnostic) => diagnostic.severity === "error");
    const module = { path: relativeTo(host.root, text.real), file };
    const loaded: Loaded = { module, folder: posix.dirname(text.real), broken, imports: [] };
    byRealPath.set(text.real, loaded);
    modules.push(loaded);
    return loaded;
  };

  const first = load(entry);
  if (typeof first === "string") {
    diagnostics.push(unreadableEntry(host.show(entry), first));
    return { modules: [], diagnostics };
  }
  for (let at = 0; at < modules.length && at < modulesMax; at++) {
    const importer = modules[at];
    if (importer === undefined) break;
    for (const node of importer.module.file.imports) {
      const target = posix.join(importer.folder, node.from.text);
      const to = node.from.text.startsWith("/") || node.from.text === "" ? "absent" : load(target);
      if (typeof to === "string") diagnostics.push(moduleError(importer, node, to, host, nearest));
      importer.imports.push({ node, to: typeof to === "string" ? null : to });
    }
  }
  return { modules, diagnostics: [...diagnostics, ...importCircles(first, modules)] };
}

function relativeTo(root: string, path: string): string {
  return posix.relative(root, path);
}

function unreadableEntry(path: string, why: ReadError): Diagnostic {
  const source = { path, text: "" };
  const at = { source, span: { start: 0, end: 0 } };
  return unknownModule(at, path, reason(path, why), [], null);
}

function reason(path: string, why: ReadError): string {
  switch (why) {
    case "absent":
      return `there is no file \`${path}\``;
    case "directory":
      return `\`${path}\` is a folder, not a file`;
    case "no-file":
      return `\`${path}\` is neither a file nor a folder`;
    case "unreadable":
      return `\`${path}\` may not be read`;
    case "not-utf8":
      return `\`${path}\` is not UTF-8 text`;
    case "too-large":
      return `\`${path}\` is too large: a flow file has at most 4 MB`;
  }
}

function moduleError(
  importer: Loaded,
  node: Import,
  why: ReadError,
  host: Host,
  nearest: Nearest,
): Diagnostic {
  const at = { source: importer.module.file.source, span: node.from.span };
  const from = node.from.text;
  if (from.startsWith("/"))
    return unknownModule(at, from, "a path must be relative to this file", [], 'Write it like "./lib.flow".');
  if (why !== "absent") return unknownModule(at, from, reason(from, why), [], null);
  const folder = posix.dirname(from);
  const names = host.list(posix.join(importer.folder, folder));
  const base = posix.basename(from);
  const write = (name: string) =>
    folder === "." ? `./${name}` : `${from.slice(0, from.length - base.length)}${name}`;
  const exact = names.find((name) => name === `${base}.flow`);
  const best = exact ?? nearest(base, names) ?? nearest(`${base}.flow`, names);
  const others = best === null ? names : [best, ...names.filter((name) => name !== best)];
  const label = reason(from, why);
  if (best === null)
    return unknownModule(
      at,
      from,
      label,
      [],
      names.length === 0 ? null : `There: ${names.slice(0, 6).join(", ")}.`,
    );
  return unknownModule(at, from, label, others.slice(0, 1).map(write), null);
}

function importCircles(entry: Loaded, modules: readonly Loaded[]): readonly Diagnostic[] {
  const targets = (from: Loaded) => from.imports.flatMap(({ to }) => (to === null ? [] : [to]));
  const { circles } = findCircles<Loaded>([entry, ...modules], targets);
  return circles.flatMap((circle) => {
    const first = circle[0];
    const last = circle.at(-1);
    if (first === undefined || last === undefined) return [];
    const closing = importOf(last, first);
    const opening = importOf(first, circle[1] ?? first);
    if (closing === null) return [];
    const chain = [...circle, first].map((loaded) => loaded.module.file.source.path);
    return [
      importCycle(
        { source: last.module.file.source, span: closing.from.span },
        chain,
        opening === null ? null : { source: first.module.file.source, span: opening.from.span },
      ),
    ];
  });
}

function importOf(from: Loaded, to: Loaded): Import | null {
  return from.imports.find((line) => line.to === to)?.node ?? null;
}

/** The edits that take one name out of an import, or the whole line if it brings nothing else. */
export function withoutImport(
  file: File,
  node: Import,
  word: Word,
): { readonly start: number; readonly end: number } {
  const text = file.source.text;
  if (node.names.length === 1) {
    const lineEnd = text.indexOf("\n", node.span.end);
    const clean = lineEnd !== -1 && text.slice(node.span.end, lineEnd).trim() === "";
    return { start: node.span.start, end: clean ? lineEnd + 1 : node.span.end };
  }
  const at = node.names.indexOf(word);
  const next = node.names[at + 1];
  if (next !== undefined) return { start: word.span.start, end: next.span.start };
  const before = node.names[at - 1];
  return { start: before?.span.end ?? word.span.start, end: word.span.end };
}
