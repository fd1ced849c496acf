// Lowers tasks: parameters, settings with their defaults, the command, what it gives back.

import type { Action as AstAction, Expr as AstExpr, Flow, RecordExpr, Task, Text } from "../grammar/ast.ts";
import { analyzeShell } from "../grammar/shell.ts";
import type { ShellPart, ShellPiece } from "../grammar/shell-script.ts";
import { isCallOf } from "./check-place-names.ts";
import { byCodePoint } from "./glob.ts";
import { type Draft, fromRoot, newFrame, type Scope, seeGlob } from "./lower-draft.ts";
import { lowerEnv, typed } from "./lower-env.ts";
import { lowerExpr } from "./lower-expression.ts";
import { constantOf } from "./lower-fit.ts";
import { lowerUses } from "./lower-limits.ts";
import { agentName, runnerName } from "./lower-runners.ts";
import { mentionsOutput } from "./lower-uses.ts";
import type { Expr, TypedExpr } from "./plan-expr.ts";
import type {
  Action,
  Command,
  FailureReason,
  ParamSpec,
  RetryPolicy,
  ShellHole,
  TaskPlan,
  TaskSettings,
  WorkspacePlan,
} from "./plan-tasks.ts";
import type { Module } from "./program.ts";
import { named } from "./schema.ts";
import { sha256 } from "./seen.ts";
import { endAnswer, type Type, type Value } from "./types.ts";

export function lowerTask(task: Task, module: Module, draft: Draft): TaskPlan {
  const frame = newFrame(null);
  task.params.forEach((param, i) => {
    frame.slots.set(param, i);
  });
  const scope: Scope = { draft, module, frame, locals: new Map(), bound: 0, hoist: null };
  const answer = task.answer === null ? null : (draft.program.typeOfExpr.get(task.answer) ?? null);
  const result = task.result === null ? null : lowerExpr(task.result, scope, endAnswer(answer));
  return {
    name: draft.program.nameOf.get(task) ?? task.name.text,
    doc: task.doc,
    file: module.path,
    params: calleeParams(task, module, draft),
    answer,
    settings: settingsOf(task, scope),
    action: task.action === null ? null : lowerAction(task.action, scope),
    result,
    readsOutput: mentionsOutput(result),
    text: sha256(syntaxText(task)),
  };
}

/** Who merges may meet a conflict, and a repeat of that is what helps. */
function withConflicts(settings: TaskSettings): TaskSettings {
  const { workspace, retry } = settings;
  if (workspace?.kind !== "worktree" || workspace.into === null || retry.on !== noRetry.on) return settings;
  return { ...settings, retry: { ...retry, on: [...retry.on, "conflict"] } };
}

/** What of the syntax says where something stands, how it was written, or something to people only. */
const unmeaning: ReadonlySet<string> = new Set(["span", "opSpan", "doc", "block", "short"]);

/**
 * The task's syntax as text, without places, comments and parentheses: neither a space nor a word to people makes it
 * another task, nor does a flowc that formats in another style.
 */
function syntaxText(node: unknown): string {
  if (Array.isArray(node)) return `[${node.map(syntaxText).join(",")}]`;
  if (typeof node !== "object" || node === null) return JSON.stringify(node) ?? "null";
  const fields = new Map<string, unknown>(Object.entries(node));
  if (fields.get("kind") === "paren") return syntaxText(fields.get("of"));
  // `5m` and `300s` are one duration.
  if (fields.get("kind") === "number") fields.delete("text");
  const kept = [...fields].filter(([key]) => !unmeaning.has(key)).sort(([a], [b]) => byCodePoint(a, b));
  return `{${kept.map(([key, value]) => `${key}:${syntaxText(value)}`).join(",")}}`;
}

/** Parameters of a task or flow. An optional one may be left out: its default is `none`. */
export function calleeParams(called: Task | Flow, module: Module, draft: Draft): readonly ParamSpec[] {
  const scope: Scope = { draft, module, frame: null, locals: new Map(), bound: 0, hoist: null };
  const { program } = draft;
  return called.params.map((param) => {
    const type: Type = program.typeOfExpr.get(param.type) ?? { kind: "error" };
    const own = { name: param.name.text, type, doc: param.doc };
    if (param.value !== null) return { ...own, default: lowerExpr(param.value, scope, type) };
    return named(type, program.types).kind === "optional" ? { ...own, default: { k: "lit", v: null } } : own;
  });
}

