// All correct programs of the project: examples, goldens, the pages' blocks and the explanations' right examples.

import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { nodeHost } from "../cli/host.ts";
import { check } from "../compiler/check.ts";
import { explanations } from "../compiler/explanations.ts";
import type { Host } from "../compiler/host.ts";
import { applyFix, type Diagnostic } from "../grammar/diagnostic.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const folders = [
  "examples",
  "examples/modules",
  "examples/lockfile-audit",
  "examples/package-fleet",
  "test/syntax",
  "test/format",
  "test/plan",
  "test/run",
];
const pages = ["README.md", "docs/language.md", "CHANGELOG.md"];
/** The same wherever it runs. */
const machine = { cpus: 8, memory: 16 * 1024 ** 3 };

export interface Program {
  readonly name: string;
  /** Where it stands or seems to stand: imports are relative to it. */
  readonly path: string;
  readonly text: string;
}

/** Checks a text as if it stood at the program's place. */
export function diagnose(program: Program, text: string): readonly Diagnostic[] {
  const disk = nodeHost(root, program.path, machine);
  const host: Host = {
    ...disk,
    read: (path) => (path === program.path ? { text, real: path } : disk.read(path)),
  };
  return check(program.path, host).diagnostics;
}

/** Without errors, each text once, in a fixed order. */
export function correctPrograms(): readonly Program[] {
  const found = new Map<string, Program>();
  const add = (program: Program): void => {
    if (
      !found.has(program.text) &&
      diagnose(program, program.text).every(({ severity }) => severity !== "error")
    )
      found.set(program.text, program);
  };
  for (const folder of folders)
    for (const file of readdirSync(join(root, folder)).sort()) {
      if (!file.endsWith(".flow")) continue;
      const path = join(root, folder, file);
      add({ name: `${folder}/${file}`, path, text: readFileSync(path, "utf8") });
    }
  for (const page of pages) {
    const text = readFileSync(join(root, page), "utf8");
    [...text.matchAll(/^```flow[^\n]*\n(.*?)^```$/gms)].forEach(([, block = ""], i) => {
      add({ name: `${page} #${i + 1}`, path: join(root, dirname(page), `block-${i}.flow`), text: block });
    });
  }
  for (const { code, right } of explanations)
    add({ name: `explain ${code}`, path: join(root, "examples", `${code}.flow`), text: `${right}\n` });
  const wrong = join(root, "test/errors");
  for (const file of readdirSync(wrong).sort()) {
    const path = join(wrong, file);
    const text = file.endsWith(".flow") ? readFileSync(path, "utf8") : "";
    const program = { name: `test/errors/${file}, mended`, path, text };
    const [only] = text === "" ? [] : diagnose(program, text);
    if (only?.fix !== undefined && only.source.text === text)
      add({ ...program, text: applyFix(only.source, only.fix) });
  }
  return [...found.values()];
}
