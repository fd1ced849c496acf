// What can be told of the coding agents without starting any: their settings, and how to get them.

import type { AgentFacts } from "../runtime/agent.ts";
import type { JsonSchema } from "../runtime/runner.ts";

const text = (description: string, example: string): JsonSchema => ({
  type: "string",
  minLength: 1,
  description,
  examples: [example],
});

const tools = (description: string): JsonSchema => ({
  type: "array",
  items: { type: "string", minLength: 1 },
  description,
  examples: [["Read", "Edit"]],
});

/** What any of them may be told. */
const told: Readonly<Record<string, JsonSchema>> = {
  model: text("Name of the model.", "sonnet"),
  role: text("Who it is, put before its own instructions.", "You review changes."),
  max_turns: { type: "integer", minimum: 1, description: "How many turns it may take.", examples: [50] },
  allowed_tools: tools("Tools that it may use without being asked."),
  denied_tools: tools("Tools that it may not use."),
  path: text("Its program, if that is not on the PATH.", "/opt/agent/bin/agent"),
  project_settings: {
    type: "boolean",
    description: "Whether the project's own commands and settings count.",
    examples: [true],
  },
};

function facts(kind: string, install: string, more: Readonly<Record<string, JsonSchema>>): AgentFacts {
  return {
    kind,
    settingsSchema: {
      $schema: "https://json-schema.org/draft/2020-12/schema",
      type: "object",
      properties: { ...told, ...more },
      additionalProperties: false,
    },
    install,
  };
}

export const codingKinds: readonly AgentFacts[] = [
  facts("claude", "Get it by: npm install -g @anthropic-ai/claude-code", {
    permission_mode: text("What it may do without being asked.", "acceptEdits"),
    mcp_servers: text("A file that says which MCP servers it has.", "mcp.json"),
  }),
  facts("codex", "Get it by: npm install -g @openai/codex", {
    sandbox: text("What its commands may touch.", "workspace-write"),
  }),
  facts("gemini", "Get it by: npm install -g @google/gemini-cli", {}),
];
