// Whole runs whose agents find their model behind flowc's proxy: who sees the key, and how well a limit is kept and used.

import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { claudePath, hasClaude } from "./claude-cli.ts";
import { mostWithin } from "./messages-served.ts";
import { type MessagesOptions, type MessagesServer, startMessages } from "./messages-server.ts";
import { hasNodeImage, nodeImage } from "./node-image.ts";
import { flowc, type Started, start } from "./program.ts";

const closing: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const hasNode = await hasNodeImage();

/** Asks as often as its prompt says, each time for something else, and tells nothing of what that took. */
const agent = `
import { text } from "node:stream/consumers";
const { MODEL_URL, MODEL_KEY } = process.env;
const prompt = (await text(process.stdin)) + " word".repeat(Number(process.env.WORDS ?? 0));
const asks = Number(/(\\d+) TIMES/.exec(prompt)?.[1] ?? 1);
let message = "";
for (let i = 0; i < asks && message === ""; i++) {
  const response = await fetch(MODEL_URL + "/v1/messages", {
    method: "POST",
    headers: { "content-type": "application/json", "x-api-key": MODEL_KEY },
    body: JSON.stringify({ model: "claude-sonnet-5", stream: true, messages: [{ role: "user", content: prompt }] }),
  });
  await response.text();
  if (!response.ok) message = "the API said " + response.status;
}
console.log(JSON.stringify(message === "" ? { type: "answer", value: { key: MODEL_KEY } } : { type: "failed", why: "api", message }));
`;

class Place {
  readonly root = realpathSync(mkdtempSync(join(tmpdir(), "flowc-proxy-")));
  private readonly env: Readonly<Record<string, string>>;

  constructor() {
    closing.push(() => rmSync(this.root, { recursive: true, force: true }));
    const home = join(this.root, "home");
    mkdirSync(home);
    const path = process.env["PATH"] ?? "";
    this.env = {
      HOME: home,
      PATH: claudePath.includes("/") ? `${dirname(claudePath)}:${path}` : path,
      API_KEY: "the-real-key",
    };
    writeFileSync(join(this.root, "package.json"), "{}\n");
    writeFileSync(join(this.root, "agent.mjs"), agent);
  }

  write(flow: string): void {
    writeFileSync(join(this.root, "main.flow"), flow);
  }

  async run(flow: string): Promise<string> {
    this.write(flow);
    const { stdout, stderr } = await this.flowc("run", "main.flow");
    return stderr + stdout;
  }

  flowc(...args: readonly string[]) {
    return flowc(args, { cwd: this.root, env: this.env });
  }

  start(...args: readonly string[]): Started {
    return start(args, { cwd: this.root, env: this.env });
  }

  async limit(): Promise<Readonly<Record<string, unknown>>> {
    const { stdout } = await this.flowc("show", "last", "--json");
    return JSON.parse(stdout)["limits"][0];
  }

  /** Of a file that an agent wrote; "": it is not there. */
  read(name: string): string {
    const path = join(this.root, name);
    return existsSync(path) ? readFileSync(path, "utf8") : "";
  }
}

async function messages(options: MessagesOptions): Promise<MessagesServer> {
  const server = await startMessages({ keys: ["the-real-key"], ...options });
  closing.push(() => server.close());
  return server;
}

function ofCommands(
  url: string,
  proxy: string,
  { limit = "", times = 1, nodes = 1, more = "", words = 0 },
): string {
  return `${limit}
agent worker {
  command: { run: ["node", "agent.mjs"], api: { url: "MODEL_URL", key: "MODEL_KEY" } }
  env: { MODEL_URL: "${url}", MODEL_KEY: secret("API_KEY"), WORDS: "${words}" }
  proxy: ${proxy}
}
task work(n: int) -> { key: string } {
  agent: worker
  ${more}
  ask "${times} TIMES\\n${words === 0 ? "USAGE 100 50\\n" : ""}SAY ~{n}"
}
flow main() -> { key: string }[] { return for n in range(${nodes}) { work(n) } }
`;
}

