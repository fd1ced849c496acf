// A pretend world that drives decide and apply without files, processes or clocks: for the tests of the pure core.

import type { Plan } from "../compiler/plan.ts";
import type { Value } from "../compiler/types.ts";
import { answerTo } from "../runtime/answer-requests.ts";
import { decide, looked } from "../runtime/decide.ts";
import { againAt } from "../runtime/decide-retry.ts";
import type { EventBody, RunOptions, Why } from "../runtime/events.ts";
import type { Ask } from "../runtime/requests.ts";
import { apply, createRun, type Happened, type Run } from "../runtime/run.ts";
import { READY } from "../runtime/run-codes.ts";
import type { Question } from "../runtime/run-view.ts";
import { type FileAccess, ValueError } from "../runtime/values.ts";

export const noFiles: FileAccess = {
  literal: (_kind, path) => ({ path, name: path, size: 0, sha256: "0".repeat(64) }),
  text: (file) => {
    throw new ValueError(`${file.path} cannot be read here`);
  },
  glob: () => [],
};

export type End =
  /** `note`: what people should know of it. */
  | { readonly value: Value; readonly note?: string }
  | { readonly fail: string; readonly why?: Why }
  /** Its agent is told that nothing is given now; `afterMs`: for how long. */
  | { readonly limited: string; readonly afterMs: number | null }
  | "lost"
  | "cancelled";

export interface WorldOptions {
  readonly inputs?: Record<string, Value>;
  readonly options?: Partial<RunOptions>;
  readonly durations?: Record<string, number>;
  /** How an attempt ends; by default well, with the node's name as its value. */
  readonly end?: (name: string, a: number, run: Run, n: number) => End;
  /** Early fields that an attempt gives before it ends; asked until there are none. */
  readonly early?: (name: string, a: number, run: Run, n: number) => { field: string; value: Value } | null;
  /** Which of the running nodes ends next. */
  readonly pick?: (running: readonly number[]) => number;
  /** What a person says when nothing else goes on; null: nothing, so that time passes or the run waits. */
  readonly say?: (question: Question, run: Run) => "approved" | "rejected" | null;
  /** What a person says of the first node whose end is not known; null: nobody says anything, and `go` ends. */
  readonly person?: (run: Run, n: number) => "failed" | "again" | { readonly value: Value } | null;
  /** What an earlier run gave for a node that could start; by default nothing. */
  readonly kept?: (name: string, run: Run, n: number) => { readonly value: Value } | null;
  /** Does it take time to look for that? Then other things happen first. */
  readonly slow?: () => boolean;
  /** Chance for backoffs. */
  readonly chance?: () => number;
  /** How many calls may be started that still wait for a thread. */
  readonly ahead?: number;
}

/** One life of flowc: a run, its events, and a clock that only this moves. */
export class World {
  readonly plan: Plan;
  readonly config: WorldOptions;
  readonly events: Happened[] = [];
  run: Run;
  now = 1000;
  /** Nodes of which answers are being looked for. */
  private looks: number[] = [];
  /** Called after each event. */
  check: (run: Run, event: Happened) => void = () => {};

  constructor(plan: Plan, config: WorldOptions = {}) {
    this.plan = plan;
    this.config = config;
    this.run = createRun({ id: "r1", plan, files: noFiles });
  }

  append(event: EventBody): void {
    const happened = { ...event, at: this.now };
    this.events.push(happened);
    apply(this.run, happened);
    this.check(this.run, happened);
  }

  start(): this {
    const { inputs = {}, options = {}, durations = {} } = this.config;
    const all = { jobs: 4, failFast: false, only: null, ...options };
    this.append({ type: "run.started", plan: "", inputs, options: all, durations, flowc: "0" });
    return this.open();
  }

  open(): this {
    this.append({ type: "run.opened", epoch: 1, pid: 1, started: "", boot: "", host: "" });
    for (const n of [...this.run.running()]) this.end(n, "lost");
    return this;
  }

  /** Goes on until the run has ended or `stop` says so. */
  go(stop: () => boolean = () => false): this {
    for (let turns = 0; turns < 200_000; turns++) {
      if (stop()) return this;
      const decision = decide(this.run, this.now, () => this.config.ahead ?? 0);
      if (decision.do === "end") return this;
      if (decision.do === "look") {
        if (this.config.slow?.() === true) this.looks.push(decision.n);
        else this.answer(decision.n);
        continue;
      }
      if (decision.do === "append") {
        this.append(decision.event);
        continue;
      }
      const late = this.looks.shift();
      if (late !== undefined) {
        this.answer(late);
        continue;
      }
      if (decision.people) {
        if (this.asked()) continue;
        if (decision.until === null) return this;
      }
      const running = [...this.run.running()];
      if (running.length > 0) {
        const n = this.config.pick?.(running) ?? running[0] ?? 0;
        const early = this.config.early?.(this.run.name(n), this.run.attempts(n), this.run, n) ?? null;
        if (early !== null) {
          this.now += 5;
          this.append({ type: "attempt.early", n, a: this.run.attempts(n), ...early });
          continue;
        }
        const end = this.config.end?.(this.run.name(n), this.run.attempts(n), this.run, n);
        this.now += 10;
        this.end(n, end ?? { value: this.run.name(n) });
      } else if (decision.until === null) throw new Error("nothing will ever wake this run");
      else this.now = Math.max(this.now, decision.until);
    }
    throw new Error("the run does not end");
  }