// Actions

function lowerAction(action: AstAction, scope: Scope): Action | null {
  switch (action.kind) {
    case "run":
      return { kind: "run", command: lowerCommand(action.command, scope) };
    case "call": {
      const { text } = action.target;
      const at = text.lastIndexOf("#");
      const file = at === -1 ? text : text.slice(0, at);
      return {
        kind: "call",
        file: fromRoot(scope.module, file),
        export: at === -1 ? "default" : text.slice(at + 1),
      };
    }
    case "ask":
      return { kind: "ask", prompt: lowerExpr(action.prompt, scope, { kind: "string" }) };
  }
}

function lowerCommand(command: AstExpr, scope: Scope): Command {
  if (command.kind === "text") return lowerShell(command, scope);
  const items = command.kind === "list-of" ? command.items : [command];
  return { kind: "argv", items: items.map((item) => typed(item, scope)) };
}

function lowerShell(text: Text, scope: Scope): Command {
  const holes: TypedExpr[] = [];
  const parts = text.parts.map((part): ShellPart => {
    if (part.kind === "chars") return { text: part.text };
    holes.push(typed(part.expr, scope));
    return { hole: holes.length - 1 };
  });
  const script = analyzeShell(parts);
  const placed = (piece: ShellPiece): string | ShellHole => {
    if (typeof piece === "string") return piece;
    const hole = holes[piece.hole] ?? { expr: { k: "lit", v: null }, type: { kind: "none" } };
    return { ...hole, place: piece.place };
  };
  return {
    kind: "shell",
    shell: script.shell,
    pieces: script.pieces.map(placed),
    words: script.words?.map((word) => word.map(placed)) ?? null,
  };
}

// Settings

type Pair = readonly [key: string, value: AstExpr];

function pairsOf(task: Task): readonly Pair[] {
  return [...task.settings, ...task.lateSettings].map(({ key, value }) => [key.text, value]);
}

/** `with { … }`: only what it says. `env` there stands in place of the task's whole `env`. */
export function lowerOverrides(overrides: RecordExpr, scope: Scope): Partial<TaskSettings> {
  return lowerSettings(
    overrides.entries.map(({ key, value }) => [key.text, value]),
    scope,
  );
}

function lowerSettings(pairs: readonly Pair[], scope: Scope): Partial<TaskSettings> {
  return Object.assign({}, ...pairs.map(([key, value]) => lowerSetting(key, value, scope)));
}

function lowerSetting(key: string, value: AstExpr, scope: Scope): Partial<TaskSettings> {
  switch (key) {
    case "timeout":
      return { timeout: lowerExpr(value, scope, { kind: "duration" }) };
    case "retry":
      return { retry: retryPolicy(constantOf(lowerExpr(value, scope))) };
    case "stall":
      return { stall: lowerExpr(value, scope, { kind: "duration" }) };
    case "exit_codes":
      return { exitCodes: exitCodes(constantOf(lowerExpr(value, scope))) };
    case "env":
      return { env: lowerEnv(value, scope) };
    case "reads":
      return { reads: lowerReads(value, scope) };
    case "writes":
      return { writes: lowerExpr(value, scope, { kind: "list", of: { kind: "string" } }) };
    case "workspace":
      return { workspace: lowerWorkspace(value, scope) };
    case "effect": {
      const effect = constantOf(lowerExpr(value, scope));
      return effect === "pure" || effect === "once" ? { effect } : { effect: "idempotent" };
    }
    case "uses":
      return { uses: lowerUses(value, scope) };
    case "needs":
      return { needs: needs(constantOf(lowerExpr(value, scope))) };
    case "priority": {
      const priority = constantOf(lowerExpr(value, scope));
      return { priority: priority === "high" || priority === "low" ? priority : "normal" };
    }
    case "affinity":
      return { affinity: lowerExpr(value, scope, { kind: "string" }) };
    case "budget":
      return { budget: lowerExpr(value, scope) };
    case "cache":
      return { cache: lowerCache(value, scope) };
    case "undo":
      return { undo: lowerCommand(value, scope) };
    case "runner":
      return { runner: runnerName(value, scope) };
    case "agent":
      return { agent: agentName(value, scope) };
    case "session":
      return { session: lowerExpr(value, scope) };
    default:
      // Not yet: the checker has refused it.
      return {};
  }
}

