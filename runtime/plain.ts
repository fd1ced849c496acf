// From JavaScript values and text to plain JSON, before any type is looked at closely.

import { named } from "../compiler/schema.ts";
import type { Type, TypeTable, Value } from "../compiler/types.ts";
import { place } from "./mismatch.ts";

/** What cannot be JSON, and where. Caught by `decode`, seen by nobody else. */
export class JsonProblem extends Error {
  readonly path: string;
  readonly reason: string;
  constructor(path: string, reason: string) {
    super(`${path}: ${reason}`);
    this.path = path;
    this.reason = reason;
  }
}

/** Nested deeper, a value is a mistake (or holds itself), and would break whoever walks it. */
const depthMax = 200;

/**
 * The value as JSON would write it, copied. Fields that are `undefined` are left out, `toJSON` is never called: a
 * Date, Map, function or class is a mistake, and told.
 */
export function plainJson(value: unknown, path = "", depth = 0): Value {
  switch (typeof value) {
    case "string":
    case "boolean":
      return value;
    case "number":
      if (Number.isFinite(value)) return Object.is(value, -0) ? 0 : value;
      throw new JsonProblem(path, `${value} is no number that JSON can hold`);
    case "undefined":
      return null;
    case "object":
      if (value === null) return null;
      if (depth >= depthMax)
        throw new JsonProblem(path.slice(0, 200), `nested deeper than ${depthMax} levels`);
      return Array.isArray(value) ? plainList(value, path, depth) : plainRecord(value, path, depth);
    default:
      throw new JsonProblem(path, `a ${typeof value} is no value that JSON can hold`);
  }
}

function plainList(list: readonly unknown[], path: string, depth: number): Value {
  return Array.from(list, (item, i) => plainJson(item, place(path, i), depth + 1));
}

function plainRecord(value: object, path: string, depth: number): Value {
  const proto: unknown = Object.getPrototypeOf(value);
  // Records from a worker thread or another realm have that realm's Object.prototype: it has no prototype itself.
  if (proto !== null && typeof proto === "object" && Object.getPrototypeOf(proto) !== null)
    throw new JsonProblem(path, `a ${value.constructor?.name || "class"} is no value that JSON can hold`);
  const entries: [string, Value][] = [];
  for (const [key, item] of Object.entries(value))
    if (item !== undefined) entries.push([key, plainJson(item, place(path, key), depth + 1)]);
  return Object.fromEntries(entries);
}

/** Text read as its type wants it: itself, a path, a number with a unit, or JSON. */
export function plainText(
  text: string,
  type: Type,
  table: TypeTable,
  from: "answer" | "input",
): { readonly value: unknown } | { readonly reason: string } {
  const cut = from === "answer" ? text.replace(/\r?\n$/, "") : text;
  const whole = named(type, table);
  if (whole.kind === "optional") {
    if (cut.trim() === "" && (from === "answer" || !isText(whole.of, table))) return { value: null };
    if (from === "input" && cut === "none" && !isText(whole.of, table)) return { value: null };
    return plainText(text, whole.of, table, from);
  }
  if (isText(whole, table)) return { value: cut };
  if ((whole.kind === "file" || whole.kind === "dir") && !/^\s*[{"]/.test(cut))
    return cut.trim() === ""
      ? { reason: `expected the path of a ${whole.kind}, got nothing` }
      : { value: cut };
  if (from === "input") {
    const number = withUnit(cut.trim(), whole.kind);
    if (number !== null) return { value: number };
  }
  return parseJson(cut, whole);
}

function isText(type: Type, table: TypeTable): boolean {
  const { kind } = named(type, table);
  return kind === "string" || kind === "union";
}

function parseJson(text: string, type: Type): { readonly value: unknown } | { readonly reason: string } {
  if (text.trim() === "") return { reason: `expected ${exampleOf(type)}, got nothing` };
  try {
    const value: unknown = JSON.parse(text);
    return { value };
  } catch (error) {
    const at = /position (\d+)/.exec(error instanceof Error ? error.message : "")?.[1];
    const before = text.slice(0, Number(at ?? 0)).split("\n");
    const where =
      at === undefined ? "" : ` at line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1}`;
    const start = text.trimStart().slice(0, 40);
    return {
      reason: `expected ${exampleOf(type)}, got text that is no JSON${where}: ${JSON.stringify(start)}${
        start.length < text.trim().length ? "…" : ""
      }`,
    };
  }
}

function exampleOf(type: Type): string {
  switch (type.kind) {
    case "bool":
      return "true or false";
    case "int":
      return "a whole number";
    case "float":
      return "a number";
    case "duration":
      return "a duration such as 30s or 1h30m";
    case "size":
      return "a size such as 512KB or 4MB";
    case "percent":
      return "a percent such as 80%";
    case "money":
      return "an amount such as 5USD";
    case "list":
      return "a list as JSON, such as [1, 2]";
    case "none":
      return "nothing";
    default:
      return "JSON";
  }
}

const seconds = new Map([
  ["ms", 0.001],
  ["s", 1],
  ["m", 60],
  ["h", 3600],
  ["d", 86_400],
]);
const bytes = new Map([
  ["B", 1],
  ["KB", 1024],
  ["MB", 1024 ** 2],
  ["GB", 1024 ** 3],
]);

/** `1h30m`, `4MB`, `80%`, `5USD`, `1_000` as the language writes them; null if it is not so written. */
function withUnit(text: string, kind: Type["kind"]): number | null {
  switch (kind) {
    case "duration": {
      if (!/^(?:\d[\d_]*(?:\.\d+)?(?:ms|s|m|h|d))+$/.test(text)) return null;
      let sum = 0;
      for (const [, number = "", unit = ""] of text.matchAll(/(\d[\d_]*(?:\.\d+)?)(ms|s|m|h|d)/g))
        sum += Number(number.replaceAll("_", "")) * (seconds.get(unit) ?? 0);
      return sum;
    }
    case "size":
      return scaled(text, /^(\d[\d_]*(?:\.\d+)?)(B|KB|MB|GB)$/, bytes);
    case "percent":
      return scaled(text, /^(\d[\d_]*(?:\.\d+)?)(%)$/, new Map([["%", 1]]));
    case "money":
      return scaled(text, /^(\d[\d_]*(?:\.\d+)?)(USD)$/, new Map([["USD", 1]]));
    case "int":
    case "float":
      return scaled(text, /^(-?\d[\d_]*(?:\.\d+)?)()$/, new Map([["", 1]]));
    default:
      return null;
  }
}

function scaled(text: string, form: RegExp, units: ReadonlyMap<string, number>): number | null {
  const match = form.exec(text);
  if (match === null) return null;
  return Number((match[1] ?? "").replaceAll("_", "")) * (units.get(match[2] ?? "") ?? 1);
}
