// Which settings there are, of what type, and which of them this version of flowc can carry out.

import {
  field,
  isRecord,
  notNegative,
  positive,
  type SettingRow,
  type SettingTable,
} from "./setting-rows.ts";
import { agentSettings, limitSettings, runnerSettings } from "./settings-places.ts";
import { floatType, intType, listOf, optional, scalar, stringType } from "./type-ops.ts";
import type { Type, Value } from "./types.ts";

/** What a block of settings belongs to. `with` may override those of tasks. */
export type SettingOwner =
  | "task"
  | "with"
  | "flow"
  | "phase"
  | "for"
  | "if"
  | "repeat"
  | "approve"
  | "handler"
  | "limit"
  | "runner"
  | "agent";

const duration = scalar("duration");
const size = scalar("size");

/** `retry` as a record; all but `times` may be left out. */
export const retryType: Type = {
  kind: "record",
  fields: [
    field("times", intType),
    field("backoff", optional(duration)),
    field("factor", optional(floatType)),
    field("max", optional(duration)),
    field(
      "on",
      optional(listOf({ kind: "union", members: ["exit", "timeout", "invalid", "writes", "conflict"] })),
    ),
  ],
};

export const effects = ["pure", "idempotent", "once"];

function exitCode(value: Value): string | null {
  if (!Array.isArray(value)) return null;
  if (value.length === 0) return "with no exit code at all, no attempt could succeed";
  const bad = value.find((code) => typeof code === "number" && (code < 0 || code > 255));
  return bad === undefined ? null : `an exit code is between 0 and 255, not ${bad}`;
}

/** What makes a policy of repeats meaningless. */
function retryProblem(value: Value): string | null {
  const negative = notNegative("the number of repeats")(value);
  if (negative !== null || !isRecord(value)) return negative;
  const { backoff, factor, max, on } = value;
  if (typeof backoff === "number" && backoff < 0) return "`backoff` cannot be negative";
  if (typeof factor === "number" && factor < 1) return "`factor` is at least 1: waits do not get shorter";
  if (typeof max === "number" && max < (typeof backoff === "number" ? backoff : 1))
    return "`max` is shorter than the first wait";
  return Array.isArray(on) && on.length === 0 ? "with no reason in `on`, nothing would be repeated" : null;
}

export const priorities = ["low", "normal", "high"];

function amount(name: string, example: string, types: readonly Type[]): SettingRow {
  return { kind: { kind: "fixed", types }, example, judge: notNegative(`\`${name}\``) };
}

const needs: SettingTable = {
  cpu: amount("cpu", "cpu: 2", [floatType]),
  memory: amount("memory", "memory: 4GB", [size]),
  disk: amount("disk", "disk: 10GB", [size]),
};

/** Names and chains of owners grow with each call: what is deeper than this is a loop that was meant otherwise. */
const depthMax = 1000;

function depth(value: Value): string | null {
  if (typeof value !== "number") return null;
  if (value < 1) return "`depth` counts the first call too, so it is at least 1";
  return value > depthMax ? `no flow may go deeper than ${depthMax} calls` : null;
}

/** Money alone, or with a bound on tokens. */
const budgetType: Type = {
  kind: "record",
  fields: [field("cost", optional(scalar("money"))), field("tokens", optional(intType))],
};

const budget: SettingRow = {
  kind: { kind: "value", types: [scalar("money"), budgetType] },
  example: "budget: 20USD",
  judge: budgetProblem,
};

function budgetProblem(value: Value): string | null {
  if (!isRecord(value)) return positive("a budget")(value);
  const amounts = [value["cost"] ?? null, value["tokens"] ?? null].filter((one) => one !== null);
  if (amounts.length === 0) return "it bounds neither `cost` nor `tokens`";
  return amounts.some((one) => typeof one === "number" && one <= 0) ? "a budget must be more than 0" : null;
}

