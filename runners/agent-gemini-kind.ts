// What can be told of the agent kind `gemini` without starting it: its settings.

import type { AgentFacts } from "../runtime/agent.ts";

export const geminiAgentFacts: AgentFacts = {
  kind: "gemini",
  install:
    "It is the Gemini CLI: `npm install -g @google/gemini-cli` installs it; `path` of the agent names it where it is not on the PATH.",
  settingsSchema: {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    type: "object",
    properties: {
      model: {
        type: "string",
        minLength: 1,
        description: "Of its own choice, if not said.",
        examples: ["gemini-2.5-pro"],
      },
      role: {
        type: "string",
        minLength: 1,
        description: "What it is told before the prompt of a new session.",
        examples: ["You review code. You never change it."],
      },
      approval: {
        enum: ["default", "auto_edit", "yolo", "plan"],
        default: "auto_edit",
        description:
          "What it may do, as Gemini names it: `auto_edit`, by default, changes files and runs nothing.",
      },
      home: {
        type: "string",
        minLength: 1,
        description:
          "Where its folder `.gemini` stands, with settings and sessions: an absolute path, as the agent sees it. Its user's home by default.",
        examples: ["/var/lib/gemini"],
      },
      path: {
        type: "string",
        minLength: 1,
        default: "gemini",
        description: "Its program.",
        examples: ["/opt/gemini/bin/gemini"],
      },
    },
    additionalProperties: false,
  },
};
