// Do two globs share a path? Both are run at once as small machines, over all paths that there can be.

import { type Ahead, accepts, type CharSet, type Program, programOf, Unreadable } from "./glob-program.ts";

/** A path that both match; `none`: there is none; `unknown`: finding out would take too long. */
export type Overlap = { readonly path: string } | "none" | "unknown";

/** Pairs of places that are looked at before it is given up. Globs that people write take a few hundred. */
const statesMax = 50_000;

const known = new Map<string, Overlap>();
const knownMax = 20_000;

/** The shortest path, or one of them, that both patterns match, exactly by what `globMatcher` says. */
export function overlapOf(a: string, b: string): Overlap {
  const key = a < b ? `${a}\0${b}` : `${b}\0${a}`;
  let found = known.get(key);
  if (found === undefined) {
    found = search(a, b);
    if (known.size >= knownMax) known.clear();
    known.set(key, found);
  }
  return found;
}

/** The first pair of two lists that shares a path; lists are short. */
export function overlapOfLists(
  a: readonly string[],
  b: readonly string[],
): { readonly a: string; readonly b: string; readonly path: string } | "none" | "unknown" {
  let unknown = false;
  for (const one of a)
    for (const other of b) {
      const found = overlapOf(one, other);
      if (found === "unknown") unknown = true;
      else if (found !== "none") return { a: one, b: other, path: found.path };
    }
  return unknown ? "unknown" : "none";
}

/** False if what both begin or end with tells at once that they share no path: so it is for most pairs. */
export function mayOverlap(a: string, b: string): boolean {
  const startA = plainStart(a);
  const startB = plainStart(b);
  if (!startA.startsWith(startB) && !startB.startsWith(startA)) return false;
  const endA = plainEnd(a);
  const endB = plainEnd(b);
  return endA.endsWith(endB) || endB.endsWith(endA);
}

function search(a: string, b: string): Overlap {
  if (!mayOverlap(a, b)) return "none";
  try {
    const one = programOf(a);
    const other = programOf(b);
    return one === null || other === null ? "none" : new Search(one, other).find();
  } catch (error) {
    if (error instanceof Unreadable) return "unknown";
    throw error;
  }
}

/** What every path that it matches starts with. */
export function plainStart(pattern: string): string {
  const tidy = tidied(pattern);
  const sign = SIGN.exec(tidy);
  return sign === null ? tidy : tidy.slice(0, sign.index);
}

/** The only path that a pattern without signs can match; null if it has any. */
export function plainPath(pattern: string): string | null {
  const tidy = tidied(pattern);
  return SIGN.test(tidy) ? null : tidy;
}

const SIGN = /[^\w/.~-]/;

function tidied(pattern: string): string {
  return pattern.replace(/^(?:\.\/+)+/, "").replace(/\/{2,}/g, "/");
}

/** What every path that it matches ends with; without a slash in front, since `**\/x` also matches `x`. */
function plainEnd(pattern: string): string {
  const tail = /[\w/.~-]*$/.exec(pattern.replace(/\/{2,}/g, "/"))?.[0] ?? "";
  return tail === pattern ? tail.replace(/^(?:\.\/+)+/, "") : tail.replace(/^\/+/, "");
}

/** Names first, so that the path found is one that people would write. */
const aheads: readonly Ahead[] = ["other", "/", ".", "end"];

/** Of a path so far: at the start of a segment; it has one or two dots; it is a name. */
type Segment = 0 | 1 | 2 | 3;

interface State {
  readonly a: number;
  readonly b: number;
  readonly segment: Segment;
  readonly begin: boolean;
  /** The next two signs, guessed before they are taken. */
  readonly next: Ahead;
  readonly then: Ahead;
  readonly from: State | null;
  readonly char: string;
}

class Search {
  private readonly a: Machine;
  private readonly b: Machine;
  private readonly units: readonly number[];
  private readonly commons = new Map<number, string | null>();
  private readonly seen = new Set<number>();
  private queue: State[] = [];

  constructor(a: Program, b: Program) {
    this.a = new Machine(a);
    this.b = new Machine(b);
    const signs = new Set([..."xya0_-", ...signsOf(a), ...signsOf(b)].map((sign) => sign.charCodeAt(0)));
    this.units = [...signs].filter((unit) => unit !== 46 && unit !== 47);
  }

  find(): Overlap {
    for (const next of aheads) this.push({ a: 0, b: 0, segment: 0, begin: true, next, from: null, char: "" });
    for (let at = 0; at < this.queue.length; at++) {
      const state = this.queue[at];
      if (state === undefined || at > statesMax) break;
      const { begin, next, then, segment } = state;
      const a = this.a.reach(state.a, begin, next, then);
      const b = this.b.reach(state.b, begin, next, then);
      if (next === "end") {
        if (a.match && b.match && segment === 3) return { path: pathOf(state) };
        continue;
      }
      const after = step(segment, next);
      if (after === null) continue;
      for (const pcA of a.chars)
        for (const pcB of b.chars) {
          const char = this.common(pcA, pcB, next);
          if (char !== null)
            this.push({
              a: pcA + 1,
              b: pcB + 1,
              segment: after,
              begin: false,
              next: then,
              from: state,
              char,
            });
        }
    }
    return this.queue.length > statesMax ? "unknown" : "none";
  }

