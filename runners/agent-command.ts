// The agent kind `command`: any program, with the prompt as its input, that tells what it does as lines of JSON.

import type {
  AgentEnd,
  AgentFault,
  AgentKind,
  AgentNews,
  AgentReader,
  AgentRequest,
  Usage,
} from "../runtime/agent.ts";
import type { Exit } from "../runtime/runner.ts";
import { commandAgentFacts } from "./agent-command-kind.ts";
import { failed } from "./agent-faults.ts";
import { brief, endOf, type Fields, numberIn, objectIn, sentence, textIn } from "./agent-lines.ts";

/** Where it finds the JSON Schema of its answer, below the request's `temporary`. */
const schemaFile = "answer.schema.json";

export const commandAgent: AgentKind = {
  ...commandAgentFacts,
  command: ({ settings, prompt, schema, session, temporary, budget }) => {
    const { run } = settings;
    return {
      argv: Array.isArray(run) ? run.map(String) : [],
      env: {
        FLOWC_SESSION: session.id,
        ...(session.resumes ? { FLOWC_RESUME: "1" } : {}),
        ...(schema === null ? {} : { FLOWC_SCHEMA: `${temporary}/${schemaFile}` }),
        ...(budget === null ? {} : { FLOWC_BUDGET: String(budget) }),
      },
      stdin: prompt,
      files: schema === null ? [] : [{ path: schemaFile, text: `${JSON.stringify(schema, null, 2)}\n` }],
    };
  },
  reader: (request) => new LinesRead(request),
};

/** What `why` of a `failed` may say. */
const faults: readonly AgentFault[] = [
  ...(["no-answer", "denied", "turns", "budget", "key", "model", "prompt", "schema", "session"] as const),
  ...(["command", "api", "other"] as const),
];

class LinesRead implements AgentReader {
  private readonly request: AgentRequest;
  private answer: { readonly value: unknown } | null = null;
  private ended: AgentEnd | null = null;
  private text = "";
  /** What is wrong with the first line that is none of the protocol's, as a clause. */
  private strange: string | null = null;

  constructor(request: AgentRequest) {
    this.request = request;
  }

  line(text: string): readonly AgentNews[] {
    const fields = objectIn(text);
    if (fields === null) return [];
    switch (fields["type"]) {
      case "session":
        return typeof fields["id"] === "string"
          ? [{ kind: "session", id: fields["id"] }]
          : this.wonder("its event `session` has no `id`, a string", text);
      case "usage":
        return [{ kind: "usage", usage: usageIn(fields) }];
      case "does":
        this.text = textIn(fields, "text");
        return [{ kind: "does", text: this.text }];
      case "waits":
        return [{ kind: "waits", status: numberIn(fields, "status") ?? 429, afterMs: msIn(fields) ?? 0 }];
      case "answer":
        if (!("value" in fields)) return this.wonder("its event `answer` has no `value`", text);
        this.answer = { value: fields["value"] };
        return [];
      case "failed": {
        const said = faults.find((fault) => fault === fields["why"]);
        this.ended = { kind: "failed", fault: said ?? "other", message: messageIn(fields, "It failed") };
        return [];
      }
      case "limited":
        this.ended = {
          kind: "limited",
          message: messageIn(fields, "Its model gives nothing now"),
          afterMs: msIn(fields),
        };
        return [];
      case "lost":
        this.ended = { kind: "lost", message: messageIn(fields, "It could not reach its model") };
        return [];
      default:
        return this.wonder("it printed a line that is no event", text);
    }
  }

  end(exit: Exit, errors: string): AgentEnd {
    if (this.ended !== null) return this.ended;
    if (exit.kind !== "exited" || exit.code !== 0) return failed("command", endOf(exit, errors));
    if (this.answer === null && this.request.schema !== null && this.strange !== null)
      return failed("no-answer", `It ended without an answer; ${this.strange}`);
    return { kind: "ended", answer: this.answer?.value, text: this.text };
  }

  private wonder(why: string, text: string): readonly AgentNews[] {
    this.strange ??= `${why}: \`${brief(text, 200)}\``;
    return [];
  }
}

/** What it says as `message`, as a sentence. */
function messageIn(fields: Fields, otherwise: string): string {
  const text = textIn(fields, "message").trim() || otherwise;
  return sentence(text.charAt(0).toUpperCase() + text.slice(1));
}

/** `after`, in seconds. */
function msIn(fields: Fields): number | null {
  const seconds = numberIn(fields, "after");
  return seconds === null ? null : Math.round(seconds * 1000);
}

/** Of what is not said nothing was used. */
function usageIn(fields: Fields): Usage {
  const count = (name: string) => Math.round(numberIn(fields, name) ?? 0);
  return {
    requests: count("requests"),
    input: count("input"),
    output: count("output"),
    cacheRead: count("cache_read"),
    cacheWrite: count("cache_write"),
    cost: numberIn(fields, "cost"),
  };
}
