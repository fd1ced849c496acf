// Nodes that could start, in the order in which they should: heaps that `decide` keeps beside a run.

import type { TaskPlan } from "../compiler/plan-tasks.ts";
import { assert } from "./bug.ts";
import { affinityOf } from "./decide-args.ts";
import { Expiries } from "./decide-expiries.ts";
import { LimitWaits } from "./decide-limits.ts";
import { Parallel } from "./decide-parallel.ts";
import { type Candidate, Ready, type ReadyWorld } from "./decide-ready.ts";
import { Unseen } from "./decide-unseen.ts";
import type { Need } from "./room.ts";
import type { Run } from "./run.ts";
import { openApprovals } from "./run-approvals.ts";
import { claimedBy } from "./run-beside.ts";
import { READY, SETTLED, WANTS } from "./run-codes.ts";
import { Heap } from "./run-columns.ts";
import { holdOn } from "./run-holds.ts";
import { needsOf, rankOf } from "./run-settings.ts";
import { isHeld, spentAround } from "./run-spending.ts";

/** A node that does not fit is passed over by so many others; then room is kept for it. */
const passedMax = 64;

/**
 * How many calls of a task may be started besides those that there is room for: they wait in their thread's hand, so
 * that it has the next one when it is done with this. 0 unless they take no time worth mentioning.
 */
export type Ahead = (task: TaskPlan) => number;

/**
 * What is ready but does not run. It is a cache: who has the run can make it anew. Entries that no longer hold are
 * dropped when they come to the top.
 */
export class Queues {
  private readonly run: Run;
  private readonly generation: number;
  /** Which nodes may start at all. */
  private readonly chosen: (n: number) => boolean;
  /** One for each distinct need. */
  private readonly heaps = new Map<string, Ready>();
  private readonly pure: Heap;
  private readonly unseen: Unseen;
  private readonly timers: Heap;
  /** Of what is in `timers`, when it is due. */
  private readonly due = new Map<number, number>();
  private readonly parallel: Parallel;
  /** Keys of `affinity`, of nodes that were asked for theirs. */
  private readonly keys = new Map<number, string | null>();
  /** May more and more come that go before others? Else all that is there has its turn some time. */
  private readonly grows: boolean;
  /** How many nodes were started. */
  private starts = 0;
  /** Nodes that people hold. */
  private resting: number[] = [];
  readonly expiries: Expiries;
  readonly limits: LimitWaits;
  private readonly growths: number[] = [];
  private checks: number[] = [];
  /** What was ready and is not chosen, so far. */
  private left: number[] = [];
  private leftGrowths: number[] = [];
  /** Nodes whose files somebody else has, and how many nodes ran when the last one was put there. */
  private aside: number[] = [];
  private runningThen = 0;
  private growthAt = 0;
  private now = 0;
  private passed = { n: -1, times: 0 };

  constructor(run: Run, chosen: (n: number) => boolean) {
    this.run = run;
    this.chosen = chosen;
    this.generation = run.generation;
    this.grows = run.plan.steps.some(
      (step) => step.kind === "repeat" || (step.kind === "flow" && step.recursive),
    );
    this.pure = new Heap((a, b) => this.before(a, b));
    this.unseen = new Unseen(run, (a, b) => this.before(a, b));
    const dueOf = (n: number): number => this.due.get(n) ?? 0;
    this.expiries = new Expiries(run);
    this.parallel = new Parallel(run, (a, b) => this.before(a, b));
    this.limits = new LimitWaits(run, (a, b) => this.before(a, b));
    this.timers = new Heap((a, b) => dueOf(a) < dueOf(b) || (dueOf(a) === dueOf(b) && a < b));
  }

  /** Was the run put back since these were made? */
  get stale(): boolean {
    return this.generation !== this.run.generation;
  }

  /** Takes in what has become ready since the last time. */
  take(now: number): void {
    const { run } = this;
    this.now = now;
    if (run.people.released) for (const n of this.resting.splice(0)) run.fresh.push(n);
    run.people.released = false;
    for (let i = 0; i < run.fresh.length; i++) this.add(run.fresh.get(i));
    run.fresh.truncate(0);
    for (let i = 0; i < run.wanted.length; i++) this.growths.push(run.wanted.get(i));
    run.wanted.truncate(0);
    for (let i = 0; i < run.asked.length; i++) this.checks.push(run.asked.get(i));
    // As they were written: so many there are not.
    if (run.asked.length > 0) this.checks.sort((a, b) => a - b);
    run.asked.truncate(0);
    this.expiries.take();
    for (let i = 0; i < run.entered.length; i++)
      for (const n of this.parallel.enter(run.entered.get(i))) this.enqueue(n);
    run.entered.truncate(0);
    for (let i = 0; i < run.freed.length; i++)
      for (const n of this.parallel.release(run.freed.get(i))) this.enqueue(n);
    run.freed.truncate(0);
    if (this.aside.length > 0 && run.runningCells.size < this.runningThen) {
      for (const n of this.aside) if (this.startable(n)) this.enqueue(n);
      this.aside = [];
    }
    for (let time = this.nextTime(); time !== null && time <= now; time = this.nextTime()) {
      const n = this.timers.pop() ?? 0;
      this.due.delete(n);
      this.enqueue(n);
    }
  }