describe("a run whose agents go through the proxy", () => {
  it("does not show them the key, and counts what they used for them", { timeout: 60_000 }, async () => {
    const server = await messages({});
    const place = new Place();
    const screen = await place.run(ofCommands(server.url, "true", { times: 2 }));
    expect(screen).toMatch(/"key": "flowc-[\w-]+"/);
    expect(screen).not.toContain("the-real-key");
    expect(server.totals().statuses).toEqual({ 200: 2 });
    expect((await place.flowc("show", "last")).stdout).toContain("agents used 300 tokens");
    expect(await place.limit()).toMatchObject({ limit: "worker", bounds: [], attempts: 1 });
  });

  it("keeps a limit request by request, also of agents that ask often", { timeout: 120_000 }, async () => {
    const server = await messages({ limit: { requests: 12, perMs: 3000 } });
    const place = new Place();
    const limit = "limit model { requests: 12 per 3s }";
    const screen = await place.run(ofCommands(server.url, "model", { limit, times: 3, nodes: 14 }));
    expect(screen).toContain("14 nodes: 14 succeeded");
    expect(server.totals().statuses).toEqual({ 200: 42 });
    // As many as there may be were there, and never more.
    expect(mostWithin(server.requests, 3000, () => 1)).toBe(12);
    expect(await place.limit()).toMatchObject({ pauses: 0, told: [{ unit: "requests", limit: 12 }] });
  });

  it("keeps a limit of tokens by what answers say", { timeout: 120_000 }, async () => {
    const server = await messages({ limit: { tokens: 3000, perMs: 3000 } });
    const place = new Place();
    const limit = "limit model { tokens: 3_000 per 3s }";
    const screen = await place.run(
      ofCommands(server.url, "model", {
        limit,
        times: 4,
        nodes: 12,
        more: "uses: [model(tokens: 300)]",
        words: 100,
      }),
    );
    expect(screen).toContain("12 nodes: 12 succeeded");
    expect(server.totals().statuses).toEqual({ 200: 48 });
    expect(mostWithin(server.requests, 3000, ({ input, output }) => input + output)).toBeLessThanOrEqual(
      3000,
    );
  });

  it("keeps it together with another run of the same directory", { timeout: 120_000 }, async () => {
    const server = await messages({ limit: { requests: 8, perMs: 4000 } });
    const place = new Place();
    const limit = "limit model { requests: 8 per 4s }";
    place.write(ofCommands(server.url, "model", { limit, times: 2, nodes: 7 }));
    const runs = [place.start("run", "main.flow"), place.start("run", "main.flow")];
    const ended = await Promise.all(runs.map((run) => run.ended));
    expect(ended.map(({ code }) => code)).toEqual([0, 0]);
    expect(server.totals().statuses).toEqual({ 200: 28 });
  });

  it("goes on where it was killed, with what was sent before", { timeout: 60_000 }, async () => {
    const server = await messages({ limit: { requests: 6, perMs: 8000 } });
    const place = new Place();
    const limit = "limit model { requests: 6 per 8s }";
    place.write(ofCommands(server.url, "model", { limit, nodes: 9 }));
    const first = place.start("run", "main.flow");
    await expect.poll(() => server.requests.length, { timeout: 30_000 }).toBe(6);
    first.process.kill("SIGKILL");
    await first.ended;
    await place.flowc("run", "--resume", "last");
    expect(server.totals().statuses).toEqual({ 200: server.requests.length });
    expect(mostWithin(server.requests, 8000, () => 1)).toBe(6);
  });

  it("reaches it from a container with this machine's network", {
    timeout: 120_000,
    skip: !hasNode,
  }, async () => {
    const server = await messages({});
    const place = new Place();
    const flow = ofCommands(server.url, "true", { more: "runner: box" });
    const box = `runner box { docker: { image: "${nodeImage}", network: "host" } }`;
    expect(await place.run(`${box}\n${flow}`)).toMatch(/"key": "flowc-[\w-]+"/);
    expect(server.totals().statuses).toEqual({ 200: 1 });
  });

  it("shows what holds an agent, and what the API says", { timeout: 60_000 }, async () => {
    const server = await messages({ limit: { requests: 2, perMs: 4000 } });
    const place = new Place();
    place.write(ofCommands(server.url, "true", { times: 3 }));
    const { stdout } = await place.start("run", "main.flow", "--ui", "json").ended;
    expect(stdout).toContain("waits for its model: the API has 0 of 2 requests left; more in");
    const told = stdout.split("\n").filter((line) => line.includes('"limit.told"'));
    expect(told.length).toBeGreaterThan(0);
    expect(JSON.parse(told.at(-1) ?? "")).toMatchObject({ limit: "worker", told: [{ unit: "requests" }] });
  });

  it("says what an agent cannot do with it where it works", { timeout: 60_000 }, async () => {
    const place = new Place();
    const screen = await place.run(ofCommands("", "true", {}));
    expect(screen).toContain("`env: { MODEL_URL: … }` of the agent has to say where its model's API is.");
  });
});

describe("Claude Code behind the proxy", () => {
  it("never has the key, cold or warm, and is held at a limit", {
    timeout: 120_000,
    skip: !hasClaude,
  }, async () => {
    const server = await messages({ limit: { requests: 8, perMs: 4000 } });
    const place = new Place();
    const screen = await place.run(`limit anthropic { requests: 8 per 4s }
runner desk { local: {} instances: 2 reuse: 10 }
agent coder {
  claude: { model: "sonnet", allowed_tools: ["Bash"] }
  env: { ANTHROPIC_API_KEY: secret("API_KEY"), ANTHROPIC_BASE_URL: "${server.url}" }
  proxy: anthropic
}
task work(n: int) -> { n: int } {
  runner: desk
  agent: coder
  ask """
    BASH cat /proc/$PPID/environ > seen~{n}
    ANSWER {"n":~{n}}
  """
}
flow main() { for n in range(5) { work(n) } }
`);
    expect(screen).toContain("5 nodes: 5 succeeded");
    expect(server.totals().statuses).toEqual({ 200: server.requests.length });
    for (let n = 0; n < 5; n++) {
      expect(place.read(`seen${n}`)).toMatch(/ANTHROPIC_BASE_URL=http:\/\/127\.0\.0\.1:\d+\/[\w-]+/);
      expect(place.read(`seen${n}`)).not.toContain("the-real-key");
    }
    expect(mostWithin(server.requests, 4000, () => 1)).toBeLessThanOrEqual(8);
  });

  it("is lost, and not to blame, where the API is away", { timeout: 120_000, skip: !hasClaude }, async () => {
    const place = new Place();
    place.write(`agent coder {
  claude: { model: "sonnet" }
  env: { ANTHROPIC_API_KEY: secret("API_KEY"), ANTHROPIC_BASE_URL: "http://127.0.0.1:1" }
  proxy: true
}
task work() -> { n: int } { agent: coder, timeout: 8s, ask "hi" }
flow main() { work() }
`);
    const { process: started, ended } = place.start("run", "main.flow");
    // It would be asked again five times, and each takes Claude Code some seconds.
    started.stderr?.on("data", (chunk) => /cannot be reached/.test(String(chunk)) && started.kill("SIGINT"));
    const screen = (await ended).stderr;
    expect(screen).toContain(
      "work: The model's API cannot be reached at http://127.0.0.1:1: connect ECONNREFUSED",
    );
  });
});