  /** Says what was found of a node, unless something else has become of it meanwhile. */
  private answer(n: number): void {
    if (this.run.states.get(n) !== READY) return;
    const found = this.config.kept?.(this.run.name(n), this.run, n) ?? null;
    if (found === null) looked(this.run, n);
    else this.append({ type: "node.reused", n, from: "r0", value: found.value });
  }

  /** Puts the first question to the person, or the first node whose end is not known; false if there is no answer. */
  private asked(): boolean {
    for (const question of this.run.questions()) {
      const answer = this.config.say?.(question, this.run) ?? null;
      if (answer === null) continue;
      this.now += 10;
      const { n, item } = question;
      this.ask({ kind: "decide", n, item, answer });
      return true;
    }
    const [n] = this.run.undecided();
    const said = n === undefined ? null : (this.config.person?.(this.run, n) ?? null);
    if (n === undefined || said === null) return false;
    this.now += 10;
    const as = typeof said === "object" ? "succeeded" : said;
    const value = typeof said === "object" ? { value: said.value } : {};
    return this.ask({ kind: "settle", n, as, ...value }, "ann") === null;
  }

  /** Somebody asks something of the run, now or at the wall ms `at`; gives why nothing follows. */
  ask(ask: Ask, by = "ada", at = this.now): string | null {
    const { events, refused } = answerTo(this.run, { id: 1, ask, by, note: null, at });
    for (const event of events) this.append(event);
    return refused;
  }

  end(n: number, end: End): void {
    const a = this.run.attempts(n);
    if (typeof end === "object" && "value" in end) {
      const note = end.note === undefined ? {} : { message: end.note };
      this.append({ type: "attempt.ended", n, a, outcome: "succeeded", value: end.value, ...note });
      return;
    }
    if (typeof end === "object" && "limited" in end) {
      const { limited, afterMs } = end;
      const told = { outcome: "lost" as const, why: "limited" as const, message: limited };
      const at = againAt(this.run, n, "lost", "limited", this.now, this.config.chance?.() ?? 0, afterMs);
      const again = at === null ? {} : { again_at: at };
      this.append({ type: "attempt.ended", n, a, ...told, ...again });
      return;
    }
    const outcome = typeof end === "string" ? end : "failed";
    const why = typeof end === "object" ? (end.why ?? "exit") : null;
    const again = againAt(this.run, n, outcome, why, this.now, this.config.chance?.() ?? 0);
    this.append({
      type: "attempt.ended",
      n,
      a,
      outcome,
      ...(why === null ? {} : { why }),
      ...(typeof end === "object" ? { message: end.fail } : {}),
      ...(again === null ? {} : { again_at: again }),
    });
  }

  /** flowc dies and comes back: all it knows is the first `keep` events. */
  crash(keep = this.events.length): this {
    this.events.length = keep;
    this.looks = [];
    this.run = fold(this.plan, this.events);
    return this;
  }

  /** `name: state` of each node, in plan order; `failed!` if its `otherwise` answered. */
  get states(): string[] {
    return [...this.run.nodes()].map(
      (n) => `${this.run.name(n)}: ${this.run.state(n)}${this.run.answered(n) ? "!" : ""}`,
    );
  }

  /** Names in the order in which nodes were started. */
  get started(): string[] {
    return this.events.flatMap((event) => (event.type === "attempt.started" ? [this.run.name(event.n)] : []));
  }
}

export function fold(plan: Plan, events: readonly Happened[]): Run {
  const run = createRun({ id: "r1", plan, files: noFiles });
  for (const event of events) apply(run, event);
  return run;
}

/** A run from its beginning to its end. */
export function ran(plan: Plan, config: WorldOptions = {}): World {
  return new World(plan, config).start().go();
}

/** Everything that can be seen of a run, to compare two. */
export function snapshot(run: Run): unknown {
  const cells = [];
  for (let n = 0; n < run.size; n++)
    cells.push([
      n,
      run.kind(n),
      run.name(n),
      run.state(n),
      run.settled(n),
      run.answered(n),
      run.attempts(n),
      run.againAt(n),
      run.value(n),
      run.waiting.get(n),
      run.flags.get(n),
      run.causes.get(n),
      run.path(n),
      run.startedAt(n),
      run.endedAt(n),
      run.error(n),
    ]);
  const loops = [...run.loops.values()].map((loop) => ({ ...loop }));
  const { approvals, notes } = run.people;
  const people = { approvals: [...approvals], notes: [...notes].sort(([a], [b]) => a - b) };
  return {
    cells,
    loops,
    people,
    status: run.status,
    output: run.output,
    counts: run.counts,
    busy: run.room.cpu,
  };
}

/** Numbers from 0 up to 1 that look like chance and are the same for a seed. */
export function chanceOf(seed: number): () => number {
  let state = (seed * 0x9e3779b1 + 0x6d2b79f5) >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
