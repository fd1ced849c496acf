// Secrets on their way to where others could read them: followed through names, lists, records and strings.

import type { Call, Constant, Declaration, Expr, Flow, Name, Setting, Task } from "../grammar/ast.ts";
import type { Fix } from "../grammar/diagnostic.ts";
import { type AnyNode, walk } from "../grammar/walk.ts";
import { at, type Check, markWrong, type Scope, tell } from "./check-state.ts";
import type { At } from "./errors.ts";
import { secretLeak } from "./errors-flows.ts";
import type { Ref } from "./program.ts";
import type { Home } from "./resolve.ts";

type Sink = "command" | "prompt" | "cache" | "answer" | "argument" | "setting" | "check";

/** An expression, and where its value goes: to an end that others see, or to a name. */
interface Spot {
  readonly expr: Expr;
  readonly home: Home;
  readonly sink: { readonly kind: Sink; readonly words: string } | null;
  readonly definition: object | null;
  /** The value of a variable of the environment. */
  readonly env: boolean;
}

/** Tells of each secret that is not where it may stand, and where it would end up. */
export function tellSecrets(check: Check, homes: readonly Home[]): void {
  if (check.secrets.length === 0) return;
  const spots = homes.flatMap((home) =>
    home.module.file.declarations.flatMap((one) => spotsOf(check, one, home)),
  );
  for (const stray of check.secrets) tellStray(check, stray, spots);
}

function tellStray(check: Check, { call, scope }: Check["secrets"][number], spots: readonly Spot[]): void {
  const { sink, inEnv } = follow(check, call, spots);
  if (sink?.sink?.kind === "cache") markWrong(check, "setting cache");

  const name = nameOf(call);
  const place = at(scope, call);
  const way = sink === null ? null : at({ home: sink.home }, sink.expr);
  const direct = way === null || (way.span.start <= place.span.start && place.span.end <= way.span.end);
  const fix = sink === null ? envFix(check, call, scope, inEnv) : null;
  tell(check, secretLeak(place, sink?.sink ?? null, direct ? null : way, name, fix));
}

function nameOf(call: Call): string {
  const value = call.args[0]?.value;
  const part = value?.kind === "text" ? value.parts[0] : undefined;
  return part?.kind === "chars" ? part.text : "TOKEN";
}

/** The first end that the value of a call reaches, and the variables of the environment that hold it. */
function follow(
  check: Check,
  call: Call,
  spots: readonly Spot[],
): { readonly sink: Spot | null; readonly inEnv: readonly Spot[] } {
  const inEnv: Spot[] = [];
  const reached = new Set<object>();
  const open: ((node: AnyNode) => boolean)[] = [(node) => node === call];
  for (let holds = open.shift(); holds !== undefined; holds = open.shift()) {
    const test = holds;
    for (const spot of spots) {
      if (!contains(check, spot.expr, test)) continue;
      if (spot.env) inEnv.push(spot);
      else if (spot.sink !== null) return { sink: spot, inEnv };
      const { definition } = spot;
      if (definition === null || reached.has(definition)) continue;
      reached.add(definition);
      open.push((node) => node.kind === "name" && definitionOf(check.pass.refs.get(node)) === definition);
    }
  }
  return { sink: null, inEnv };
}

/** Does the value hold what the test asks for? What is given to a task or flow is not in its answer. */
function contains(check: Check, root: Expr, test: (node: AnyNode) => boolean): boolean {
  let found = false;
  walk(root, (node) => {
    if (found) return "skip";
    found = test(node);
    const kind =
      node.kind === "call-of" && node.callee.kind === "name" ? check.pass.refs.get(node.callee)?.kind : null;
    return kind === "task" || kind === "flow" ? "skip" : null;
  });
  return found;
}

function definitionOf(ref: Ref | undefined): object | null {
  switch (ref?.kind) {
    case "param":
      return ref.param;
    case "binding":
      return ref.binding;
    case "item":
      return ref.loop.lists[ref.index] ?? null;
    case "constant":
      return ref.constant;
    default:
      return null;
  }
}

// Where values go

function spotsOf(check: Check, declaration: Declaration, home: Home): readonly Spot[] {
  const to = (expr: Expr, definition: object): Spot => ({ expr, home, sink: null, definition, env: false });
  switch (declaration.kind) {
    case "constant":
      return [to(declaration.value, declaration)];
    case "task":
      return taskSpots(declaration, home);
    case "flow":
      return [
        ...declaration.params.flatMap((one) => (one.value === null ? [] : [to(one.value, one)])),
        ...flowSpots(check, declaration, home),
      ];
    default:
      return [];
  }
}

