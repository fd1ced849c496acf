// The Run: the fold of its events. `apply` is the only thing that changes one; all others read it.

import type { Value } from "../compiler/types.ts";
import { assert } from "./bug.ts";
import type { EventBody } from "./events.ts";
import { gatesOf, questionsOf, waitsForPeople } from "./gate-views.ts";
import { drain } from "./run-activate.ts";
import { cancelNode } from "./run-call-off.ts";
import { Cells, type CellsOptions } from "./run-cells.ts";
import {
  ANSWERED,
  BRANCH,
  CANCELLED,
  DROPPED,
  FAILED,
  IN_PROGRESS,
  PAST,
  READY,
  RUNNING,
  SETTLED,
  SKIPPED,
  UNKNOWN,
  WAITING,
} from "./run-codes.ts";
import { countsOf } from "./run-counts.ts";
import { type EarlyField, earlyOf, wroteEarly } from "./run-early.ts";
import { dependenciesOf, failuresOf } from "./run-failures.ts";
import { applyToGate } from "./run-gates.ts";
import { handlerOf } from "./run-handlers.ts";
import { heldBy } from "./run-held.ts";
import { cellOfName, keyOfItem, nameOf } from "./run-names.ts";
import { hadEnough } from "./run-outcomes.ts";
import { reopen, reopenGates, settleAll } from "./run-reopen.ts";
import { isOnce, needsOf } from "./run-settings.ts";
import { end, finish, succeed } from "./run-settle.ts";
import { noteSuccess } from "./run-undo.ts";
import { decideNode, endUnknown } from "./run-unknown.ts";
import type {
  CellKind,
  Counts,
  Dependency,
  Failure,
  GateView,
  Question,
  RunView,
  State,
} from "./run-view.ts";
import { unfold } from "./unfold.ts";
import { commit, discard } from "./unfold-commit.ts";

/** The graph computed now is not the one that was recorded: the run cannot go on. The message is for people. */
export class Diverged extends Error {
  override readonly name = "Diverged";
}

/** An event as the journal gives it, or one that is about to be appended. `at` is wall ms. */
export type Happened = EventBody & { readonly at: number };

export interface RunConfig extends Omit<CellsOptions, "watch"> {
  /** Id of the first run along `from`; it makes keys of attempts equal in all of them. */
  readonly keyId?: string;
  readonly watch?: (n: number) => void;
}

const stateNames: readonly State[] = [
  "waiting",
  "ready",
  "running",
  "unknown",
  "succeeded",
  "failed",
  "skipped",
  "skipped",
  "cancelled",
];

/** A run in memory. Made empty; everything else comes by {@link apply}. */
export class Run extends Cells implements RunView {
  readonly keyId: string;

  constructor(config: RunConfig) {
    super({ id: config.id, plan: config.plan, files: config.files, watch: config.watch ?? null });
    this.keyId = config.keyId ?? config.id;
  }

  get size(): number {
    return this.count;
  }

  get counts(): Counts {
    return countsOf(this);
  }

  *nodes(): Iterable<number> {
    for (let n = 1; n < this.count; n++) if (this.kinds.get(n) === 1) yield n;
  }

  running(): Iterable<number> {
    return this.runningCells.keys();
  }

  undecided(): Iterable<number> {
    return this.unknown;
  }

  kind(n: number): CellKind {
    return this.kindOf(n);
  }

  name(n: number): string {
    return nameOf(this, n);
  }

  find(name: string): number | null {
    return cellOfName(this, name);
  }

  state(n: number): State {
    if (this.again.has(n)) return "waiting";
    return stateNames[this.states.get(n)] ?? "waiting";
  }

  settled(n: number): boolean {
    return this.has(n, SETTLED);
  }

  answered(n: number): boolean {
    return this.has(n, ANSWERED);
  }

  skippedBy(n: number): "branch" | "failure" | null {
    const state = this.states.get(n);
    return state === BRANCH ? "branch" : state === SKIPPED ? "failure" : null;
  }

  once(n: number): boolean {
    return isOnce(this, n);
  }

  task(n: number): string | null {
    return n === 0 ? null : (this.info(n).task?.name ?? null);
  }

