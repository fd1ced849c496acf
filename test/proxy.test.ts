// The proxy in front of a model's API, alone: what passes through it, what is held, and what whoever asks never sees.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import { afterEach, describe, expect, it } from "vitest";
import type { Usage } from "../runtime/agent.ts";
import type { PassAsked, Passed } from "../runtime/proxy/passes.ts";
import { ApiProxy, type Seated } from "../runtime/proxy/proxy.ts";
import { type MessagesServer, startMessages } from "./messages-server.ts";

const closing: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** An API that does what the test says. */
async function api(answer: Answer): Promise<string> {
  const server: Server = createServer(answer);
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  return `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`;
}

async function messages(options: Parameters<typeof startMessages>[0]): Promise<MessagesServer> {
  const server = await startMessages(options);
  closing.push(() => server.close());
  return server;
}

interface Front {
  readonly seated: Seated;
  readonly url: string;
  readonly used: Usage[];
  readonly does: string[];
  readonly pauses: number[];
  /** What became of requests, as the limit hears it. */
  readonly told: string[];
}

/** A proxy in front of `url`, whose limit lets everything pass. */
async function front(
  url: string,
  {
    bounded = true,
    instance = null,
    more = {},
  }: {
    readonly bounded?: boolean;
    readonly instance?: object | null;
    readonly more?: Readonly<Record<string, string>>;
  } = {},
): Promise<Front> {
  const [used, does, pauses, told]: [Usage[], string[], number[], string[]] = [[], [], [], []];
  const pass = async (_asked: PassAsked): Promise<Passed> => {
    told.push("let");
    return {
      arrived: () => told.push("arrived"),
      corrected: () => {},
      end: (amounts) => told.push(amounts === null ? "given back" : `${amounts["tokens"]} tokens`),
    };
  };
  const proxy = new ApiProxy({
    now: () => Date.now(),
    random: () => 0,
    timer: (ms, wake) => {
      const timer = setTimeout(wake, ms);
      return () => clearTimeout(timer);
    },
    pass,
    paused: (_n, _a, until) => pauses.push(until),
    heard: () => {},
  });
  closing.push(() => proxy.close());
  const seated = await proxy.seat({
    api: { url: "MODEL_URL", usual: null, keys: ["MODEL_KEY"] },
    env: { MODEL_URL: url, MODEL_KEY: "the-real-key", OTHER: "stays", ...more },
    limit: { name: "model", bounded },
    ...{ n: 1, a: 1, instance },
    used: (usage) => used.push(usage),
    does: (text) => does.push(text),
  });
  if ("problem" in seated) throw new Error(seated.problem);
  return { seated, url: seated.env["MODEL_URL"] ?? "", used, does, pauses, told };
}

function ask(at: Front, prompt: string, more: object = {}, signal?: AbortSignal): Promise<Response> {
  return fetch(`${at.url}/v1/messages`, {
    method: "POST",
    headers: { "content-type": "application/json", "x-api-key": at.seated.env["MODEL_KEY"] ?? "" },
    body: JSON.stringify({
      model: "claude-sonnet-5",
      messages: [{ role: "user", content: prompt }],
      ...more,
    }),
    ...(signal === undefined ? {} : { signal }),
  });
}

describe("the key", () => {
  it("is put in by the proxy alone, in whatever header its stand-in came", async () => {
    const seen: (string | undefined)[] = [];
    const at = await front(
      await api((request, response) => {
        seen.push(request.headers.authorization, request.url, request.headers.host);
        response.end("{}");
      }),
    );
    expect(at.seated.env["OTHER"]).toBe("stays");
    expect(JSON.stringify(at.seated.env)).not.toContain("the-real-key");
    await fetch(`${at.url}/v1/models?limit=3`, {
      headers: { authorization: `Bearer ${at.seated.env["MODEL_KEY"]}` },
    });
    expect(seen.slice(0, 2)).toEqual(["Bearer the-real-key", "/v1/models?limit=3"]);
    expect(seen[2]).not.toBe(new URL(at.url).host);
    // To ask which models there are is no request that is counted.
    expect(at.told).toEqual([]);
  });

  it("is not sent past another proxy that the agent has for the rest of the world", async () => {
    const { seated } = await front("http://127.0.0.1:1", { more: { HTTPS_PROXY: "http://proxy:3128" } });
    expect(seated.env).toMatchObject({ HTTPS_PROXY: "http://proxy:3128", NO_PROXY: "127.0.0.1" });
  });

  it("is of no use to whoever does not know the address, or comes when nobody asks", async () => {
    const at = await front(await api((_request, response) => response.end("{}")));
    const { origin } = new URL(at.url);
    expect((await fetch(`${origin}/v1/messages`)).status).toBe(403);
    expect((await fetch(`${origin}/guess/v1/messages`)).status).toBe(403);
    at.seated.leave();
    expect((await fetch(`${at.url}/v1/models`)).status).toBe(403);
  });
});

