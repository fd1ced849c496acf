// What can be told of the agent kind `claude` without starting it: its settings.

import type { AgentFacts } from "../runtime/agent.ts";
import { homeSetting, installedBy, modelSetting, pathSetting, roleSetting } from "./agent-settings.ts";

const texts = { type: "array", items: { type: "string", minLength: 1 } };

/** What Claude Code may do without being asked. */
export const permissionModes = ["acceptEdits", "auto", "bypassPermissions", "default", "dontAsk", "plan"];

export const claudeAgentFacts: AgentFacts = {
  kind: "claude",
  install: installedBy("Claude Code", "@anthropic-ai/claude-code"),
  api: () => ({
    url: "ANTHROPIC_BASE_URL",
    usual: "https://api.anthropic.com",
    keys: ["ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"],
  }),
  settingsSchema: {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    type: "object",
    properties: {
      model: modelSetting("sonnet"),
      effort: { enum: ["low", "medium", "high", "xhigh", "max"], description: "How long it thinks." },
      role: roleSetting("What it is told beside its own system prompt."),
      role_file: {
        type: "string",
        minLength: 1,
        description: "A file with its role: a path from where the task works.",
        examples: ["roles/reviewer.md"],
      },
      tools: {
        ...texts,
        description: "The tools of its own that it has. All by default.",
        examples: [["Read", "Grep"]],
      },
      allowed_tools: {
        ...texts,
        description: "Tools that it may use without being asked.",
        examples: [["Bash(git *)", "WebFetch"]],
      },
      denied_tools: { ...texts, description: "Tools that it must not use.", examples: [["WebSearch"]] },
      permission_mode: {
        enum: permissionModes,
        default: "acceptEdits",
        description:
          "What it may do beside that, as Claude Code names it: `acceptEdits`, by default, changes files and runs nothing that is not allowed.",
      },
      denials: {
        enum: ["fail", "ignore"],
        default: "fail",
        description: "Has it failed when it was not allowed something, and ended well all the same?",
      },
      mcp_servers: {
        type: "object",
        additionalProperties: { type: "object" },
        description:
          "MCP servers, as Claude Code writes them. No others are started, except with `project_settings`.",
        examples: [{ tracker: { command: "node", args: ["tracker.mjs"] } }],
      },
      max_turns: {
        type: "integer",
        minimum: 1,
        description: "So often it may ask its model.",
        examples: [50],
      },
      project_settings: {
        type: "boolean",
        default: false,
        description:
          "Do the commands, settings, hooks and CLAUDE.md of the project count? A prompt that is a command of the project needs it.",
      },
      warm: {
        type: "boolean",
        default: true,
        description:
          "Does its process stay in an instance that serves several nodes, and forget between them what was said?",
      },
      home: homeSetting("Where it keeps settings and sessions", "`~/.claude`", "/var/lib/claude"),
      path: pathSetting("claude"),
    },
    additionalProperties: false,
  },
};
