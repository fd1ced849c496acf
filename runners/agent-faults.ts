// What can go wrong between an agent and its model, in the same words for each kind.

import type { AgentEnd, AgentFault, AgentRequest } from "../runtime/agent.ts";
import type { Exit } from "../runtime/runner.ts";
import { brief, sentence, textIn } from "./agent-lines.ts";

export function failed(fault: AgentFault, message: string): AgentEnd {
  return { kind: "failed", fault, message: sentence(message) };
}

/** It did not end by itself, or never began; null: it did. */
export function cutOff(exit: Exit): AgentEnd | null {
  if (exit.kind === "lost") return { kind: "lost", message: exit.message };
  return exit.kind === "not-started" ? failed("other", exit.message) : null;
}

/** `afterMs`: null if it was not said. */
export function limited(afterMs: number | null): AgentEnd {
  return { kind: "limited", message: "The model's API asks for patience (429).", afterMs };
}

export function noModel({ settings }: AgentRequest): AgentEnd {
  const model = textIn(settings, "model");
  const named = model === "" ? "that it might use" : `\`${model}\``;
  return failed("model", `There is no model ${named}, or its key may not use it (\`model\` of the agent)`);
}

export function promptTooLong(): AgentEnd {
  return failed(
    "prompt",
    "The prompt is too long for the model. Pass what is large as a file, and let it read that",
  );
}

export function schemaRefused(said: string): AgentEnd {
  return failed("schema", `The model's API does not take the answer's JSON Schema: ${brief(said, 300)}`);
}

/** How the agent is given the key that it looks for in this variable. */
export function keyGiven(variable: string): string {
  return `\`env: { ${variable}: secret("${variable}") }\` of the agent gives it one.`;
}

/** `said`: why, if that is known. */
export function wrongKey(variable: string, said = ""): AgentEnd {
  const why = said === "" ? "" : `: ${said}`;
  return failed("key", `The model's API does not take its key${why}. ${keyGiven(variable)}`);
}

export function sessionUnknown(program: string, { session }: AgentRequest): AgentEnd {
  return failed("session", `${program} knows no session ${session.id}`);
}

export function apiFailed(said: string): AgentEnd {
  return { kind: "lost", message: sentence(`The model's API failed: ${brief(said, 200)}`) };
}
