// The Run: the fold of its events. `apply` is the only thing that changes one; all others read it.

import type { Value } from "../compiler/types.ts";
import { assert } from "./bug.ts";
import { waitingByLimit } from "./decide-uses.ts";
import type { EventBody } from "./events.ts";
import { gatesOf, questionsOf, waitsForPeople } from "./gate-views.ts";
import { drain } from "./run-activate.ts";
import { applyAct } from "./run-acts.ts";
import { ended, placed, reused, settleIn, started } from "./run-attempts.ts";
import { cancelNode } from "./run-call-off.ts";
import { Cells, type CellsOptions } from "./run-cells.ts";
import { ANSWERED, BRANCH, BY_PERSON, PAST, READY, SETTLED, SKIPPED } from "./run-codes.ts";
import { countsOf } from "./run-counts.ts";
import { type EarlyField, earlyOf, wroteEarly } from "./run-early.ts";
import { dependenciesOf, failuresOf } from "./run-failures.ts";
import { applyToGate } from "./run-gates.ts";
import { handlerOf } from "./run-handlers.ts";
import { heldBy } from "./run-held.ts";
import { holdOn, holdsOf } from "./run-holds.ts";
import type { LimitView } from "./run-limits.ts";
import { cellOfName, keyOfItem, nameOf } from "./run-names.ts";
import type { Hold } from "./run-people.ts";
import { reopen, reopenGates, settleAll } from "./run-reopen.ts";
import { isOnce, needsOf } from "./run-settings.ts";
import { budgetsOf, budgetView, use } from "./run-spending.ts";
import { decideNode } from "./run-unknown.ts";
import type {
  BudgetView,
  CellKind,
  Counts,
  Dependency,
  Failure,
  GateView,
  HoldView,
  InstancesView,
  Question,
  RunView,
  SpendingView,
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
  /** Id of the first run along `from`; it makes keys of attempts equal in all of them. */
  keyId: string;

  constructor(config: RunConfig) {
    super({ ...config, watch: config.watch ?? null });
    this.keyId = config.id;
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
    return this.has(n, ANSWERED) && !this.has(n, BY_PERSON);
  }

  skippedBy(n: number): "branch" | "failure" | "person" | null {
    const state = this.states.get(n);
    if (state === SKIPPED && this.has(n, BY_PERSON)) return "person";
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

  parallel(n: number): number | null {
    return this.loops.get(n)?.parallel ?? null;
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

  reusedFrom(n: number): string | null {
    return this.reuses.get(n) ?? null;
  }

  hold(n: number): Hold | null {
    return this.states.get(n) <= READY ? holdOn(this, n) : null;
  }

  holds(): readonly HoldView[] {
    return holdsOf(this);
  }

  instanceUse(now: number): readonly InstancesView[] {
    return this.instances.view(now, () => this.queued());
  }

  /** How many nodes wait for an instance, by their runner. */
  private queued(): ReadonlyMap<string, number> {
    const queued = new Map<string, number>();
    for (const n of this.nodes()) {
      if (this.states.get(n) !== READY && !this.instances.waiting.has(n)) continue;
      const { runner } = needsOf(this, n);
      if (runner !== null) queued.set(runner, (queued.get(runner) ?? 0) + 1);
    }
    return queued;
  }

  limitUse(now: number): readonly LimitView[] {
    return this.limits.view(now, () => waitingByLimit(this, this.nodes()));
  }

  budget(n: number): BudgetView | null {
    return budgetView(this, n);
  }

  spending(): SpendingView {
    return { ...this.budgets.spentBy(0), budgets: budgetsOf(this) };
  }

  waitsFor(n: number): string | null {
    return this.instances.waiting.has(n) ? needsOf(this, n).runner : null;
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
  const before = run.now;
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
      run.from = event.from ?? null;
      run.budgets.begin(event.spent ?? []);
      run.keyId = event.origin ?? run.id;
      return;
    case "run.opened":
      run.options = { ...run.options, ...event.options };
      run.people.openedAt = event.at;
      settleIn(run, event.places ?? null, before);
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
      run.instances.end(run.now);
      return;
    case "swept":
      return;
    case "instance.begun":
    case "instance.opened":
    case "instance.closed":
      run.instances.apply(event, run.now);
      return;
    case "limit.paused":
      run.limits.pause(event.limit, event.until);
      return;
    case "limit.used":
      run.limits.corrected(event.n, event.amounts, run.now);
      return;
    case "limit.told":
      run.limits.tell(event.limit, event.told);
      return;
    case "budget.extended":
      run.budgets.extend(event);
      // What it held may start.
      run.people.released = true;
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
    case "node.paused":
    case "node.resumed":
    case "node.skipped":
    case "node.retried":
      applyAct(run, event);
      return;
    case "gate.checked":
    case "gate.opened":
    case "gate.decided":
      applyToGate(run, event);
      return;
    case "node.reused":
      reused(run, n, event);
      return;
    case "attempt.started":
      started(run, event);
      return;
    case "attempt.placed":
      placed(run, event);
      return;
    case "attempt.early":
      wroteEarly(run, n, event.field, event.value);
      return;
    case "attempt.used":
      use(run, event);
      run.asks.used(event);
      return;
    case "attempt.answered":
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

/** Attempts that were started and whose end is not known: after a crash they are swept, then ended as `lost`. */
export function openAttempts(
  run: Run,
): readonly { readonly n: number; readonly a: number; readonly ref: string | null }[] {
  return [...run.runningCells].map((n) => ({ n, a: run.attemptCounts.get(n), ref: run.refs.get(n) ?? null }));
}
