// `npm run bench`: flowc's start against Node's own, 2,000 small nodes against ninja, and what an analysis holds up.

import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type LayerNode, layers } from "../layers.ts";
import { bin, root } from "../program.ts";
import { hottest } from "./profile.ts";
import { benchStall } from "./stall.ts";

const NODES = 2_000;
const WIDTH = 50;
const START_ROUNDS = 21;
const GRAPH_ROUNDS = Number(process.env["BENCH_ROUNDS"] ?? 5);

interface Contestant {
  readonly name: string;
  /** `round` counts from 0: for whom a fresh folder matters. */
  readonly command: (round: number) => readonly string[];
  readonly cwd: string;
}

function timeOnce(contestant: Contestant, round: number): number {
  const [program = "", ...args] = contestant.command(round);
  const before = process.hrtime.bigint();
  const done = spawnSync(program, args, {
    cwd: contestant.cwd,
    encoding: "utf8",
    env: { ...process.env, NO_COLOR: "1" },
  });
  const ms = Number(process.hrtime.bigint() - before) / 1e6;
  if (done.error !== undefined) throw done.error;
  if (done.status !== 0) throw new Error(`${contestant.name} ended with ${done.status}:\n${done.stderr}`);
  return ms;
}

/** Each round starts all of them, one after the other; the first round warms up and does not count. */
function compare(contestants: readonly Contestant[], rounds: number): Map<string, number> {
  const times = new Map<string, number[]>(contestants.map((one) => [one.name, []]));
  for (let round = 0; round <= rounds; round++)
    for (const one of contestants) {
      const ms = timeOnce(one, round);
      if (round > 0) times.get(one.name)?.push(ms);
    }
  return new Map([...times].map(([name, all]) => [name, median(all)]));
}

function median(all: readonly number[]): number {
  const sorted = [...all].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

function table(
  title: string,
  medians: ReadonlyMap<string, number>,
  against: string,
  nodes: number | null,
): void {
  const base = medians.get(against) ?? Number.NaN;
  console.log(`\n${title}`);
  for (const [name, ms] of medians) {
    const each = nodes === null ? "" : `  ${((ms / nodes) * 1000).toFixed(0).padStart(5)} µs a node`;
    console.log(`  ${name.padEnd(34)} ${ms.toFixed(1).padStart(8)} ms${each}  ${(ms / base).toFixed(2)} ×`);
  }
}

function ninjaFile(nodes: readonly LayerNode[]): string {
  const rules = ["rule noop", "  command = true", ""];
  return [...rules, ...nodes.map((one) => `build ${one.key}: noop ${one.needs.join(" ")}`), ""].join("\n");
}

const FLOW = `/// Small nodes in layers.
type Node {
  key: string
  needs: string[]
}

task noop() {
  run "true"
}

flow main(nodes: Node[]) {
  for n in nodes by n.key after n.needs {
    noop()
  }
}
`;

function benchStart(): void {
  const node = process.execPath;
  const medians = compare(
    [
      { name: "node -e 0", command: () => [node, "-e", "0"], cwd: root },
      {
        name: "flowc check examples/hello.flow",
        command: () => [node, bin, "check", "examples/hello.flow"],
        cwd: root,
      },
    ],
    START_ROUNDS,
  );
  table(`Start, median of ${START_ROUNDS}`, medians, "node -e 0", null);
}

function benchGraph(folder: string, profile: boolean): void {
  const nodes = layers(NODES, WIDTH, 1);
  writeFileSync(join(folder, "layers.flow"), FLOW);
  writeFileSync(join(folder, "inputs.json"), JSON.stringify({ nodes }));
  writeFileSync(join(folder, "package.json"), "{}\n");
  const build = join(folder, "ninja");
  mkdirSync(build);
  writeFileSync(join(build, "build.ninja"), ninjaFile(nodes));
  const flags = ["--inputs", "inputs.json", "--jobs", "2", "--ui", "quiet"];
  const run = (round: number, node: readonly string[] = []): readonly string[] => [
    process.execPath,
    ...node,
    ...[bin, "run", "layers.flow", ...flags, "--state", join(folder, `state-${round}`)],
  ];
  const flowc: Contestant = { name: "flowc run --jobs 2", command: (round) => run(round), cwd: folder };
  const ninja: Contestant = {
    name: "ninja -j 2",
    command: () => ["ninja", "-j", "2", "--quiet"],
    cwd: build,
  };
  const hasNinja = spawnSync("ninja", ["--version"]).status === 0;
  if (!hasNinja) console.log("\nninja is not installed (apt install ninja-build): flowc runs alone");
  const medians = compare(hasNinja ? [ninja, flowc] : [flowc], GRAPH_ROUNDS);
  const title = `${NODES} no-op nodes, layers of ${WIDTH}, three needs each, median of ${GRAPH_ROUNDS}`;
  table(title, medians, hasNinja ? ninja.name : flowc.name, NODES);
  if (!profile) return;
  const profiles = join(folder, "profiles");
  const profiled = (round: number) => run(round, ["--cpu-prof", `--cpu-prof-dir=${profiles}`]);
  timeOnce({ ...flowc, command: profiled }, GRAPH_ROUNDS + 1);
  console.log("\nWhere flowc's main thread spent it (self time)");
  for (const line of hottest(profiles, 20)) console.log(`  ${line}`);
}

const folder = mkdtempSync(join(tmpdir(), "flowc-bench-"));
try {
  const asked = process.argv.slice(2);
  const all = !["start", "graph", "stall"].some((name) => asked.includes(name));
  if (all || asked.includes("start")) benchStart();
  if (all || asked.includes("graph")) benchGraph(folder, asked.includes("--profile"));
  if (all || asked.includes("stall")) await benchStall();
} finally {
  rmSync(folder, { recursive: true, force: true });
}
