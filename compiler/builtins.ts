// The built-in functions: names, signatures, one line of doc each. The evaluator implements what stands here.

import { scalarNamed } from "./type-ops.ts";
import type { Type } from "./types.ts";

/**
 * A type with variables. `T` is any type, `N` a number with or without a unit (`int float duration size percent
 * money`), `O` what has an order (`N`, strings and unions).
 */
export type Pattern =
  | { readonly kind: "type"; readonly type: Type }
  | { readonly kind: "var"; readonly name: "T" | "N" | "O" }
  | { readonly kind: "list"; readonly of: Pattern }
  | { readonly kind: "map"; readonly of: Pattern };

export interface Signature {
  /** As shown to people: `join(list: string[], separator: string) -> string`. */
  readonly text: string;
  readonly params: readonly { readonly name: string; readonly type: Pattern }[];
  readonly result: Pattern;
}

export interface Builtin {
  readonly name: string;
  readonly doc: string;
  readonly signatures: readonly Signature[];
  /** It looks at the project's files: refused in defaults. */
  readonly disk: boolean;
  /** It may stand only in a task's `return`. */
  readonly inReturn: boolean;
}

type Row = readonly [doc: string, ...signatures: string[]];

/** Pure functions, arguments by position. A name with several signatures takes the first that fits. */
const pure: Readonly<Record<string, Row>> = {
  len: [
    "How many items, entries, or characters (code points).",
    "(list: T[]) -> int",
    "(map: map<T>) -> int",
    "(text: string) -> int",
  ],
  range: [
    "Whole numbers from the first (0 if not said) up to, but without, the last.",
    "(end: int) -> int[]",
    "(start: int, end: int) -> int[]",
  ],
  sum: ["The items added up; 0 for an empty list.", "(list: N[]) -> N"],
  min: [
    "The least; fails for an empty list. Strings are compared by code point.",
    "(list: O[]) -> O",
    "(a: O, b: O) -> O",
  ],
  max: [
    "The greatest; fails for an empty list. Strings are compared by code point.",
    "(list: O[]) -> O",
    "(a: O, b: O) -> O",
  ],
  any: ["True if at least one is true; false for an empty list.", "(list: bool[]) -> bool"],
  all: ["True if every one is true; true for an empty list.", "(list: bool[]) -> bool"],
  sort: [
    "The items from least to greatest, strings by code point; equal ones stay in order.",
    "(list: O[]) -> O[]",
  ],
  unique: ["The items without repeats; the first of equal ones stays.", "(list: T[]) -> T[]"],
  flatten: ["The items of all the lists, one after the other.", "(lists: T[][]) -> T[]"],
  intersect: ["The items of the first list that the second has too.", "(a: T[], b: T[]) -> T[]"],
  difference: ["The items of the first list that the second has not.", "(a: T[], b: T[]) -> T[]"],
  keys: ["A map's keys, sorted by code point.", "(map: map<T>) -> string[]"],
  values: ["A map's values, in the order of its sorted keys.", "(map: map<T>) -> T[]"],
  first: ["The first item; fails for an empty list.", "(list: T[]) -> T"],
  last: ["The last item; fails for an empty list.", "(list: T[]) -> T"],
  take: ["The first so many items, or all if there are fewer.", "(list: T[], count: int) -> T[]"],
  drop: ["All items but the first so many.", "(list: T[], count: int) -> T[]"],
  join: [
    "The strings one after the other, with the separator between.",
    "(list: string[], separator: string) -> string",
  ],
  split: [
    "The parts of a string between separators; an empty separator gives its characters.",
    "(text: string, separator: string) -> string[]",
  ],
  lines: [
    "The lines of a string, without line ends and without an empty last one.",
    "(text: string) -> string[]",
  ],
  trim: ["The string without white space at both ends.", "(text: string) -> string"],
  lower: ["The string in lower case.", "(text: string) -> string"],
  upper: ["The string in upper case.", "(text: string) -> string"],
  replace: [
    "The string with each occurrence of `old` replaced.",
    "(text: string, old: string, new: string) -> string",
  ],
  contains: [
    "True if the string has that part, or the list that item.",
    "(list: T[], item: T) -> bool",
    "(text: string, part: string) -> bool",
  ],
  starts_with: ["True if the string starts so.", "(text: string, start: string) -> bool"],
  ends_with: ["True if the string ends so.", "(text: string, end: string) -> bool"],
  slug: [
    "Lower-case letters and digits, with one `-` for whatever else stands between.",
    "(text: string) -> string",
  ],
  string: ["The value as text, as `~{…}` gives it.", "(value: T) -> string"],
  int: [
    "A whole number from its text, or a number without its fraction; fails if it is none.",
    "(number: float) -> int",
    "(text: string) -> int",
  ],
  float: [
    "A number from its text; fails if it is none.",
    "(number: float) -> float",
    "(text: string) -> float",
  ],
  to_json: ["The value as JSON on one line.", "(value: T) -> string"],
  parse_json: ["JSON from its text, to be decoded with `as`; fails if it is none.", "(text: string) -> json"],
  basename: [
    "The last part of a path.",
    "(path: string) -> string",
    "(file: file) -> string",
    "(dir: dir) -> string",
  ],
  hash: ["SHA-256 of the value, as 64 hexadecimal digits.", "(value: T) -> string"],
};

