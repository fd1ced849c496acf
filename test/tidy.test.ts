// Checks the rules of ARCHITECTURE.md on every file of the project, and that each rule finds a planted violation.

import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import {
  escapes,
  type Files,
  idleTests,
  importCircles,
  importsOf,
  isCode,
  loosePins,
  mask,
  names,
  packageOf,
  shape,
  target,
  unfinished,
} from "./tidy.ts";

const root = fileURLToPath(new URL("..", import.meta.url));

/** What the files of a folder may import: folders or files of the project. A missing row: nothing. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  grammar: ["grammar/"],
  compiler: ["compiler/", "grammar/"],
  runtime: [
    "runtime/",
    "compiler/plan.ts",
    "compiler/plan-limits.ts",
    "compiler/plan-tasks.ts",
    "compiler/plan-steps.ts",
    "compiler/plan-expr.ts",
    "compiler/types.ts",
    "compiler/type-ops.ts",
    "compiler/schema.ts",
    "compiler/glob.ts",
    "compiler/glob-overlap.ts",
    "compiler/seen.ts",
    "compiler/spell.ts",
  ],
  runners: [
    "runners/",
    "runtime/runner.ts",
    "runtime/agent.ts",
    "runtime/folder.ts",
    "compiler/plan.ts",
    "compiler/plan-limits.ts",
    "compiler/plan-tasks.ts",
    "compiler/plan-steps.ts",
    "compiler/plan-expr.ts",
    "compiler/types.ts",
    "compiler/glob.ts",
  ],
  cli: ["cli/", "grammar/", "compiler/", "runtime/", "runners/"],
  test: ["test/", "grammar/", "compiler/", "runtime/", "runners/", "cli/", "examples/"],
  // A project of its own that happens to stand here: it knows nothing of flowc's inside.
  examples: ["examples/"],
  "build.ts": ["grammar/parser.ts"],
  "vitest.config.ts": [],
};

/** Each library has one home. Tests may use all of them; who starts a program needs no import. */
const HOMES: Readonly<Record<string, readonly string[]>> = {
  chevrotain: ["grammar/"],
  graphology: ["runtime/analysis/"],
  "graphology-dag": ["runtime/analysis/"],
  "graphology-types": ["runtime/analysis/"],
  piscina: ["runtime/analysis/", "runtime/calls/"],
  "@photostructure/sqlite": ["runtime/sqlite.ts"],
  "node:sqlite": ["runtime/sqlite.ts"],
  ajv: ["runtime/validate.ts"],
  commander: ["cli/args"],
  // What we give to others, used by one of them.
  flowc: ["examples/runner-copy/"],
  dockerode: ["runners/docker"],
  "@types/dockerode": ["runners/docker"],
  "@e2b/code-interpreter": ["runners/e2b"],
  "get-east-asian-width": ["cli/render/text.ts"],
  picomatch: ["compiler/glob.ts"],
  tsx: ["runtime/calls/", "runtime/analysis/from-source.mjs", "bin/"],
  esbuild: ["build.ts"],
  tar: ["examples/lockfile-audit/"],
  vitest: ["vitest.config.ts"],
  // The editor's highlighting, tried out in a test.
  "vscode-oniguruma": ["test/"],
  "vscode-textmate": ["test/"],
};

/** Built-ins of Node that the pure folders may use; all others may use any. */
const PURE_BUILT_INS: Readonly<Record<string, readonly string[]>> = {
  grammar: [],
  compiler: ["node:crypto", "node:path"],
};

