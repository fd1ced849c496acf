// The agent kinds `claude`, `codex` and `gemini`: what they make of recordings, and the real Claude Code against a stub of its API.

import { describe, expect, it } from "vitest";
import { claudeAgent } from "../runners/agent-claude.ts";
import { codexAgent } from "../runners/agent-codex.ts";
import { geminiAgent } from "../runners/agent-gemini.ts";
import { fieldsOf, objectIn, textsIn } from "../runners/agent-lines.ts";
import type { AgentEnd, AgentKind, AgentSettings, Usage } from "../runtime/agent.ts";
import { noUsage } from "../runtime/usage.ts";
import { claudeCases } from "./agent-claude-cases.ts";
import {
  type Asked,
  expectedOf,
  heard,
  readRecording,
  recordings,
  requestOf,
  session,
  shown,
  writeRecording,
} from "./agent-recordings.ts";
import { ClaudePlace, hasClaude, type Printed } from "./claude-cli.ts";
import { startMessages } from "./messages-server.ts";

const kinds: readonly AgentKind[] = [claudeAgent, codexAgent, geminiAgent];

describe.each(kinds.map((agent) => ({ kind: agent.kind, agent })))(
  "recordings of $kind",
  ({ kind, agent }) => {
    it.each(recordings(kind))("%s", (name) => {
      const actual = shown(heard(agent, readRecording(kind, name)));
      expect(actual).toBe(expectedOf(kind, name, actual));
    });
  },
);

describe("Claude Code itself", () => {
  it("is recorded in each case", () => expect(recordings("claude")).toEqual(Object.keys(claudeCases).sort()));

  it.each(Object.entries(claudeCases))("%s", { timeout: 60_000, skip: !hasClaude }, async (name, one) => {
    const server = await startMessages(one.server);
    const place = new ClaudePlace();
    try {
      const asked = askedIn(one);
      const env = { ...place.env(server.url), ...one.env };
      if (one.earlier !== undefined)
        await place.run(claudeAgent.command(requestOf({ ...asked, resumes: false }, one.earlier)), env);
      const before = server.totals();
      const printed = await place.run(claudeAgent.command(requestOf(asked, one.prompt)), env, one.stopAt);
      const recording = {
        ...asked,
        exit: printed.exit,
        errors: printed.errors,
        lines: cleaned(printed, place),
      };
      if (process.env["BLESS"] === "1") writeRecording("claude", name, recording);
      const { news, end } = heard(claudeAgent, recording);
      expect(steady(end)).toEqual(steady(heard(claudeAgent, readRecording("claude", name)).end));
      const used = news.flatMap((each) => (each.kind === "usage" ? [each.usage] : [])).at(-1);
      const served = server.totals();
      if (one.rough !== true) expect(centsOf(used)).toBe(Math.round((served.cost - before.cost) * 100));
    } finally {
      place.close();
      await server.close();
    }
  });
});

function askedIn({ settings = {}, schema = null, budget = null, resumes = false }: Partial<Asked>): Asked {
  return { settings, schema, budget, resumes };
}

/** How long it waits differs from time to time. */
function steady(end: AgentEnd): AgentEnd {
  return end.kind === "limited" && end.afterMs !== null ? { ...end, afterMs: 0 } : end;
}

function centsOf(usage: Usage | undefined): number {
  return Math.round((usage?.cost ?? 0) * 100);
}

/** What is the same on each machine, and short. */
function cleaned({ lines }: Printed, place: ClaudePlace): readonly string[] {
  return lines.map((line) => {
    const event = objectIn(line.replaceAll(place.project, "/project").replaceAll(place.home, "/home"));
    if (event === null) return line;
    const { uuid, timestamp, ...rest } = event;
    if (event["subtype"] !== "init")
      return JSON.stringify(rest).replace(/127\.0\.0\.1:\d+/g, "127.0.0.1:PORT");
    const { type, subtype, cwd, session_id, tools, model } = rest;
    return JSON.stringify({ type, subtype, cwd, session_id, tools, model });
  });
}

