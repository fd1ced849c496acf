// The bench of a hundred agents at once: what they cost flowc's own process, how a limit holds, and what a storm of 429 costs.

import { mkdirSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { join } from "node:path";
import { Allowance } from "../../examples/tickets/allowance.ts";
import { start } from "../program.ts";
import { usedBy } from "./used-by.ts";

const AGENTS = 100;
const workSeconds = 4;
const tokensEach = 1500;
const allowed = { requests: 50, tokens: 75_000, seconds: 10 };
const stormSeconds = 10;

/** Asks the model once, works, and answers; a 429 it passes on, as a coding agent that gives up does. */
const agent = `
import { text } from "node:stream/consumers";
const tell = (news) => console.log(JSON.stringify(news));
const prompt = await text(process.stdin);
const response = await fetch(process.env.MODEL, { method: "POST", body: prompt });
if (response.status === 429) {
  tell({ type: "limited", after: Number(response.headers.get("retry-after")) });
} else {
  tell({ type: "usage", requests: 1, input: ${tokensEach - 500}, output: 500, cost: 0.01 });
  await new Promise((done) => setTimeout(done, ${workSeconds * 1000}));
  tell({ type: "answer", value: { n: Number(/item (\\d+)/.exec(prompt)?.[1]) } });
}
`;

export async function benchManyAgents(folder: string): Promise<void> {
  const free = await measure(join(folder, "many-free"), AGENTS, null, false);
  const bound = await measure(join(folder, "many-bound"), 4 * allowed.requests, allowed, false);
  const storm = await measure(join(folder, "many-storm"), 4 * allowed.requests, allowed, true);
  const saturated = bound.asked.slice(0, -allowed.requests);
  const [first = 0, last = 0] = [bound.asked[0], bound.asked.at(-1)];
  const share = (saturated.length * 1000) / (last - first) / (allowed.requests / allowed.seconds);
  console.log(`
Agents: ${AGENTS} at once, each a process of Node that works ${workSeconds} s
  no limit           ${(free.wallMs / 1000).toFixed(1)} s   flowc's processor ${free.cpuMs.toFixed(0)} ms   its memory ${free.memoryMb.toFixed(0)} MB
Agents: ${4 * allowed.requests} with ${allowed.requests} requests and ${allowed.tokens} tokens per ${allowed.seconds} s, told as ${tokensEach} each
  ${(bound.wallMs / 1000).toFixed(1)} s   most in a window ${bound.most} of ${allowed.requests}, refused ${bound.refused}, used ${(100 * share).toFixed(1)} % while work waited
  the same with ${stormSeconds} s of 429 in the middle: ${(storm.wallMs / 1000).toFixed(1)} s, refused ${storm.refused}, most in a window ${storm.most}
  lost beside the ${stormSeconds} s: ${((storm.wallMs - bound.wallMs) / 1000 - stormSeconds).toFixed(1)} s; wasted: ${storm.refused * tokensEach} tokens if a refused prompt counted`);
}

interface Measured {
  readonly wallMs: number;
  readonly cpuMs: number;
  readonly memoryMb: number;
  /** When each request was served. */
  readonly asked: readonly number[];
  readonly most: number;
  readonly refused: number;
}

async function measure(
  folder: string,
  tasks: number,
  limit: typeof allowed | null,
  stormy: boolean,
): Promise<Measured> {
  mkdirSync(folder);
  writeFileSync(join(folder, "package.json"), "{}\n");
  writeFileSync(join(folder, "agent.mjs"), agent);
  const model = new Model(limit, stormy);
  const url = await model.listen();
  writeFileSync(join(folder, "main.flow"), flowOf(url, tasks, limit));
  const begin = performance.now();
  const run = start(["run", "main.flow", "--ui", "quiet"], { cwd: folder });
  let used = { cpuMs: 0, memoryMb: 0 };
  const look = setInterval(() => {
    used = usedBy(run.process.pid ?? 0) ?? used;
  }, 50);
  const { code, stderr } = await run.ended;
  clearInterval(look);
  model.close();
  if (code !== 0) throw new Error(stderr);
  const { asked, refused } = model;
  return { wallMs: performance.now() - begin, ...used, asked, refused, most: model.most() };
}

function flowOf(url: string, tasks: number, limit: typeof allowed | null): string {
  const declared =
    limit === null
      ? ""
      : `limit model { requests: ${limit.requests} per ${limit.seconds}s, tokens: ${limit.tokens} per ${limit.seconds}s }`;
  return `${declared}
runner desk { local: {} instances: ${AGENTS} reuse: 1_000 }
agent worker {
  command: { run: ["node", "agent.mjs"] }
  env: { MODEL: "${url}" }
}
task work(n: int) -> { n: int } {
  runner: desk
  agent: worker
  ${limit === null ? "" : `uses: [model(tokens: ${tokensEach})]`}
  ask "item ~{n}"
}
flow main() { for n in range(${tasks}) { work(n) } }
`;
}

/** Answers, and counts; in a storm it gives nothing for a while, from its fifth second on. */
class Model {
  readonly asked: number[] = [];
  refused = 0;
  private readonly server: Server;
  private readonly allowances: readonly Allowance[];
  private began: number | null = null;

  constructor(limit: typeof allowed | null, stormy: boolean) {
    const { requests, seconds } = limit ?? { requests: Number.POSITIVE_INFINITY, seconds: allowed.seconds };
    this.allowances = [new Allowance("requests", requests, seconds * 1000)];
    this.server = createServer((request, response) => {
      request.resume();
      const now = performance.now();
      this.began ??= now;
      const inStorm = stormy && now - this.began > 5000 && now - this.began < 5000 + stormSeconds * 1000;
      const fits = this.allowances.every((each) => each.fits(1, now));
      if (inStorm || !fits) {
        this.refused++;
        response.writeHead(429, { "retry-after": "2" }).end();
        return;
      }
      for (const each of this.allowances) each.take(1, now);
      this.asked.push(now);
      response.end("{}");
    });
  }

  listen(): Promise<string> {
    return new Promise((done) => {
      this.server.listen(0, "127.0.0.1", () => {
        const address = this.server.address();
        done(`http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`);
      });
    });
  }

  most(): number {
    return this.allowances[0]?.count().most ?? 0;
  }

  close(): void {
    this.server.closeAllConnections();
    this.server.close();
  }
}