  /** More may be chosen than before. */
  reconsider(): void {
    for (const n of this.left) this.run.fresh.push(n);
    this.left = [];
    this.growths.push(...this.leftGrowths);
    this.leftGrowths = [];
  }

  /** When the next repeat is due, in wall ms. */
  nextTime(): number | null {
    for (let top = this.timers.top; top !== undefined; top = this.timers.top) {
      if (this.startable(top)) return this.due.get(top) ?? 0;
      this.timers.pop();
      this.due.delete(top);
    }
    return null;
  }

  /** Is there anything that only a person can move on? */
  waitForPeople(): boolean {
    const { run } = this;
    const held = (n: number): boolean => this.startable(n) && isHeld(run, n);
    return openApprovals(run).next().done !== true || this.resting.some(held) || this.checks.some(held);
  }

  /** The next cell that wants to grow. It stays until it has. */
  nextGrowth(): number | null {
    const { run } = this;
    for (let n = this.growths[this.growthAt]; n !== undefined; n = this.growths[this.growthAt]) {
      const wants = run.has(n, WANTS) && !run.has(n, SETTLED);
      if (wants && this.chosen(n)) return n;
      this.growthAt++;
      if (wants) this.leftGrowths.push(n);
    }
    return null;
  }

  /** The next check of a gate to evaluate. */
  nextCheck(): number | null {
    this.checks = this.checks.filter((n) => this.startable(n));
    return this.checks.find((n) => this.chosen(n) && holdOn(this.run, n) === null) ?? null;
  }

  /** The next node that costs nothing. */
  nextPure(): number | null {
    return this.topOf(this.pure) ?? null;
  }

  /** The next node to look for an answer of; it is out of the way until {@link looked}. */
  nextLook(): number | null {
    const n = this.topOf(this.unseen.heap) ?? null;
    if (n !== null) this.unseen.ask(n);
    return n;
  }

  /** Nothing was found. */
  looked(n: number): void {
    this.unseen.miss(n);
    if (this.startable(n)) this.enqueue(n);
  }

  /** Is an answer being looked for? */
  get looking(): boolean {
    return this.unseen.open;
  }

  /** The best node for which there is room. */
  nextNode(ahead: Ahead): number | null {
    for (;;) {
      let best: Candidate | null = null;
      let fitting: Candidate | null = null;
      const candidates = this.candidates();
      this.lookAtLimits(candidates, ahead);
      for (const each of candidates) {
        const { n, of } = each;
        // Who waits for an instance or a limit is not served by room that others leave.
        if (!this.served(n, of.need) || this.limits.holds(n)) continue;
        if (best === null || this.sooner(each, best)) best = each;
        if ((fitting === null || this.sooner(each, fitting)) && this.fits(n, of.need, ahead)) fitting = each;
      }
      if (fitting === null) return null;
      const { n, of } = fitting;
      if (best !== null && n !== best.n && !this.passOver(best.n)) return null;
      const full = this.parallel.full(n);
      if (full >= 0) this.parallel.hold(this.taken(n, of), full);
      else if (claimedBy(this.run, n) >= 0) this.putAside(this.taken(n, of));
      else {
        this.limits.starts(n);
        of.started(fitting, ++this.starts);
        return n;
      }
    }
  }

  private candidates(): readonly Candidate[] {
    const candidates: Candidate[] = [];
    const turns = this.grows || this.run.ranked || this.heaps.size > 1;
    for (const ready of this.heaps.values()) {
      const candidate = ready.candidate(this.starts, turns);
      if (candidate !== null) candidates.push(candidate);
    }
    return candidates;
  }

  /** Whose turn has come goes first. */
  private sooner(a: Candidate, b: Candidate): boolean {
    if (a.since !== null && b.since !== null) return a.since < b.since;
    return a.since === null && b.since === null ? this.before(a.n, b.n) : a.since !== null;
  }

  /** Which of them are held by limits. */
  private lookAtLimits(candidates: readonly Candidate[], ahead: Ahead): void {
    this.limits.begin(this.now);
    if (!this.limits.any) return;
    for (const { n, of } of candidates) this.limits.look(n, this.fits(n, of.need, ahead));
  }

  /** Only the best of its need is in the way of others: who had another turn is free. */
  private taken(n: number, { heap }: Ready): number {
    const top = heap.pop();
    assert(top === n, `node ${n} is taken out of the way and was not on top`);
    return n;
  }

  /**
   * Is there an instance for it? Attempts of lower priority that only wait for one do not count: it is served before them.
   * Where there can be none, one finds out why.
   */
  private served(n: number, need: Need): boolean {
    const { run } = this;
    const { runner } = need;
    const free = run.room.freeInstances(need);
    if (runner === null || free > 0) return true;
    if (!run.ranked) return false;
    const rank = rankOf(run, n);
    let lower = 0;
    for (const other of run.instances.waiting.keys())
      if (needsOf(run, other).runner === runner && rankOf(run, other) > rank) lower++;
    return free + lower > 0;
  }

