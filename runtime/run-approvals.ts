// The approvals of gates: when one is put to people, and what follows from an answer.

import { assert } from "./bug.ts";
import type { Cells } from "./run-cells.ts";
import { READY, RUNNING, SETTLED } from "./run-codes.ts";
import type { Decision } from "./run-people.ts";
import { succeed } from "./run-settle.ts";

/** All checks have ended: asks, goes on asking, or takes what was answered before. Nobody is asked in vain. */
export function activateApproval(run: Cells, m: number): void {
  const known = run.people.approvals.get(m);
  if (!checksHeld(run, m)) succeed(run, m, null);
  else if (known !== undefined && known.decision !== null) settleApproval(run, m, known.decision);
  else if (known !== undefined && known.openedAt !== null) openApproval(run, m);
  else {
    run.setState(m, READY);
    if (m < run.count) run.asked.push(m);
  }
}

/** It waits for a person from now on. */
export function openApproval(run: Cells, m: number): void {
  run.setState(m, RUNNING);
  run.people.open.add(m);
  if (run.people.approvals.get(m)?.until != null) run.people.opened.push(m);
}

/** With the first refusal its gate has not passed, and nobody needs to decide on the others. */
export function settleApproval(run: Cells, m: number, decision: Decision): void {
  const approved = decision.answer === "approved";
  if (!approved) run.people.notes.set(m, refusal(decision));
  succeed(run, m, approved);
  if (approved) return;
  for (const other of approvalsOf(run, run.frames.get(m)))
    if (!run.has(other, SETTLED)) succeed(run, other, null);
}

/** Has it not ended, and come so far that an answer settles it at once? */
export function isAsked(run: Cells, m: number): boolean {
  const state = run.states.get(m);
  return (state === RUNNING || state === READY) && !run.has(m, SETTLED);
}

/** Cells of the approvals in a gate's frame, in the order in which they were written. */
export function approvalsOf(run: Cells, f: number): readonly number[] {
  const base = run.frameBases.get(f);
  const found: number[] = [];
  for (let n = base; n < base + run.block(f).steps.length; n++)
    if (run.kindOf(n) === "approve") found.push(n);
  return found;
}

/** The cell of an item of a gate, by its label. */
export function itemOf(run: Cells, gate: number, label: string): number {
  const frame = run.owned.get(gate);
  assert(run.kindOf(gate) === "gate" && frame >= 0, `cell ${gate} is no gate`);
  const slot = run.block(frame).steps.findIndex((id) => {
    const step = run.infos[id]?.step;
    return (step?.kind === "check" || step?.kind === "approve") && step.label === label;
  });
  assert(slot >= 0, `gate ${gate} has no item ${JSON.stringify(label)}`);
  return run.cellAt(frame, 0, slot);
}

/** Approvals that wait for an answer now. */
export function* openApprovals(run: Cells): Generator<number> {
  for (const m of run.people.open) {
    if (run.states.get(m) === RUNNING) yield m;
    else run.people.open.delete(m);
  }
}

function checksHeld(run: Cells, m: number): boolean {
  const f = run.frames.get(m);
  const base = run.frameBases.get(f);
  for (let n = base; n < base + run.block(f).steps.length; n++)
    if (run.kindOf(n) === "check" && run.values[n] !== true) return false;
  return true;
}

function refusal({ answer, by, note }: Decision): string {
  if (answer === "expired") return "was not answered in time";
  const why = note === null ? "" : ` (${note})`;
  return `was rejected${by === null ? "" : ` by ${by}`}${why}`;
}
