// The bench of `flowc check`: 10,000 tasks in one file against `ninja -n` on 10,000 edges, and how time and memory grow.

import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { largeFlow, largeProgram } from "../large-flow.ts";
import { layers } from "../layers.ts";
import { bin } from "../program.ts";
import { type Contestant, compare, hasNinja, table, timeOnce } from "./compare.ts";
import { ninjaFile } from "./ninja.ts";
import { hottest } from "./profile.ts";

const TASKS = 10_000;
const GROWTH = [1_000, 10_000, 100_000];
const TASKS_IN_FILE = 10_000;
const ROUNDS = Number(process.env["BENCH_ROUNDS"] ?? 7);

/** Says on stderr, as its last line, how many KB the process took at most. */
const PEAK = `process.on("exit", () => process.stderr.write("\\n" + process.resourceUsage().maxRSS));
process.argv.splice(1, 1);
require(process.argv[1]);
`;

function peakMb(folder: string, file: string): number {
  const script = join(folder, "peak.cjs");
  writeFileSync(script, PEAK);
  const { status, stderr } = spawnSync(process.execPath, [script, bin, "check", file], {
    cwd: folder,
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`flowc check ended with ${status}:\n${stderr}`);
  return Number(stderr.slice(stderr.lastIndexOf("\n") + 1)) / 1024;
}

function check(name: string, folder: string, file: string, node: readonly string[] = []): Contestant {
  return { name, command: () => [process.execPath, ...node, bin, "check", file], cwd: folder };
}

function benchAgainstNinja(folder: string, profile: boolean): void {
  const text = largeFlow(TASKS);
  writeFileSync(join(folder, "large.flow"), text);
  const build = join(folder, "edges");
  mkdirSync(build);
  writeFileSync(join(build, "build.ninja"), ninjaFile(layers(TASKS, 50, 1)));
  const flowc = check(`flowc check, ${(text.length / 1e6).toFixed(1)} MB`, folder, "large.flow");
  const bare: Contestant = { name: "node -e 0", command: () => [process.execPath, "-e", "0"], cwd: folder };
  const ninja: Contestant = { name: "ninja -n", command: () => ["ninja", "-n", "--quiet"], cwd: build };
  const against = hasNinja();
  if (!against)
    console.log("\nninja is not installed (apt install ninja-build): only Node is there to compare");
  const medians = compare(against ? [bare, ninja, flowc] : [bare, flowc], ROUNDS);
  const title = `Check of ${TASKS} tasks, ninja's dry run of ${TASKS} edges, median of ${ROUNDS}`;
  table(title, medians, against ? ninja.name : bare.name, null);
  console.log(`  flowc's peak memory: ${peakMb(folder, "large.flow").toFixed(0)} MB`);
  if (!profile) return;
  const profiles = join(folder, "check-profiles");
  timeOnce(check("profiled", folder, "large.flow", ["--cpu-prof", `--cpu-prof-dir=${profiles}`]), 0);
  console.log("\nWhere the check's main thread spent it (self time)");
  for (const line of hottest(profiles, 20)) console.log(`  ${line}`);
}

/** A file has at most 4 MB: larger programs are of several. */
function benchGrowth(folder: string): void {
  const programs = GROWTH.map((tasks) => {
    const at = join(folder, `check-${tasks}`);
    mkdirSync(at);
    const files = [...largeProgram(tasks, TASKS_IN_FILE)];
    for (const [name, text] of files) writeFileSync(join(at, name), text);
    const bytes = files.reduce((sum, [, text]) => sum + text.length, 0);
    return { tasks, at, bytes, flowc: check(String(tasks), at, "main.flow") };
  });
  const rounds = Math.ceil(ROUNDS / 2);
  const medians = compare(
    programs.map(({ flowc }) => flowc),
    rounds,
  );
  console.log(`\nHow a check grows, median of ${rounds}, in files of ${TASKS_IN_FILE} tasks`);
  console.log("    tasks        MB          ms   µs a task     peak MB");
  for (const { tasks, at, bytes, flowc } of programs) {
    const ms = medians.get(flowc.name) ?? Number.NaN;
    const cells = [bytes / 1e6, ms, (ms / tasks) * 1000, peakMb(at, "main.flow")];
    const row = cells.map((cell, index) => cell.toFixed(index === 0 ? 1 : 0).padStart(index === 0 ? 10 : 12));
    console.log(`${String(tasks).padStart(9)}${row.join("")}`);
  }
}

export function benchCheck(folder: string, profile: boolean): void {
  writeFileSync(join(folder, "package.json"), "{}\n");
  benchAgainstNinja(folder, profile);
  benchGrowth(folder);
}
