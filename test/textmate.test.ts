// The TextMate grammar that editors colour `.flow` files with: it must know every keyword and never lose its place.

import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { describe, expect, it } from "vitest";
import oniguruma from "vscode-oniguruma";
import textmate from "vscode-textmate";

const require = createRequire(import.meta.url);
const grammarPath = new URL("../grammar/flow.tmLanguage.json", import.meta.url);

async function loadGrammar(): Promise<textmate.IGrammar> {
  const wasm = readFileSync(require.resolve("vscode-oniguruma/release/onig.wasm"));
  await oniguruma.loadWASM(wasm);
  const registry = new textmate.Registry({
    onigLib: Promise.resolve({
      createOnigScanner: (patterns) => new oniguruma.OnigScanner(patterns),
      createOnigString: (text) => new oniguruma.OnigString(text),
    }),
    loadGrammar: () =>
      Promise.resolve(textmate.parseRawGrammar(readFileSync(grammarPath, "utf8"), grammarPath.pathname)),
  });
  const grammar = await registry.loadGrammar("source.flow");
  if (grammar === null) throw new Error("the grammar does not load");
  return grammar;
}

const grammar = await loadGrammar();

interface Coloured {
  readonly text: string;
  /** The innermost scope. */
  readonly scope: string;
}

/** Tokens of a whole text, and whether the grammar is back at its start state afterwards. */
function colour(text: string): { tokens: Coloured[]; balanced: boolean } {
  const tokens: Coloured[] = [];
  let state = textmate.INITIAL;
  for (const line of text.split("\n")) {
    const result = grammar.tokenizeLine(line, state);
    state = result.ruleStack;
    for (const token of result.tokens) {
      const scope = token.scopes.at(-1) ?? "";
      tokens.push({ text: line.slice(token.startIndex, token.endIndex), scope });
    }
  }
  return { tokens, balanced: state.depth === 1 };
}

const scopeOf = (text: string, word: string): string =>
  colour(text).tokens.find((token) => token.text.trim() === word)?.scope ?? "nothing";

describe("colours", () => {
  it.each([
    ['task build(crate: Crate) -> file { run "true" }', "build", "entity.name.function.flow"],
    ["type Crate { name: string }", "Crate", "entity.name.type.flow"],
    ["  timeout: 1h30m", "1h30m", "constant.numeric.flow"],
    ["  timeout: 5min", "5min", "invalid.illegal.number.flow"],
    ["  built = for crate in crates {", "for", "keyword.control.flow"],
    ["  built = for crate in crates {", "in", "keyword.operator.word.flow"],
    ["x.for", "for", "variable.other.member.flow"],
    ["/// doc", "/// doc", "comment.line.documentation.flow"],
    ['x = "a\\qb"', "\\q", "invalid.illegal.escape.flow"],
    ['x = "a ~{name} b"', "~{", "punctuation.section.interpolation.begin.flow"],
    ['x = "a ~~{name} b"', "~~{", "constant.character.escape.flow"],
    ["  gate ready {", "ready", "entity.name.section.flow"],
  ])("%s: %s is %s", (text, word, scope) => {
    expect(scopeOf(text, word)).toBe(scope);
  });

  it("keeps shell text in a text block a string, also with quotes and braces in it", () => {
    const { tokens, balanced } = colour('run """\n  echo "${x}" \'}\' ~{a.b}\n"""\nx = 1');
    expect(balanced).toBe(true);
    expect(tokens.find((token) => token.text.includes("echo"))?.scope).toBe(
      "string.quoted.triple.shell.flow",
    );
    expect(tokens.find((token) => token.text === "b")?.scope).not.toBe("string.quoted.triple.shell.flow");
    expect(tokens.at(-1)).toEqual({ text: "1", scope: "constant.numeric.flow" });
  });
});

describe("examples", () => {
  const folder = new URL("../examples/", import.meta.url);
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter(
    (name) => name.endsWith(".flow") && !name.includes("node_modules"),
  );
  it.each(files)("%s: balanced, no word marked illegal, every keyword coloured", (name) => {
    const { tokens, balanced } = colour(readFileSync(new URL(name, folder), "utf8"));
    expect(balanced).toBe(true);
    expect(tokens.filter((token) => token.scope.startsWith("invalid"))).toEqual([]);
    const plainKeywords = tokens.filter(
      (token) => /^(task|flow|return|for|if)$/.test(token.text.trim()) && token.scope === "source.flow",
    );
    expect(plainKeywords).toEqual([]);
  });
});
