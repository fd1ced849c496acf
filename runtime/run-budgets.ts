// What agents have used, by the cells around them, and what people have added to budgets. It knows no bound itself.

import type { Plan } from "../compiler/plan.ts";
import type { Usage } from "./agent.ts";
import type { EventBody, SpentBefore } from "./events.ts";
import type { Amounts } from "./run-view.ts";
import { tokensOf } from "./usage.ts";

export const nothing: Amounts = { cost: 0, tokens: 0, untold: 0 };

export function plus(a: Amounts, b: Amounts): Amounts {
  return { cost: a.cost + b.cost, tokens: a.tokens + b.tokens, untold: a.untold + b.untold };
}

function minus(a: Amounts, b: Amounts): Amounts {
  return { cost: a.cost - b.cost, tokens: a.tokens - b.tokens, untold: a.untold - b.untold };
}

function amountsOf(usage: Usage): Amounts {
  const { cost } = usage;
  return { cost: cost ?? 0, tokens: tokensOf(usage), untold: cost === null ? 1 : 0 };
}

export class Budgets {
  /** Does the plan bound anything? */
  readonly any: boolean;
  /** Blocks with a budget, and how many cells were looked at for them. */
  readonly blocks: number[] = [];
  looked = 0;
  private readonly spent = new Map<number, Amounts>();
  private readonly added = new Map<number, Amounts>();
  /** Of the latest attempt at a node. */
  private readonly latest = new Map<number, { readonly a: number; readonly amounts: Amounts }>();
  /** By the names of cells, from the runs before. */
  private readonly earlier = new Map<string, { readonly spent: Amounts; readonly added: Amounts }>();

  constructor(plan: Plan) {
    const bounded = (budget: unknown): boolean => budget !== undefined && budget !== null;
    this.any =
      Object.values(plan.flows).some(({ budget }) => bounded(budget)) ||
      Object.values(plan.tasks).some(({ settings }) => bounded(settings.budget)) ||
      (plan.agents ?? []).some(({ budget }) => bounded(budget)) ||
      plan.steps.some(
        (step) =>
          (step.kind === "phase" && bounded(step.budget)) ||
          ("overrides" in step && bounded(step.overrides?.budget)),
      );
  }

  /** Nothing was spent, so that nothing can be spent up. */
  get untouched(): boolean {
    return this.spent.size === 0 && this.earlier.size === 0;
  }

  /** Names count in what is asked below. */
  get hasEarlier(): boolean {
    return this.earlier.size > 0;
  }

  begin(spent: readonly SpentBefore[]): void {
    for (const { name, cost, tokens, moreCost, moreTokens } of spent)
      this.earlier.set(name, {
        spent: { cost, tokens, untold: 0 },
        added: { cost: moreCost, tokens: moreTokens, untold: 0 },
      });
  }

  /** What the event says is new, for node `n` and all around it. */
  use({ n, a, usage }: Extract<EventBody, { type: "attempt.used" }>, around: readonly number[]): void {
    const known = this.latest.get(n);
    const amounts = amountsOf(usage);
    const more = minus(amounts, known?.a === a ? known.amounts : nothing);
    this.latest.set(n, { a, amounts });
    for (const m of around) this.spent.set(m, plus(this.spentIn(m), more));
  }

  extend({ n, cost = 0, tokens = 0 }: Extract<EventBody, { type: "budget.extended" }>): void {
    this.added.set(n, plus(this.added.get(n) ?? nothing, { cost, tokens, untold: 0 }));
  }

  /** In this run. */
  spentIn(n: number): Amounts {
    return this.spent.get(n) ?? nothing;
  }

  /** In this run and those before; `name`: of the cell, if {@link hasEarlier}. */
  spentBy(n: number, name = ""): Amounts {
    const earlier = this.earlier.get(name);
    return earlier === undefined ? this.spentIn(n) : plus(earlier.spent, this.spentIn(n));
  }

  addedTo(n: number, name = ""): Amounts {
    const own = this.added.get(n) ?? nothing;
    const earlier = this.earlier.get(name);
    return earlier === undefined ? own : plus(earlier.added, own);
  }

  /** Cells in which something was spent, or to whose budget something was added. */
  touched(): Iterable<number> {
    return new Set([...this.spent.keys(), ...this.added.keys()]);
  }

  /** What the runs before had under names that none of these cells has. */
  *earlierWithout(names: ReadonlySet<string>): Iterable<SpentBefore> {
    for (const [name, { spent, added }] of this.earlier)
      if (!names.has(name)) yield { name, ...flat(spent, added) };
  }
}

function flat(spent: Amounts, added: Amounts): Omit<SpentBefore, "name"> {
  return { cost: spent.cost, tokens: spent.tokens, moreCost: added.cost, moreTokens: added.tokens };
}