  private push(state: Omit<State, "then">): void {
    for (const then of state.next === "end" ? (["end"] as const) : aheads) {
      const signs = aheads.indexOf(state.next) * 4 + aheads.indexOf(then);
      const places = (state.a * this.b.size + state.b) * 8 + state.segment * 2 + (state.begin ? 1 : 0);
      const key = places * 16 + signs;
      if (this.seen.has(key)) continue;
      this.seen.add(key);
      this.queue.push({ ...state, then });
    }
  }

  /** A sign of that sort that both take there. */
  private common(pcA: number, pcB: number, next: Ahead): string | null {
    const key = (pcA * this.b.size + pcB) * 4 + aheads.indexOf(next);
    const found = this.commons.get(key);
    if (found !== undefined) return found;
    const one = this.a.setAt(pcA);
    const other = this.b.setAt(pcB);
    const units = next === "." || next === "/" ? [next.charCodeAt(0)] : this.units;
    const unit = units.find((each) => accepts(one, each) && accepts(other, each));
    const char = unit === undefined ? null : String.fromCharCode(unit);
    this.commons.set(key, char);
    return char;
  }
}

/** A sign of each sort that the program can tell from others: the ends of its ranges, and what stands beside them. */
function signsOf(program: Program): readonly string[] {
  return program
    .flatMap((each) =>
      each.op === "char"
        ? each.set.ranges.flatMap(([low, high]) =>
            [low, high, low - 1, high + 1].filter((unit) => unit > 0 && unit < 0xffff),
          )
        : [],
    )
    .map((unit) => String.fromCharCode(unit));
}

/** A path has no empty segment, and none that is `.` or `..`. */
function step(segment: Segment, next: Ahead): Segment | null {
  if (next === "/") return segment === 3 ? 0 : null;
  if (next === "other") return 3;
  return segment === 0 ? 1 : segment === 1 ? 2 : 3;
}

function pathOf(last: State): string {
  let path = "";
  for (let state: State | null = last; state !== null; state = state.from) path = state.char + path;
  return path;
}

interface Reach {
  /** Instructions that take the next sign. */
  readonly chars: readonly number[];
  readonly match: boolean;
}

const nothing: CharSet = { negated: false, ranges: [] };

/** What a program can do at a place of a path, when the next two signs are known. */
class Machine {
  private readonly program: Program;
  private readonly reaches: (Reach | undefined)[] = [];

  constructor(program: Program) {
    this.program = program;
  }

  get size(): number {
    return this.program.length;
  }

  setAt(pc: number): CharSet {
    const instruction = this.program[pc];
    return instruction?.op === "char" ? instruction.set : nothing;
  }

  reach(pc: number, begin: boolean, next: Ahead, then: Ahead): Reach {
    const key = pc * 32 + aheads.indexOf(next) * 8 + aheads.indexOf(then) * 2 + (begin ? 1 : 0);
    const found = this.reaches[key] ?? reachOf(this.program, pc, begin, [next, then]);
    this.reaches[key] = found;
    return found;
  }
}

function reachOf(program: Program, from: number, begin: boolean, ahead: readonly Ahead[]): Reach {
  const chars: number[] = [];
  let match = false;
  const seen = new Set<number>();
  const open = [from];
  for (let pc = open.pop(); pc !== undefined; pc = open.pop()) {
    const instruction = program[pc];
    if (seen.has(pc) || instruction === undefined) continue;
    seen.add(pc);
    if (instruction.op === "char") chars.push(pc);
    else if (instruction.op === "match") match = true;
    else if (instruction.op === "split") open.push(...instruction.to.toReversed());
    else if (instruction.op === "begin" ? begin : instruction.op === "end" ? ahead[0] === "end" : false)
      open.push(pc + 1);
    else if (instruction.op === "look" && lookFits(instruction.inside, begin, ahead) !== instruction.negated)
      open.push(pc + 1);
  }
  return { chars, match };
}

/** Does what is looked for stand next? It is never more than two signs, and only dots and slashes are told apart. */
function lookFits(inside: Program, begin: boolean, ahead: readonly Ahead[]): boolean {
  let places: readonly number[] = [0];
  for (let at = 0; ; at++) {
    const next = ahead[at];
    const chars: number[] = [];
    for (const place of places) {
      const reach = reachOf(inside, place, begin && at === 0, next === undefined ? [] : [next]);
      if (reach.match) return true;
      chars.push(...reach.chars);
    }
    if (chars.length === 0 || next === "end") return false;
    if (next === undefined) throw new Unreadable("it looks too far ahead");
    places = chars.filter((pc) => takes(inside, pc, next)).map((pc) => pc + 1);
  }
}

function takes(program: Program, pc: number, next: Ahead): boolean {
  const instruction = program[pc];
  if (instruction?.op !== "char") return false;
  const { set } = instruction;
  if (next !== "other") return accepts(set, next.charCodeAt(0));
  const some = accepts(set, 0x78);
  const special = set.ranges.some(([low, high]) => !(low === high && [10, 13, 46, 47].includes(low)));
  if (special) throw new Unreadable("it looks ahead for a sign of its own");
  return some;
}