function taskSpots(task: Task, home: Home): readonly Spot[] {
  const spots: Spot[] = [];
  const name = `\`${task.name.text}\``;
  const end = (expr: Expr, kind: Sink, words: string) =>
    spots.push({ expr, home, sink: { kind, words }, definition: null, env: false });
  for (const setting of task.settings) settingSpots(setting, name, home, spots);
  const { action } = task;
  if (action?.kind === "run")
    for (const part of valuesIn(action.command)) end(part, "command", `the command of ${name}`);
  if (action?.kind === "ask") end(action.prompt, "prompt", `the prompt of ${name}`);
  if (task.result !== null) end(task.result, "answer", `the answer of ${name}`);
  for (const { value } of task.params) if (value !== null) end(value, "argument", `the arguments of ${name}`);
  return spots;
}

function valuesIn(command: Expr): readonly Expr[] {
  if (command.kind === "list-of") return command.items;
  if (command.kind !== "text") return [command];
  return command.parts.flatMap((part) => (part.kind === "hole" ? [part.expr] : []));
}

function settingSpots(setting: Setting, name: string, home: Home, spots: Spot[]): void {
  const key = setting.key.text;
  if (key === "env" && setting.value.kind === "record-of") {
    for (const { value } of setting.value.entries)
      spots.push({ expr: value, home, sink: null, definition: null, env: value.kind === "name" });
    for (const { value } of setting.value.entries)
      if (value.kind !== "name")
        spots.push({
          expr: value,
          home,
          sink: { kind: "setting", words: `a text in \`env\` of ${name}` },
          definition: null,
          env: false,
        });
    return;
  }
  const kind = key === "cache" ? "cache" : key === "undo" ? "command" : "setting";
  const words = key === "cache" ? `the cache key of ${name}` : `the setting \`${key}\` of ${name}`;
  spots.push({ expr: setting.value, home, sink: { kind, words }, definition: null, env: false });
}

function flowSpots(check: Check, flow: Flow, home: Home): readonly Spot[] {
  const spots: Spot[] = [];
  const to = (expr: Expr, definition: object) =>
    spots.push({ expr, home, sink: null, definition, env: false });
  const end = (expr: Expr, kind: Sink, words: string) =>
    spots.push({ expr, home, sink: { kind, words }, definition: null, env: false });
  walk(flow.body, (node) => {
    if (node.kind === "binding" && node.name !== null) to(node.value.expr, node);
    if (node.kind === "return") end(node.value.expr, "answer", `the answer of \`${flow.name.text}\``);
    if (node.kind === "for") for (const each of node.lists) to(each.list, each);
    if (node.kind === "gate")
      for (const one of node.checks)
        if (one.kind === "check") end(one.node.expr, "check", `a check of \`${node.name.text}\``);
    if (node.kind !== "call-of" || node.callee.kind !== "name") return;
    const ref = check.pass.refs.get(node.callee);
    if (ref?.kind !== "task" && ref?.kind !== "flow") return;
    const called = ref.kind === "task" ? ref.task : ref.flow;
    for (const value of check.pass.argsOf.get(node)?.values() ?? [])
      end(value, "argument", `the arguments of \`${called.name.text}\``);
  });
  return spots;
}

// A constant that only ever goes into environments

function envFix(check: Check, call: Call, scope: Scope, inEnv: readonly Spot[]): Fix | null {
  const constant = scope.inside;
  if (constant.kind !== "constant" || constant.value !== call || inEnv.length === 0) return null;
  const uses: Name[] = [];
  for (const [name, ref] of check.pass.refs)
    if (ref.kind === "constant" && ref.constant === constant && "name" in name) uses.push(name);
  const known = new Set<Expr>(inEnv.map(({ expr }) => expr));
  if (uses.some((use) => !known.has(use)) || inEnv.some(({ home }) => home !== scope.home)) return null;
  const { text } = scope.home.module.file.source;
  const written = text.slice(call.span.start, call.span.end);
  const edits = uses.map((use) => {
    const short = check.pass.shortNames.has(use) ? `${use.name}: ` : "";
    return { span: use.span, text: `${short}${written}` };
  });
  return {
    title: "Write it where it is used",
    edits: [{ span: lineOf(constant, text), text: "" }, ...edits],
  };
}

/** The declaration with its line, and an empty line after it. */
function lineOf(constant: Constant, text: string): At["span"] {
  const rest = /^[ \t]*\n?(?:[ \t]*\n)?/.exec(text.slice(constant.span.end));
  return { start: constant.span.start, end: constant.span.end + (rest?.[0].length ?? 0) };
}
