// Values from outside: schemas, decoding, and the words in which a mismatch is told.

import { Ajv2020 } from "ajv/dist/2020.js";
import { describe, expect, test } from "vitest";
import { schemaOf } from "../compiler/schema.ts";
import type { FieldType, Type, TypeTable } from "../compiler/types.ts";
import { askedFor } from "../runtime/answer-asked.ts";
import { decode, decodeText, filesIn } from "../runtime/validate.ts";

const string: Type = { kind: "string" };
const int: Type = { kind: "int" };
const list = (of: Type): Type => ({ kind: "list", of });
const optional = (of: Type): Type => ({ kind: "optional", of });
const named = (name: string): Type => ({ kind: "named", name });
const field = (name: string, type: Type, more: Partial<FieldType> = {}): FieldType => ({
  name,
  type,
  doc: null,
  early: false,
  ...more,
});
const record = (...fields: FieldType[]): Type => ({ kind: "record", fields });

const table: TypeTable = {
  Platform: { kind: "union", members: ["linux", "mac"] },
  Crate: record(
    field("name", string, { doc: "As in Cargo.toml." }),
    field("deps", list(string), { default: [] }),
    field("platform", named("Platform")),
    field("note", optional(string)),
  ),
  Tree: record(field("label", string), field("children", list(named("Tree")), { default: [] })),
  "Crate~2": record(field("other", int)),
};

const crates = record(field("crates", list(named("Crate"))));

const told: TypeTable = {
  Verdict: {
    kind: "record",
    fields: [field("mood", named("Mood"), { doc: "How it reads." })],
    doc: "What a review says.",
  },
  Mood: { kind: "union", members: ["calm", "loud"], doc: "A tone." },
};

describe("schemas", () => {
  test("are whole, with descriptions and defaults, and are themselves valid", () => {
    const schema = schemaOf(crates, table);
    expect(schema).toMatchObject({
      $schema: "https://json-schema.org/draft/2020-12/schema",
      type: "object",
      required: ["crates"],
      $defs: {
        Crate: {
          required: ["name", "platform"],
          properties: {
            name: { type: "string", description: "As in Cargo.toml." },
            deps: { default: [] },
            note: { type: ["string", "null"] },
          },
        },
        Platform: { enum: ["linux", "mac"] },
      },
    });
    const ajv = new Ajv2020({ strict: false });
    const types: Type[] = [
      crates,
      named("Tree"),
      named("Crate~2"),
      optional(named("Platform")),
      { kind: "map", of: optional({ kind: "json" }) },
      { kind: "file" },
      { kind: "duration" },
      { kind: "never" },
    ];
    for (const type of types)
      expect(ajv.validateSchema(schemaOf(type, table)), JSON.stringify(type)).toBe(true);
  });
});

describe("a schema says what a type says of itself", () => {
  test("where it is the whole, where it is mentioned, and where it may be missing", () => {
    const Mood = { title: "Mood", description: "A tone.", enum: ["calm", "loud"] };
    const verdict = {
      description: "What a review says.",
      type: "object",
      properties: { mood: { $ref: "#/$defs/Mood", description: "How it reads." } },
      required: ["mood"],
    };
    const $schema = "https://json-schema.org/draft/2020-12/schema";
    expect(schemaOf(told["Verdict"] ?? string, told)).toEqual({ $schema, ...verdict, $defs: { Mood } });
    expect(schemaOf(list(named("Verdict")), told)).toEqual({
      $schema,
      type: "array",
      items: { $ref: "#/$defs/Verdict" },
      $defs: { Mood, Verdict: { title: "Verdict", ...verdict } },
    });
    const may = record(field("mood", optional({ kind: "union", members: ["calm"], doc: "A tone." })));
    expect(schemaOf(may, told)).toMatchObject({
      properties: { mood: { description: "A tone.", enum: ["calm", null] } },
    });
  });

  test("to an agent; one that says nothing is told what the task says", () => {
    const of = (type: Type) => askedFor(type, told, "Reviews a change.").schema["description"];
    expect(of(named("Verdict"))).toBe("What a review says.");
    expect(of(record(field("ok", { kind: "bool" })))).toBe("Reviews a change.");
    expect(of(list(named("Verdict")))).toBe("Reviews a change.");
  });
});

