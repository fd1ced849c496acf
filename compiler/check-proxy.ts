// Agents whose requests are led past flowc: by which limit they are held, and whether their kind and their place let that be.

import type { Expr, Place, Setting, Task } from "../grammar/ast.ts";
import { isKindKey, knownSettings } from "./check-kinds.ts";
import { foldIn } from "./check-known.ts";
import { placeNamed } from "./check-place-names.ts";
import { at, type Check, rootScope, type Scope, tell } from "./check-state.ts";
import { listed } from "./errors.ts";
import { badSetting } from "./errors-calls.ts";
import { isRecord } from "./setting-rows.ts";
import { said } from "./type-ops.ts";

const example =
  "`proxy: anthropic` names the limit that holds its requests; `proxy: true` goes by what the API says.";

/** `proxy: anthropic`, or `proxy: true`. */
export function checkProxy(check: Check, { value }: Setting, scope: Scope): void {
  const { home } = scope;
  if (value.kind === "name" && (home.places.has(value.name) || !home.values.has(value.name))) {
    placeNamed(check, value, "limit", scope);
    return;
  }
  const type = check.infer(value, scope);
  if (type.kind === "error") return;
  if (typeof foldIn(check, value, scope) === "boolean") return;
  const label = `\`proxy\` is the name of a limit, or true; this is ${said(type, check.types)}`;
  tell(check, badSetting(at(scope, value), label, example));
}

/** The setting by which an agent's requests are led past flowc; null: they are not. */
function proxyIn(check: Check, place: Place, scope: Scope): Setting | null {
  const setting = place.settings.find(({ key }) => key.text === "proxy");
  return setting === undefined || isFalse(check, setting.value, scope) ? null : setting;
}

function isFalse(check: Check, value: Expr, scope: Scope): boolean {
  return value.kind !== "name" && foldIn(check, value, scope) === false;
}

/** Can its kind be told where its model is? */
export function checkProxied(check: Check, place: Place, scope: Scope): void {
  const setting = proxyIn(check, place, scope);
  const kind = place.settings.find(({ key }) => isKindKey("agent", key.text));
  if (setting === null || kind === undefined) return;
  const { agents } = check.host;
  const facts = agents.find(kind.key.text);
  const given = knownSettings(check, kind.value, scope);
  if (facts === null || "problem" in facts || given === undefined) return;
  if (facts.api !== undefined && facts.api(isRecord(given) ? given : {}) !== null) return;
  const others = agents.names().filter((name) => {
    const other = agents.find(name);
    return other !== null && !("problem" in other) && other.api !== undefined;
  });
  const hint =
    facts.api === undefined
      ? `${listed(others)} can.`
      : `Say which variable tells it where its model is: \`${kind.key.text}: { …, api: { url: "MODEL_URL" } }\`.`;
  const label = `flowc cannot stand between \`${kind.key.text}\` and its model${facts.api === undefined ? "" : " yet"}`;
  tell(check, badSetting(at(scope, setting.key), label, hint));
}

/** The proxy listens on this machine alone: not every place of a task reaches it. */
export function checkReach(check: Check, task: Task, scope: Scope): void {
  const named = (key: "agent" | "runner") => {
    const setting = task.settings.find((each) => each.key.text === key);
    const entry = setting?.value.kind === "name" ? scope.home.places.get(setting.value.name) : undefined;
    return setting === undefined || entry?.declaration.place !== key ? null : { setting, entry };
  };
  const [agent, runner] = [named("agent"), named("runner")];
  if (agent === null || runner === null) return;
  const { declaration, home } = agent.entry;
  if (proxyIn(check, declaration, rootScope(home, declaration, scope.where)) === null) return;
  const kinds = runner.entry.declaration.settings.filter(({ key }) => isKindKey("runner", key.text));
  const taken = check.on === null ? kinds[0] : kinds.find(({ key }) => key.text === check.on);
  const kind = taken?.key.text;
  if (taken === undefined || (kind !== "docker" && kind !== "e2b")) return;
  const inside = rootScope(runner.entry.home, runner.entry.declaration, scope.where);
  const settings = knownSettings(check, taken.value, inside);
  const network = settings !== undefined && isRecord(settings) ? settings["network"] : undefined;
  if (kind === "docker" && network === "host") return;
  const label = `in \`${kind}\` nothing reaches the proxy of \`${declaration.name.text}\`, which is on this machine alone`;
  const hint =
    kind === "docker"
      ? 'A container with `network: "host"` of an engine on this machine does; or leave `proxy` out.'
      : "Leave `proxy` out of an agent that works in a sandbox.";
  tell(check, badSetting(at(scope, runner.setting.value), label, hint));
}
