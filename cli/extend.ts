// `flowc approve RUN NAME --by 20USD`: a person lets agents spend more, in a flow, a phase or at a node.

import { spellMoney } from "../compiler/spell.ts";
import { createNearest } from "../compiler/suggest.ts";
import type { BudgetView } from "../runtime/run-view.ts";
import { type AskedRun, mustGoOn, type Wish } from "./ask.ts";
import { tokensText } from "./render/spending.ts";
import { visible } from "./render/text.ts";
import type { RequestOf } from "./request.ts";
import { didYouMean, shellWord, usage } from "./stop.ts";

type Request = RequestOf<"approve" | "reject">;

/** The budget that is meant; null: something else is. `--by` is for budgets alone. */
export function budgetMeant(
  { view, id, project }: AskedRun,
  { gate: typed, by, command }: Request,
): BudgetView | null {
  const { budgets } = view.spending();
  const n = view.find(typed);
  const found = budgets.find((one) => one.name === typed) ?? (n === null ? null : view.budget(n));
  // What waits for another answer is meant by that.
  if (found !== null && by === null && !found.isSpent) return null;
  if (found !== null || by === null) return found;
  const near = createNearest()(
    typed,
    budgets.map(({ name }) => name),
  );
  const all = near === null && budgets.length > 0 ? ` It has those of ${namesOf(budgets)}.` : "";
  throw usage(
    `The run ${id} has no budget ${visible(typed)}.${didYouMean(near)}${all}`,
    near === null
      ? `flowc show ${id}${project.flag}`
      : `flowc ${command} ${id} ${shellWord(near)} --by ${shellWord(by)}${project.flag}`,
  );
}

function namesOf(budgets: readonly BudgetView[]): string {
  return budgets.map(({ name }) => visible(name)).join(", ");
}

export function extensions(run: AskedRun, budget: BudgetView, request: Request): readonly Wish[] {
  const { id, project } = run;
  const name = visible(budget.name);
  const again = extendCommand(id, budget, project.flag);
  if (request.command === "reject")
    throw usage(
      `${name} has a budget, which is spent. What is left of it is not done if the run is cancelled.`,
      `flowc cancel ${id}${project.flag}`,
    );
  if (request.item !== null || request.all || request.value !== null)
    throw usage(`${name} has a budget, which is extended by an amount alone.`, again);
  if (request.by === null)
    throw usage(`The budget of ${name} is spent; say by how much it is extended.`, again);
  mustGoOn(run, "its budgets are history");
  const { cost, tokens } = amountOf(request.by, budget, again);
  const amount = cost === null ? tokensText(tokens ?? 0) : spellMoney(cost);
  return [
    {
      ask: { kind: "extend", n: budget.n, cost, tokens },
      about: { budget: budget.name },
      done: `extended the budget of ${name} by ${amount}`,
    },
  ];
}

function amountOf(
  typed: string,
  budget: BudgetView,
  again: string,
): { readonly cost: number | null; readonly tokens: number | null } {
  const money = /^(\d[\d_]*(?:\.\d+)?)\s*USD$/i.exec(typed)?.[1];
  const tokens = /^(\d[\d_]*)(?:\s*tokens?)?$/i.exec(typed)?.[1];
  const amount = Number((money ?? tokens ?? "").replaceAll("_", ""));
  if ((money === undefined && tokens === undefined) || !(amount > 0))
    throw usage(`${visible(typed)} is no amount: write money as \`20USD\`, tokens as \`500_000\`.`, again);
  if (money !== undefined && budget.cost === null)
    throw usage(`The budget of ${visible(budget.name)} bounds tokens, and no money.`, again);
  if (tokens !== undefined && budget.tokens === null)
    throw usage(`The budget of ${visible(budget.name)} bounds money, and no tokens.`, again);
  return money === undefined ? { cost: null, tokens: amount } : { cost: amount, tokens: null };
}

/** The command by which a budget is extended, by as much as it is now of what is spent. */
export function extendCommand(run: string, { name, cost, tokens, spent }: BudgetView, flag: string): string {
  const isMoney = cost !== null && cost > 0 && (tokens === null || spent.tokens < tokens);
  const amount = isMoney ? spellMoney(cost) : tokens === null ? "20USD" : String(tokens);
  return `flowc approve ${run} ${shellWord(name)} --by ${amount}${flag}`;
}
