// Which way to go at each choice of the grammar: found out by chevrotain's analysis, or kept from it by the build.

import { EOF, getLookaheadPaths, LLkLookaheadStrategy, type TokenType } from "chevrotain";
import * as T from "./tokens.ts";

/** The alternatives of one choice: each is several ways to begin, each of these at most two kinds of token. */
export type Ways = readonly (readonly (readonly number[])[])[];

/** All choices by chevrotain's own key; `single`: whether to go into an optional part, else which alternative to take. */
export type Choices = readonly (readonly [key: number, single: boolean, ways: Ways])[];

/**
 * Put in by the build. The analysis takes longer than all the rest of `flowc check` together (35 of 50 ms, measured),
 * and gives the same every time.
 */
declare const FLOWC_CHOICES: Choices | undefined;

export const builtChoices: Choices | null = typeof FLOWC_CHOICES === "undefined" ? null : FLOWC_CHOICES;

/** The kind of the next token (1) or the one after it (2). */
export type Look = (ahead: number) => number;

/** A kind of token in a table that outlives the process: its place here. */
function kinds(): readonly TokenType[] {
  return [...T.vocabulary(), EOF];
}

export type Choose = () => number | undefined;

interface Candidate {
  readonly alternative: number;
  /** Null: any token. */
  readonly first: ReadonlySet<number> | null;
  readonly second: ReadonlySet<number> | null;
}

/** Gives the first alternative that the next tokens may begin; undefined if there is none. */
function chooser(ways: Ways, look: Look, known: readonly TokenType[]): Choose {
  const candidates: Candidate[] = ways.flatMap((alternative, i) =>
    alternative.map(([first, second]) => ({
      alternative: i,
      first: first === undefined ? null : membersOf(known[first]),
      second: second === undefined ? null : membersOf(known[second]),
    })),
  );
  // Asked for nearly every token: an array is faster than a map, and most choices need one look at it.
  const byFirst: (readonly Candidate[] | undefined)[] = [];
  return () => {
    const next = look(1);
    let possible = byFirst[next];
    if (possible === undefined) {
      possible = candidates.filter(({ first }) => first === null || first.has(next));
      byFirst[next] = possible;
    }
    for (let i = 0; i < possible.length; i++) {
      const one = possible[i];
      if (one !== undefined && (one.second === null || one.second.has(look(2)))) return one.alternative;
    }
    return undefined;
  };
}

/** A kind and all kinds that belong to it. */
function membersOf(kind: TokenType | undefined): ReadonlySet<number> {
  return kind === undefined ? new Set() : new Set([kind.tokenTypeIdx ?? 0, ...(kind.categoryMatches ?? [])]);
}

/** The choices as functions, by chevrotain's key. */
export function* choosers(
  choices: Choices,
  look: Look,
): Generator<readonly [number, Choose | (() => boolean)]> {
  const known = kinds();
  for (const [key, single, ways] of choices) {
    const choose = chooser(ways, look, known);
    yield [key, single ? () => choose() !== undefined : choose];
  }
}

type Base = InstanceType<typeof LLkLookaheadStrategy>;

/** Builds the same functions from the grammar itself, and remembers the ways in the order it was asked. */
export class Analysis extends LLkLookaheadStrategy {
  /** The parser that the functions look ahead in; known only once it is made. */
  look: Look = () => 0;
  readonly asked: { readonly single: boolean; readonly ways: Ways }[] = [];
  private readonly known = kinds();

  override buildLookaheadForAlternation(asked: Parameters<Base["buildLookaheadForAlternation"]>[0]): Choose {
    if (asked.hasPredicates) throw new Error(`a predicate in a choice of the rule ${asked.rule.name}`);
    return this.build({ ...asked, prodType: "Alternation" }, false);
  }

  override buildLookaheadForOptional(asked: Parameters<Base["buildLookaheadForOptional"]>[0]): () => boolean {
    const choose = this.build(asked, true);
    return () => choose() !== undefined;
  }

  private build(
    asked: Omit<Parameters<typeof getLookaheadPaths>[0], "occurrence"> & { readonly prodOccurrence: number },
    single: boolean,
  ): Choose {
    const { rule, prodType, maxLookahead } = asked;
    const paths = getLookaheadPaths({ occurrence: asked.prodOccurrence, rule, prodType, maxLookahead });
    const ways = (single ? paths.slice(0, 1) : paths).map((alternative) =>
      alternative.map((path) => path.map((kind) => this.known.indexOf(kind))),
    );
    this.asked.push({ single, ways });
    return chooser(ways, (ahead) => this.look(ahead), this.known);
  }
}
