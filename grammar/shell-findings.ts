// What is found while a shell script is read: one flat text with a mark for each hole, and what was learned about it.

import type {
  HolePlace,
  ShellPart,
  ShellPlace,
  ShellProblem,
  ShellProblemKind,
  ShellWarning,
} from "./shell-script.ts";

/** Stands for a hole in the flat text. A script cannot hold this character itself. */
export const HOLE = "\0";
/** Stands, in a word's text, for what the shell puts there itself: `$x`, `$(…)`. */
export const DYNAMIC = "\u0001";

/** A word of a command. */
export interface Word {
  readonly start: number;
  readonly end: number;
  /** Without quotes; {@link HOLE} for each hole, {@link DYNAMIC} for each expansion. */
  readonly text: string;
  /** It has an expansion that no quotes keep together: it may be none or many words. */
  readonly splits: boolean;
}

/** Text that a command gets on its standard input from the script: a here-document's or a here-string's range. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

/** A command with its words, or a compound one (`while … done`), whose `words` are empty. */
export interface ShellCommandRead {
  readonly range: Range;
  readonly words: readonly Word[];
  readonly assignments: readonly Word[];
  readonly redirects: readonly Word[];
  readonly compound: boolean;
  /** Here-documents and here-strings. */
  readonly inputs: readonly Range[];
  /** What stands before it in its pipeline. */
  readonly piped: Range | null;
  /** Its standard input is a file. */
  readonly fromFile: boolean;
}

interface Found {
  readonly problem: ShellProblemKind;
  readonly hole: number | null;
  readonly detail: string;
  readonly start: number;
  readonly end: number;
}

/** The flat text and all that is learned about it; offsets are into the flat text until they are located. */
export class Findings {
  readonly code: string;
  readonly places: ShellPlace[] = [];
  readonly commandHoles = new Set<number>();
  readonly problems: Found[] = [];
  readonly warnings: ShellWarning[] = [];
  readonly commands: ShellCommandRead[] = [];
  readonly variables: { name: string; braces: boolean; start: number; end: number }[] = [];
  readonly assigned = new Set<string>();
  /** Texts to be put into the script before and behind a hole, by its index. */
  readonly around = new Map<number, readonly [string, string]>();
  private readonly troubled = new Set<number>();
  private readonly holeOffsets: number[] = [];
  private readonly holeNumbers: number[] = [];
  private readonly partStarts: number[] = [];

  constructor(parts: readonly ShellPart[]) {
    let code = "";
    for (const part of parts) {
      this.partStarts.push(code.length);
      if ("hole" in part) {
        this.holeOffsets.push(code.length);
        this.holeNumbers.push(part.hole);
        this.places.push("part");
        code += HOLE;
      } else {
        const nul = part.text.indexOf(HOLE);
        const at = code.length + nul;
        if (nul !== -1) this.trouble("nul", null, "a NUL character", at, at + 1);
        code += part.text.replaceAll(HOLE, "\ufffd").replaceAll(DYNAMIC, "\ufffd");
      }
    }
    this.code = code;
  }

  /** Indices of the holes in a range. */
  holesIn(range: Range): readonly number[] {
    const found: number[] = [];
    for (let i = firstFrom(this.holeOffsets, range.start); i < this.holeOffsets.length; i++) {
      if ((this.holeOffsets[i] ?? 0) >= range.end) break;
      found.push(i);
    }
    return found;
  }

  hasHole(range: Range): boolean {
    return this.holesIn(range).length > 0;
  }

  /** Says where the hole at an offset stands. */
  place(offset: number, place: ShellPlace): void {
    this.placeAll({ start: offset, end: offset + 1 }, place);
  }

  placeAll(range: Range, place: ShellPlace): void {
    for (const i of this.holesIn(range)) this.places[i] = place;
  }

  /** The shell calculates with what stands in a range that was read as words: the quotes there stay as they are. */
  calculated(range: Range): void {
    for (const i of this.holesIn(range)) {
      const place = this.places[i];
      const [before, after] = this.around.get(i) ?? ["", ""];
      if (place === "single") this.around.set(i, [`${before}'"`, `"'${after}`]);
      if (place === "word" || place === "part") this.around.set(i, [`${before}"`, `"${after}`]);
      this.places[i] = "arithmetic";
    }
  }

  /** The value of these holes says what is run. */
  markCommand(range: Range): void {
    for (const i of this.holesIn(range)) this.commandHoles.add(i);
  }

  trouble(
    problem: ShellProblemKind,
    hole: number | null,
    detail: string,
    start: number,
    end: number = start + 1,
  ): void {
    this.problems.push({ problem, hole, detail, start, end });
  }

  /** One problem for each hole of a range that has none yet. */
  troubleAll(problem: ShellProblemKind, range: Range, detail: string): void {
    for (const i of this.holesIn(range)) {
      if (this.troubled.has(i)) continue;
      this.troubled.add(i);
      this.trouble(problem, i, detail, this.holeOffsets[i] ?? 0);
    }
  }

  /** A hole in a range of program text of another language. */
  warn(range: Range, language: string, command: string, instead: string): void {
    for (const i of this.holesIn(range))
      this.warnings.push({ hole: this.numberOf(i), language, command, instead });
  }

  /** The state now, to come back to when a reading turns out wrong. */
  mark(): () => void {
    const lengths = [this.problems.length, this.commands.length, this.variables.length] as const;
    return () => {
      for (const { hole } of this.problems.splice(lengths[0])) if (hole !== null) this.troubled.delete(hole);
      this.commands.length = lengths[1];
      this.variables.length = lengths[2];
    };
  }

  /** The caller's number of a hole. */
  numberOf(index: number): number {
    return this.holeNumbers[index] ?? 0;
  }

  holePlaces(): readonly HolePlace[] {
    return this.holeNumbers.map((hole, i) => ({
      hole,
      place: this.places[i] ?? "part",
      command: this.commandHoles.has(i),
    }));
  }

  /** Problems in order of place, with places in the caller's parts. */
  located(): readonly ShellProblem[] {
    return [...this.problems]
      .sort((a, b) => a.start - b.start)
      .map(({ problem, hole, detail, start, end }) => ({
        problem,
        hole: hole === null ? null : this.numberOf(hole),
        detail,
        ...(hole === null ? this.locate(start, end) : { ...this.locate(start, start), start: 0, end: 0 }),
      }));
  }

  /** A range of the flat text as a part and offsets in it; a range over several parts ends with its first. */
  locate(start: number, end: number): { part: number; start: number; end: number } {
    let part = firstFrom(this.partStarts, start + 1) - 1;
    // Empty parts begin where the next one does: the last of them is meant, which `firstFrom` gives.
    if (part < 0) part = 0;
    const from = this.partStarts[part] ?? 0;
    const next = this.partStarts[part + 1] ?? this.code.length;
    return { part, start: start - from, end: Math.min(Math.max(end, start), next) - from };
  }
}

/** The index of the first of sorted numbers that is not below `least`. */
function firstFrom(sorted: readonly number[], least: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] ?? 0) < least) low = middle + 1;
    else high = middle;
  }
  return low;
}
