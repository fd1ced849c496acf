// The bench of small commands: the same graphs for flowc, ninja and make, and how a large heap slows the start of a command.

import { spawnSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type LayerNode, layers } from "../layers.ts";
import { bin, root } from "../program.ts";
import { type Contestant, median, timeOnce, timesOf } from "./compare.ts";
import { ninjaFile } from "./ninja.ts";
import { hottest } from "./profile.ts";

const NODES = 10_000;
const WIDTH = 50;
const CHAIN = 1_000;
const ROUNDS = Number(process.env["BENCH_ROUNDS"] ?? 5);
/** What a parent holds besides, in MB. */
const HEAPS = [0, 500];

interface Shape {
  readonly title: string;
  readonly nodes: readonly LayerNode[];
  readonly command: string;
  /** At most so many times what ninja takes. */
  readonly target: number;
}

const layered = layers(NODES, WIDTH, 1);
const chain = Array.from({ length: CHAIN }, (_, i) => ({
  key: `n${i}`,
  needs: i === 0 ? [] : [`n${i - 1}`],
}));
const inLayers = `${NODES} nodes in layers of ${WIDTH}, three needs each`;
const shapes: readonly Shape[] = [
  { title: `${inLayers}, \`true\``, nodes: layered, command: "true", target: 1 },
  { title: `${inLayers}, \`/bin/true\``, nodes: layered, command: "/bin/true", target: 1.15 },
  { title: `A chain of ${CHAIN}, \`true\``, nodes: chain, command: "true", target: 1.4 },
];

const flowOf = (command: string): string => `/// Small nodes, each after those it needs.
type Node {
  key: string
  needs: string[]
}

task small() {
  run "${command}"
}

flow main(nodes: Node[]) {
  for n in nodes by n.key after n.needs {
    small()
  }
}
`;

function makefile(nodes: readonly LayerNode[], command: string): string {
  const all = nodes.map((one) => one.key).join(" ");
  const rules = nodes.map((one) => `${one.key}: ${one.needs.join(" ")}\n\t@${command}`);
  return `.PHONY: all ${all}\nall: ${all}\n${rules.join("\n")}\n`;
}

interface Other {
  readonly program: string;
  readonly packaged: string;
  readonly file: string;
  readonly text: (nodes: readonly LayerNode[], command: string) => string;
  readonly args: readonly string[];
}

const others: readonly Other[] = [
  {
    program: "ninja",
    packaged: "ninja-build",
    file: "build.ninja",
    text: ninjaFile,
    args: ["-j", "2", "--quiet"],
  },
  { program: "make", packaged: "make", file: "Makefile", text: makefile, args: ["-j", "2", "-s"] },
];

function flowcIn(folder: string, node: readonly string[] = []): Contestant {
  const state = (round: number): string => join(folder, `state-${round}`);
  const flags = ["--inputs", "inputs.json", "--jobs", "2", "--ui", "quiet"];
  return {
    name: "flowc run --jobs 2",
    command: (round) => [
      process.execPath,
      ...node,
      ...[bin, "run", "small.flow", ...flags, "--state", state(round)],
    ],
    cwd: folder,
  };
}

function contestantsOf(folder: string, { nodes, command }: Shape, there: readonly Other[]): Contestant[] {
  writeFileSync(join(folder, "small.flow"), flowOf(command));
  writeFileSync(join(folder, "inputs.json"), JSON.stringify({ nodes }));
  writeFileSync(join(folder, "package.json"), "{}\n");
  const rivals = there.map(({ program, file, text, args }): Contestant => {
    const cwd = join(folder, program);
    mkdirSync(cwd);
    writeFileSync(join(cwd, file), text(nodes, command));
    return { name: `${program} -j 2`, command: () => [program, ...args], cwd };
  });
  return [...rivals, flowcIn(folder)];
}

function isThere({ program, packaged }: Other): boolean {
  if (spawnSync(program, ["--version"]).status === 0) return true;
  console.log(`\n${program} is not installed (apt install ${packaged}): it is left out`);
  return false;
}

