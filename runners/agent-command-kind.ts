// What can be told of the agent kind `command` without starting anything: its settings.

import type { AgentFacts } from "../runtime/agent.ts";

export const commandAgentFacts: AgentFacts = {
  kind: "command",
  settingsSchema: {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    type: "object",
    properties: {
      run: {
        type: "array",
        items: { type: "string" },
        minItems: 1,
        description: "The program and its arguments. The prompt is its standard input.",
        examples: [["./agent.py"]],
      },
    },
    required: ["run"],
    additionalProperties: false,
  },
  install: "It is named by `run` of the agent: a path from where the task works, or a program on its PATH.",
};
