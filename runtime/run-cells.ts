// The cells of a run as columns, its frames, edges and loops: data and the one setter of a cell's state.

import type { Plan } from "../compiler/plan.ts";
import type { Block } from "../compiler/plan-steps.ts";
import type { Value } from "../compiler/types.ts";
import { assert } from "./bug.ts";
import type { RunOptions } from "./events.ts";
import { Room } from "./room.ts";
import { Asks } from "./run-asks.ts";
import { Budgets } from "./run-budgets.ts";
import {
  ANSWERED,
  BRANCH,
  cellKinds,
  EXCUSED,
  FAILED,
  FALLBACK,
  MAIN,
  SUCCEEDED,
  UNKNOWN,
  WAITING,
  WANTS,
} from "./run-codes.ts";
import { Floats, Ints, Shorts } from "./run-columns.ts";
import { Ends } from "./run-ends.ts";
import { Instances } from "./run-instances.ts";
import { RunLimits } from "./run-limits.ts";
import { People } from "./run-people.ts";
import type { CellError, Growth, Items, Loop, Unneeded } from "./run-records.ts";
import type { CellKind } from "./run-view.ts";
import { infoOf, rankOfPriority, type StepInfo } from "./step-info.ts";
import { anyClaims, type Claim } from "./task-claims.ts";
import type { FileAccess, Scope } from "./values.ts";

export interface CellsOptions {
  readonly id: string;
  readonly plan: Plan;
  readonly files: FileAccess;
  /** Told each node that starts, ends or waits for a repeat, once a change. */
  readonly watch: ((n: number) => void) | null;
  /** Nothing of it will be started: what is on the longest path need not be known. */
  readonly still?: boolean;
}

const here: readonly number[] = [];

/** Everything a run is made of. Cells from `count` to `made` are a growth that is not committed. */
export class Cells {
  readonly id: string;
  readonly plan: Plan;
  readonly files: FileAccess;
  readonly watch: ((n: number) => void) | null;
  readonly still: boolean;
  readonly infos: readonly StepInfo[];
  /** Is there a `with` anywhere in the plan? */
  readonly hasOverrides: boolean;
  /** Some task says what it writes, or gives out files of the project. */
  readonly claiming: boolean;
  /** Not all nodes have one priority. */
  readonly ranked: boolean;

  count = 0;
  readonly kinds = new Shorts();
  readonly states = new Shorts();
  readonly flags = new Ints();
  /** Step id; -1 for the entry. */
  readonly steps = new Ints();
  /** Frame it stands in; -1 for the entry. An item stands in the frame of its `for`. */
  readonly frames = new Ints();
  /** Of an item: its `for`. */
  readonly of = new Ints();
  readonly waiting = new Ints();
  /** First edge to what waits for it; -1. */
  readonly heads = new Ints();
  /** Cell because of which it failed or was skipped; -1. */
  readonly causes = new Ints();
  /** First frame it owns; -1. */
  readonly owned = new Ints();
  readonly attemptCounts = new Shorts();
  /** Attempts that failed, since the last opening; lost ones do not count. */
  readonly failures = new Shorts();
  /** Attempts lost in a row. */
  readonly lost = new Shorts();
  readonly paths = new Floats();
  readonly startTimes = new Floats();
  readonly endTimes = new Floats();
  readonly values: Value[] = [];

  readonly frameBlocks: Block[] = [];
  readonly frameBases = new Ints();
  /** Frame that slots of `up: 1` are in; -1 for a flow's body. */
  readonly frameParents = new Ints();
  readonly frameOwners = new Ints();
  readonly frameRoles = new Ints();
  /** Guard of the cells in it; -1. */
  readonly frameGuards = new Ints();
  /** 1: the guard is the `deps` of this very item. */
  readonly frameDirect = new Ints();
  readonly frameOpen = new Ints();
  /** First bad cell in it; -1. */
  readonly frameBad = new Ints();
  /** Next frame of the same owner; -1. */
  readonly frameNext = new Ints();

