// The bench of reuse: a run of 10,000 nodes of which none has to run, against the run that made their answers.

import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { bin } from "../program.ts";
import { type Contestant, compare } from "./compare.ts";
import { hottest } from "./profile.ts";

const NODES = 10_000;
const ROUNDS = Number(process.env["BENCH_ROUNDS"] ?? 5);

const flowOf = (reads: string): string => `task step(i: int) -> int {
  reads: ${reads}
  cache: true

  run "true"
  return i
}

flow main(count: int) -> int {
  all = for i in range(count) {
    step(i)
  }
  return len(all)
}
`;

/** Each round begins with the state that the first run left; copying it does not count. */
export function benchReuse(folder: string, profile: boolean): void {
  const home = join(folder, "reuse");
  mkdirSync(join(home, "src"), { recursive: true });
  writeFileSync(join(home, "package.json"), "{}\n");
  for (let i = 0; i < 3; i++) writeFileSync(join(home, "src", `${i}.txt`), `${i}\n`);
  const kinds = { nothing: "[]", "three files": '["src/*.txt"]' };
  const flags = ["--input", `count=${NODES}`, "--jobs", "2", "--ui", "quiet"];
  const contestants: Contestant[] = [];
  const run = (flow: string, state: string, node: readonly string[] = []): readonly string[] => [
    process.execPath,
    ...node,
    ...[bin, "run", `${flow}.flow`, ...flags, "--state", state],
  ];
  const made: { readonly flow: string; readonly ms: number }[] = [];
  for (const [i, [name, reads]] of Object.entries(kinds).entries()) {
    const flow = `reuse${i}`;
    writeFileSync(join(home, `${flow}.flow`), flowOf(reads));
    const first = join(home, `first-${i}`);
    const began = performance.now();
    spawned(run(flow, first), home);
    made.push({ flow, ms: performance.now() - began });
    const state = (round: number): string => join(home, `state-${i}-${round}`);
    for (let round = -1; round <= ROUNDS + 2; round++) cpSync(first, state(round), { recursive: true });
    contestants.push({
      name: `reads ${name}`,
      cwd: home,
      command: (round) => {
        rmSync(state(round - 1), { recursive: true, force: true });
        return run(flow, state(round));
      },
    });
  }
  const medians = compare(contestants, ROUNDS);
  console.log(`\nEverything reused, ${NODES} nodes, whole command, median of ${ROUNDS}`);
  contestants.forEach(({ name }, i) => {
    const ms = medians.get(name) ?? Number.NaN;
    const first = `made in ${((made[i]?.ms ?? 0) / 1000).toFixed(1)} s`;
    console.log(`  ${name.padEnd(24)} ${ms.toFixed(0).padStart(6)} ms   target 250 ms   ${first}`);
  });
  if (!profile) return;
  const profiles = join(home, "profiles");
  const state = join(home, `state-0-${ROUNDS + 2}`);
  spawned(run("reuse0", state, ["--cpu-prof", `--cpu-prof-dir=${profiles}`]), home);
  console.log("\nWhere the main thread spent it (self time)");
  for (const line of hottest(profiles, 30)) console.log(`  ${line}`);
}

function spawned([program = "", ...args]: readonly string[], cwd: string): void {
  const done = spawnSync(program, args, { cwd, encoding: "utf8" });
  if (done.status !== 0) throw new Error(`flowc ended with ${done.status}:\n${done.stderr}`);
}
