// Every code has an explanation whose wrong flow gives just that code, its right flow nothing; docs/errors.md tells them all.

import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { nodeHost } from "../cli/host.ts";
import { compile } from "../compiler/compile.ts";
import { filesOf, type Program } from "../compiler/explanation.ts";
import { explanations } from "../compiler/explanations.ts";
import { format } from "../grammar/format.ts";
import { parse } from "../grammar/parser.ts";
import { errorsPage } from "./errors-page.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "flowc-explain-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The codes of all diagnostics of a program, warnings too. */
function codesOf(program: Program, name: string): readonly string[] {
  for (const [file, text] of filesOf(program)) {
    const path = join(folder, name, file);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
  const entry = join(folder, name, "main.flow");
  return compile(entry, nodeHost(dirname(entry), entry)).diagnostics.map(({ code }) => code);
}

/** What the factories of diagnostics in `errors*.ts` can give. */
function codesInTheCode(): readonly string[] {
  const found = ["compiler", "grammar"].flatMap((where) =>
    readdirSync(join(root, where))
      .filter((name) => /\.ts$/.test(name) && !name.startsWith("explanation"))
      .flatMap((name) => [
        ...readFileSync(join(root, where, name), "utf8").matchAll(
          /(?:\b(?:error|warning|mistake)\(\s*|\bcode: )"([a-z]+(?:-[a-z]+)*)"/g,
        ),
      ])
      .map((match) => match[1] ?? ""),
  );
  return [...new Set(found)].sort();
}

describe("explanations", () => {
  it("are there for every code, once, and for no other", () => {
    expect(explanations.map(({ code }) => code)).toEqual(codesInTheCode());
  });

  it.each(explanations.map((one) => ({ ...one })))("$code: the wrong flow gives it", ({ code, wrong }) => {
    expect(codesOf(wrong, `${code}-wrong`)).toEqual([code]);
  });

  it.each(explanations.map((one) => ({ ...one })))("$code: the right flow is well", ({ code, right }) => {
    // A part of the language that does not run yet may be right all the same.
    expect(codesOf(right, `${code}-right`).filter((one) => one !== "not-yet")).toEqual([]);
    for (const [file, text] of filesOf(right))
      if (file.endsWith(".flow")) expect(format(parse({ path: file, text }).file)).toBe(text);
  });

  it("are short sentences", () => {
    for (const { code, says, why } of explanations) {
      expect(says, code).toMatch(/^\S.{9,70}[^.]$/);
      expect(why, code).toMatch(/^[A-Z`f].{60,400}[.?]$/);
    }
  });
});

describe("docs/errors.md", () => {
  const path = join(root, "docs/errors.md");

  it("is as the cases of test/errors make it (`npm test -- --bless` rewrites it)", () => {
    const page = errorsPage(root);
    if (process.env["BLESS"] === "1") writeFileSync(path, page);
    expect(readFileSync(path, "utf8")).toBe(page);
  });

  it("has a section for each code, and each in the list at its top", () => {
    const page = readFileSync(path, "utf8");
    const codes = explanations.map(({ code }) => code);
    expect([...page.matchAll(/^## ([a-z-]+)$/gm)].map((match) => match[1])).toEqual(codes);
    expect([...page.matchAll(/\]\(#([a-z-]+)\)/g)].map((match) => match[1])).toEqual(codes);
  });
});
