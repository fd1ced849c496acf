// What is written and does nothing: settings without work to hold for, blocks without a statement.

import type { Block, RecordExpr, Setting, Task } from "../grammar/ast.ts";
import { foldIn } from "./check-known.ts";
import { at, type Check, type Scope, tell } from "./check-state.ts";
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
]);

export function tellIdleSettings(check: Check, task: Task, scope: Scope): void {
  const name = task.name.text;
  for (const setting of task.settings) {
    const key = setting.key.text;
    if (task.action === null && task.result !== null && ofAttempts.has(key)) {
      const label = `\`${name}\` only computes, so \`${key}\` holds for nothing`;
      tell(check, needlessSetting(at(scope, setting), label, "Only a task with an action has attempts."));
    } else if (task.action?.kind === "call" && key === "exit_codes")
      tell(check, needlessSetting(at(scope, setting), "a function has no exit code", null));
    else if (key === "retry") tellLoneTimeout(check, task, setting, scope);
  }
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

export function tellEmptyOverrides(check: Check, overrides: RecordExpr, scope: Scope): void {
  if (overrides.entries.length === 0)
    tell(
      check,
      needlessSetting(at(scope, overrides), "nothing is said otherwise here", "Remove the `with`."),
    );
}

/** A block that does nothing; `what` is the word before it. */
export function tellEmptyBlock(check: Check, block: Block, what: string, scope: Scope): void {
  if (block.statements.length === 0) tell(check, emptyBlock(at(scope, block), what));
}
