// Where a task works: the project, a fresh folder, or a worktree of git on a branch of its own.

import type { Arg, Call, Setting } from "../grammar/ast.ts";
import { foldIn } from "./check-known.ts";
import { isCallOf } from "./check-place-names.ts";
import { checkTyped } from "./check-setting-values.ts";
import { at, type Check, type Scope, tell } from "./check-state.ts";
import { replace } from "./errors.ts";
import {
  asBadSetting,
  badSetting,
  duplicateArgument,
  missingArgument,
  unknownArgument,
} from "./errors-calls.ts";
import type { SettingRow } from "./setting-rows.ts";
import { stringType } from "./type-ops.ts";
import type { Type } from "./types.ts";

const usage = 'worktree(branch: "…", from: "main", into: "next")';

export function checkWorkspace(check: Check, setting: Setting, row: SettingRow, scope: Scope): void {
  const { value } = setting;
  if (isCallOf(value, "worktree")) {
    check.worktrees = true;
    check.pass.refs.set(value.callee, { kind: "builtin", name: "worktree" });
    check.pass.typeOf.set(value, stringType);
    checkWorktree(check, value, scope);
    return;
  }
  const words: Type = { kind: "union", members: ["project", "scratch"] };
  checkTyped(check, setting, [words], { ...row, example: `workspace: ${usage}` }, scope);
}

const parts = ["branch", "from", "into"];

function checkWorktree(check: Check, call: Call, scope: Scope): void {
  const given = new Map<string, Arg>();
  const before = check.pass.diagnostics.length;
  for (const arg of call.args) {
    if (arg.name === null) {
      check.infer(arg.value, scope);
      const label = "`worktree` takes its arguments by name";
      tell(check, unknownArgument(at(scope, arg), label, `Call it like this: \`${usage}\`.`, null, null));
      continue;
    }
    const name = arg.name.text;
    const first = given.get(name);
    if (first !== undefined) tell(check, duplicateArgument(at(scope, arg.name), name, at(scope, first)));
    else if (parts.includes(name)) given.set(name, arg);
    if (parts.includes(name)) {
      checkText(check, arg, scope);
      continue;
    }
    check.infer(arg.value, scope);
    const near = check.nearest(name, parts);
    const fix = near === null ? null : replace(`Write \`${near}\``, arg.name.span, near);
    const label = near === null ? `\`worktree\` has no parameter \`${name}\`` : `did you mean \`${near}\`?`;
    const hint = near === null ? `Call it like this: \`${usage}\`.` : null;
    tell(check, unknownArgument(at(scope, arg.name), label, hint, fix, null));
  }
  if (check.pass.diagnostics.length > before) return;
  // To look at, a state is enough; what is merged must be on a branch.
  if (!given.has("branch") && (given.has("into") || !given.has("from")))
    tell(check, missingArgument(at(scope, call), ["branch"], "worktree", null, usage));
  else tellSameBranch(check, given, scope);
}

/** A branch is a string; where it is known, git must take its name. */
function checkText(check: Check, arg: Arg, scope: Scope): void {
  const { diagnostics } = check.pass;
  const before = diagnostics.length;
  check.infer(arg.value, scope);
  check.fit(arg.value, stringType, scope, null);
  const last = diagnostics[before];
  if (last !== undefined) {
    diagnostics[before] = asBadSetting(last, usage);
    return;
  }
  const name = foldIn(check, arg.value, scope);
  if (typeof name !== "string" || isBranchName(name)) return;
  const hint =
    "Git allows no spaces, `..`, `~ ^ : ? * [` or a backslash in it, and no `-` or `/` at its start.";
  tell(check, badSetting(at(scope, arg.value), `\`${name}\` cannot be the name of a branch`, hint));
}

/** The rules of `git check-ref-format --branch` that people run into. */
function isBranchName(name: string): boolean {
  if (/[\s~^:?*[\\]|\.\.|@\{|\/\/|^[-/]|[/.]$|\.lock$/.test(name)) return false;
  return name !== "" && name !== "@" && !/[\0-\x1f\x7f]/.test(name) && !/(^|\/)\./.test(name);
}

function tellSameBranch(check: Check, given: ReadonlyMap<string, Arg>, scope: Scope): void {
  const branch = given.get("branch");
  const name = branch === undefined ? undefined : foldIn(check, branch.value, scope);
  for (const other of ["from", "into"]) {
    const arg = given.get(other);
    if (arg === undefined || typeof name !== "string" || foldIn(check, arg.value, scope) !== name) continue;
    const label = `this is the branch that the work is done on`;
    const hint = "The work has a branch of its own, made from one and merged into one.";
    tell(check, badSetting(at(scope, arg.value), label, hint));
    return;
  }
}
