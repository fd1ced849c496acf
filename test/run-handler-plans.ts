// Handlers for plans written by hand: what runs when a block has ended, and `rollback()`.

import type { Block } from "../compiler/plan-steps.ts";
import { Draft, type Slot } from "./run-plans.ts";

interface Written {
  /** `f` is what `on failure as f` gets. */
  readonly failure?: (inner: Draft, f: Slot) => void;
  readonly final?: (inner: Draft) => void;
}

/** The handlers of a flow's or phase's block; names of the block may be mentioned, and are then tolerant. */
export function handle(b: Draft, { failure, final }: Written): void {
  const made = (build: (inner: Draft) => void): Block => {
    const inner = new Draft(b.plan, b);
    inner.tolerant = true;
    build(inner);
    return inner.body(null);
  };
  b.handlers = {
    failure: failure === undefined ? null : made((inner) => failure(inner, inner.variable("failure", "f"))),
    final: final === undefined ? null : made(final),
  };
}

export function rollback(b: Draft, after: readonly Slot[] = []): Slot {
  const uses = b.order(after);
  return b.add((id) => ({ kind: "rollback", id, name: "rollback", uses, overrides: null, otherwise: null }));
}
