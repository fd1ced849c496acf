// What must hold of every plan, whatever the program: slots that exist, uses that are complete. Gives what is wrong.

import { eachExpr } from "../compiler/lower-uses.ts";
import type { Plan } from "../compiler/plan.ts";
import type { Expr } from "../compiler/plan-expr.ts";
import type { Block, Step } from "../compiler/plan-steps.ts";

/** A block that is walked, the slots made so far in it, and the one around it. */
interface Frame {
  readonly block: Block;
  readonly made: number;
  readonly parent: Frame | null;
}

/** One line for each violation; a good plan has none. */
export function brokenSlots(plan: Plan): readonly string[] {
  const wrong: string[] = [];
  const seen = new Set<number>();
  const walk = (block: Block, parent: Frame | null): void => {
    block.steps.forEach((id, slot) => {
      const step = plan.steps[id];
      if (step === undefined || step.id !== id) wrong.push(`step ${id} is not at its place`);
      else if (seen.has(id)) wrong.push(`step ${id} stands in two blocks`);
      else {
        seen.add(id);
        checkStep(step, plan, { block, made: slot, parent }, wrong);
        for (const inner of blocksOf(step)) walk(inner, { block, made: slot, parent });
      }
    });
    for (const handler of [block.handlers?.failure, block.handlers?.final])
      if (handler != null) walk(handler, { block, made: block.steps.length, parent });
    if (block.result !== null && (block.result < 0 || block.result >= block.steps.length))
      wrong.push(`the result ${block.result} of a block is none of its slots`);
  };
  for (const flow of Object.values(plan.flows)) walk(flow.body, null);
  if (seen.size !== plan.steps.length) wrong.push("a step stands in no block");
  return wrong;
}

function blocksOf(step: Step): readonly Block[] {
  const otherwise = "otherwise" in step && step.otherwise !== null ? [step.otherwise] : [];
  if (step.kind === "phase" || step.kind === "gate") return [step.body];
  if (step.kind === "if") return [step.then, ...(step.else === null ? [] : [step.else]), ...otherwise];
  return step.kind === "for" || step.kind === "repeat" ? [step.body, ...otherwise] : otherwise;
}

interface Path {
  readonly up: number;
  readonly i: number;
  readonly in?: readonly number[];
}

function keyOf({ up, i, in: inside = [] }: Path): string {
  return [up, i, ...inside].join(".");
}

function checkStep(step: Step, plan: Plan, frame: Frame, wrong: string[]): void {
  const uses = new Set(step.uses.map(keyOf));
  if (uses.size !== step.uses.length) wrong.push(`step ${step.id} uses a slot twice`);
  const check = (slot: Path, complete: ReadonlySet<string>) => {
    if (!exists(slot, plan, frame))
      wrong.push(`step ${step.id} mentions slot ${keyOf(slot)}, which is not above it`);
    if (!complete.has(keyOf(slot))) wrong.push(`step ${step.id} does not wait for ${keyOf(slot)}`);
  };
  for (const use of step.uses) check(use, uses);
  for (const expr of exprsOf(step)) eachExpr(expr, (part) => part.k === "slot" && check(part, uses));
  if (step.kind === "task") for (const slot of slotsIn(step.overrides)) check(slot, uses);
  if (step.kind === "flow")
    step.args.forEach((arg, i) => {
      const own = new Set((step.argUses[i] ?? []).map(keyOf));
      eachExpr(arg, (part) => part.k === "slot" && check(part, own));
    });
  if ("guard" in step && step.guard !== null) check({ up: 0, i: step.guard }, uses);
  if (step.kind === "check" && step.of !== null) check({ up: 0, i: step.of }, uses);
}

function exists(slot: Path, plan: Plan, frame: Frame): boolean {
  let at: Frame | null = frame;
  for (let up = 0; up < slot.up && at !== null; up++) at = at.parent;
  if (at === null || slot.i < 0 || slot.i >= at.made) return false;
  let id = at.block.steps[slot.i];
  for (const inside of slot.in ?? []) {
    const phase: Step | undefined = plan.steps[id ?? -1];
    if (phase?.kind !== "phase") return false;
    id = phase.body.steps[inside];
  }
  return id !== undefined;
}

/** All slots in a `with`, of whichever setting: found without the compiler's own list of settings. */
function slotsIn(value: unknown): readonly Path[] {
  if (typeof value !== "object" || value === null) return [];
  if (!("k" in value && value.k === "slot" && "up" in value && "i" in value))
    return Object.values(value).flatMap(slotsIn);
  const inside = "in" in value && Array.isArray(value.in) ? { in: value.in.map(Number) } : {};
  return [{ up: Number(value.up), i: Number(value.i), ...inside }];
}

/** The expressions whose slots a step itself has to wait for, but for its `with`. */
function exprsOf(step: Step): readonly Expr[] {
  const some = (exprs: readonly (Expr | null)[]) => exprs.filter((expr): expr is Expr => expr !== null);
  switch (step.kind) {
    case "let":
      return [step.value];
    case "check":
      return some([step.value]);
    case "approve":
      return some([step.by, step.within]);
    case "task":
      return step.args;
    case "phase":
      return some([step.deadline, step.budget ?? null]);
    case "if":
      return [step.cond];
    case "for":
      return some([
        ...step.lists,
        step.by,
        step.filter,
        step.after,
        step.parallel,
        step.max,
        step.tolerate?.expr ?? null,
        step.enough,
      ]);
    case "repeat":
      return [step.times];
    default:
      return [];
  }
}
