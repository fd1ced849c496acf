// Whether what a person has approved in an earlier run still stands: all that it was said of must be as it was.

import type { Earlier } from "./earlier.ts";
import type { EventBody } from "./events.ts";
import type { Run } from "./run.ts";

type Opened = Extract<EventBody, { type: "gate.opened" }>;
type Decided = Extract<EventBody, { type: "gate.decided" }>;

/** The approval that answers a question, asked just now; null: a person is waited for. */
export function approvalOf(run: Run, earlier: Earlier, { n, item, asks }: Opened): Decided | null {
  const found = earlier.approval(run.name(n), item);
  const sameInputs = JSON.stringify(run.inputs) === JSON.stringify(earlier.inputs);
  if (found === null || !sameInputs || !allReused(run, n, earlier.id)) return null;
  const { by, note, given, from } = found;
  // Who is asked now may be somebody else.
  const others = asks !== undefined && by === undefined;
  return others
    ? null
    : {
        type: "gate.decided",
        n,
        item,
        answer: "approved",
        ...(by === undefined ? {} : { by }),
        ...(note === undefined ? {} : { note }),
        given,
        ...(from === undefined ? {} : { from }),
      };
}

/** Was all above a gate taken from the run in which it was approved? */
function allReused(run: Run, gate: number, from: string): boolean {
  const around = new Set(ownersOf(run, gate));
  const above = new Set<number>();
  const open = [gate, ...around];
  for (let n = open.pop(); n !== undefined; n = open.pop())
    for (const { n: m } of run.dependencies(n)) {
      if (above.has(m) || around.has(m)) continue;
      above.add(m);
      open.push(m);
    }
  for (const n of run.nodes()) {
    const reused = run.reusedFrom(n);
    const began = reused !== null || run.attempts(n) > 0;
    if (!began || reused === from || run.info(n).task?.action == null) continue;
    for (const m of [n, ...ownersOf(run, n)]) if (above.has(m) || m === gate) return false;
  }
  return true;
}

function ownersOf(run: Run, n: number): readonly number[] {
  const found: number[] = [];
  for (let at = run.owner(n); at !== null; at = run.owner(at)) found.push(at);
  return found;
}
