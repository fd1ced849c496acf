// Which settings there are, of what type, and which of them this version of flowc can carry out.

import { floatType, intType, listOf, optional, scalar, stringType } from "./type-ops.ts";
import type { FieldType, Type, Value } from "./types.ts";

/** What a block of settings belongs to. `with` may override those of tasks. */
export type SettingOwner = "task" | "with" | "flow" | "phase" | "for" | "if" | "repeat";

export type SettingKind =
  /** A value of a type, which may depend on the run. */
  | { readonly kind: "value"; readonly types: readonly Type[] }
  /** A value that must be known from the text. */
  | { readonly kind: "fixed"; readonly types: readonly Type[] }
  | { readonly kind: "env" }
  | { readonly kind: "runner" }
  /** Part of the language, not of this version. */
  | { readonly kind: "later" };

export interface SettingRow {
  readonly kind: SettingKind;
  /** As it is written, for hints. */
  readonly example: string;
  /** What is wrong with a value of the right type, or null. */
  readonly judge?: (value: Value) => string | null;
}

function field(name: string, type: Type): FieldType {
  return { name, type, doc: null, early: false };
}

const duration = scalar("duration");

/** `retry` as a record; all but `times` may be left out. */
export const retryType: Type = {
  kind: "record",
  fields: [
    field("times", intType),
    field("backoff", optional(duration)),
    field("factor", optional(floatType)),
    field("max", optional(duration)),
    field("on", optional(listOf({ kind: "union", members: ["exit", "timeout", "invalid"] }))),
  ],
};

export const effects = ["pure", "idempotent", "once"];

const later: SettingKind = { kind: "later" };

function positive(what: string) {
  return (value: Value): string | null =>
    typeof value === "number" && value <= 0 ? `${what} must be more than 0` : null;
}

function notNegative(what: string) {
  return (value: Value): string | null => {
    const times = typeof value === "number" ? value : isRecord(value) ? value["times"] : null;
    return typeof times === "number" && times < 0 ? `${what} cannot be negative` : null;
  };
}

function isRecord(value: Value): value is { readonly [key: string]: Value } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function exitCode(value: Value): string | null {
  if (!Array.isArray(value)) return null;
  if (value.length === 0) return "with no exit code at all, no attempt could succeed";
  const bad = value.find((code) => typeof code === "number" && (code < 0 || code > 255));
  return bad === undefined ? null : `an exit code is between 0 and 255, not ${bad}`;
}

const task: Readonly<Record<string, SettingRow>> = {
  runner: { kind: { kind: "runner" }, example: "runner: local" },
  agent: { kind: later, example: "agent: coder" },
  timeout: {
    kind: { kind: "value", types: [duration] },
    example: "timeout: 10m",
    judge: positive("a timeout"),
  },
  stall: { kind: later, example: "stall: 5m" },
  exit_codes: {
    kind: { kind: "fixed", types: [listOf(intType), { kind: "union", members: ["any"] }] },
    example: "exit_codes: [0, 1]",
    judge: exitCode,
  },
  retry: {
    kind: { kind: "fixed", types: [intType, retryType] },
    example: "retry: 3",
    judge: notNegative("the number of repeats"),
  },
  effect: {
    kind: { kind: "fixed", types: [{ kind: "union", members: effects }] },
    example: 'effect: "pure"',
  },
  cache: { kind: later, example: "cache: true" },
  reads: { kind: { kind: "value", types: [listOf(stringType)] }, example: 'reads: ["src/**"]' },
  writes: { kind: later, example: 'writes: ["dist/**"]' },
  workspace: { kind: later, example: 'workspace: "scratch"' },
  env: { kind: { kind: "env" }, example: 'env: { MODE: "fast" }' },
  uses: { kind: later, example: "uses: [database]" },
  needs: { kind: later, example: "needs: { cpu: 2 }" },
  priority: { kind: later, example: 'priority: "high"' },
  affinity: { kind: later, example: "affinity: crate.name" },
  session: { kind: later, example: "session: change" },
  undo: { kind: later, example: 'undo: "rm -rf dist"' },
};

const flow: Readonly<Record<string, SettingRow>> = {
  deadline: { kind: later, example: "deadline: 2h" },
  budget: { kind: later, example: "budget: 20USD" },
  depth: { kind: later, example: "depth: 5" },
};

const loop: Readonly<Record<string, SettingRow>> = {
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

const none: Readonly<Record<string, SettingRow>> = {};

const tables: Readonly<Record<SettingOwner, Readonly<Record<string, SettingRow>>>> = {
  task,
  with: task,
  flow,
  phase: {
    deadline: { kind: later, example: "deadline: 2h" },
    budget: { kind: later, example: "budget: 20USD" },
  },
  for: loop,
  if: none,
  repeat: none,
};

export function settingRow(owner: SettingOwner, name: string): SettingRow | null {
  const table = tables[owner];
  return Object.hasOwn(table, name) ? (table[name] ?? null) : null;
}

export function settingNames(owner: SettingOwner): readonly string[] {
  return Object.keys(tables[owner]);
}

/** Where else a setting of this name belongs, in words; null if nowhere. */
export function ownerOf(name: string): string | null {
  for (const owner of ["task", "for", "flow"] as const)
    if (settingRow(owner, name) !== null) return owner === "for" ? "a `for`" : `a ${owner}`;
  return null;
}

/** How the owner is called in messages. */
export function ownerWords(owner: SettingOwner): string {
  if (owner === "with" || owner === "task") return "a task";
  return owner === "for" || owner === "if" || owner === "repeat" ? `\`${owner}\`` : `a ${owner}`;
}
