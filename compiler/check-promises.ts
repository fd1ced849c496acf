// What the settings of a task mean together: a cache must not be wrong, a need must be met somewhere.

import type { Expr, Setting, Task } from "../grammar/ast.ts";
import { foldIn } from "./check-known.ts";
import { isCallOf } from "./check-place-names.ts";
import { at, type Check, rootScope, type Scope, tell } from "./check-state.ts";
import type { At } from "./errors.ts";
import { badSetting } from "./errors-calls.ts";
import { impossibleNeed, unsoundCache } from "./errors-places.ts";
import { runnerSettings } from "./settings-places.ts";
import { spellBytes } from "./spell.ts";

/** Tells of a task's settings that cannot hold together. */
export function checkPromises(check: Check, task: Task, scope: Scope): void {
  const settings = new Map<string, Setting>();
  for (const setting of [...task.settings, ...task.lateSettings])
    if (!settings.has(setting.key.text)) settings.set(setting.key.text, setting);
  const needs = settings.get("needs");
  if (needs !== undefined) checkNeeds(check, needs, settings.get("runner"), task, scope);
  checkPure(check, settings, task, scope);
  const cache = settings.get("cache");
  if (cache === undefined || foldIn(check, cache.value, scope) === false) return;
  // A value that is no such setting has been told.
  if (!isCacheType(check, cache.value)) return;
  checkCache(check, task, cache, settings, scope);
}

/** What changes files or a branch is not pure, and would be left out where nobody uses its answer. */
function checkPure(check: Check, settings: ReadonlyMap<string, Setting>, task: Task, scope: Scope): void {
  const effect = settings.get("effect");
  if (effect === undefined || foldIn(check, effect.value, scope) !== "pure") return;
  const writes = settings.get("writes");
  const workspace = settings.get("workspace");
  const branch = workspace !== undefined && isCallOf(workspace.value, "worktree") ? workspace : undefined;
  const changing = writes !== undefined && !isEmptyList(writes.value) ? writes : branch;
  if (changing === undefined) return;
  const [first, last] = effect.span.start < changing.span.start ? [effect, changing] : [changing, effect];
  const label = `\`${task.name.text}\` cannot both be pure and change ${changing === writes ? "files" : "a branch"}`;
  const hint = "Pure work has an answer and nothing else; leave `effect` out here.";
  tell(check, {
    ...badSetting(at(scope, last), label, hint),
    related: [{ ...at(scope, first), label: `\`${first.key.text}\` says otherwise` }],
  });
}

// What a node needs

interface Offer {
  /** Null: not known, and so no bound. */
  readonly cpu: number | null;
  readonly memory: number | null;
  readonly words: string;
  readonly at: At | null;
}

/** The best of what a runner's places have; a need beyond it could never be met. */
function checkNeeds(
  check: Check,
  needs: Setting,
  runner: Setting | undefined,
  task: Task,
  scope: Scope,
): void {
  const offers = offersOf(check, runner, scope);
  for (const what of ["cpu", "memory"] as const) {
    const entry = entryOf(needs.value, what);
    const asked = entry === null ? undefined : foldIn(check, entry, scope);
    if (entry === null || typeof asked !== "number") continue;
    const there = offers.map((offer) => offer[what]);
    if (there.some((amount) => amount === null || asked <= amount)) continue;
    const most = Math.max(...there.map((amount) => amount ?? 0));
    const best = offers[there.indexOf(most)];
    if (best === undefined) continue;
    const shown = (amount: number) => (what === "cpu" ? `${amount}` : spellBytes(amount));
    const unit = what === "cpu" ? "cores" : "of memory";
    const label = `\`${task.name.text}\` needs ${shown(asked)} ${unit}, and ${best.words} has ${shown(most)}`;
    tell(check, impossibleNeed(at(scope, entry), label, best.at, null));
    return;
  }
}

function entryOf(value: Expr, name: string): Expr | null {
  if (value.kind === "paren") return entryOf(value.of, name);
  if (value.kind !== "record-of") return null;
  return value.entries.find(({ key }) => key.text === name)?.value ?? null;
}

function offersOf(check: Check, runner: Setting | undefined, scope: Scope): readonly Offer[] {
  const { machine } = check.host;
  const local: Offer = {
    cpu: machine?.cpus ?? null,
    memory: machine?.memory ?? null,
    words: "this machine",
    at: null,
  };
  if (runner === undefined || runner.value.kind !== "name" || runner.value.name === "local") return [local];
  const entry = scope.home.places.get(runner.value.name);
  if (entry === undefined) return [];
  const { declaration, home } = entry;
  const inside = rootScope(home, declaration, scope.where);
  const number = (value: Expr | null) => {
    const known = value === null ? undefined : foldIn(check, value, inside);
    return typeof known === "number" ? known : null;
  };
  return declaration.settings.flatMap(({ key, value }): readonly Offer[] => {
    if (key.text === "local") return [local];
    if (Object.hasOwn(runnerSettings, key.text)) return [];
    const cpu = number(entryOf(value, "cpus"));
    const memory = number(entryOf(value, "memory"));
    return [{ cpu, memory, words: `\`${key.text}\` of \`${declaration.name.text}\``, at: at(entry, key) }];
  });
}

// Caches

function isCacheType(check: Check, value: Expr): boolean {
  const kind = check.pass.typeOf.get(value)?.kind;
  return kind === "bool" || kind === "list";
}

function checkCache(
  check: Check,
  task: Task,
  cache: Setting,
  settings: ReadonlyMap<string, Setting>,
  scope: Scope,
): void {
  const name = `\`${task.name.text}\``;
  const say = (label: string, cause: Setting | null, what: string, hint: string) =>
    tell(check, unsoundCache(at(scope, cache), label, cause === null ? null : at(scope, cause), what, hint));
  const writes = settings.get("writes");
  if (writes !== undefined) {
    say(`${name} changes the project, and a cached answer would not`, writes, "what it changes", changes);
    return;
  }
  const workspace = settings.get("workspace");
  if (workspace !== undefined && isCallOf(workspace.value, "worktree")) {
    say(
      `${name} works on a branch, and a cached answer would leave that as it is`,
      workspace,
      "where it works",
      changes,
    );
    return;
  }
  const effect = settings.get("effect");
  if (effect !== undefined && foldIn(check, effect.value, scope) === "once") {
    say(`${name} has an effect, and a cached answer would not have it`, effect, "this must happen", changes);
    return;
  }
  const undo = settings.get("undo");
  if (undo !== undefined) {
    say(`${name} has an effect, and a cached answer would not have it`, undo, "what takes it back", changes);
    return;
  }
  if (isEmptyList(cache.value) && task.params.length > 0) {
    const hint = `With \`cache: true\` the inputs are the key; a list names what stands for them, \`cache: [${task.params[0]?.name.text ?? "x"}]\`.`;
    say("without a key, all calls would get the same answer", null, "", hint);
    return;
  }
  const fresh = workspace !== undefined && foldIn(check, workspace.value, scope) === "scratch";
  if (task.action === null || settings.has("reads") || fresh) return;
  const hint =
    'Say what it sees of the project, such as `reads: ["src/**"]`, or `reads: []` if that is nothing.';
  say(`${name} sees the whole project, and a change there would go unnoticed`, null, "", hint);
}

const changes =
  "A cache keeps answers, not effects: leave it out here, or move the work that only computes into a task of its own.";

function isEmptyList(value: Expr): boolean {
  return value.kind === "paren"
    ? isEmptyList(value.of)
    : value.kind === "list-of" && value.items.length === 0;
}
