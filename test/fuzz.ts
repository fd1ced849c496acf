// `npm run fuzz -- [--count N] [--seed N] [--resume FILE]`: so many inputs; each that breaks something is kept as a file.

import { existsSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Fuzzing } from "./fuzzing.ts";
import { correctPrograms } from "./programs.ts";
import { chanceOf } from "./run-world.ts";

/** So often progress is written down, to go on from there. */
const piece = 1_000;

function main(): number {
  const { values } = parseArgs({
    options: { count: { type: "string" }, seed: { type: "string" }, resume: { type: "string" } },
  });
  const count = Number(values.count ?? 10_000);
  const seed = Number(values.seed ?? 1);
  const state = values.resume ?? null;
  const from = state !== null && existsSync(state) ? Number(readFileSync(state, "utf8")) : 0;
  const folder = mkdtempSync(join(tmpdir(), "flowc-fuzz-"));
  const fuzzing = new Fuzzing(correctPrograms(), folder);
  // One that never comes to an end is found there.
  const current = join(folder, "current.flow");
  console.log(`the input that is being tried: ${current}`);
  const began = performance.now();
  let broken = 0;
  for (let n = from; n < count; n++) {
    const text = fuzzing.input(chanceOf(seed * 10_000_019 + n));
    writeFileSync(current, text);
    const problem = fuzzing.problem(text);
    if (problem !== null) {
      broken++;
      const kept = join(folder, `${seed}-${n}.flow`);
      writeFileSync(kept, text);
      console.log(`✗ ${kept}: ${problem.split("\n").slice(0, 3).join(" | ")}`);
    }
    if (n % piece === piece - 1 && state !== null) writeFileSync(state, String(n + 1));
  }
  const seconds = (performance.now() - began) / 1000;
  const made = count - from;
  console.log(
    `${made} inputs in ${seconds.toFixed(0)} s, ${(made / seconds).toFixed(0)} a second: ${broken} broke something`,
  );
  return broken === 0 ? 0 : 1;
}

process.exitCode = main();
