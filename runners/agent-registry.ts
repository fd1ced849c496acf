// Kinds of agents: built in or brought by a package `flowc-agent-NAME`, found as runners are and loaded when asked for.

import type { AgentFacts, AgentKind } from "../runtime/agent.ts";
import { claudeAgentFacts } from "./agent-claude-kind.ts";
import { codexAgentFacts } from "./agent-codex-kind.ts";
import { commandAgentFacts } from "./agent-command-kind.ts";
import { geminiAgentFacts } from "./agent-gemini-kind.ts";
import { type Kinds, openKinds } from "./kinds.ts";
import { exportOf, fieldOf, type Known, loadFrom, messageOf, type Problem } from "./registry-packages.ts";

export type AgentRegistry = Kinds<AgentFacts, AgentKind>;

/** What `flowc check` reads of a kind is small, and stands by itself. */
export const builtInAgents: readonly Known<AgentFacts, AgentKind>[] = [
  { facts: claudeAgentFacts, open: async () => (await import("./agent-claude.ts")).claudeAgent },
  { facts: codexAgentFacts, open: async () => (await import("./agent-codex.ts")).codexAgent },
  { facts: geminiAgentFacts, open: async () => (await import("./agent-gemini.ts")).geminiAgent },
  { facts: commandAgentFacts, open: async () => (await import("./agent-command.ts")).commandAgent },
];

const packagePrefix = "flowc-agent-";

/** The kinds of agents that a project can use; `folders` as for runners. */
export function openAgentRegistry(folders: readonly string[], known = builtInAgents): AgentRegistry {
  return openKinds({
    ...{ sort: "agent", packagePrefix, folders, known },
    load: (kind, name) => loadFrom(name, folders, (exported) => agentIn(exported, kind, name)),
  });
}

/** The export `agent`, if it is what the contract asks for. */
function agentIn(exported: unknown, kind: string, name: string): Known<AgentFacts, AgentKind> | Problem {
  const given = exportOf(exported, "agent", name);
  if ("problem" in given) return given;
  const agent = given.found;
  const wrong = wrongIn(agent, kind);
  if (wrong !== null || !isAgent(agent, kind))
    return {
      problem: `The package \`${name}\` exports an \`agent\` that is none: ${wrong ?? "it is no object"}.`,
    };
  const told = guarded(agent, name);
  return { facts: told, open: async () => told };
}

function isAgent(value: unknown, kind: string): value is AgentKind {
  return wrongIn(value, kind) === null;
}

/** What it lacks, as a clause. */
function wrongIn(agent: unknown, kind: string): string | null {
  if (typeof agent !== "object" || agent === null) return "it is no object";
  const said = fieldOf(agent, "kind");
  if (said !== kind) return `its \`kind\` is ${JSON.stringify(said) ?? "missing"}, and not "${kind}"`;
  const schema = fieldOf(agent, "settingsSchema");
  if (typeof schema !== "object" || schema === null) return "its `settingsSchema` is no JSON Schema";
  if (typeof fieldOf(agent, "install") !== "string") return "its `install` is no sentence";
  const missing = ["command", "reader"].filter((each) => typeof fieldOf(agent, each) !== "function");
  return missing.length === 0 ? null : `it has no function ${missing.map((one) => `\`${one}\``).join(", ")}`;
}

/** What a third party's agent throws is told as the package's. */
function guarded(agent: AgentKind, name: string): AgentKind {
  const told = <T>(what: string, work: () => T): T => {
    try {
      return work();
    } catch (error) {
      throw new Error(`The package \`${name}\` failed in \`${what}\`: ${messageOf(error)}`);
    }
  };
  const { kind, settingsSchema, install, tellsCost = true } = agent;
  return {
    kind,
    settingsSchema,
    install,
    tellsCost,
    command: (request) => told("command", () => agent.command(request)),
    reader: (request) => {
      const reader = told("reader", () => agent.reader(request));
      return {
        line: (text) => told("line", () => reader.line(text)),
        end: (exit, errors) => told("end", () => reader.end(exit, errors)),
      };
    },
  };
}
