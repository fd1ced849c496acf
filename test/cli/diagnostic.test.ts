// How diagnostics are drawn, the odd ones most of all: wide and hidden characters, long lines, ends of files.

import { describe, expect, it } from "vitest";
import { renderDiagnostic, renderSummary } from "../../cli/render/diagnostic.ts";
import { cells, cut, textWidth, visible, visibleLines } from "../../cli/render/text.ts";
import type { Diagnostic } from "../../grammar/diagnostic.ts";
import type { Source } from "../../grammar/source.ts";
import { expected } from "./session.ts";

const lines = Array.from({ length: 20 }, (_, i) =>
  i === 13 ? "  built = bild(crate)" : `line ${i + 1} here`,
);
const source: Source = { path: "build.flow", text: `${lines.join("\n")}\n` };
const at = source.text.indexOf("bild");

function drawn(title: string, change: Partial<Diagnostic>, options = { color: false, width: 60 }): string {
  const usual: Diagnostic = {
    code: "unknown-name",
    severity: "error",
    source,
    span: { start: at, end: at + 4 },
    title: "Unknown name",
    label: "did you mean `build`?",
    related: [],
  };
  return `# ${title}\n${renderDiagnostic({ ...usual, ...change }, options)}\n`;
}

function inText(
  text: string,
  mark: string,
  path = "odd.flow",
): Pick<Diagnostic, "source" | "span" | "label"> {
  const start = text.indexOf(mark);
  return { source: { path, text }, span: { start, end: start + mark.length }, label: "here" };
}

const other: Source = { path: "other.flow", text: "task x() {\n}\n" };
const long = `x = ${"a".repeat(300)}HERE${"b".repeat(300)}`;

const cases = [
  drawn("the usual", {}),
  drawn("a warning with a hint of two lines", {
    severity: "warning",
    hint: "Names are made above\nwhere they are used.",
  }),
  drawn("a fix whose title says all", {
    fix: { title: "Write `build`", edits: [{ span: { start: at, end: at + 4 }, text: "build" }] },
  }),
  drawn("a fix that is shown", {
    fix: { title: "Name the argument", edits: [{ span: { start: at + 5, end: at + 5 }, text: "to: " }] },
  }),
  drawn("a fix that takes a line away", {
    fix: { title: "Remove it", edits: [{ span: { start: at - 10, end: at + 12 }, text: "" }] },
  }),
  drawn("places in this file and in another", {
    related: [
      { source, span: { start: 0, end: 4 }, label: "made here" },
      { source, span: { start: at + 5, end: at + 10 }, label: "given here" },
      { source: other, span: { start: 5, end: 6 }, label: "declared here" },
    ],
  }),
  drawn("several lines", { span: { start: at - 20, end: at + 60 }, label: "all of this" }),
  drawn("two lines, from the first column", { span: { start: at - 10, end: at + 22 }, label: "both" }),
  drawn("the end of the file", {
    span: { start: source.text.length, end: source.text.length + 9 },
    label: "a `}` is missing here",
  }),
  drawn("an empty file", { source: { path: "empty.flow", text: "" }, span: { start: 0, end: 0 } }),
  drawn("only a line end", { ...inText("a\r\nb", "\r\n"), label: "the line ends here" }),
  drawn("tabs", inText("\tx\t= y", "y")),
  drawn("wide characters and emoji", inText('x = "日本語 👍🏽 e\u0301" + y', "y")),
  drawn("what a terminal would obey", inText("x = \u001b[2J\u0007\u202e y", "y", "a\u001b[31m.flow")),
  drawn("half of a pair", inText("x = \ud83d y", "y")),
  drawn("a label that would be obeyed", { label: "got `\u001b]0;title\u0007`\nand \u202e more" }),
  drawn("a long line", inText(long, "HERE")),
  drawn("the start of a long line", inText(long, "x =")),
  drawn("the end of a long line", {
    ...inText(long, "HERE"),
    span: { start: long.length - 2, end: long.length },
  }),
  drawn("a span wider than the screen", { ...inText(long, "HERE"), span: { start: 100, end: 500 } }),
  drawn("in colour", { hint: "A hint." }, { color: true, width: 60 }).replaceAll("\u001b", "<ESC>"),
];

describe("a diagnostic", () => {
  it("is drawn as it always was", () => {
    const actual = cases.join("\n");
    expect(actual).toBe(expected("diagnostics.expected", actual));
  });

  it("holds no control character, whatever the source holds", () => {
    for (let code = 0; code < 0x2100; code++) {
      const text = `a = ${String.fromCharCode(code)}b`;
      const shown = renderDiagnostic(
        {
          code: "x",
          severity: "error",
          title: text,
          hint: text,
          related: [],
          ...inText(text, "b", text),
          label: text,
        },
        { color: false },
      );
      expect(
        /[\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069]/u.test(shown.replaceAll("\n", "")),
        `U+${code.toString(16)}`,
      ).toBe(false);
    }
  });

  it("of a line of megabytes is drawn at once", () => {
    const text = "x".repeat(4_000_000);
    const before = performance.now();
    renderDiagnostic(
      {
        code: "x",
        severity: "error",
        title: "t",
        related: [],
        ...inText(`${text}HERE${text}`, "HERE"),
        label: "l",
      },
      { color: false },
    );
    expect(performance.now() - before).toBeLessThan(1000);
  });

  it("never points outside of the file, for any span", () => {
    const text = "a\n\n\tb\r\n日本\n";
    for (let start = -1; start <= text.length + 1; start++)
      for (let end = start; end <= text.length + 2; end++) {
        const shown = renderDiagnostic(
          {
            code: "x",
            severity: "error",
            source: { path: "f", text },
            span: { start, end },
            title: "t",
            label: "l",
            related: [],
          },
          { color: false },
        );
        expect(shown).toContain("^ l");
      }
  });

  it("is summed up", () => {
    expect(renderSummary(0, 0)).toBe("");
    expect(renderSummary(1, 0)).toBe("1 error");
    expect(renderSummary(2, 1)).toBe("2 errors, 1 warning");
  });
});

describe("text on a terminal", () => {
  it("has a width", () => {
    expect(textWidth("abc")).toBe(3);
    expect(textWidth("日本")).toBe(4);
    expect(textWidth("e\u0301")).toBe(1);
    expect(textWidth("👍🏽👨‍👩‍👧")).toBe(4);
  });

  it("is cut by columns", () => {
    expect(cut("abcdef", 4)).toBe("abc…");
    expect(cut("日本語", 4)).toBe("日…");
    expect(cut("abc", 3)).toBe("abc");
  });

  it("shows what would be obeyed, and loses the colours of programs", () => {
    expect(visible("a\u0000\n\u007f\u202e")).toBe("a␀␊␡‹U+202E›");
    expect(visibleLines("\u001b[31mred\u001b[0m\r\nnext\u001b[2J")).toBe("red\nnext␛[2J");
  });

  it("is cells that cover all of it", () => {
    const text = "\ta日👨‍👩‍👧\u200b\ud800z";
    const all = cells(text);
    expect(all[0]).toEqual({ start: 0, end: 1, text: "    ", width: 4 });
    expect(all.map((cell) => text.slice(cell.start, cell.end)).join("")).toBe(text);
  });
});
