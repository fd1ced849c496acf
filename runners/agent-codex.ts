// The agent kind `codex`: how Codex is started without a terminal, what is read of its events, and how it ended.

import type { AgentEnd, AgentKind, AgentNews, AgentReader, AgentRequest } from "../runtime/agent.ts";
import type { Exit, JsonSchema } from "../runtime/runner.ts";
import { codexAgentFacts } from "./agent-codex-kind.ts";
import {
  apiFailed,
  cutOff,
  failed,
  limited,
  noModel,
  promptTooLong,
  schemaRefused,
  sessionUnknown,
  wrongKey,
} from "./agent-faults.ts";
import {
  answerIn,
  brief,
  endOf,
  type Fields,
  fieldsOf,
  noUsage,
  numberIn,
  objectIn,
  textIn,
} from "./agent-lines.ts";
import type { Tokens } from "./agent-prices.ts";

const schemaFile = "answer.schema.json";

export const codexAgent: AgentKind = {
  ...codexAgentFacts,
  command: ({ settings, prompt, schema, session, temporary }) => {
    const argv = [textIn(settings, "path") || "codex", "exec"];
    if (session.resumes) argv.push("resume", session.id);
    argv.push("--json", "--skip-git-repo-check");
    const set = (name: string, value: unknown) => argv.push("-c", `${name}=${JSON.stringify(value)}`);
    // As a setting: the flag of that name is unknown where a session goes on.
    set("sandbox_mode", textIn(settings, "sandbox") || "workspace-write");
    set("approval_policy", "never");
    const effort = textIn(settings, "effort");
    if (effort !== "") set("model_reasoning_effort", effort);
    for (const [name, value] of Object.entries(fieldsOf(settings["config"]))) set(name, value);
    const model = textIn(settings, "model");
    if (model !== "") argv.push("-m", model);
    if (schema !== null) argv.push("--output-schema", `${temporary}/${schemaFile}`);
    argv.push("-");
    const role = textIn(settings, "role");
    const home = textIn(settings, "home");
    return {
      argv,
      env: home === "" ? {} : { CODEX_HOME: home },
      stdin: role === "" || session.resumes ? prompt : `${role}\n\n${prompt}`,
      files:
        schema === null ? [] : [{ path: schemaFile, text: `${JSON.stringify(strict(schema), null, 2)}\n` }],
    };
  },
  reader: (request) => new CodexReader(request),
};

class CodexReader implements AgentReader {
  private readonly request: AgentRequest;
  private session: string;
  private text = "";
  private requests = 0;
  private over: "completed" | "failed" | null = null;
  private error = "";

  constructor(request: AgentRequest) {
    this.request = request;
    this.session = request.session.resumes ? request.session.id : "";
  }

  line(text: string): readonly AgentNews[] {
    const event = objectIn(text);
    if (event === null) return [];
    const item = fieldsOf(event["item"]);
    switch (event["type"]) {
      case "thread.started":
        this.session = textIn(event, "thread_id");
        return this.session === "" ? [] : [{ kind: "session", id: this.session }];
      case "item.started":
        return toldOf(item);
      case "item.completed":
        if (item["type"] !== "agent_message") return [];
        this.text = textIn(item, "text");
        return [{ kind: "does", text: brief(this.text) }];
      case "turn.completed":
        this.over = "completed";
        return [this.counted(fieldsOf(event["usage"]))];
      case "turn.failed":
        this.over = "failed";
        this.error = textIn(fieldsOf(event["error"]), "message");
        return [];
      case "error": {
        this.error = textIn(event, "message");
        if (!this.error.startsWith("Reconnecting")) return [];
        return /\b429\b/.test(this.error)
          ? [{ kind: "waits", status: 429, afterMs: 0 }]
          : [{ kind: "does", text: "asks its model again" }];
      }
      default:
        return [];
    }
  }

  end(exit: Exit, errors: string): AgentEnd {
    if (this.over === "completed") {
      const answer = this.request.schema === null ? undefined : answerIn(this.text);
      return { kind: "ended", answer: withoutNulls(answer, this.request.schema), text: this.text };
    }
    const cut = cutOff(exit);
    if (cut !== null) return cut;
    if (this.over === "failed" || this.error !== "") return this.failed(messageIn(this.error));
    if (/no rollout found|thread\/resume failed/.test(errors)) return sessionUnknown("Codex", this.request);
    return failed("other", endOf(exit, errors));
  }