  readonly edgeTo = new Ints();
  readonly edgeNext = new Ints();
  readonly edgeKinds = new Shorts();

  readonly loops = new Map<number, Loop>();
  readonly errors = new Map<number, CellError>();
  /** Wall ms before which a node is not repeated. */
  readonly again = new Map<number, number>();
  /** What unsettled nodes claim of the project, of those for which it is known. */
  readonly claims = new Map<number, Claim>();
  /** Cells whose parts may run at the same time and claim the same files: they fail, however often they are tried. */
  readonly clashes = new Map<number, string>();
  /** Of nodes whose answer was taken from a run, which one. */
  readonly reuses = new Map<number, string>();
  /** The run that this one goes on from, with another plan. */
  from: string | null = null;
  /** Where open attempts run. */
  readonly refs = new Map<number, string>();
  readonly instances = new Instances();
  readonly limits: RunLimits;
  readonly asks = new Asks();
  readonly budgets: Budgets;
  readonly runningCells = new Set<number>();
  /** Running nodes that nobody needs any more, and why, until that is recorded and they are told. */
  readonly unneeded = new Map<number, Unneeded>();
  /** Passes that a `repeat` had made when it failed and was opened again: as many more are allowed. */
  readonly passesBefore = new Map<number, number>();
  readonly ends: Ends;
  /** Items of a `for` computed when it became ready, until it grows. */
  readonly pendingItems = new Map<number, Items>();
  /** Settled cells whose consequences are not drawn yet. */
  readonly work = new Ints();
  /** Cells for which nothing is missing any more, and frames that may have nothing open, until `drain` looks. */
  readonly due = new Ints();
  readonly closing = new Ints();
  growing: Growth | null = null;
  /** News for `decide`: nodes that became ready, cells that want a growth, loops with room again, items started. */
  readonly fresh = new Ints();
  readonly wanted = new Ints();
  readonly freed = new Ints();
  readonly entered = new Ints();
  /** Checks of gates that can be evaluated. */
  readonly asked = new Ints();
  readonly people = new People();
  /** Nodes whose end is not known. */
  readonly unknown = new Set<number>();

  /** Nodes by state code, and answered ones. */
  readonly tally = [0, 0, 0, 0, 0, 0, 0, 0, 0];
  answeredCount = 0;
  readonly room = new Room();
  /** Running calls that may wait for a thread. */
  mayWait = 0;
  /** A failure that nothing answers or tolerates was met: the run cannot end well. */
  doomed = false;
  /** Counts openings that put cells back, so that queues are made anew. */
  generation = 0;
  inputs: Readonly<Record<string, Value>> = {};
  durations: Readonly<Record<string, number>> = {};
  options: RunOptions = { jobs: 1, failFast: false, only: null };
  begun = false;
  cancelled: "interrupt" | "terminate" | "cancel" | null = null;
  status: "running" | "succeeded" | "failed" | "cancelled" = "running";
  output: Value = null;
  /** Wall ms of the event being applied. */
  now = 0;

  constructor(options: CellsOptions) {
    this.id = options.id;
    this.plan = options.plan;
    this.files = options.files;
    this.limits = new RunLimits(options.plan.limits ?? [], options.plan.agents);
    this.budgets = new Budgets(options.plan);
    this.ends = new Ends(options.plan);
    this.watch = options.watch;
    this.still = options.still ?? false;
    this.infos = options.plan.steps.map((step) => infoOf(options.plan, step));
    this.hasOverrides = options.plan.steps.some((step) => "overrides" in step && step.overrides !== null);
    this.claiming = anyClaims(options.plan, this.infos);
    this.ranked = this.hasOverrides || this.infos.some(({ rank }) => rank !== rankOfPriority("normal"));
    this.addCell("entry", -1, -1);
    this.count = 1;
  }

  /** Cells made, with those not committed. */
  get made(): number {
    return this.states.length;
  }

