// A stub of Anthropic's Messages API on this machine: JSON and streams, limits that it counts, and troubles on demand.

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { bodyOf, json, recordOf, textOf } from "./e2b-server-connect.ts";
import { type Turn, turnOf } from "./messages-program.ts";
import { costOf, noTokens, type Request, type Tokens, type Totals, totalsOf } from "./messages-served.ts";

export interface MessagesOptions {
  readonly port?: number;
  /** Keys that it knows; any by default. */
  readonly keys?: readonly string[];
  /** Part of the name of each model that it knows. */
  readonly models?: readonly string[];
  /** Tokens that a request may have. */
  readonly context?: number;
  /** So much may come within `perMs`; it answers 429 to what is more. */
  readonly limit?: { readonly requests?: number; readonly tokens?: number; readonly perMs: number };
}

/** The next `times` requests get this, whatever they ask. `retryAfter` in seconds. */
export interface Fault {
  readonly status: number;
  readonly times: number;
  readonly retryAfter?: number;
}

export interface MessagesServer {
  readonly url: string;
  readonly port: number;
  /** In the order in which they came. */
  readonly requests: readonly Request[];
  totals(): Totals;
  fault(fault: Fault): void;
  close(): Promise<void>;
}

const kinds: Readonly<Record<number, string>> = {
  400: "invalid_request_error",
  401: "authentication_error",
  403: "permission_error",
  404: "not_found_error",
  413: "request_too_large",
  429: "rate_limit_error",
  500: "api_error",
  529: "overloaded_error",
};

const sentences: Readonly<Record<number, string>> = {
  400: "the request is not valid",
  401: "invalid x-api-key",
  429: "This request would exceed your account's rate limit. Please try again later.",
  500: "Internal server error",
  529: "Overloaded",
};

/** An answer that is an error, as the API words it. */
class Refusal extends Error {
  readonly status: number;
  readonly retryAfter: number | null;

  constructor(status: number, message = "", retryAfter: number | null = null) {
    super(message === "" ? (sentences[status] ?? "it failed") : message);
    this.status = status;
    this.retryAfter = retryAfter;
  }
}

/** How one request is answered, apart from what is said. */
interface Manner {
  tokens: Tokens;
  cut: boolean;
  drop: boolean;
  hang: boolean;
}

export async function startMessages(options: MessagesOptions = {}): Promise<MessagesServer> {
  const desk = new Desk(options);
  const server = createServer((request, response) => {
    void desk.answer(request, response);
  });
  await new Promise<void>((done) => server.listen(options.port ?? 0, "127.0.0.1", done));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    requests: desk.requests,
    totals: () => totalsOf(desk.requests),
    fault: (fault) => desk.fault(fault),
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}

class Desk {
  readonly requests: Request[] = [];
  private readonly options: MessagesOptions;
  private faults: Fault[] = [];
  /** How often a trouble of a program's turn has been served. */
  private readonly troubles = new Map<string, number>();
  private made = 0;

  constructor(options: MessagesOptions) {
    this.options = options;
  }

