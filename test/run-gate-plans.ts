// Phases and gates for plans written by hand: what stands below one waits for it.

import type { Use } from "../compiler/plan-steps.ts";
import { Draft, type Given, type Slot } from "./run-plans.ts";

export function phase(b: Draft, name: string, build: (inner: Draft) => void): Slot {
  const uses = b.order();
  const guard = uses.length === 0 ? null : b.add((id) => ({ kind: "join", id, name: "", uses }));
  const { id, slot } = b.reserve();
  const inner = new Draft(b.plan, b);
  inner.slotOfPhase = slot;
  build(inner);
  const body = inner.body(null);
  b.plan.steps[id] = {
    kind: "phase",
    id,
    name,
    uses,
    title: null,
    deadline: inner.deadline,
    ...(inner.budget === null ? {} : { budget: inner.budget }),
    guard: guard?.i ?? null,
    body,
  };
  b.barrier = { up: 0, i: slot.i, kind: "phase" };
  return slot;
}

/** `checks` makes its checks with {@link check}. */
export function gate(b: Draft, name: string, checks: (inner: Draft) => void): Slot {
  const above = b.ids.flatMap((id, i): Use[] => {
    const kind = b.plan.steps[id]?.kind;
    return kind === "join" || kind === "var" ? [] : [{ up: 0, i, kind: "gate" }];
  });
  const guard = b.add((id) => ({ kind: "join", id, name: "", uses: above }));
  const { id, slot } = b.reserve();
  const inner = new Draft(b.plan, b);
  checks(inner);
  const body = { steps: inner.ids, result: null };
  const uses: Use[] = [{ up: 0, i: guard.i, kind: "gate" }];
  b.plan.steps[id] = { kind: "gate", id, name, uses, guard: guard.i, body };
  b.barrier = { up: 0, i: slot.i, kind: "gate" };
  return slot;
}

/** Of a gate, after all its checks. `within` in seconds. */
export function approve(
  g: Draft,
  label: string,
  { by, within }: { readonly by?: Given; readonly within?: Given } = {},
): void {
  const expr = (given: Given | undefined) => (given === undefined ? null : g.expr(given));
  const settings = { by: expr(by), within: expr(within) };
  const uses = g.ids.flatMap((id, i): Use[] =>
    g.plan.steps[id]?.kind === "check" ? [{ up: 0, i, kind: "order" }] : [],
  );
  g.add((id) => ({ kind: "approve", id, name: "", uses, label, ...settings }));
}

/** Of a gate: `of` is what must succeed, or `value` what must hold. */
export function check(
  g: Draft,
  label: string,
  { of, value }: { readonly of?: Slot; readonly value?: Given },
): void {
  if (of !== undefined) {
    const uses: Use[] = [{ up: 0, i: of.i, kind: "order" }];
    g.add((id) => ({ kind: "check", id, name: "", uses, label, value: null, of: of.i }));
    return;
  }
  const expr = g.expr(value ?? null);
  const { uses } = g.plan.steps[g.ids[g.let(expr).i] ?? -1] ?? { uses: [] };
  g.add((id) => ({ kind: "check", id, name: "", uses, label, value: expr, of: null }));
}
