// A share of the fuzzer: no input crashes or hangs what reads programs, and each that is wrong is told with its place.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { Fuzzing } from "./fuzzing.ts";
import { correctPrograms } from "./programs.ts";
import { chanceOf } from "./run-world.ts";

const inputs = 3_000;

it(`deals with ${inputs} inputs that nobody would write`, () => {
  // Empty: globs of the inputs are looked for.
  const folder = mkdtempSync(join(tmpdir(), "flowc-fuzz-"));
  const fuzzing = new Fuzzing(correctPrograms(), folder);
  const broken: string[] = [];
  for (let n = 0; n < inputs; n++) {
    const text = fuzzing.input(chanceOf(n));
    const problem = fuzzing.problem(text);
    if (problem !== null) broken.push(`${problem}\n${text}`);
  }
  rmSync(folder, { recursive: true, force: true });
  expect(broken).toEqual([]);
}, 120_000);
