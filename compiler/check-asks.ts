// Agents in use: whom a task asks, and in whose session it goes on.

import type { Setting, Task } from "../grammar/ast.ts";
import { use } from "./check-names.ts";
import { placesOf } from "./check-place-names.ts";
import { checkReach } from "./check-proxy.ts";
import { at, type Check, local, type Scope, tell, written } from "./check-state.ts";
import { badSetting } from "./errors-calls.ts";
import { missingAgent } from "./errors-places.ts";
import type { SettingOwner } from "./settings.ts";

/** A task that asks says whom; one that does not ask has nobody to be asked. */
export function checkAsked(check: Check, task: Task, scope: Scope): void {
  const named = task.settings.find(({ key }) => key.text === "agent");
  if (task.action?.kind === "ask") {
    if (named !== undefined) {
      checkReach(check, task, scope);
      return;
    }
    const start = task.action.span.start;
    const { text } = scope.home.module.file.source;
    const indent = text.slice(text.lastIndexOf("\n", start) + 1, start);
    const only = indent.trim() === "" ? { insertAt: start, indent } : null;
    const place = { ...at(scope, task.action), span: { start, end: start + "ask".length } };
    const agents = placesOf(scope, "agent");
    for (const agent of agents) {
      const entry = scope.home.places.get(agent);
      if (entry !== undefined) use(check, entry, scope);
    }
    tell(check, missingAgent(place, task.name.text, agents, only));
    return;
  }
  if (named === undefined) return;
  const label = `\`${task.name.text}\` has no \`ask\`, so no agent is asked`;
  tell(
    check,
    badSetting(at(scope, named.key), label, 'A task for an agent says what it is asked: `ask "…"`.'),
  );
}

/** `with { session: change }`: an earlier node that asked an agent. */
export function checkSession(check: Check, setting: Setting, owner: SettingOwner, scope: Scope): void {
  const { value } = setting;
  if (owner === "task") {
    const name = scope.inside.kind === "task" ? scope.inside.name.text : "review";
    if (value.kind !== "name" || local(scope, value.name) !== null) check.infer(value, scope);
    const hint = `Say it where the task is called: \`${name}(…) with { session: change }\`.`;
    tell(
      check,
      badSetting(at(scope, setting.key), "a session is that of a node, and a task knows none", hint),
    );
    return;
  }
  const type = check.infer(value, scope);
  if (type.kind === "error") return;
  const found = value.kind === "name" ? local(scope, value.name) : null;
  const call = found?.ref?.kind === "binding" ? found.ref.binding.value.expr : null;
  const ref =
    call?.kind === "call-of" && call.callee.kind === "name" ? check.pass.refs.get(call.callee) : undefined;
  if (ref?.kind === "task" && ref.task.action?.kind === "ask") return;
  const what = `\`${written(scope, value) ?? "this"}\` asked no agent`;
  tell(check, badSetting(at(scope, value), what, "A session is that of a node above whose task has `ask`."));
}