  fault(fault: Fault): void {
    this.faults.push(fault);
  }

  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const at = performance.timeOrigin + performance.now();
    const { pathname } = new URL(request.url ?? "/", "http://stub");
    const body = await bodyOf(request);
    if (pathname === "/stub/requests") return json(response, 200, this.requests);
    if (pathname === "/stub/totals") return json(response, 200, totalsOf(this.requests));
    if (pathname === "/stub/fault") {
      const { status, times, retryAfter } = recordOf(JSON.parse(body.toString("utf8")));
      this.fault({ status: Number(status), times: Number(times), retryAfter: Number(retryAfter ?? 0) });
      return json(response, 200, {});
    }
    if (pathname === "/v1/messages/count_tokens")
      return json(response, 200, { input_tokens: Math.ceil(body.length / 4) });
    if (pathname !== "/v1/messages" || request.method !== "POST") {
      const refusal = new Refusal(404, `${request.method} ${pathname}`);
      return json(response, 404, errorOf(refusal));
    }
    await this.message(at, request, body, response);
  }

  private async message(at: number, request: IncomingMessage, body: Buffer, response: ServerResponse) {
    const asked = recordOf(JSON.parse(body.toString("utf8")));
    const messages = Array.isArray(asked["messages"]) ? asked["messages"] : [];
    const turn = turnOf(messages);
    const index = this.requests.length;
    const told: Request = {
      ...noTokens,
      at,
      path: "/v1/messages",
      model: textOf(asked["model"]),
      status: 0,
      cut: false,
      cost: 0,
      said: saidOf(messages.at(-1)),
      user: textOf(recordOf(asked["metadata"])["user_id"]),
    };
    // Its place is that of its coming, also when another that came later is answered first.
    this.requests.push(told);
    try {
      this.admit(request, told.model, body.length, at, index);
      const content = contentOf(turn, asked["tools"], ++this.made);
      const manner = await this.manner(turn, body.length, JSON.stringify(content).length);
      if (manner.hang) return;
      if (manner.drop) {
        request.socket.destroy();
        return;
      }
      const cost = costOf(told.model, manner.tokens);
      this.requests[index] = { ...told, ...manner.tokens, status: 200, cut: manner.cut, cost };
      // What is left after this one.
      const headers = this.headers(at);
      const message = messageOf(this.made, told.model, content, turn, manner.tokens);
      if (asked["stream"] === true) stream(response, message, content, headers, manner.cut);
      else json(response, 200, { ...message, content }, headers);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      this.requests[index] = { ...told, status: error.status };
      const retry = error.retryAfter === null ? {} : { "retry-after": String(error.retryAfter) };
      json(response, error.status, errorOf(error), { ...this.headers(at), ...retry });
    }
  }

  private admit(request: IncomingMessage, model: string, size: number, at: number, index: number): void {
    const key = request.headers["x-api-key"] ?? (request.headers.authorization ?? "").replace(/^Bearer /, "");
    const { keys, models, context = 200_000, limit } = this.options;
    if (keys !== undefined && !keys.includes(String(key))) throw new Refusal(401);
    if (models !== undefined && !models.some((name) => model.includes(name)))
      throw new Refusal(404, `model: ${model}`);
    const fault = this.faults[0];
    if (fault !== undefined) {
      this.faults =
        fault.times > 1
          ? [{ ...fault, times: fault.times - 1 }, ...this.faults.slice(1)]
          : this.faults.slice(1);
      throw new Refusal(fault.status, "", fault.retryAfter ?? null);
    }
    const tokens = Math.ceil(size / 4);
    if (tokens > context) throw new Refusal(400, `prompt is too long: ${tokens} tokens > ${context} maximum`);
    if (limit === undefined) return;
    const inside = this.requests
      .slice(0, index)
      .filter((other) => other.status === 200 && other.at > at - limit.perMs);
    const oldest = inside[0]?.at ?? at;
    const used = inside.reduce((sum, { input, output }) => sum + input + output, 0);
    if (inside.length >= (limit.requests ?? Infinity) || used >= (limit.tokens ?? Infinity))
      throw new Refusal(429, "", Math.max(1, Math.ceil((oldest + limit.perMs - at) / 1000)));
  }

  private headers(at: number): Readonly<Record<string, string>> {
    const { limit } = this.options;
    if (limit === undefined) return {};
    const inside = this.requests.filter((other) => other.status === 200 && other.at > at - limit.perMs);
    const used = inside.reduce((sum, { input, output }) => sum + input + output, 0);
    const reset = new Date((inside[0]?.at ?? at) + limit.perMs).toISOString();
    const row = (name: string, most: number | undefined, now: number) =>
      most === undefined
        ? {}
        : {
            [`anthropic-ratelimit-${name}-limit`]: String(most),
            [`anthropic-ratelimit-${name}-remaining`]: String(Math.max(0, most - now)),
            [`anthropic-ratelimit-${name}-reset`]: reset,
          };
    return { ...row("requests", limit.requests, inside.length), ...row("tokens", limit.tokens, used) };
  }

  /** Carries out what stands before the turn. */
  private async manner(turn: Turn, asked: number, said: number): Promise<Manner> {
    const manner: Manner = {
      tokens: { ...noTokens, input: Math.ceil(asked / 4), output: Math.ceil(said / 4) },
      cut: false,
      drop: false,
      hang: false,
    };
    for (const [index, before] of turn.before.entries()) {
      if (before.kind === "wait") await new Promise((done) => setTimeout(done, before.ms));
      else if (before.kind === "usage") {
        const [input = 0, output = 0, cacheRead = 0, cacheWrite = 0] = before.tokens;
        manner.tokens = { input, output, cacheRead, cacheWrite };
      } else if (this.comes(`${turn.name}/${index}`, before.times)) {
        if (before.kind === "fail") throw new Refusal(before.status, before.message, before.retryAfter);
        manner[before.kind] = true;
      }
    }
    return manner;
  }

  private comes(name: string, times: number): boolean {
    const served = this.troubles.get(name) ?? 0;
    this.troubles.set(name, served + 1);
    return times === 0 || served < times;
  }
}

