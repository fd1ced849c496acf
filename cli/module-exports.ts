// What a JavaScript or TypeScript module exports, read from its text: it is never run.

/**
 * Names that a module exports, in order of appearance; null if its text cannot tell (`export * from`, a computed
 * `module.exports`). Types of TypeScript are no exports.
 */
export function exportedNames(text: string): readonly string[] | null {
  const code = blank(text);
  const names = esmNames(code);
  if (names === null || names.length > 0) return names;
  if (/(^|[\s;}])(import|export)\b(?!\s*[.(])/m.test(code)) return names;
  return commonNames(code);
}

const word = "[\\p{ID_Start}$_][\\p{ID_Continue}$\\u200c\\u200d]*";
const declared = new RegExp(
  `(?<![.\\w$])export\\s+(?:(declare|type|interface)\\b|(default|\\*|\\{|=)|` +
    `(?:(?:abstract|async)\\s+)?(function\\s*\\*?|class|const\\s+enum|enum|const|let|var|namespace|import)\\s*(${word}|[\\[{])?)`,
  "gu",
);

function esmNames(code: string): readonly string[] | null {
  const names = new Set<string>();
  for (const match of code.matchAll(declared)) {
    const end = match.index + match[0].length;
    const [, typeOnly, mark, keyword = "", name = ""] = match;
    if (typeOnly !== undefined) {
      // `export type { A }` and `export type A` are no values; neither is what is only declared.
      continue;
    }
    if (mark === "=") return null;
    if (mark === "default") names.add("default");
    else if (mark === "{") for (const each of listed(code, end)) names.add(each);
    else if (mark === "*") {
      const alias = new RegExp(`^\\s*as\\s+(${word})`, "u").exec(code.slice(end, end + 200));
      if (alias?.[1] === undefined) return null;
      names.add(alias[1]);
    } else if (name === "{" || name === "[") for (const each of bound(code, end)) names.add(each);
    else {
      if (name !== "") names.add(name);
      if (/^(const|let|var)$/.test(keyword)) for (const each of further(code, end)) names.add(each);
    }
  }
  return [...names];
}

/** `a, b as c, default as d, type T }` → a, c, d. */
function listed(code: string, start: number): readonly string[] {
  const close = code.indexOf("}", start);
  const names: string[] = [];
  for (const item of code.slice(start, close === -1 ? code.length : close).split(",")) {
    const words = item.trim().split(/\s+/);
    if (words[0] === "type" && words.length > 1 && words[1] !== "as") continue;
    const last = words.at(-1) ?? "";
    if (new RegExp(`^${word}$`, "u").test(last)) names.push(last);
  }
  return names;
}

/** Names that a destructuring binds: `{ a, b: c, ...d }` and `[a, b]` give what stands before `,` `=` or the end. */
function bound(code: string, start: number): readonly string[] {
  const end = code.indexOf("=", closing(code, start));
  const inside = code.slice(start, end === -1 ? code.length : end);
  const name = new RegExp(`(${word})\\s*(?=[,}\\]=]|$)`, "gu");
  return [...inside.matchAll(name)].map((match) => match[1] ?? "");
}

/** The offset behind the bracket that closes the one before `start`. */
function closing(code: string, start: number): number {
  let depth = 1;
  for (let at = start; at < code.length; at++) {
    if ("([{".includes(code[at] ?? "")) depth++;
    else if (")]}".includes(code[at] ?? "") && --depth === 0) return at + 1;
  }
  return code.length;
}

/** `a = 1, b = 2;`: the names behind commas at the top of the same statement. */
function further(code: string, start: number): readonly string[] {
  const names: string[] = [];
  const next = new RegExp(`^\\s*(${word})\\s*!?\\s*[:=]`, "u");
  let depth = 0;
  for (let at = start; at < code.length; at++) {
    const char = code[at] ?? "";
    if ("([{".includes(char)) depth++;
    else if (")]}".includes(char)) depth--;
    else if (char === ";" && depth === 0) break;
    else if (
      char === "\n" &&
      depth === 0 &&
      /^\s*(export|import|function|class|const|let|var)\b/.test(code.slice(at + 1, at + 200))
    )
      break;
    else if (char === "," && depth === 0) {
      const name = next.exec(code.slice(at + 1, at + 400))?.[1];
      if (name !== undefined) names.push(name);
    }
    if (depth < 0) break;
  }
  return names;
}

