// Settings of what a file declares beside tasks and flows: limits, runners and agents, whatever their kinds.

import { atMost, field, isRecord, positive, type SettingRow, type SettingTable } from "./setting-rows.ts";
import { intType, listOf, optional, scalar, stringType } from "./type-ops.ts";
import type { Type, Value } from "./types.ts";

function fixed(example: string, types: readonly Type[], judge?: SettingRow["judge"]): SettingRow {
  return { kind: { kind: "fixed", types }, example, ...(judge === undefined ? {} : { judge }) };
}

function rate(example: string): SettingRow {
  return { kind: { kind: "rate" }, example };
}

// Limits

function slotsJudge(value: Value): string | null {
  if (!Array.isArray(value)) return null;
  if (value.length === 0) return "without a slot nothing could ever run";
  const twice = value.find((slot, at) => value.indexOf(slot) !== at);
  return twice === undefined ? null : `${JSON.stringify(twice)} is there twice`;
}

/** Settings of a `limit` that bound something. */
export const amounts: readonly string[] = ["requests", "tokens", "concurrent", "slots"];

export const limitSettings: SettingTable = {
  requests: rate("requests: 100 per 1m"),
  tokens: rate("tokens: 100_000 per 1m"),
  concurrent: fixed("concurrent: 4", [intType], positive("`concurrent`")),
  slots: fixed('slots: ["http://localhost:8081"]', [listOf(stringType)], slotsJudge),
  reserve: fixed("reserve: 10%", [scalar("percent")], atMost("what is kept back", 100, "100%")),
};

// Runners

function instancesJudge(value: Value): string | null {
  if (typeof value === "number") return value < 1 ? "without an instance nothing could ever run" : null;
  if (!isRecord(value)) return null;
  const { min, max } = value;
  if (typeof max === "number" && max < 1) return "without an instance nothing could ever run";
  if (typeof min === "number" && min < 0) return "`min` cannot be negative";
  return typeof min === "number" && typeof max === "number" && min > max
    ? `\`min\` is ${min}, which is more than \`max\``
    : null;
}

const instancesType: Type = {
  kind: "record",
  fields: [field("min", optional(intType)), field("max", intType)],
};

/** Of the runner itself, whatever makes its instances. */
export const runnerSettings: SettingTable = {
  instances: fixed("instances: 30", [intType, instancesType], instancesJudge),
  spawn: rate("spawn: 30 per 1m"),
  reuse: fixed("reuse: 10", [intType], positive("`reuse`")),
};

// Agents

/** Of the agent itself, whatever program it is. */
export const agentSettings: SettingTable = {
  env: { kind: { kind: "env" }, example: 'env: { API_KEY: secret("API_KEY") }' },
  budget: fixed("budget: 5USD", [scalar("money")], positive("a budget")),
  proxy: { kind: { kind: "proxy" }, example: "proxy: anthropic" },
};