/** Where something from outside becomes a typed value: the only files with casts. */
const DECODERS: readonly RegExp[] = [/^test\//];

const textOf = (path: string): string => readFileSync(join(root, path), "utf8");

function list(folder: string): string[] {
  const hidden = new Set(["node_modules", "dist", ".git", ".flowc", "coverage"]);
  return readdirSync(join(root, folder)).flatMap((name) => {
    const path = folder === "" ? name : `${folder}/${name}`;
    if (hidden.has(name)) return [];
    return statSync(join(root, path)).isDirectory() ? list(path) : [path];
  });
}

const paths = list("");
const code: Files = new Map(paths.filter(isCode).map((path) => [path, textOf(path)]));
const isText = (path: string): boolean =>
  /\.(?:ts|cjs|md|json|flow|yml|ebnf|expected)$|^\.ci\//.test(path) && path !== "package-lock.json";

function folderOf(path: string): string {
  return path.includes("/") ? (path.split("/")[0] ?? "") : path;
}

function importDirections(files: Files): string[] {
  const found: string[] = [];
  for (const [file, text] of files)
    for (const { from, line } of importsOf(text)) {
      const complaint = oneImport(file, from);
      if (complaint !== null) found.push(`${file}:${line}: imports ${from}: ${complaint}`);
    }
  return found;
}

function oneImport(file: string, from: string): string | null {
  const folder = folderOf(file);
  const path = target(file, from);
  if (path !== null) {
    if (folder === "bin") return path.startsWith("dist/") ? null : "bin starts what was built";
    const allowed = MAY_IMPORT[folder] ?? [];
    return allowed.some((start) => path.startsWith(start)) ? null : `${folder} may not import ${path}`;
  }
  if (from.startsWith("node:") && HOMES[from] === undefined) {
    const pure = PURE_BUILT_INS[folder];
    return pure === undefined || pure.includes(from) ? null : `${folder} is pure`;
  }
  const homes = HOMES[packageOf(from)];
  if (homes === undefined) return "a package without a home: name it in the table of test/tidy.test.ts";
  if (folder === "test") return null;
  return homes.some((home) => file.startsWith(home)) ? null : `its one home is ${homes.join(" and ")}`;
}

/** The clock, the environment, the terminal and chance: known at the rim, passed in everywhere else. */
function worldly(file: string, text: string): string[] {
  const pure =
    ["grammar", "compiler"].includes(folderOf(file)) ||
    /^runtime\/(?:run|unfold|evaluate|decide|outline)[\w-]*\.ts$/.test(file);
  if (!pure) return [];
  const match =
    /\bprocess\s*\.|\bDate\s*\.\s*now\b|\bnew\s+Date\s*\(\s*\)|\bMath\s*\.\s*random\b|\bperformance\s*\.|\blocaleCompare\b/.exec(
      mask(text),
    );
  return match === null ? [] : [`${file}: ${match[0]} in a pure file`];
}

/** Words that only mean something where this project is written, not where it is read. */
const WORKPLACE = new RegExp(
  [
    "/wo" + "rk/",
    "\\.\\./sha" + "red\\b",
    "bash_jo" + "bs",
    "\\bfa" + "rm\\b",
    "https?://reg" + "istry\\.",
  ].join("|"),
);

function workplace(path: string, text: string): string[] {
  const match = WORKPLACE.exec(text);
  return match === null ? [] : [`${path}: names this workplace: ${match[0]}`];
}

const each = (rule: (path: string, text: string) => string[]): string[] =>
  [...code].flatMap(([path, text]) => rule(path, text));

describe("the project", () => {
  it("imports only as the tree says, each library from its home", () =>
    expect(importDirections(code)).toEqual([]));

  it("has no circle of imports", () => expect(importCircles(code)).toEqual([]));

  it("has files that are short and say what they are", () => expect(each(shape)).toEqual([]));

  it("has names that say something", () =>
    expect(
      each((path, text) => names(path, text, /^(?:grammar|compiler|runtime|test)\//.test(path))),
    ).toEqual([]));

  it("has no any, no cast, no default export, no barrel", () =>
    expect(
      each((path, text) =>
        escapes(
          path,
          text,
          DECODERS.some((one) => one.test(path)),
        ),
      ),
    ).toEqual([]));

  it("leaves nothing marked as unfinished", () => expect(each(unfinished)).toEqual([]));

  it("has no idle test", () =>
    expect(each((path, text) => (path.startsWith("test/") ? idleTests(path, text) : []))).toEqual([]));

  it("keeps the world out of the pure files", () => expect(each(worldly)).toEqual([]));

  it("pins every dependency", () => expect(loosePins(textOf("package.json"))).toEqual([]));

  it("does not name the place where it was written", () =>
    expect(paths.filter(isText).flatMap((path) => workplace(path, textOf(path)))).toEqual([]));
});

describe("each rule finds a planted violation", () => {
  const files = (entries: Record<string, string>): Files => new Map(Object.entries(entries));

  it("imports", () => {
    const complaints = (file: string, text: string): number =>
      importDirections(files({ [file]: text })).length;
    expect(complaints("grammar/a.ts", 'import { check } from "../compiler/check.ts";')).toBe(1);
    expect(complaints("compiler/a.ts", 'import type { Run } from "../runtime/run.ts";')).toBe(1);
    expect(complaints("compiler/a.ts", 'import { readFileSync } from "node:fs";')).toBe(1);
    expect(complaints("runtime/a.ts", 'import { parse } from "../grammar/parser.ts";')).toBe(1);
    expect(complaints("runtime/a.ts", 'export type X = import("../compiler/check.ts").X;')).toBe(1);
    expect(complaints("runners/a.ts", 'export { x } from "../runtime/journal.ts";')).toBe(1);
    expect(complaints("cli/a.ts", 'import Database from "node:sqlite";')).toBe(1);
    expect(complaints("cli/a.ts", 'const x = await import("esbuild");')).toBe(1);
    expect(complaints("cli/a.ts", 'import x from "left-pad";')).toBe(1);
    expect(complaints("examples/a/b.ts", 'import { run } from "../../runtime/run.ts";')).toBe(1);
    expect(complaints("runtime/a.ts", 'import type { Plan } from "../compiler/plan.ts";')).toBe(0);
    expect(
      complaints("grammar/a.ts", '// import { x } from "../cli/x.ts"\nconst s = \'import "esbuild"\';'),
    ).toBe(0);
  });

  it("circles, also of types", () => {
    const circle = files({
      "cli/a.ts": 'import type { B } from "./b.ts";',
      "cli/b.ts": 'import { c } from "./c.ts";',
      "cli/c.ts": 'import type { A } from "./a.ts";',
    });
    expect(importCircles(circle)).toEqual(["circle of imports: cli/a.ts → cli/b.ts → cli/c.ts → cli/a.ts"]);
  });

  it("shape", () => {
    expect(shape("a.ts", "const a = 1;\n")).toHaveLength(1);
    expect(shape("a.ts", "// Code.\n")).toHaveLength(1);
    expect(shape("a.ts", `// Says what this file is.\n${"x;\n".repeat(400)}`)).toHaveLength(1);
    expect(shape("a.ts", `// Says what this file is.\n${"x;\n".repeat(399)}`)).toEqual([]);
  });

  it("names", () => {
    expect(names("runtime/run-manager.ts", "", false)).toHaveLength(1);
    expect(names("runtime/utils/a.ts", "", false)).toHaveLength(2);
    expect(names("runtime/index.ts", "", false)).toHaveLength(1);
    expect(names("a.ts", "export interface EventHandler {}", false)).toHaveLength(1);
    expect(names("a.ts", "export interface Handler {}", true)).toEqual([]);
    expect(names("a.ts", "const x = 1;\nexport { x as runContext };", false)).toHaveLength(1);
    expect(names("a.ts", "export const utilisation = 1;", false)).toEqual([]);
  });

  it("escapes", () => {
    expect(escapes("a.ts", "const a: any = 1;", false)).toHaveLength(1);
    expect(escapes("a.ts", "const a: Array<any> = [];", false)).toHaveLength(1);
    expect(escapes("a.ts", "const a = b as Plan;", false)).toHaveLength(1);
    expect(escapes("a.ts", "const a = f(x) as unknown as Plan;", false)).toHaveLength(2);
    expect(escapes("a.ts", "const a = b as Plan;", true)).toEqual([]);
    expect(
      escapes("a.ts", 'import { a as b } from "c"; import * as d from "e"; const f = [1] as const;', false),
    ).toEqual([]);
    expect(escapes("a.ts", "export default 1;", false)).toHaveLength(1);
    expect(escapes("a.ts", 'export * from "./b.ts";', false)).toHaveLength(1);
    expect(escapes("a.ts", `// @ts-${"ignore"}\nf();`, false)).toHaveLength(1);
  });

  it("work left over, idle tests, loose pins, the world", () => {
    expect(unfinished("a.ts", `// ${"TO"}${"DO"}: later`)).toHaveLength(1);
    expect(idleTests("a.test.ts", `it.${"skip"}("x", () => {})`)).toHaveLength(1);
    expect(idleTests("a.test.ts", `describe.${"only"}("x", () => {})`)).toHaveLength(1);
    expect(loosePins('{"dependencies":{"a":"^1.0.0","b":"1.0.0","c":"latest"}}')).toHaveLength(2);
    expect(worldly("compiler/a.ts", "const now = Date.now();")).toHaveLength(1);
    expect(worldly("runtime/decide.ts", "if (Math.random() > 1) {}")).toHaveLength(1);
    expect(workplace("a.md", ["see /wo", "rk/main"].join(""))).toHaveLength(1);
  });

  it("functions over 70 lines, found by biome", () => {
    const long = `// A file with one long function.\nexport function f(): void {\n${"  g();\n".repeat(71)}}\n`;
    const folder = mkdtempSync(join(tmpdir(), "flowc-tidy-"));
    cpSync(join(root, "biome.json"), join(folder, "biome.json"));
    const lint = (text: string): string => {
      writeFileSync(join(folder, "planted.ts"), text);
      const biome = join(root, "node_modules/@biomejs/biome/bin/biome");
      const done = spawnSync(process.execPath, [biome, "lint", "planted.ts"], {
        cwd: folder,
        encoding: "utf8",
      });
      return done.stdout + done.stderr;
    };
    expect(lint(long)).toContain("noExcessiveLinesPerFunction");
    expect(lint(long.replace("  g();\n  g();\n", ""))).not.toContain("noExcessiveLinesPerFunction");
    rmSync(folder, { recursive: true });
  });
});

describe("the scanner of the rules", () => {
  it("blanks comments, strings, templates and regular expressions, and keeps offsets", () => {
    const text =
      'a("x // y"); // as any\nb(`t ${c("d")} as any`); const r = /[/"]\\//g; d / 2 / e; /* as\nany */ f("\\"");';
    const masked = mask(text);
    expect(masked).toHaveLength(text.length);
    expect(masked).not.toContain("any");
    expect(masked).toContain('c(" ")');
    expect(masked).toContain("d / 2 / e;");
    expect(masked.split("\n")).toHaveLength(text.split("\n").length);
  });
});