  addCell(kind: CellKind, step: number, frame: number): number {
    const n = this.states.length;
    this.kinds.push(cellKinds.indexOf(kind));
    this.states.push(WAITING);
    this.flags.push(0);
    this.steps.push(step);
    this.frames.push(frame);
    this.of.push(-1);
    this.waiting.push(0);
    this.heads.push(-1);
    this.causes.push(-1);
    this.owned.push(-1);
    this.attemptCounts.push(0);
    this.failures.push(0);
    this.lost.push(0);
    this.paths.push(0);
    this.startTimes.push(0);
    this.endTimes.push(0);
    this.values.push(null);
    return n;
  }

  addFrame(block: Block, parent: number, owner: number, role: number): number {
    const f = this.frameBlocks.length;
    this.frameBlocks.push(block);
    this.frameBases.push(this.states.length);
    this.frameParents.push(parent);
    this.frameOwners.push(owner);
    this.frameRoles.push(role);
    this.frameGuards.push(-1);
    this.frameDirect.push(0);
    this.frameOpen.push(block.steps.length);
    this.frameBad.push(-1);
    this.frameNext.push(this.owned.get(owner));
    this.owned.set(owner, f);
    return f;
  }

  addEdge(from: number, to: number, kind: number): void {
    this.edgeTo.push(to);
    this.edgeKinds.push(kind);
    this.edgeNext.push(this.heads.get(from));
    this.heads.set(from, this.edgeTo.length - 1);
  }

  /** Forgets cells that were not committed, and frames and edges from these numbers on. */
  truncate(frames: number, edges: number): void {
    for (const column of [this.kinds, this.states, this.attemptCounts, this.failures, this.lost])
      column.truncate(this.count);
    for (const column of [
      this.flags,
      this.steps,
      this.frames,
      this.of,
      this.waiting,
      this.heads,
      this.causes,
      this.owned,
    ])
      column.truncate(this.count);
    for (const column of [this.paths, this.startTimes, this.endTimes]) column.truncate(this.count);
    this.values.length = this.count;
    this.frameBlocks.length = frames;
    for (const column of [this.frameBases, this.frameParents, this.frameOwners, this.frameRoles])
      column.truncate(frames);
    for (const column of [this.frameGuards, this.frameDirect, this.frameOpen, this.frameBad, this.frameNext])
      column.truncate(frames);
    for (const column of [this.edgeTo, this.edgeNext, this.edgeKinds]) column.truncate(edges);
    for (const list of [this.work, this.due, this.closing]) list.truncate(0);
  }

  kindOf(n: number): CellKind {
    return cellKinds[this.kinds.get(n)] ?? "entry";
  }

  has(n: number, flag: number): boolean {
    return (this.flags.get(n) & flag) !== 0;
  }

  flag(n: number, flag: number): void {
    this.flags.set(n, this.flags.get(n) | flag);
  }

  unflag(n: number, flag: number): void {
    this.flags.set(n, this.flags.get(n) & ~flag);
  }

  info(n: number): StepInfo {
    const info = this.infos[this.steps.get(n)];
    assert(info !== undefined, `cell ${n} has no step`);
    return info;
  }

  /** The block of a frame. */
  block(f: number): Block {
    const block = this.frameBlocks[f];
    assert(block !== undefined, `there is no frame ${f}`);
    return block;
  }

  /** The cell of a slot as seen from a frame; with `inside` of one in the phase that stands there, and so on. */
  cellAt(frame: number, up: number, i: number, inside: readonly number[] = here): number {
    let f = frame;
    for (let k = 0; k < up; k++) f = this.frameParents.get(f);
    assert(f >= 0 && i < this.block(f).steps.length, `no slot ${up}.${i} from frame ${frame}`);
    let n = this.frameBases.get(f) + i;
    for (const slot of inside) n = this.frameBases.get(this.mainFrame(n)) + slot;
    return n;
  }

