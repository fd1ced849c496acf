// What is written and does nothing: settings without work to hold for, blocks without a statement.

import type { Block, For, RecordExpr, Setting, Task } from "../grammar/ast.ts";
import type { Diagnostic } from "../grammar/diagnostic.ts";
import { foldIn } from "./check-known.ts";
import { at, type Check, type Scope, tell } from "./check-state.ts";
import type { At } from "./errors.ts";
import { emptyBlock, needlessSetting } from "./errors-calls.ts";

/** Settings of an attempt, which a task that only computes has none of. */
const ofAttempts: ReadonlySet<string> = new Set([
  "timeout",
  "stall",
  "exit_codes",
  "retry",
  "env",
  "needs",
  "runner",
  "affinity",
  "budget",
  "uses",
  "priority",
  "workspace",
  "writes",
]);

export function tellIdleSettings(check: Check, task: Task, scope: Scope): void {
  for (const setting of task.settings) {
    const key = setting.key.text;
    if (task.action === null && task.result !== null && ofAttempts.has(key))
      tell(check, onlyComputes(at(scope, setting), task, key));
    else if (task.action?.kind === "call" && key === "exit_codes")
      tell(check, needlessSetting(at(scope, setting), "a function has no exit code", null));
    else if (task.action?.kind === "call" && key === "runner" && !isLocal(setting))
      tell(
        check,
        needlessSetting(at(scope, setting), "a function runs in flowc itself, on this machine", null),
      );
    else if (key === "affinity" && task.action?.kind === "run" && staysHere(task))
      tell(
        check,
        needlessSetting(at(scope, setting), noInstances, "Name a declared runner: `runner: NAME`."),
      );
    else if (key === "budget" && task.action?.kind !== "ask")
      tell(check, asksNobody(at(scope, setting), `\`${task.name.text}\``));
    else if (key === "retry") tellLoneTimeout(check, task, setting, scope);
  }
}

/** `local` is this machine, and one place for all. */
function staysHere(task: Task): boolean {
  return task.settings.every((setting) => setting.key.text !== "runner" || isLocal(setting));
}

const noInstances = "on this machine there are no instances to prefer";

/** `what` has a budget. */
export function asksNobody(place: At, what: string): Diagnostic {
  const label = `${what} asks no agent, so it spends nothing`;
  return needlessSetting(place, label, "What costs is what an agent does: `ask` it, or remove the budget.");
}

function isLocal({ value }: Setting): boolean {
  return value.kind === "name" && value.name === "local";
}

/** `retry` only after a timeout, and there is none. */
function tellLoneTimeout(check: Check, task: Task, setting: Setting, scope: Scope): void {
  if (setting.value.kind !== "record-of" || task.settings.some(({ key }) => key.text === "timeout")) return;
  const on = setting.value.entries.find(({ key }) => key.text === "on")?.value;
  const reasons = on === undefined ? undefined : foldIn(check, on, scope);
  if (on === undefined || !Array.isArray(reasons) || reasons.length !== 1 || reasons[0] !== "timeout") return;
  const hint = "Say how long an attempt may take, such as `timeout: 10m`.";
  tell(check, needlessSetting(at(scope, on), "without a `timeout` no attempt ends so", hint));
}

/** Of a call of `task`, or of something else if that is null. */
export function tellIdleOverrides(
  check: Check,
  overrides: RecordExpr,
  task: Task | null,
  scope: Scope,
): void {
  if (overrides.entries.length === 0) {
    const hint = "Remove the `with`.";
    tell(check, needlessSetting(at(scope, overrides), "nothing is said otherwise here", hint));
  }
  if (task === null) return;
  for (const entry of overrides.entries) {
    const key = entry.key.text;
    if (task.action === null && task.result !== null && ofAttempts.has(key))
      tell(check, onlyComputes(at(scope, entry), task, key));
    else if (key === "budget" && task.action !== null && task.action.kind !== "ask")
      tell(check, asksNobody(at(scope, entry), `\`${task.name.text}\``));
  }
}

function onlyComputes(place: At, task: Task, key: string): Diagnostic {
  const label = `\`${task.name.text}\` only computes, so \`${key}\` holds for nothing`;
  return needlessSetting(place, label, "Only a task with an action has attempts.");
}

/** A block that does nothing; `what` is the word before it. */
export function tellEmptyBlock(check: Check, block: Block, what: string, scope: Scope): void {
  if (block.statements.length === 0) tell(check, emptyBlock(at(scope, block), what));
}

/** A loop without a node has no items that could run at the same time, or fail. */
export function tellIdleLoop(check: Check, loop: For, scope: Scope): void {
  for (const setting of loop.body.settings) {
    const key = setting.key.text;
    if (key !== "parallel" && key !== "tolerate" && key !== "enough") continue;
    const label = `this \`for\` only computes, so \`${key}\` holds for nothing`;
    tell(
      check,
      needlessSetting(at(scope, setting), label, "Only a body with a node in it has items that run."),
    );
  }
}
