// The rules of the house as pure functions over file texts: each gives the violations it found, one line each.

import { posix } from "node:path";

/** Path relative to the project's root, with `/`, and the text. */
export type Files = ReadonlyMap<string, string>;

export const LINES_PER_FILE_MAX = 400;

/**
 * The text with comments and the insides of strings, templates and regular expressions replaced by spaces, newlines
 * kept: every offset stays the same. Code inside `${…}` of a template is kept.
 */
export function mask(text: string): string {
  const out = [...text];
  const blank = (from: number, to: number): void => {
    for (let i = from; i < to; i++) if (out[i] !== "\n") out[i] = " ";
  };
  // Depths of braces at which a `${` of a template was opened.
  const templates: number[] = [];
  let depth = 0;
  let at = 0;
  const template = (): void => {
    const from = at;
    while (at < text.length && text[at] !== "`" && !text.startsWith("${", at))
      at += text[at] === "\\" ? 2 : 1;
    blank(from, Math.min(at, text.length));
    if (text[at] === "`") at++;
    else {
      templates.push(depth++);
      at += 2;
    }
  };
  while (at < text.length) {
    const end = literalEnd(text, at, out);
    if (end !== null) {
      const inner = text[at] === "/" ? 0 : 1;
      blank(at + inner, end - inner);
      at = end;
    } else if (text[at] === "`") {
      at++;
      template();
    } else if (text[at] === "}" && templates.at(-1) === depth - 1) {
      depth = templates.pop() ?? 0;
      at++;
      template();
    } else {
      if (text[at] === "{") depth++;
      if (text[at] === "}") depth--;
      at++;
    }
  }
  return out.join("");
}

/** Where a comment, a quoted string or a regular expression that starts at `at` ends; null if none starts there. */
function literalEnd(text: string, at: number, before: readonly string[]): number | null {
  const first = text[at];
  if (text.startsWith("//", at) || text.startsWith("#!", at)) return endOf(text, "\n", at);
  if (text.startsWith("/*", at)) return endOf(text, "*/", at + 2) + 2;
  if (first === '"' || first === "'") return quotedEnd(text, at, first);
  if (first === "/" && startsExpression(before, at)) return quotedEnd(text, at, "/");
  return null;
}

function endOf(text: string, what: string, from: number): number {
  const found = text.indexOf(what, from);
  return found < 0 ? text.length : found;
}

function quotedEnd(text: string, at: number, quote: string): number {
  let inClass = false;
  for (let i = at + 1; i < text.length; i++) {
    if (text[i] === "\\") i++;
    else if (quote === "/" && text[i] === "[") inClass = true;
    else if (quote === "/" && text[i] === "]") inClass = false;
    else if (text[i] === "\n" || (text[i] === quote && !inClass)) return i + 1;
  }
  return text.length;
}

