// The checker: every wrong program's screen is a golden, every fix mends its mistake, every right program is clean.

import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { nodeHost } from "../cli/host.ts";
import { renderDiagnostic } from "../cli/render/diagnostic.ts";
import { check } from "../compiler/check.ts";
import type { Host } from "../compiler/host.ts";
import type { Diagnostic, Fix } from "../grammar/diagnostic.ts";
import { callsOf } from "./work.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const errors = join(root, "test/errors");
const folder = mkdtempSync(join(tmpdir(), "flowc-check-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Case {
  readonly name: string;
  readonly entry: string;
  readonly expected: string;
}

/** `x.flow` beside `x.expected`; of several modules `x/main.flow` beside `x/main.expected`. */
function casesIn(path: string): Case[] {
  return readdirSync(path, { withFileTypes: true }).flatMap((entry): Case[] => {
    const name = entry.name.replace(/\.flow$/, "");
    const base = entry.isDirectory() ? join(path, name, "main") : join(path, name);
    if (!entry.isDirectory() && !entry.name.endsWith(".flow")) return [];
    return [{ name, entry: `${base}.flow`, expected: `${base}.expected` }];
  });
}

const cases = casesIn(errors);

/** The same wherever the tests run. */
const machine = { cpus: 8, memory: 16 * 1024 ** 3 };

function diagnose(
  entry: string,
  host: Host = nodeHost(dirname(entry), entry, machine),
): readonly Diagnostic[] {
  return check(entry, host).diagnostics;
}

function screen(diagnostics: readonly Diagnostic[]): string {
  return diagnostics.map((one) => `${renderDiagnostic(one, { color: false })}\n`).join("\n");
}

describe("wrong programs", () => {
  it.each(cases)("$name", ({ name, entry, expected }) => {
    const diagnostics = diagnose(entry);
    const text = screen(diagnostics);
    if (process.env["BLESS"] === "1") writeFileSync(expected, text);
    expect(text).toBe(existsSync(expected) ? readFileSync(expected, "utf8") : "(no expected file)");
    // The case is named after its code, and one mistake gives one diagnostic.
    expect(diagnostics.map(({ code }) => code)).toHaveLength(1);
    const [only] = diagnostics;
    expect(name.startsWith(only?.code ?? "?"), `${name} gives ${only?.code}`).toBe(true);
  });

  it("has no expected file without its program", () => {
    const known = new Set(cases.map(({ expected }) => expected));
    const found = readdirSync(errors, { recursive: true, encoding: "utf8" });
    const orphans = found.filter((path) => path.endsWith(".expected") && !known.has(join(errors, path)));
    expect(orphans).toEqual([]);
  });
});

/** The source after a fix. */
function mended(text: string, fix: Fix): string {
  return [...fix.edits]
    .sort((a, b) => b.span.start - a.span.start)
    .reduce(
      (result, { span, text: next }) => result.slice(0, span.start) + next + result.slice(span.end),
      text,
    );
}

/** The host with one file's text replaced. */
function withText(host: Host, path: string, text: string): Host {
  return { ...host, read: (asked) => (asked === path ? { text, real: path } : host.read(asked)) };
}

describe("fixes", () => {
  it.each(cases)("$name", ({ entry }) => {
    const host = nodeHost(dirname(entry), entry);
    for (const { fix, source, code } of diagnose(entry, host)) {
      if (fix === undefined) continue;
      const path = join(dirname(entry), source.path.slice(source.path.lastIndexOf("/") + 1));
      const after = diagnose(entry, withText(host, path, mended(source.text, fix)));
      // What is right then may be a part of the language that does not run yet, or what only the mistake had used.
      const left = after.filter(({ code: one }) => one !== "not-yet" && one !== "unused-declaration");
      expect(screen(left), `after the fix of ${code}`).toBe("");
    }
  });
});

function flowsIn(path: string): string[] {
  return readdirSync(join(root, path), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".flow"))
    .map((name) => join(root, path, name));
}

describe("right programs", () => {
  it.each(flowsIn("examples").map((path) => relative(root, path)))("%s says nothing", (path) => {
    expect(screen(diagnose(join(root, path)))).toBe("");
  });

  it.each(flowsIn("test/plan").map((path) => relative(root, path)))("%s has no errors", (path) => {
    expect(screen(diagnose(join(root, path)).filter(({ severity }) => severity === "error"))).toBe("");
  });

  it("have a type for every expression that has a value", () => {
    const entry = join(root, "examples/hello.flow");
    const { program } = check(entry, nodeHost(root, entry));
    expect(program).not.toBeNull();
    expect([...(program?.typeOf.values() ?? [])].map(({ kind }) => kind)).not.toContain("error");
  });
});

function write(files: Readonly<Record<string, string>>, name: string): string {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name, path)), { recursive: true });
    writeFileSync(join(folder, name, path), text);
  }
  return join(folder, name, "main.flow");
}