describe("what passes", () => {
  it("comes as it is sent, the first words before the last are said", async () => {
    const begun: ServerResponse[] = [];
    const at = await front(
      await api((request, response) => {
        request.resume();
        response.writeHead(200, { "content-type": "text/event-stream", "x-own": "kept" });
        response.write('data: {"type":"message_start","message":{"usage":{"input_tokens":7}}}\n\n');
        begun.push(response);
      }),
    );
    const answer = await ask(at, "hi", { stream: true });
    expect([answer.status, answer.headers.get("x-own")]).toEqual([200, "kept"]);
    const reader = answer.body?.getReader();
    const first = await reader?.read();
    expect(Buffer.from(first?.value ?? []).toString()).toContain("message_start");
    expect(at.used).toEqual([]);
    begun[0]?.end('data: {"type":"message_delta","usage":{"output_tokens":5}}\n\n');
    while ((await reader?.read())?.done === false);
    await expect.poll(() => at.used.at(-1)).toMatchObject({ requests: 1, input: 7, output: 5 });
    expect(at.told).toEqual(["let", "arrived", "12 tokens"]);
  });

  it("may be large, there and back", async () => {
    const large = "x".repeat(8 * 1024 * 1024);
    const at = await front(
      await api((request, response) => {
        void text(request).then((body) => response.end(body));
      }),
    );
    const answer = await ask(at, large);
    expect((await answer.text()).length).toBeGreaterThan(large.length);
  });

  it("ends at both ends when one of them goes", async () => {
    let gone = false;
    const at = await front(
      await api((_request, response) => {
        response.writeHead(200, { "content-type": "text/event-stream" });
        response.write("data: {}\n\n");
        response.once("close", () => {
          gone = true;
        });
      }),
    );
    const stop = new AbortController();
    const answer = await ask(at, "hi", {}, stop.signal);
    stop.abort();
    await expect(answer.text()).rejects.toThrow();
    await expect.poll(() => gone).toBe(true);
    await expect.poll(() => at.told.length).toBe(3);
  });

  it("breaks off where the API breaks off", async () => {
    const server = await messages({});
    const at = await front(server.url);
    const cut = await ask(at, "CUT 1\nSAY hi", { stream: true });
    await expect(cut.text()).rejects.toThrow();
    expect(await (await ask(at, "SAY hi")).json()).toMatchObject({ content: [{ text: "hi" }] });
  });

  it("is told where there is no way to the API, and counts for nothing", async () => {
    const at = await front("http://127.0.0.1:1");
    const answer = await ask(at, "hi");
    expect(answer.status).toBe(502);
    expect(await answer.json()).toMatchObject({
      error: {
        message: expect.stringContaining("the model's API cannot be reached at http://127.0.0.1:1: "),
      },
    });
    expect(at.told).toEqual(["let", "given back"]);
  });
});

describe("what the API says of its limits", () => {
  it("holds requests back before it would refuse one, without any limit of the flow", async () => {
    const server = await messages({ limit: { requests: 4, perMs: 700 } });
    const at = await front(server.url, { bounded: false });
    const answers = await Promise.all(Array.from({ length: 14 }, (_, i) => ask(at, `SAY ${i}`)));
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    expect(server.totals().statuses).toEqual({ 200: 14 });
    expect(at.does.some((text) => /^waits for its model: the API has 0 of 4 requests left/.test(text))).toBe(
      true,
    );
  });

  it("is waited for when it asks for patience, and whoever asked never hears of it", async () => {
    const server = await messages({});
    const at = await front(server.url);
    server.fault({ status: 429, times: 2, retryAfter: 0.2 });
    const answers = await Promise.all(Array.from({ length: 5 }, (_, i) => ask(at, `SAY ${i}`)));
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    expect(server.totals().statuses).toEqual({ 200: 5, 429: 2 });
    expect(at.pauses).toHaveLength(2);
    expect(at.told.filter((one) => one === "0 tokens")).toHaveLength(2);
  });

  it("is passed on when it asks for more patience than anybody has", async () => {
    const server = await messages({});
    const at = await front(server.url);
    server.fault({ status: 429, times: 1, retryAfter: 3600 });
    const answer = await ask(at, "SAY hi");
    expect([answer.status, answer.headers.get("retry-after")]).toEqual([429, "3600"]);
    expect(at.pauses).toHaveLength(1);
  });
});

it("gives one address to what serves one node after the other, and each its own use", async () => {
  const server = await messages({});
  const instance = {};
  const at = await front(server.url, { instance });
  await (await ask(at, "USAGE 10 1\nSAY hi")).text();
  await expect.poll(() => at.used.at(-1)).toMatchObject({ requests: 1, input: 10, output: 1 });
  at.seated.leave();
  expect((await ask(at, "SAY hi")).status).toBe(403);
});
