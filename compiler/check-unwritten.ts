// An answer that no command writes: the programs are known to print, and nothing else.

import type { Task } from "../grammar/ast.ts";
import { at, type Check, type Scope, tell } from "./check-state.ts";
import { unwrittenAnswer } from "./errors-flows.ts";
import { expand, mayBeNone, said } from "./type-ops.ts";
import type { Type } from "./types.ts";

/** Programs that print, and know nothing of `$OUT`. */
const printers: ReadonlySet<string> = new Set(
  (
    "basename cat cut date df diff dirname du echo expr grep head hostname id jq ls nl nproc printf ps pwd " +
    "realpath rev seq sha256sum sleep sort stat tac tail test tr true uname uniq uptime wc which whoami"
  ).split(" "),
);

/** A task with an answer, without `return`: its work must write the answer. */
export function tellUnwritten(check: Check, task: Task, answer: Type | null, scope: Scope): void {
  if (task.action?.kind !== "run" || task.result !== null || answer === null || mayBeNone(answer)) return;
  const text = commandText(task);
  // What runs inside another command may do anything.
  if (text === null || /OUT|\$\(|`/.test(text) || !onlyPrints(text)) return;
  const kind = expand(answer, check.types).kind;
  const wanted = kind === "string" ? "stdout" : kind === "int" || kind === "float" ? `${kind}(stdout)` : null;
  const place = {
    ...at(scope, task.action),
    span: { start: task.action.span.start, end: task.action.span.start + 3 },
  };
  const { text: source } = scope.home.module.file.source;
  const line = source.lastIndexOf("\n", task.action.span.start) + 1;
  const indent = source.slice(line, task.action.span.start);
  const insertAt = task.action.span.end;
  const fix =
    wanted === null || indent.trim() !== ""
      ? null
      : { insertAt, text: `\n${indent}return ${wanted}`, wanted };
  tell(check, unwrittenAnswer(place, task.name.text, said(answer, check.types), fix));
}

function commandText(task: Task): string | null {
  if (task.action?.kind !== "run") return null;
  const { command } = task.action;
  const parts =
    command.kind === "text"
      ? command.parts
      : command.items[0]?.kind === "text"
        ? command.items[0].parts
        : null;
  // A hole is a word like any other here.
  return parts?.map((part) => (part.kind === "chars" ? part.text : "x")).join("") ?? null;
}

/** Is each command of a script one that only prints? What is not understood counts as one that does more. */
function onlyPrints(script: string): boolean {
  const commands = script
    .split(/\|\||&&|[|;\n]/)
    .map((command) => command.trim())
    .filter((command) => command !== "");
  return (
    commands.length > 0 &&
    commands.every((command) => printers.has(/^[a-z0-9]+(?=\s|$)/.exec(command)?.[0] ?? ""))
  );
}
