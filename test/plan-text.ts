// A plan as lines for people who compare it: steps by block, expressions short. Only the tests print it so.

import type { Plan } from "../compiler/plan.ts";
import type { Expr, TypedExpr } from "../compiler/plan-expr.ts";
import type { Block, Step, Use } from "../compiler/plan-steps.ts";
import type { Command, ShellHole, TaskPlan, TaskSettings } from "../compiler/plan-tasks.ts";
import type { Type } from "../compiler/types.ts";

/** Slots are `$2`, those of outer frames `^1$2`, locals `%0`. */
export function planText(plan: Plan): string {
  const lines = [
    `flow ${plan.flow}`,
    ...(plan.doc === null ? [] : [`  doc ${JSON.stringify(plan.doc)}`]),
    ...plan.inputs.map((one) => `  input ${param(one)}`),
    ...Object.entries(plan.types).map(([name, type]) => `type ${name} = ${typeText(type)}`),
    ...plan.seen.map((seen) => `seen ${seen.kind} ${seen.path} (${seen.size})`),
    ...plan.secrets.map((name) => `secret ${name}`),
    ...plan.runners.map(({ name, ...runner }) => `runner ${name} ${JSON.stringify(runner)}`),
  ];
  for (const [name, flow] of Object.entries(plan.flows)) {
    const depth = flow.depth === null ? "" : `  depth ${flow.depth}`;
    const deadline = flow.deadline === null ? "" : `  deadline ${exprText(flow.deadline)}`;
    const budget = flow.budget === undefined ? "" : `  budget ${exprText(flow.budget)}`;
    lines.push("", `flow ${name} (${flow.file})${answer(flow.answer)}${depth}${deadline}${budget}`);
    lines.push(...blockLines(flow.body, plan, "  "));
  }
  for (const task of Object.values(plan.tasks)) lines.push("", ...taskLines(task));
  return `${lines.join("\n")}\n`;
}

function answer(type: Type | null): string {
  return type === null ? "" : ` -> ${typeText(type)}`;
}

function param(one: { name: string; type: Type; default?: Expr }): string {
  const value = one.default === undefined ? "" : ` = ${exprText(one.default)}`;
  return `${one.name}: ${typeText(one.type)}${value}`;
}

function blockLines(block: Block, plan: Plan, indent: string): string[] {
  const lines = block.steps.flatMap((id, slot) => {
    const step = plan.steps[id];
    return step === undefined ? [`${indent}$${slot} missing`] : stepLines(step, slot, plan, indent);
  });
  if (block.result !== null) lines.push(`${indent}result $${block.result}`);
  const handlers = { "on failure": block.handlers?.failure, finally: block.handlers?.final };
  for (const [word, handler] of Object.entries(handlers))
    if (handler != null) lines.push(`${indent}${word}`, ...blockLines(handler, plan, `${indent}  `));
  return lines;
}

function stepLines(step: Step, slot: number, plan: Plan, indent: string): string[] {
  const name = step.name === "" ? "" : ` ${step.name}:`;
  const uses = step.uses.length === 0 ? "" : `  ← ${step.uses.map(useText).join(" ")}`;
  const lines = [`${indent}$${slot}${name} ${headOf(step)}${uses}`];
  const inner = `${indent}  `;
  const add = (label: string, block: Block) =>
    lines.push(`${inner}${label}`, ...blockLines(block, plan, `${inner}  `));
  if ("guard" in step && step.guard !== null) lines.push(`${inner}guard $${step.guard}`);
  if ("overrides" in step && step.overrides !== null)
    lines.push(...settingLines(step.overrides, {}).map((line) => `${inner}with ${line.trim()}`));
  if (step.kind === "flow" && step.argUses.some((uses_) => uses_.length > 0))
    lines.push(`${inner}argUses ${step.argUses.map((each) => `[${each.map(useText).join(" ")}]`).join(" ")}`);
  if (step.kind === "if") {
    add("then", step.then);
    if (step.else !== null) add("else", step.else);
  }
  if (step.kind === "for") {
    for (const key of ["by", "filter", "after", "parallel", "max", "enough"] as const) {
      const expr = step[key];
      if (expr !== null) lines.push(`${inner}${key} ${exprText(expr)}`);
    }
    if (step.tolerate !== null)
      lines.push(`${inner}tolerate ${exprText(step.tolerate.expr)} ${step.tolerate.unit}`);
    add("each", step.body);
  }
  if (step.kind === "repeat") {
    add("pass", step.body);
    lines.push(`${inner}until $${step.until}`);
  }
  if (step.kind === "phase" || step.kind === "gate") add("block", step.body);
  if (step.kind === "phase" && step.deadline !== null)
    lines.push(`${inner}deadline ${exprText(step.deadline)}`);
  if (step.kind === "phase" && step.budget !== undefined)
    lines.push(`${inner}budget ${exprText(step.budget)}`);
  if ("otherwise" in step && step.otherwise !== null) add("otherwise", step.otherwise);
  return lines;
}

