// What events about a gate change: its checks are evaluated, people are asked, and they answer.

import { assert } from "./bug.ts";
import type { EventBody } from "./events.ts";
import { isAsked, itemOf, openApproval, settleApproval } from "./run-approvals.ts";
import type { Cells } from "./run-cells.ts";
import { READY } from "./run-codes.ts";
import type { Approval, Decision } from "./run-people.ts";
import { succeed } from "./run-settle.ts";

type GateEvent = Extract<EventBody, { type: `gate.${string}` }>;

const unasked: Approval = { asks: null, openedAt: null, until: null, decision: null, late: [] };

export function applyToGate(run: Cells, event: GateEvent): void {
  const c = itemOf(run, event.n, event.type === "gate.checked" ? event.check : event.item);
  switch (event.type) {
    case "gate.checked":
      assert(run.states.get(c) === READY, `check ${c} was evaluated and could not be`);
      if (event.message !== undefined) run.people.notes.set(c, event.message);
      succeed(run, c, event.held);
      return;
    case "gate.opened": {
      assert(run.states.get(c) === READY, `approval ${c} opens and could not`);
      const { asks = null, until = null } = event;
      const { late } = run.people.approvals.get(c) ?? unasked;
      run.people.approvals.set(c, { asks, until, openedAt: run.now, decision: null, late });
      openApproval(run, c);
      return;
    }
    case "gate.decided":
      decided(run, c, event);
  }
}

function decided(run: Cells, c: number, event: Extract<GateEvent, { type: "gate.decided" }>): void {
  const { answer, by = null, note = null, given } = event;
  const decision: Decision = { answer, by, note, at: given };
  const known = run.people.approvals.get(c);
  assert(known !== undefined, `approval ${c} was decided and never asked for`);
  if (event.late === true) {
    run.people.approvals.set(c, { ...known, late: [...known.late, decision] });
    return;
  }
  assert(known.decision === null, `approval ${c} was decided twice`);
  run.people.approvals.set(c, { ...known, decision });
  if (isAsked(run, c)) settleApproval(run, c, decision);
}
