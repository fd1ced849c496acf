// Checks the evaluator: every operator and built-in, what fails and how it says so, and that nothing leaks in.

import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { Expr } from "../compiler/plan-expr.ts";
import type { Type, TypeTable, Value } from "../compiler/types.ts";
import { evaluate, paramScope } from "../runtime/evaluate.ts";
import { type FileAccess, ValueError } from "../runtime/values.ts";
import { call, lit, local } from "./run-plans.ts";
import { noFiles } from "./run-world.ts";

const int: Type = { kind: "int" };
const string: Type = { kind: "string" };
const types: TypeTable = {
  Point: {
    kind: "record",
    fields: [
      { name: "x", type: int, doc: null, early: false },
      { name: "y", type: int, doc: null, early: false, default: 7 },
    ],
  },
};

function value(expr: Expr, params: readonly Value[] = [], files: FileAccess = noFiles): Value {
  return evaluate(expr, paramScope(params, types, files));
}

function message(expr: Expr): string {
  try {
    value(expr);
  } catch (error) {
    if (error instanceof ValueError) return error.message;
    throw error;
  }
  throw new Error("it did not fail");
}

const fn = (name: string, ...args: Value[]): Expr => call(name, ...args.map(lit));
const math = (op: "+" | "-" | "*" | "/", left: number, right: number, whole = true): Expr => ({
  k: "math",
  op,
  left: lit(left),
  right: lit(right),
  int: whole,
});
const compare = (op: "==" | "!=" | "<" | "<=" | ">" | ">=", left: Value, right: Value): Expr => ({
  k: "compare",
  op,
  left: lit(left),
  right: lit(right),
});

describe("operators", () => {
  it("compute", () => {
    expect(value(math("+", 2, 3))).toBe(5);
    expect(value(math("-", 2, 3))).toBe(-1);
    expect(value(math("*", 2, 3))).toBe(6);
    expect(value(math("/", 3, 2))).toBe(1.5);
    expect(Object.is(value({ k: "neg", of: lit(0) }), 0)).toBe(true);
    expect(value({ k: "not", of: lit(true) })).toBe(false);
    expect(value({ k: "concat", of: "string", left: lit("a"), right: lit("b") })).toBe("ab");
    expect(value({ k: "concat", of: "list", left: lit([1]), right: lit([2]) })).toEqual([1, 2]);
    expect(value({ k: "default", left: lit(null), right: lit(1) })).toBe(1);
    expect(value({ k: "default", left: lit(false), right: lit(true) })).toBe(false);
    const then = fn("first", []);
    expect(value({ k: "if", cond: lit(false), then, else: lit(2) })).toBe(2);
    expect(value({ k: "record", entries: [{ name: "a", value: math("+", 1, 1) }] })).toEqual({ a: 2 });
  });

  it("stop as soon as the answer is known", () => {
    const fails = fn("first", []);
    expect(value({ k: "and", of: [lit(false), fails] })).toBe(false);
    expect(value({ k: "or", of: [lit(true), fails] })).toBe(true);
  });

  it("compare by value, deep, strings by code point", () => {
    expect(value(compare("==", { a: [1, { b: null }] }, { a: [1, { b: null }] }))).toBe(true);
    expect(value(compare("!=", { a: 1 }, { a: 1, b: 2 }))).toBe(true);
    expect(value(compare("<", "Z", "a"))).toBe(true);
    expect(value(compare("<", "\u{FFFD}", "\u{1F600}"))).toBe(true);
    expect(value(compare(">=", true, false))).toBe(true);
    expect(value(compare("==", "\u00e9", "e\u0301"))).toBe(false);
  });

  it("see files as contents, not as places", () => {
    const file = (path: string, sha256: string): Value => ({ path, name: "a", size: 1, sha256 });
    expect(value(compare("==", file("x/a", "1"), file("y/a", "1")))).toBe(true);
    expect(value(compare("==", file("x/a", "1"), file("x/a", "2")))).toBe(false);
    expect(value(fn("unique", [file("x/a", "1"), file("y/a", "1")]))).toHaveLength(1);
  });

  it("say what failed", () => {
    expect(message(math("/", 1, 0))).toBe("division by zero");
    expect(message(math("*", 2 ** 40, 2 ** 40))).toContain("is too large for an int");
    expect(message(math("*", 1e200, 1e200, false))).toContain("is no number that can be kept");
    expect(message({ k: "index", of: lit([1, 2]), at: lit(3), map: false })).toBe(
      "index 3 of a list of 2 items",
    );
    expect(message({ k: "index", of: lit([1]), at: lit(-1), map: false })).toBe(
      "index -1 of a list of 1 item",
    );
    expect(message({ k: "index", of: lit("text"), at: lit(0), map: false })).toBe(
      'expected a list, got "text"',
    );
  });

  it("read fields and keys of their own, never what objects inherit", () => {
    const record: Value = JSON.parse('{"__proto__": 5, "a": 1}');
    const of = lit(record);
    for (const name of ["constructor", "toString", "hasOwnProperty"]) {
      expect(value({ k: "field", of, name, maybe: false })).toBeNull();
      expect(value({ k: "index", of, at: lit(name), map: true })).toBeNull();
    }
    expect(value({ k: "field", of, name: "__proto__", maybe: false })).toBe(5);
    const made = value({ k: "record", entries: [{ name: "__proto__", value: lit({ evil: true }) }] });
    expect(Object.keys(made ?? {})).toEqual(["__proto__"]);
    expect(value({ k: "field", of: lit(made), name: "evil", maybe: false })).toBeNull();
    expect(value({ k: "field", of: lit(null), name: "a", maybe: true })).toBeNull();
  });
});

