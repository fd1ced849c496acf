// The example of an agent of one's own, as the page on agents shows it, against a chat API that is a local server.

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { json } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import { noUsage } from "../runtime/usage.ts";
import { openTestWorld, record, type TestWorld } from "./attempts.ts";
import { flowc } from "./program.ts";

const script = fileURLToPath(new URL("../examples/own-agent/agent.mjs", import.meta.url));

/** What the model says to the messages so far, or a status. */
type Model = (messages: readonly { role: string; content: string }[]) => string | number;

let model: Model = () => 500;
let server: Server;
let world: TestWorld;
const heard: number[] = [];

beforeAll(async () => {
  server = createServer(async (request, response) => {
    const { messages } = Object(await json(request));
    heard.push(messages.length);
    const said = model(messages);
    if (typeof said === "number") {
      response.writeHead(said, { "retry-after": "7" }).end();
      return;
    }
    const choices = [{ message: { role: "assistant", content: said } }];
    response.end(JSON.stringify({ choices, usage: { prompt_tokens: 20, completion_tokens: 5 } }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  world = openTestWorld();
});
afterAll(async () => {
  server.close();
  await world.close();
});

function url(): string {
  const address = server.address();
  return `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}/`;
}

function asked(session: string) {
  const env = { API_URL: url(), API_KEY: "k", MODEL: "m", SESSIONS: tmpdir() };
  return world.attempt({
    ask: "Is it good?",
    answer: record({ good: { kind: "bool" } }),
    session: { session, used: noUsage, resumes: null, anew: null, before: null, home: 1, left: null },
    settings: {
      asked: {
        name: "reviewer",
        kind: "command",
        settings: { run: [process.execPath, script] },
        proxy: null,
      },
      env: Object.entries(env).map(([name, text]) => ({ name, text })),
    },
  });
}

it("answers, and is told in its session what was wrong", async () => {
  model = (messages) =>
    messages.length === 1 ? "Yes." : messages.length === 3 ? '{ "good": "yes" }' : '{ "good": true }';
  expect(await asked(`own-${process.pid}`)).toEqual({ outcome: "succeeded", value: { good: true } });
  expect(heard).toEqual([1, 3, 5]);
  expect(world.used.at(-1)).toMatchObject({ requests: 3, input: 60, output: 15, cost: null });
});

it("hands on that the API asks for patience", async () => {
  model = () => 429;
  expect(await asked(`busy-${process.pid}`)).toMatchObject({
    outcome: "lost",
    why: "limited",
    after_ms: 7_000,
  });
});

it("is asked by the flow beside it, once for each file", async () => {
  model = () => '{ "good": true, "findings": [] }';
  const state = mkdtempSync(join(tmpdir(), "flowc-own-agent-"));
  try {
    const set = ["--set", `reviewer.env.API_URL=${url()}`, "--set", `reviewer.env.SESSIONS=${state}`];
    const ran = await flowc(
      ["run", "examples/own-agent/main.flow", "--ui", "quiet", "--state", state, ...set],
      {
        env: { API_KEY: "k" },
      },
    );
    expect(ran).toMatchObject({ code: 0 });
    expect(JSON.parse(ran.stdout)).toEqual([{ good: true, findings: [] }]);
  } finally {
    rmSync(state, { recursive: true, force: true });
  }
});

it("stands on the page as it is", () => {
  const page = readFileSync(new URL("../docs/agents.md", import.meta.url), "utf8");
  expect(page).toContain(readFileSync(script, "utf8"));
});
