// `import { run } from "flowc"`: a small project with flowc among its packages, compiled strictly and run as users do.

import { spawnSync } from "node:child_process";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { flowc, root } from "./program.ts";

const project = realpathSync(mkdtempSync(join(tmpdir(), "flowc-library-")));
afterAll(() => rmSync(project, { recursive: true, force: true }));
mkdirSync(join(project, "node_modules"));
symlinkSync(root, join(project, "node_modules/flowc"));
writeFileSync(join(project, "package.json"), '{ "type": "module" }\n');
cpSync(join(root, "test/library"), project, { recursive: true });

/** The page's programs, one after the other, as one module. */
const page = readFileSync(join(root, "docs/library.md"), "utf8");
const blocks = [...page.matchAll(/^```ts\n(.*?)^```$/gms)].map((match) => match[1] ?? "");

/** As `tsc --strict` sees a file of the project. */
function compiled(file: string, ...flags: string[]): string {
  const tsc = join(root, "node_modules/typescript/bin/tsc");
  const strict =
    "--strict --noUncheckedIndexedAccess --exactOptionalPropertyTypes --ignoreConfig --module nodenext";
  const types = ["--target", "es2023", "--types", "node", "--typeRoots", join(root, "node_modules/@types")];
  const { stdout } = spawnSync(process.execPath, [tsc, file, ...strict.split(" "), ...types, ...flags], {
    cwd: project,
    encoding: "utf8",
  });
  return stdout;
}

/** What a program of the project prints, and that it prints nothing on stderr and ends by itself. */
function printed(file: string): string {
  const { status, stdout, stderr } = spawnSync(process.execPath, [file], { cwd: project, encoding: "utf8" });
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  return stdout.replaceAll(/\b\d{6}-[a-z0-9]{5}\b/g, "RUN");
}

describe("a program that imports flowc", () => {
  it("compiles strictly, types of the package included, and runs", () => {
    expect(compiled("events.ts", "--outDir", "built")).toBe("");
    expect(printed("built/events.js")).toBe(readFileSync(join(project, "events.expected"), "utf8"));
  });

  it("is refused by its compiler for an option or an event that does not exist", () => {
    writeFileSync(
      join(project, "wrong.ts"),
      [
        'import { run } from "flowc";',
        'const going = run({ file: "shout.flow", input: {} });',
        'for await (const event of going) if (event.type === "node.exploded") console.log(event);',
        "",
      ].join("\n"),
    );
    const told = compiled("wrong.ts", "--noEmit");
    expect(told).toContain("'input' does not exist in type 'RunOptions'");
    expect(told).toContain('"node.exploded"');
  });

  it("hears what `--ui json` prints", async () => {
    const args = ["run", "shout.flow", "--inputs", "words.json", "--jobs", "1", "--ui", "json"];
    const { stdout } = await flowc(args, { cwd: project });
    writeFileSync(
      join(project, "same.js"),
      [
        'import { run } from "flowc";',
        'const going = run({ file: "shout.flow", inputs: { words: ["a", "b", "c"] }, jobs: 1 });',
        "for await (const event of going) console.log(JSON.stringify(event));",
        "",
      ].join("\n"),
    );
    expect(shapes(printed("same.js"))).toEqual(shapes(stdout));
  });
});

/** Without what differs between two runs of the same. */
function shapes(lines: string): unknown[] {
  return lines
    .trim()
    .split("\n")
    .map((line) => {
      const { run, at, key, pid, started, durations, ...rest } = JSON.parse(line);
      expect([typeof run, typeof at]).toEqual(["string", "number"]);
      return rest;
    });
}

describe("docs/library.md", () => {
  it("has programs that compile and run, one after the other", () => {
    expect(blocks.length).toBeGreaterThan(5);
    const imports = new Set(blocks.flatMap((block) => block.match(/^import .*$/gm) ?? []));
    const code = blocks.map((block) => `{\n${block.replaceAll(/^import .*$\n?/gm, "")}}`);
    writeFileSync(join(project, "page.ts"), `${[...imports, ...code].join("\n")}\n`);
    expect(compiled("page.ts", "--outDir", "built")).toBe("");
    const { status, stdout, stderr } = spawnSync(process.execPath, ["built/page.js"], {
      cwd: project,
      encoding: "utf8",
    });
    expect(stdout).toContain("succeeded [ 'HELLO', 'WORLD' ]\n");
    expect(stdout).toContain("\ncancelled\n");
    // The last one is refused, and says so itself.
    expect(stderr).toContain("request The inputs do not fit");
    expect(status).toBe(0);
  });

  it("tells all options", async () => {
    const types = readFileSync(join(root, "cli/library.ts"), "utf8");
    const [, options = ""] = /^export interface RunOptions [^{]*{\n(.*?)^}/ms.exec(types) ?? [];
    const names = [...options.matchAll(/^ {2}readonly (\w+)\?/gm)].map((match) => match[1] ?? "");
    expect(names.length).toBeGreaterThan(10);
    const table = page.slice(page.indexOf("## Options"), page.indexOf("## Errors"));
    expect(names.filter((name) => !table.includes(`\`${name}`))).toEqual([]);
    const library: object = await import(pathToFileURL(join(root, "dist/library.js")).href);
    expect(Object.keys(library).sort()).toEqual(["FlowError", "approve", "reject", "run"]);
  });
});
