// What a node gets when it starts: its arguments and its settings, evaluated; and the key of all its attempts.

import { hash } from "node:crypto";
import type { AgentPlan } from "../compiler/plan.ts";
import type { Expr } from "../compiler/plan-expr.ts";
import type { EnvEntry, TaskPlan, TaskSettings } from "../compiler/plan-tasks.ts";
import type { Type, Value } from "../compiler/types.ts";
import type { AskedAgent } from "./asked.ts";
import { assert } from "./bug.ts";
import { evaluate, paramScope } from "./evaluate.ts";
import type { WorktreeSpec } from "./git/worktree.ts";
import type { Cells } from "./run-cells.ts";
import { nameOf } from "./run-names.ts";
import { layersOf, type PlainSettings, plainSettings, rankOf } from "./run-settings.ts";
import { asList, asNumber, asString, attempt, type Scope, textOf, ValueError } from "./values.ts";

export type Evaluated<T> =
  | { readonly ok: true; readonly value: T }
  /** A sentence for people: what could not be evaluated, and why. */
  | { readonly ok: false; readonly message: string };

/** The settings of one node, `with` applied. */
export interface NodeSettings extends PlainSettings {
  readonly timeoutSeconds: number | null;
  readonly stallSeconds: number | null;
  readonly reads: readonly string[] | null;
  readonly writes: readonly string[] | null;
  readonly workspace: WorkspaceSetting;
  readonly affinity: string | null;
  readonly rank: number;
  /** Who is asked, if the task asks anybody. */
  readonly asked: AskedAgent | null;
  readonly env: readonly (
    | { readonly name: string; readonly text: string }
    | { readonly name: string; readonly secret: string }
    /** The text is the slot that it has of this limit; "" before it has started. */
    | { readonly name: string; readonly text: string; readonly slot: string }
  )[];
}

/** Where a node works; the project, with `reads`, is a fresh directory. */
export type WorkspaceSetting = "project" | "scratch" | WorktreeSpec;

/** The task of a node. */
export function taskOf(run: Cells, n: number): TaskPlan {
  const { task } = run.info(n);
  assert(task !== null, `cell ${n} is no node`);
  return task;
}

/** Arguments of a node whose uses are all there, in the order of its task's parameters. */
export function argsOf(run: Cells, n: number): Evaluated<readonly Value[]> {
  const { step } = run.info(n);
  const task = taskOf(run, n);
  assert(step.kind === "task", `cell ${n} is no node`);
  const undoing = run.ends.undoes.get(n);
  if (undoing !== undefined) return { ok: true, value: undoing.args };
  const scope = run.scope(run.frames.get(n));
  const values: Value[] = [];
  const computed = attempt(() => {
    for (const expr of step.args) values.push(evaluate(expr, scope));
  });
  if (!("problem" in computed)) return { ok: true, value: values };
  const name = task.params[values.length]?.name ?? "";
  return { ok: false, message: `its argument \`${name}\` cannot be computed: ${computed.problem}` };
}

/** `FLOWC_IDEMPOTENCY_KEY`: of the first run along `from`, the node and its input values; equal for all attempts. */
export function keyOf(run: Cells & { readonly keyId: string }, n: number, values: readonly Value[]): string {
  return hash("sha256", JSON.stringify([run.keyId, nameOf(run, n), values]));
}

export type Find = <K extends keyof TaskSettings>(key: K) => { value: TaskSettings[K]; scope: Scope };

/** A setting from the innermost `with` that has it, else the task's own, and the scope it is to be read in. */
export function finder(run: Cells, n: number, values: readonly Value[]): Find {
  const task = taskOf(run, n);
  const own = paramScope(values, run.plan.types, run.files);
  const layers = layersOf(run, n);
  return (key) => {
    for (const { overrides, frame } of layers) {
      const value = overrides[key];
      if (value !== undefined) return { value, scope: run.scope(frame) };
    }
    return { value: task.settings[key], scope: own };
  };
}

/**
 * Whether an answer given before may stand for a node with these settings, and what stands in place of its values; null: it
 * may not. Where a `with` makes that unsafe, it is not done.
 */
export function cacheOf(
  run: Cells,
  n: number,
  values: readonly Value[],
  settings: NodeSettings,
): { readonly keys: readonly Value[] | null } | null {
  const { value, scope } = finder(run, n, values)("cache");
  const cache = value ?? null;
  if (cache === null || settings.writes !== null || settings.effect === "once") return null;
  if (settings.reads === null && settings.workspace !== "scratch") return null;
  // What it would leave on a branch is no answer.
  if (typeof settings.workspace === "object") return null;
  const computed = attempt(() => evaluate(cache, scope));
  if ("problem" in computed || computed.value === false) return null;
  return { keys: computed.value === true ? null : asList(computed.value) };
}