describe("decoding", () => {
  test("fills defaults, drops and tells what is unknown, once for a whole list", () => {
    const value = {
      crates: [
        { name: "a", platform: "linux", extra: 1 },
        { name: "b", platform: "mac", extra: 2, deps: ["a"], note: "x" },
      ],
      more: true,
    };
    expect(decode(value, crates, table)).toEqual({
      ok: true,
      value: {
        crates: [
          { name: "a", deps: [], platform: "linux", note: null },
          { name: "b", deps: ["a"], platform: "mac", note: "x" },
        ],
      },
      dropped: ["more", "crates[*].extra"],
    });
  });

  const wrong: readonly [unknown, Type, string, string][] = [
    [{ crates: [{ name: 3, platform: "mac" }] }, crates, "crates[0].name", "expected a string, got 3"],
    [{ crates: [{ platform: "mac" }] }, crates, "crates[0].name", "missing, expected a string"],
    [
      { crates: [{ Name: "x", platform: "mac" }] },
      crates,
      "crates[0].name",
      "missing, expected a string; is `Name` meant for it?",
    ],
    [
      { crates: [{ name: "x", platform: "windows" }] },
      crates,
      "crates[0].platform",
      'expected one of "linux", "mac", got "windows"',
    ],
    [{ crates: {} }, crates, "crates", "expected a list, got an empty record"],
    [{ crates: [1] }, crates, "crates[0]", "expected a record `Crate`, got 1"],
    [[], crates, "", "expected a record, got an empty list"],
    [1.5, int, "", "expected a whole number, got 1.5"],
    ["1", int, "", 'expected a whole number, got "1"; write it without quotes'],
    [2 ** 53, int, "", "expected a whole number within ±2^53, got 9007199254740992"],
    [Number.NaN, { kind: "float" }, "", "NaN is no number that JSON can hold"],
    [null, { kind: "float" }, "", "expected a number, got none"],
    ["x", { kind: "duration" }, "", 'expected a duration in seconds, got "x"'],
    [1, optional(string), "", "expected a string or none, got 1"],
    [{ name: 1, platform: "mac" }, optional(named("Crate")), "name", "expected a string, got 1"],
    [3, optional(named("Crate")), "", "expected a record `Crate`, got 3"],
    [
      { label: "a", children: [{ label: "b", children: [{}] }] },
      named("Tree"),
      "children[0].children[0].label",
      "missing, expected a string",
    ],
    [{ "a b": 1 }, { kind: "map", of: string }, '["a b"]', "expected a string, got 1"],
    [new Map(), { kind: "json" }, "", "a Map is no value that JSON can hold"],
    [{ f: () => 1 }, { kind: "json" }, "f", "a function is no value that JSON can hold"],
    [10n, int, "", "a bigint is no value that JSON can hold"],
    [
      { path: "a", name: "a", size: 1, sha256: "x" },
      { kind: "file" },
      "sha256",
      'expected a SHA-256 as 64 hexadecimal digits, got "x"',
    ],
    ["a.txt", { kind: "file" }, "", 'expected a file as { path, name, size, sha256 }, got "a.txt"'],
  ];
  test.each(wrong)("%s is told", (value, type, path, reason) => {
    expect(decode(value, type, table)).toEqual({ ok: false, path, reason });
  });

  test("a value that holds itself, or is as deep, is told and breaks nothing", () => {
    const loop: { self?: unknown } = {};
    loop.self = loop;
    expect(decode(loop, { kind: "json" }, table)).toMatchObject({
      ok: false,
      reason: "nested deeper than 200 levels",
    });
    const deep: unknown = JSON.parse("[".repeat(5000) + "]".repeat(5000));
    expect(decode(deep, { kind: "json" }, table)).toMatchObject({ ok: false });
  });

  test("names of Object.prototype are data", () => {
    const strange = record(
      field("constructor", string),
      field("__proto__", optional(int)),
      field("toString", string, { default: "d" }),
    );
    expect(decode({}, strange, table)).toEqual({
      ok: false,
      path: "constructor",
      reason: "missing, expected a string",
    });
    const decoded = decode(JSON.parse('{"constructor":"c","__proto__":7}'), strange, table);
    expect(decoded.ok && JSON.stringify(decoded.value)).toBe(
      '{"constructor":"c","__proto__":7,"toString":"d"}',
    );
    const map = decode(
      JSON.parse('{"__proto__":{"polluted":1}}'),
      { kind: "map", of: { kind: "json" } },
      table,
    );
    expect(map.ok && JSON.stringify(map.value)).toBe('{"__proto__":{"polluted":1}}');
    expect(Object.hasOwn(Object.prototype, "polluted")).toBe(false);
  });

  test("the result shares nothing with what came in", () => {
    const given = { a: [1] };
    const decoded = decode(given, { kind: "json" }, table);
    given.a.push(2);
    expect(decoded).toMatchObject({ value: { a: [1] } });
  });

  test("files may be given as paths where somebody looks at them", () => {
    const type = record(
      field("addon", { kind: "file" }),
      field("logs", list({ kind: "file" }), { default: [] }),
    );
    expect(filesIn({ addon: "a.node", logs: ["b", "a.node"] }, type, table)).toEqual([
      { kind: "file", path: "a.node" },
      { kind: "file", path: "b" },
    ]);
    const file = (_: "file" | "dir", path: string) =>
      path === "gone" ? "there is no file `gone`" : { path, name: path, size: 1, sha256: "0".repeat(64) };
    expect(decode({ addon: "a.node" }, type, table, { file })).toMatchObject({
      value: { addon: { path: "a.node", size: 1 }, logs: [] },
    });
    expect(decode({ addon: "a", logs: ["gone"] }, type, table, { file })).toEqual({
      ok: false,
      path: "logs[0]",
      reason: "there is no file `gone`",
    });
    expect(decode({ addon: 3 }, type, table, { file })).toMatchObject({
      path: "addon",
      reason: "expected a file as { path, name, size, sha256 } or its path, got 3",
    });
  });
});

