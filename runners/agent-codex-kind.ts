// What can be told of the agent kind `codex` without starting it: its settings.

import type { AgentFacts } from "../runtime/agent.ts";

export const codexAgentFacts: AgentFacts = {
  kind: "codex",
  install:
    "It is Codex: `npm install -g @openai/codex` installs it; `path` of the agent names it where it is not on the PATH.",
  settingsSchema: {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    type: "object",
    properties: {
      model: {
        type: "string",
        minLength: 1,
        description: "Of its own choice, if not said.",
        examples: ["gpt-5"],
      },
      effort: { enum: ["minimal", "low", "medium", "high", "xhigh"], description: "How long it thinks." },
      role: {
        type: "string",
        minLength: 1,
        description: "What it is told before the prompt of a new session.",
        examples: ["You review code. You never change it."],
      },
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
      home: {
        type: "string",
        minLength: 1,
        description:
          "Where it keeps settings and sessions: an absolute path, as the agent sees it. `~/.codex` by default.",
        examples: ["/var/lib/codex"],
      },
      path: {
        type: "string",
        minLength: 1,
        default: "codex",
        description: "Its program.",
        examples: ["/opt/codex/bin/codex"],
      },
    },
    additionalProperties: false,
  },
};
