// `npm test`: types, style, build, then all tests; goes through every step, and ends with one line of counts.

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { addCounts, type Counts, countsLine, readCounts, skippedIn } from "./counts.ts";

interface Step {
  readonly name: string;
  readonly command: readonly string[];
}

const node = process.execPath;
const asked = process.argv.slice(2);
const bless = asked.includes("--bless");
const filters = asked.filter((argument) => argument !== "--bless");
const folder = mkdtempSync(join(tmpdir(), "flowc-test-"));
const report = process.env["FLOWC_TEST_REPORT"] ?? join(folder, "report.json");

const colors = process.stdout.isTTY === true ? [] : ["--colors=off"];

const steps: readonly Step[] = [
  { name: "types", command: [node, "node_modules/typescript/bin/tsc", "-p", "tsconfig.json"] },
  {
    name: "style",
    command: [node, "node_modules/@biomejs/biome/bin/biome", "ci", "--error-on-warnings", ...colors, "."],
  },
  { name: "build", command: [node, "node_modules/tsx/dist/cli.mjs", "build.ts"] },
  {
    name: "tests",
    command: [
      node,
      "node_modules/vitest/vitest.mjs",
      "run",
      "--reporter=default",
      "--reporter=json",
      `--outputFile.json=${report}`,
      ...filters,
    ],
  },
];

function perform(step: Step): Counts {
  console.log(`\n── ${step.name}: ${step.command.slice(1).join(" ")}`);
  const [program = node, ...rest] = step.command;
  const env = bless ? { ...process.env, BLESS: "1" } : process.env;
  const { status, error } = spawnSync(program, rest, { stdio: ["ignore", "inherit", "inherit"], env });
  const well = status === 0;
  if (error !== undefined) console.error(`${step.name} did not start: ${error.message}`);
  console.log(`── ${step.name}: ${well ? "passed" : "FAILED"}`);
  if (step.name !== "tests") return { passed: well ? 1 : 0, failed: well ? 0 : 1, skipped: 0 };
  const counts = readCounts(report);
  // A crash of the test runner itself leaves no failed test behind, but it is a failure.
  return well || counts.failed > 0 ? counts : { ...counts, failed: counts.failed + 1 };
}

const totals = steps.map(perform).reduce(addCounts);
const skipped = skippedIn(report);
if (skipped.length > 0)
  console.log(`\nSkipped, since what they need is not here:\n  ${skipped.join("\n  ")}`);
rmSync(folder, { recursive: true, force: true });
console.log(`\n${countsLine(totals)}`);
process.exitCode = totals.failed === 0 ? 0 : 1;
