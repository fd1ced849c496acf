// Deadlines of blocks: when their time began, how long it is, and what is said when it is over.

import type { Expr } from "../compiler/plan-expr.ts";
import { spellSeconds } from "../compiler/spell.ts";
import { evaluate } from "./evaluate.ts";
import type { Cells } from "./run-cells.ts";
import { CALLED_OFF, EXPIRED, RUNNING, SETTLED } from "./run-codes.ts";
import { asNumber, attempt, ValueError } from "./values.ts";

/** The time of a block begins when it may start; of one opened again, anew. */
export function startClock(run: Cells, n: number): void {
  if (n >= run.count || deadlineOf(run, n) === null) return;
  run.ends.clocks.set(n, run.now);
  run.ends.timed.push(n);
}

/** Does the clock of a block still matter? It stops when all in it has ended; its handlers have all the time. */
export function isTicking(run: Cells, n: number): boolean {
  if (run.has(n, SETTLED | EXPIRED | CALLED_OFF) || run.states.get(n) !== RUNNING) return false;
  const f = run.mainFrame(n);
  return run.ends.clocks.has(n) && (f < 0 || run.frameOpen.get(f) > 0 || run.ends.awaiting.has(n));
}

/** How long a block may take, in seconds; null while an argument that says so is not there. */
export function limitOf(
  run: Cells,
  n: number,
): { readonly seconds: number } | { readonly problem: string } | null {
  const expr = deadlineOf(run, n);
  const f = run.kindOf(n) === "phase" ? run.frames.get(n) : run.mainFrame(n);
  if (expr === null || f < 0 || !isKnown(run, expr, f)) return null;
  const result = attempt(() => {
    const seconds = asNumber(evaluate(expr, run.scope(f)));
    if (seconds > 0) return seconds;
    throw new ValueError(`it must be longer than nothing, got ${seconds}s`);
  });
  if ("problem" in result) return { problem: `its \`deadline\` cannot be computed: ${result.problem}` };
  return { seconds: result.value };
}

/** Why a block is ended by its deadline, for people. */
export function expiredMessage(run: Cells, n: number): string {
  const limit = limitOf(run, n);
  if (limit !== null && "problem" in limit) return limit.problem;
  return `did not end within its deadline of ${spellSeconds(limit?.seconds ?? 0)}`;
}

/** Null: it has none. */
export function deadlineOf(run: Cells, n: number): Expr | null {
  if (n === 0) return run.plan.flows[run.plan.flow]?.deadline ?? null;
  const { step } = run.info(n);
  if (step.kind === "phase") return step.deadline;
  return step.kind === "flow" ? (run.plan.flows[step.flow]?.deadline ?? null) : null;
}

/** Are the cells there that it mentions? */
export function isKnown(run: Cells, expr: Expr, f: number): boolean {
  const open: unknown[] = [expr];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    if (typeof at !== "object" || at === null) continue;
    if ("k" in at && at.k === "lit") continue;
    if ("k" in at && at.k === "slot" && "up" in at && "i" in at) {
      const { up, i } = at;
      const inside = "in" in at && Array.isArray(at.in) ? at.in : [];
      if (typeof up === "number" && typeof i === "number" && !run.good(run.cellAt(f, up, i, inside)))
        return false;
      continue;
    }
    open.push(...Object.values(at));
  }
  return true;
}
