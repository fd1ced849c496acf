// `npm run bench`: flowc's start against Node's own, a check of 10,000 tasks and 2,000 small nodes against ninja, and what an analysis holds up.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { layers } from "../layers.ts";
import { bin, root } from "../program.ts";
import { benchCheck } from "./check.ts";
import { type Contestant, compare, hasNinja, table, timeOnce } from "./compare.ts";
import { ninjaFile } from "./ninja.ts";
import { hottest } from "./profile.ts";
import { benchRun } from "./run.ts";
import { benchStall } from "./stall.ts";

const NODES = 2_000;
const WIDTH = 50;
const START_ROUNDS = 21;
const GRAPH_ROUNDS = Number(process.env["BENCH_ROUNDS"] ?? 5);

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
  const against = hasNinja();
  if (!against) console.log("\nninja is not installed (apt install ninja-build): flowc runs alone");
  const medians = compare(against ? [ninja, flowc] : [flowc], GRAPH_ROUNDS);
  const title = `${NODES} no-op nodes, layers of ${WIDTH}, three needs each, median of ${GRAPH_ROUNDS}`;
  table(title, medians, against ? ninja.name : flowc.name, NODES);
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
  const all = !["start", "check", "run", "graph", "stall"].some((name) => asked.includes(name));
  if (all || asked.includes("start")) benchStart();
  if (all || asked.includes("check")) benchCheck(folder, asked.includes("--profile"));
  if (all || asked.includes("run")) benchRun(folder, asked.includes("--profile"));
  if (all || asked.includes("graph")) benchGraph(folder, asked.includes("--profile"));
  if (all || asked.includes("stall")) await benchStall();
} finally {
  rmSync(folder, { recursive: true, force: true });
}