  private counted(usage: Fields): AgentNews {
    const cached = numberIn(usage, "cached_input_tokens") ?? 0;
    const all: Tokens = {
      input: (numberIn(usage, "input_tokens") ?? 0) - cached,
      output: numberIn(usage, "output_tokens") ?? 0,
      cacheRead: cached,
      cacheWrite: numberIn(usage, "cache_write_input_tokens") ?? 0,
    };
    // It tells all that its session ever used.
    const before = this.request.session.used;
    this.requests++;
    return {
      kind: "usage",
      usage: {
        ...noUsage,
        requests: this.requests,
        input: Math.max(0, all.input - before.input),
        output: Math.max(0, all.output - before.output),
        cacheRead: Math.max(0, all.cacheRead - before.cacheRead),
        cacheWrite: Math.max(0, all.cacheWrite - before.cacheWrite),
      },
    };
  }

  private failed(said: string): AgentEnd {
    const status = Number(/\b(?:status:?) (\d{3})\b/.exec(said)?.[1] ?? 0);
    if (status === 429 || /rate limit|usage limit|quota/i.test(said)) return limited(null);
    if (status === 401 || status === 403) return wrongKey("OPENAI_API_KEY");
    if (status === 404 || /model .* does not exist/i.test(said)) return noModel(this.request);
    if (/invalid schema|json_schema/i.test(said)) return schemaRefused(said);
    if (/context window|ran out of room/i.test(said)) return promptTooLong();
    if (
      status >= 500 ||
      /high demand|stream (disconnected|closed)|error sending request|timed? ?out|connect/i.test(said)
    )
      return apiFailed(said);
    return failed("api", brief(said, 300));
  }
}

/** A tool that it begins to use. */
function toldOf(item: Fields): readonly AgentNews[] {
  const about = textIn(item, "command") || textIn(item, "query") || textIn(item, "tool");
  return about === "" ? [] : [{ kind: "does", text: brief(about) }];
}

/** What an API says may be handed on as its JSON. */
function messageIn(said: string): string {
  const inner = fieldsOf(fieldsOf(objectIn(said))["error"]);
  return textIn(inner, "message") || said;
}

/** Its API wants each field to be there, and no others: what may be left out may be null. */
function strict(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(strict);
  const fields = fieldsOf(schema);
  if (Object.keys(fields).length === 0) return schema;
  const walked = Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, strict(value)]));
  const properties = fieldsOf(walked["properties"]);
  if (fields["type"] !== "object" || fields["properties"] === undefined) return walked;
  const required = requiredIn(fields);
  const all = Object.entries(properties).map(([name, value]) => [
    name,
    required.includes(name) ? value : { anyOf: [value, { type: "null" }] },
  ]);
  return {
    ...walked,
    properties: Object.fromEntries(all),
    required: Object.keys(properties),
    additionalProperties: false,
  };
}

function requiredIn(schema: Fields): readonly unknown[] {
  const { required } = schema;
  return Array.isArray(required) ? required : [];
}

/** The nulls that {@link strict} made of what may be left out are left out again. */
function withoutNulls(value: unknown, schema: JsonSchema | null, root: JsonSchema | null = schema): unknown {
  if (schema === null || typeof value !== "object" || value === null) return value;
  const name = /^#\/\$defs\/(.+)$/.exec(textIn(schema, "$ref"))?.[1];
  const own = name === undefined ? schema : fieldsOf(fieldsOf(fieldsOf(root)["$defs"])[name]);
  if (Array.isArray(value)) return value.map((each) => withoutNulls(each, fieldsOf(own["items"]), root));
  const properties = fieldsOf(own["properties"]);
  const required = requiredIn(own);
  return Object.fromEntries(
    Object.entries(value)
      .filter(([field, each]) => each !== null || required.includes(field) || !(field in properties))
      .map(([field, each]) => [field, withoutNulls(each, fieldsOf(properties[field]), root)]),
  );
}
