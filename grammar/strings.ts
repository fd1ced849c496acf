// What the text of a string means: escapes of one-line strings, and the indentation of text blocks.

/** An escape that means nothing: where in the raw text, how long, and what was most likely meant. */
export interface BadEscape {
  readonly at: number;
  readonly length: number;
  readonly why: string;
  readonly instead: string | null;
}

const SIMPLE: ReadonlyMap<string, string> = new Map([
  ["n", "\n"],
  ["t", "\t"],
  ['"', '"'],
  ["\\", "\\"],
]);

/** The value of a piece of a one-line string as written. A bad escape stands for itself. */
export function unescaped(raw: string, bad: (one: BadEscape) => void): string {
  if (!raw.includes("\\") && !raw.includes("~~{")) return raw;
  let out = "";
  let from = 0;
  for (let at = 0; at < raw.length; at++) {
    const char = raw[at];
    if (char === "~" && raw.startsWith("~~{", at)) {
      out += `${raw.slice(from, at)}~{`;
      at += 2;
      from = at + 1;
    } else if (char === "\\") {
      out += raw.slice(from, at);
      const next = raw[at + 1] ?? "";
      const simple = SIMPLE.get(next);
      const found = simple === undefined ? longEscape(raw, at) : { length: 2, value: simple, why: "" };
      if ("instead" in found) bad(found);
      out += "instead" in found ? raw.slice(at, at + found.length) : found.value;
      at += found.length - 1;
      from = at + 1;
    }
  }
  return out + raw.slice(from);
}

function longEscape(
  raw: string,
  at: number,
): BadEscape | { readonly length: number; readonly value: string } {
  const rest = raw.slice(at, at + 14);
  const point = /^\\u\{([0-9a-fA-F]{1,8})\}/.exec(rest);
  if (point !== null) {
    const code = Number.parseInt(point[1] ?? "", 16);
    const length = point[0].length;
    if (code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff))
      return { length, value: String.fromCodePoint(code) };
    return { at, length, why: "there is no such character", instead: null };
  }
  const hex = /^\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4}))/.exec(rest);
  if (hex !== null) {
    const digits = (hex[1] ?? hex[2] ?? "").replace(/^0+(?=.)/, "");
    return { at, length: hex[0].length, why: "unknown escape", instead: `\\u{${digits.toUpperCase()}}` };
  }
  if (rest.startsWith("\\u")) return { at, length: 2, why: "`\\u` takes braces", instead: null };
  const following = raw.codePointAt(at + 1);
  const next = following === undefined ? "" : String.fromCodePoint(following);
  const instead = next === "r" ? "\\u{D}" : next === "0" ? "\\u{0}" : next === "e" ? "\\u{1B}" : null;
  // A character that needs no escape most likely stands for itself; a letter may be a path on Windows.
  const plain = /^[^A-Za-z0-9]/.test(next) ? (next === "~" ? "~" : next) : null;
  return { at, length: 1 + next.length, why: "unknown escape", instead: instead ?? plain };
}

/** What stands before the first character that is no space or tab. */
function indentation(line: string): string {
  return /^[ \t]*/.exec(line)?.[0] ?? "";
}

function shared(a: string, b: string): string {
  let at = 0;
  while (at < a.length && a[at] === b[at]) at++;
  return a.slice(0, at);
}

/**
 * The values of a text block's pieces, given as written: without the line end after the opening, the indentation that
 * the non-empty lines share, and a blank last line; `\r\n` is `\n`, `~~{` is `~{`. Between two pieces stands a hole.
 */
export function dedent(raw: readonly string[]): readonly string[] {
  const pieces = raw.map((text) => text.replaceAll("\r\n", "\n"));
  pieces[0] = (pieces[0] ?? "").replace(/^[ \t]*\n/, "");
  const last = pieces.length - 1;
  const prefix = sharedIndentation(pieces);
  const ending = pieces[last] ?? "";
  const lastBreak = ending.lastIndexOf("\n");
  const blankLast = /^[ \t]*$/.test(ending.slice(lastBreak + 1));
  if (lastBreak >= 0 && blankLast) pieces[last] = ending.slice(0, lastBreak);
  else if (last === 0 && blankLast) pieces[last] = "";
  return pieces.map((text, index) => strip(text, prefix, index === 0).replaceAll("~~{", "~{"));
}

/** Null if no line has anything on it. */
export function sharedIndentation(pieces: readonly string[]): string {
  let prefix: string | null = null;
  pieces.forEach((text, index) => {
    const lines = text.split("\n");
    lines.forEach((line, at) => {
      // The rest of a line that a hole interrupted says nothing about indentation.
      if (at === 0 && index > 0) return;
      const spaces = indentation(line);
      const endsInHole = at === lines.length - 1 && index < pieces.length - 1;
      if (spaces.length === line.length && !endsInHole) return;
      prefix = prefix === null ? spaces : shared(prefix, spaces);
    });
  });
  return prefix ?? "";
}

function strip(text: string, prefix: string, lineStart: boolean): string {
  if (prefix === "") return text;
  const lines = text.split("\n");
  return lines
    .map((line, at) => (at === 0 && !lineStart ? line : line.slice(shared(line, prefix).length)))
    .join("\n");
}