/** The key of a node's `affinity`; null: it has none, or that cannot be computed. */
export function affinityOf(run: Cells, n: number): string | null {
  if (!run.hasOverrides && taskOf(run, n).settings.affinity === undefined) return null;
  const args = argsOf(run, n);
  if (!args.ok) return null;
  const { value, scope } = finder(run, n, args.value)("affinity");
  const key = value === undefined ? null : attempt(() => asString(evaluate(value, scope)));
  return key === null || "problem" in key ? null : key.value;
}

/** Settings of a node, given its arguments. */
export function settingsOf(run: Cells, n: number, values: readonly Value[]): Evaluated<NodeSettings> {
  const find = finder(run, n, values);
  const compute = <T>(
    name: string,
    key: "timeout" | "stall" | "reads" | "writes" | "affinity",
    read: (v: Value) => T,
  ): T | null => {
    const { value, scope } = find(key);
    // A plan that an older flowc made says nothing of what it did not know.
    const expr = value ?? null;
    return expr === null ? null : named(name, () => read(evaluate(expr, scope)));
  };
  const result = attempt((): NodeSettings => {
    const env = find("env");
    const plain = plainSettings(run, n);
    const agent = agentOf(run, n, plain.agent);
    const outer = paramScope([], run.plan.types, run.files);
    return {
      ...plain,
      ...(run.ends.undoes.has(n) ? { exitCodes: [0] } : {}),
      timeoutSeconds: compute("timeout", "timeout", positive),
      stallSeconds: compute("stall", "stall", positive),
      reads: compute("reads", "reads", texts),
      writes: compute("writes", "writes", texts),
      workspace: workspaceIn(find),
      affinity: compute("affinity", "affinity", asString),
      rank: rankOf(run, n),
      asked: agent === null ? null : askedOf(run, agent),
      env: [
        ...(agent?.env ?? []).map((entry) => envOf(entry, outer, run, n)),
        ...env.value.map((entry) => envOf(entry, env.scope, run, n)),
      ],
    };
  });
  return "problem" in result ? { ok: false, message: result.problem } : { ok: true, value: result.value };
}

/** The agent that a node asks; null: it asks nobody, or what takes it back does not. */
function agentOf(run: Cells, n: number, name: string | undefined): AgentPlan | null {
  if (taskOf(run, n).action?.kind !== "ask" || run.ends.undoes.has(n)) return null;
  return run.plan.agents?.find((each) => each.name === name) ?? null;
}

function askedOf(run: Cells, { name, kinds, proxy }: AgentPlan): AskedAgent | null {
  const [first] = kinds;
  if (first === undefined) return null;
  if (proxy === undefined) return { name, ...first, proxy: null };
  const rates = run.limits.state(proxy)?.plan.rates ?? [];
  return { name, ...first, proxy: { name: proxy, bounded: rates.length > 0 } };
}

function envOf(entry: EnvEntry, scope: Scope, run: Cells, n: number): NodeSettings["env"][number] {
  const { name } = entry;
  if ("slot" in entry) return { name, text: run.limits.slotOf(n, entry.slot) ?? "", slot: entry.slot };
  if ("secret" in entry) return { name, secret: entry.secret };
  return { name, text: named(`env.${name}`, () => envText(entry.value, entry.type, scope)) };
}

function workspaceIn(find: Find): WorkspaceSetting {
  const { value, scope } = find("workspace");
  if (value === undefined) return "project";
  if (value.kind === "plain")
    return named("workspace", () => (evaluate(value.value, scope) === "scratch" ? "scratch" : "project"));
  const part = (name: "branch" | "from" | "into"): string | null => {
    const expr = value[name];
    return expr === null ? null : named(`workspace`, () => asString(evaluate(expr, scope)));
  };
  return { branch: part("branch"), from: part("from"), into: part("into") };
}

function named<T>(setting: string, compute: () => T): T {
  const result = attempt(compute);
  if ("value" in result) return result.value;
  throw new ValueError(`its setting \`${setting}\` cannot be computed: ${result.problem}`);
}

function envText(expr: Expr, type: Type, scope: Scope): string {
  const text = textOf(evaluate(expr, scope), type);
  if (text.includes("\0"))
    throw new ValueError("it holds a NUL character, which no environment variable can");
  return text;
}

function positive(value: Value): number {
  const seconds = asNumber(value);
  if (seconds > 0) return seconds;
  throw new ValueError(`it must be longer than nothing, got ${seconds}s`);
}

function texts(value: Value): readonly string[] {
  return asList(value).map(asString);
}
