// The bench of the proxy in front of a model: how much of a limit agents use that ask often, and what it adds to a request.

import { mkdirSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { join } from "node:path";
import { Allowance } from "../../examples/tickets/allowance.ts";
import { start } from "../program.ts";
import { usedBy } from "./used-by.ts";

const allowed = { requests: 50, seconds: 10 };
const agents = 60;
const asksEach = 5;
const thinksMs = 300;
const pings = 1000;

/** Asks the model as often as its prompt says, thinks in between, and tells how long the median of its requests took. */
const agent = `
import { text } from "node:stream/consumers";
const [, asks, thinks] = /(\\d+) times, (\\d+) ms/.exec(await text(process.stdin));
const took = [];
let refused = 0;
for (let i = 0; i < Number(asks); i++) {
  const begin = performance.now();
  const response = await fetch(process.env.MODEL + "/v1/messages", { method: "POST", body: "{}" });
  await response.text();
  took.push(performance.now() - begin);
  if (response.status === 429) refused++;
  if (Number(thinks) > 0) await new Promise((done) => setTimeout(done, Number(thinks)));
}
took.sort((a, b) => a - b);
console.log(JSON.stringify({ type: "answer", value: { median: took[Math.floor(took.length / 2)], refused } }));
`;

export async function benchProxy(folder: string): Promise<void> {
  const asks = `${asksEach} times, ${thinksMs} ms`;
  const limit = `limit model { requests: ${allowed.requests} per ${allowed.seconds}s }`;
  const bound = await measure(join(folder, "proxy-bound"), {
    nodes: agents,
    asks,
    proxy: "proxy: model",
    limit,
  });
  const told = await measure(join(folder, "proxy-told"), {
    ...{ nodes: agents / 3, asks, proxy: "proxy: true", limit: "" },
  });
  const one = { nodes: 1, asks: `${pings} times, 0 ms`, limit: "", free: true };
  const direct = await measure(join(folder, "proxy-direct"), { ...one, proxy: "" });
  const through = await measure(join(folder, "proxy-through"), {
    ...{ ...one, proxy: "proxy: model", limit: "limit model { requests: 1_000_000 per 1s }" },
  });
  // From when it was full for the first time until the last request.
  const [full = 0, last = 0] = [bound.asked[allowed.requests - 1], bound.asked.at(-1)];
  const since = bound.asked.length - allowed.requests;
  const share = (since * 1000) / (last - full) / (allowed.requests / allowed.seconds);
  console.log(`
Proxy: ${agents} agents that ask ${asksEach} times each, ${allowed.requests} requests per ${allowed.seconds} s
  ${(bound.wallMs / 1000).toFixed(1)} s   most in a window ${bound.most} of ${allowed.requests}, refused ${bound.refused}, used ${(100 * share).toFixed(1)} % while work waited   flowc's processor ${bound.cpuMs.toFixed(0)} ms
  without a limit of the flow, by what the API says: ${agents / 3} agents, ${(told.wallMs / 1000).toFixed(1)} s, most ${told.most}, refused ${told.refused}, seen by agents ${told.seen}
Proxy: one request, median of ${pings}
  straight ${direct.medianMs.toFixed(2)} ms   through the proxy ${through.medianMs.toFixed(2)} ms   flowc's processor ${((through.cpuMs - direct.cpuMs) / pings).toFixed(2)} ms each`);
}

interface Measured {
  readonly wallMs: number;
  readonly cpuMs: number;
  /** When each request was served. */
  readonly asked: readonly number[];
  readonly most: number;
  readonly refused: number;
  /** How many refusals agents saw. */
  readonly seen: number;
  readonly medianMs: number;
}

interface Setup {
  readonly nodes: number;
  readonly asks: string;
  readonly proxy: string;
  readonly limit: string;
  /** The model allows all. */
  readonly free?: boolean;
}

async function measure(folder: string, setup: Setup): Promise<Measured> {
  mkdirSync(folder);
  writeFileSync(join(folder, "package.json"), "{}\n");
  writeFileSync(join(folder, "agent.mjs"), agent);
  const model = new Model(setup.free === true ? Number.POSITIVE_INFINITY : allowed.requests);
  const url = await model.listen();
  writeFileSync(join(folder, "main.flow"), flowOf(url, setup));
  const begin = performance.now();
  const run = start(["run", "main.flow", "--ui", "quiet"], { cwd: folder });
  let cpuMs = 0;
  const look = setInterval(() => {
    cpuMs = usedBy(run.process.pid ?? 0)?.cpuMs ?? cpuMs;
  }, 50);
  const { code, stdout, stderr } = await run.ended;
  clearInterval(look);
  model.close();
  if (code !== 0) throw new Error(stderr);
  const answers: readonly { readonly median: number; readonly refused: number }[] = JSON.parse(stdout);
  const medians = answers.map(({ median }) => median).sort((a, b) => a - b);
  return {
    ...{ wallMs: performance.now() - begin, cpuMs, asked: model.asked, most: model.most() },
    refused: model.refused,
    seen: answers.reduce((sum, { refused }) => sum + refused, 0),
    medianMs: medians[Math.floor(medians.length / 2)] ?? 0,
  };
}

function flowOf(url: string, { nodes, asks, proxy, limit }: Setup): string {
  return `${limit}
agent worker {
  command: { run: ["node", "agent.mjs"], api: { url: "MODEL" } }
  env: { MODEL: "${url}" }
  ${proxy}
}
task work(n: int) -> { median: float, refused: int } {
  agent: worker
  ask "~{n}: ${asks}"
}
flow main() -> { median: float, refused: int }[] { return for n in range(${nodes}) { work(n) } }
`;
}

/** Answers, counts, and says by its headers what is left, as Anthropic's API does. */
class Model {
  readonly asked: number[] = [];
  refused = 0;
  private readonly server: Server;
  private readonly allowance: Allowance;

  constructor(requests: number) {
    this.allowance = new Allowance("requests", requests, allowed.seconds * 1000);
    this.server = createServer((request, response) => {
      request.resume();
      const now = performance.now();
      if (!this.allowance.fits(1, now)) {
        this.refused++;
        response.writeHead(429, { "retry-after": "2" }).end();
        return;
      }
      this.allowance.take(1, now);
      this.asked.push(now);
      if (Number.isFinite(requests)) this.tell(requests, now, (name, text) => response.setHeader(name, text));
      response.end('{"usage":{"input_tokens":100,"output_tokens":10}}');
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
    return this.allowance.count().most;
  }

  close(): void {
    this.server.closeAllConnections();
    this.server.close();
  }

  private tell(requests: number, now: number, header: (name: string, text: string) => void): void {
    const inside = this.asked.filter((at) => at > now - allowed.seconds * 1000);
    const reset = Date.now() + (inside[0] ?? now) + allowed.seconds * 1000 - now;
    header("anthropic-ratelimit-requests-limit", String(requests));
    header("anthropic-ratelimit-requests-remaining", String(requests - inside.length));
    header("anthropic-ratelimit-requests-reset", new Date(Math.ceil(reset)).toISOString());
  }
}