function headOf(step: Step): string {
  switch (step.kind) {
    case "var":
      return `var ${step.variable} (${step.source})`;
    case "let":
      return `let ${step.variable} = ${exprText(step.value)}`;
    case "task":
      return `task ${step.task}(${step.args.map(exprText).join(", ")})`;
    case "flow":
      return `${step.recursive ? "again" : "flow"} ${step.flow}(${step.args.map(exprText).join(", ")})`;
    case "if":
      return `if ${exprText(step.cond)}`;
    case "for":
      return `for ${step.lists.map(exprText).join(" × ")}`;
    case "repeat":
      return `repeat ${exprText(step.times)}`;
    case "join":
      return "join";
    case "early":
      return `early ${step.field} of $${step.of}`;
    case "phase":
      return `phase${step.title === null ? "" : ` ${JSON.stringify(step.title)}`}`;
    case "gate":
      return "gate";
    case "rollback":
      return "rollback";
    case "check":
      return `check ${JSON.stringify(step.label)} ${step.value === null ? `succeeded $${step.of}` : exprText(step.value)}`;
    case "approve": {
      const by = step.by === null ? "" : ` by ${exprText(step.by)}`;
      return `approve ${JSON.stringify(step.label)}${by}${step.within === null ? "" : ` within ${exprText(step.within)}`}`;
    }
  }
}

function useText(use: Use): string {
  return `${use.up > 0 ? `^${use.up}` : ""}$${[use.i, ...(use.in ?? [])].join("$")}${use.kind === "data" ? "" : `/${use.kind}`}${use.tolerant === true ? "?" : ""}`;
}

const plainSettings: Partial<Record<keyof TaskSettings, string>> = {
  runner: '"local"',
  timeout: "null",
  exitCodes: "[0]",
  retry: '{"times":0,"backoff":1,"factor":2,"max":60,"on":["exit","timeout","invalid"]}',
  effect: '"idempotent"',
  reads: "null",
  writes: "null",
  env: "",
  needs: '{"cpu":1,"memory":0,"disk":0}',
  priority: '"normal"',
  cache: "null",
  undo: "null",
};

/** Settings that differ from what holds without a word. */
function settingLines(
  settings: Partial<TaskSettings>,
  plain: Partial<Record<keyof TaskSettings, string>>,
): string[] {
  const texts: [keyof TaskSettings, string][] = [];
  const { timeout, reads, env, ...rest } = settings;
  if (timeout !== undefined) texts.push(["timeout", timeout === null ? "null" : exprText(timeout)]);
  if (reads !== undefined) texts.push(["reads", reads === null ? "null" : exprText(reads)]);
  if (env !== undefined)
    texts.push([
      "env",
      env
        .map(
          (each) =>
            `${each.name}=${"secret" in each ? `secret ${each.secret}` : "slot" in each ? `slot of ${each.slot}` : exprText(each.value)}`,
        )
        .join(" "),
    ]);
  for (const key of [
    "runner",
    "exitCodes",
    "retry",
    "effect",
    "writes",
    "needs",
    "priority",
    "undo",
    "workspace",
  ] as const)
    if (rest[key] !== undefined) texts.push([key, JSON.stringify(rest[key])]);
  return texts.filter(([key, text]) => plain[key] !== text).map(([key, text]) => `  ${key} ${text}`);
}

function taskLines(task: TaskPlan): string[] {
  const lines = [`task ${task.name} (${task.file})${answer(task.answer)}`];
  if (task.doc !== null) lines.push(`  doc ${JSON.stringify(task.doc)}`);
  lines.push(...task.params.map((one) => `  param ${param(one)}`));
  lines.push(...settingLines(task.settings, plainSettings));
  if (task.action?.kind === "call") lines.push(`  call ${task.action.file}#${task.action.export}`);
  if (task.action?.kind === "run") lines.push(...commandLines(task.action.command));
  if (task.result !== null)
    lines.push(`  return ${exprText(task.result)}${task.readsOutput ? "  (reads output)" : ""}`);
  return lines;
}