describe("texts and loops", () => {
  it("write values as the language says", () => {
    const file: Value = { path: "dist/a.node", name: "a.node", size: 3, sha256: "00" };
    const part = (v: Value, type: Type) => ({ expr: lit(v), type });
    const text = value({
      k: "text",
      parts: [
        "a ",
        part("b", string),
        part(file, { kind: "optional", of: { kind: "file" } }),
        part(90, { kind: "duration" }),
        part([1, "x"], { kind: "json" }),
        part(null, { kind: "json" }),
        part(true, { kind: "bool" }),
      ],
    });
    expect(text).toBe('a bdist/a.node90[1,"x"]nulltrue');
  });

  it("map every combination, the last list fastest, with locals of their own", () => {
    const pairs: Expr = {
      k: "map",
      lists: [lit([1, 2]), lit(["a", "b"])],
      base: 0,
      filter: { k: "compare", op: "!=", left: local(1), right: lit("b") },
      body: {
        k: "let",
        base: 2,
        values: [{ k: "list", items: [local(0), local(1)] }],
        body: {
          k: "map",
          lists: [lit([9])],
          base: 3,
          filter: null,
          body: { k: "list", items: [local(2), local(3)] },
        },
      },
    };
    expect(value(pairs)).toEqual([[[[1, "a"], 9]], [[[2, "a"], 9]]]);
    expect(value({ k: "map", lists: [lit([1]), lit([])], base: 0, filter: null, body: local(0) })).toEqual(
      [],
    );
  });

  it("are bounded", () => {
    const many = fn("range", 100_000);
    const huge: Expr = {
      k: "map",
      lists: [many, many],
      base: 0,
      filter: lit(false),
      body: lit(0),
    };
    expect(message(huge)).toContain("takes more than 10000000 steps");
    expect(message(fn("range", 1_000_001))).toContain("1000000 is the most");
    const long = "x".repeat(10_000);
    expect(message(fn("replace", long, "x", long))).toContain("write it to a file instead");
    expect(
      message(
        fn(
          "join",
          Array.from({ length: 3000 }, () => long),
          "",
        ),
      ),
    ).toContain("characters long");
  });
});