  /** The keys that idle instances of a runner have served last. */
  private *known({ runner }: Need): Iterable<string> {
    if (runner === null) return;
    const { run } = this;
    const reuse = run.plan.runners.find(({ name }) => name === runner)?.reuse ?? 1;
    for (const { last, served } of run.instances.idle(runner)) {
      const key = served < reuse ? this.affinityOf(last) : null;
      if (key !== null) yield key;
    }
  }

  private affinityOf(n: number): string | null {
    let key = this.keys.get(n);
    if (key === undefined) {
      key = affinityOf(this.run, n);
      this.keys.set(n, key);
    }
    return key;
  }

  /**
   * The best node that only `parallel` holds: for when what is in progress waits for it, since a person had something
   * before it put back, and nothing else can go on.
   */
  nextHeld(): number | null {
    let best: number | null = null;
    for (const n of this.parallel.all())
      if (this.mayStart(n) && (best === null || this.before(n, best))) best = n;
    return best;
  }

  /** Has it room in limits and budgets? */
  private mayStart(n: number): boolean {
    return !this.limits.holds(n) && spentAround(this.run, n) === null;
  }

  private fits(n: number, need: Need, ahead: Ahead): boolean {
    const { run } = this;
    if (run.room.lacksHere(need, run.options) === null) return true;
    const { mayWait, task } = run.info(n);
    const running = run.runningCells.size;
    // Beside anything else a thread that has the next call at once would be one too many.
    if (!mayWait || task === null || running > run.mayWait) return false;
    // A `with` may say what would forbid it, and what takes a call back is a command.
    if (run.hasOverrides || run.ends.undoes.size > 0 || run.options.failFast) return false;
    const more = ahead(task);
    return more > 0 && running < run.options.jobs + more;
  }

  /** Somebody has its files: out of the way until a node has ended. */
  private putAside(n: number): void {
    this.aside.push(n);
    this.runningThen = this.run.runningCells.size;
  }

  private passOver(n: number): boolean {
    if (this.passed.n !== n) this.passed = { n, times: 0 };
    return ++this.passed.times <= passedMax;
  }

  private before(a: number, b: number): boolean {
    const { run } = this;
    const rank = run.ranked ? rankOf(run, a) - rankOf(run, b) : 0;
    if (rank !== 0) return rank < 0;
    const path = run.paths.get(b) - run.paths.get(a);
    return path === 0 ? a < b : path < 0;
  }

  private startable(n: number): boolean {
    return this.run.states.get(n) === READY;
  }

  private add(n: number): void {
    if (!this.startable(n)) return;
    const again = this.run.again.get(n) ?? 0;
    if (!this.chosen(n)) this.left.push(n);
    else if (again <= this.now) this.enqueue(n);
    else if (!this.due.has(n)) {
      this.due.set(n, again);
      this.timers.push(n);
    }
  }

  private enqueue(n: number): void {
    const { run } = this;
    if (run.info(n).pure) {
      this.pure.push(n);
      return;
    }
    if (this.unseen.wants(n)) {
      this.unseen.heap.push(n);
      return;
    }
    const key = this.keyOf(n);
    let ready = this.heaps.get(key);
    if (ready === undefined) {
      ready = new Ready(needsOf(run, n), this.readyWorld, this.starts);
      this.heaps.set(key, ready);
    }
    ready.push(n, ready.need.runner === null ? null : this.affinityOf(n), this.starts);
  }

  private readonly readyWorld: ReadyWorld = {
    before: (a, b) => this.before(a, b),
    equal: (a, b) => !this.run.ranked || rankOf(this.run, a) === rankOf(this.run, b),
    top: (heap) => this.topOf(heap),
    served: (n, need) => this.served(n, need),
    known: (need) => this.known(need),
    free: (n) =>
      this.startable(n) &&
      (this.run.again.get(n) ?? 0) <= this.now &&
      !isHeld(this.run, n) &&
      this.parallel.full(n) < 0 &&
      claimedBy(this.run, n) < 0,
  };

  private keyOf(n: number): string {
    return needsOf(this.run, n).key + this.limits.keyOf(n);
  }

  private topOf(heap: Heap): number | undefined {
    const { again } = this.run;
    // One that waits for its repeat stands among the timers, whatever is left of it here.
    for (let top = heap.top; top !== undefined; top = heap.top) {
      if (this.startable(top) && (again.size === 0 || (again.get(top) ?? 0) <= this.now)) {
        // Computing and looking for an answer cost nothing.
        const free = heap === this.pure || heap === this.unseen.heap;
        if (!(free ? holdOn(this.run, top) !== null : isHeld(this.run, top))) return top;
        this.resting.push(top);
      }
      heap.pop();
      this.limits.forget(top);
    }
    return undefined;
  }
}
