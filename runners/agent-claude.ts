// The agent kind `claude`: how Claude Code is started without a terminal, and what is read of its events.

import type {
  AgentCommand,
  AgentEnd,
  AgentKind,
  AgentNews,
  AgentRequest,
  WarmKind,
  WarmReader,
} from "../runtime/agent.ts";
import type { Exit, JsonSchema } from "../runtime/runner.ts";
import { type ClaudeSeen, endOfClaude } from "./agent-claude-ends.ts";
import { claudeAgentFacts } from "./agent-claude-kind.ts";
import { ClaudeUsage } from "./agent-claude-usage.ts";
import {
  aboutIn,
  brief,
  type Fields,
  fieldsOf,
  listOf,
  numberIn,
  objectIn,
  textIn,
  textsIn,
} from "./agent-lines.ts";

export const claudeAgent: AgentKind = {
  ...claudeAgentFacts,
  command: (request) => {
    const { session } = request;
    const resumed = session.resumes ? "--resume" : "--session-id";
    const { argv, env, files } = claudeProcess(request);
    return { argv: [...argv, resumed, session.id], env, stdin: request.prompt, files };
  },
  reader: (request) => new ClaudeReader(request),
  warm: (settings) => (settings["warm"] === false ? null : warmClaude),
};

/** A process that is asked by lines, and answers each as if it were alone. */
const warmClaude: WarmKind = {
  command: (request) => {
    const { session } = request;
    const { argv, env, files } = claudeProcess(request);
    const begins = session.resumes ? "--resume" : "--session-id";
    const named = session.id === "" ? [] : [begins, session.id];
    return { argv: [...argv, "--input-format", "stream-json", ...named], env, files };
  },
  ask: (prompt) => lineOf(prompt),
  forget: lineOf("/clear"),
  reader: (request, before) =>
    new ClaudeReader(request, before instanceof ClaudeReader ? before.usage : undefined),
};

function lineOf(content: string): string {
  return JSON.stringify({ type: "user", message: { role: "user", content } });
}

const mcpFile = "mcp.json";

/** All of a command but its session and prompt: what a process that serves several requests has, too. */
export function claudeProcess(request: AgentRequest): Omit<AgentCommand, "stdin"> {
  const { settings, schema, temporary, budget } = request;
  const { mcp_servers: mcp, project_settings: project = false, home } = settings;
  const argv = [textIn(settings, "path") || "claude", "-p", "--output-format", "stream-json", "--verbose"];
  const add = (flag: string, value: string | number | null) => {
    if (value !== null && value !== "") argv.push(flag, String(value));
  };
  add("--model", textIn(settings, "model"));
  add("--effort", textIn(settings, "effort"));
  add("--permission-mode", textIn(settings, "permission_mode") || "acceptEdits");
  add("--append-system-prompt", textIn(settings, "role"));
  add("--append-system-prompt-file", textIn(settings, "role_file"));
  // An empty list of tools is told, too: it then has none.
  if (Array.isArray(settings["tools"])) argv.push("--tools", textsIn(settings["tools"]).join(","));
  add("--allowedTools", textsIn(settings["allowed_tools"]).join(","));
  add("--disallowedTools", textsIn(settings["denied_tools"]).join(","));
  add("--max-turns", numberIn(settings, "max_turns"));
  add("--max-budget-usd", budget);
  if (schema !== null) argv.push("--json-schema", schemaTold(schema));
  argv.push("--setting-sources", project === true ? "project" : "");
  if (mcp !== undefined) argv.push("--mcp-config", `${temporary}/${mcpFile}`);
  if (project !== true) argv.push("--strict-mcp-config");
  return {
    argv,
    env: {
      CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: "1",
      DISABLE_AUTOUPDATER: "1",
      // It waits by itself, ten times and longer each time: with two flowc hears soon that a limit is reached.
      CLAUDE_CODE_MAX_RETRIES: "2",
      ...(typeof home === "string" ? { CLAUDE_CONFIG_DIR: home } : {}),
    },
    files: mcp === undefined ? [] : [{ path: mcpFile, text: `${JSON.stringify({ mcpServers: mcp })}\n` }],
  };
}