describe("how they are started", () => {
  const argv = (agent: AgentKind, settings: AgentSettings, more: Partial<Asked> = {}) =>
    agent.command(requestOf({ settings, schema: null, budget: null, resumes: false, ...more }, "do it")).argv;

  it("claude with all its settings", () => {
    const command = claudeAgent.command(
      requestOf(
        {
          settings: {
            model: "opus",
            effort: "high",
            role: "You review.",
            role_file: "roles/r.md",
            tools: ["Read", "Bash"],
            allowed_tools: ["Bash(git *)", "Read"],
            denied_tools: ["WebSearch"],
            permission_mode: "dontAsk",
            mcp_servers: { tracker: { command: "node", args: ["t.mjs"] } },
            max_turns: 7,
            project_settings: true,
            home: "/var/lib/claude",
            path: "/opt/claude",
          },
          schema: { type: "object" },
          budget: 1.5,
          resumes: true,
        },
        "do it",
      ),
    );
    expect(command).toEqual({
      argv: [
        ..."/opt/claude -p --output-format stream-json --verbose --model opus --effort high".split(" "),
        ...["--permission-mode", "dontAsk", "--append-system-prompt", "You review."],
        ...["--append-system-prompt-file", "roles/r.md", "--tools", "Read,Bash"],
        ...["--allowedTools", "Bash(git *),Read", "--disallowedTools", "WebSearch"],
        ...["--max-turns", "7", "--max-budget-usd", "1.5", "--json-schema", '{"type":"object"}'],
        ...["--setting-sources", "project", "--mcp-config", "/tmp/t/mcp.json", "--resume", session],
      ],
      env: {
        CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: "1",
        DISABLE_AUTOUPDATER: "1",
        CLAUDE_CODE_MAX_RETRIES: "2",
        CLAUDE_CONFIG_DIR: "/var/lib/claude",
      },
      stdin: "do it",
      files: [{ path: "mcp.json", text: '{"mcpServers":{"tracker":{"command":"node","args":["t.mjs"]}}}\n' }],
    });
  });

  it("claude without any: nothing of the project counts, and files may be changed", () =>
    expect(argv(claudeAgent, {})).toEqual([
      ..."claude -p --output-format stream-json --verbose --permission-mode acceptEdits --setting-sources".split(
        " ",
      ),
      ...["", "--strict-mcp-config", "--session-id", session],
    ]));

  it("claude with a list of tools that is empty has none", () =>
    expect(argv(claudeAgent, { tools: [] }).join(" ")).toContain("--tools  --setting-sources"));

  it("codex takes up a session by its own word, and is held to what its API wants of a schema", () => {
    expect(argv(codexAgent, { model: "gpt-5", config: { "a.b": true } }, { resumes: true })).toEqual([
      ...`codex exec resume ${session} --json --skip-git-repo-check`.split(" "),
      ...["-c", 'sandbox_mode="workspace-write"', "-c", 'approval_policy="never"', "-c", "a.b=true"],
      ...["-m", "gpt-5", "-"],
    ]);
    const schema = {
      type: "object",
      properties: { a: { type: "string" }, b: { type: "integer" } },
      required: ["a"],
    };
    const { files } = codexAgent.command(
      requestOf({ settings: {}, schema, budget: null, resumes: false }, "do it"),
    );
    expect(JSON.parse(files[0]?.text ?? "")).toEqual({
      type: "object",
      properties: { a: { type: "string" }, b: { anyOf: [{ type: "integer" }, { type: "null" }] } },
      required: ["a", "b"],
      additionalProperties: false,
    });
  });

  it("codex's tokens are those of its session without what is known to have been used before", () => {
    const used = { ...noUsage, requests: 2, input: 2000, output: 100, cacheRead: 500 };
    const goesOn = { ...readRecording("codex", "goes-on"), used };
    const { news } = heard(codexAgent, goesOn);
    expect(news.at(-1)).toEqual({
      kind: "usage",
      usage: { ...noUsage, requests: 1, input: 400, output: 50, cacheRead: 100 },
    });
  });

  it("codex's null for what may be left out is left out", () => {
    const schema = {
      type: "object",
      properties: { a: { type: ["string", "null"] }, b: { type: "integer" } },
      required: ["a"],
    };
    const reader = codexAgent.reader(requestOf({ settings: {}, schema, budget: null, resumes: false }));
    reader.line(
      JSON.stringify({
        type: "item.completed",
        item: { type: "agent_message", text: '{"a":null,"b":null}' },
      }),
    );
    reader.line(JSON.stringify({ type: "turn.completed", usage: {} }));
    expect(reader.end({ kind: "exited", code: 0 }, "")).toMatchObject({ kind: "ended", answer: { a: null } });
  });

  it("gemini is told the schema in words, and its JSON is found among others", () => {
    const schema = { type: "object", properties: { n: { type: "integer" } } };
    const request = requestOf({ settings: {}, schema, budget: null, resumes: false }, "count");
    expect(geminiAgent.command(request).stdin).toContain(JSON.stringify(schema));
    const reader = geminiAgent.reader(request);
    reader.line(
      JSON.stringify({ type: "message", role: "assistant", content: "Here:\n```json\n{", delta: true }),
    );
    reader.line(JSON.stringify({ type: "message", role: "assistant", content: '"n": 3}\n```', delta: true }));
    reader.line(JSON.stringify({ type: "result", status: "success", stats: {} }));
    expect(reader.end({ kind: "exited", code: 0 }, "")).toMatchObject({ kind: "ended", answer: { n: 3 } });
  });
});

describe("lines of agents", () => {
  it("which are no JSON, or no object, tell nothing", () => {
    for (const agent of kinds) {
      const reader = agent.reader(requestOf({ settings: {}, schema: null, budget: null, resumes: false }));
      for (const line of ["", "hello", "[1]", "{", '{"type":7}', '{"type":"assistant"}', '{"type":"result"}'])
        expect(() => reader.line(line)).not.toThrow();
    }
  });

  it("have fields that may be of any kind", () => {
    expect(fieldsOf([1])).toEqual({});
    expect(textsIn(["a", 1, null, "b"])).toEqual(["a", "b"]);
  });
});
