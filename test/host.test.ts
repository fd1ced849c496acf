// The Host on a real disk, and the pure globs that it and the attempts share.

import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { nodeHost } from "../cli/host.ts";
import { exportedNames } from "../cli/module-exports.ts";
import { byCodePoint, globEnters, globMatcher, globProblem, globRoots } from "../compiler/glob.ts";
import { chanceOf } from "./run-world.ts";

let root = "";

function put(path: string, content: string | Uint8Array) {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), content);
}

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "flowc-host-"));
  put("package.json", "{}");
  put("flows/main.flow", "flow main() {}\n");
  put("flows/b.flow", "");
  put("flows/a.flow", "");
  put("crates/core/lib.rs", "core");
  put("crates/cli/main.rs", "cli");
  put("crates/.hidden/x.rs", "hidden");
  put(".git/config.rs", "git");
  put("node_modules/dep/index.rs", "dep");
  put("bin.dat", new Uint8Array([0xff, 0xfe, 0x00]));
  symlinkSync("..", join(root, "crates/core/up"));
  symlinkSync("/etc", join(root, "crates/outside"));
  symlinkSync("core/lib.rs", join(root, "crates/linked.rs"));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

describe("the disk", () => {
  test("the root is the nearest folder upwards with a mark", () => {
    expect(nodeHost(root, "flows/main.flow").root).toBe(root);
    expect(nodeHost("/", join(root, "flows/main.flow")).root).toBe(root);
  });

  test("paths are shown from where the user stands", () => {
    const host = nodeHost(join(root, "flows"), "main.flow");
    expect(host.show(join(root, "flows/main.flow"))).toBe("main.flow");
    expect(host.show(join(root, "crates/a.flow"))).toBe("../crates/a.flow");
  });

  test("reading tells why a file cannot be had", () => {
    const host = nodeHost(root, "flows/main.flow");
    expect(host.read(join(root, "flows/main.flow"))).toMatchObject({ text: "flow main() {}\n" });
    expect(host.read(join(root, "flows/none.flow"))).toEqual({ error: "absent" });
    expect(host.read(join(root, "package.json/x"))).toEqual({ error: "absent" });
    expect(host.read(join(root, "flows"))).toEqual({ error: "directory" });
    expect(host.read(join(root, "bin.dat"))).toEqual({ error: "not-utf8" });
    expect(host.list(join(root, "flows"))).toEqual(["a.flow", "b.flow", "main.flow"]);
    expect([host.look(root), host.look(join(root, "bin.dat")), host.look(join(root, "no"))]).toEqual([
      "dir",
      "file",
      "absent",
    ]);
  });

  test("contents are hashed: a file by its bytes, a dir by its manifest", () => {
    const host = nodeHost(root, "flows/main.flow");
    expect(host.see("file", "crates/core/lib.rs")).toEqual({
      kind: "file",
      path: "crates/core/lib.rs",
      size: 4,
      sha256: "0d45f5fd462b8c70bffb10021ac1bcff3f58f29b1faf7568595095427d42812c",
    });
    const dir = host.see("dir", "crates/cli");
    expect(dir).toMatchObject({ kind: "dir", path: "crates/cli", size: 3 });
    expect(host.see("dir", join(root, "crates/cli"))).toEqual(dir);
    expect(host.see("file", "crates")).toBeNull();
    expect(host.see("dir", "none")).toBeNull();
  });

  test("a glob stays inside the project and out of closed folders", () => {
    const host = nodeHost(root, "flows/main.flow");
    expect(host.glob("**/*.rs", root).paths).toEqual([
      "crates/cli/main.rs",
      "crates/core/lib.rs",
      "crates/linked.rs",
    ]);
    expect(host.glob("*/*.rs", join(root, "crates")).paths).toEqual([
      "crates/cli/main.rs",
      "crates/core/lib.rs",
    ]);
    expect(host.glob("crates/.hidden/*", root).paths).toEqual(["crates/.hidden/x.rs"]);
    expect(host.glob(".git/*.rs", root).paths).toEqual([".git/config.rs"]);
    expect(host.glob("node_modules/**/*.rs", root).paths).toEqual(["node_modules/dep/index.rs"]);
    expect(host.glob("crates/outside/*", root).paths).toEqual([]);
    expect(host.glob("../**", join(root, "crates")).paths).toEqual([]);
    expect(host.glob("{crates/cli,flows}/*", root).paths).toEqual([
      "crates/cli/main.rs",
      "flows/a.flow",
      "flows/b.flow",
      "flows/main.flow",
    ]);
  });
});

