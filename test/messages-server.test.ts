// The stub of the Messages API: what it says by programs in prompts, what it counts, and the troubles that it makes.

import { afterEach, describe, expect, it } from "vitest";
import { turnOf } from "./messages-program.ts";
import { mostWithin } from "./messages-served.ts";
import { type MessagesOptions, type MessagesServer, startMessages } from "./messages-server.ts";

const servers: MessagesServer[] = [];

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

async function serve(options: MessagesOptions = {}): Promise<MessagesServer> {
  const server = await startMessages(options);
  servers.push(server);
  return server;
}

const user = (content: unknown) => ({ role: "user", content });
const assistant = { role: "assistant", content: [{ type: "text", text: "…" }] };
const result = user([{ type: "tool_result", tool_use_id: "toolu_1", content: "ok" }]);

function post(server: MessagesServer, messages: readonly unknown[], more: object = {}): Promise<Response> {
  return fetch(`${server.url}/v1/messages`, {
    method: "POST",
    headers: { "content-type": "application/json", "x-api-key": "k" },
    body: JSON.stringify({ model: "claude-sonnet-5", max_tokens: 100, messages, ...more }),
  });
}

describe("a prompt that is a program", () => {
  const said = (...messages: readonly unknown[]) => {
    const { text, tool } = turnOf(messages);
    return tool === null ? text : tool;
  };

  it("does one thing after the other, and then is done", () => {
    const first = user("Please\nWRITE a.txt some words\nSAY so\nBASH ls");
    expect(said(first)).toEqual({ name: "Write", input: { file_path: "a.txt", content: "some words" } });
    expect(turnOf([first, assistant, result])).toMatchObject({ text: "so", tool: { name: "Bash" } });
    expect(said(first, assistant, result, assistant, result)).toBe("done");
  });

  it("goes on behind NEXT when more is said, and does its last part again", () => {
    const first = user('ANSWER {"n":1}\nNEXT\nANSWER {"n":2}');
    expect(said(first)).toMatchObject({ input: { n: 1 } });
    expect(said(first, assistant, user("wrong"))).toMatchObject({ input: { n: 2 } });
    expect(said(first, assistant, user("wrong"), assistant, user("again"))).toMatchObject({
      input: { n: 2 },
    });
    const again = user('Once more:\nANSWER {"n":1}\nNEXT\nANSWER {"n":2}');
    expect(said(first, assistant, again)).toMatchObject({ input: { n: 2 } });
    // Both in one message, as after a request that failed.
    expect(
      said(
        user([
          { type: "text", text: "SAY 1\nNEXT\nSAY 2" },
          { type: "text", text: "go on" },
        ]),
      ),
    ).toBe("2");
  });

  it("is the last one, and nothing that is no prompt counts", () => {
    const reminder = { type: "text", text: "<system-reminder>SAY no</system-reminder>" };
    const messages = [user("SAY old"), assistant, user([reminder, { type: "text", text: "SAY new" }])];
    expect(said(...messages, { role: "system", content: "SAY system" })).toBe("new");
    expect(said(user("SAY x\nSAY y"), user("[structured-output-enforce] You MUST call"))).toBe("x\ny");
  });
});

