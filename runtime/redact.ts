// Replaces secrets in what a process writes, also when a chunk ends in the middle of one, and in common encodings.

import type { OutputFilter } from "./runner.ts";

const mark = Buffer.from("***");

/** Shorter ones would be found everywhere by chance, and hiding them would tell what they are. */
const secretLengthMin = 4;

/**
 * The bytes by which secrets are found: as they are, in base64 (at each of the three places it can begin), URL and
 * JSON encodings, in hexadecimal, and each line of those of several lines. Longest first.
 */
export function secretForms(secrets: Iterable<string>): readonly Buffer[] {
  const forms = new Set<string>();
  for (const secret of secrets) {
    const lines = secret.split(/\r?\n/).filter((line) => line.length >= 8);
    for (const text of [secret, secret.trim(), ...(lines.length > 1 ? lines : [])]) {
      if (Buffer.byteLength(text) < secretLengthMin) continue;
      for (const form of encodings(text)) if (form.length >= secretLengthMin) forms.add(form);
    }
  }
  return [...forms].map((form) => Buffer.from(form, "latin1")).sort((a, b) => b.length - a.length);
}

/** As latin1, so that bytes are characters. */
function encodings(text: string): readonly string[] {
  const bytes = Buffer.from(text, "utf8");
  const plain = bytes.toString("latin1");
  const url = latin1(encodeURIComponent(bytes.toString("utf8")));
  const form = new URLSearchParams([["", bytes.toString("utf8")]]).toString().slice(1);
  const inner = JSON.stringify(text).slice(1, -1);
  const json = latin1(inner);
  const ascii = inner.replace(
    /[\u0080-\uffff]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  const hex = bytes.toString("hex");
  return [
    plain,
    url,
    url.replaceAll("'", "%27"),
    form,
    json,
    ascii,
    hex,
    hex.toUpperCase(),
    ...base64s(bytes),
    ...base64Lines(bytes),
    ...otherSpellings(text).map(latin1),
  ];
}

/** What other languages and shells make of the same signs; most secrets have none of them. */
function otherSpellings(text: string): readonly string[] {
  const url = encodeURIComponent(text);
  const strict = url.replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
  const lower = (encoded: string): string => encoded.replace(/%[0-9A-F]{2}/g, (sign) => sign.toLowerCase());
  const json = JSON.stringify(text).slice(1, -1);
  const escaped = (sign: string): string => `\\u${sign.charCodeAt(0).toString(16).padStart(4, "0")}`;
  const html = text
    .replace(/&/g, "&amp;")
    .replace(/</g, "&lt;")
    .replace(/>/g, "&gt;")
    .replace(/"/g, "&quot;");
  return [
    strict,
    ...[url, strict, strict.replaceAll("%2F", "/")].flatMap((each) => [each, lower(each)]),
    json.replaceAll("/", "\\/"),
    json.replace(/[<>&]/g, escaped),
    json.replace(/[<>&']/g, escaped),
    html,
    html.replaceAll("'", "&#39;"),
    html.replaceAll("'", "&apos;"),
    text.replaceAll("'", `'\\''`),
    text.replaceAll("'", `'"'"'`),
  ];
}

function latin1(text: string): string {
  return Buffer.from(text, "utf8").toString("latin1");
}

/** What is sure to stand in any base64 text that holds these bytes, for each of the three ways they can lie in it. */
function base64s(bytes: Buffer): readonly string[] {
  return [0, 1, 2].flatMap((before) => {
    const padded = Buffer.concat([Buffer.alloc(before), bytes])
      .toString("base64")
      .replace(/=+$/, "");
    const first = Math.ceil((before * 8) / 6);
    const whole = Math.floor(((before + bytes.length) * 8) / 6);
    const sure = padded.slice(first, whole);
    // A few letters of base64 could be anything; a secret's inner part must be long enough to mean it.
    return sure.length < 6 ? [] : [sure, sure.replaceAll("+", "-").replaceAll("/", "_")];
  });
}

/** Tools break long base64 into lines: of a secret that was encoded by itself, each of them. */
function base64Lines(bytes: Buffer): readonly string[] {
  const whole = bytes.toString("base64");
  return [64, 76].flatMap((width) =>
    whole.length <= width
      ? []
      : (whole.match(new RegExp(`.{1,${width}}`, "g")) ?? [])
          // The end depends on what follows, as the newline of `echo`.
          .map((line, i, all) => (i === all.length - 1 ? line.replace(/.?.?=*$/, "") : line))
          .filter((line) => line.length >= 8),
  );
}

/** Does the text hold a secret in any of its forms? */
export function holdsSecret(text: string, forms: readonly Buffer[]): boolean {
  if (forms.length === 0) return false;
  const bytes = Buffer.from(text, "utf8");
  return forms.some((form) => bytes.includes(form));
}

/** The text with each secret as `***`. */
export function redactText(text: string, forms: readonly Buffer[]): string {
  if (forms.length === 0) return text;
  const filter = redactor(forms);
  const first = filter.push(Buffer.from(text, "utf8"));
  return Buffer.concat([first, filter.end()]).toString("utf8");
}

/** A filter for one stream. It holds back only an end that may be the beginning of a secret. */
export function redactor(forms: readonly Buffer[]): OutputFilter {
  let held: Buffer = Buffer.alloc(0);
  const push = (chunk: Uint8Array, last: boolean): Uint8Array => {
    const bytes = held.length === 0 ? Buffer.from(chunk) : Buffer.concat([held, chunk]);
    const out: Uint8Array[] = [];
    let from = 0;
    for (;;) {
      const hit = firstOf(bytes, forms, from);
      if (hit === null) break;
      // A longer secret may begin here or earlier and not be whole yet: then it waits for the next chunk.
      if (!last && beginningAt(bytes, forms, from) <= hit.at) break;
      out.push(bytes.subarray(from, hit.at), mark);
      from = hit.at + hit.length;
    }
    const keep = last ? bytes.length : beginningAt(bytes, forms, from);
    out.push(bytes.subarray(from, keep));
    held = Buffer.from(bytes.subarray(keep));
    return Buffer.concat(out);
  };
  return { push: (chunk) => push(chunk, false), end: () => push(new Uint8Array(0), true) };
}

function firstOf(
  bytes: Buffer,
  forms: readonly Buffer[],
  from: number,
): { readonly at: number; readonly length: number } | null {
  let first: { at: number; length: number } | null = null;
  // Longest first: of two at one place the longer wins.
  for (const form of forms) {
    const at = bytes.indexOf(form, from);
    if (at !== -1 && (first === null || at < first.at)) first = { at, length: form.length };
  }
  return first;
}

/** Where the longest end of `bytes` begins that is the beginning of a secret; its length if there is none. */
function beginningAt(bytes: Buffer, forms: readonly Buffer[], from: number): number {
  const longest = forms[0]?.length ?? 0;
  for (let at = Math.max(from, bytes.length - longest + 1); at < bytes.length; at++) {
    const rest = bytes.subarray(at);
    if (forms.some((form) => form.length > rest.length && form.subarray(0, rest.length).equals(rest)))
      return at;
  }
  return bytes.length;
}