describe("globs", () => {
  const cases: readonly [string, string, boolean][] = [
    ["*.rs", "a.rs", true],
    ["*.rs", "x/a.rs", false],
    ["./*.rs", "a.rs", true],
    ["**/*.rs", "a.rs", true],
    ["**/*.rs", "x/y/a.rs", true],
    ["**", "x/.env", false],
    ["**/.env", "x/.env", true],
    ["x/**", "x/y/z", true],
    ["a?c", "abc", true],
    ["a?c", "a/c", false],
    ["[ab].txt", "b.txt", true],
    ["[!ab].txt", "b.txt", false],
    ["{a,b/c}/*.ts", "b/c/x.ts", true],
    ["!(a)", "b", false],
    ["!a", "b", false],
    ["/etc/*", "/etc/passwd", false],
    ["../*", "../x", false],
    ["é*", "école", true],
  ];
  test.each(cases)("%s on %s: %s", (pattern, path, expected) => {
    expect(globMatcher(pattern)(path)).toBe(expected);
  });

  test("a search begins at the literal folders", () => {
    expect(globRoots("a/b/*.rs")).toEqual(["a/b"]);
    expect(globRoots("a/b.rs")).toEqual(["a"]);
    expect(globRoots("{a,b/c}/x/**")).toEqual(["a/x", "b/c/x"]);
    expect(globRoots("{a,a/b}/**")).toEqual(["a"]);
    expect(globRoots("**/x")).toEqual([""]);
    expect(globRoots("../x")).toEqual([]);
    expect(globEnters("**/*.rs")("node_modules")).toBe(false);
    expect(globEnters("**/node_modules/*.rs")("node_modules")).toBe(true);
    expect(globEnters("**/.x/*")(".x")).toBe(true);
  });

  const folders: readonly [string, string, boolean][] = [
    ["package.json", "src", false],
    ["*.json", "src", false],
    ["src/*.ts", "src", true],
    ["src/*.ts", "src/deep", false],
    ["src/*.ts", "docs", false],
    ["src/*/a.ts", "src/any", true],
    ["src/*/a.ts", "src/any/deep", false],
    ["{a,b/c}/*", "b/c", true],
    ["{a,b/c}/*", "b/d", false],
    ["src/**/a.ts", "src/any/deep", true],
    ["src/**/a.ts", "docs", false],
    ["./src/a.ts", "src", true],
  ];
  test.each(folders)("%s enters %s: %s", (pattern, folder, expected) => {
    expect(globEnters(pattern)(folder)).toBe(expected);
  });

  test("a search for any pattern enters the folders of all that it matches", () => {
    const chance = chanceOf(7);
    const one = (from: readonly string[]): string => from[Math.floor(chance() * from.length)] ?? "";
    const parts = [
      "a",
      "b",
      "ab",
      "*",
      "**",
      "?",
      "a*",
      "[ab]",
      "{a,b}",
      "{a,b/a}",
      "{1..2}",
      "**b",
      "a\\b",
      "",
      ".",
    ];
    const some = (from: readonly string[]): string =>
      Array.from({ length: 1 + Math.floor(chance() * 4) }, () => one(from)).join("/");
    let matched = 0;
    for (let i = 0; i < 20_000; i++) {
      const [pattern, path] = [some(parts), some(["a", "b", "ab", "1"])];
      if (!globMatcher(pattern)(path)) continue;
      matched++;
      const names = path.split("/").slice(0, -1);
      for (const depth of names.keys()) {
        const folder = names.slice(0, depth + 1).join("/");
        expect(`${pattern} on ${path}: ${folder} ${globEnters(pattern)(folder)}`).toBe(
          `${pattern} on ${path}: ${folder} true`,
        );
      }
    }
    expect(matched).toBeGreaterThan(1_000);
  });

  test("problems are told in words", () => {
    expect(globProblem("a/../b")).toBe("it must not leave its folder with `..`");
    expect(globProblem("/a")).toBe("it must be relative");
    expect(globProblem(".//")).toBe("it names no file");
    expect(globProblem("a/**")).toBeNull();
  });

  test("order is by code point, not by UTF-16 unit", () => {
    expect(["\u{1F600}", "\uFF5E", "a", "B", ""].sort(byCodePoint)).toEqual([
      "",
      "B",
      "a",
      "\uFF5E",
      "\u{1F600}",
    ]);
  });
});

describe("exports of a module", () => {
  const cases: readonly [string, readonly string[] | null][] = [
    ["export function a() {}\nexport async function* b() {}", ["a", "b"]],
    ["export const a = (1, 2), b: Map<string, number> = new Map()\nexport let c", ["a", "b", "c"]],
    ["export const { a, b: c, ...d } = x", ["a", "c", "d"]],
    ["export { a, b as c, type T, d as default } from './x'", ["a", "c", "default"]],
    ["export default () => 1; export class K {}", ["default", "K"]],
    ["export type A = 1; export interface B {} export declare const x: 1", []],
    ["export * from './x'", null],
    ["export * as ns from './x'", ["ns"]],
    [
      "// export const no = 1\nconst s = 'export const no = 1'; export const yes = `export const ${'no'} = 1`",
      ["yes"],
    ],
    ["const r = /export const no = 1/; export const yes = 4 / 2 / 1", ["yes"]],
    ["import x from 'x'", []],
    ["module.exports = { a, b: 1, c() {} }", ["a", "b", "c"]],
    ["module.exports = { ...x }", null],
    ["module.exports = f()", null],
    ["exports.a = 1; module.exports.b = 2", ["a", "b"]],
    ["exports[name] = 1", null],
    ["const t = `${`export const no = 1`}`; export abstract class A {}", ["A"]],
    ["", []],
  ];
  test.each(cases)("%s", (text, names) => {
    expect(exportedNames(text)).toEqual(names);
  });
});