function errorOf(refusal: Refusal): unknown {
  return {
    type: "error",
    error: { type: kinds[refusal.status] ?? "api_error", message: refusal.message },
    request_id: "req_stub",
  };
}

function saidOf(message: unknown): string {
  const { content } = recordOf(message);
  if (typeof content === "string") return content.slice(0, 200);
  const blocks: readonly unknown[] = Array.isArray(content) ? content : [];
  const texts = blocks.map((block) => textOf(recordOf(block)["text"]));
  return (texts.filter((text) => text !== "" && !text.startsWith("<system-reminder>")).at(-1) ?? "").slice(
    0,
    200,
  );
}

type Block =
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "tool_use"; readonly id: string; readonly name: string; readonly input: unknown };

/** A model that is not offered the tool for its answer says it in words. */
function contentOf(turn: Turn, tools: unknown, number: number): readonly Block[] {
  const offered = (Array.isArray(tools) ? tools : []).map((tool) => recordOf(tool)["name"]);
  const { tool } = turn;
  if (tool !== null && tool.name === "StructuredOutput" && !offered.includes(tool.name))
    return [{ type: "text", text: JSON.stringify(tool.input) }];
  const text: Block[] = turn.text === "" && tool !== null ? [] : [{ type: "text", text: turn.text }];
  return tool === null ? text : [...text, { type: "tool_use", id: `toolu_${number}`, ...tool }];
}

function messageOf(number: number, model: string, content: readonly Block[], turn: Turn, tokens: Tokens) {
  const asksTool = turn.tool !== null && content.some(({ type }) => type === "tool_use");
  return {
    id: `msg_${number}`,
    type: "message",
    role: "assistant",
    model,
    stop_reason: asksTool ? "tool_use" : "end_turn",
    stop_sequence: null,
    usage: {
      input_tokens: tokens.input,
      cache_read_input_tokens: tokens.cacheRead,
      cache_creation_input_tokens: tokens.cacheWrite,
      output_tokens: tokens.output,
    },
  };
}

/** As server-sent events, in one piece; cut: its first half, and then the connection breaks. */
function stream(
  response: ServerResponse,
  message: ReturnType<typeof messageOf>,
  content: readonly Block[],
  headers: Readonly<Record<string, string>>,
  cut: boolean,
): void {
  const started = {
    ...message,
    content: [],
    stop_reason: null,
    usage: { ...message.usage, output_tokens: 1 },
  };
  const events: { readonly type: string; readonly [field: string]: unknown }[] = [
    { type: "message_start", message: started },
  ];
  for (const [index, block] of content.entries()) {
    const [empty, delta] =
      block.type === "text"
        ? [
            { type: "text", text: "" },
            { type: "text_delta", text: block.text },
          ]
        : [
            { ...block, input: {} },
            { type: "input_json_delta", partial_json: JSON.stringify(block.input) },
          ];
    events.push(
      { type: "content_block_start", index, content_block: empty },
      { type: "content_block_delta", index, delta },
      { type: "content_block_stop", index },
    );
  }
  events.push(
    {
      type: "message_delta",
      delta: { stop_reason: message.stop_reason, stop_sequence: null },
      usage: message.usage,
    },
    { type: "message_stop" },
  );
  const text = events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
  response.writeHead(200, { "content-type": "text/event-stream", ...headers });
  if (cut) response.write(text.slice(0, 2).join(""), () => response.destroy());
  else response.end(text.join(""));
}
