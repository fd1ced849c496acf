// The bench of many Claude Codes at once: what they and flowc cost this machine, and whether the cost told is the cost served.

import { spawn } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fieldsOf, numberIn, objectIn, textIn } from "../../runners/agent-lines.ts";
import { hasClaude } from "../claude-cli.ts";
import { bin } from "../program.ts";
import { claudeEnv, requestsOf, startStub } from "./agents-stub.ts";
import { usedBy } from "./used-by.ts";

const sizes = (process.env["BENCH_FLEET"] ?? "16").split(",").map(Number);
const spawnPerMinute = 30;
const reuse = 10;
/** Of each instance, so that some are replaced meanwhile. */
const tasksEach = 11;

export async function benchFleet(folder: string): Promise<void> {
  if (!hasClaude) {
    console.log("Fleet: there is no Claude Code here; FLOWC_TEST_CLAUDE names one.");
    return;
  }
  const stub = await startStub();
  try {
    for (const size of sizes) show(size, await measure(join(folder, `fleet-${size}`), stub.url, size));
  } finally {
    stub.close();
  }
}

/** An instance works so long on a task that all of them are there before the first is replaced. */
function workMs(size: number): number {
  return (Math.ceil(size / spawnPerMinute) * 60_000) / reuse;
}

interface Measured {
  readonly code: number | null;
  readonly tasks: number;
  readonly wallMs: number;
  readonly atOnce: number;
  readonly instances: number;
  /** Attempts by how they ended. */
  readonly ends: ReadonlyMap<string, number>;
  readonly perSecond: number;
  readonly cpuMs: number;
  readonly memoryMb: number;
  /** The most that the machine had less than before. */
  readonly machineMb: number;
  readonly requests: number;
  readonly refused: number;
  /** Dollars. */
  readonly told: number;
  readonly served: number;
}

async function measure(project: string, url: string, size: number): Promise<Measured> {
  mkdirSync(join(project, "home"), { recursive: true });
  const tasks = tasksEach * size;
  writeFileSync(join(project, "main.flow"), flowOf(url, size, tasks));
  const before = (await requestsOf(url)).length;
  const availableBefore = availableMb();
  const begun = performance.now();
  const run = spawn(process.execPath, [bin, "run", "main.flow", "--ui", "json"], {
    cwd: project,
    env: claudeEnv(join(project, "home")),
    stdio: ["ignore", "pipe", "ignore"],
  });
  const over = new Promise<number | null>((done) => run.once("close", done));
  let used = { cpuMs: 0, memoryMb: 0 };
  let machineMb = 0;
  const look = setInterval(() => {
    used = usedBy(run.pid ?? 0) ?? used;
    machineMb = Math.max(machineMb, availableBefore - availableMb());
  }, 200);
  const heard = new Heard();
  for await (const line of createInterface({ input: run.stdout })) heard.hear(objectIn(line) ?? {});
  const code = await over;
  clearInterval(look);
  const requests = (await requestsOf(url)).slice(before);
  return {
    ...{ code, tasks, wallMs: performance.now() - begun, ...used, machineMb, ...heard.told() },
    requests: requests.length,
    refused: requests.filter(({ status }) => status !== 200).length,
    served: requests.reduce((sum, { cost }) => sum + cost, 0),
  };
}

/** What the events of a run tell. */
class Heard {
  private readonly open = new Set<string>();
  private readonly ends = new Map<string, number>();
  private readonly costs = new Map<string, number>();
  private readonly endedAt: number[] = [];
  private atOnce = 0;
  private instances = 0;

  hear(event: Readonly<Record<string, unknown>>): void {
    const node = textIn(event, "node");
    switch (event["type"]) {
      case "instance.opened":
        this.instances++;
        return;
      case "attempt.placed":
        this.open.add(node);
        this.atOnce = Math.max(this.atOnce, this.open.size);
        return;
      case "attempt.used":
        this.costs.set(
          `${node} ${numberIn(event, "attempt")}`,
          numberIn(fieldsOf(event["usage"]), "cost") ?? 0,
        );
        return;
      case "attempt.ended": {
        this.open.delete(node);
        this.endedAt.push(numberIn(event, "at") ?? 0);
        const how = [event["outcome"], event["why"], event["message"]].filter((each) => each !== undefined);
        const key = how.join(" ").slice(0, 120);
        this.ends.set(key, (this.ends.get(key) ?? 0) + 1);
      }
    }
  }

  told(): Pick<Measured, "atOnce" | "instances" | "ends" | "perSecond" | "told"> {
    const { atOnce, instances, ends, endedAt } = this;
    const [first = 0] = endedAt;
    const perSecond = ((endedAt.length - 1) * 1000) / ((endedAt.at(-1) ?? 0) - first);
    const told = [...this.costs.values()].reduce((sum, cost) => sum + cost, 0);
    return { atOnce, instances, ends, perSecond, told };
  }
}

function flowOf(url: string, size: number, tasks: number): string {
  return `agent coder {
  claude: { model: "sonnet", warm: true }
  env: { ANTHROPIC_API_KEY: secret("ANTHROPIC_API_KEY"), ANTHROPIC_BASE_URL: "${url}" }
}
runner desk { local: {} instances: ${size} reuse: ${reuse} spawn: ${spawnPerMinute} per 1m }
task count(i: int) -> { n: int } {
  runner: desk
  agent: coder
  ask """
  WAIT ${workMs(size)}
  ANSWER {"n":~{i}}
  """
}
flow main() { all = for i in range(${tasks}) { count(i) } }
`;
}

function availableMb(): number {
  return Number(/MemAvailable:\s+(\d+)/.exec(readFileSync("/proc/meminfo", "utf8"))?.[1]) / 1000;
}

function show(size: number, of: Measured): void {
  const ends = [...of.ends].map(([how, times]) => `${times} ${how}`).join(", ");
  console.log(`
Fleet: ${of.tasks} tasks of ${workMs(size) / 1000} s for ${size} Claude Codes, ${spawnPerMinute} started a minute, ${reuse} tasks each
  ${(of.wallMs / 1000).toFixed(0)} s, ${of.atOnce} at once, ${of.instances} instances, ${of.perSecond.toFixed(2)} tasks/s; flowc ended with ${of.code}; ${ends}
  flowc's processor ${(of.cpuMs / 1000).toFixed(1)} s, its memory ${of.memoryMb.toFixed(0)} MB; the machine's ${(of.machineMb / 1000).toFixed(1)} GB
  ${of.requests} requests, ${of.refused} not served; cost told ${of.told.toFixed(4)}, served ${of.served.toFixed(4)}`);
}
