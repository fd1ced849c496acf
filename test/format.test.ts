// The formatter: goldens, and for every file there is, formatting twice changes nothing and no meaning is lost.

import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { format } from "../grammar/format.ts";
import { parse } from "../grammar/parser.ts";
import { meaning } from "./ast-text.ts";
import { golden, goldenCases } from "./golden.ts";

function read(text: string): ReturnType<typeof parse> {
  return parse({ path: "x.flow", text });
}

golden("format", ({ text }) => {
  const { file, diagnostics } = read(text);
  expect(diagnostics).toEqual([]);
  return format(file);
});

const root = fileURLToPath(new URL("../", import.meta.url));
const examples = readdirSync(`${root}examples`, { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".flow") && !file.includes("node_modules"))
  .map((file) => ({ name: `examples/${file}`, text: readFileSync(`${root}examples/${file}`, "utf8") }));
const all = [...goldenCases("syntax"), ...goldenCases("format"), ...examples];
const sound = all.filter(({ text }) => read(text).diagnostics.length === 0);

describe("formatting", () => {
  it.each(sound.map((one) => ({ ...one })))(
    "$name: twice changes nothing, and meaning and comments stay",
    ({ text }) => {
      const { file } = read(text);
      const once = format(file);
      const again = read(once);
      expect(again.diagnostics).toEqual([]);
      expect(meaning(again.file)).toEqual(meaning(file));
      const comments = (of: typeof file): string[] => of.comments.map((comment) => comment.text.trimEnd());
      expect(comments(again.file)).toEqual(comments(file));
      expect(format(again.file)).toBe(once);
    },
  );

  it.each(examples)("$name stands in the one style", ({ text }) => {
    expect(format(read(text).file)).toBe(text);
  });

  it("leaves no line longer than 100 columns that could be shorter, and no space at a line's end", () => {
    const { file } = read(
      "x = f(aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa, bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb, [cccccccccccccccc, 1])\n",
    );
    for (const line of format(file).split("\n")) {
      expect(line.length).toBeLessThanOrEqual(100);
      expect(line).toBe(line.trimEnd());
    }
  });

  it.each([
    "task a(){//\r\r\n}",
    '//\ntask a(){run"""\r\r\n"""}',
    'task a() { run """\n  x\r\r\n  y\n  """ }',
    'x = """a\r\r\nb"""\r\n',
  ])("%j: a carriage return that ends no line stays one", (text) => {
    const { file, diagnostics } = read(text);
    expect(diagnostics).toEqual([]);
    const once = read(format(file));
    expect(meaning(once.file)).toEqual(meaning(file));
    expect(format(once.file)).toBe(once.file.source.text);
  });
});