const task: SettingTable = {
  runner: { kind: { kind: "place", place: "runner" }, example: "runner: local" },
  agent: { kind: { kind: "place", place: "agent" }, example: "agent: coder" },
  timeout: {
    kind: { kind: "value", types: [duration] },
    example: "timeout: 10m",
    judge: positive("a timeout"),
  },
  stall: {
    kind: { kind: "value", types: [duration] },
    example: "stall: 5m",
    judge: positive("`stall`"),
  },
  exit_codes: {
    kind: { kind: "fixed", types: [listOf(intType), { kind: "union", members: ["any"] }] },
    example: "exit_codes: [0, 1]",
    judge: exitCode,
  },
  retry: {
    kind: { kind: "fixed", types: [intType, retryType] },
    example: "retry: 3",
    judge: retryProblem,
  },
  effect: {
    kind: { kind: "fixed", types: [{ kind: "union", members: effects }] },
    example: 'effect: "pure"',
  },
  cache: { kind: { kind: "cache" }, example: "cache: true" },
  reads: { kind: { kind: "value", types: [listOf(stringType)] }, example: 'reads: ["src/**"]' },
  writes: { kind: { kind: "value", types: [listOf(stringType)] }, example: 'writes: ["dist/**"]' },
  workspace: { kind: { kind: "workspace" }, example: 'workspace: "scratch"' },
  env: { kind: { kind: "env" }, example: 'env: { MODE: "fast" }' },
  uses: { kind: { kind: "uses" }, example: "uses: [database]" },
  needs: { kind: { kind: "record", fields: needs }, example: "needs: { cpu: 2, memory: 4GB }" },
  priority: {
    kind: { kind: "fixed", types: [{ kind: "union", members: priorities }] },
    example: 'priority: "high"',
  },
  affinity: {
    kind: { kind: "value", types: [stringType] },
    example: "affinity: crate.name",
  },
  session: { kind: { kind: "session" }, example: "session: change" },
  undo: { kind: { kind: "command" }, example: 'undo: "rm -rf dist"' },
  budget,
};

const deadline: SettingRow = {
  kind: { kind: "value", types: [duration] },
  example: "deadline: 2h",
  judge: positive("a deadline"),
};

const flow: SettingTable = {
  deadline,
  budget,
  depth: { kind: { kind: "fixed", types: [intType] }, example: "depth: 5", judge: depth },
};

const loop: SettingTable = {
  parallel: {
    kind: { kind: "value", types: [intType] },
    example: "parallel: 4",
    judge: positive("`parallel`"),
  },
  max: { kind: { kind: "value", types: [intType] }, example: "max: 200", judge: positive("`max`") },
  tolerate: {
    kind: { kind: "value", types: [intType, scalar("percent")] },
    example: "tolerate: 30%",
    judge: notNegative("what is tolerated"),
  },
  enough: {
    kind: { kind: "value", types: [intType] },
    example: "enough: 1",
    judge: positive("`enough`"),
  },
};

const none: SettingTable = {};

function namesSomebody(value: Value): string | null {
  return value === "" ? "it names nobody" : null;
}

const tables: Readonly<Record<SettingOwner, SettingTable>> = {
  task,
  with: task,
  flow,
  phase: {
    deadline,
    budget,
  },
  for: loop,
  if: none,
  repeat: none,
  approve: {
    by: { kind: { kind: "value", types: [stringType] }, example: 'by: "lead"', judge: namesSomebody },
    within: {
      kind: { kind: "value", types: [duration] },
      example: "within: 2d",
      judge: positive("the time to answer in"),
    },
  },
  handler: none,
  limit: limitSettings,
  runner: runnerSettings,
  agent: agentSettings,
};

export function settingsOf(owner: SettingOwner): SettingTable {
  return tables[owner];
}

/** Where else a setting of this name belongs, in words; null if nowhere. */
export function ownerOf(name: string): string | null {
  for (const owner of ["task", "for", "flow", "limit", "runner", "agent"] as const)
    if (Object.hasOwn(tables[owner], name))
      return owner === "for" ? "a `for`" : `${owner === "agent" ? "an" : "a"} ${owner}`;
  return null;
}

/** How the owner is called in messages. */
export function ownerWords(owner: SettingOwner): string {
  if (owner === "with" || owner === "task") return "a task";
  if (owner === "agent") return "an agent";
  if (owner === "handler") return "a handler";
  const keyword = owner === "for" || owner === "if" || owner === "repeat" || owner === "approve";
  return keyword ? `\`${owner}\`` : `a ${owner}`;
}