describe("built-ins", () => {
  const table: readonly (readonly [string, readonly Value[], Value])[] = [
    ["len", [[1, 2]], 2],
    ["len", [{ a: 1 }], 1],
    ["len", ["a\u{1F600}"], 2],
    ["range", [3], [0, 1, 2]],
    ["range", [2, 4], [2, 3]],
    ["range", [4, 2], []],
    ["sum", [[1, 2.5]], 3.5],
    ["sum", [[]], 0],
    ["min", [["b", "a"]], "a"],
    ["min", [2, 1], 1],
    ["max", [[1, 3, 2]], 3],
    ["any", [[false, true]], true],
    ["any", [[]], false],
    ["all", [[true, false]], false],
    ["all", [[]], true],
    ["sort", [[10, 9, 1]], [1, 9, 10]],
    ["sort", [["b", "B", "ä"]], ["B", "b", "ä"]],
    ["unique", [[1, 1, { a: 1, b: 2 }, { b: 2, a: 1 }]], [1, { a: 1, b: 2 }]],
    ["flatten", [[[1], [], [2, [3]]]], [1, 2, [3]]],
    ["intersect", [[1, 2, 2], [2]], [2, 2]],
    ["difference", [[1, 2], [2]], [1]],
    ["keys", [{ b: 1, a: 2 }], ["a", "b"]],
    ["values", [{ b: 1, a: 2 }], [2, 1]],
    ["first", [[1, 2]], 1],
    ["last", [[1, 2]], 2],
    ["take", [[1, 2], 5], [1, 2]],
    ["drop", [[1, 2], 1], [2]],
    ["join", [["a", "b"], ", "], "a, b"],
    ["split", ["a,b,", ","], ["a", "b", ""]],
    ["split", ["a\u{1F600}", ""], ["a", "\u{1F600}"]],
    ["lines", ["a\r\nb\n"], ["a", "b"]],
    ["lines", [""], []],
    ["trim", [" a\n"], "a"],
    ["lower", ["İA"], "i̇a"],
    ["upper", ["aß"], "ASS"],
    ["replace", ["aaa", "a", "b$&"], "b$&b$&b$&"],
    ["contains", [[1, [2]], [2]], true],
    ["contains", ["abc", "bc"], true],
    ["starts_with", ["abc", "ab"], true],
    ["ends_with", ["abc", "ab"], false],
    ["slug", ["  Crème Brûlée, v2!"], "creme-brulee-v2"],
    ["string", [1.5], "1.5"],
    ["int", ["1_000"], 1000],
    ["int", [-1.9], -1],
    ["float", [" 2.50 "], 2.5],
    ["to_json", [{ a: [1, "b"] }], '{"a":[1,"b"]}'],
    ["parse_json", ['{"a": [1, null]}'], { a: [1, null] }],
    ["basename", ["a/b/c.txt/"], "c.txt"],
    ["hash", ["x"], createHash("sha256").update('"x"').digest("hex")],
  ];
  for (const [name, args, expected] of table)
    it(`${name}(${args.map((arg) => JSON.stringify(arg)).join(", ")})`, () =>
      expect(value(fn(name, ...args))).toEqual(expected));

  it("hash equal values equally, whatever the order of their fields", () => {
    expect(value(fn("hash", { a: 1, b: [2] }))).toBe(value(fn("hash", { b: [2], a: 1 })));
    expect(value(fn("hash", 1))).not.toBe(value(fn("hash", "1")));
  });

  it("say what failed", () => {
    expect(message(fn("first", []))).toBe("`first` of an empty list");
    expect(message(fn("max", []))).toBe("`max` of an empty list");
    expect(message(fn("take", [1], -1))).toBe("`take` of -1 items: the count must be 0 or more");
    expect(message(fn("int", "5min"))).toBe('"5min" is no whole number');
    expect(message(fn("int", "9007199254740993"))).toContain("too large");
    expect(message(fn("float", "0x10"))).toBe('"0x10" is no number');
    expect(message(fn("parse_json", "{"))).toBe('the text is no JSON: "{"');
    expect(message(fn("parse_json", "1e999"))).toContain("no number that JSON can hold");
    expect(message(fn("parse_json", "[".repeat(5000) + "]".repeat(5000)))).toContain(
      "nested deeper than 200",
    );
    expect(message(fn("replace", "a", "", "b"))).toContain("nothing to look for");
    expect(message(fn("file", "x"))).toContain("there is none here");
  });

  it("read files through what they are given", () => {
    const file: Value = { path: "a.json", name: "a.json", size: 1, sha256: "0".repeat(64) };
    const files: FileAccess = {
      ...noFiles,
      text: (of) => (of.path === "a.json" ? "[1]" : "no"),
      glob: (pattern) => [{ path: pattern, name: "n", size: 0, sha256: "" }],
    };
    expect(value(fn("read", file), [], files)).toBe("[1]");
    expect(value(fn("read_json", file), [], files)).toEqual([1]);
    expect(value(fn("glob", "*.ts"), [], files)).toEqual([{ path: "*.ts", name: "n", size: 0, sha256: "" }]);
    expect(value({ k: "file", kind: "file", path: "x" })).toMatchObject({ path: "x" });
    expect(value(fn("hash", file))).toBe("0".repeat(64));
  });
});

describe("types at run time", () => {
  const point: Type = { kind: "named", name: "Point" };

  it("a cast decodes JSON, fills defaults, and says where it does not fit", () => {
    expect(value({ k: "cast", of: lit({ x: 1, z: 3 }), type: point })).toEqual({ x: 1, y: 7 });
    expect(message({ k: "cast", of: lit([{ x: "a" }]), type: { kind: "list", of: point } })).toMatch(
      /\[0\]\.x.*int|\[0\]\.x/,
    );
  });

  it("narrowing keeps only the type's fields", () => {
    const list: Type = { kind: "list", of: { kind: "optional", of: point } };
    expect(value({ k: "narrow", of: lit([{ x: 1, y: 2, z: 3 }, null]), type: list })).toEqual([
      { x: 1, y: 2 },
      null,
    ]);
    expect(value({ k: "narrow", of: lit({ k: { x: 1 } }), type: { kind: "map", of: point } })).toEqual({
      k: { x: 1, y: 7 },
    });
  });
});