function benchShapes(folder: string, profile: boolean): void {
  // The first is what all are compared with.
  const there = others.filter(isThere);
  for (const [i, shape] of shapes.entries()) {
    const own = join(folder, `shape-${i}`);
    mkdirSync(own);
    show(shape, timesOf(contestantsOf(own, shape, there), ROUNDS));
    if (profile && i === 0) showProfile(own);
  }
}

/** Times as they stand beside those of the first in the same round: a machine has slow and fast minutes. */
function show({ title, nodes, target }: Shape, times: ReadonlyMap<string, readonly number[]>): void {
  const [[first = "", base = []] = []] = times;
  console.log(`\n${title}, median of ${ROUNDS}`);
  for (const [name, all] of times) {
    const ms = median(all);
    const ratio = median(all.map((each, round) => each / (base[round] ?? Number.NaN)));
    const each = ((ms / nodes.length) * 1000).toFixed(0).padStart(5);
    console.log(
      `  ${name.padEnd(34)} ${ms.toFixed(1).padStart(8)} ms  ${each} µs a node  ${ratio.toFixed(2)} ×`,
    );
  }
  if (first.startsWith("ninja")) console.log(`  asked for: at most ${target.toFixed(2)} × ninja`);
}

function showProfile(folder: string): void {
  const profiles = join(folder, "profiles");
  timeOnce(flowcIn(folder, ["--cpu-prof", `--cpu-prof-dir=${profiles}`]), ROUNDS + 1);
  console.log("\nWhere flowc's main thread spent it (self time)");
  for (const line of hottest(profiles, 25)) console.log(`  ${line}`);
}

/** The runner itself, in a process that holds so much besides: µs a command. */
const starter = (megabytes: number, folder: string): string => `
const { localRunner } = await import(${JSON.stringify(join(root, "runners", "local.ts"))});
const held = [];
// Objects, so that it is the heap itself that is large and not a buffer beside it.
while (process.memoryUsage().heapUsed < ${megabytes} * 1e6) held.push(Array.from({ length: 1e5 }, (_, i) => ({ i })));
const runner = localRunner();
const stop = new AbortController().signal;
const place = { project: ${JSON.stringify(folder)}, folder: ${JSON.stringify(folder)}, settings: {}, needs: {} };
const io = { stdoutPath: "/dev/null", stderrPath: "/dev/null", filter: null };
const start = async (node) => {
  const tag = { run: "heap", node, attempt: 1 };
  const instance = await runner.open({ ...place, tag });
  const workspace = await instance.workspace({ tag, kind: "project", scratch: ${JSON.stringify(folder)} });
  await workspace.exec({ argv: ["/bin/true"], env: { PATH: process.env.PATH }, cwd: "" }, io, stop);
};
for (let i = 0; i < 300; i++) await start(i);
const before = process.hrtime.bigint();
for (let i = 0; i < 2000; i++) await start(i);
console.log(Number(process.hrtime.bigint() - before) / 2000 / 1000, held.length);
process.exit();
`;

function benchHeap(folder: string): void {
  const times = HEAPS.map((): number[] => []);
  for (let round = 0; round < ROUNDS; round++)
    for (const [i, megabytes] of HEAPS.entries()) {
      const flags = ["--import", "tsx", "--max-old-space-size=2000", "--input-type=module"];
      const done = spawnSync(process.execPath, [...flags, "-e", starter(megabytes, folder)], {
        cwd: root,
        encoding: "utf8",
      });
      if (done.status !== 0) throw new Error(done.stderr);
      times[i]?.push(Number.parseFloat(done.stdout));
    }
  console.log(`\nOne command after the other by the local runner, \`/bin/true\`, median of ${ROUNDS}`);
  const base = median(times[0] ?? []);
  for (const [i, megabytes] of HEAPS.entries()) {
    const us = median(times[i] ?? []);
    const name = megabytes === 0 ? "a small parent" : `a parent with ${megabytes} MB of heap`;
    console.log(`  ${name.padEnd(34)} ${us.toFixed(0).padStart(8)} µs  ${(us / base).toFixed(2)} ×`);
  }
  console.log("  asked for: at most 1.10 × the small one");
}

export function benchNodes(folder: string, profile: boolean): void {
  const own = join(folder, "nodes");
  mkdirSync(own);
  benchShapes(own, profile);
  benchHeap(own);
  rmSync(own, { recursive: true });
}