  key(n: number): string | null {
    for (let at = n; at > 0; at = this.frameOwners.get(this.frames.get(at)))
      if (this.of.get(at) >= 0) return keyOfItem(this, at);
    return null;
  }

  attempts(n: number): number {
    return this.attemptCounts.get(n);
  }

  againAt(n: number): number | null {
    return this.again.get(n) ?? null;
  }

  early(n: number): readonly EarlyField[] {
    return earlyOf(this, n);
  }

  value(n: number): Value {
    return this.good(n) ? (this.values[n] ?? null) : null;
  }

  startedAt(n: number): number | null {
    return this.startTimes.get(n) || null;
  }

  endedAt(n: number): number | null {
    return this.endTimes.get(n) || null;
  }

  path(n: number): number {
    return this.paths.get(n);
  }

  error(n: number): readonly Failure[] {
    return failuresOf(this, n);
  }

  dependencies(n: number): readonly Dependency[] {
    return dependenciesOf(this, n);
  }

  owner(n: number): number | null {
    if (n === 0) return null;
    const loop = this.loops.get(this.of.get(n));
    return loop === undefined ? this.frameOwners.get(this.frames.get(n)) : loop.cell;
  }

  gates(): readonly GateView[] {
    return gatesOf(this);
  }

  questions(): readonly Question[] {
    return questionsOf(this);
  }

  waitsForPeople(): boolean {
    return waitsForPeople(this);
  }

  handler(n: number): "failure" | "finally" | "undo" | null {
    return handlerOf(this, n);
  }

  past(n: number): boolean {
    return this.has(n, PAST);
  }

  heldBy(n: number, now: number): string | null {
    return heldBy(this, n, now);
  }
}

/** An empty run; the first event to apply is `run.started`. */
export function createRun(config: RunConfig): Run {
  return new Run(config);
}

/** The run after the event. Throws {@link Diverged}, or a Bug for an event that cannot have happened. */
export function apply(run: Run, event: Happened): void {
  run.now = Math.max(run.now, event.at);
  if (event.type !== "grown") discard(run);
  assert(run.begun || event.type === "run.started", `${event.type} before run.started`);
  switch (event.type) {
    case "run.started":
      assert(!run.begun, "run.started twice");
      run.begun = true;
      run.inputs = event.inputs;
      run.options = event.options;
      run.durations = event.durations;
      return;
    case "run.opened":
      run.options = { ...run.options, ...event.options };
      if (run.status === "failed" || run.status === "cancelled" || run.cancelled !== null) reopen(run);
      else reopenGates(run);
      return;
    case "run.cancelled":
      run.cancelled ??= event.why;
      if (event.at_once === true) run.ends.atOnce = true;
      return;
    case "run.ended":
      run.status = event.status;
      run.output = event.output;
      settleAll(run);
      return;
    case "swept":
      return;
    case "grown":
      grown(run, event);
      return;
    default:
      applyToNode(run, event);
      drain(run);
  }
}

type NodeEvent = Extract<EventBody, { type: `node.${string}` | `gate.${string}` | `attempt.${string}` }>;

function applyToNode(run: Run, event: NodeEvent): void {
  const { n } = event;
  assert(n >= 0 && n < run.count, `${event.type} of cell ${n}, which is not there`);
  switch (event.type) {
    case "node.cancelled":
      cancelNode(run, n, event.why);
      return;
    case "node.decided":
      decideNode(run, event);
      return;
    case "gate.checked":
    case "gate.opened":
    case "gate.decided":
      applyToGate(run, event);
      return;
    case "attempt.started":
      started(run, n, event.a);
      return;
    case "attempt.placed":
      assert(run.runningCells.has(n), `cell ${n} is placed and does not run`);
      run.refs.set(n, event.ref);
      return;
    case "attempt.early":
      wroteEarly(run, n, event.field, event.value);
      return;
    case "attempt.ended":
      ended(run, n, event);
  }
}

