// Settings: known, given once, of the right type, and known early enough.

import type { Expr, Setting } from "../grammar/ast.ts";
import { walk } from "../grammar/walk.ts";
import { literalFits } from "./check-fit.ts";
import { use } from "./check-names.ts";
import { at, type Check, constantLookup, local, type Scope, tell, without, written } from "./check-state.ts";
import { fold } from "./constant.ts";
import { type At, listed } from "./errors.ts";
import {
  asBadSetting,
  badSetting,
  duplicateSetting,
  notYet,
  unknownRunner,
  unknownSetting,
} from "./errors-calls.ts";
import { duplicateField } from "./errors-types.ts";
import {
  ownerOf,
  ownerWords,
  type SettingOwner,
  type SettingRow,
  settingNames,
  settingRow,
} from "./settings.ts";
import { fits, said, show, stringType } from "./type-ops.ts";
import type { Type, Value } from "./types.ts";

export function checkSettings(
  check: Check,
  settings: readonly Setting[],
  owner: SettingOwner,
  scope: Scope,
): void {
  if (settings.length === 0) return;
  const seen = new Map<string, Setting>();
  const inside = without(scope, "a setting");
  for (const setting of settings) {
    const name = setting.key.text;
    const first = seen.get(name);
    if (first !== undefined) {
      tell(check, duplicateSetting(at(scope, setting.key), name, at(scope, first.key)));
      continue;
    }
    seen.set(name, setting);
    const row = settingRow(owner, name);
    if (row === null) tellUnknown(check, setting, owner, seen, scope);
    else checkSetting(check, setting, row, inside);
  }
}

function tellUnknown(
  check: Check,
  setting: Setting,
  owner: SettingOwner,
  seen: ReadonlyMap<string, Setting>,
  scope: Scope,
): void {
  const name = setting.key.text;
  const known = settingNames(owner);
  const other = ownerOf(name);
  const near = check.nearest(
    name,
    known.filter((each) => !seen.has(each)),
  );
  const hint = other === null ? null : `\`${name}\` is a setting of ${other}.`;
  tell(check, unknownSetting(at(scope, setting.key), name, ownerWords(owner), near, known, hint, null));
  markNames(check, setting.value, scope);
}

/** What cannot be checked further still uses the names it mentions. */
function markNames(check: Check, value: Expr, scope: Scope): void {
  walk(value, (node) => {
    if (node.kind !== "name") return;
    const found = local(scope, node.name);
    if (found !== null) found.used = true;
    for (const space of [scope.home.values, scope.home.callables, scope.home.places]) {
      const entry = space.get(node.name);
      if (entry !== undefined) use(check, entry, scope);
    }
  });
}

function checkSetting(check: Check, setting: Setting, row: SettingRow, scope: Scope): void {
  const { kind } = row;
  switch (kind.kind) {
    case "later":
      tell(check, notYet(at(scope, setting.key), `the setting \`${setting.key.text}\``));
      markNames(check, setting.value, scope);
      return;
    case "runner":
      checkRunner(check, setting, scope);
      return;
    case "env":
      checkEnv(check, setting, scope);
      return;
    case "fixed":
    case "value":
      if (!checkTyped(check, setting, kind.types, row, scope)) return;
      judge(check, setting, row, kind.kind === "fixed", scope);
  }
}

/** The value must fit one of the types; true if it does. */
function checkTyped(
  check: Check,
  setting: Setting,
  types: readonly Type[],
  row: SettingRow,
  scope: Scope,
): boolean {
  const { value } = setting;
  const type = check.infer(value, scope);
  const target =
    types.find((each) => fits(type, each, check.types) || literalFits(check, value, each)) ??
    types.find((each) => each.kind === "record" && value.kind === "record-of") ??
    (types.length === 1 ? types[0] : undefined);
  const { diagnostics } = check.pass;
  const before = diagnostics.length;
  if (target !== undefined) check.fit(value, target, scope, null);
  else {
    const wanted = listed(types.map(show), "or");
    const label = `\`${setting.key.text}\` is ${wanted}, this is ${said(type, check.types)}`;
    tell(check, badSetting(at(scope, value), label, `Write it like \`${row.example}\`.`));
  }
  for (let i = before; i < diagnostics.length; i++) {
    const diagnostic = diagnostics[i];
    if (diagnostic !== undefined) diagnostics[i] = asBadSetting(diagnostic, row.example);
  }
  return diagnostics.length === before;
}