describe("the short way for scalars", () => {
  test("takes nothing that the schema refuses", () => {
    const kinds = ["string", "bool", "int", "float", "duration", "size", "percent", "money"] as const;
    const types: Type[] = [...kinds.map((kind): Type => ({ kind })), named("Platform"), optional(int)];
    const values = ["", "linux", "x", true, false, 0, -1, 1.5, 2 ** 53, 1e300, null, [], {}];
    for (const type of types) {
      const byAjv = new Ajv2020({ strict: false }).compile(schemaOf(type, table));
      for (const value of values)
        expect(decode(value, type, table).ok, `${JSON.stringify(type)} ${JSON.stringify(value)}`).toBe(
          byAjv(value),
        );
    }
  });
});

describe("text", () => {
  const right: readonly [string, Type, "answer" | "input", unknown][] = [
    ["hello\n", string, "answer", "hello"],
    ["hello\n\n", string, "answer", "hello\n"],
    ["hello\n", string, "input", "hello\n"],
    ['"a"', string, "answer", '"a"'],
    ["linux\r\n", named("Platform"), "answer", "linux"],
    ["", optional(int), "answer", null],
    ["\n", optional(string), "answer", null],
    ["", optional(string), "input", ""],
    ["none", optional(int), "input", null],
    ["3", optional(int), "input", 3],
    ["1_000", int, "input", 1000],
    ["true", { kind: "bool" }, "input", true],
    ["30s", { kind: "duration" }, "input", 30],
    ["1h30m", { kind: "duration" }, "input", 5400],
    ["250ms", { kind: "duration" }, "input", 0.25],
    ["90", { kind: "duration" }, "input", 90],
    ["4MB", { kind: "size" }, "input", 4 * 1024 * 1024],
    ["80%", { kind: "percent" }, "input", 80],
    ["0.50USD", { kind: "money" }, "input", 0.5],
    ['["a"]', list(string), "input", ["a"]],
    ["[1]\n", { kind: "json" }, "answer", [1]],
  ];
  test.each(right)("%j", (text, type, from, value) => {
    expect(decodeText(text, type, table, from)).toEqual({ ok: true, value, dropped: [] });
  });

  const wrong: readonly [string, Type, "answer" | "input", string][] = [
    [
      "30s",
      { kind: "duration" },
      "answer",
      'expected a duration such as 30s or 1h30m, got text that is no JSON at line 1, column 3: "30s"',
    ],
    ["windows", named("Platform"), "input", 'expected one of "linux", "mac", got "windows"'],
    ["", int, "answer", "expected a whole number, got nothing"],
    [
      '{"a":\n 1,}',
      crates,
      "answer",
      'expected JSON, got text that is no JSON at line 2, column 4: "{\\"a\\":\\n 1,}"',
    ],
    ["abc", int, "input", 'expected a whole number, got text that is no JSON: "abc"'],
    ["yes", { kind: "bool" }, "input", 'expected true or false, got text that is no JSON: "yes"'],
    ["1.5", int, "input", "expected a whole number, got 1.5"],
  ];
  test.each(wrong)("%j is told", (text, type, from, reason) => {
    expect(decodeText(text, type, table, from)).toEqual({ ok: false, path: "", reason });
  });
});