/** It reads an older dialect, and leaves out without a word what names another. */
function schemaTold({ $schema: _, ...schema }: JsonSchema): string {
  return JSON.stringify(schema);
}

export class ClaudeReader implements WarmReader {
  private readonly request: AgentRequest;
  private readonly used: ClaudeUsage;
  private seen: ClaudeSeen = { result: null, offered: true, error: "", misfit: "", afterMs: null };
  session = "";

  /** `before`: what the process had used when the request began. */
  constructor(request: AgentRequest, before?: ClaudeUsage) {
    this.request = request;
    this.used = new ClaudeUsage(before);
  }

  /** The event `result` has come: the process would take another request now. */
  get isOver(): boolean {
    return this.seen.result !== null;
  }

  get usage(): ClaudeUsage {
    return this.used;
  }

  line(text: string): readonly AgentNews[] {
    const event = objectIn(text);
    if (event === null) return [];
    switch (event["type"]) {
      case "system":
        return this.system(event);
      case "assistant":
        return this.assistant(event);
      case "user":
        this.seen = { ...this.seen, misfit: misfitIn(event) || this.seen.misfit };
        return [];
      case "result":
        this.seen = { ...this.seen, result: event };
        this.used.told(event);
        return [...this.named(event), { kind: "usage", usage: this.used.now() }];
      default:
        return [];
    }
  }

  end(exit: Exit, errors: string): AgentEnd {
    return endOfClaude(this.request, this.seen, exit, errors);
  }

  private named(event: Fields): readonly AgentNews[] {
    const id = textIn(event, "session_id");
    if (id === "" || id === this.session) return [];
    this.session = id;
    return [{ kind: "session", id }];
  }

  private system(event: Fields): readonly AgentNews[] {
    if (event["subtype"] === "init") {
      const offered = textsIn(event["tools"]).includes("StructuredOutput");
      this.seen = { ...this.seen, offered };
      return this.named(event);
    }
    if (event["subtype"] !== "api_retry") return [];
    const status = numberIn(event, "error_status");
    const afterMs = Math.round(numberIn(event, "retry_delay_ms") ?? 0);
    this.seen = { ...this.seen, error: textIn(event, "error"), afterMs };
    if (status === 429 || status === 529 || status === 503) return [{ kind: "waits", status, afterMs }];
    const why = status === null ? "it could not be reached" : `it answered ${status}`;
    return [{ kind: "does", text: `asks its model again: ${why}` }];
  }

  private assistant(event: Fields): readonly AgentNews[] {
    const message = fieldsOf(event["message"]);
    const error = textIn(event, "error");
    if (error !== "") this.seen = { ...this.seen, error };
    // What Claude Code says itself comes as words of the model, and is told in the end.
    if (message["model"] === "<synthetic>") return [];
    this.used.said(message);
    const news: AgentNews[] = [{ kind: "usage", usage: this.used.now() }];
    for (const block of listOf(message["content"]).map(fieldsOf)) {
      const text = doesIn(block);
      if (text !== "") news.push({ kind: "does", text });
    }
    return news;
  }
}

/** What is wrong with an answer that was sent back to the model; "": nothing was. */
function misfitIn(event: Fields): string {
  for (const block of listOf(fieldsOf(event["message"])["content"]).map(fieldsOf)) {
    const [, misfit = ""] =
      /^Output does not match required schema: (.+)/.exec(textIn(block, "content")) ?? [];
    if (misfit !== "") return misfit;
  }
  return "";
}

/** What a block of the model's says that it does, in one line; "": nothing for people. */
function doesIn(block: Fields): string {
  if (block["type"] === "text") return brief(textIn(block, "text"));
  if (block["type"] !== "tool_use") return "";
  const name = textIn(block, "name");
  if (name === "StructuredOutput") return brief(`answers ${JSON.stringify(block["input"])}`);
  return brief(`${name} ${aboutIn(fieldsOf(block["input"]))}`);
}
