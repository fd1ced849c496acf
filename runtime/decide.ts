// All policy: what is to be done next. Pure, but for what it remembers of the run's own state.

import type { Value } from "../compiler/types.ts";
import { assert, Bug } from "./bug.ts";
import { argsOf, keyOf, taskOf } from "./decide-args.ts";
import { checked, expired, opened } from "./decide-checks.ts";
import { Deadlines } from "./decide-deadlines.ts";
import { Selection, unknownOnly } from "./decide-only.ts";
import { type Ahead, Queues } from "./decide-queues.ts";
import { usesOf } from "./decide-uses.ts";
import { evaluate, paramScope } from "./evaluate.ts";
import type { EventBody } from "./events.ts";
import type { Lack } from "./limit-state.ts";
import type { Run } from "./run.ts";
import { BRANCH } from "./run-codes.ts";
import { unfold } from "./unfold.ts";
import { attempt } from "./values.ts";

/** What the loop does next. */
export type Decision =
  /** Append the event, apply it, ask again. After the commit, an attempt that was started is carried out. */
  | { readonly do: "append"; readonly event: EventBody }
  /** Find out whether the node has to run at all, then say so by {@link looked}, or record `node.reused`. */
  | { readonly do: "look"; readonly n: number }
  /**
   * Nothing to do until something is heard, or until this wall time, in ms. `people`: only a person can move it on; at
   * that time nothing more would be waited for.
   */
  | { readonly do: "sleep"; readonly until: number | null; readonly people: boolean }
  /** The run has ended, and that is recorded. */
  | { readonly do: "end"; readonly status: "succeeded" | "failed" | "cancelled"; readonly output: Value };

interface Memory {
  readonly queues: Queues;
  readonly selection: Selection | null;
  readonly deadlines: Deadlines;
}

const memories = new WeakMap<Run, Memory>();

function memoryOf(run: Run): Memory {
  const known = memories.get(run);
  if (known !== undefined && !known.queues.stale) return known;
  const selection = run.options.only === null ? null : new Selection(run);
  const queues = new Queues(run, selection === null ? () => true : (n) => selection.has(n));
  const memory = { queues, selection, deadlines: new Deadlines(run) };
  memories.set(run, memory);
  return memory;
}

/** `now` is wall ms, and never goes back. `ahead`: how many calls of a task may be started that still wait for a thread. */
export function decide(run: Run, now: number, ahead: Ahead = none): Decision {
  assert(run.begun, "nothing can be decided before run.started");
  if (run.status !== "running") return { do: "end", status: run.status, output: run.output };
  if (run.count === 1) return grow(run, 0);
  const { queues, selection, deadlines } = memoryOf(run);
  if (selection?.update() === true) queues.reconsider();
  queues.take(now);
  const [unneeded] = run.unneeded;
  if (unneeded !== undefined) return append({ type: "node.cancelled", n: unneeded[0], why: unneeded[1] });
  deadlines.take();
  const late = selection === null ? deadlines.passed(now) : null;
  if (late !== null) return append({ type: "node.cancelled", n: late, why: "deadline" });
  const over = endOf(run);
  if (over !== null) {
    if (run.runningCells.size > 0) return sleep(null);
    // What the flow can do without must be decided too, unless somebody wants the end.
    return run.unknown.size > 0 && !wantsEnd(run) ? sleep(null, true) : append(over);
  }
  const stopping = haltOf(run);
  if (stopping !== null) return append(stopping);
  const unanswered = queues.expiries.next(now);
  if (unanswered !== null) return append(expired(run, unanswered, now));
  const growth = queues.nextGrowth();
  if (growth !== null) return grow(run, growth);
  const check = queues.nextCheck();
  if (check !== null)
    return append(run.kindOf(check) === "check" ? checked(run, check) : opened(run, check, now));
  const pure = queues.nextPure();
  if (pure !== null) return append(evaluated(run, pure));
  const unseen = queues.nextLook();
  if (unseen !== null) return { do: "look", n: unseen };
  const next = queues.nextNode(ahead);
  if (next !== null) return append(startOf(run, next));
  const time = sooner(queues.nextTime(), queues.limits.nextTime());
  const asked = run.unknown.size > 0 || queues.waitForPeople();
  const idle = time === null && run.runningCells.size === 0 && !queues.looking;
  const people = idle && asked;
  const held = idle && !asked ? queues.nextHeld() : null;
  if (held !== null) return append(startOf(run, held));
  const deadline = selection === null ? deadlines.nextTime() : null;
  const until = sooner(sooner(time, queues.expiries.nextTime()), deadline);
  if (until !== null || run.runningCells.size > 0 || queues.looking || people) return sleep(until, people);
  if (selection === null) throw new Bug(`nothing runs, nothing is ready, and run ${run.id} has not ended`);
  return append(endOfSelection(run, selection));
}