describe("modules", () => {
  it("takes a module reached by a link as the same one", () => {
    const entry = write(
      {
        "main.flow": `import { Crate } from "./lib/crate.flow"
import { first_crate } from "./linked/crate.flow"

flow main() -> string {
  crate = named(crate: first_crate)
  return crate
}

task named(crate: Crate) -> string {
  return crate.name
}
`,
        "lib/crate.flow": `type Crate { name: string }
first_crate = { name: "core" }
`,
      },
      "links",
    );
    symlinkSync(join(dirname(entry), "lib"), join(dirname(entry), "linked"));
    const { program, diagnostics } = check(entry, nodeHost(dirname(entry), entry));
    expect(screen(diagnostics)).toBe("");
    expect(program?.modules.map(({ path }) => path)).toEqual(["main.flow", "lib/crate.flow"]);
  });

  it("gives names that two files declare a number", () => {
    const entry = write(
      {
        "main.flow": `import { other } from "./other.flow"

flow main() -> int {
  mine = step()
  theirs = other()
  return mine + theirs
}

task step() -> int {
  return 1
}
`,
        "other.flow": `flow other() -> int {
  return step()
}

task step() -> int {
  return 2
}
`,
      },
      "numbers",
    );
    const { program, diagnostics } = check(entry, nodeHost(dirname(entry), entry));
    expect(screen(diagnostics)).toBe("");
    expect([...(program?.nameOf.values() ?? [])].sort()).toEqual(["main", "other", "step", "step~2"]);
  });

  it("reads a chain of hundreds of modules", () => {
    const count = 400;
    const files: Record<string, string> = { "main.flow": chained(0, count) };
    for (let i = 1; i <= count; i++) files[`m${i}.flow`] = chained(i, count);
    const entry = write(files, "many");
    const { program, diagnostics } = check(entry, nodeHost(dirname(entry), entry));
    expect(screen(diagnostics)).toBe("");
    expect(program?.modules).toHaveLength(count + 1);
  });

  it("says that there is no entry", () => {
    const entry = join(folder, "absent.flow");
    const { program, diagnostics } = check(entry, nodeHost(folder, entry));
    expect(program).toBeNull();
    expect(diagnostics.map(({ code }) => code)).toEqual(["unknown-module"]);
  });
});

/** The i-th of a chain of modules, each calling a flow of the next. */
function chained(i: number, count: number): string {
  const name = i === 0 ? "main" : `step_${i}`;
  if (i === count) return `flow ${name}() -> int {\n  return ${i}\n}\n`;
  return `import { step_${i + 1} } from "./m${i + 1}.flow"\n\nflow ${name}() -> int {\n  return step_${i + 1}()\n}\n`;
}

/** A file with so many tasks, each called by the flow with the answer of the one before. */
function large(count: number): string {
  const tasks = Array.from(
    { length: count },
    (_, i) =>
      `task step_${i}(text: string) -> string {\n  timeout: 5m\n  run "echo ~{text}"\n  return stdout\n}\n`,
  );
  const calls = Array.from(
    { length: count },
    (_, i) => `  made_${i} = step_${i}(text: ${i === 0 ? '"start"' : `made_${i - 1}`})\n`,
  );
  return `${tasks.join("\n")}\nflow main() -> string {\n${calls.join("")}  return made_${count - 1}\n}\n`;
}

describe("large programs", () => {
  it("costs about as much for each task, however many there are", () => {
    const calls = (count: number): number => {
      const entry = write({ "main.flow": large(count) }, `large-${count}`);
      const host = nodeHost(dirname(entry), entry);
      return callsOf(() => expect(check(entry, host).diagnostics).toEqual([]));
    };
    // The first check of all also makes what all others use.
    calls(10);
    const few = calls(200);
    expect(few).toBeGreaterThan(200);
    // Ten times the tasks make ten times the calls: quadratic would be a hundred times.
    expect(calls(2_000) / few).toBeLessThan(11);
  });

  it("stays quick with a mistake in every task", () => {
    const wrong = large(3_000).replaceAll("~{text}", "~{txet}");
    const entry = write({ "main.flow": wrong }, "mistakes");
    const { diagnostics } = check(entry, nodeHost(dirname(entry), entry));
    expect(diagnostics).toHaveLength(3_000);
    expect(diagnostics.every(({ code }) => code === "unknown-name")).toBe(true);
  });
});

describe("many mistakes", () => {
  it("cost time that grows with them, not with their square", () => {
    const text = `flow main() {\n${Array.from({ length: 40_000 }, (_, i) => `  a${i} = b${i}\n`).join("")}}\n`;
    const entry = join(folder, "many.flow");
    writeFileSync(entry, text);
    expect(diagnose(entry)).toHaveLength(40_000);
  }, 20_000);
});
