// The agent kind `gemini`: how the Gemini CLI is started without a terminal, what is read of its events, and how it ended.

import type { AgentEnd, AgentKind, AgentNews, AgentReader, AgentRequest } from "../runtime/agent.ts";
import type { Exit } from "../runtime/runner.ts";
import {
  apiFailed,
  cutOff,
  failed,
  limited,
  noModel,
  promptTooLong,
  sessionUnknown,
  wrongKey,
} from "./agent-faults.ts";
import { geminiAgentFacts } from "./agent-gemini-kind.ts";
import {
  aboutIn,
  answerAsked,
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

export const geminiAgent: AgentKind = {
  ...geminiAgentFacts,
  command: ({ settings, prompt, schema, session }) => {
    const argv = [textIn(settings, "path") || "gemini", "-o", "stream-json", "--skip-trust"];
    argv.push("--approval-mode", textIn(settings, "approval") || "auto_edit");
    const model = textIn(settings, "model");
    if (model !== "") argv.push("-m", model);
    argv.push(session.resumes ? "--resume" : "--session-id", session.id);
    const role = textIn(settings, "role");
    const told = role === "" || session.resumes ? prompt : `${role}\n\n${prompt}`;
    const home = textIn(settings, "home");
    return {
      argv,
      env: home === "" ? {} : { GEMINI_CLI_HOME: home },
      stdin: schema === null ? told : answerAsked(told, schema),
      files: [],
    };
  },
  reader: (request) => new GeminiReader(request),
};

class GeminiReader implements AgentReader {
  private readonly request: AgentRequest;
  private text = "";
  /** Does the next piece belong to the words before it? */
  private goesOn = false;
  private result: Fields | null = null;

  constructor(request: AgentRequest) {
    this.request = request;
  }

  line(text: string): readonly AgentNews[] {
    const event = objectIn(text);
    if (event === null) return [];
    switch (event["type"]) {
      case "init": {
        const id = textIn(event, "session_id");
        return id === "" ? [] : [{ kind: "session", id }];
      }
      case "message":
        if (event["role"] !== "assistant") return [];
        this.text = (this.goesOn ? this.text : "") + textIn(event, "content");
        this.goesOn = event["delta"] === true;
        return [{ kind: "does", text: brief(this.text) }];
      case "tool_use":
        this.goesOn = false;
        return [
          {
            kind: "does",
            text: brief(`${textIn(event, "tool_name")} ${aboutIn(fieldsOf(event["parameters"]))}`),
          },
        ];
      case "result":
        this.result = event;
        return [{ kind: "usage", usage: usageIn(fieldsOf(event["stats"])) }];
      default:
        return [];
    }
  }

  end(exit: Exit, errors: string): AgentEnd {
    if (this.result?.["status"] === "success") {
      const answer = this.request.schema === null ? undefined : answerIn(this.text);
      return { kind: "ended", answer, text: this.text };
    }
    const cut = cutOff(exit);
    if (cut !== null) return cut;
    if (/Error resuming session/.test(errors)) return sessionUnknown("Gemini", this.request);
    if (this.result !== null) return this.failed(textIn(fieldsOf(this.result["error"]), "message"));
    if (exit.kind === "exited" && exit.code === 41)
      return /auth method/.test(errors) ? noLogin() : wrongKey(key);
    return failed("other", endOf(exit, errors));
  }

  private failed(error: string): AgentEnd {
    const [, said = error] = /^\[API Error: ([\s\S]*)\]$/.exec(error) ?? [];
    const inner = fieldsOf(fieldsOf(objectIn(said))["error"]);
    const code = numberIn(inner, "code");
    const message = textIn(inner, "message") || said;
    if (code === 401 || code === 403 || /API key not valid/i.test(message)) return wrongKey(key);
    if (code === 429 || /exhausted|quota|rate limit/i.test(message)) return limited(null);
    if (code === 404 || /is not found for API version|model .*not found/i.test(message))
      return noModel(this.request);
    if (/token count .* exceeds|context/i.test(message)) return promptTooLong();
    if (/max(imum)? (session )?turns/i.test(message)) return failed("turns", brief(message, 300));
    if (
      (code !== null && code >= 500) ||
      /fetch failed|overloaded|unavailable|connect|timed? ?out/i.test(message)
    )
      return apiFailed(message);
    return failed("api", brief(message, 300));
  }
}

const key = "GEMINI_API_KEY";

/** Seen: a key alone is not enough. */
function noLogin(): AgentEnd {
  return failed(
    "key",
    'Gemini does not know how to log in. Its settings, `.gemini/settings.json` in its home, say it: `{"security": {"auth": {"selectedType": "gemini-api-key"}}}`',
  );
}

/** It does not tell how often it asked: once, and again after each tool. */
function usageIn(stats: Fields) {
  const cacheRead = numberIn(stats, "cached") ?? 0;
  return {
    ...noUsage,
    requests: (numberIn(stats, "tool_calls") ?? 0) + 1,
    input: numberIn(stats, "input") ?? 0,
    output: numberIn(stats, "output_tokens") ?? 0,
    cacheRead,
  };
}