const none: Ahead = () => 0;

/** Limits for which nodes of the run wait that have all else. */
export function awaited(run: Run): Iterable<string> {
  return memories.get(run)?.queues.limits.awaited ?? [];
}

/** While nothing runs, what limits hold, that which may go on soonest; null: none. */
export function idledBy(run: Run): { readonly n: number; readonly lack: Lack } | null {
  return run.runningCells.size > 0 ? null : (memories.get(run)?.queues.limits.soonest ?? null);
}

/** No answer of before stands for the node: it is to run. */
export function looked(run: Run, n: number): void {
  memoryOf(run).queues.looked(n);
}

function append(event: EventBody): Decision {
  return { do: "append", event };
}

function sooner(a: number | null, b: number | null): number | null {
  if (a === null || b === null) return a ?? b;
  return Math.min(a, b);
}

function sleep(until: number | null, people = false): Decision {
  return { do: "sleep", until, people };
}

function grow(run: Run, n: number): Decision {
  const { pass, first, count, hash } = unfold(run, n);
  return append({ type: "grown", n, ...(pass === null ? {} : { pass }), first, count, hash });
}

/** How the run ends as soon as nothing runs any more; null while it goes on. */
function endOf(run: Run): EventBody | null {
  const { lingering, atOnce } = run.ends;
  if (run.settled(0) && (lingering.size === 0 || atOnce)) {
    const good = run.good(0);
    const status = good ? "succeeded" : run.cancelled !== null ? "cancelled" : "failed";
    return { type: "run.ended", status, output: run.value(0) };
  }
  if (owesHandlers(run)) return null;
  if (run.cancelled !== null) return { type: "run.ended", status: "cancelled", output: null };
  if (run.doomed && run.options.failFast) return { type: "run.ended", status: "failed", output: null };
  return null;
}

/** Is it to end as soon as it can? */
function wantsEnd(run: Run): boolean {
  return run.cancelled !== null || (run.doomed && run.options.failFast);
}

/** May handlers still have to run before it ends? With `--only` no block comes to its end. */
function owesHandlers(run: Run): boolean {
  return run.ends.any && run.options.only === null && !run.ends.atOnce;
}

/** A run that is to end and has handlers first cancels all else; null while it is not, or has. */
function haltOf(run: Run): EventBody | null {
  if (!owesHandlers(run) || run.settled(0)) return null;
  const { halted } = run.ends;
  if (run.cancelled !== null && halted !== "cancel") return { type: "node.cancelled", n: 0, why: "cancel" };
  const failing = run.doomed && run.options.failFast && halted === null;
  return failing ? { type: "node.cancelled", n: 0, why: "fail_fast" } : null;
}

/** With `--only` the flow itself does not come to its end: what was asked for counts. */
function endOfSelection(run: Run, selection: Selection): EventBody {
  if (unknownOnly(run).length > 0) return { type: "run.ended", status: "failed", output: null };
  for (const n of selection.targets)
    if (run.bad(n)) return { type: "run.ended", status: "failed", output: null };
  for (const n of selection.targets)
    assert(run.good(n) || run.states.get(n) === BRANCH, `cell ${n} was asked for and never ran`);
  return { type: "run.ended", status: "succeeded", output: null };
}

function startOf(run: Run, n: number): EventBody {
  const a = run.attempts(n) + 1;
  const args = argsOf(run, n);
  if (!args.ok) return failed(n, a, args.message);
  const uses = usesOf(run, n);
  if (!uses.ok) return failed(n, a, uses.message);
  const took = uses.value.length === 0 ? {} : { took: run.limits.given(uses.value) };
  return { type: "attempt.started", n, a, key: keyOf(run, n, args.value), ...took };
}

/** A task without an action is computed right here. */
function evaluated(run: Run, n: number): EventBody {
  const a = run.attempts(n) + 1;
  const args = argsOf(run, n);
  if (!args.ok) return failed(n, a, args.message);
  const { result } = taskOf(run, n);
  const scope = paramScope(args.value, run.plan.types, run.files);
  const computed = attempt(() => (result === null ? null : evaluate(result, scope)));
  if ("problem" in computed) return failed(n, a, computed.problem);
  return { type: "attempt.ended", n, a, outcome: "succeeded", value: computed.value };
}

function failed(n: number, a: number, message: string): EventBody {
  return { type: "attempt.ended", n, a, outcome: "failed", why: "value", message };
}