/** Functions that look at the project's files, or at a node's own. */
const disk: Readonly<Record<string, Row>> = {
  read: ["A file's text.", "(file: file) -> string"],
  read_json: ["A file's JSON, to be decoded with `as`.", "(file: file) -> json"],
  glob: [
    "The files that a pattern matches, sorted by path: of the project, or of a dir.",
    "(pattern: string) -> file[]",
    "(pattern: string, dir: dir) -> file[]",
  ],
};

/** Functions for a task's `return`: what the work left where it ran. */
const inReturn: Readonly<Record<string, Row>> = {
  file: ["A file that the work made, kept as an artifact.", "(path: string) -> file"],
  files: [
    "The files that the work made and the pattern matches, sorted by path.",
    "(pattern: string) -> file[]",
  ],
  dir: ["A folder that the work made, kept as an artifact.", "(path: string) -> dir"],
};

/** `secret("NAME")`: checked by itself, since it may stand in few places. */
export const secretDoc = "A secret from flowc's environment; only in `env`.";

/** Names that mean something in settings alone. */
export const settingCalls: ReadonlySet<string> = new Set(["worktree", "slot"]);

/** Names that other constructs will use; calls of them are told as `not-yet`. */
export const laterBuiltins: ReadonlySet<string> = new Set(["rollback"]);

export const builtins: ReadonlyMap<string, Builtin> = table();

function table(): ReadonlyMap<string, Builtin> {
  const all = new Map<string, Builtin>();
  const add = (rows: Readonly<Record<string, Row>>, kind: "pure" | "disk" | "return") => {
    for (const [name, [doc, ...texts]] of Object.entries(rows))
      all.set(name, {
        name,
        doc,
        signatures: texts.map((text) => signature(name, text)),
        disk: kind === "disk",
        inReturn: kind === "return",
      });
  };
  add(pure, "pure");
  add(disk, "disk");
  add(inReturn, "return");
  add({ secret: [secretDoc, "(name: string) -> string"] }, "pure");
  return all;
}

function signature(name: string, text: string): Signature {
  const [inside = "", result = ""] = text.slice(1).split(") -> ");
  const params = inside.split(", ").map((param) => {
    const [word = "", type = ""] = param.split(": ");
    return { name: word, type: pattern(type) };
  });
  return { text: name + text, params, result: pattern(result) };
}

function pattern(text: string): Pattern {
  if (text.endsWith("[]")) return { kind: "list", of: pattern(text.slice(0, -2)) };
  if (text.startsWith("map<")) return { kind: "map", of: pattern(text.slice(4, -1)) };
  if (text === "T" || text === "N" || text === "O") return { kind: "var", name: text };
  return { kind: "type", type: scalarNamed(text) ?? { kind: "error" } };
}