function lowerWorkspace(value: AstExpr, scope: Scope): WorkspacePlan {
  if (!isCallOf(value, "worktree")) return { kind: "plain", value: lowerExpr(value, scope) };
  const part = (name: string): Expr | null => {
    const arg = value.args.find((one) => one.name?.text === name);
    return arg === undefined ? null : lowerExpr(arg.value, scope, { kind: "string" });
  };
  return { kind: "worktree", branch: part("branch"), from: part("from"), into: part("into") };
}

/** So long an agent may be silent before it is taken for one that hangs, in seconds. */
const askStall = 600;

function settingsOf(task: Task, scope: Scope): TaskSettings {
  const own = lowerSettings(pairsOf(task), scope);
  // What may be done only once is not ended by a guess.
  const guarded = task.action?.kind === "ask" && own.effect !== "once";
  const stall: Partial<TaskSettings> = guarded ? { stall: { k: "lit", v: askStall } } : {};
  return withConflicts({ ...defaultSettings(task.action), ...stall, ...own });
}

/** What holds where a task says nothing. Without an action, and while an agent thinks, no room is taken on the machine. */
function defaultSettings(action: AstAction | null): TaskSettings {
  return {
    runner: "local",
    timeout: null,
    stall: null,
    exitCodes: [0],
    retry: noRetry,
    effect: "idempotent",
    reads: null,
    writes: null,
    env: [],
    needs: { cpu: action === null || action.kind === "ask" ? 0 : 1, memory: 0, disk: 0 },
    priority: "normal",
    cache: null,
    undo: null,
  };
}

const noRetry: RetryPolicy = { times: 0, backoff: 1, factor: 2, max: 60, on: ["exit", "timeout", "invalid"] };

const failureReasons: readonly FailureReason[] = [
  "exit",
  "timeout",
  "stall",
  "invalid",
  "writes",
  "conflict",
];

function retryPolicy(value: Value | undefined): RetryPolicy {
  if (typeof value === "number") return { ...noRetry, times: value };
  const given = new Map(typeof value === "object" && value !== null ? Object.entries(value) : []);
  const number = (key: "times" | "backoff" | "factor" | "max") => {
    const one: unknown = given.get(key);
    return typeof one === "number" ? one : noRetry[key];
  };
  const on: unknown = given.get("on");
  return {
    times: number("times"),
    backoff: number("backoff"),
    factor: number("factor"),
    max: number("max"),
    on: Array.isArray(on) ? failureReasons.filter((reason) => on.includes(reason)) : noRetry.on,
  };
}

/** What is not said is nothing, but for a core. */
function needs(value: Value | undefined): TaskSettings["needs"] {
  const given = new Map(typeof value === "object" && value !== null ? Object.entries(value) : []);
  const number = (key: string, otherwise: number) => {
    const one: unknown = given.get(key);
    return typeof one === "number" ? one : otherwise;
  };
  return { cpu: number("cpu", 1), memory: number("memory", 0), disk: number("disk", 0) };
}

function exitCodes(value: Value | undefined): readonly number[] | "any" {
  if (value === "any") return value;
  if (typeof value === "number") return [value];
  const codes = Array.isArray(value) ? value.filter((code) => typeof code === "number") : [];
  return codes.length === 0 ? [0] : [...new Set(codes)].sort((a, b) => a - b);
}

/** `false` is as good as nothing; keys may be of any types. */
function lowerCache(value: AstExpr, scope: Scope): Expr | null {
  const cache = lowerExpr(value, scope);
  return constantOf(cache) === false ? null : cache;
}

/** Globs relative to the project's root, where commands start. Those known now are looked at now. */
function lowerReads(value: AstExpr, scope: Scope): Expr {
  const reads = lowerExpr(value, scope, { kind: "list", of: { kind: "string" } });
  const known = constantOf(reads);
  if (Array.isArray(known))
    for (const pattern of known) if (typeof pattern === "string") seeGlob(scope.draft, pattern, "");
  return reads;
}
