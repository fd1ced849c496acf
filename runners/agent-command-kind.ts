// What can be told of the agent kind `command` without starting anything: its settings.

import type { AgentFacts } from "../runtime/agent.ts";
import { fieldsOf } from "./agent-lines.ts";

export const commandAgentFacts: AgentFacts = {
  kind: "command",
  api: ({ api }) => {
    const { url, key } = fieldsOf(api);
    if (typeof url !== "string") return null;
    return { url, usual: null, keys: typeof key === "string" ? [key] : [] };
  },
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
      api: {
        type: "object",
        properties: {
          url: {
            type: "string",
            minLength: 1,
            description: "The variable of its `env` that says where it finds its model's API.",
            examples: ["MODEL_URL"],
          },
          key: {
            type: "string",
            minLength: 1,
            description: "The variable with the key for it.",
            examples: ["MODEL_KEY"],
          },
        },
        required: ["url"],
        additionalProperties: false,
        description: "How it is told where its model's API is, for `proxy` of the agent.",
        examples: [{ url: "MODEL_URL", key: "MODEL_KEY" }],
      },
    },
    required: ["run"],
    additionalProperties: false,
  },
  install: "It is named by `run` of the agent: a path from where the task works, or a program on its PATH.",
};
