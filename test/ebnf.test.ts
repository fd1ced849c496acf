// Keeps `flow.ebnf` true: what it derives is read without a word, and what is damaged is told and never thrown.

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { format } from "../grammar/format.ts";
import { FlowParser, parse } from "../grammar/parser.ts";
import { reservedWords } from "../grammar/tokens.ts";
import { meaning } from "./ast-text.ts";
import { chance, readGrammar, Sentences } from "./ebnf.ts";

const text = readFileSync(new URL("../grammar/flow.ebnf", import.meta.url), "utf8");
const grammar = readGrammar(text);
const sentencesCount = 1500;

describe("flow.ebnf", () => {
  it("names no rule that is not there, and has none that nothing leads to", () => {
    const lexical = ["ident", "key", "number", "string", "text"];
    const named = new Set(["file", ...[...text.matchAll(/[a-z_]+/g)].map(([word]) => word)]);
    for (const name of grammar.keys()) expect(named).toContain(name);
    expect(lexical.filter((name) => grammar.has(name))).toEqual([]);
  });

  it("lists the reserved words", () => {
    const listed = /reserved:([a-z\s]+)\./.exec(text)?.[1]?.trim().split(/\s+/) ?? [];
    expect([...listed].sort()).toEqual([...reservedWords].sort());
  });

  it("derives only what the parser reads, and what formatting keeps", () => {
    const visited = new Set<string>();
    for (let seed = 1; seed <= sentencesCount; seed++) {
      const sentences = new Sentences(grammar, seed);
      const sentence = sentences.sentence("file", 1 + (seed % 4));
      for (const name of sentences.visited.keys()) visited.add(name);
      const { file, diagnostics } = parse({ path: `seed-${seed}`, text: sentence });
      // An `until` reaches as far as it can: there the grammar is wider than the parser.
      const wider =
        /\buntil\b/.test(sentence) && diagnostics.every(({ title }) => title.startsWith("Comparisons"));
      if (diagnostics.length > 0 && wider) continue;
      const told = diagnostics.map(
        ({ title, span }) => `seed ${seed}: ${title}: ${sentence.slice(span.start - 80, span.end)}`,
      );
      expect(told).toEqual([]);
      const formatted = format(file);
      const again = parse({ path: `seed-${seed}`, text: formatted });
      expect(again.diagnostics, formatted).toEqual([]);
      expect(meaning(again.file), sentence).toEqual(meaning(file));
      expect(again.file.comments.length, sentence).toBe(file.comments.length);
      expect(format(again.file), sentence).toBe(formatted);
    }
    for (const name of grammar.keys()) expect(visited).toContain(name);
  });

  it("damaged, is told and never thrown", () => {
    for (let seed = 1; seed <= 600; seed++) {
      const random = chance(seed);
      let sentence = new Sentences(grammar, seed).sentence("file", 3);
      for (let cuts = 0; cuts < 3; cuts++) {
        const at = Math.floor(random() * sentence.length);
        const insert = ["", "{", "}", "(", ")", '"', "]", "~{", '"""', "=", " if ", ";", "\u0000", "ß", "'"];
        const piece = insert[Math.floor(random() * insert.length)] ?? "";
        sentence = sentence.slice(0, at) + piece + sentence.slice(at + Math.floor(random() * 4));
      }
      const { file, diagnostics } = parse({ path: `seed-${seed}`, text: sentence });
      expect(file.kind).toBe("file");
      for (const { span } of diagnostics) {
        expect(span.start, sentence).toBeLessThanOrEqual(span.end);
        expect(span.end, sentence).toBeLessThanOrEqual(sentence.length);
        expect(span.start, sentence).toBeGreaterThanOrEqual(0);
      }
    }
  });
});

describe("the parser's own grammar", () => {
  it("has no ambiguity, no empty alternative and no left recursion", () => {
    expect(() => new FlowParser(false)).not.toThrow();
  });
});