function startsExpression(before: readonly string[], at: number): boolean {
  let i = at - 1;
  while (i >= 0 && /\s/.test(before[i] ?? "")) i--;
  if (i < 0) return true;
  if (/[([{,;=:?!&|<>+*%^~-]/.test(before[i] ?? "")) return true;
  return /(?:^|\W)(?:return|case|typeof|in|of)$/.test(before.slice(Math.max(0, i - 8), i + 1).join(""));
}

export interface Import {
  readonly from: string;
  readonly line: number;
}

/** What a file imports, statically, by `export … from` or by `import()` with a literal; also in types. */
export function importsOf(text: string): readonly Import[] {
  const code = mask(text);
  const found: Import[] = [];
  for (const match of code.matchAll(/(?:\bfrom|\bimport|\bimport\s*\(|\brequire\s*\()\s*"/g)) {
    const start = match.index + match[0].length;
    const from = text.slice(start, text.indexOf('"', start));
    found.push({ from, line: text.slice(0, start).split("\n").length });
  }
  return found;
}

/** The file an import names, relative to the root, or null for a package or a built-in of Node. */
export function target(file: string, from: string): string | null {
  return from.startsWith(".") ? posix.normalize(posix.join(posix.dirname(file), from)) : null;
}

/** The package of a specifier: `a/b` → `a`, `@a/b/c` → `@a/b`, `node:fs` → `node:fs`. */
export function packageOf(from: string): string {
  return from
    .split("/")
    .slice(0, from.startsWith("@") ? 2 : 1)
    .join("/");
}

export function isCode(path: string): boolean {
  return /\.(?:ts|cjs|mjs|js)$/.test(path);
}

/** Circles of imports, type imports included, each as `a → b → a`. */
export function importCircles(files: Files): string[] {
  const state = new Map<string, "open" | "done">();
  const circles: string[] = [];
  const stack: string[] = [];
  const visit = (file: string): void => {
    state.set(file, "open");
    stack.push(file);
    for (const { from } of importsOf(files.get(file) ?? "")) {
      const next = target(file, from);
      if (next === null || !files.has(next)) continue;
      if (state.get(next) === "open")
        circles.push(`circle of imports: ${[...stack.slice(stack.indexOf(next)), next].join(" → ")}`);
      else if (state.get(next) === undefined) visit(next);
    }
    stack.pop();
    state.set(file, "done");
  };
  for (const file of [...files.keys()].filter(isCode).sort()) if (state.get(file) === undefined) visit(file);
  return circles;
}

/** Long files, and files that do not say in their first line what they are. */
export function shape(path: string, text: string): string[] {
  const found: string[] = [];
  const lines = text.split("\n");
  const length = lines.at(-1) === "" ? lines.length - 1 : lines.length;
  if (length > LINES_PER_FILE_MAX) found.push(`${path}: ${length} lines, at most ${LINES_PER_FILE_MAX}`);
  const body = lines[0]?.startsWith("#!") ? lines.slice(1) : lines;
  const end = body.findIndex((line) => !line.startsWith("//"));
  const comment = body.slice(0, end < 0 ? body.length : end).join(" ");
  if (!/^\/\/ \S+(?: \S+){2,}/.test(body[0] ?? "") || !/[.!?:](?: |$)/.test(comment))
    found.push(`${path}: the first line is not a comment that says in a sentence what the file is`);
  return found;
}

const BANNED = [
  "manager",
  "service",
  "handler",
  "helper",
  "util",
  "engine",
  "processor",
  "context",
  "controller",
];

function bannedWords(name: string): string[] {
  const words = name
    .split(/[^A-Za-z]+|(?<=[a-z])(?=[A-Z])/)
    .map((word) => word.toLowerCase().replace(/s$/, ""));
  return BANNED.filter((word) => words.includes(word));
}

/** Words that say nothing, in names of files and of what they export. `handlers`: the language's own word stands here. */
export function names(path: string, text: string, handlers: boolean): string[] {
  const found: string[] = [];
  const complain = (kind: string, name: string): void => {
    for (const word of bannedWords(name))
      if (!(handlers && word === "handler"))
        found.push(`${path}: the ${kind} \`${name}\` has the word "${word}"`);
  };
  complain("file name", path);
  // What a test compiles may be called as users call things.
  const folders = path.startsWith("test/") ? [] : path.split("/").slice(0, -1);
  for (const part of folders)
    if (/^(?:src|lib|core|common|utils|types|services|managers)$/.test(part))
      found.push(`${path}: a folder called ${part}`);
  if (/(?:^|\/)index\.[cm]?[jt]s$/.test(path)) found.push(`${path}: a file called index`);
  const code = mask(text);
  const declared =
    /\bexport\s+(?:async\s+)?(?:abstract\s+)?(?:const|let|function\*?|class|interface|type)\s+([A-Za-z_$][\w$]*)/g;
  for (const match of code.matchAll(declared)) complain("export", match[1] ?? "");
  for (const match of code.matchAll(/\bexport\s+(?:type\s+)?\{([^}]*)\}/g))
    for (const name of (match[1] ?? "").split(",")) complain("export", name.trim());
  return found;
}

const SUPPRESSION = new RegExp(["@ts-(?:ignore|expect-error|nocheck)", "biome-" + "ignore"].join("|"), "g");

/** `any`, casts, suppressed checks, default exports, barrels. `decoder`: casts are this file's work. */
export function escapes(path: string, text: string, decoder: boolean): string[] {
  const code = mask(text);
  const found: string[] = [];
  const at = (index: number): string => `${path}:${code.slice(0, index).split("\n").length}`;
  for (const match of code.matchAll(/(?::|<|,|\||&|=>|\bas|=)\s*any\b(?!\s*[:(.?])/g))
    found.push(`${at(match.index)}: the type any`);
  if (!decoder) {
    const brackets = code.replace(/\b(?:import|export)\s+(?:type\s+)?\{[^}]*\}|\*\s+as\s+\w+/g, (all) =>
      " ".repeat(all.length),
    );
    for (const match of brackets.matchAll(/[)\]}\w"'`>]\s+as\s+(?!const\b)[A-Za-z{[("]/g))
      found.push(`${at(match.index)}: a cast outside the decoders`);
  }
  if (/\bexport\s+default\b/.test(code) && !/\.config\.ts$/.test(path))
    found.push(`${path}: a default export`);
  if (/\bexport\s+(?:type\s+)?(?:\*|\{[^}]*\})\s*from\b/.test(code))
    found.push(`${path}: hands on another file's exports`);
  for (const match of text.matchAll(SUPPRESSION)) found.push(`${path}: ${match[0]} switches a check off`);
  return found;
}

const UNFINISHED = new RegExp(`\\b(?:${["TO" + "DO", "FIX" + "ME", "XX" + "X"].join("|")})\\b`);

export function unfinished(path: string, text: string): string[] {
  return UNFINISHED.test(text)
    ? [`${path}: says that something is left to do: ${UNFINISHED.exec(text)?.[0]}`]
    : [];
}

/** Tests that do not run, or keep others from running. */
export function idleTests(path: string, text: string): string[] {
  const found = /\b(?:it|test|describe|suite|bench)\s*\.\s*(?:skip|only|todo|fails|skipIf|runIf)\b/.exec(
    mask(text),
  );
  return found === null ? [] : [`${path}: ${found[0]}`];
}

/** Dependencies without one exact version. What others bring along, `peerDependencies`, is theirs to choose. */
export function loosePins(text: string): string[] {
  const manifest: Record<string, unknown> = JSON.parse(text);
  const found: string[] = [];
  for (const group of ["dependencies", "devDependencies", "optionalDependencies"])
    for (const [name, version] of Object.entries(manifest[group] ?? {}))
      if (!/^\d+\.\d+\.\d+(?:-[\w.]+)?$/.test(String(version)))
        found.push(`package.json: ${group}.${name} is ${String(version)}, which is not one exact version`);
  return found;
}
