// What can be told of the agent kind `gemini` without starting it: its settings.

import type { AgentFacts } from "../runtime/agent.ts";
import { homeSetting, installedBy, modelSetting, pathSetting, roleSetting } from "./agent-settings.ts";

export const geminiAgentFacts: AgentFacts = {
  kind: "gemini",
  tellsCost: false,
  install: installedBy("the Gemini CLI", "@google/gemini-cli"),
  settingsSchema: {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    type: "object",
    properties: {
      model: modelSetting("gemini-2.5-pro"),
      role: roleSetting("What it is told before the prompt of a new session."),
      approval: {
        enum: ["default", "auto_edit", "yolo", "plan"],
        default: "auto_edit",
        description:
          "What it may do, as Gemini names it: `auto_edit`, by default, changes files and runs nothing.",
      },
      home: homeSetting(
        "Where its folder `.gemini` stands, with settings and sessions",
        "Its user's home",
        "/var/lib/gemini",
      ),
      path: pathSetting("gemini"),
    },
    additionalProperties: false,
  },
};
