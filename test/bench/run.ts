// The bench of the engine's own cost, no command among it: pure nodes, calls, one node cold, a resume, and memory.

import { spawnSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { bin } from "../program.ts";
import { type Contestant, compare } from "./compare.ts";
import { hottest } from "./profile.ts";

const ROUNDS = Number(process.env["BENCH_ROUNDS"] ?? 5);

const flowOf = (action: string): string => `task step(i: int) -> int {
  ${action}
}

flow main(count: int) -> int {
  all = for i in range(count) {
    step(i)
  }
  return len(all)
}
`;

const ONE = `task one() {
  run "true"
}

flow main() {
  one()
}
`;

/** Says on stderr, as its last line, how many KB the process took at most, and its CPU time in µs. */
const USED = `process.on("exit", () => {
  const { user, system } = process.cpuUsage();
  process.stderr.write("\\n" + process.resourceUsage().maxRSS + " " + (user + system));
});
process.argv.splice(1, 1);
require(process.argv[1]);
`;

interface Used {
  readonly mb: number;
  readonly cpuMs: number;
}

type Flags = readonly string[];

class Bench {
  private readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
    mkdirSync(folder);
    const files = {
      "package.json": "{}\n",
      "pure.flow": flowOf("return i"),
      "call.flow": flowOf('call "./step.mjs#step"'),
      "step.mjs": "export const step = ({ i }) => i;\n",
      "one.flow": ONE,
      "used.cjs": USED,
    };
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  }

  /** A run of a flow with so many nodes, its state in a folder of its own for each round. */
  run(flow: string, count: number | null, node: Flags = []): Contestant {
    const name = `${flow} ${count ?? ""}`.trim();
    const inputs = count === null ? [] : ["--input", `count=${count}`];
    const state = (round: number) => join(this.folder, `state-${name.replace(" ", "-")}-${round}`);
    return {
      name,
      cwd: this.folder,
      command: (round) => {
        rmSync(state(round - 1), { recursive: true, force: true });
        const flags = [...inputs, "--jobs", "2", "--ui", "quiet", "--state", state(round)];
        return [process.execPath, ...node, bin, "run", `${flow}.flow`, ...flags];
      },
    };
  }

  /** The same of a run that has ended: made once, before the clock starts. */
  resume(flow: string, count: number): Contestant {
    const state = join(this.folder, `ended-${flow}-${count}`);
    const flags = ["--ui", "quiet", "--state", state];
    this.spawned([bin, "run", `${flow}.flow`, "--input", `count=${count}`, ...flags]);
    const command = [process.execPath, bin, "run", "--resume", "last", ...flags];
    return { name: `resume ${flow} ${count}`, cwd: this.folder, command: () => command };
  }

  /** The least of a few: what else the machine does only adds to it. */
  used(flow: string, count: number): Used {
    const [, ...args] = this.run(flow, count, ["used.cjs"]).command(ROUNDS + 1);
    const all = Array.from({ length: 3 }, () => {
      rmSync(args.at(-1) ?? "", { recursive: true, force: true });
      const stderr = this.spawned(args);
      const [kb = Number.NaN, us = Number.NaN] = stderr
        .slice(stderr.lastIndexOf("\n") + 1)
        .split(" ")
        .map(Number);
      return { mb: kb / 1024, cpuMs: us / 1000 };
    });
    return { mb: Math.min(...all.map(({ mb }) => mb)), cpuMs: Math.min(...all.map(({ cpuMs }) => cpuMs)) };
  }

  profile(flow: string, count: number | null): readonly string[] {
    const profiles = join(this.folder, `profiles-${flow}`);
    const [, ...args] = this.run(flow, count, ["--cpu-prof", `--cpu-prof-dir=${profiles}`]).command(
      ROUNDS + 2,
    );
    this.spawned(args);
    return hottest(profiles, 25);
  }

  private spawned(args: Flags): string {
    const done = spawnSync(process.execPath, args, { cwd: this.folder, encoding: "utf8" });
    if (done.status !== 0) throw new Error(`flowc ended with ${done.status}:\n${done.stderr}`);
    return done.stderr;
  }
}

function row(name: string, value: string, target: string): void {
  console.log(`  ${name.padEnd(44)} ${value.padStart(22)}   target ${target}`);
}

/** What a node costs in a run of so many: the time over that of a run of one, so that starting is not spread on them. */
export function benchRun(folder: string, profile: boolean): void {
  const bench = new Bench(join(folder, "run"));
  const bare: Contestant = {
    name: "node -e 0",
    command: () => [process.execPath, "-e", "0"],
    cwd: folder,
  };
  const one = bench.run("one", null);
  const [pure1, pure, pureMany] = [
    bench.run("pure", 1),
    bench.run("pure", 10_000),
    bench.run("pure", 100_000),
  ];
  const [call1, call] = [bench.run("call", 1), bench.run("call", 10_000)];
  const resume = bench.resume("pure", 10_000);
  const medians = compare([bare, one, pure1, pure, pureMany, call1, call, resume], ROUNDS);
  const ms = ({ name }: Contestant): number => medians.get(name) ?? Number.NaN;
  const each = (many: Contestant, single: Contestant, count: number): number =>
    ((ms(many) - ms(single)) / (count - 1)) * 1000;
  const used = (flow: string, count: number): Used => bench.used(flow, count);
  const [usedPure1, usedPure, usedMany] = [used("pure", 1), used("pure", 10_000), used("pure", 100_000)];
  const [usedCall1, usedCall] = [used("call", 1), used("call", 10_000)];
  const us = (value: number, one: Used, all: Used, count: number): string => {
    const cpu = ((all.cpuMs - one.cpuMs) / (count - 1)) * 1000;
    return `${value.toFixed(1)} µs (CPU ${cpu.toFixed(1)})`;
  };
  console.log(
    `\nThe engine's own cost, --jobs 2, durable, median of ${ROUNDS}; CPU time is that of all threads`,
  );
  row("node -e 0", `${ms(bare).toFixed(0)} ms`, "-");
  row("one command, cold", `${ms(one).toFixed(0)} ms, ${(ms(one) / ms(bare)).toFixed(2)} ×`, "1.50 ×");
  row("10,000 pure nodes", us(each(pure, pure1, 10_000), usedPure1, usedPure, 10_000), "20 µs a node");
  const many = each(pureMany, pure1, 100_000);
  row("100,000 pure nodes", us(many, usedPure1, usedMany, 100_000), "1.1 × that of 10,000");
  // By then the code is compiled: what the first ones cost more is V8's warming up.
  const further = ((ms(pureMany) - ms(pure)) / 90_000) * 1000;
  row("each further one", us(further, usedPure, usedMany, 90_001), "-");
  row("10,000 calls", us(each(call, call1, 10_000), usedCall1, usedCall, 10_000), "40 µs a node");
  row("resume of 10,000 that have ended", `${ms(resume).toFixed(0)} ms`, "500 ms");
  row("peak memory, 10,000 pure nodes", `${usedPure.mb.toFixed(0)} MB`, "120 MB");
  row("peak memory, 100,000 pure nodes", `${usedMany.mb.toFixed(0)} MB`, "300 MB");
  row("peak memory, 10,000 calls", `${usedCall.mb.toFixed(0)} MB`, "120 MB");
  if (!profile) return;
  for (const [flow, count] of [
    ["pure", 10_000],
    ["call", 10_000],
    ["one", 1],
  ] as const) {
    console.log(`\nWhere the main thread of ${flow} spent it (self time)`);
    for (const line of bench.profile(flow, flow === "one" ? null : count)) console.log(`  ${line}`);
  }
}
