// The fleet's plans: read as people write them, refused with the place of each mistake, and made from a lockfile.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { plansOf } from "../examples/package-fleet/make-plans.ts";
import type { Package } from "../examples/package-fleet/model.ts";
import { readPlans } from "../examples/package-fleet/plans.ts";
import { countOf, secondsOf, spellCount, spellTime } from "../examples/package-fleet/quantities.ts";
import { root } from "./program.ts";

const folder = mkdtempSync(join(tmpdir(), "flowc-plans-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let made = 0;

/** Reads plans with these texts. */
function read(texts: Readonly<Record<string, string>>, only: readonly string[] = []): Promise<Package[]> {
  const path = join(folder, String(made++));
  mkdirSync(path);
  for (const [name, text] of Object.entries(texts)) writeFileSync(join(path, name), text);
  return readPlans({ plans: { path, name: "plans", size: 0, sha256: "" }, only });
}

function plan(name: string, needs: string, version = "1.0.0"): string {
  return `# ${name}\n- Version: ${version}\n- Downloads: 5k\n- Categories: x\n- Complexity: small\n- Estimate: 5 min\n- Dependencies: ${needs}\n`;
}

describe("the plans that are here", () => {
  const path = join(root, "examples/package-fleet/plans");

  it("are enough, and can be built in an order", async () => {
    const packages = await readPlans({ plans: { path, name: "plans", size: 0, sha256: "" }, only: [] });
    expect(packages.length * 7).toBeGreaterThanOrEqual(770);
    const waiting = new Map(packages.map((one) => [one.key, new Set(one.needs)]));
    for (let before = -1; before !== waiting.size; ) {
      before = waiting.size;
      for (const [key, needs] of waiting) {
        for (const need of needs) if (!waiting.has(need)) needs.delete(need);
        if (needs.size === 0) waiting.delete(key);
      }
    }
    expect([...waiting.keys()]).toEqual([]);
    expect(packages.reduce((sum, one) => sum + one.needs.length, 0)).toBeGreaterThan(packages.length);
  });
});

describe("a plan", () => {
  it("may be written in several ways", async () => {
    const [one] = await read({
      "b.md": plan("b", "none", "2.1.0"),
      "c.md": plan("@c/c", "none"),
      "a.md": [
        "# **a**\r",
        "",
        "A package that people like. Note: it is small.",
        "",
        "* **Version:** v1.2.3-beta.1",
        "+ downloads: about 12,300 per week",
        "- Categories: parser, `text`",
        "- Complexity: Large",
        "- Estimate: 1.5 hours",
        "- Author: somebody",
        "",
        "## Depends on",
        "",
        "- `b` (2.1.0)",
        "- @c/c",
        "- b@2.1.0",
      ].join("\n"),
    });
    expect(one).toEqual({
      key: "a",
      name: "a",
      version: "1.2.3-beta.1",
      downloads: 12_300,
      categories: ["parser", "text"],
      complexity: "large",
      estimate: 5400,
      needs: ["b", "@c/c"],
    });
  });

  it("of which there are two versions has the version in its key", async () => {
    const packages = await read({
      "a1.md": plan("a", "none", "1.0.0"),
      "a2.md": plan("a", "none", "2.0.0"),
      "b.md": plan("b", "a 2.0.0"),
    });
    expect(packages.map(({ key, needs }) => [key, needs])).toEqual([
      ["a@1.0.0", []],
      ["a@2.0.0", []],
      ["b", ["a@2.0.0"]],
    ]);
    expect((await read({ "a.md": plan("a", "none"), "b.md": plan("b", "none") }, ["b"])).length).toBe(1);
  });

  const wrong: readonly (readonly [string, Readonly<Record<string, string>>, string])[] = [
    ["no plan", { "a.txt": "" }, "there is no plan in `plans`"],
    ["no title", { "a.md": "hello" }, "a.md:1: there is no title"],
    ["a name that is none", { "a.md": plan("left pad", "none") }, "a.md:1: `left pad` is no package's name"],
    [
      "a field misspelt",
      { "a.md": `${plan("a", "none")}- Verzion: 1\n` },
      "a.md:8: there is no field `Verzion`; did you mean `Version`?",
    ],
    [
      "a field twice",
      { "a.md": `${plan("a", "none")}- Version: 1\n` },
      "a.md:8: `Version` stands here a second time",
    ],
    [
      "a version that is none",
      { "a.md": plan("a", "none", "latest") },
      "a.md:2: Version: `latest` is no version",
    ],
    [
      "a need nobody plans",
      { "a.md": plan("a", "lodsh"), "b.md": plan("lodash", "none") },
      "a.md:7: it needs `lodsh`, which has no plan; did you mean `lodash`?",
    ],
    [
      "another version",
      { "a.md": plan("a", "b 2.0"), "b.md": plan("b", "none") },
      "a.md:7: it needs `b 2.0`, but there is a plan for 1.0.0",
    ],
    [
      "one of several versions",
      { "a.md": plan("a", "b"), "b1.md": plan("b", "none"), "b2.md": plan("b", "none", "2.0") },
      "of which there are plans for 1.0.0 and 2.0: say which",
    ],
    [
      "two plans for one",
      { "a.md": plan("a", "none"), "b.md": plan("a", "none") },
      "b.md:1: a.md is a plan for a 1.0.0 as well",
    ],
    ["what is no need", { "a.md": plan("a", "b please") }, "a.md:7: `b please` is no dependency"],
  ];
  for (const [what, texts, message] of wrong)
    it(`is refused for ${what}`, async () => {
      await expect(read(texts)).rejects.toThrow(message);
    });

  it("is refused with all its mistakes, in the order of its lines", async () => {
    await expect(read({ "a.md": "# a\n- Estimate: soon\n- Version: x\n" })).rejects.toThrow(
      /^5 mistakes in the plans:\na\.md:2: Estimate.*\na\.md:3: Version.*\na\.md:4: .*Downloads.*\na\.md:4: .*\na\.md:4: /,
    );
  });

  it("is asked for by a name that is not there", async () => {
    await expect(read({ "a.md": plan("lodash", "none") }, ["lodsh"])).rejects.toThrow(
      "did you mean `lodash`?",
    );
  });
});

describe("quantities", () => {
  it("are read back as they are spelled, about", () => {
    for (const count of [0, 7, 9999, 850_000, 1_200_000]) expect(countOf(spellCount(count))).toBe(count);
    for (const time of [300, 3600, 5400, 18_900]) expect(secondsOf(spellTime(time))).toBe(time);
    for (const text of ["", "3 apples", "many", "-5", "1,2"]) expect(countOf(text)).toBeNull();
    for (const text of ["", "soon", "5", "5 min later", "h"]) expect(secondsOf(text)).toBeNull();
  });
});

describe("plans made from a lockfile", () => {
  it("leave out what only developers or some platforms get, and cut circles", async () => {
    const path = join(folder, "package-lock.json");
    writeFileSync(
      path,
      JSON.stringify({
        name: "made-up",
        lockfileVersion: 3,
        packages: {
          "": {},
          "node_modules/a": {
            version: "1.0.0",
            dependencies: { b: "1", c: "1", only: "1" },
            bin: { a: "a" },
          },
          "node_modules/a/node_modules/c": { version: "2.0.0" },
          "node_modules/b": { version: "1.0.0", dependencies: { c: "1" }, peerDependencies: { a: "1" } },
          "node_modules/c": { version: "1.0.0" },
          "node_modules/only": { version: "1.0.0", optional: true, os: ["darwin"] },
          "node_modules/tool": { version: "1.0.0", dev: true },
        },
      }),
    );
    const { plans, circles } = await plansOf(path);
    expect([...plans.keys()].sort()).toEqual(["a.md", "b.md", "c-1.0.0.md", "c-2.0.0.md"]);
    expect(circles.map(({ from, to, kind }) => ({ from, to, kind }))).toEqual([
      { from: "b", to: "a", kind: "peer" },
    ]);
    const packages = await read(Object.fromEntries(plans));
    expect(packages.map(({ key, needs }) => [key, needs])).toEqual([
      ["a", ["b", "c@2.0.0"]],
      ["b", ["c@1.0.0"]],
      ["c@1.0.0", []],
      ["c@2.0.0", []],
    ]);
    expect(plans.get("a.md")).toContain("- Categories: command line\n");
  });
});
