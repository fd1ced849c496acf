// Whether what a block has to do may take longer than its deadline: the timeouts and repeats of its longest chain.

import type { Block as AstBlock, Expr as AstExpr, Flow, Phase } from "../grammar/ast.ts";
import type { Diagnostic } from "../grammar/diagnostic.ts";
import { walk } from "../grammar/walk.ts";
import { lateDeadline } from "./errors-handlers.ts";
import type { Host } from "./host.ts";
import { lower } from "./lower.ts";
import { constantOf } from "./lower-fit.ts";
import type { Plan } from "./plan.ts";
import type { Expr } from "./plan-expr.ts";
import type { Block, PhaseStep, Step } from "./plan-steps.ts";
import { pausesOf, type TaskSettings } from "./plan-tasks.ts";
import type { Module, Program } from "./program.ts";

/** Tells of each deadline that is known and that the work of its block may miss. For programs without errors. */
export function lateDeadlines(program: Program, host: Host): readonly Diagnostic[] {
  const found: Diagnostic[] = [];
  for (const module of program.modules)
    for (const flow of module.file.declarations)
      if (flow.kind === "flow" && hasDeadline(flow)) found.push(...lateIn(flow, module, program, host));
  return found;
}

function settingIn(block: AstBlock): AstExpr | null {
  return block.settings.find(({ key }) => key.text === "deadline")?.value ?? null;
}

function phasesOf(flow: Flow): readonly Phase[] {
  const phases: Phase[] = [];
  walk(flow.body, (node) => {
    if (node.kind === "phase") phases.push(node);
  });
  return phases;
}

function hasDeadline(flow: Flow): boolean {
  return settingIn(flow.body) !== null || phasesOf(flow).some(({ body }) => settingIn(body) !== null);
}

function lateIn(flow: Flow, module: Module, program: Program, host: Host): readonly Diagnostic[] {
  const plan = lower(program, flow, module, host);
  const body = plan.flows[plan.flow];
  if (body === undefined) return [];
  const found: Diagnostic[] = [];
  const look = (block: Block, deadline: Expr | null, words: string, written: AstExpr | null): void => {
    const seconds = secondsOf(deadline);
    if (seconds === null || written === null) return;
    const { seconds: most, nodes } = new Timing(plan).longest(block);
    const at = { source: module.file.source, span: written.span };
    if (most > seconds) found.push(lateDeadline(at, words, seconds, most, nodes));
  };
  look(body.body, body.deadline, `\`${flow.name.text}\``, settingIn(flow.body));
  const steps = phaseSteps(plan, body.body);
  // Both are in the order in which they are written.
  phasesOf(flow).forEach((phase, i) => {
    const step = steps[i];
    if (step !== undefined) look(step.body, step.deadline, `\`${phase.name.text}\``, settingIn(phase.body));
  });
  return found;
}

function phaseSteps(plan: Plan, block: Block): readonly PhaseStep[] {
  return block.steps.flatMap((id) => {
    const step = plan.steps[id];
    return step?.kind === "phase" ? [step, ...phaseSteps(plan, step.body)] : [];
  });
}

function secondsOf(expr: Expr | null): number | null {
  const value = expr === null ? undefined : constantOf(expr);
  return typeof value === "number" ? value : null;
}

/** Nodes one after the other, and how long they may take together. */
interface Chain {
  readonly seconds: number;
  readonly nodes: readonly { readonly words: string; readonly seconds: number }[];
}

const nothing: Chain = { seconds: 0, nodes: [] };

function later(a: Chain, b: Chain): Chain {
  return b.seconds > a.seconds ? b : a;
}

function then(before: Chain, words: string, seconds: number): Chain {
  if (seconds === 0) return before;
  return { seconds: before.seconds + seconds, nodes: [...before.nodes, { words, seconds }] };
}

/** Where a block stands while it is measured. */
interface Place {
  /** What all in it waits for. */
  readonly base: Chain;
  /** Ends of the slots of the frames around it, the nearest first. */
  readonly outer: readonly (readonly Chain[])[];
  /** Every `with` around it, the innermost first. */
  readonly layers: readonly Partial<TaskSettings>[];
  readonly prefix: string;
  readonly flows: readonly string[];
}

class Timing {
  private readonly plan: Plan;

  constructor(plan: Plan) {
    this.plan = plan;
  }

  /** The chain of a block that may take longest, from when the block may start. */
  longest(block: Block): Chain {
    return this.block(block, { base: nothing, outer: [], layers: [], prefix: "", flows: [this.plan.flow] });
  }

