// Flow values at run time: what an expression may look at, how values compare, and how they read as text.

import type { FileValue, Type, TypeTable, Value } from "../compiler/types.ts";

/** An expression that cannot be evaluated: the message is a clause for people. It fails what it stands in, as a node does. */
export class ValueError extends Error {
  override readonly name = "ValueError";
}

/** What expressions see of files. All three may throw {@link ValueError}. */
export interface FileAccess {
  /** The value of a literal path, relative to the project's root, as the plan saw it. */
  literal(kind: "file" | "dir", path: string): FileValue;
  /** A file's text: the project's, if it still is what was seen, or an artifact's. */
  text(file: FileValue): string;
  /** Files that match, sorted by path: of the project as the plan saw it, or of a dir. */
  glob(pattern: string, dir: FileValue | null): readonly FileValue[];
  /** In a task's `return` only: what the attempt left where it ran. */
  readonly left?: {
    file(path: string): FileValue;
    files(glob: string): readonly FileValue[];
    dir(path: string): FileValue;
  };
}

/** What the work left, for a task's `return`; `elapsed` in seconds. */
export interface WorkOutput {
  readonly stdout: string;
  readonly stderr: string;
  readonly exit_code: number;
  readonly elapsed: number;
}

/** All that an expression can reach. */
export interface Scope {
  /** `maybe`: `none` if it did not succeed. */
  slot(up: number, i: number, inside?: readonly number[], maybe?: boolean): Value;
  readonly types: TypeTable;
  readonly files: FileAccess;
  readonly env?: WorkOutput;
}

/** Bounds, so that one expression cannot eat the machine. Lengths in UTF-16 units and items. */
export const textLengthMax = 16 * 1024 * 1024;
export const listLengthMax = 1_000_000;

export type Entries = { readonly [key: string]: Value };

export function isList(value: Value): value is readonly Value[] {
  return Array.isArray(value);
}

export function isRecord(value: Value): value is Entries {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A key's own value; null if it is not there. Never looks at prototypes. */
export function entry(record: Entries, key: string): Value {
  return Object.hasOwn(record, key) ? (record[key] ?? null) : null;
}

/** Sets an own key, also one called `__proto__`. */
export function setEntry(record: Record<string, Value>, key: string, value: Value): void {
  if (key === "__proto__")
    Object.defineProperty(record, key, { value, enumerable: true, writable: true, configurable: true });
  else record[key] = value;
}

function mismatch(expected: string, value: Value): ValueError {
  return new ValueError(`expected ${expected}, got ${describe(value)}`);
}

/** The value in few words, for messages. */
export function describe(value: Value): string {
  if (value === null) return "none";
  if (isList(value)) return `a list of ${counted(value.length, "item")}`;
  if (isRecord(value)) return "a record";
  const json = JSON.stringify(value);
  return json.length > 60 ? `${json.slice(0, 60)}…` : json;
}

export function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}

export function asList(value: Value): readonly Value[] {
  if (isList(value)) return value;
  throw mismatch("a list", value);
}

export function asRecord(value: Value): Entries {
  if (isRecord(value)) return value;
  throw mismatch("a record", value);
}

export function asString(value: Value): string {
  if (typeof value === "string") return value;
  throw mismatch("a string", value);
}

export function asNumber(value: Value): number {
  if (typeof value === "number") return value;
  throw mismatch("a number", value);
}

export function asBool(value: Value): boolean {
  if (typeof value === "boolean") return value;
  throw mismatch("true or false", value);
}

export function asFile(value: Value): FileValue {
  const file = fileIn(value);
  if (file === null) throw mismatch("a file", value);
  return file;
}

/** A value of the shape that files and dirs have; null for any other. */
export function fileIn(value: Value): FileValue | null {
  if (!isRecord(value)) return null;
  const { path, name, size, sha256 } = value;
  if (typeof path !== "string" || typeof name !== "string" || typeof size !== "number") return null;
  if (typeof sha256 !== "string" || Object.keys(value).length !== 4) return null;
  return { path, name, size, sha256 };
}

