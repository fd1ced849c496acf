// Why a value does not fit its type, worded for people from what the schema's validator found.

import { type JsonSchema, sha256Pattern } from "../compiler/schema.ts";
import { spellBytes, spellSeconds } from "../compiler/spell.ts";
import type { Value } from "../compiler/types.ts";

/** One thing that the validator found: where, which keyword, what it wanted. */
export interface Mismatch {
  /** JSON pointer into the value. */
  readonly pointer: string;
  readonly keyword: string;
  readonly params: Readonly<Record<string, unknown>>;
  /** The schema that the keyword stands in. */
  readonly schema: JsonSchema;
}

/** The most telling of the mismatches, as the path and a clause: `expected a string, got 3`. */
export function describeMismatch(
  value: Value,
  found: readonly Mismatch[],
): { readonly path: string; readonly reason: string } {
  const worst = mostTelling(found);
  if (worst === null) return { path: "", reason: "does not fit its type" };
  const at = follow(value, worst.pointer);
  if (worst.keyword === "required") return missing(at, worst);
  return { path: at.path, reason: reasonOf(at.value, worst) };
}

/** The path of an item or field below a path: `crates[3].name`, `env["a b"]`. */
export function place(path: string, key: string | number): string {
  if (typeof key === "number") return `${path}[${key}]`;
  if (!/^[A-Za-z_$][\w$-]*$/.test(key)) return `${path}[${JSON.stringify(key)}]`;
  return path === "" ? key : `${path}.${key}`;
}

/** The path with list indexes as `[*]`: what is the same for all items is told once. */
export function mapPath(path: string): string {
  return path.replace(/\[\d+\]/g, "[*]");
}

/** A value for a message: short, on one line. */
export function shown(value: Value): string {
  if (value === null) return "none";
  if (typeof value === "string") {
    const cut = [...value.slice(0, 42)].slice(0, 40).join("");
    return cut.length < value.length
      ? `${JSON.stringify(cut)}… (${value.length} characters)`
      : JSON.stringify(value);
  }
  if (Array.isArray(value)) return value.length === 0 ? "an empty list" : `a list of ${value.length}`;
  if (typeof value !== "object") return String(value);
  const keys = Object.keys(value);
  if (keys.length === 0) return "an empty record";
  const some = keys.slice(0, 3).map((key) => place("", key.slice(0, 30)));
  return `a record with ${some.join(", ")}${keys.length > 3 ? ", …" : ""}`;
}

/** Of what an optional's alternatives say, that of the deepest place that is no `or null`. */
function mostTelling(found: readonly Mismatch[]): Mismatch | null {
  let best: Mismatch | null = null;
  for (const each of found) {
    if (each.keyword === "anyOf" || (each.keyword === "type" && each.params["type"] === "null")) continue;
    if (best === null || each.pointer.split("/").length > best.pointer.split("/").length) best = each;
  }
  return best ?? found[0] ?? null;
}

function follow(value: Value, pointer: string): { readonly path: string; readonly value: Value } {
  let path = "";
  let at: Value = value;
  for (const part of pointer.split("/").slice(1)) {
    const key = part.replaceAll("~1", "/").replaceAll("~0", "~");
    if (Array.isArray(at)) {
      path = place(path, Number(key));
      at = at[Number(key)] ?? null;
    } else {
      path = place(path, key);
      at = typeof at === "object" && at !== null ? (new Map(Object.entries(at)).get(key) ?? null) : null;
    }
  }
  return { path, value: at };
}

function missing(at: { path: string; value: Value }, mismatch: Mismatch): { path: string; reason: string } {
  const field = String(mismatch.params["missingProperty"] ?? "");
  const known = Object.keys(record(mismatch.schema["properties"]));
  const meant = Object.keys(record(at.value)).find((key) => !known.includes(key) && alike(key, field));
  const wanted = wantedBy(record(record(mismatch.schema["properties"])[field]));
  const hint = meant === undefined ? "" : `; is \`${meant}\` meant for it?`;
  return { path: place(at.path, field), reason: `missing, expected ${wanted}${hint}` };
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? Object.fromEntries(Object.entries(value)) : {};
}