function judge(check: Check, setting: Setting, row: SettingRow, fixed: boolean, scope: Scope): void {
  const value = foldIn(check, setting.value, scope);
  if (value === undefined) {
    if (!fixed || check.pass.typeOf.get(setting.value)?.kind === "error") return;
    const label = `\`${setting.key.text}\` must be known before the run`;
    tell(
      check,
      badSetting(at(scope, setting.value), label, `Write a literal or a constant, like \`${row.example}\`.`),
    );
    return;
  }
  if (setting.key.text === "effect" && value === "once")
    tell(check, notYet(at(scope, setting.value), '`effect: "once"`'));
  const wrong = row.judge?.(value) ?? null;
  if (wrong !== null) tell(check, badSetting(at(scope, setting.value), wrong, null));
}

/** The value as far as the text alone tells it. */
export function foldIn(check: Check, expr: Expr, scope: Scope): Value | undefined {
  return foldWith(check, expr, scope, new Map());
}

/** The same, given the values of some names. */
export function foldWith(
  check: Check,
  expr: Expr,
  scope: Scope,
  known: ReadonlyMap<string, Value>,
): Value | undefined {
  const lookup = constantLookup(scope.home, (name) => {
    const body = scope.home.types.get(name)?.declaration.body;
    return body?.kind === "union" ? body.members.map((member) => member.text) : null;
  });
  const find = (name: string) => {
    const value = known.get(name);
    if (value !== undefined) return { known: value };
    return local(scope, name) === null ? lookup(name) : undefined;
  };
  return fold(expr, find, check.folded);
}

function checkRunner(check: Check, setting: Setting, scope: Scope): void {
  const { value } = setting;
  if (value.kind === "error") return;
  if (value.kind !== "name") {
    check.infer(value, scope);
    const hint = "Write `runner: local`, or the name of a declared runner.";
    tell(check, badSetting(at(scope, value), "a runner is a name, not a value", hint));
    return;
  }
  if (value.name === "local") return;
  const places = [...scope.home.places].filter(([, entry]) => entry.declaration.place === "runner");
  const declared = places.find(([name]) => name === value.name)?.[1];
  // The declaration itself is told as `not-yet`.
  if (declared !== undefined) {
    use(check, declared, scope);
    check.pass.refs.set(value, { kind: "place", place: declared.declaration, module: declared.home.module });
    return;
  }
  const near = check.nearest(value.name, ["local", ...places.map(([name]) => name)]);
  tell(check, unknownRunner(at(scope, value), value.name, near));
}

function checkEnv(check: Check, setting: Setting, scope: Scope): void {
  const { value } = setting;
  if (value.kind !== "record-of") {
    const type = check.infer(value, scope);
    if (type.kind === "error") return;
    const label = `\`env\` is a record of strings, this is ${said(type, check.types)}`;
    tell(check, badSetting(at(scope, value), label, 'Write it like `env: { MODE: "fast" }`.'));
    return;
  }
  const seen = new Map<string, At>();
  for (const entry of value.entries) {
    const name = entry.key.text;
    const first = seen.get(name);
    if (first !== undefined) tell(check, duplicateField(at(scope, entry.key), name, first));
    else seen.set(name, at(scope, entry.key));
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
      const hint = "It has letters, digits and `_`, and does not start with a digit.";
      tell(
        check,
        badSetting(at(scope, entry.key), `\`${name}\` cannot be the name of an environment variable`, hint),
      );
    }
    if (entry.short && entry.value.kind === "name") check.pass.shortNames.add(entry.value);
    checkEnvValue(check, entry.value, scope);
  }
  check.pass.typeOf.set(value, {
    kind: "record",
    fields: value.entries.map((entry) => ({
      name: entry.key.text,
      type: stringType,
      doc: null,
      early: false,
    })),
  });
}

function checkEnvValue(check: Check, value: Expr, scope: Scope): void {
  if (value.kind === "call-of" && value.callee.kind === "name" && value.callee.name === "secret") {
    check.pass.refs.set(value.callee, { kind: "builtin", name: "secret" });
    check.pass.typeOf.set(value, stringType);
    const [arg] = value.args;
    if (arg !== undefined && value.args.length === 1 && arg.name === null) {
      const type = check.infer(arg.value, scope);
      if (arg.value.kind === "text" && type.kind === "union" && type.members[0] !== "") return;
      if (type.kind === "error") return;
    }
    const hint = 'Which secrets a plan asks for is known before the run: `secret("TOKEN")`.';
    tell(check, badSetting(at(scope, value), "a secret has a literal name", hint));
    return;
  }
  const type = check.infer(value, scope);
  if (type.kind === "json" || type.kind === "error" || fits(type, stringType, check.types)) {
    check.fit(value, stringType, scope, null);
    return;
  }
  const { diagnostics } = check.pass;
  const before = diagnostics.length;
  check.fit(value, stringType, scope, null);
  const last = diagnostics[before];
  const hint = `An environment variable is a string: \`"~{${written(scope, value) ?? "x"}}"\`.`;
  if (last?.code === "type-mismatch") diagnostics[before] = { ...asBadSetting(last, ""), hint };
}