  /** Settled so that what uses it may go on. */
  good(n: number): boolean {
    return this.states.get(n) === SUCCEEDED || this.has(n, ANSWERED);
  }

  /** Settled or settling in a way that what uses it cannot go on. */
  bad(n: number): boolean {
    const state = this.states.get(n);
    return state >= FAILED && state !== BRANCH && !this.has(n, ANSWERED | EXCUSED);
  }

  /** Does it wait to grow? */
  growthWanted(n: number): boolean {
    return this.has(n, WANTS);
  }

  /** The one place where a cell's state changes. */
  setState(n: number, state: number): void {
    const old = this.states.get(n);
    this.states.set(n, state);
    if (state === UNKNOWN) this.unknown.add(n);
    else if (old === UNKNOWN) this.unknown.delete(n);
    if (this.kinds.get(n) !== 1 || n >= this.count) return;
    const left = (this.tally[old] ?? 0) - 1;
    assert(left >= 0, `no node is counted in state ${old}`);
    this.tally[old] = left;
    this.tally[state] = (this.tally[state] ?? 0) + 1;
  }

  /** What expressions of a frame see. */
  scope(frame: number): Scope {
    return {
      slot: (up, i, inside, maybe) => {
        const n = this.cellAt(frame, up, i, inside);
        if (maybe === true && !this.good(n)) return null;
        assert(this.good(n), `cell ${n} is read before it is known`);
        return this.values[n] ?? null;
      },
      types: this.plan.types,
      files: this.files,
    };
  }

  /** Calls `each` for every cell of a frame and of all frames below, items included; `fallbacks`: also of those. */
  eachBelow(f: number, each: (n: number) => void, fallbacks = true): void {
    const open = [f];
    const inside = (n: number): void => {
      each(n);
      for (let g = this.owned.get(n); g >= 0; g = this.frameNext.get(g))
        if (fallbacks || this.frameRoles.get(g) !== FALLBACK) open.push(g);
      const loop = this.loops.get(n);
      if (loop === undefined) return;
      for (let i = 0; i < loop.keys.length; i++) inside(loop.first + i);
    };
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      const base = this.frameBases.get(at);
      const { length } = this.block(at).steps;
      for (let i = 0; i < length; i++) inside(base + i);
    }
  }

  /** Calls `each` for every cell that is a part of `n`, without its fallback. */
  eachPart(n: number, each: (part: number) => void): void {
    for (let f = this.owned.get(n); f >= 0; f = this.frameNext.get(f))
      if (this.frameRoles.get(f) !== FALLBACK) this.eachBelow(f, each);
    const loop = this.loops.get(n);
    if (loop === undefined) return;
    for (let i = 0; i < loop.keys.length; i++) {
      const item = loop.first + i;
      each(item);
      for (let f = this.owned.get(item); f >= 0; f = this.frameNext.get(f)) this.eachBelow(f, each);
    }
  }

  /** Calls `each` for the frames that were made late: of each item of a `for`, of the flow that a call is of. */
  eachLateFrame(n: number, each: (f: number) => void): void {
    const loop = this.loops.get(n);
    for (let i = 0; i < (loop?.keys.length ?? 0); i++) each(this.owned.get((loop?.first ?? 0) + i));
    if (loop !== undefined) return;
    for (let f = this.owned.get(n); f >= 0; f = this.frameNext.get(f))
      if (this.frameRoles.get(f) === MAIN) each(f);
  }

  /** The frame of a flow's, phase's or gate's own block; -1 if it was not made. */
  mainFrame(n: number): number {
    let f = this.owned.get(n);
    while (f >= 0 && this.frameRoles.get(f) !== MAIN) f = this.frameNext.get(f);
    return f;
  }

  /** The frame of its `otherwise`, if it was made; else -1. */
  fallbackOf(n: number): number {
    for (let f = this.owned.get(n); f >= 0; f = this.frameNext.get(f))
      if (this.frameRoles.get(f) === FALLBACK) return f;
    return -1;
  }
}
