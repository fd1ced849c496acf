// What people see of gates: their items in the order in which they are evaluated, and what became of each.

import { assert } from "./bug.ts";
import { openApprovals } from "./run-approvals.ts";
import type { Cells } from "./run-cells.ts";
import { READY, RUNNING, SETTLED, SUCCEEDED, WANTS } from "./run-codes.ts";
import { nameOf } from "./run-names.ts";
import { isHeld } from "./run-spending.ts";
import type { ApprovalView, CheckView, GateView, Question } from "./run-view.ts";

/** All gates, in the order of the plan. */
export function gatesOf(run: Cells): readonly GateView[] {
  const gates: GateView[] = [];
  if (!run.plan.steps.some(({ kind }) => kind === "gate")) return gates;
  for (let n = 1; n < run.count; n++) {
    if (run.kindOf(n) !== "gate") continue;
    const passed = run.has(n, SETTLED) ? run.states.get(n) === SUCCEEDED : null;
    gates.push({ n, name: nameOf(run, n), passed, items: itemsOf(run, run.owned.get(n)) });
  }
  return gates;
}

function itemsOf(run: Cells, f: number): GateView["items"] {
  const items: (CheckView | ApprovalView)[] = [];
  const base = run.frameBases.get(f);
  for (let c = base; c < base + run.block(f).steps.length; c++) {
    const { step } = run.info(c);
    if (step.kind === "approve") items.push(approvalOf(run, c, step.label));
    if (step.kind !== "check") continue;
    const held = run.states.get(c) === SUCCEEDED ? run.values[c] === true : null;
    items.push({ kind: "check", item: step.label, held, note: run.people.notes.get(c) ?? null });
  }
  return items;
}

function approvalOf(run: Cells, c: number, item: string): ApprovalView {
  const known = run.people.approvals.get(c);
  const { asks = null, openedAt = null, until = null, decision = null, late = [] } = known ?? {};
  const settled = run.has(c, SETTLED);
  const open = run.states.get(c) === RUNNING ? "open" : settled ? "closed" : "waiting";
  const state = decision === null ? open : decision.answer;
  const note = decision === null ? (run.people.notes.get(c) ?? null) : null;
  return {
    kind: "approve",
    item,
    state,
    asks,
    asked: known !== undefined,
    openedAt,
    until,
    decision,
    late,
    note,
  };
}

/** What is asked of people now. */
export function questionsOf(run: Cells): readonly Question[] {
  return [...openApprovals(run)].sort((a, b) => a - b).map((c) => questionOf(run, c));
}

function questionOf(run: Cells, c: number): Question {
  const { step } = run.info(c);
  assert(step.kind === "approve", `cell ${c} is no approval`);
  const n = run.frameOwners.get(run.frames.get(c));
  const { asks = null, until = null } = run.people.approvals.get(c) ?? {};
  return { n, gate: nameOf(run, n), item: step.label, asks, until };
}

/** Can nothing move the run on but a person? Looks at all cells: for people, and not for the loop. */
export function waitsForPeople(run: Cells): boolean {
  if (run.status !== "running" || run.cancelled !== null || !run.begun) return false;
  if (run.runningCells.size > 0 || run.count === 1) return false;
  for (const n of run.again.keys()) if (!isHeld(run, n)) return false;
  let held = false;
  for (let n = 1; n < run.count; n++) {
    if (run.has(n, SETTLED)) continue;
    if (run.has(n, WANTS)) return false;
    if (run.states.get(n) !== READY) continue;
    if (!isHeld(run, n)) return false;
    held = true;
  }
  return held || run.unknown.size > 0 || openApprovals(run).next().done !== true;
}
