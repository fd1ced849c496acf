// The agent kind `command`: what a program is given, and what its lines and its end mean.

import { describe, expect, it } from "vitest";
import { commandAgent } from "../runners/agent-command.ts";
import type { AgentEnd, AgentNews, AgentRequest } from "../runtime/agent.ts";
import type { Exit } from "../runtime/runner.ts";
import { noUsage } from "../runtime/usage.ts";

const request: AgentRequest = {
  settings: { run: ["./agent.py", "--fast"] },
  prompt: "Say hello.",
  schema: { type: "object" },
  session: { id: "0b5c", resumes: false, used: noUsage },
  temporary: "/tmp/of-this-request",
  budget: 1.5,
};

describe("what it is given", () => {
  it("is its prompt as input, and all else as variables", () => {
    expect(commandAgent.command(request)).toEqual({
      argv: ["./agent.py", "--fast"],
      env: {
        FLOWC_SESSION: "0b5c",
        FLOWC_SCHEMA: "/tmp/of-this-request/answer.schema.json",
        FLOWC_BUDGET: "1.5",
      },
      stdin: "Say hello.",
      files: [{ path: "answer.schema.json", text: '{\n  "type": "object"\n}\n' }],
    });
  });

  it("is told that it goes on, and of no schema where nobody reads an answer", () => {
    const session = { id: "0b5c", resumes: true, used: noUsage };
    const { env, files } = commandAgent.command({ ...request, session, schema: null, budget: null });
    expect(env).toEqual({ FLOWC_SESSION: "0b5c", FLOWC_RESUME: "1" });
    expect(files).toEqual([]);
  });
});

const well: Exit = { kind: "exited", code: 0 };

function read(lines: readonly unknown[], exit: Exit = well, errors = "") {
  const reader = commandAgent.reader(request);
  const news: AgentNews[] = lines.flatMap((line) =>
    reader.line(typeof line === "string" ? line : JSON.stringify(line)),
  );
  return { news, end: reader.end(exit, errors) };
}

describe("what it tells", () => {
  it("is passed on, each line by itself; what is no event is for people", () => {
    const usage = { requests: 2, input: 10, output: 5, cacheRead: 0, cacheWrite: 0, cost: 0.01 };
    expect(
      read([
        "starting up",
        { type: "session", id: "mine" },
        { type: "does", text: "reads" },
        { type: "usage", requests: 2, input: 10, output: 5, cost: 0.01 },
        { type: "waits", status: 529, after: 2.5 },
        { type: "answer", value: { greeting: "hello" } },
      ]),
    ).toEqual({
      news: [
        { kind: "session", id: "mine" },
        { kind: "does", text: "reads" },
        { kind: "usage", usage },
        { kind: "waits", status: 529, afterMs: 2500 },
      ],
      end: { kind: "ended", answer: { greeting: "hello" }, text: "reads" },
    });
  });

  it.each<[string, readonly unknown[], Exit, string, AgentEnd]>([
    ["nothing", [], well, "", { kind: "ended", answer: undefined, text: "" }],
    [
      "a failure of its own",
      [{ type: "failed", why: "key", message: "the key is wrong" }],
      { kind: "exited", code: 1 },
      "",
      { kind: "failed", fault: "key", message: "The key is wrong." },
    ],
    [
      "a failure of a sort that nobody knows",
      [{ type: "failed", why: "mood" }],
      well,
      "",
      { kind: "failed", fault: "other", message: "It failed." },
    ],
    [
      "that its model gives nothing now",
      [{ type: "limited", message: "429", after: 30 }],
      { kind: "exited", code: 1 },
      "",
      { kind: "limited", message: "429.", afterMs: 30_000 },
    ],
    [
      "that its model is away",
      [{ type: "lost" }],
      well,
      "",
      { kind: "lost", message: "It could not reach its model." },
    ],
    [
      "an answer, and a bad end",
      [{ type: "answer", value: {} }],
      { kind: "exited", code: 3 },
      "Traceback\nKeyError: 'x'\n",
      { kind: "failed", fault: "command", message: "It exited with 3. It said: KeyError: 'x'." },
    ],
    [
      "an event that there is not",
      [{ type: "anser", value: {} }],
      well,
      "",
      {
        kind: "failed",
        fault: "no-answer",
        message:
          'It ended without an answer; it printed a line that is no event: `{"type":"anser","value":{}}`.',
      },
    ],
    [
      "an answer without a value",
      [{ type: "answer" }],
      well,
      "",
      {
        kind: "failed",
        fault: "no-answer",
        message: 'It ended without an answer; its event `answer` has no `value`: `{"type":"answer"}`.',
      },
    ],
  ])("%s", (_, lines, exit, errors, end) => {
    expect(read(lines, exit, errors).end).toEqual(end);
  });
});
