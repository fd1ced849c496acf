// Nodes that could start, in the order in which they should: heaps that `decide` keeps beside a run.

import type { TaskPlan } from "../compiler/plan-tasks.ts";
import { assert } from "./bug.ts";
import { Expiries } from "./decide-expiries.ts";
import { LimitWaits } from "./decide-limits.ts";
import { Unseen } from "./decide-unseen.ts";
import type { Need } from "./room.ts";
import type { Run } from "./run.ts";
import { openApprovals } from "./run-approvals.ts";
import { claimedBy } from "./run-beside.ts";
import { IN_PROGRESS, READY, SETTLED, WANTS } from "./run-codes.ts";
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

/** Nodes held by the `parallel` of a `for`. */
interface Held {
  /** Its items by their best nodes. */
  readonly items: Heap;
  /** The best node of each item that stands in the heap; it stays while that does. */
  readonly best: Map<number, number>;
  readonly nodes: Map<number, number[]>;
}

/**
 * What is ready but does not run. It is a cache: who has the run can make it anew. Entries that no longer hold are
 * dropped when they come to the top.
 */
export class Queues {
  private readonly run: Run;
  private readonly generation: number;
  /** Which nodes may start at all. */
  private readonly chosen: (n: number) => boolean;
  /** One heap for each distinct need. */
  private readonly heaps = new Map<string, { readonly need: Need; readonly heap: Heap }>();
  private readonly pure: Heap;
  private readonly unseen: Unseen;
  private readonly timers: Heap;
  /** Of what is in `timers`, when it is due. */
  private readonly due = new Map<number, number>();
  private readonly held = new Map<number, Held>();
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
    this.pure = new Heap((a, b) => this.before(a, b));
    this.unseen = new Unseen(run, (a, b) => this.before(a, b));
    const dueOf = (n: number): number => this.due.get(n) ?? 0;
    this.expiries = new Expiries(run);
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
    for (let i = 0; i < run.entered.length; i++) this.enter(run.entered.get(i));
    run.entered.truncate(0);
    for (let i = 0; i < run.freed.length; i++) this.release(run.freed.get(i));
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
      let best = -1;
      let fitting = -1;
      this.lookAtLimits(ahead);
      for (const { need, heap } of this.heaps.values()) {
        const n = this.topOf(heap);
        // Who waits for an instance or a limit is not served by room that others leave.
        if (n === undefined || this.run.room.lacksInstance(need) || this.limits.holds(n)) continue;
        if (best < 0 || this.before(n, best)) best = n;
        if ((fitting < 0 || this.before(n, fitting)) && this.fits(n, need, ahead)) fitting = n;
      }
      if (fitting < 0) return null;
      if (fitting !== best && !this.passOver(best)) return null;
      const full = this.fullLoop(fitting);
      if (full >= 0) this.hold(fitting, full);
      else if (claimedBy(this.run, fitting) >= 0) this.putAside(fitting);
      else {
        this.limits.starts(fitting);
        return fitting;
      }
    }
  }

  /** Which of the best nodes are held by limits. */
  private lookAtLimits(ahead: Ahead): void {
    this.limits.begin(this.now);
    if (!this.limits.any) return;
    for (const { need, heap } of this.heaps.values()) {
      const n = this.topOf(heap);
      if (n !== undefined) this.limits.look(n, this.fits(n, need, ahead));
    }
  }

  private fits(n: number, need: Need, ahead: Ahead): boolean {
    const { run } = this;
    if (run.room.lacks(need, run.options) === null) return true;
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
    const top = this.heaps.get(this.keyOf(n))?.heap.pop();
    assert(top === n, `node ${n} is put aside and was not on top`);
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
    let queue = this.heaps.get(key);
    if (queue === undefined) {
      queue = { need: needsOf(run, n), heap: new Heap((a, b) => this.before(a, b)) };
      this.heaps.set(key, queue);
    }
    queue.heap.push(n);
  }

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

  // `parallel`

  /** The innermost `for` around a node that has no room for one more item; -1 if there is none. */
  private fullLoop(n: number): number {
    const { run } = this;
    if (run.loops.size === 0) return -1;
    for (let at = n; at > 0; at = run.frameOwners.get(run.frames.get(at))) {
      const cell = run.of.get(at);
      if (cell < 0) continue;
      const loop = run.loops.get(cell);
      assert(loop !== undefined, `item ${at} has no for`);
      const full = loop.parallel !== null && loop.inProgress >= loop.parallel;
      if (full && !run.has(at, IN_PROGRESS | SETTLED)) return cell;
    }
    return -1;
  }

  private itemOf(n: number, loop: number): number {
    const { run } = this;
    let at = n;
    while (run.of.get(at) !== loop) at = run.frameOwners.get(run.frames.get(at));
    return at;
  }

  /** Takes a node, which is on top of its heap, out of the way until its `for` has room. */
  private hold(n: number, loop: number): void {
    const top = this.heaps.get(this.keyOf(n))?.heap.pop();
    assert(top === n, `node ${n} is held and was not on top`);
    const item = this.itemOf(n, loop);
    const held = this.heldOf(loop);
    const nodes = held.nodes.get(item);
    if (nodes === undefined) held.nodes.set(item, [n]);
    else nodes.push(n);
    if (held.best.has(item)) return;
    // They come in the order of the heap, so the first is the best.
    held.best.set(item, n);
    held.items.push(item);
  }

  /**
   * The best node that only `parallel` holds: for when what is in progress waits for it, since a person had something
   * before it put back, and nothing else can go on.
   */
  nextHeld(): number | null {
    let best: number | null = null;
    for (const { nodes } of this.held.values())
      for (const n of [...nodes.values()].flat())
        if (this.mayStart(n) && (best === null || this.before(n, best))) best = n;
    return best;
  }

  /** Has it room in limits and budgets? */
  private mayStart(n: number): boolean {
    return this.startable(n) && !this.limits.holds(n) && spentAround(this.run, n) === null;
  }

  private heldOf(loop: number): Held {
    let held = this.held.get(loop);
    if (held === undefined) {
      const best = new Map<number, number>();
      const bestOf = (item: number): number => best.get(item) ?? item;
      const items = new Heap((a, b) => this.before(bestOf(a), bestOf(b)));
      held = { items, best, nodes: new Map() };
      this.held.set(loop, held);
    }
    return held;
  }

  /** An item has started: all that was held of it may go on. */
  private enter(item: number): void {
    const held = this.held.get(this.run.of.get(item));
    const nodes = held?.nodes.get(item);
    if (held === undefined || nodes === undefined) return;
    held.nodes.delete(item);
    for (const n of nodes) if (this.startable(n)) this.enqueue(n);
  }

  /** A `for` has room: its best items may come forward. */
  private release(loop: number): void {
    const held = this.held.get(loop);
    const state = this.run.loops.get(loop);
    if (held === undefined || state === undefined) return;
    let room = state.parallel === null ? Number.POSITIVE_INFINITY : state.parallel - state.inProgress;
    while (room > 0) {
      const item = held.items.pop();
      if (item === undefined) return;
      held.best.delete(item);
      const nodes = held.nodes.get(item)?.filter((n) => this.startable(n)) ?? [];
      held.nodes.delete(item);
      for (const n of nodes) this.enqueue(n);
      if (nodes.length > 0) room--;
    }
  }
}
