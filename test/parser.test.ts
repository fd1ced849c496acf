// The parser: goldens for what is read and what is told, and that nothing makes it throw, hang or lose its way.

import { describe, expect, it } from "vitest";
import { applyFix, type Diagnostic } from "../grammar/diagnostic.ts";
import { parse } from "../grammar/parser.ts";
import { position, type Source } from "../grammar/source.ts";
import { astText } from "./ast-text.ts";
import { type GoldenCase, golden, goldenCases } from "./golden.ts";

function place(source: Source, { start, end }: Diagnostic["span"]): string {
  const from = position(source, start);
  const to = position(source, end);
  return `${from.line}:${from.column}-${to.line}:${to.column}`;
}

function diagnosticText(one: Diagnostic): string {
  const lines = [
    `${one.severity}[${one.code}] ${place(one.source, one.span)} ${one.title}`,
    `  ${one.label}`,
  ];
  for (const { span, label } of one.related) lines.push(`  related: ${place(one.source, span)} ${label}`);
  if (one.hint !== undefined) lines.push(`  hint: ${one.hint}`);
  for (const { span, text } of one.fix?.edits ?? [])
    lines.push(`  fix: ${one.fix?.title} (${place(one.source, span)} ${JSON.stringify(text)})`);
  return lines.join("\n");
}

function parsedText({ name, text }: GoldenCase): string {
  const { file, diagnostics } = parse({ path: `${name}.flow`, text });
  return diagnostics.length === 0 ? astText(file) : diagnostics.map(diagnosticText).join("\n");
}

golden("syntax", parsedText);

const told = (text: string): readonly Diagnostic[] => parse({ path: "x.flow", text }).diagnostics;

describe("fixes", () => {
  for (const { name, text } of goldenCases("syntax"))
    for (const [index, { fix, title, source, span }] of told(text).entries())
      if (fix !== undefined)
        it(`${name} ${index}: ${fix.title}`, () => {
          const mended = told(applyFix(source, fix));
          // What the mistake hid may come to light, but it itself is gone.
          const again = mended.filter((one) => one.title === title && one.span.start === span.start);
          expect(again.length === 0 || mended.length < told(text).length, title).toBe(true);
        });
});

describe("nothing makes the parser throw", () => {
  it.each(goldenCases("syntax").map((one) => ({ ...one })))("every prefix of $name", ({ text }) => {
    for (let end = 0; end < text.length; end += text.length > 400 ? 7 : 1) {
      const { file, diagnostics } = parse({ path: "x.flow", text: text.slice(0, end) });
      expect(file.kind).toBe("file");
      for (const { span } of diagnostics) {
        expect(span.end).toBeLessThanOrEqual(end);
        expect(span.start).toBeLessThanOrEqual(span.end);
      }
    }
  });

  it("every file with one character taken out", () => {
    for (const { text } of goldenCases("syntax"))
      for (let at = 0; at < text.length; at += 3)
        expect(parse({ path: "x.flow", text: text.slice(0, at) + text.slice(at + 1) }).file.kind).toBe(
          "file",
        );
  });
});

describe("bounds", () => {
  const flow = (body: string): string => `flow main() {\n  x = ${body}\n}\n`;
  const n = 100_000;

  it.each([
    ["(", ")"],
    ["[", "]"],
    ["{ a: ", "}"],
    ["f(", ")"],
    ["if a { ", " }"],
    ["a[", "]"],
    ['"~{', '}"'],
    ['"""~{', '}"""'],
  ])("%s in each other are told once", (open, close) => {
    for (const text of [open.repeat(n) + close.repeat(n), open.repeat(n)]) {
      const found = told(flow(text));
      expect(found.length).toBe(1);
      expect(found[0]?.title).toMatch(/too deeply|Unclosed hole|Unterminated/);
    }
  });

  it.each(["if ", "for x in ", "repeat ", "- ", "not ", "map<", "not - "])(
    "%s a hundred thousand times",
    (word) => {
      const found = told(word === "map<" ? `type T { a: ${word.repeat(n)} }` : flow(`${word.repeat(n)}y`));
      expect(found.length).toBeLessThanOrEqual(2);
      expect(found[0]?.title).toMatch(/too deeply|too long|Expected/);
    },
  );

  it.each([" + 1", ".a", "[0]", "(1)", " ?? a", " and b", " == c"])("a chain of %s", (link) => {
    const found = told(flow(`a${link.repeat(n)}`));
    expect(found.length).toBeGreaterThanOrEqual(1);
    expect(found.length).toBeLessThanOrEqual(101);
    expect(found.some(({ title }) => title === "Expression too long")).toBe(true);
  });

  it("bounds a chain of `else if`, and of a type's suffixes", () => {
    expect(told(flow(`if a { 1 }${" else if b { 2 }".repeat(n)}`)).map(({ title }) => title)).toEqual([
      "Expression too long",
    ]);
    expect(told(`type T { a: b${"[]".repeat(n)} }`).map(({ title }) => title)).toEqual(["Type too long"]);
  });

  it("shows a hundred mistakes and counts the others", () => {
    const found = told(flow("1").repeat(1) + "x = 5min\n".repeat(n));
    expect(found.length).toBe(101);
    expect(found.at(-1)?.label).toBe("99900 more mistakes are not shown");
  });

  it.each([";", "}", "\u0000 ", '"', '"""', "ß ", "'", "= ", "x ", "( ", "task ", "#\n", "~{ ", ", "])(
    "%j a hundred thousand times",
    (noise) => {
      expect(told(noise.repeat(n)).length).toBeLessThanOrEqual(101);
      expect(told(flow(noise.repeat(n))).length).toBeLessThanOrEqual(101);
    },
  );

  it("reads nests as deep as people write", () => {
    const deep = 40;
    expect(told(flow(`${"if a { ".repeat(deep)}1${" }".repeat(deep)}`))).toEqual([]);
    expect(told(flow(`${"[".repeat(deep)}1${"]".repeat(deep)}`))).toEqual([]);
    expect(told(flow(`a${" + 1".repeat(400)}`))).toEqual([]);
  });
});