describe("the stub", () => {
  it("answers with JSON and with a stream, and counts both alike", async () => {
    const server = await serve();
    const tools = [{ name: "StructuredOutput" }];
    const whole = await post(server, [user('USAGE 10 20 30 40\nANSWER {"n":1}')], { tools });
    expect(await whole.json()).toMatchObject({
      content: [{ type: "tool_use", name: "StructuredOutput", input: { n: 1 } }],
      stop_reason: "tool_use",
      usage: {
        input_tokens: 10,
        output_tokens: 20,
        cache_read_input_tokens: 30,
        cache_creation_input_tokens: 40,
      },
    });
    const events = await (await post(server, [user("USAGE 10 20 30 40\nSAY hi")], { stream: true })).text();
    expect(events.match(/^event: .*/gm)?.map((line) => line.slice(7))).toEqual([
      "message_start",
      "content_block_start",
      "content_block_delta",
      "content_block_stop",
      "message_delta",
      "message_stop",
    ]);
    // 10 × 3 + 20 × 15 + 30 × 0.3 + 40 × 3.75 dollars for a million, twice.
    expect(server.totals()).toMatchObject({ requests: 2, input: 20, output: 40, statuses: { 200: 2 } });
    expect(server.totals().cost).toBeCloseTo((2 * 489) / 1e6, 12);
  });

  it("says its answer in words to whom it is not offered a tool for it", async () => {
    const server = await serve();
    const answer = await (await post(server, [user('ANSWER {"n":1}')])).json();
    expect(answer).toMatchObject({ content: [{ type: "text", text: '{"n":1}' }], stop_reason: "end_turn" });
  });

  it("fails as often as it is told, with the time to wait", async () => {
    const server = await serve();
    const ask = () => post(server, [user("FAIL 429 2 7\nSAY hi")]);
    const first = await ask();
    expect([first.status, first.headers.get("retry-after")]).toEqual([429, "7"]);
    expect(await first.json()).toMatchObject({ type: "error", error: { type: "rate_limit_error" } });
    expect([(await ask()).status, (await ask()).status]).toEqual([429, 200]);
    server.fault({ status: 529, times: 1 });
    expect([(await ask()).status, (await ask()).status]).toEqual([529, 200]);
  });

  it("breaks streams and connections", async () => {
    const server = await serve();
    const cut = await post(server, [user("CUT 1\nSAY hi")], { stream: true });
    await expect(cut.text()).rejects.toThrow();
    await expect(post(server, [user("DROP 1\nSAY hi")])).rejects.toThrow();
    expect(server.requests.map(({ status, cut: broken }) => [status, broken])).toEqual([
      [200, true],
      [0, false],
    ]);
  });

  it("knows keys, models and how long a prompt may be", async () => {
    const server = await serve({ keys: ["k"], models: ["sonnet"], context: 100 });
    const status = async (model: string, text: string) =>
      (await post(server, [user(text)], { model })).status;
    expect(await status("claude-sonnet-5", "SAY hi")).toBe(200);
    expect(await status("gpt-9", "SAY hi")).toBe(404);
    expect(await status("claude-sonnet-5", "x".repeat(1000))).toBe(400);
    const stranger = await serve({ keys: ["another"] });
    expect((await post(stranger, [user("SAY hi")])).status).toBe(401);
  });

  it("keeps a limit, and says in headers what is left of it", async () => {
    const server = await serve({ limit: { requests: 2, perMs: 60_000 } });
    const left = async () => {
      const answer = await post(server, [user("SAY hi")]);
      return [answer.status, answer.headers.get("anthropic-ratelimit-requests-remaining")];
    };
    expect([await left(), await left(), await left()]).toEqual([
      [200, "1"],
      [200, "0"],
      [429, "0"],
    ]);
  });

  it("tells other processes what it has served, and fails as they ask", async () => {
    const server = await serve();
    await fetch(`${server.url}/stub/fault`, { method: "POST", body: '{"status":500,"times":1}' });
    await post(server, [user("SAY hi")]);
    expect(await (await fetch(`${server.url}/stub/totals`)).json()).toMatchObject({ statuses: { 500: 1 } });
    expect((await fetch(`${server.url}/v1/else`)).status).toBe(404);
  });
});

it("the most within a window is that of the fullest one", () => {
  const at = (...times: readonly number[]) => times.map((time) => ({ ...plain, at: time }));
  expect(mostWithin(at(0, 50, 100, 101), 100, () => 1)).toBe(3);
  expect(mostWithin(at(0, 100, 200), 100, () => 1)).toBe(1);
  expect(mostWithin([], 100, () => 1)).toBe(0);
});

const plain = {
  at: 0,
  path: "",
  model: "",
  status: 200,
  cut: false,
  cost: 0,
  said: "",
  user: "",
  input: 0,
  output: 0,
  cacheRead: 0,
  cacheWrite: 0,
};
