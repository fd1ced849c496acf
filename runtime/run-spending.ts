// Budgets as they hold: what bounds a cell, whether that is spent, and what is left for an agent. Nothing is changed but by `use`.

import type { Expr } from "../compiler/plan-expr.ts";
import { argsOf, finder } from "./decide-args.ts";
import { evaluate } from "./evaluate.ts";
import type { EventBody, SpentBefore } from "./events.ts";
import type { Cells } from "./run-cells.ts";
import { isKnown } from "./run-clocks.ts";
import { PAST, SETTLED, SUCCEEDED } from "./run-codes.ts";
import { handlerOf } from "./run-handlers.ts";
import { holdOn } from "./run-holds.ts";
import { nameOf } from "./run-names.ts";
import { plainSettings } from "./run-settings.ts";
import type { Amounts, BudgetView } from "./run-view.ts";
import { attempt } from "./values.ts";

/** What a budget says, as it is written. Null: that is not bounded. */
export interface Bound {
  readonly cost: number | null;
  readonly tokens: number | null;
}

/** Sums of cents are not exact. */
const tiny = 1e-9;

/** `n`, and all that it stands in, up to the entry; not the node for which it stands in. */
function aroundOf(run: Cells, n: number): readonly number[] {
  const around = [n];
  for (let at = n; at > 0; ) {
    at = run.loops.get(run.of.get(at))?.cell ?? run.frameOwners.get(run.frames.get(at));
    if (run.kindOf(at) !== "task") around.push(at);
  }
  return around;
}

/** An agent has told what it used. */
export function use(run: Cells, event: Extract<EventBody, { type: "attempt.used" }>): void {
  run.budgets.use(event, aroundOf(run, event.n));
}

/** The innermost cell around a node, itself first, whose budget is spent; null: it may start. Handlers always may. */
export function spentAround(run: Cells, n: number): number | null {
  const { budgets } = run;
  if (!budgets.any || budgets.untouched || handlerOf(run, n) !== null) return null;
  return aroundOf(run, n).find((at) => isSpent(run, at)) ?? null;
}

/** Does it wait for a person: to let it go, or to extend a budget? */
export function isHeld(run: Cells, n: number): boolean {
  return holdOn(run, n) !== null || spentAround(run, n) !== null;
}

/** Dollars that an agent at node `n` may still spend by the budgets around it; null: no bound. */
export function dollarsLeft(run: Cells, n: number): number | null {
  if (!run.budgets.any) return null;
  const left = aroundOf(run, n).flatMap((at) => {
    const bound = boundOf(run, at)?.cost ?? null;
    return bound === null ? [] : [bound + addedTo(run, at).cost - spentBy(run, at).cost];
  });
  return left.length === 0 ? null : Math.max(0, Math.min(...left));
}

/** What bounds a cell alone; null: nothing, or it is not known yet. */
export function boundOf(run: Cells, n: number): Bound | null {
  const block = blockBudget(run, n);
  if (block !== null) {
    const f = run.kindOf(n) === "phase" ? run.frames.get(n) : run.mainFrame(n);
    if (f < 0 || !isKnown(run, block, f)) return null;
    return boundIn(() => evaluate(block, run.scope(f)));
  }
  if (n === 0 || run.kindOf(n) !== "task") return null;
  const { task } = run.info(n);
  // What it gets is not there, or is made anew.
  if (run.waiting.get(n) > 0 || run.has(n, PAST)) return null;
  if (task === null) return null;
  const own = agentBound(run, n);
  if (task.settings.budget === undefined && !run.hasOverrides) return own;
  const args = argsOf(run, n);
  if (!args.ok) return null;
  const { value, scope } = finder(run, n, args.value)("budget");
  return value === undefined
    ? own
    : tighter(
        boundIn(() => evaluate(value, scope)),
        own,
      );
}

/** What the declared agent allows at each node that asks it. */
function agentBound(run: Cells, n: number): Bound | null {
  const { agents = [] } = run.plan;
  if (agents.length === 0 || run.info(n).task?.action?.kind !== "ask") return null;
  const { agent } = plainSettings(run, n);
  const cost = agents.find(({ name }) => name === agent)?.budget ?? null;
  return cost === null ? null : { cost, tokens: null };
}

