// Golden cases: `x.flow` beside `x.expected`, which holds what a person would see. BLESS=1 writes the expected files.

import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

export interface GoldenCase {
  /** The file's name without `.flow`. */
  readonly name: string;
  /** The absolute path of the `.flow` file. */
  readonly path: string;
  readonly text: string;
}

const blessing = process.env["BLESS"] === "1";

/** The `.flow` files directly in `test/<kind>/`, in order of name. */
export function goldenCases(kind: string): readonly GoldenCase[] {
  const folder = folderOf(kind);
  return readdirSync(folder)
    .filter((file) => file.endsWith(".flow"))
    .sort()
    .map((file) => {
      const path = folder + file;
      return { name: file.slice(0, -".flow".length), path, text: readFileSync(path, "utf8") };
    });
}

function folderOf(kind: string): string {
  return fileURLToPath(new URL(`./${kind}/`, import.meta.url));
}

/**
 * One test for each case of `test/<kind>/`: what `actual` gives must be what its `.expected` file holds. A missing
 * expected file fails, and so does one without a case; with BLESS=1 the former is written.
 */
export function golden(kind: string, actual: (one: GoldenCase) => string | Promise<string>): void {
  const cases = goldenCases(kind);
  describe(`test/${kind}`, () => {
    it("has cases, and no expected file without one", () => {
      expect(cases.length).toBeGreaterThan(0);
      const names = new Set(cases.map((one) => one.name));
      const orphans = readdirSync(folderOf(kind))
        .filter((file) => file.endsWith(".expected"))
        .filter((file) => !names.has(file.slice(0, -".expected".length)));
      expect(orphans).toEqual([]);
    });

    it.each(cases.map((one) => ({ ...one })))("$name", async (one) => {
      const text = ended(await actual(one));
      const expected = one.path.replace(/\.flow$/, ".expected");
      if (blessing) writeFileSync(expected, text);
      if (!existsSync(expected)) throw new Error(`${expected} is missing: npm test -- --bless writes it`);
      expect(text).toBe(readFileSync(expected, "utf8"));
    });
  });
}

function ended(text: string): string {
  return text === "" || text.endsWith("\n") ? text : `${text}\n`;
}
