// Values of settings: of the right type, known early enough, and sensible.

import type { Expr, Setting } from "../grammar/ast.ts";
import { literalFits } from "./check-fit.ts";
import { foldIn } from "./check-known.ts";
import { checkSlot } from "./check-limits.ts";
import { isCallOf } from "./check-place-names.ts";
import { at, type Check, type Scope, tell, written } from "./check-state.ts";
import { type At, listed, replace } from "./errors.ts";
import { asBadSetting, badSetting } from "./errors-calls.ts";
import { duplicateField } from "./errors-types.ts";
import type { SettingRow } from "./setting-rows.ts";
import { fits, said, show, stringType } from "./type-ops.ts";
import type { Type, Value } from "./types.ts";

/** The value must fit one of the types; true if it does. */
export function checkTyped(
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
    // Of money and a record, a plain number was meant to be money.
    (types.length === 1 || (types[0]?.kind === "money" && value.kind === "number") ? types[0] : undefined);
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

/** Is the value known from the text, where it must be, and does it make sense? */
export function judge(check: Check, setting: Setting, row: SettingRow, fixed: boolean, scope: Scope): void {
  const value = foldIn(check, setting.value, scope);
  if (value === undefined) {
    if (!fixed || check.pass.typeOf.get(setting.value)?.kind === "error") return;
    tellUnknownYet(check, setting, row, scope);
    return;
  }
  const wrong = row.judge?.(value) ?? null;
  if (wrong !== null) tell(check, badSetting(at(scope, setting.value), wrong, null));
}

function tellUnknownYet(check: Check, setting: Setting, row: SettingRow, scope: Scope): void {
  const label = `\`${setting.key.text}\` must be known before the run`;
  const hint = `Write a literal or a constant, like \`${row.example}\`.`;
  tell(check, badSetting(at(scope, setting.value), label, hint));
}

// Rates

/** As people say it, and as it is written. */
const spans: ReadonlyMap<string, string> = new Map([
  ...["second", "sec", "s"].map((word) => [word, "1s"] as const),
  ...["minute", "min", "m"].map((word) => [word, "1m"] as const),
  ...["hour", "h"].map((word) => [word, "1h"] as const),
  ...["day", "d"].map((word) => [word, "1d"] as const),
]);

/** `30 per 1m`: a whole number for each span of time, both known from the text. */
export function checkRate(check: Check, setting: Setting, row: SettingRow, scope: Scope): void {
  let { value } = setting;
  while (value.kind === "paren") value = value.of;
  const hint = `Write it like \`${row.example}\`.`;
  if (value.kind !== "binary" || value.op !== "per") {
    if (value.kind === "binary" && value.op === "/" && value.right.kind === "number") {
      check.infer(value.left, scope);
      const meant = `${written(scope, value.left) ?? ""} per ${written(scope, value.right) ?? ""}`;
      const label = "a rate is written with `per`";
      tell(
        check,
        badSetting(at(scope, value), label, hint, replace(`Write \`${meant}\``, value.span, meant)),
      );
      return;
    }
    const type = check.infer(value, scope);
    if (type.kind === "error") return;
    const label = `\`${setting.key.text}\` is a rate, this is ${said(type, check.types)}`;
    const span = value.kind === "number" && value.type === "int" ? written(scope, value) : null;
    const how =
      span === null ? hint : `Say for how long that holds: \`${setting.key.text}: ${span} per 1m\`.`;
    tell(check, badSetting(at(scope, value), label, how));
    return;
  }
  const { left, right } = value;
  const one = right.kind === "name" ? spans.get(right.name) : undefined;
  if (right.kind === "name" && one !== undefined && !scope.home.values.has(right.name)) {
    const fix = replace(`Write \`${one}\``, right.span, one);
    tell(check, badSetting(at(scope, right), `\`${right.name}\` is written \`${one}\``, null, fix));
    check.infer(left, scope);
    return;
  }
  const count = check.infer(left, scope);
  const span = check.infer(right, scope);
  if (count.kind !== "error" && count.kind !== "int")
    tell(
      check,
      badSetting(
        at(scope, left),
        `a rate counts in whole numbers, this is ${said(count, check.types)}`,
        hint,
      ),
    );
  else if (span.kind !== "error" && span.kind !== "duration") {
    const label = `a rate is per span of time, this is ${said(span, check.types)}`;
    tell(check, badSetting(at(scope, right), label, hint));
  } else judgeRate(check, setting, row, left, right, scope);
}

function judgeRate(
  check: Check,
  setting: Setting,
  row: SettingRow,
  left: Expr,
  right: Expr,
  scope: Scope,
): void {
  const parts = [left, right] as const;
  for (const [index, part] of parts.entries()) {
    const value = foldIn(check, part, scope);
    if (check.pass.typeOf.get(part)?.kind === "error") return;
    if (value === undefined) {
      tellUnknownYet(check, setting, row, scope);
      return;
    }
    if (typeof value !== "number" || value > 0) continue;
    const label = index === 0 ? "nothing could ever start at this rate" : "this is no span of time";
    tell(check, badSetting(at(scope, part), label, `Write it like \`${row.example}\`.`));
    return;
  }
}

// Secrets

/** `secret("NAME")` where it may stand; false for any other value. */
function checkSecret(check: Check, value: Expr, scope: Scope): boolean {
  if (value.kind === "paren") return checkSecret(check, value.of, scope);
  if (!isCallOf(value, "secret")) return false;
  check.pass.refs.set(value.callee, { kind: "builtin", name: "secret" });
  check.pass.typeOf.set(value, stringType);
  const [arg] = value.args;
  if (arg !== undefined && value.args.length === 1 && arg.name === null) {
    const type = check.infer(arg.value, scope);
    if (arg.value.kind === "text" && type.kind === "union" && type.members[0] !== "") return true;
    if (type.kind === "error") return true;
  }
  const hint = 'Which secrets a plan asks for is known before the run: `secret("TOKEN")`.';
  tell(check, badSetting(at(scope, value), "a secret has a literal name", hint));
  return true;
}

/** A string known from the text, or a secret. */
export function checkSecretOrText(check: Check, setting: Setting, row: SettingRow, scope: Scope): void {
  if (checkSecret(check, setting.value, scope)) return;
  if (checkTyped(check, setting, [stringType], row, scope)) judge(check, setting, row, true, scope);
}

// Environment

export function checkEnv(check: Check, setting: Setting, scope: Scope): void {
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
      const label = `\`${name}\` cannot be the name of an environment variable`;
      tell(check, badSetting(at(scope, entry.key), label, hint));
    }
    if (name === "OUT" || name === "EARLY" || name.startsWith("FLOWC_")) {
      const label = `\`${name}\` is set by flowc itself`;
      tell(check, badSetting(at(scope, entry.key), label, "Call it otherwise."));
    }
    if (entry.short && entry.value.kind === "name") check.pass.shortNames.add(entry.value);
    checkEnvValue(check, entry.value, scope);
  }
  const fields = value.entries.map(({ key }) => ({
    name: key.text,
    type: stringType,
    doc: null,
    early: false,
  }));
  check.pass.typeOf.set(value, { kind: "record", fields });
}

function checkEnvValue(check: Check, value: Expr, scope: Scope): void {
  if (checkSecret(check, value, scope) || checkSlot(check, value, scope)) return;
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

/** The value as text, if the text alone tells it. */
export function knownText(value: Value | undefined): string | null {
  return typeof value === "string" ? value : null;
}