function grown(run: Run, event: Extract<EventBody, { type: "grown" }>): void {
  const first = event.n === 0 && run.count === 1;
  const wants = first || (event.n < run.count && run.growthWanted(event.n));
  const growth = wants ? unfold(run, event.n) : null;
  const same = growth?.hash === event.hash && growth.pass === (event.pass ?? null);
  if (same && growth.count === event.count && growth.first === event.first) {
    commit(run, growth);
    return;
  }
  discard(run);
  const name = event.n < run.count ? nameOf(run, event.n) : `cell ${event.n}`;
  throw new Diverged(
    `the nodes of \`${name}\` are not those that were recorded: the plan, the files it read or flowc itself have changed since`,
  );
}

function started(run: Run, n: number, a: number): void {
  assert(run.kindOf(n) === "task" && run.states.get(n) === READY, `cell ${n} is started and is not ready`);
  assert(a === run.attemptCounts.get(n) + 1, `cell ${n} is started as attempt ${a}`);
  run.attemptCounts.set(n, a);
  run.again.delete(n);
  run.setState(n, RUNNING);
  run.runningCells.add(n);
  run.room.take(needsOf(run, n));
  if (run.startTimes.get(n) === 0) run.startTimes.set(n, run.now);
  for (let at = n; at > 0; at = run.frameOwners.get(run.frames.get(at))) {
    const loop = run.loops.get(run.of.get(at));
    // An item that was let go has only its `finally` left, which nothing holds.
    if (loop === undefined || run.has(at, IN_PROGRESS | SETTLED)) continue;
    run.flag(at, IN_PROGRESS);
    loop.inProgress++;
    // Others of this item may go on now.
    run.entered.push(at);
  }
  run.watch?.(n);
}

function ended(run: Run, n: number, event: Extract<EventBody, { type: "attempt.ended" }>): void {
  const { outcome, why = null, message, exit = null, signal = null, tail = null } = event;
  if (run.states.get(n) === RUNNING) {
    assert(run.runningCells.delete(n), `cell ${n} runs and is not among those that run`);
    run.room.give(needsOf(run, n));
    run.refs.delete(n);
    run.unneeded.delete(n);
  } else {
    // Evaluated by the loop itself, or its arguments could not be.
    assert(run.states.get(n) === READY, `cell ${n} ends and was not ready`);
    run.attemptCounts.set(n, event.a);
    run.startTimes.set(n, run.startTimes.get(n) || run.now);
    run.again.delete(n);
  }
  assert(event.a === run.attemptCounts.get(n), `attempt ${event.a} of cell ${n} ends and is not its last`);
  run.lost.set(n, outcome === "lost" ? run.lost.get(n) + 1 : 0);
  if (outcome === "succeeded") {
    noteSuccess(run, n, event.value ?? null);
    succeed(run, n, event.value ?? null);
    return;
  }
  if (outcome === "failed") run.failures.set(n, run.failures.get(n) + 1);
  if (endUnknown(run, n, event)) {
    const told = outcome === "cancelled" ? "flowc told it to end" : plainly.lost;
    run.errors.set(n, { message: message ?? told, why, exit, signal, tail });
    run.setState(n, UNKNOWN);
    // Nobody is waited for any more: only handlers go on.
    if (run.ends.halted !== null) finish(run, n);
    else run.watch?.(n);
    return;
  }
  if (event.again_at !== undefined && !run.has(n, DROPPED) && outcome !== "cancelled") {
    if (run.waiting.get(n) > 0) {
      // What it uses is computed anew, for a gate that is evaluated again.
      run.setState(n, WAITING);
      return;
    }
    run.setState(n, READY);
    run.again.set(n, event.again_at);
    run.fresh.push(n);
    run.watch?.(n);
    return;
  }
  run.errors.set(n, { message: message ?? plainly[outcome], why, exit, signal, tail });
  // What nobody waited for any more has not failed.
  const dropped = outcome === "lost" && run.has(n, DROPPED) && hadEnough(run, n);
  end(run, n, outcome === "cancelled" || dropped ? CANCELLED : FAILED, -1);
}

const plainly = { failed: "failed", lost: "what ran it was lost", cancelled: "cancelled" } as const;

/** Attempts that were started and whose end is not known: after a crash they are swept, then ended as `lost`. */
export function openAttempts(
  run: Run,
): readonly { readonly n: number; readonly a: number; readonly ref: string | null }[] {
  return [...run.runningCells].map((n) => ({ n, a: run.attemptCounts.get(n), ref: run.refs.get(n) ?? null }));
}