  private block(block: Block, place: Place, given: readonly Chain[] = []): Chain {
    const ends: Chain[] = [];
    let last = place.base;
    block.steps.forEach((id, slot) => {
      const step = this.plan.steps[id];
      if (step === undefined) return;
      const known = given[slot];
      const end = known ?? this.step(step, ends, place);
      ends.push(end);
      last = later(last, end);
    });
    return last;
  }

  private step(step: Step, ends: readonly Chain[], place: Place): Chain {
    const frames = [ends, ...place.outer];
    let start = place.base;
    for (const { up, i } of step.uses) start = later(start, frames[up]?.[i] ?? nothing);
    const name = `${place.prefix}${step.name}`;
    const own = "overrides" in step && step.overrides !== null ? [step.overrides] : [];
    const layers = [...own, ...place.layers];
    const guard = "guard" in step && step.guard !== null ? (ends[step.guard] ?? nothing) : nothing;
    const inside: Place = {
      base: later(place.base, guard),
      outer: frames,
      layers,
      prefix: `${name}.`,
      flows: place.flows,
    };
    const end = this.end(step, name, start, inside);
    if (!("otherwise" in step) || step.otherwise === null) return end;
    return this.block(step.otherwise, {
      ...inside,
      base: end,
      layers: place.layers,
      prefix: `${name}.otherwise.`,
    });
  }

  private end(step: Step, name: string, start: Chain, inside: Place): Chain {
    switch (step.kind) {
      case "task":
        return then(start, `\`${name}\``, this.cost(step.task, inside.layers));
      case "flow": {
        const flow = this.plan.flows[step.flow];
        if (flow === undefined || inside.flows.includes(step.flow)) return start;
        const [callers = []] = inside.outer;
        const given = step.argUses.map((uses) =>
          uses.reduce((most, { i }) => later(most, callers[i] ?? nothing), inside.base),
        );
        const flows = [...inside.flows, step.flow];
        const whole = this.block(flow.body, { ...inside, outer: [], flows }, given);
        return capped(later(start, whole), start, secondsOf(flow.deadline), name);
      }
      case "phase":
        return capped(later(start, this.block(step.body, inside)), start, secondsOf(step.deadline), name);
      case "gate":
        return later(start, this.block(step.body, inside));
      case "if": {
        const either = { ...inside, base: later(inside.base, start) };
        const taken = this.block(step.then, either);
        if (step.else === null) return taken;
        return later(taken, this.block(step.else, { ...either, prefix: `${name}.else.` }));
      }
      case "for":
        return this.rounds(step.body, `${name}[…]`, start, inside, roundsOf(step));
      case "repeat":
        return this.rounds(step.body, `${name}#…`, start, inside, secondsOf(step.times) ?? 1);
      default:
        return start;
    }
  }

  /** A body once, wherever it waits for something outside; then, by itself, as often as it must follow itself. */
  private rounds(body: Block, name: string, start: Chain, inside: Place, times: number): Chain {
    const prefix = `${name}.`;
    const once = this.block(body, { ...inside, base: later(inside.base, start), prefix });
    if (times <= 1) return once;
    const alone = this.block(body, { ...inside, base: nothing, outer: [], prefix });
    const more = times - 1;
    return then(once, `${more} more ${more === 1 ? "round" : "rounds"} of \`${name}\``, alone.seconds * more);
  }

  /** What an attempt may take, for each of them, with the pauses between; nothing without a timeout. */
  private cost(task: string, layers: readonly Partial<TaskSettings>[]): number {
    const own = this.plan.tasks[task]?.settings;
    if (own === undefined) return 0;
    const timeout = layers.find((layer) => layer.timeout !== undefined)?.timeout ?? own.timeout;
    const retry = layers.find((layer) => layer.retry !== undefined)?.retry ?? own.retry;
    const seconds = secondsOf(timeout);
    if (seconds === null) return 0;
    return seconds * (1 + retry.times) + pausesOf(retry);
  }
}

/** A block inside with a deadline of its own takes no longer than that. */
function capped(end: Chain, start: Chain, deadline: number | null, name: string): Chain {
  return deadline === null || end.seconds <= start.seconds + deadline
    ? end
    : then(start, `\`${name}\``, deadline);
}

/** How often the items of a `for` must at least stand behind each other. */
function roundsOf(step: Extract<Step, { kind: "for" }>): number {
  const parallel = secondsOf(step.parallel);
  if (parallel === null || parallel < 1 || step.filter !== null) return 1;
  let items = 1;
  for (const list of step.lists) {
    const known = list.k === "list" ? list.items : constantOf(list);
    if (!Array.isArray(known)) return 1;
    items *= known.length;
  }
  return Math.ceil(items / parallel);
}