function commonNames(code: string): readonly string[] | null {
  const names = new Set<string>();
  const whole = /(?<![.\w$])module\s*\.\s*exports\s*=(?!=)\s*/g;
  for (const match of code.matchAll(whole)) {
    const from = match.index + match[0].length;
    if (code[from] !== "{") return null;
    const body = code.slice(from + 1, closing(code, from + 1) - 1);
    // Only plain keys can be told: `a`, `a: …` at the top of the literal.
    const keys = topParts(body);
    for (const part of keys) {
      const key = new RegExp(`^\\s*(?:async\\s+)?(${word})\\s*(?:$|[:(])`, "u").exec(part)?.[1];
      if (key !== undefined) names.add(key);
      else if (part.trim() !== "") return null;
    }
  }
  const each = new RegExp(`(?<![.\\w$])(?:module\\s*\\.\\s*)?exports\\s*\\.\\s*(${word})\\s*=(?!=)`, "gu");
  for (const match of code.matchAll(each)) names.add(match[1] ?? "");
  if (names.size === 0 && /(?<![.\w$])(exports|module)\b/.test(code)) return null;
  names.delete("__esModule");
  return [...names];
}

function topParts(body: string): readonly string[] {
  const parts: string[] = [];
  let depth = 0;
  let from = 0;
  for (let at = 0; at < body.length; at++) {
    const char = body[at] ?? "";
    if ("([{".includes(char)) depth++;
    else if (")]}".includes(char)) depth--;
    else if (char === "," && depth === 0) {
      parts.push(body.slice(from, at));
      from = at + 1;
    }
  }
  parts.push(body.slice(from));
  return parts;
}

/** The code with comments, strings, templates and regular expressions made blank, of the same length. */
function blank(text: string): string {
  const out: string[] = [];
  // One number for each open `${` of a template: how many braces are open inside it.
  const templates: number[] = [];
  let before = "";
  let at = 0;
  const skip = (end: number) => {
    out.push(text.slice(at, end).replace(/[^\n]/g, " "));
    at = end;
  };
  while (at < text.length) {
    const char = text[at] ?? "";
    const two = text.slice(at, at + 2);
    if (two === "//" || (two === "#!" && at === 0)) skip(until(text, at, "\n"));
    else if (two === "/*") skip(until(text, at + 2, "*/") + 2);
    else if (char === '"' || char === "'") {
      skip(stringEnd(text, at + 1, char));
      before = '"';
    } else if (char === "`" || (char === "}" && templates.at(-1) === 0)) {
      if (char === "}") templates.pop();
      const end = templateEnd(text, at + 1);
      if (end.hole) templates.push(0);
      skip(end.at);
      before = end.hole ? "(" : '"';
    } else if (char === "/" && regexMayStand(before)) {
      skip(regexEnd(text, at + 1));
      before = '"';
    } else {
      const top = templates.length - 1;
      if (char === "{" && top >= 0) templates[top] = (templates[top] ?? 0) + 1;
      if (char === "}" && top >= 0) templates[top] = (templates[top] ?? 0) - 1;
      out.push(char);
      if (!/\s/.test(char)) before = /[\w$]/.test(char) ? wordEndingAt(text, at) : char;
      at++;
    }
  }
  return out.join("");
}

function wordEndingAt(text: string, end: number): string {
  let start = end;
  while (start > 0 && end - start < 12 && /[\w$]/.test(text[start - 1] ?? "")) start--;
  return text.slice(start, end + 1);
}

/** A `/` after these starts a regular expression; after a value it divides. */
function regexMayStand(before: string): boolean {
  if (before === "" || /^(return|typeof|case|in|of|delete|void|throw|new|else|do|await|yield)$/.test(before))
    return true;
  return before.length === 1 && "(,=:[!&|?{};+-*%<>~^".includes(before);
}

function until(text: string, from: number, mark: string): number {
  const end = text.indexOf(mark, from);
  return end === -1 ? text.length : end;
}

function stringEnd(text: string, from: number, quote: string): number {
  for (let at = from; at < text.length; at++) {
    if (text[at] === "\\") at++;
    else if (text[at] === quote) return at + 1;
    else if (text[at] === "\n") return at;
  }
  return text.length;
}

function templateEnd(text: string, from: number): { at: number; hole: boolean } {
  for (let at = from; at < text.length; at++) {
    if (text[at] === "\\") at++;
    else if (text[at] === "`") return { at: at + 1, hole: false };
    else if (text[at] === "$" && text[at + 1] === "{") return { at: at + 2, hole: true };
  }
  return { at: text.length, hole: false };
}

function regexEnd(text: string, from: number): number {
  let inClass = false;
  for (let at = from; at < text.length; at++) {
    const char = text[at];
    if (char === "\\") at++;
    else if (char === "\n") return from;
    else if (char === "[") inClass = true;
    else if (char === "]") inClass = false;
    else if (char === "/" && !inClass) return at + 1;
  }
  return from;
}