function tighter(a: Bound, b: Bound | null): Bound {
  return b === null || b.cost === null ? a : { ...a, cost: Math.min(a.cost ?? b.cost, b.cost) };
}

/** Of what cannot be computed nothing is allowed, and a person is asked. */
function boundIn(compute: () => unknown): Bound {
  const found = attempt(compute);
  if ("problem" in found) return { cost: 0, tokens: null };
  const { value } = found;
  if (typeof value === "number") return { cost: value, tokens: null };
  const fields = new Map(typeof value === "object" && value !== null ? Object.entries(value) : []);
  const amount = (name: string): number | null => {
    const one: unknown = fields.get(name);
    return typeof one === "number" ? one : null;
  };
  return { cost: amount("cost"), tokens: amount("tokens") };
}

/** Of a flow or phase; null: it has none. */
function blockBudget(run: Cells, n: number): Expr | null {
  if (n === 0) return run.plan.flows[run.plan.flow]?.budget ?? null;
  const { step } = run.info(n);
  if (step.kind === "phase") return step.budget ?? null;
  return step.kind === "flow" ? (run.plan.flows[step.flow]?.budget ?? null) : null;
}

export function isSpent(run: Cells, n: number): boolean {
  const bound = boundOf(run, n);
  if (bound === null) return false;
  const spent = spentBy(run, n);
  const added = addedTo(run, n);
  const over = (limit: number | null, used: number, more: number): boolean =>
    limit !== null && used >= limit + more - tiny;
  return over(bound.cost, spent.cost, added.cost) || over(bound.tokens, spent.tokens, added.tokens);
}

function spentBy(run: Cells, n: number): Amounts {
  return run.budgets.spentBy(n, run.budgets.hasEarlier ? nameOf(run, n) : "");
}

function addedTo(run: Cells, n: number): Amounts {
  return run.budgets.addedTo(n, run.budgets.hasEarlier ? nameOf(run, n) : "");
}

/** Of flows and phases all that are known; of nodes those that are spent and have not ended. */
export function budgetsOf(run: Cells): readonly BudgetView[] {
  const { budgets } = run;
  if (!budgets.any) return [];
  for (; budgets.looked < run.count; budgets.looked++)
    if (blockBudget(run, budgets.looked) !== null) budgets.blocks.push(budgets.looked);
  const nodes = [...budgets.touched()].filter(
    (n) => n > 0 && run.kindOf(n) === "task" && !run.has(n, SETTLED) && isSpent(run, n),
  );
  return [...budgets.blocks, ...nodes].sort((a, b) => a - b).flatMap((n) => budgetView(run, n) ?? []);
}

/** Null: the cell has no budget, or none that is known. */
export function budgetView(run: Cells, n: number): BudgetView | null {
  const bound = boundOf(run, n);
  if (bound === null) return null;
  const added = addedTo(run, n);
  return {
    n,
    name: nameOf(run, n),
    spent: spentBy(run, n),
    cost: bound.cost === null ? null : bound.cost + added.cost,
    tokens: bound.tokens === null ? null : bound.tokens + added.tokens,
    isSpent: !run.has(n, SETTLED) && isSpent(run, n),
  };
}

/** What a run that goes on from this one counts on with. Of nodes that have succeeded nobody asks any more. */
export function spentForNext(run: Cells): readonly SpentBefore[] {
  const names = new Set<string>();
  const own: SpentBefore[] = [];
  for (const n of run.budgets.touched()) {
    if (n > 0 && run.kindOf(n) === "task" && run.states.get(n) === SUCCEEDED) continue;
    const name = nameOf(run, n);
    if (name === "" || names.has(name)) continue;
    names.add(name);
    const spent = run.budgets.spentBy(n, name);
    const added = run.budgets.addedTo(n, name);
    own.push({
      name,
      cost: spent.cost,
      tokens: spent.tokens,
      moreCost: added.cost,
      moreTokens: added.tokens,
    });
  }
  return [...own, ...run.budgets.earlierWithout(names)];
}
