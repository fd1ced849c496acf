// Limits in use: how much a task takes of them, and their slots.

import type { Arg, Expr, Name, Place, Setting, Task } from "../grammar/ast.ts";
import { foldIn } from "./check-known.ts";
import { isCallOf, placeNamed } from "./check-place-names.ts";
import { at, type Check, rootScope, type Scope, tell, written } from "./check-state.ts";
import { listed, related, replace } from "./errors.ts";
import { asBadSetting, badSetting, unknownArgument } from "./errors-calls.ts";
import { duplicateLimit, impossibleNeed, unnamedAmount } from "./errors-places.ts";
import type { Entry } from "./resolve.ts";
import { amounts } from "./settings-places.ts";
import { intType, said, stringType } from "./type-ops.ts";

/** `uses: [anthropic, github(requests: 2)]`. */
export function checkUses(check: Check, setting: Setting, scope: Scope): void {
  const { value } = setting;
  const hint = "Write it like `uses: [database, github(requests: 2)]`.";
  if (value.kind !== "list-of") {
    const single = value.kind === "name" && scope.home.places.has(value.name);
    if (value.kind === "name" && single) placeNamed(check, value, "limit", scope);
    else if (check.infer(value, scope).kind === "error") return;
    const fix =
      single && value.kind === "name"
        ? replace(`Write \`[${value.name}]\``, value.span, `[${value.name}]`)
        : null;
    tell(check, badSetting(at(scope, value), "`uses` is a list of limits", hint, fix));
    return;
  }
  const seen = new Map<string, Name>();
  for (const item of value.items) {
    const name =
      item.kind === "name"
        ? item
        : item.kind === "call-of" && item.callee.kind === "name"
          ? item.callee
          : null;
    if (name === null) {
      const type = check.infer(item, scope);
      if (type.kind !== "error")
        tell(
          check,
          badSetting(at(scope, item), `this is ${said(type, check.types)}, not the name of a limit`, hint),
        );
      continue;
    }
    const entry = placeNamed(check, name, "limit", scope);
    const first = seen.get(name.name);
    if (first !== undefined) tell(check, duplicateLimit(at(scope, name), name.name, at(scope, first)));
    seen.set(name.name, name);
    if (entry !== null && item.kind === "call-of")
      for (const arg of item.args) checkAmount(check, arg, entry, scope);
  }
}

function checkAmount(check: Check, arg: Arg, entry: Entry<Place>, scope: Scope): void {
  const { declaration } = entry;
  const name = declaration.name.text;
  const bounds = declaration.settings.filter(({ key }) => amounts.includes(key.text) && key.text !== "slots");
  const known = bounds.map(({ key }) => key.text);
  if (arg.name === null) {
    check.infer(arg.value, scope);
    tell(check, unnamedAmount(at(scope, arg), name, known));
    return;
  }
  const bound = bounds.find(({ key }) => key.text === arg.name?.text);
  if (bound === undefined) {
    check.infer(arg.value, scope);
    const near = check.nearest(arg.name.text, known);
    const label =
      near === null ? `\`${name}\` does not bound \`${arg.name.text}\`` : `did you mean \`${near}\`?`;
    const hint = known.length === 0 ? "Its slots are taken one each." : `It bounds ${listed(known)}.`;
    const fix = near === null ? null : replace(`Write \`${near}\``, arg.name.span, near);
    tell(
      check,
      unknownArgument(
        at(scope, arg.name),
        label,
        near === null ? hint : null,
        fix,
        at(entry, declaration.name),
      ),
    );
    return;
  }
  const { diagnostics } = check.pass;
  const before = diagnostics.length;
  check.infer(arg.value, scope);
  check.fit(arg.value, intType, scope, null);
  const last = diagnostics[before];
  if (last !== undefined) diagnostics[before] = asBadSetting(last, `uses: [${name}(${bound.key.text}: 2)]`);
  else judgeAmount(check, arg, bound, entry, scope);
}

function judgeAmount(check: Check, arg: Arg, bound: Setting, entry: Entry<Place>, scope: Scope): void {
  const asked = foldIn(check, arg.value, scope);
  if (typeof asked !== "number") return;
  if (asked < 1) {
    const hint = "A node that uses nothing of it does not name it.";
    tell(check, badSetting(at(scope, arg.value), "an amount is at least 1", hint));
    return;
  }
  const most = bound.value.kind === "binary" ? bound.value.left : bound.value;
  const inside = rootScope(entry.home, entry.declaration, scope.where);
  const there = foldIn(check, most, inside);
  if (typeof there !== "number" || asked <= there) return;
  const all = written(inside, bound.value) ?? String(there);
  const label = `${asked} are asked for at once, but \`${entry.declaration.name.text}\` allows ${all}`;
  tell(check, impossibleNeed(at(scope, arg.value), label, at(entry, bound.value), null));
}

/** `slot(backend)` as a variable of the environment; false for any other value. */
export function checkSlot(check: Check, value: Expr, scope: Scope): boolean {
  if (!isCallOf(value, "slot")) return false;
  check.pass.refs.set(value.callee, { kind: "builtin", name: "slot" });
  check.pass.typeOf.set(value, stringType);
  const [arg] = value.args;
  if (value.args.length !== 1 || arg === undefined || arg.value.kind !== "name") {
    const hint = "It takes the name of a limit with `slots`: `env: { URL: slot(backend) }`.";
    tell(check, badSetting(at(scope, value), "which limit gives the slot?", hint));
    return true;
  }
  const entry = placeNamed(check, arg.value, "limit", scope);
  if (entry === null) return true;
  const { declaration } = entry;
  const slots = declaration.settings.some(({ key }) => key.text === "slots");
  const uses = scope.inside.kind === "task" ? usedLimits(scope.inside) : null;
  const name = declaration.name.text;
  if (!slots) {
    const hint = `A limit with slots says which: \`limit ${name} { slots: ["http://localhost:8081"] }\`.`;
    tell(check, {
      ...badSetting(at(scope, arg.value), `\`${name}\` has no slots`, hint),
      related: [related(at(entry, declaration.name), "declared here")].filter((one) => one !== null),
    });
  } else if (uses !== null && !uses.includes(name))
    tell(
      check,
      badSetting(
        at(scope, value),
        `the task does not use \`${name}\``,
        `Add \`uses: [${name}]\`: a slot is taken when the node starts.`,
      ),
    );
  return true;
}

function usedLimits(task: Task): readonly string[] {
  const value = task.settings.find(({ key }) => key.text === "uses")?.value;
  if (value?.kind !== "list-of") return [];
  return value.items.flatMap((item) =>
    item.kind === "name"
      ? [item.name]
      : item.kind === "call-of" && item.callee.kind === "name"
        ? [item.callee.name]
        : [],
  );
}
