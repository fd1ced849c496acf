// Compiles every flow block of README and docs, and checks that the pages tell all built-ins, settings and commands.

import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { nodeHost } from "../cli/host.ts";
import { renderDiagnostic } from "../cli/render/diagnostic.ts";
import { builtins } from "../compiler/builtins.ts";
import { check } from "../compiler/check.ts";
import { compile } from "../compiler/compile.ts";
import { format } from "../grammar/format.ts";
import { parse } from "../grammar/parser.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "flowc-docs-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Block {
  readonly page: string;
  readonly line: number;
  /** The words behind the three back quotes: `flow`, `flow refused=CODE`, `flow file=NAME`, `ts`, `json` … */
  readonly info: string;
  readonly text: string;
}

function blocksOf(page: string): Block[] {
  const found: Block[] = [];
  let open: { line: number; info: string; lines: string[] } | null = null;
  for (const [index, line] of readFileSync(join(root, page), "utf8").split("\n").entries()) {
    if (open === null && line.startsWith("```"))
      open = { line: index + 1, info: line.slice(3).trim(), lines: [] };
    else if (open !== null && line.startsWith("```")) {
      found.push({ page, line: open.line, info: open.info, text: `${open.lines.join("\n")}\n` });
      open = null;
    } else open?.lines.push(line);
  }
  expect(open, `${page} ends inside a block`).toBeNull();
  return found;
}

const decisions = readdirSync(join(root, "docs/decisions")).map((name) => `docs/decisions/${name}`);
const pages = [
  "README.md",
  "ARCHITECTURE.md",
  "CHANGELOG.md",
  "docs/language.md",
  "docs/library.md",
  "docs/reuse.md",
  "docs/runners.md",
  "examples/lockfile-audit/README.md",
  "examples/package-fleet/README.md",
];
const blocks = [...pages, ...decisions].flatMap(blocksOf);
const flows = blocks.filter((block) => /^flow\b/.test(block.info));

/** A folder that looks like a small project, for the files that blocks mention. */
function project(name: string): string {
  const path = join(folder, name);
  mkdirSync(join(path, "docs"), { recursive: true });
  writeFileSync(join(path, "package.json"), "{}\n");
  writeFileSync(join(path, "README.md"), "# A project\n");
  writeFileSync(join(path, "docs/page.md"), "A page.\n");
  return path;
}

describe("flow blocks", () => {
  it("are there", () => expect(flows.length).toBeGreaterThan(10));

  for (const block of flows)
    it(`${block.page}:${block.line}`, () => {
      const place = project(`${block.page.replaceAll("/", "-")}-${block.line}`);
      // Earlier blocks of the page that have a file name are there to be imported.
      for (const other of flows)
        if (other.page === block.page && other.line < block.line) {
          const name = /\bfile=(\S+)/.exec(other.info)?.[1];
          if (name !== undefined) writeFileSync(join(place, name), other.text);
        }
      const entry = join(place, /\bfile=(\S+)/.exec(block.info)?.[1] ?? "main.flow");
      writeFileSync(entry, block.text);
      const host = nodeHost(place, entry);
      // A file without a flow is there to be imported: it is checked, but cannot be a plan.
      const hasFlow = /^flow /m.test(block.text);
      const { plan, diagnostics } = hasFlow ? compile(entry, host) : { plan: null, ...check(entry, host) };
      const next = blocks[blocks.indexOf(block) + 1];
      if (next?.info === "text check") {
        const screen = diagnostics.map((one) => renderDiagnostic(one, { color: false })).join("\n\n");
        expect(`${screen}\n`).toBe(next.text);
      }
      const told = diagnostics.map((one) => `${one.code}: ${one.title}: ${one.label}`);
      const refused = /\brefused=(\S+)/.exec(block.info)?.[1];
      if (refused === undefined) {
        expect(told).toEqual([]);
        expect(plan !== null).toBe(hasFlow);
        expect(format(parse({ path: entry, text: block.text }).file)).toBe(block.text);
      } else {
        expect(diagnostics.map((one) => one.code)).toEqual([refused]);
        expect(plan).toBeNull();
      }
    });
});

describe("the pages", () => {
  const language = readFileSync(join(root, "docs/language.md"), "utf8");

  it("tell every built-in function, and no other", () => {
    const table = language.slice(language.indexOf("### Built-in functions"), language.indexOf("## Tasks"));
    const told = [...table.matchAll(/`([a-z_]+)\(/g)].map((match) => match[1]);
    const known = [...builtins.values()].filter((one) => !one.inReturn).map((one) => one.name);
    expect([...new Set(told)].sort()).toEqual(known.sort());
    for (const one of builtins.values()) expect(language).toContain(`\`${one.name}(`);
  });

  it("have links that lead somewhere", () => {
    const lost: string[] = [];
    for (const page of pages)
      for (const match of readFileSync(join(root, page), "utf8").matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)) {
        const path = join(root, dirname(page), match[1] ?? "");
        if (!existsSync(path)) lost.push(`${page}: ${match[1]}`);
      }
    expect(lost).toEqual([]);
  });

  it("name files that exist in their commands", () => {
    const commands = blocks
      .filter((block) => block.info === "sh")
      .flatMap((block) => block.text.split("\n").filter((line) => line.includes("npx flowc ")));
    expect(commands.length).toBeGreaterThan(2);
    for (const command of commands)
      for (const word of command.split(/[ =]/))
        if (/\.(?:flow|json)$/.test(word) && !word.startsWith(".."))
          expect(existsSync(join(root, word)), word).toBe(true);
  });

  it("name files of the code that exist", () => {
    const text = ["ARCHITECTURE.md", ...decisions]
      .map((page) => readFileSync(join(root, page), "utf8"))
      .join("\n");
    const named = [...text.matchAll(/`((?:grammar|compiler|runtime|runners|cli|test)\/[\w/.-]*)`/g)].map(
      (match) => match[1] ?? "",
    );
    expect(named.length).toBeGreaterThan(20);
    const there = (path: string): boolean => [path, `${path}.ts`].some((one) => existsSync(join(root, one)));
    expect(named.filter((path) => !there(path))).toEqual([]);
  });

  it("tell what each dependency is for", () => {
    const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
    const text = readFileSync(join(root, "ARCHITECTURE.md"), "utf8");
    const packages = [...Object.keys(manifest.dependencies), ...Object.keys(manifest.devDependencies)];
    expect(packages.filter((name) => !text.includes(`\`${name}\``))).toEqual([]);
  });

  it("keep ARCHITECTURE.md short", () =>
    expect(readFileSync(join(root, "ARCHITECTURE.md"), "utf8").split("\n").length).toBeLessThanOrEqual(250));

  it("have JSON that is JSON", () => {
    for (const block of blocks.filter((one) => one.info === "json"))
      expect(() => JSON.parse(block.text)).not.toThrow();
  });
});
