// What can be told of the agent kind `codex` without starting it: its settings.

import type { AgentFacts } from "../runtime/agent.ts";
import { homeSetting, installedBy, modelSetting, pathSetting, roleSetting } from "./agent-settings.ts";

export const codexAgentFacts: AgentFacts = {
  kind: "codex",
  tellsCost: false,
  install: installedBy("Codex", "@openai/codex"),
  settingsSchema: {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    type: "object",
    properties: {
      model: modelSetting("gpt-5"),
      effort: { enum: ["minimal", "low", "medium", "high", "xhigh"], description: "How long it thinks." },
      role: roleSetting("What it is told before the prompt of a new session."),
      sandbox: {
        enum: ["read-only", "workspace-write", "danger-full-access"],
        default: "workspace-write",
        description: "What its commands may do, as Codex names it.",
      },
      config: {
        type: "object",
        additionalProperties: { type: ["string", "number", "boolean"] },
        description: "Further settings of its own, by their dotted names.",
        examples: [{ "sandbox_workspace_write.network_access": true }],
      },
      home: homeSetting("Where it keeps settings and sessions", "`~/.codex`", "/var/lib/codex"),
      path: pathSetting("codex"),
    },
    additionalProperties: false,
  },
};
