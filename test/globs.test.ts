// Do two globs share a path: against all short paths there are, and what people write.

import { describe, expect, test } from "vitest";
import { globMatcher } from "../compiler/glob.ts";
import { overlapOf } from "../compiler/glob-overlap.ts";
import { random } from "./layers.ts";

/** All paths of at most six signs. */
function allPaths(): readonly string[] {
  const signs = ["a", "b", ".", "/"];
  let level = [""];
  const found: string[] = [];
  for (let length = 1; length <= 6; length++) {
    level = level.flatMap((start) => signs.map((sign) => start + sign));
    found.push(...level);
  }
  const bad = (name: string) => name === "" || name === "." || name === "..";
  return found.filter((path) => !path.split("/").some(bad));
}

const pieces = [
  "a",
  "b",
  ".",
  "/",
  "*",
  "**",
  "?",
  "**/",
  "/**",
  "[ab]",
  "[^a]",
  "{a,b}",
  "{a/,.b}",
  "[.]",
  "a*",
];

describe("two globs", () => {
  test.each([
    ["dist/**", "dist/a.js", "dist/a.js"],
    ["dist/**", "src/**", null],
    ["**/*.node", "dist/**", "dist/x.node"],
    ["dist/*.js", "dist/a/*.js", null],
    ["a/**/b", "a/b", "a/b"],
    ["a/**", "a", null],
    ["*.ts", ".eslintrc.ts", null],
    [".*", "*", null],
    ["{a,b}/x", "{b,c}/x", "b/x"],
    ["{a,b}/x", "c/x", null],
    ["[a-f]1", "[f-z]1", "f1"],
    ["[a-e]1", "[f-z]1", null],
    ["out-?.txt", "out-[!a].txt", "out-x.txt"],
    ["crates/aes/**", "crates/aes-gcm/**", null],
    ["crates/aes*/**", "crates/aes-gcm/**", "crates/aes-gcm/x"],
    ["{1..3}.txt", "2.txt", "2.txt"],
    ["./a//b", "a/b", "a/b"],
    ["**", "**", "x"],
    ["docs/über.md", "docs/*.md", "docs/über.md"],
    ["a b/*", "a*/c", "a b/c"],
  ])("%s and %s: %s", (a, b, path) => {
    const found = overlapOf(a, b);
    expect(found).toEqual(path === null ? "none" : { path });
    expect(overlapOf(b, a) === "none").toBe(path === null);
  });

  test("a pattern that can be no path overlaps with nothing", () => {
    for (const pattern of ["", "/etc/**", "../x", "a/", "a/./b"])
      expect(overlapOf(pattern, "**")).toBe("none");
  });

  test("random ones agree with all short paths", () => {
    const paths = allPaths();
    const next = random(7);
    const pattern = () =>
      Array.from(
        { length: 1 + Math.floor(next() * 5) },
        () => pieces[Math.floor(next() * pieces.length)] ?? "",
      ).join("");
    let shared = 0;
    for (let round = 0; round < 2500; round++) {
      const [a, b] = [pattern(), pattern()];
      const [inA, inB] = [globMatcher(a), globMatcher(b)];
      const brute = paths.find((path) => inA(path) && inB(path));
      const found = overlapOf(a, b);
      if (found === "unknown") throw new Error(`${a} and ${b} are not known`);
      if (found === "none") expect([a, b, brute]).toEqual([a, b, undefined]);
      else {
        shared++;
        expect([a, b, inA(found.path), inB(found.path)]).toEqual([a, b, true, true]);
      }
    }
    expect(shared).toBeGreaterThan(200);
  });
});
