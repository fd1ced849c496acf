// What people do to nodes of a run: hold them, let them go, skip them, have them run anew.

import type { EventBody } from "./events.ts";
import type { Cells } from "./run-cells.ts";
import { retryNode, skipNode } from "./run-retry.ts";

export type Act = Extract<
  EventBody,
  { type: "node.paused" | "node.resumed" | "node.skipped" | "node.retried" }
>;

export function applyAct(run: Cells, { type, n, by, note }: Act): void {
  const { people } = run;
  switch (type) {
    case "node.paused":
      people.holds.set(n, { by, note: note ?? null, at: run.now });
      return;
    case "node.resumed":
      people.holds.delete(n);
      people.released = true;
      return;
    case "node.skipped":
      skipNode(run, n, `skipped by ${by}${note === undefined ? "" : ` (${note})`}`);
      return;
    case "node.retried":
      retryNode(run, n);
  }
}
