// The desk that the tickets are filed at: a small model, a tracker and a wiki behind HTTP, which really count what is asked
// of them, and answer 429 when that is more than they allow.

import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type Server } from "node:http";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { Allowance, type Count } from "./allowance.ts";

interface Filed {
  readonly id: string;
  readonly title: string;
  readonly detail: string;
  readonly parent: string;
}

/** What an idea is made of, level by level. */
const parts = [
  ["Members", "Tools", "Loans", "Places", "Money", "Trust", "Reach"],
  ["First visit", "Every day", "Things that go wrong", "Rules", "Numbers", "Neighbours", "Winter"],
  ["Ask people", "Write it down", "Design", "Build", "Try it out", "Teach it", "Keep it going"],
  [
    "Find out what is there",
    "Agree on it",
    "Do it",
    "Check it",
    "Tell everybody",
    "Put it away",
    "Look back",
    "Thank",
  ],
];

export interface Counts {
  readonly tickets: number;
  readonly pages: number;
  readonly model: readonly Count[];
  readonly tracker: readonly Count[];
  readonly wiki: readonly Count[];
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** Counts are of the whole life of the desk. */
export class Desk {
  readonly url: string;
  /** What its model was worth, in dollars. */
  cost = 0;
  private readonly server: Server;
  private readonly model = [new Allowance("requests", 60, 10_000), new Allowance("tokens", 100_000, 10_000)];
  private readonly tracker = [new Allowance("requests", 60, 1000)];
  private readonly wiki = [new Allowance("requests", 1000, 3_600_000)];
  private readonly filed = new Map<string, Filed>();
  private readonly pages = new Map<string, string>();

  private constructor(server: Server, url: string) {
    this.server = server;
    this.url = url;
    server.on("request", (request, response) => {
      void this.answer(request).then(({ status, body }) => {
        response.writeHead(status, {
          "content-type": "application/json",
          ...(status === 429 ? { "retry-after": "1" } : {}),
        });
        response.end(JSON.stringify(body));
      });
    });
  }

  /** Port 0: any that is free. */
  static async open(port: number): Promise<Desk> {
    const server = createServer({ keepAlive: true });
    await new Promise<void>((done, failed) => server.once("error", failed).listen(port, "127.0.0.1", done));
    const address = server.address();
    const bound = typeof address === "object" && address !== null ? address.port : port;
    return new Desk(server, `http://127.0.0.1:${bound}`);
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((done) => this.server.close(done));
  }

  counts(): Counts {
    const of = (allowances: readonly Allowance[]) => allowances.map((each) => each.count());
    return {
      tickets: this.filed.size,
      pages: this.pages.size,
      model: of(this.model),
      tracker: of(this.tracker),
      wiki: of(this.wiki),
    };
  }

  private async answer(request: IncomingMessage): Promise<Answer> {
    if (request.method === "GET" && request.url === "/counts") return { status: 200, body: this.counts() };
    if (request.method !== "POST") return { status: 404, body: { error: `there is no ${request.url}` } };
    let asked: Readonly<Record<string, unknown>>;
    try {
      let text = "";
      for await (const chunk of request.setEncoding("utf8")) text += chunk;
      asked = Object(JSON.parse(text));
    } catch {
      return { status: 400, body: { error: "that is no JSON" } };
    }
    switch (request.url) {
      case "/model":
        return this.plan(asked);
      case "/tickets":
        return this.file(asked);
      case "/pages":
        return this.describe(asked);
      default:
        return { status: 404, body: { error: `there is no ${request.url}` } };
    }
  }

  /** Titles are chosen by what the prompt says, so the same prompt has the same answer. */
  private plan({ prompt }: Readonly<Record<string, unknown>>): Answer {
    const text = String(prompt);
    const level = Number(/level (\d)/.exec(text)?.[1] ?? 1);
    const byte = createHash("sha256").update(text).digest()[0] ?? 0;
    const input = 400 + text.length;
    const output = 600 + 3 * byte;
    if (!taken(this.model, [1, input + output])) return refused;
    this.cost += costOf(input, output);
    const titles = parts[level - 1] ?? [];
    const count = Math.max(1, titles.length - (byte % 3));
    return {
      status: 200,
      body: {
        parts: titles.slice(0, count).map((title) => ({ title, detail: `${title}, of what stands above.` })),
        usage: { input, output, cost: costOf(input, output) },
      },
    };
  }

  /** The same title under the same parent is the same ticket: filing it again is allowed, and counted. */
  private file({ title, detail, parent }: Readonly<Record<string, unknown>>): Answer {
    if (!taken(this.tracker, [1])) return refused;
    const key = `${parent}/${title}`;
    const ticket = this.filed.get(key) ?? {
      id: `T-${this.filed.size + 1}`,
      title: String(title),
      detail: String(detail),
      parent: String(parent),
    };
    this.filed.set(key, ticket);
    return { status: 200, body: ticket };
  }

  private describe({ id, title }: Readonly<Record<string, unknown>>): Answer {
    if (!taken(this.wiki, [1])) return refused;
    this.pages.set(String(id), String(title));
    return { status: 200, body: { page: `/${id}` } };
  }
}

/** In dollars. */
function costOf(input: number, output: number): number {
  return (3 * input + 15 * output) / 1e6;
}

const refused: Answer = { status: 429, body: { error: "too many requests" } };

/** All of them, or nothing. */
function taken(allowances: readonly Allowance[], amounts: readonly number[]): boolean {
  const now = performance.now();
  const fits = allowances.map((each, i) => each.fits(amounts[i] ?? 1, now));
  if (fits.includes(false)) return false;
  for (const [i, each] of allowances.entries()) each.take(amounts[i] ?? 1, now);
  return true;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({ options: { port: { type: "string", default: "4870" } } });
  const desk = await Desk.open(Number(values.port));
  console.log(`The desk listens on ${desk.url}; what was asked of it stands in ${desk.url}/counts`);
}
