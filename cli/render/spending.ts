// What agents have spent, as people read it, beside what they may.

import type { Plan } from "../../compiler/plan.ts";
import type { Expr } from "../../compiler/plan-expr.ts";
import { spellMoney } from "../../compiler/spell.ts";
import type { Amounts, BudgetView, RunView, SpendingView } from "../../runtime/run-view.ts";
import { count, visible } from "./text.ts";

/** `12.4k tokens` */
export function tokensText(tokens: number): string {
  if (tokens < 1000) return count(tokens, "token");
  const [unit, size] = tokens < 1_000_000 ? ["k", 1000] : ["M", 1_000_000];
  return `${Number((tokens / Number(size)).toFixed(1))}${unit} tokens`;
}

/** `12.40USD of 50USD` */
function amountsText(spent: Amounts, { cost, tokens }: Pick<BudgetView, "cost" | "tokens">): string {
  const parts = [
    ...(cost === null ? [] : [`${spellMoney(spent.cost)} of ${spellMoney(cost)}`]),
    ...(tokens === null ? [] : [`${tokensText(spent.tokens)} of ${tokensText(tokens)}`]),
  ];
  return parts.join(", ");
}

/** `budget main: 12.40USD of 50USD`; marked where it is spent. */
export function budgetLine(budget: BudgetView): string {
  const { spent } = budget;
  const untold =
    spent.untold === 0 || budget.cost === null
      ? ""
      : `; ${count(spent.untold, "attempt")} did not tell what ${spent.untold === 1 ? "it" : "they"} cost`;
  const over = budget.isSpent ? ", spent: nothing more starts in it" : "";
  return `budget ${visible(budget.name)}: ${amountsText(spent, budget)}${over}${untold}`;
}

/** `main: its budget is spent: 50.20USD of 50USD` */
export function spentText(budget: BudgetView): string {
  return `${visible(budget.name)}: its budget is spent: ${amountsText(budget.spent, budget)}`;
}

/** For the one line that tells all of a run: the outermost budget, or what was spent without one; null: nothing. */
export function spentShort({ budgets, cost, tokens, untold }: SpendingView): string | null {
  const [first] = budgets;
  if (first !== undefined) return amountsText(first.spent, first);
  if (cost > 0) return `${spellMoney(cost)} spent`;
  return tokens > 0 || untold > 0 ? tokensText(tokens) : null;
}

/** Above the nodes of a run: all budgets, or what was spent without any. */
export function spendingLines(spending: SpendingView): readonly string[] {
  const used = usedLine(spending);
  return [...spending.budgets.map(budgetLine), ...(used === null ? [] : [used])];
}

/** `agents used 0.50USD, 240 tokens`; null: nobody has used anything. */
export function usedLine({ cost, tokens, untold }: SpendingView): string | null {
  if (cost === 0 && tokens === 0 && untold === 0) return null;
  const money = cost > 0 || untold === 0 ? [spellMoney(cost)] : [];
  // Whoever tells a cost alone has not used no tokens.
  const read = tokens > 0 || money.length === 0 ? [tokensText(tokens)] : [];
  return `agents used ${[...money, ...read].join(", ")}`;
}

export function spendingJson({ budgets, ...amounts }: SpendingView) {
  return {
    ...amountsJson(amounts),
    budgets: budgets.map(({ name, spent, cost, tokens, isSpent }) => ({
      name,
      cost,
      tokens,
      spent: amountsJson(spent),
      is_spent: isSpent,
    })),
  };
}

function amountsJson({ cost, tokens, untold }: Amounts) {
  return { cost, tokens, untold };
}

/** Tells each budget when it is spent, once until it is extended. */
export function spentTeller(): (run: RunView) => readonly string[] {
  const told = new Set<number>();
  return (run) => {
    const lines: string[] = [];
    for (const budget of run.spending().budgets)
      if (!budget.isSpent) told.delete(budget.n);
      else if (!told.has(budget.n)) {
        told.add(budget.n);
        lines.push(spentText(budget));
      }
    return lines;
  };
}

const plannedMax = 5;

/** `budgets: main 50USD, drafts 20USD and 2M tokens`; `…` where it depends on the run. Null: there are none. */
export function plannedBudgets({ flow, flows, steps }: Plan): string | null {
  const found = [
    ...Object.values(flows).map(({ name, budget }) => ({ name, budget, first: name === flow })),
    ...steps.flatMap((step) => (step.kind === "phase" ? [{ ...step, first: false }] : [])),
  ]
    .filter(({ budget }) => budget !== undefined)
    .sort((a, b) => Number(b.first) - Number(a.first))
    .map(({ name, budget }) => `${visible(name)} ${boundText(budget)}`);
  const more = found.length - plannedMax;
  const shown = found.slice(0, plannedMax).join(", ");
  return found.length === 0 ? null : `budgets: ${shown}${more > 0 ? `, … ${more} more` : ""}`;
}

function boundText(budget: Expr | undefined): string {
  const value = budget?.k === "lit" ? budget.v : null;
  if (typeof value === "number") return spellMoney(value);
  if (typeof value !== "object" || value === null || Array.isArray(value)) return "…";
  const { cost, tokens } = Object.fromEntries(Object.entries(value));
  const parts = [
    ...(typeof cost === "number" ? [spellMoney(cost)] : []),
    ...(typeof tokens === "number" ? [tokensText(tokens)] : []),
  ];
  return parts.length === 0 ? "…" : parts.join(" and ");
}
