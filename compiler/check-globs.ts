// Globs that the text tells: that they are globs, and that what should be read is there.

import { posix } from "node:path";
import type { Call, Expr, Setting } from "../grammar/ast.ts";
import { comesFromNode } from "./check-depends.ts";
import { foldIn } from "./check-known.ts";
import { at, type Check, type Scope, tell } from "./check-state.ts";
import { type At, replace } from "./errors.ts";
import { misplacedCall } from "./errors-calls.ts";
import { badGlob, noFileRead } from "./errors-overlaps.ts";
import { globProblem, isPlainPath } from "./glob.ts";

/** `reads` and `writes`: lists of globs that start at the project's root. */
export function checkGlobs(check: Check, setting: Setting, scope: Scope): void {
  const name = setting.key.text;
  for (const { pattern, place, item } of patternsOf(check, setting.value, scope)) {
    if (tellBad(check, pattern, place, item)) continue;
    if (name === "reads" && !check.trial) tellAbsent(check, pattern, place, item, scope);
  }
}

/** The pattern of `files(…)` and `glob(…)`. */
export function checkGlobOf(check: Check, call: Call, scope: Scope): void {
  const arg = call.args[0]?.value;
  const pattern = arg === undefined ? undefined : foldIn(check, arg, scope);
  if (arg !== undefined && typeof pattern === "string") tellBad(check, pattern, at(scope, arg), arg);
}

/** What a run sees of the project is seen when it starts; the folder of a node is another matter. */
export function checkKnownGlob(check: Check, call: Call, scope: Scope): void {
  const [pattern] = call.args;
  if (pattern === undefined || call.args.length > 1 || !comesFromNode(check, pattern.value)) return;
  const label = "which files these are must be known when the run starts, and this comes from a node";
  const hint = 'A task can answer with what it finds: `return files("*.md")`, with a type such as `file[]`.';
  tell(check, misplacedCall(at(scope, pattern), label, hint));
}

interface Pattern {
  readonly pattern: string;
  readonly place: At;
  /** As it is written, if it stands here and not in a constant. */
  readonly item: Expr | null;
}

function patternsOf(check: Check, value: Expr, scope: Scope): readonly Pattern[] {
  if (value.kind === "paren") return patternsOf(check, value.of, scope);
  if (value.kind === "list-of")
    return value.items.flatMap((item) => {
      const pattern = foldIn(check, item, scope);
      return typeof pattern === "string" ? [{ pattern, place: at(scope, item), item }] : [];
    });
  const known = foldIn(check, value, scope);
  if (!Array.isArray(known)) return [];
  const place = at(scope, value);
  return known.flatMap((pattern) => (typeof pattern === "string" ? [{ pattern, place, item: null }] : []));
}

function tellBad(check: Check, pattern: string, place: At, item: Expr | null): boolean {
  const problem = globProblem(pattern);
  if (problem !== null) {
    tell(check, badGlob(place, pattern, problem, null));
    return true;
  }
  if (!pattern.endsWith("/") || pattern.endsWith("**/")) return false;
  const fix = item === null ? null : replace("Take all files of the folder", place.span, `"${pattern}**"`);
  tell(check, badGlob(place, pattern, "it ends with `/`, and only files are matched", fix));
  return true;
}

function tellAbsent(check: Check, pattern: string, place: At, item: Expr | null, scope: Scope): void {
  const { host } = check;
  const found = host.glob(pattern, host.root);
  if ((found.paths ?? []).length > 0) return;
  // Written as if it started at the `.flow` file, or as if a folder were its files.
  const folder = posix.relative(host.root, scope.home.folder);
  const tries = [
    ...(isPlainPath(pattern) && host.look(posix.join(host.root, pattern)) === "dir" ? [`${pattern}/**`] : []),
    ...(folder === "" || folder.startsWith("..") ? [] : [posix.join(folder, pattern)]),
  ];
  const right = tries.find(
    (one) => globProblem(one) === null && (host.glob(one, host.root).paths ?? []).length > 0,
  );
  const fix =
    right === undefined || item === null ? null : replace(`Write \`${right}\``, place.span, `"${right}"`);
  tell(check, noFileRead(place, pattern, right ?? null, fix));
}
