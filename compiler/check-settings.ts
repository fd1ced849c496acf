// Settings: known, given once, and each looked at as its kind asks.

import type { Expr, RecordExpr, Setting } from "../grammar/ast.ts";
import { walk } from "../grammar/walk.ts";
import { checkSession } from "./check-asks.ts";
import { checkArguments, checkScript } from "./check-commands.ts";
import { checkGlobs } from "./check-globs.ts";
import { kindsIn, kindTable, kindWith, tellNoKind } from "./check-kinds.ts";
import { foldIn } from "./check-known.ts";
import { checkUses } from "./check-limits.ts";
import { use } from "./check-names.ts";
import { checkPlaceName } from "./check-place-names.ts";
import { checkProxy } from "./check-proxy.ts";
import { checkEnv, checkRate, checkSecretOrText, checkTyped, judge } from "./check-setting-values.ts";
import { at, type Check, local, noteLater, rootScope, type Scope, tell, without } from "./check-state.ts";
import { checkWorkspace } from "./check-workspace.ts";
import { badSetting, duplicateSetting, missingSetting, notYet, unknownSetting } from "./errors-calls.ts";
import { field, type SettingRow, type SettingTable } from "./setting-rows.ts";
import { ownerOf, ownerWords, type SettingOwner, settingsOf } from "./settings.ts";
import { errorType, said } from "./type-ops.ts";

/** Settings that stand together, and how what they belong to is called. */
interface Group {
  readonly table: SettingTable;
  readonly words: string;
  /** Settings of other things are told as such. */
  readonly elsewhere: boolean;
  /** Any more may stand there. */
  readonly others?: boolean;
}

export function checkSettings(
  check: Check,
  settings: readonly Setting[],
  owner: SettingOwner,
  scope: Scope,
): void {
  if (settings.length === 0) return;
  const group = {
    table: owner === "runner" || owner === "agent" ? kindTable(check, owner, settings) : settingsOf(owner),
    words: ownerWords(owner),
    elsewhere: true,
  };
  checkGroup(check, settings, group, owner, without(scope, "a setting"));
}

function checkGroup(
  check: Check,
  settings: readonly Setting[],
  group: Group,
  owner: SettingOwner,
  scope: Scope,
): ReadonlySet<string> {
  const seen = new Map<string, Setting>();
  const given = new Set(settings.map(({ key }) => key.text));
  for (const setting of settings) {
    const name = setting.key.text;
    const first = seen.get(name);
    if (first !== undefined) {
      tell(check, duplicateSetting(at(scope, setting.key), name, at(scope, first.key)));
      continue;
    }
    seen.set(name, setting);
    const row = Object.hasOwn(group.table, name) ? group.table[name] : undefined;
    if (row === undefined && group.others === true) check.infer(setting.value, scope);
    else if (row === undefined) tellUnknown(check, setting, group, given, owner, scope);
    else if (owner === "with" && row.kind.kind === "command") tellOwnCommand(check, setting, scope);
    else checkSetting(check, setting, row, owner, scope);
  }
  return given;
}

function tellUnknown(
  check: Check,
  setting: Setting,
  group: Group,
  given: Set<string>,
  owner: SettingOwner,
  scope: Scope,
): void {
  const name = setting.key.text;
  if ((owner === "runner" || owner === "agent") && tellNoKind(check, owner, setting, scope)) {
    markNames(check, setting.value, scope);
    return;
  }
  const known = Object.keys(group.table);
  const other = group.elsewhere ? ownerIn(check, name) : null;
  const inside = owner === "runner" || owner === "agent" ? kindWith(check, owner, name, given) : null;
  const near =
    inside !== null
      ? null
      : check.nearest(
          name,
          known.filter((each) => !given.has(each)),
        );
  // What was meant is not missing as well.
  if (near !== null) given.add(near);
  const hint =
    inside !== null
      ? `It stands in its kind: \`${inside.kind}: { ${inside.example} }\`.`
      : other === null
        ? null
        : `\`${name}\` is a setting of ${other}.`;
  tell(check, unknownSetting(at(scope, setting.key), name, group.words, near, known, hint, null));
  markNames(check, setting.value, scope);
}

