// A run that only a person can move on: what it waits for, in plain words, and what to type.

import type { Value } from "../compiler/types.ts";
import type { BudgetView, Question, RunView } from "../runtime/run-view.ts";
import { extendCommand } from "./extend.ts";
import { answerCommand } from "./render/gates.ts";
import { askedText } from "./render/people.ts";
import { spentText } from "./render/spending.ts";
import { count, visible } from "./render/text.ts";
import { shellWord } from "./stop.ts";
import { settleCommands } from "./unknown.ts";

const questionsShownMax = 5;
const valuesShownMax = 20;
const valueLengthMax = 300;

/** Told when there is something new to decide, while the run stays and waits. */
export function waitingTeller(
  say: (text: string) => void,
  flag: string,
): (view: RunView, waits: boolean) => void {
  const told = new Set<string>();
  return (view, waits) => {
    if (!waits) return;
    const commands = commandsFor(view, flag);
    // What is left of what was told is known.
    const known = commands.every(([command]) => told.has(command));
    told.clear();
    for (const [command] of commands) told.add(command);
    if (!known) say(waitingText(view, commands));
  };
}

type Told = readonly [command: string, why: string];

function commandsFor(view: RunView, flag: string): readonly Told[] {
  return [
    [`flowc show ${view.id}${flag}`, "what there is to decide on"],
    ...view
      .questions()
      .slice(0, questionsShownMax)
      .map((question): Told => [answerCommand(view.id, question, flag), "or flowc reject …"]),
    ...settleCommands(view, flag),
    ...spentBudgets(view).map((budget): Told => [extendCommand(view.id, budget, flag), budgetWhy(budget)]),
    ...view
      .holds()
      .slice(0, questionsShownMax)
      .map((hold): Told => [resumeCommand(view, hold.n, flag), `paused by ${visible(hold.by)}`]),
  ];
}

function spentBudgets(view: RunView): readonly BudgetView[] {
  return view
    .spending()
    .budgets.filter(({ isSpent }) => isSpent)
    .slice(0, questionsShownMax);
}

function budgetWhy(budget: BudgetView): string {
  return spentText(budget).slice(visible(budget.name).length + 2);
}

/** `main: its budget is spent: 50.20USD of 50USD` */
export function budgetLines(view: RunView): readonly string[] {
  return spentBudgets(view).map(spentText);
}

function waitingText(view: RunView, commands: readonly Told[]): string {
  const lines = ["waiting for a person; in another terminal:"];
  const width = Math.max(...commands.map(([command]) => command.length));
  for (const [command, why] of commands) lines.push(`  ${visible(command).padEnd(width)}  ${why}`);
  const more = view.questions().length - questionsShownMax;
  if (more > 0) lines.push(`  … and ${count(more, "more question")}`);
  return lines.join("\n");
}

/** The command that moves a waiting run on: an answer, or the end of a pause. */
export function movingCommand(view: RunView, flag: string): string | null {
  const [question] = view.questions();
  if (question !== undefined) return answerCommand(view.id, question, flag);
  const [budget] = spentBudgets(view);
  if (budget !== undefined) return extendCommand(view.id, budget, flag);
  const [hold] = view.holds();
  return hold === undefined ? null : resumeCommand(view, hold.n, flag);
}

function resumeCommand(view: RunView, n: number, flag: string): string {
  return `flowc resume ${view.id} ${shellWord(view.name(n))}${flag}`;
}

/** `deploy: paused by ada (wait for the lead)` */
export function holdLines(view: RunView): readonly string[] {
  return view.holds().map(({ n, by, note }) => {
    const why = note === null ? "" : ` (${visible(note)})`;
    return `${visible(view.name(n))}: paused by ${visible(by)}${why}`;
  });
}

/** One line for each question: what is asked, whom, until when. */
export function questionLines(questions: readonly Question[]): readonly string[] {
  const lines = questions
    .slice(0, questionsShownMax)
    .map(({ gate, item, asks, until }) => `${visible(gate)}: ${visible(item)}: ${askedText(asks, until)}`);
  const more = questions.length - questionsShownMax;
  return more > 0 ? [...lines, `… and ${count(more, "more question")}`] : lines;
}

/** What stands above a gate, and what it gave: this is decided on. */
export interface Ground {
  readonly name: string;
  readonly value: Value;
}

/** Values of what the gates with open questions have waited for, each once. */
export function groundsOf(view: RunView): readonly Ground[] {
  const found = new Map<number, Ground>();
  const add = (n: number): void => {
    const name = view.name(n);
    const value = view.value(n);
    if (name !== "" && value !== null) found.set(n, { name, value });
  };
  const open = [...new Set(view.questions().map(({ n }) => n))];
  const seen = new Set(open);
  for (let gate = open.pop(); gate !== undefined; gate = open.pop())
    for (const guard of view.dependencies(gate))
      for (const { n } of view.kind(guard.n) === "join" ? view.dependencies(guard.n) : [guard]) {
        if (view.kind(n) === "phase")
          for (const inside of view.nodes()) if (view.owner(inside) === n) add(inside);
        // What stands above an earlier gate is what that was decided on; it still counts.
        if (view.kind(n) === "gate" && !seen.has(n)) open.push(n);
        seen.add(n);
        add(n);
      }
  return [...found].sort(([a], [b]) => a - b).map(([, ground]) => ground);
}

/** `size = 42`, cut where it is long. */
export function groundLines(grounds: readonly Ground[]): readonly string[] {
  const lines = grounds.slice(0, valuesShownMax).map(({ name, value }) => {
    const text = typeof value === "string" ? value : JSON.stringify(value);
    const shown = text.length > valueLengthMax ? `${text.slice(0, valueLengthMax)}…` : text;
    return `${visible(name)} = ${visible(shown)}`;
  });
  const more = grounds.length - valuesShownMax;
  return more > 0 ? [...lines, `… and ${count(more, "more value")}`] : lines;
}
