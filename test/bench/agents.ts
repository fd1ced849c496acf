// The bench of agents: the real Claude Code against a stub of its API, started for each prompt and staying in its instance.

import { spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fieldsOf, numberIn, objectIn, textIn } from "../../runners/agent-lines.ts";
import { hasClaude } from "../claude-cli.ts";
import { bin } from "../program.ts";
import { claudeEnv, requestsOf, startStub } from "./agents-stub.ts";

const TASKS = Number(process.env["BENCH_AGENTS"] ?? 80);
const COLD_TASKS = 12;
const INSTANCES = [2, 4];

export async function benchAgents(folder: string): Promise<void> {
  if (!hasClaude) {
    console.log("Agents: there is no Claude Code here; FLOWC_TEST_CLAUDE names one.");
    return;
  }
  const stub = await startStub();
  try {
    const { url } = stub;
    const version =
      "Claude Code against a stub of its API; to its first request: from when flowc gives it a node";
    console.log(`\nAgents: ${version}`);
    for (const instances of INSTANCES) {
      show(
        `started for each of ${COLD_TASKS}, ${instances} at once`,
        await measure(folder, url, COLD_TASKS, instances, false),
      );
      show(`staying for ${TASKS}, ${instances} at once`, await measure(folder, url, TASKS, instances, true));
    }
  } finally {
    stub.close();
  }
}

interface Measured {
  /** Ms from an assignment to the agent's first request, of those that did not start a process if it stays. */
  readonly toRequest: readonly number[];
  readonly perSecond: number;
  /** Dollars: as flowc tells, and as the stub has served. */
  readonly told: number;
  readonly served: number;
}

async function measure(
  folder: string,
  url: string,
  tasks: number,
  instances: number,
  stays: boolean,
): Promise<Measured> {
  const project = join(folder, `agents-${instances}-${stays}`);
  mkdirSync(join(project, "home"), { recursive: true });
  writeFileSync(join(project, "main.flow"), flowOf(url, tasks, instances, stays));
  const before = (await requestsOf(url)).length;
  const run = spawn(process.execPath, [bin, "run", "main.flow", "--ui", "json"], {
    cwd: project,
    env: claudeEnv(join(project, "home")),
    stdio: ["ignore", "pipe", "ignore"],
  });
  const started = new Map<string, number>();
  const sessions = new Map<string, string>();
  const ends: number[] = [];
  const costs = new Map<string, number>();
  for await (const line of createInterface({ input: run.stdout })) {
    const event = objectIn(line) ?? {};
    const node = textIn(event, "node");
    const at = numberIn(event, "at") ?? 0;
    if (event["type"] === "attempt.started") started.set(node, at);
    if (event["type"] === "attempt.placed") sessions.set(textIn(event, "session"), node);
    if (event["type"] === "attempt.used") costs.set(node, numberIn(fieldsOf(event["usage"]), "cost") ?? 0);
    if (event["type"] === "attempt.ended") ends.push(at);
  }
  const requests = (await requestsOf(url)).slice(before);
  const toRequest: number[] = [];
  for (const { at, user } of requests) {
    const node = sessions.get(textIn(objectIn(user) ?? {}, "session_id"));
    const from = node === undefined ? undefined : started.get(node);
    if (from !== undefined) toRequest.push(at - from);
  }
  // The first of each instance starts a process, and is no measure of those that find one.
  const counted = stays ? toRequest.slice(instances) : toRequest;
  const warm = ends.slice(instances - 1);
  const [first = 0] = warm;
  return {
    toRequest: counted.sort((a, b) => a - b),
    perSecond: ((warm.length - 1) * 1000) / ((warm.at(-1) ?? 0) - first),
    told: [...costs.values()].reduce((sum, cost) => sum + cost, 0),
    served: requests.reduce((sum, { cost }) => sum + cost, 0),
  };
}

function flowOf(url: string, tasks: number, instances: number, stays: boolean): string {
  return `agent coder {
  claude: { model: "sonnet", warm: ${stays} }
  env: { ANTHROPIC_API_KEY: secret("ANTHROPIC_API_KEY"), ANTHROPIC_BASE_URL: "${url}" }
}
runner desk { local: {} instances: ${instances} reuse: 1000 }
task count(i: int) -> { n: int } {
  runner: desk
  agent: coder
  needs: { cpu: 0.1 }
  ask "ANSWER {\\"n\\":~{i}}"
}
flow main() { all = for i in range(${tasks}) { count(i) } }
`;
}

function show(name: string, { toRequest, perSecond, told, served }: Measured): void {
  const at = (share: number) => Math.round(toRequest[Math.floor((toRequest.length - 1) * share)] ?? 0);
  console.log(
    `${name.padEnd(40)} ${at(0.5)} ms to its first request (p90 ${at(0.9)}), ${perSecond.toFixed(1)} tasks/s; ` +
      `cost told ${told.toFixed(4)}, served ${served.toFixed(4)}`,
  );
}