function ownerIn(check: Check, name: string): string | null {
  if (kindsIn(check.host, "agent").names().includes(name)) return "an agent";
  return ownerOf(name) ?? (kindsIn(check.host, "runner").names().includes(name) ? "a runner" : null);
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

/** Checks one setting; what is right and cannot be carried out yet is noted. */
function checkSetting(
  check: Check,
  setting: Setting,
  row: SettingRow,
  owner: SettingOwner,
  scope: Scope,
): void {
  if (row.later !== true) {
    checkKind(check, setting, row, owner, scope);
    return;
  }
  const before = check.pass.diagnostics.length;
  checkKind(check, setting, row, owner, scope);
  const name = setting.key.text;
  const wrong = check.pass.diagnostics.length > before;
  noteLater(check, `setting ${name}`, `the setting \`${name}\``, at(scope, setting.key), wrong);
}

function checkKind(check: Check, setting: Setting, row: SettingRow, owner: SettingOwner, scope: Scope): void {
  const { kind } = row;
  switch (kind.kind) {
    case "later":
      tell(check, notYet(at(scope, setting.key), `the setting \`${setting.key.text}\``));
      markNames(check, setting.value, scope);
      return;
    case "place":
      checkPlaceName(check, setting, kind.place, scope);
      return;
    case "proxy":
      checkProxy(check, setting, scope);
      return;
    case "env":
      checkEnv(check, setting, scope);
      return;
    case "rate":
      checkRate(check, setting, row, scope);
      return;
    case "secret":
      checkSecretOrText(check, setting, row, scope);
      return;
    case "record":
      checkRecord(check, setting, row, kind, scope);
      return;
    case "uses":
      checkUses(check, setting, scope);
      return;
    case "session":
      checkSession(check, setting, owner, scope);
      return;
    case "workspace":
      checkWorkspace(check, setting, row, scope);
      return;
    case "cache":
      if (checkCacheKeys(check, setting, row, scope) && owner === "with") onlyOff(check, setting, scope);
      return;
    case "command":
      checkCommand(check, setting, row, scope);
      return;
    case "fixed":
    case "value":
      if (!checkTyped(check, setting, kind.types, row, scope)) return;
      judge(check, setting, row, kind.kind === "fixed", scope);
      if (setting.key.text === "reads" || setting.key.text === "writes") checkGlobs(check, setting, scope);
  }
}

/** `true`, or a list of what stands in place of the inputs. */
function checkCacheKeys(check: Check, setting: Setting, row: SettingRow, scope: Scope): boolean {
  const { value } = setting;
  if (value.kind === "list-of") {
    for (const item of value.items) check.infer(item, scope);
    check.pass.typeOf.set(value, { kind: "list", of: errorType });
    return true;
  }
  const type = check.infer(value, scope);
  if (type.kind === "bool" || type.kind === "list" || type.kind === "error") return true;
  const label = `\`cache\` is \`true\` or a list of keys, this is ${said(type, check.types)}`;
  tell(check, badSetting(at(scope, value), label, `Write it like \`${row.example}\`.`));
  return false;
}

/** Whether a cache is sound is seen from all settings of a task together. */
function onlyOff(check: Check, setting: Setting, scope: Scope): void {
  if (foldIn(check, setting.value, scope) === false) return;
  const hint = "Write it among the settings of the task: whether it is safe depends on those.";
  tell(
    check,
    badSetting(at(scope, setting.value), "a `with` can only switch a cache off, with `cache: false`", hint),
  );
}

/** A command stands in the task that it belongs to: it is over its parameters. */
function tellOwnCommand(check: Check, setting: Setting, scope: Scope): void {
  const hint = "Write it among the settings of the task, where it sees the parameters.";
  tell(check, badSetting(at(scope, setting.key), `\`${setting.key.text}\` cannot be overridden`, hint));
  markNames(check, setting.value, scope);
}

function checkCommand(check: Check, setting: Setting, row: SettingRow, scope: Scope): void {
  const { value } = setting;
  if (value.kind === "text") checkScript(check, value, scope);
  else if (value.kind === "list-of" && value.items.length > 0) checkArguments(check, value, scope);
  else {
    const type = check.infer(value, scope);
    if (type.kind === "error") return;
    const label = `\`${setting.key.text}\` is a command, written out; a value cannot be run`;
    tell(
      check,
      badSetting(at(scope, value), label, `Write it like \`${row.example}\`, or as a list of words.`),
    );
  }
}

/** A record of settings, written out or as a constant. */
function checkRecord(
  check: Check,
  setting: Setting,
  row: SettingRow,
  { fields, others = false }: Extract<SettingRow["kind"], { kind: "record" }>,
  scope: Scope,
): void {
  const name = setting.key.text;
  const literal = recordOf(check, setting.value, scope);
  if (literal === null) {
    const type = check.infer(setting.value, scope);
    if (type.kind === "error") return;
    const label = `\`${name}\` is a record, this is ${said(type, check.types)}`;
    tell(check, badSetting(at(scope, setting.value), label, `Write it like \`${row.example}\`.`));
    return;
  }
  const { record, inside } = literal;
  const group = { table: fields, words: `\`${name}\``, elsewhere: false, others };
  const settings = record.entries.map(({ span, key, value }) => ({ span, key, value }));
  const given = checkGroup(check, settings, group, "task", inside);
  const typed = settings.map(({ key, value }) => field(key.text, check.pass.typeOf.get(value) ?? errorType));
  // That of a constant is there already.
  if (!check.pass.typeOf.has(record)) check.pass.typeOf.set(record, { kind: "record", fields: typed });
  const missing = Object.entries(fields).find(([key, { required }]) => required === true && !given.has(key));
  if (missing !== undefined)
    tell(check, missingSetting(at(scope, setting.key), `\`${name}\``, missing[0], missing[1].example));
}

function recordOf(
  check: Check,
  value: Expr,
  scope: Scope,
): { readonly record: RecordExpr; readonly inside: Scope } | null {
  if (value.kind === "paren") return recordOf(check, value.of, scope);
  if (value.kind === "record-of") return { record: value, inside: scope };
  if (value.kind !== "name" || local(scope, value.name) !== null) return null;
  const constant = scope.home.values.get(value.name);
  if (constant === undefined) return null;
  check.infer(value, scope);
  const { declaration, home } = constant;
  const record = declaration.value.kind === "record-of" ? declaration.value : null;
  return record === null ? null : { record, inside: rootScope(home, declaration, scope.where) };
}
