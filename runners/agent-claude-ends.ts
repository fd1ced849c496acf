// How a request to Claude Code has ended: its own word is not enough, for it calls "success" what was none.

import type { AgentEnd, AgentRequest } from "../runtime/agent.ts";
import type { Exit } from "../runtime/runner.ts";
import {
  cutOff,
  failed,
  keyGiven,
  limited,
  noModel,
  promptTooLong,
  schemaRefused,
  wrongKey,
} from "./agent-faults.ts";
import {
  aboutIn,
  brief,
  endOf,
  type Fields,
  fieldsOf,
  listOf,
  numberIn,
  sentence,
  textIn,
  textsIn,
} from "./agent-lines.ts";

/** What the reader has seen when a request ends. */
export interface ClaudeSeen {
  /** The event `result`; null: it never came. */
  readonly result: Fields | null;
  /** Was there a tool for the answer? Claude Code leaves it out, without a word, for a schema that it cannot read. */
  readonly offered: boolean;
  /** As Claude Code names what went wrong with its model: `rate_limit`, `authentication_failed`; "" if nothing. */
  readonly error: string;
  /** What was wrong with the last answer that it sent back itself; "" if nothing. */
  readonly misfit: string;
  /** How long it was last told to wait, in ms. */
  readonly afterMs: number | null;
}

export function endOfClaude(request: AgentRequest, seen: ClaudeSeen, exit: Exit, errors: string): AgentEnd {
  const { result } = seen;
  if (result === null) return withoutResult(exit, errors);
  const subtype = textIn(result, "subtype");
  if (subtype.startsWith("error_")) return boundReached(request, seen, result, subtype);
  if (result["is_error"] === true) return modelFailed(request, seen, result);
  const text = textIn(result, "result");
  // Seen: nothing was asked, and all is said to be well.
  if (numberIn(result, "num_turns") === 0 && /^Unknown (slash )?command/i.test(text))
    return failed(
      "command",
      `${brief(text)}. Commands of the project count with \`project_settings: true\` of the agent.`,
    );
  const denied = deniedIn(result);
  if (denied.length > 0 && request.settings["denials"] !== "ignore")
    return failed("denied", deniedTold(denied));
  if (request.schema !== null && !seen.offered)
    return failed(
      "schema",
      "Claude Code could not read the JSON Schema of its answer, and did not offer it to the model.",
    );
  return { kind: "ended", answer: result["structured_output"], text };
}

/** Nothing came after which it would have ended by itself. */
function withoutResult(exit: Exit, errors: string): AgentEnd {
  const cut = cutOff(exit);
  if (cut !== null) return cut;
  if (/Session ID .* is already in use/.test(errors)) return failed("session", lastOf(errors));
  if (/cannot be used with root/.test(errors))
    return failed(
      "other",
      `${lastOf(errors)}. In a place of its own, \`env: { IS_SANDBOX: "1" }\` of the agent says that it is one.`,
    );
  const said = exit.kind === "exited" && exit.code === 0 ? "It ended without a result." : endOf(exit, errors);
  return failed("other", said);
}

function lastOf(errors: string): string {
  return brief(errors.trimEnd().split("\n").at(-1) ?? "", 300).replace(/^Error: /, "");
}

/** It ended itself: its turns, its budget, or its patience with wrong answers. */
function boundReached(request: AgentRequest, seen: ClaudeSeen, result: Fields, subtype: string): AgentEnd {
  const said = textsIn(result["errors"]).map((error) => brief(error, 300));
  const told = said[0] ?? subtype;
  switch (subtype) {
    case "error_max_turns": {
      const most = numberIn(request.settings, "max_turns");
      return failed(
        "turns",
        `It has used its ${most === null ? "" : `${most} `}turns without an end (\`max_turns\` of the agent)`,
      );
    }
    case "error_max_budget_usd": {
      const spent = numberIn(result, "total_cost_usd");
      const of = request.budget === null ? "" : ` of the ${dollars(request.budget)} that it might spend`;
      return failed("budget", spent === null ? told : `It has spent ${dollars(spent)}${of}`);
    }
    case "error_max_structured_output_retries":
      return failed(
        "no-answer",
        `Its answer did not fit the type, however often it tried${seen.misfit === "" ? "" : `: ${brief(seen.misfit, 300)}`}`,
      );
    default:
      return failed(/No conversation found/.test(told) ? "session" : "other", told);
  }
}

function dollars(amount: number): string {
  return `${amount.toFixed(2)}USD`;
}

const key = "ANTHROPIC_API_KEY";

/** The model's API did not do what it was asked, or there was no way to it. */
function modelFailed(request: AgentRequest, seen: ClaudeSeen, result: Fields): AgentEnd {
  const status = numberIn(result, "api_error_status");
  const said = brief(textIn(result, "result").replace(/^API Error: (\d+ )?/, ""), 300);
  if (status === 429) return limited(seen.afterMs);
  if (status === 529)
    return { kind: "limited", message: "The model's API is overloaded (529).", afterMs: seen.afterMs };
  if (/run \/login/i.test(said)) return failed("key", `It has no key for the model's API. ${keyGiven(key)}`);
  if (status === 401 || status === 403 || seen.error === "authentication_failed") return wrongKey(key, said);
  if (status === 404 || seen.error === "model_not_found") return noModel(request);
  if (status === 413 || result["terminal_reason"] === "prompt_too_long" || /^Prompt is too long/i.test(said))
    return promptTooLong();
  if (status === 400 && /schema/i.test(said)) return schemaRefused(said);
  if (status !== null && status < 500) return failed("api", `The model's API refused (${status}): ${said}`);
  // As flowc's own proxy says it.
  const [away] = /the model's API cannot be reached at .*?(?=\. This is a|$)/.exec(said) ?? [];
  if (status !== null && away !== undefined) return { kind: "lost", message: sentence(`T${away.slice(1)}`) };
  if (status !== null) return { kind: "lost", message: `The model's API failed (${status}).` };
  if (/unable to connect|connection|timed? ?out|network|socket|fetch failed/i.test(said))
    return { kind: "lost", message: sentence(`The model's API could not be reached: ${said}`) };
  return failed("api", said === "" ? "The model's API failed" : said);
}

interface Denied {
  readonly tool: string;
  readonly about: string;
}

function deniedIn(result: Fields): readonly Denied[] {
  return listOf(result["permission_denials"])
    .map(fieldsOf)
    .map((denial) => ({
      tool: textIn(denial, "tool_name"),
      about: brief(aboutIn(fieldsOf(denial["tool_input"])), 60),
    }));
}

function deniedTold(denied: readonly Denied[]): string {
  const each = [...new Set(denied.map(({ tool, about }) => (about === "" ? tool : `${tool} (${about})`)))];
  const shown = each.slice(0, 3).join(", ");
  const more = each.length > 3 ? ` and ${each.length - 3} more` : "";
  const tools = [...new Set(denied.map(({ tool }) => `"${tool}"`))].join(", ");
  return `It was not allowed ${shown}${more}. \`allowed_tools: [${tools}]\` of the agent allows it; \`denials: "ignore"\` takes its answer all the same.`;
}
