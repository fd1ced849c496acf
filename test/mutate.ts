// `npm run mutate -- [--seed N] [--programs N] [--list]`: one mistake in each correct program, and how well it is told.

import { parseArgs } from "node:util";
import { lineStarts } from "../grammar/source.ts";
import { type Kind, kinds, mutate } from "./mutations.ts";
import { correctPrograms, diagnose, type Program } from "./programs.ts";
import { chanceOf } from "./run-world.ts";

export interface Told {
  readonly kind: Kind;
  readonly program: string;
  readonly what: string;
  readonly text: string;
  /** `right`: it is still a correct program; `one`: exactly one error, which shows the line; `elsewhere`: one, at another line. */
  readonly as: "right" | "one" | "elsewhere" | "several";
  readonly codes: readonly string[];
}

/** A mistake of each kind in each program that has a place for it. */
export function mutated(programs: readonly Program[], seed: number): readonly Told[] {
  const all: Told[] = [];
  for (const kind of kinds) {
    const chance = chanceOf(seed);
    for (const program of programs) {
      const mutation = mutate(program.text, kind, chance);
      if (mutation === null) continue;
      const errors = diagnose(program, mutation.text).filter(({ severity }) => severity === "error");
      const lines = mutation.at.map((at) => lineOf(mutation.text, at));
      const [first] = errors;
      const at = first === undefined ? 0 : lineOf(first.source.text, first.span.start);
      // A screen shows the related places too: where a type was written, which bracket has no partner.
      const shown = first?.related.map(({ source, span }) => lineOf(source.text, span.start)) ?? [];
      const near = first !== undefined && lines.some((line) => line === at || shown.includes(line));
      const as = errors.length === 0 ? "right" : errors.length > 1 ? "several" : near ? "one" : "elsewhere";
      const { text, what } = mutation;
      all.push({ kind, program: program.name, what, text, as, codes: errors.map(({ code }) => code) });
    }
  }
  return all;
}

function lineOf(text: string, offset: number): number {
  return lineStarts({ path: "", text }).filter((start) => start <= offset).length;
}

/** A line a kind: how many were made, stayed correct, and of the rest how many gave one error. */
export function tableOf(all: readonly Told[]): readonly string[] {
  const rows = [["mistake", "made", "still right", "wrong", "one error", "shows its line", "several"]];
  for (const kind of [...kinds, "all"]) {
    const some = all.filter((told) => kind === "all" || told.kind === kind);
    const count = (as: Told["as"]): number => some.filter((told) => told.as === as).length;
    const wrong = some.length - count("right");
    const one = count("one") + count("elsewhere");
    const percent = (part: number): string => `${part} (${((100 * part) / Math.max(wrong, 1)).toFixed(1)} %)`;
    rows.push([
      kind,
      `${some.length}`,
      `${count("right")}`,
      `${wrong}`,
      percent(one),
      percent(count("one")),
      `${count("several")}`,
    ]);
  }
  const widths = rows[0]?.map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0))) ?? [];
  return rows.map((row) =>
    row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join("  "),
  );
}

function main(): void {
  const { values } = parseArgs({
    options: {
      seed: { type: "string" },
      programs: { type: "string" },
      list: { type: "boolean" },
      show: { type: "boolean" },
    },
  });
  const programs = correctPrograms().slice(0, Number(values.programs ?? 10_000));
  const all = mutated(programs, Number(values.seed ?? 1));
  console.log(`${programs.length} correct programs, seed ${values.seed ?? 1}`);
  for (const line of tableOf(all)) console.log(line);
  if (values.list !== true) return;
  for (const { kind, program, what, as, codes, text } of all) {
    if (as !== "several" && as !== "elsewhere") continue;
    console.log(
      `${as.padEnd(9)} ${kind}: ${program}: ${what.replaceAll("\n", "␊").slice(0, 70)}: ${codes.join(" ")}`,
    );
    if (values.show === true) console.log(text);
  }
}

if (process.argv[1]?.endsWith("mutate.ts") === true) main();
