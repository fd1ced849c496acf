// Writes the text of docs/errors.md: what every code means, from the explanations and the cases of test/errors.

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
import { nodeHost } from "../cli/host.ts";
import { renderDiagnostic } from "../cli/render/diagnostic.ts";
import { compile } from "../compiler/compile.ts";
import { type Explanation, filesOf, type Program } from "../compiler/explanation.ts";
import { explanations } from "../compiler/explanations.ts";

const head = `# Errors and warnings

What flowc can say about a flow, by the code in the brackets: \`error[maybe-none]\`. \`flowc explain CODE\` tells the same
in the terminal. This page is made from the texts of \`flowc explain\` and the cases of \`test/errors\`, so every screen is
what flowc really prints; \`npm test -- --bless\` writes it anew.
`;

/** One case of test/errors that gives a code. */
interface Case {
  readonly code: string;
  readonly name: string;
  /** What a person sees. */
  readonly screen: string;
}

function casesOf(root: string): readonly Case[] {
  const folder = join(root, "test/errors");
  return readdirSync(folder, { withFileTypes: true })
    .map((entry) => ({
      name: entry.name.replace(/\.flow$/, ""),
      path: entry.isDirectory()
        ? join(folder, entry.name, "main.expected")
        : join(folder, entry.name.replace(/\.flow$/, ".expected")),
      isCase: entry.isDirectory() || entry.name.endsWith(".flow"),
    }))
    .filter(({ isCase, path }) => isCase && existsSync(path))
    .map(({ name, path }) => {
      const screen = readFileSync(path, "utf8");
      return { name, screen, code: /^\w+\[([a-z-]+)\]/.exec(screen)?.[1] ?? "" };
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** What flowc prints about a program. */
function screenOf(program: Program): string {
  const folder = mkdtempSync(join(tmpdir(), "flowc-errors-page-"));
  try {
    for (const [name, text] of filesOf(program)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), text);
    }
    const entry = join(folder, "main.flow");
    const { diagnostics } = compile(entry, nodeHost(folder, entry));
    return diagnostics.map((one) => `${renderDiagnostic(one, { color: false })}\n`).join("\n");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function block(info: string, text: string): string {
  return `\`\`\`${info}\n${text.trimEnd()}\n\`\`\`\n`;
}

function flowBlocks(program: Program): string {
  const files = filesOf(program);
  return files
    .map(([name, text]) => {
      const info = name.endsWith(".flow") ? "flow" : (/\.(\w+)$/.exec(name)?.[1] ?? "text");
      return files.length > 1 ? `\`${name}\`:\n\n${block(info, text)}` : block(info, text);
    })
    .join("\n");
}

/** Without the title, which is the code's, and the path, which is the case's: to tell whether two screens say the same. */
function essence(screen: string): string {
  return screen.replace(/┌─ \S+:(\d+:\d+)/, "┌─ $1");
}

function section({ code, says, why, wrong, right }: Explanation, cases: readonly Case[]): string {
  const screen = screenOf(wrong);
  const more = cases.filter((one) => one.code === code && essence(one.screen) !== essence(screen));
  return [
    `## ${code}\n`,
    `*${says.charAt(0).toUpperCase()}${says.slice(1)}.* ${why}\n`,
    "Wrong:\n",
    flowBlocks(wrong),
    block("text", screen),
    "Right:\n",
    flowBlocks(right),
    ...(more.length === 0 ? [] : ["Also:\n", ...more.map((one) => block("text", one.screen))]),
  ].join("\n");
}

/** The whole page; `root` is the project's folder. */
export function errorsPage(root: string): string {
  const cases = casesOf(root);
  const list = explanations.map(({ code, says }) => `- [${code}](#${code}): ${says}`).join("\n");
  return `${head}\n${list}\n\n${explanations.map((one) => section(one, cases)).join("\n")}`;
}
