// Values in commands: which types may stand where in the shell's text, and what only looks like a value.

import type { Expr, ListExpr, Text } from "../grammar/ast.ts";
import { analyzeArgv, analyzeShell } from "../grammar/shell.ts";
import type { HolePlace, ShellPart, ShellProblem, ShellWarning } from "../grammar/shell-script.ts";
import type { Span } from "../grammar/source.ts";
import { tellNone } from "./check-none.ts";
import { at, type Check, local, type Scope, tell, written } from "./check-state.ts";
import { replace } from "./errors.ts";
import {
  commandProblem,
  listInText,
  noIntInArithmetic,
  programWarning,
  recordInText,
  valueAsCommand,
} from "./errors-commands.ts";
import { badCommand, noShell, shellVariable } from "./errors-flows.ts";
import { expand, mayBeNone, show, stringType, withoutNone } from "./type-ops.ts";
import type { Type } from "./types.ts";

type Part = Text["parts"][number];

interface Located {
  readonly parts: readonly Part[];
  readonly holes: readonly Expr[];
}

/** Checks a script: `run "…"`. */
export function checkScript(check: Check, command: Text, scope: Scope): void {
  const holes: Expr[] = [];
  const parts = shellParts(command, holes);
  for (const hole of holes) check.infer(hole, scope);
  check.pass.typeOf.set(command, stringType);
  if (command.parts.every((part) => part.kind === "chars" && part.text.trim() === ""))
    tell(check, badCommand(at(scope, command), "there is nothing to run", null));
  const script = analyzeShell(parts);
  const located = { parts: command.parts, holes };
  const wrong = tellProblems(check, script.problems, located, scope);
  for (const place of script.holes)
    if (!wrong.has(place.hole)) checkPlace(check, place, holes[place.hole], scope);
  tellWarnings(check, script.warnings, located, wrong, scope);
  const own = new Set(script.assigned);
  for (const variable of script.variables) {
    if (!variable.braces || own.has(variable.name) || local(scope, variable.name) === null) continue;
    const part = command.parts[variable.part];
    const found = local(scope, variable.name);
    if (part === undefined || found === null) continue;
    // It was meant: then it is not unused as well.
    found.used = true;
    tell(
      check,
      shellVariable(
        { ...at(scope, part), span: spanIn(scope, part, variable.start, variable.end) },
        variable.name,
      ),
    );
  }
}

/** Checks an argument list: `run ["…", x]`. No shell reads it; a list among the items is spliced in. */
export function checkArguments(check: Check, command: ListExpr, scope: Scope): void {
  const holes: Expr[] = [];
  const all: Part[] = [];
  const items = command.items.map((item): readonly ShellPart[] => {
    const type = check.infer(item, scope);
    if (item.kind === "text" && type.kind !== "error") {
      all.push(...item.parts);
      return shellParts(item, holes);
    }
    holes.push(item);
    all.push({ kind: "hole", span: item.span, expr: item });
    return [{ hole: holes.length - 1 }];
  });
  check.pass.typeOf.set(command, { kind: "list", of: stringType });
  tellNoShell(check, command, scope);
  const { problems, warnings, holes: places } = analyzeArgv(items);
  const located = { parts: all, holes };
  const wrong = tellProblems(check, problems, located, scope);
  for (const place of places) {
    const hole = holes[place.hole];
    if (place.command && hole !== undefined && !wrong.has(place.hole)) checkCommand(check, hole, scope);
  }
  tellWarnings(check, warnings, located, wrong, scope);
}

const shellWords: ReadonlySet<string> = new Set([
  "|",
  "||",
  "&",
  "&&",
  ";",
  ">",
  ">>",
  "<",
  "2>",
  "2>&1",
  "<<<",
]);

/** A list that was written for a shell: a whole command as the program's name, or the signs of a pipe. */
function tellNoShell(check: Check, command: ListExpr, scope: Scope): void {
  const [first] = command.items;
  if (first === undefined) {
    tell(check, badCommand(at(scope, command), "there is nothing to run", null));
    return;
  }
  const program = literal(first);
  if (command.items.length === 1 && program !== null && /^[\w./-]+ /.test(program)) {
    const text = scope.home.module.file.source.text.slice(first.span.start, first.span.end);
    const fix = replace(`Write \`run ${text}\``, command.span, text);
    tell(check, noShell(at(scope, first), "this is one long name of a program, not a command", fix));
    return;
  }
  const sign = command.items.find((item) => shellWords.has(literal(item) ?? ""));
  if (sign === undefined) return;
  const label = `\`${literal(sign)}\` is an argument here: no shell reads a list`;
  tell(check, noShell(at(scope, sign), label, null));
}

function literal(item: Expr): string | null {
  const [part] = item.kind === "text" && item.parts.length === 1 ? item.parts : [];
  return part?.kind === "chars" ? part.text : null;
}