/** The same but for case, `-` and `_`, or one letter more, less or other. */
function alike(a: string, b: string): boolean {
  const x = a.toLowerCase().replace(/[-_ ]/g, "");
  const y = b.toLowerCase().replace(/[-_ ]/g, "");
  if (x === y) return true;
  if (Math.abs(x.length - y.length) > 1 || Math.min(x.length, y.length) < 3) return false;
  let start = 0;
  while (start < x.length && x[start] === y[start]) start++;
  let end = 0;
  while (end < Math.min(x.length, y.length) - start && x[x.length - 1 - end] === y[y.length - 1 - end]) end++;
  const left = Math.max(x.length, y.length) - start - end;
  return (
    left <= 1 ||
    (left === 2 && x.length === y.length && x[start] === y[start + 1] && x[start + 1] === y[start])
  );
}

function reasonOf(value: Value, { keyword, schema }: Mismatch): string {
  const bound = (): string => inUnits(schema[keyword], schema);
  const got = typeof value === "number" ? inUnits(value, schema) : shown(value);
  switch (keyword) {
    case "enum":
      return `expected ${wantedBy(schema)}, got ${got}`;
    case "type":
      return `expected ${wantedBy(schema)}, got ${got}${almost(value, schema)}`;
    case "minimum":
    case "maximum":
      return Number.isSafeInteger(value) || Math.abs(Number(schema[keyword])) < Number.MAX_SAFE_INTEGER
        ? `expected a number of at ${keyword === "minimum" ? "least" : "most"} ${bound()}, got ${got}`
        : `expected a whole number within ±2^53, got ${got}`;
    case "pattern":
      return schema["pattern"] === sha256Pattern
        ? `expected a SHA-256 as 64 hexadecimal digits, got ${got}`
        : `expected a text that matches ${String(schema["pattern"])}, got ${got}`;
    case "exclusiveMinimum":
      return `expected more than ${bound()}, got ${got}`;
    case "exclusiveMaximum":
      return `expected less than ${bound()}, got ${got}`;
    case "minLength":
    case "minItems":
      return schema[keyword] === 1
        ? "cannot be empty"
        : `expected at least ${String(schema[keyword])} of them`;
    case "maxLength":
    case "maxItems":
      return `expected at most ${String(schema[keyword])} of them`;
    case "not":
      return `nothing can stand here, got ${got}`;
    default:
      return `does not fit its type, got ${got}`;
  }
}

/** A number as people write it where the schema says so. */
function inUnits(value: unknown, schema: JsonSchema): string {
  if (typeof value === "number" && schema["x-flowc"] === "size") return spellBytes(value);
  return typeof value === "number" && schema["x-flowc"] === "duration" ? spellSeconds(value) : String(value);
}

/** What is nearly right gets a word of help. */
function almost(value: Value, schema: JsonSchema): string {
  if (typeof value !== "string") return "";
  const types = [schema["type"]].flat();
  if (types.includes("boolean") && /^(true|false)$/i.test(value)) return "; write it without quotes";
  const number = types.includes("integer") || types.includes("number");
  return number && value.trim() !== "" && Number.isFinite(Number(value)) ? "; write it without quotes" : "";
}

function wantedBy(schema: JsonSchema): string {
  const members = schema["enum"];
  if (Array.isArray(members)) {
    const words = members.map((member) => (member === null ? "none" : JSON.stringify(member)));
    return words.length === 1 ? (words[0] ?? "") : `one of ${words.join(", ")}`;
  }
  const names = [schema["type"]].flat().map((type) => nameOf(type, schema));
  const ref = schema["$ref"];
  if (typeof ref === "string")
    return `\`${decodeURIComponent(ref.replace(/^.*\//, "")).replace(/~0\d+$/, "")}\``;
  const told = names.filter((name) => name !== "");
  if (told.length > 0) return told.join(" or ");
  const inner = Array.isArray(schema["anyOf"]) ? schema["anyOf"].map((each) => wantedBy(record(each))) : [];
  return inner.length > 0 ? inner.join(" or ") : "a value";
}

function nameOf(type: unknown, schema: JsonSchema): string {
  const title = typeof schema["title"] === "string" ? schema["title"] : "";
  switch (type) {
    case "string":
      return title === "file" || title === "folder" ? "its path" : "a string";
    case "boolean":
      return "true or false";
    case "integer":
      return "a whole number";
    case "number":
      return title === "" ? "a number" : `${/^[aeiou]/.test(title) ? "an" : "a"} ${title}`;
    case "array":
      return "a list";
    case "null":
      return "none";
    case "object":
      if (title === "file" || title === "folder") return `a ${title} as { path, name, size, sha256 }`;
      if (title === "map") return "a map";
      return title === "" ? "a record" : `a record \`${title}\``;
    default:
      return "";
  }
}