function commandLines(command: Command): string[] {
  if (command.kind === "argv") return [`  argv ${command.items.map(typedText).join(" ")}`];
  const piece = (one: string | ShellHole) =>
    typeof one === "string" ? one : `⟨${one.place} ${exprText(one.expr)}: ${typeText(one.type)}⟩`;
  if (command.words !== null)
    return [`  words ${command.words.map((word) => `«${word.map(piece).join("")}»`).join(" ")}`];
  const script = command.pieces.map(piece).join("").replace(/\n$/, "");
  return [`  ${command.shell}`, ...script.split("\n").map((line) => `    ${line}`.trimEnd())];
}

function typedText({ expr, type }: TypedExpr): string {
  return expr.k === "lit" ? exprText(expr) : `⟨${exprText(expr)}: ${typeText(type)}⟩`;
}

export function typeText(type: Type): string {
  switch (type.kind) {
    case "union":
      return type.members.map((member) => JSON.stringify(member)).join(" | ");
    case "list":
      return type.of.kind === "union" ? `(${typeText(type.of)})[]` : `${typeText(type.of)}[]`;
    case "map":
      return `map<${typeText(type.of)}>`;
    case "optional":
      return `${typeText(type.of)}?`;
    case "record":
      return `{ ${type.fields
        .map((field) => {
          const value = field.default === undefined ? "" : ` = ${JSON.stringify(field.default)}`;
          return `${field.name}: ${typeText(field.type)}${value}`;
        })
        .join(", ")} }`;
    case "named":
      return type.name;
    default:
      return type.kind;
  }
}

function exprText(expr: Expr): string {
  switch (expr.k) {
    case "lit":
      return JSON.stringify(expr.v);
    case "slot":
      return `${expr.up > 0 ? `^${expr.up}` : ""}$${[expr.i, ...(expr.in ?? [])].join("$")}`;
    case "local":
      return `%${expr.i}`;
    case "env":
      return `@${expr.name}`;
    case "field":
      return `${exprText(expr.of)}${expr.maybe ? "?" : ""}.${expr.name}`;
    case "index":
      return `${exprText(expr.of)}[${exprText(expr.at)}]${expr.map ? "?" : ""}`;
    case "call":
      return `${expr.fn}(${expr.args.map(exprText).join(", ")})`;
    case "not":
      return `not ${exprText(expr.of)}`;
    case "neg":
      return `-${exprText(expr.of)}`;
    case "and":
    case "or":
      return `(${expr.of.map(exprText).join(` ${expr.k} `)})`;
    case "default":
      return `(${exprText(expr.left)} ?? ${exprText(expr.right)})`;
    case "compare":
      return `(${exprText(expr.left)} ${expr.op} ${exprText(expr.right)})`;
    case "math":
      return `(${exprText(expr.left)} ${expr.op}${expr.int ? "int" : ""} ${exprText(expr.right)})`;
    case "concat":
      return `(${exprText(expr.left)} ++${expr.of} ${exprText(expr.right)})`;
    case "text":
      return `text(${expr.parts.map((part) => (typeof part === "string" ? JSON.stringify(part) : typedText(part))).join(" ")})`;
    case "list":
      return `[${expr.items.map(exprText).join(", ")}]`;
    case "record":
      return `{${expr.entries.map((entry) => `${entry.name}: ${exprText(entry.value)}`).join(", ")}}`;
    case "if":
      return `(if ${exprText(expr.cond)} then ${exprText(expr.then)} else ${exprText(expr.else)})`;
    case "map": {
      const filter = expr.filter === null ? "" : ` if ${exprText(expr.filter)}`;
      return `(map %${expr.base} in ${expr.lists.map(exprText).join(" × ")}${filter}: ${exprText(expr.body)})`;
    }
    case "let":
      return `(let ${expr.values.map((value, i) => `%${expr.base + i} = ${exprText(value)}`).join("; ")}: ${exprText(expr.body)})`;
    case "cast":
      return `(${exprText(expr.of)} as ${typeText(expr.type)})`;
    case "narrow":
      return `narrow(${exprText(expr.of)}: ${typeText(expr.type)})`;
    case "file":
      return `${expr.kind}(${expr.path})`;
  }
}
