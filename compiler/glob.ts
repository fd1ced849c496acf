// Globs, pure: which relative paths a pattern matches, where a search has to begin, and what it may skip.

import picomatch from "picomatch";

/**
 * Patterns are relative, with `/`: `**`, `*`, `?`, `{a,b}`, `[abc]`. A name that starts with a dot is matched only
 * where the pattern writes the dot. Negation and extended groups are off: a pattern says what it takes.
 */
const options = {
  dot: false,
  nonegate: true,
  noextglob: true,
  strictSlashes: true,
  windows: false,
} as const;

/** Folders a search enters only where the pattern names them. */
const closedFolders = [".flowc", ".git", "node_modules"] as const;

/** Longest pattern, in UTF-16 units: none that a person writes is longer, and matching stays quick. */
const patternLengthMax = 4_000;

/** Why a pattern cannot be used, for people; null if it can. */
export function globProblem(pattern: string): string | null {
  if (pattern === "") return "it is empty";
  if (pattern.length > patternLengthMax) return `it is longer than ${patternLengthMax} characters`;
  if (pattern.startsWith("/") || /^[A-Za-z]:/.test(pattern)) return "it must be relative";
  if (tidyPattern(pattern).split("/").includes("..")) return "it must not leave its folder with `..`";
  if (pattern.includes("\0")) return "it holds a NUL character";
  if (tidyPattern(pattern) === "") return "it names no file";
  return null;
}

/** Tells for a relative path with `/` whether the pattern matches it. A pattern with a problem matches nothing. */
export function globMatcher(pattern: string): (path: string) => boolean {
  if (globProblem(pattern) !== null) return () => false;
  const matches = picomatch(tidyPattern(pattern), options);
  return (path) => matches(path);
}

/** What a pattern matches, for who has to reason about it: its regular expression's source, and the pattern as a path. */
export function globSource(pattern: string): { readonly source: string; readonly text: string } | null {
  if (globProblem(pattern) !== null) return null;
  const text = tidyPattern(pattern);
  return { source: picomatch.makeRe(text, options).source, text };
}

/**
 * Folders, relative, "" for the start itself, at or below which all matches lie; none is inside another. For a pattern
 * without wildcards these are the folders of the files it names.
 */
export function globRoots(pattern: string): readonly string[] {
  if (globProblem(pattern) !== null) return [];
  const roots = new Set<string>();
  for (const plain of expandBraces(tidyPattern(pattern))) {
    const parts = plain.split("/").slice(0, -1);
    const wild = parts.findIndex((part) => /[*?[\]{}()!+@\\]/.test(part));
    roots.add((wild === -1 ? parts : parts.slice(0, wild)).join("/"));
  }
  const all = [...roots].sort(byCodePoint);
  return all.filter((root) => !all.some((other) => other !== root && within(root, other)));
}

/**
 * May a search for the pattern enter this folder? Its path is relative to where the pattern starts, with `/`. Only where
 * a match may lie below it; `.git`, `.flowc` and `node_modules` only if the pattern names them, other folders that start
 * with a dot only if the pattern names something with a dot.
 */
export function globEnters(pattern: string): (folder: string) => boolean {
  const ways = expandBraces(tidyPattern(pattern)).map((plain) => plain.split("/"));
  const parts = new Set(ways.flat());
  const dots = [...parts].some((part) => /^[.[\\]/.test(part));
  return (folder) => {
    const names = folder.split("/");
    const name = names.at(-1) ?? "";
    const open = closedFolders.some((closed) => closed === name)
      ? parts.has(name)
      : !name.startsWith(".") || dots;
    return open && ways.some((way) => leadsBelow(way, names));
  };
}

/** May something below a folder match? Who reads a part of a pattern no further than `*` and `?` says yes. */
function leadsBelow(way: readonly string[], folder: readonly string[]): boolean {
  for (const [i, name] of folder.entries()) {
    const part = way[i];
    if (part === undefined) return false;
    if (part.includes("**") || /[[\]{}()\\]/.test(part)) return true;
    if (i === way.length - 1 || (!/[*?!+@]/.test(part) && part !== name)) return false;
  }
  return true;
}

/** Has the pattern no wildcard, so that it names one path? */
export function isPlainPath(pattern: string): boolean {
  return !/[*?[\]{}\\]/.test(pattern);
}

/** Orders strings by code point: the same on every machine and in every locale. */
export function byCodePoint(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x === y) continue;
    // A surrogate stands for a code point above all that one unit can write.
    const xHigh = x >= 0xd800 && x <= 0xdfff;
    const yHigh = y >= 0xd800 && y <= 0xdfff;
    if (xHigh !== yHigh) return xHigh ? 1 : -1;
    return x - y;
  }
  return a.length - b.length;
}

function within(path: string, folder: string): boolean {
  return folder === "" || path.startsWith(`${folder}/`);
}

function tidyPattern(pattern: string): string {
  // Shells also write `[!a]` for `[^a]`.
  return pattern
    .replace(/^(?:\.\/+)+/, "")
    .replace(/\/{2,}/g, "/")
    .replaceAll("[!", "[^");
}

/** `a/{b,c}/d` → `a/b/d`, `a/c/d`. Ranges and unclosed braces stay as they are; at most 256 results. */
function expandBraces(pattern: string): readonly string[] {
  const done: string[] = [];
  const open = [pattern];
  while (open.length > 0 && done.length + open.length <= 256) {
    const next = open.pop() ?? "";
    const group = firstGroup(next);
    if (group === null) done.push(next);
    else for (const choice of group.choices) open.push(group.before + choice + group.after);
  }
  return open.length > 0 ? [pattern] : done;
}

function firstGroup(pattern: string): { before: string; choices: readonly string[]; after: string } | null {
  for (let start = pattern.indexOf("{"); start !== -1; start = pattern.indexOf("{", start + 1)) {
    if (pattern[start - 1] === "\\") continue;
    let depth = 0;
    let from = start + 1;
    const choices: string[] = [];
    for (let at = start; at < pattern.length; at++) {
      const char = pattern[at];
      if (char === "{") depth++;
      else if (char === "," && depth === 1) {
        choices.push(pattern.slice(from, at));
        from = at + 1;
      } else if (char === "}" && --depth === 0) {
        if (choices.length === 0) break;
        choices.push(pattern.slice(from, at));
        return { before: pattern.slice(0, start), choices, after: pattern.slice(at + 1) };
      }
    }
  }
  return null;
}
