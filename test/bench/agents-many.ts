// The bench of a hundred agents at once: what they cost flowc's own process, how a limit holds, and what a storm of 429 costs.

import { mkdirSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { Allowance } from "../../examples/tickets/allowance.ts";
import { start } from "../program.ts";
import { usedBy } from "./used-by.ts";

const AGENTS = 100;
const workSeconds = 4;
const stormSeconds = 10;
/** Work waits for so many windows. */
const windows = 5;

interface Allowed {
  readonly requests: number;
  readonly tokens: number;
  readonly seconds: number;
}

const minute: Allowed = { requests: 100, tokens: 150_000, seconds: 60 };
const short: Allowed = { requests: 50, tokens: 75_000, seconds: 10 };
/** Here only tokens are scarce. */
const few: Allowed = { requests: 1000, tokens: 75_000, seconds: 10 };

/** Asks the model once, works, and answers; a 429 it passes on, as a coding agent that gives up does. */
const agent = `
import { text } from "node:stream/consumers";
const tell = (news) => console.log(JSON.stringify(news));
const prompt = await text(process.stdin);
const response = await fetch(process.env.MODEL, { method: "POST", body: prompt });
const [, n, tokens] = /item (\\d+) of (\\d+)/.exec(prompt).map(Number);
if (response.status === 429) {
  tell({ type: "limited", after: Number(response.headers.get("retry-after")) });
} else {
  tell({ type: "usage", requests: 1, input: tokens - 500, output: 500, cost: 0.01 });
  await new Promise((done) => setTimeout(done, ${workSeconds * 1000}));
  tell({ type: "answer", value: { n } });
}
`;

export async function benchManyAgents(folder: string): Promise<void> {
  const of = (name: string) => join(folder, `many-${name}`);
  const free = await measure(of("free"), { tasks: AGENTS, limit: null });
  console.log(`
Agents: ${AGENTS} at once, each a process of Node that works ${workSeconds} s
  no limit  ${seconds(free.wallMs)}, flowc's processor ${free.cpuMs.toFixed(0)} ms, its memory ${free.memoryMb.toFixed(0)} MB; asked more than once: ${free.served - AGENTS}`);
  await show("of 1,500 tokens each", minute, of("minute"), 1500);
  await show("of 1,000 to 2,000 tokens", few, of("tokens"), null);
  const bound = await show("of 1,500 tokens each", short, of("short"), 1500);
  const tasks = windows * short.requests;
  const storm = await measure(of("storm"), { tasks, limit: short, each: 1500, stormy: true });
  console.log(`  the same with ${stormSeconds} s of 429 in the middle: ${seconds(storm.wallMs)}, refused ${storm.refused}, most in a window ${storm.counts.map(({ most }) => most).join(" and ")}
  lost beside the ${stormSeconds} s: ${((storm.wallMs - bound.wallMs) / 1000 - stormSeconds).toFixed(1)} s; wasted: ${storm.refused * 1500} tokens if a refused prompt counted`);
}

/** `each`: tokens of each; null: some more, some less. */
async function show(name: string, limit: Allowed, folder: string, each: number | null): Promise<Measured> {
  const tasks = windows * Math.min(limit.requests, limit.tokens / 1500);
  const measured = await measure(folder, { tasks, limit, each });
  const counts = measured.counts.map(
    ({ unit, most, allowed, share }) =>
      `${unit}: most in a window ${most} of ${allowed}${share === null ? "" : `, used ${(100 * share).toFixed(1)} % while work waited`}`,
  );
  console.log(`Agents: ${tasks} ${name}, with ${limit.requests} requests and ${limit.tokens} tokens per ${limit.seconds} s
  ${seconds(measured.wallMs)}, refused ${measured.refused}; ${counts.join("; ")}`);
  return measured;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

interface Measured {
  readonly wallMs: number;
  readonly cpuMs: number;
  readonly memoryMb: number;
  readonly served: number;
  readonly refused: number;
  readonly counts: readonly Count[];
}

interface Count {
  readonly unit: string;
  readonly allowed: number;
  readonly most: number;
  /** What was used of what could be while work waited, but for the first window's worth; null: it was not scarce. */
  readonly share: number | null;
}

interface Work {
  readonly tasks: number;
  readonly limit: Allowed | null;
  readonly each?: number | null;
  readonly stormy?: boolean;
}

async function measure(
  folder: string,
  { tasks, limit, each = 1500, stormy = false }: Work,
): Promise<Measured> {
  mkdirSync(folder);
  writeFileSync(join(folder, "package.json"), "{}\n");
  writeFileSync(join(folder, "agent.mjs"), agent);
  const model = new Model(limit, stormy);
  const url = await model.listen();
  writeFileSync(join(folder, "main.flow"), flowOf(url, tasks, limit, each));
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
  return {
    ...{ wallMs: performance.now() - begin, ...used },
    ...{ served: asked.length, refused, counts: model.counts() },
  };
}

/** Their number is the same by and by, so that as many start as there are tokens for. */
const unequal =
  "for part in [1_000, 1_250, 1_500, 1_750, 2_000] { for n in range(COUNT) { work(n, tokens: part) } }";

function flowOf(url: string, tasks: number, limit: Allowed | null, each: number | null): string {
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
task work(n: int, tokens: int) -> { n: int } {
  runner: desk
  agent: worker
  ${limit === null ? "" : "uses: [model(tokens: tokens)]"}
  ask "item ~{n} of ~{tokens}"
}
flow main() { ${each === null ? unequal.replace("COUNT", String(tasks / 5)) : `for n in range(${tasks}) { work(n, tokens: ${each}) }`} }
`;
}

/** Answers, and counts; in a storm it gives nothing for a while, from its fifth second on. */
class Model {
  readonly asked: { readonly at: number; readonly tokens: number }[] = [];
  refused = 0;
  private readonly server: Server;
  private readonly limit: Allowed | null;
  private readonly allowances: readonly Allowance[];
  private began: number | null = null;

  constructor(limit: Allowed | null, stormy: boolean) {
    this.limit = limit;
    const ms = (limit?.seconds ?? 0) * 1000;
    this.allowances =
      limit === null
        ? []
        : [new Allowance("requests", limit.requests, ms), new Allowance("tokens", limit.tokens, ms)];
    this.server = createServer(async (request, response) => {
      const now = performance.now();
      this.began ??= now;
      const tokens = Number(/of (\d+)/.exec(await text(request))?.[1]);
      const inStorm = stormy && now - this.began > 5000 && now - this.began < 5000 + stormSeconds * 1000;
      const served = !inStorm && this.take([1, tokens], performance.now());
      if (served) this.asked.push({ at: performance.now(), tokens });
      else this.refused++;
      response.writeHead(served ? 200 : 429, { "retry-after": "2" }).end("{}");
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

  counts(): readonly Count[] {
    const { asked, limit } = this;
    if (limit === null) return [];
    const span = ((asked.at(-1)?.at ?? 0) - (asked[0]?.at ?? 0)) / 1000 / limit.seconds;
    const sums = [asked.length, asked.reduce((sum, { tokens }) => sum + tokens, 0)];
    return this.allowances.map((each, i) => {
      const { unit, allowed, most } = each.count();
      const windows = ((sums[i] ?? 0) - allowed) / allowed;
      return { unit, allowed, most, share: windows > 0 ? windows / span : null };
    });
  }

  close(): void {
    this.server.closeAllConnections();
    this.server.close();
  }

  /** In the order of {@link allowances}. */
  private take(amounts: readonly number[], now: number): boolean {
    const fits = this.allowances.every((each, i) => each.fits(amounts[i] ?? 0, now));
    if (fits) for (const [i, each] of this.allowances.entries()) each.take(amounts[i] ?? 0, now);
    return fits;
  }
}