function shellParts(text: Text, holes: Expr[]): readonly ShellPart[] {
  return text.parts.map((part) => {
    if (part.kind === "chars") return { text: part.text };
    holes.push(part.expr);
    return { hole: holes.length - 1 };
  });
}

/** Tells what is wrong with the text; the holes that it is about. */
function tellProblems(
  check: Check,
  problems: readonly ShellProblem[],
  located: Located,
  scope: Scope,
): ReadonlySet<number> {
  const wrong = new Set<number>();
  for (const problem of problems) {
    const part = located.parts[problem.part];
    if (part === undefined || (problem.hole !== null && wrong.has(problem.hole))) continue;
    if (problem.hole !== null) wrong.add(problem.hole);
    const span = part.kind === "hole" ? part.span : spanIn(scope, part, problem.start, problem.end);
    const text = part.kind === "hole" ? `~{${written(scope, part.expr) ?? "x"}}` : "";
    tell(check, commandProblem({ ...at(scope, part), span }, problem, text));
  }
  return wrong;
}

function tellWarnings(
  check: Check,
  warnings: readonly ShellWarning[],
  located: Located,
  wrong: ReadonlySet<number>,
  scope: Scope,
): void {
  for (const warning of warnings) {
    const expr = located.holes[warning.hole];
    if (expr === undefined || wrong.has(warning.hole)) continue;
    const type = check.pass.typeOf.get(expr);
    if (type === undefined || isPlain(check, type)) continue;
    const shown = {
      ...warning,
      instead: warning.instead.replaceAll("~{x}", `~{${written(scope, expr) ?? "x"}}`),
    };
    tell(check, programWarning(at(scope, expr), shown));
  }
}

/** Numbers, and unions of plain words: nothing in them could mean something to a program. */
function isPlain(check: Check, type: Type): boolean {
  const body = expand(withoutNone(type), check.types);
  if (body.kind === "union") return body.members.every((member) => /^[\w.,:@%+=/-]*$/.test(member));
  return /^(error|bool|int|float|duration|size|percent|money)$/.test(body.kind);
}

function checkPlace(check: Check, place: HolePlace, hole: Expr | undefined, scope: Scope): void {
  const type = hole === undefined ? undefined : check.pass.typeOf.get(hole);
  if (hole === undefined || type === undefined || type.kind === "error" || type.kind === "never") return;
  if (place.command) {
    checkCommand(check, hole, scope);
    return;
  }
  if (place.place === "word") return;
  const where = at(scope, hole);
  if (mayBeNone(type)) {
    tellNone(
      check,
      hole,
      type,
      scope,
      `this is \`${show(type)}\`: as ${placeWords(place)} it cannot be \`none\``,
    );
    return;
  }
  const body = expand(type, check.types);
  const text = written(scope, hole) ?? "x";
  if (place.place === "arithmetic") {
    if (body.kind !== "int") tell(check, noIntInArithmetic(where, show(type), text));
  } else if (body.kind === "list") tell(check, listInText(where, show(type), place.place !== "part", text));
  else if ((body.kind === "record" || body.kind === "map") && place.place !== "part")
    tell(check, recordInText(where, show(type), text));
}

function placeWords(place: HolePlace): string {
  return place.place === "part" ? "a part of a word" : place.place === "arithmetic" ? "a number" : "text";
}

/** The value says what is run: a file, or one of a few words that stand in the program. */
function checkCommand(check: Check, hole: Expr, scope: Scope): void {
  const type = check.pass.typeOf.get(hole);
  if (type === undefined || type.kind === "error") return;
  const body: Type = expand(withoutNone(type), check.types);
  if (mayBeNone(type)) {
    tellNone(check, hole, type, scope, `this is \`${show(type)}\`: without it there is nothing to run`);
    return;
  }
  if (body.kind === "file" || body.kind === "union") return;
  tell(check, valueAsCommand(at(scope, hole), show(type)));
}

/**
 * The place in the source of a piece of a literal's text. The text has its escapes resolved and its indentation taken
 * off, so the two are walked side by side.
 */
function spanIn(scope: Scope, part: Part, start: number, end: number): Span {
  if (part.kind === "hole") return part.span;
  const raw = scope.home.module.file.source.text.slice(part.span.start, part.span.end);
  const from = offsetIn(raw, part.text, start);
  const to = offsetIn(raw, part.text, Math.max(start, end - 1));
  return {
    start: part.span.start + from,
    end: part.span.start + Math.min(raw.length, to + (end > start ? 1 : 0)),
  };
}

function offsetIn(raw: string, text: string, offset: number): number {
  if (raw === text) return offset;
  let at = 0;
  for (let inText = 0; inText < offset && at < raw.length; ) {
    if (raw[at] === text[inText]) inText++;
    else if (raw[at] === "\\") {
      at += raw[at + 1] === "u" ? raw.indexOf("}", at) - at : 1;
      inText++;
    }
    at++;
  }
  while (at < raw.length && raw[at] !== text[offset] && /\s/.test(raw[at] ?? "")) at++;
  return at;
}
