// The fingerprint of a node's work: a hash of all that can change its answer, and the parts that it is made of.

import { hash } from "node:crypto";
import type { Expr } from "../compiler/plan-expr.ts";
import type { TaskPlan } from "../compiler/plan-tasks.ts";
import type { Type, TypeTable, Value } from "../compiler/types.ts";
import type { NodeSettings } from "./decide-args.ts";
import { evaluate, paramScope } from "./evaluate.ts";
import { type FileAccess, ValueError } from "./values.ts";

/** Raised when what follows would make another hash of the same work: what was kept before is then not found. */
const version = 1;

/** What a fingerprint is made of: a part's name, as people know it, and its text, or of a long one the hash. */
export type Parts = readonly (readonly [name: string, text: string])[];

export interface Print {
  /** SHA-256 in hex. */
  readonly hash: string;
  readonly parts: Parts;
}

/** The work of a node: what it is to do, with which values. */
export interface Work {
  readonly task: TaskPlan;
  readonly values: readonly Value[];
  readonly settings: Pick<NodeSettings, "runner" | "exitCodes" | "reads" | "env" | "asked">;
  /** What stands in place of the values. */
  readonly keys: readonly Value[] | null;
  readonly types: TypeTable;
  readonly files: FileAccess;
}

export function printOf(parts: Parts): Print {
  return { hash: sha(JSON.stringify([version, parts])), parts };
}

/**
 * What of the work is known without a look at the project: the task as it is carried out, its values and its settings; not
 * how long it may take or how often it is tried, and of a secret only the name. Null if it looks at files by a pattern that
 * only the work itself knows; `beforehand`: such a look is left out.
 */
export function partsOf(work: Work, beforehand = false): Parts | null {
  const { task, values, settings, keys, types } = work;
  const parts: [string, string][] = [["task", taskHash(task, types)]];
  if (keys === null)
    for (const [i, { name }] of task.params.entries())
      parts.push([`input ${name}`, short(JSON.stringify(values[i] ?? null))]);
  else for (const [i, key] of keys.entries()) parts.push([`key ${i + 1}`, short(JSON.stringify(key))]);
  const looks = looksOf(task);
  if (looks.late && !beforehand) return null;
  for (const [kind, path] of looks.literals) {
    const seen = attempted(() => work.files.literal(kind, path).sha256);
    parts.push([`${kind} ${path}`, seen ?? "absent"]);
  }
  for (const expr of looks.searches) {
    if (isLate(expr)) continue;
    const found = attempted(() => evaluate(expr, paramScope(values, types, work.files)));
    if (found === null && !beforehand) return null;
    parts.push([`files by \`glob\``, short(JSON.stringify(found))]);
  }
  if (settings.exitCodes === "any" || settings.exitCodes.join() !== "0")
    parts.push(["exit_codes", JSON.stringify(settings.exitCodes)]);
  for (const entry of settings.env)
    parts.push([
      `env ${entry.name}`,
      short(
        "slot" in entry
          ? `slot of ${entry.slot}`
          : "text" in entry
            ? JSON.stringify(entry.text)
            : `secret ${entry.secret}`,
      ),
    ]);
  if (settings.asked !== null) {
    const { kind, settings: told } = settings.asked;
    parts.push(["agent", short(JSON.stringify([kind, told]))]);
  }
  if (settings.reads !== null) parts.push(["reads", short(JSON.stringify(settings.reads))]);
  return parts;
}

/** Values so short are kept as they are, for people to compare. */
const shortMax = 60;

function short(text: string): string {
  return text.length <= shortMax ? text : `#${sha(text)}`;
}

function sha(text: string): string {
  return hash("sha256", text);
}

function attempted<T>(look: () => T): T | null {
  try {
    return look();
  } catch (error) {
    if (error instanceof ValueError) return null;
    throw error;
  }
}

// The task

const taskHashes = new WeakMap<TaskPlan, string>();

/** Of what the task does and gives, with the types it mentions; not of its name, nor of what is said to people. */
function taskHash(task: TaskPlan, types: TypeTable): string {
  const known = taskHashes.get(task);
  if (known !== undefined) return known;
  const { action, result, params, answer } = task;
  const body = JSON.stringify([
    action,
    result,
    params.map(({ name, type }) => [name, plainType(type)]),
    answer === null ? null : plainType(answer),
  ]);
  const made = sha(JSON.stringify([body, [...typesIn(body, types)].sort()]));
  taskHashes.set(task, made);
  return made;
}

/** Named types that a text of JSON mentions, also through each other, each as a text. */
function typesIn(body: string, types: TypeTable): Set<string> {
  const found = new Map<string, string>();
  const look = (text: string): void => {
    for (const [, quoted = '""'] of text.matchAll(/"kind":"named","name":("(?:[^"\\]|\\.)*")/g)) {
      const name = String(JSON.parse(quoted));
      const type = Object.hasOwn(types, name) ? types[name] : undefined;
      if (type === undefined || found.has(name)) continue;
      const own = JSON.stringify(plainType(type));
      found.set(name, `${name} ${own}`);
      look(own);
    }
  };
  look(body);
  return new Set(found.values());
}

/** Without what is said to people. */
function plainType(type: Type): unknown {
  if (type.kind === "list" || type.kind === "map" || type.kind === "optional")
    return { kind: type.kind, of: plainType(type.of) };
  if (type.kind === "union") return { kind: "union", members: type.members };
  if (type.kind !== "record") return type;
  return {
    kind: "record",
    fields: type.fields.map((field) => ({ ...field, doc: null, type: plainType(field.type) })),
  };
}

// Files that the task's own expressions look at

interface Looks {
  readonly literals: readonly (readonly ["file" | "dir", string])[];
  readonly searches: readonly Expr[];
  /** A search depends on what the work leaves. */
  readonly late: boolean;
}

const looks = new WeakMap<TaskPlan, Looks>();

function looksOf(task: TaskPlan): Looks {
  const known = looks.get(task);
  if (known !== undefined) return known;
  const literals = new Map<string, readonly ["file" | "dir", string]>();
  const searches: Expr[] = [];
  const look = (value: unknown): void => {
    if (typeof value !== "object" || value === null) return;
    if (isExpr(value)) {
      if (value.k === "file") literals.set(`${value.kind} ${value.path}`, [value.kind, value.path]);
      if (value.k === "lit") return;
      if (value.k === "call" && value.fn === "glob") searches.push(value);
    }
    for (const inner of Object.values(value)) look(inner);
  };
  look([task.action, task.result]);
  const made = { literals: [...literals.values()], searches, late: searches.some(isLate) };
  looks.set(task, made);
  return made;
}

/** Known only when the work is done, or in the middle of another expression. */
function isLate(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  if (isExpr(value)) {
    if (value.k === "env" || value.k === "local") return true;
    if (value.k === "call" && ["file", "files", "dir"].includes(value.fn)) return true;
  }
  return Object.values(value).some(isLate);
}

/** In a task's plan every object with a `k` is an expression, but for values, in which nothing is looked for. */
function isExpr(value: object): value is Expr {
  return "k" in value && typeof value.k === "string";
}