/** A file as a plain value. */
export function fileToValue(file: FileValue): Value {
  return { path: file.path, name: file.name, size: file.size, sha256: file.sha256 };
}

/** Deep equality. Files are contents, not places: their paths do not count. */
export function equal(a: Value, b: Value): boolean {
  if (a === b) return true;
  if (isList(a)) {
    if (!isList(b) || a.length !== b.length) return false;
    return a.every((item, i) => equal(item, b[i] ?? null));
  }
  if (!isRecord(a) || !isRecord(b)) return false;
  const keys = Object.keys(a);
  if (keys.length !== Object.keys(b).length) return false;
  const content = fileIn(a) !== null && fileIn(b) !== null;
  return keys.every(
    (key) => (content && key === "path") || (Object.hasOwn(b, key) && equal(entry(a, key), entry(b, key))),
  );
}

/** One text for all equal values: JSON with sorted keys, files without their paths. */
export function canonical(value: Value): string {
  if (isList(value)) return `[${value.map(canonical).join(",")}]`;
  if (!isRecord(value)) return JSON.stringify(value);
  const content = fileIn(value) !== null;
  const keys = Object.keys(value).filter((key) => !content || key !== "path");
  keys.sort(compareText);
  return `{${keys.map((key) => `${JSON.stringify(key)}:${canonical(entry(value, key))}`).join(",")}}`;
}

/** By code point: the same on every machine and in every locale. */
export function compareText(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x === y) continue;
    // A surrogate stands for a code point above all that one unit can write.
    const high = (x >= 0xd800 && x <= 0xdfff ? 1 : 0) - (y >= 0xd800 && y <= 0xdfff ? 1 : 0);
    return high === 0 ? x - y : high;
  }
  return a.length - b.length;
}

/** Order of two values of one ordered type: numbers, strings by code point, false before true. */
export function compareValues(a: Value, b: Value): number {
  if (typeof a === "number" && typeof b === "number") return a - b;
  if (typeof a === "string" && typeof b === "string") return compareText(a, b);
  return Number(asBool(a)) - Number(asBool(b));
}

/**
 * A value as text, in strings and commands: a string is itself, a file or dir its path, anything else its JSON (a
 * duration in seconds). `none` of an optional is no text.
 */
export function textOf(value: Value, type: Type | null): string {
  if (typeof value === "string") return value;
  if (type?.kind === "optional" || type?.kind === "none")
    return value === null ? "" : textOf(value, type.kind === "optional" ? type.of : null);
  if (type?.kind === "file" || type?.kind === "dir") return asString(entry(asRecord(value), "path"));
  return bounded(JSON.stringify(value));
}

/** The text, if it is not too long. */
export function bounded(text: string): string {
  if (text.length > textLengthMax) throw textTooLong(text.length);
  return text;
}

export function textTooLong(length: number): ValueError {
  return new ValueError(
    `the text would be ${length} characters long, and ${textLengthMax} is the most; write it to a file instead`,
  );
}

export function listTooLong(length: number): ValueError {
  return new ValueError(`the list would have ${length} items, and ${listLengthMax} is the most`);
}

/** A number that JSON can hold; -0 is 0. */
export function finite(value: number, int: boolean): number {
  if (int ? Number.isSafeInteger(value) : Number.isFinite(value)) return value === 0 ? 0 : value;
  throw new ValueError(
    int
      ? `the result ${value} is too large for an int (at most ${Number.MAX_SAFE_INTEGER})`
      : `the result ${value} is no number that can be kept`,
  );
}

/** Runs `compute`; what an expression cannot do becomes the answer instead. */
export function attempt<T>(compute: () => T): { readonly value: T } | { readonly problem: string } {
  try {
    return { value: compute() };
  } catch (error) {
    if (error instanceof ValueError) return { problem: error.message };
    throw error;
  }
}
