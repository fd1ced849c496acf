// One seed of the simulator: a random graph in a random world, first with faults, then without; what was promised is checked.

import type { Plan } from "../../compiler/plan.ts";
import { assert } from "../../runtime/bug.ts";
import type { Event, RunOptions } from "../../runtime/events.ts";
import { executeRun, type RunResult } from "../../runtime/execute.ts";
import type { Journal } from "../../runtime/journal.ts";
import { JournalError } from "../../runtime/journal-errors.ts";
import { LeaseLost } from "../../runtime/lease.ts";
import { ask } from "../../runtime/requests.ts";
import { ResumeRefused } from "../../runtime/resume-refused.ts";
import { apply, createRun } from "../../runtime/run.ts";
import type { RunView } from "../../runtime/run-view.ts";
import type { World } from "../../runtime/world.ts";
import { listed, randomPlan } from "../random-plan.ts";
import { chanceOf, noFiles } from "../run-world.ts";
import { PretendClock } from "./clock.ts";
import { broken, limited } from "./limit-promises.ts";
import { type Faults, noFaults, Places, type Started } from "./places.ts";
import { beginsOnce, keysHold, Lost } from "./promises.ts";
import { type CommitFault, faultyStore, type Store } from "./store.ts";

/** What a seed came to. `problems` is empty if all that is promised was kept. */
export interface Simulated {
  readonly trace: readonly string[];
  readonly problems: readonly string[];
  readonly lives: number;
  readonly events: number;
  readonly status: string;
}

/** More lives than this are a run that never ends. */
const livesMax = 60;
/** A failure that was recorded before a crash may end the next life; the one after that tries everything anew. */
const calmEndsMax = 1;
/** More steps of the clock than this in one life. */
const stepsMax = 20_000;

/** `project`: an empty folder. */
export async function simulate(seed: number, journal: Journal, project: string): Promise<Simulated> {
  return new Simulation(seed, journal, project).run();
}

class Simulation {
  private readonly chance: () => number;
  private readonly names: () => number;
  private readonly clock = new PretendClock();
  private readonly store: Store;
  private readonly places: Places;
  private readonly plan: Plan;
  private readonly options: RunOptions;
  private readonly project: string;
  private readonly problems: string[] = [];
  private readonly committed = new Set<string>();
  /** Attempts that ended for flowc: also those that it told to end, and that would not. */
  private readonly ends = new Set<string>();
  private runsBefore: number;
  private id: string | null = null;
  private view: RunView | null = null;
  private ring: () => void = () => {};
  private lives = 0;
  private calm = false;

  constructor(seed: number, journal: Journal, project: string) {
    this.chance = chanceOf(seed);
    this.names = chanceOf(seed + 0x5eed);
    this.project = project;
    const plan = randomPlan(this.chance, this.chance() < 0.4, true, this.chance() < 0.6);
    this.plan = limited(plan, chanceOf(seed + 0x11));
    this.options = { jobs: 1 + Math.floor(this.chance() * 4), failFast: this.chance() < 0.2, only: null };
    this.store = faultyStore(journal);
    // What other seeds have kept would make this one another than it is by itself.
    journal.database.exec(
      "DELETE FROM cache; DELETE FROM listing; DELETE FROM limit_use; DELETE FROM limit_run",
    );
    this.runsBefore = this.lastRun();
    this.places = new Places({
      clock: this.clock,
      chance: this.chance,
      faults: this.someFaults(),
      valueOf: ({ name, task }) =>
        /n\d+l$/.test(name) ? listed : task.name === "e" ? { api: `early ${name}` } : name,
      starts: (started) => this.starts(started),
      problem: (text) => this.problems.push(text),
      plan: this.plan,
    });
  }

  async run(): Promise<Simulated> {
    let end: RunResult | null = null;
    let calmEnds = 0;
    const troubled = 1 + Math.floor(this.chance() * 6);
    while (this.lives < livesMax) {
      if (this.lives >= troubled) this.faultsStop();
      end = await this.life();
      if (!this.calm && end?.status !== "succeeded") continue;
      if (end?.status === "succeeded" || (end !== null && ++calmEnds > calmEndsMax)) break;
    }
    if (end === null) this.problems.push("it never ended");
    // Without this, a store that is written to in another way would meet no fault at all, and nobody would know.
    if (this.store.commits === 0) this.problems.push("no commit went through the faulty store");
    const events = this.id === null ? [] : [...this.store.journal.events(this.id)];
    this.check(events, end);
    const simulated = { lives: this.lives, events: events.length, status: end?.status ?? "running" };
    if (end !== null) await this.afterwards(events);
    return { trace: events.map(traced), problems: this.problems, ...simulated };
  }

  /** Another run of the same plan does no work again of which an answer is kept. */
  private async afterwards(events: readonly Event[]): Promise<void> {
    const { started } = this.places;
    const kept = new Set(
      events.flatMap((event) => {
        if (event.type !== "attempt.ended" || event.print === undefined) return [];
        return started.find(({ n, a }) => n === event.n && a === event.a)?.args ?? [];
      }),
    );
    if (kept.size === 0) return;
    const before = started.length;
    this.faultsStop();
    this.places.instances.forget();
    this.id = null;
    this.view = null;
    this.committed.clear();
    this.ends.clear();
    this.runsBefore = this.lastRun();
    await this.life();
    for (const { cached, args, name } of started.slice(before))
      if (cached && kept.has(args)) this.problems.push(`${name} runs, and its answer for ${args} was kept`);
  }

  private lastRun(): number {
    const row = this.store.journal.database.prepare("SELECT max(id) AS last FROM run").get();
    return Number(row?.["last"] ?? 0);
  }

  private someFaults(): Faults {
    const rate = (most: number): number => (this.chance() < 0.5 ? 0 : this.chance() * most);
    return {
      ...{ fails: rate(0.3), lost: rate(0.3), hangs: rate(0.1) },
      ...{ deaf: rate(0.5), unplaced: rate(0.5), echoes: rate(0.5) },
      instances: {
        ...{ busy: rate(0.4), refused: rate(0.05), unmade: rate(0.2) },
        ...{ vanishes: rate(0.3), unwell: rate(0.4), stays: rate(0.2) },
      },
    };
  }

  private faultsStop(): void {
    this.calm = true;
    this.places.faults = noFaults;
  }

  /** One life of flowc: until it ends, is killed, or its disk fails. Null: the run goes on in another life. */
  private async life(): Promise<RunResult | null> {
    this.lives++;
    this.places.begin(this.lives);
    const commits = this.store.commits;
    const last = commits + 1 + Math.floor(this.chance() * 40);
    const faults: readonly CommitFault[] = ["kill-before", "kill-after", "fail-before", "fail-after"];
    const fault = faults[Math.floor(this.chance() * faults.length)] ?? "kill-before";
    this.store.plan = () => {
      if (this.calm || this.store.commits !== last) return null;
      if (fault.startsWith("kill")) this.places.instances.dead = true;
      return fault;
    };
    const stop = new AbortController();
    if (!this.calm && this.chance() < 0.2)
      this.clock.timer(this.chance() * 20_000, () => stop.abort("interrupt"));
    if (!this.calm && this.chance() < 0.3)
      this.clock.timer(this.chance() * 20_000, () => this.clock.jump((this.chance() - 0.5) * 7_200_000));
    const resume = this.id === null ? {} : { resume: { run: this.id, stored: false } };
    let done: { readonly result: RunResult | null; readonly error: unknown } | null = null;
    const { plan, options } = this;
    void executeRun(this.world(), {
      plan,
      inputs: {},
      options,
      ...resume,
      stop: stop.signal,
      watch: ({ events, run }) => {
        this.id = run.id;
        // Else the faults of the store would never be met, and nobody would notice.
        assert(this.store.commits > commits, "news is told of what was not committed through the store");
        this.view = run;
        for (const event of events) {
          if (event.type === "attempt.started") this.committed.add(`${event.n}.${event.a}`);
          if (event.type === "attempt.ended") this.ends.add(`${event.n}.${event.a}`);
        }
      },
    }).then(
      (result) => {
        done = { result, error: null };
      },
      (error: unknown) => {
        done = { result: null, error };
      },
    );
    await this.untilDone(() => done !== null);
    return this.ended(done);
  }

  private async ended(
    done: { readonly result: RunResult | null; readonly error: unknown } | null,
  ): Promise<RunResult | null> {
    this.clock.clear(() => false);
    for (const each of this.places.alive) this.outlive(each);
    if (done === null) {
      this.problems.push("it hangs: nothing is due, and it has not ended");
      this.lives = livesMax;
      return null;
    }
    const { result, error } = done;
    if (error instanceof ResumeRefused) await this.again(error.again);
    else if (error !== null && !(error instanceof LeaseLost) && !(error instanceof JournalError))
      this.problems.push(error instanceof Error ? (error.stack ?? error.message) : String(error));
    if (result !== null && this.places.alive.length > 0)
      this.problems.push(`the run ended and ${this.places.alive.length} attempts still run`);
    if (result !== null && this.places.instances.left.length > 0)
      this.problems.push(`the run ended and ${this.places.instances.left.length} instances are there`);
    // A first commit that was made, and that nobody heard of.
    if (this.id === null) this.id = this.newest();
    return result;
  }

  private newest(): string | null {
    const { database } = this.store.journal;
    const row = database.prepare("SELECT id, name FROM run ORDER BY id DESC LIMIT 1").get();
    return row !== undefined && Number(row["id"]) > this.runsBefore ? String(row["name"]) : null;
  }

  /** What a dead owner had started goes on for a while. */
  private outlive(each: Started): void {
    this.clock.timer(Math.floor(this.chance() * 3_000), () => {
      each.alive = false;
    });
  }

  /** Lets time pass whenever everybody sleeps. */
  private async untilDone(done: () => boolean): Promise<void> {
    let quiet = 0;
    for (let steps = 0; steps < stepsMax; ) {
      const looks = this.clock.looks;
      await new Promise((resolve) => setImmediate(resolve));
      if (done()) return;
      quiet = looks === this.clock.looks ? quiet + 1 : 0;
      if (quiet < 3) continue;
      // A run is opened by the real disk, for which pretend time does not wait.
      if (!this.places.asked) {
        await new Promise((resolve) => setTimeout(resolve, 1));
        continue;
      }
      steps++;
      quiet = 0;
      // A person is in no hurry.
      if (this.chance() < 0.3 && (await this.person())) continue;
      if (!this.clock.advance()) await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }

  /** What may be done only once and has failed is done again only when a person says so. */
  private async again(names: readonly string[]): Promise<void> {
    const { view, id } = this;
    if (view === null || id === null) return;
    for (const name of names) {
      const n = view.find(name);
      if (n === null) this.problems.push(`${name} is told to run again, and there is no such node`);
      else
        await ask(this.store.others, id, {
          ask: { kind: "settle", n, as: "again" },
          by: "sim",
          note: null,
          at: this.clock.now(),
        });
    }
  }

  /** A person says what became of a node whose end nobody knows, or answers a gate; false: nothing is asked. */
  private async person(): Promise<boolean> {
    const { view, id } = this;
    if (view === null || id === null) return false;
    const { others } = this.store;
    const n = [...view.nodes()].find((node) => view.state(node) === "unknown");
    if (n === undefined) return this.answer(view, id);
    const as = this.chance() < 0.4 ? "succeeded" : this.chance() < 0.5 ? "failed" : "again";
    const value = as === "succeeded" ? { value: view.name(n) } : {};
    const wish = {
      ask: { kind: "settle", n, as, ...value },
      by: "sim",
      note: null,
      at: this.clock.now(),
    } as const;
    const asked = await ask(others, id, wish);
    this.ring();
    return "id" in asked;
  }

  private async answer(view: RunView, id: string): Promise<boolean> {
    const [question] = view.questions();
    if (question === undefined) return false;
    const { n, item } = question;
    const answer = this.calm || this.chance() < 0.8 ? "approved" : "rejected";
    const asked = await ask(this.store.others, id, {
      ask: { kind: "decide", n, item, answer },
      by: "sim",
      note: null,
      at: this.clock.now(),
    });
    this.ring();
    return "id" in asked;
  }

  private world(): World {
    const { journal } = this.store;
    return {
      clock: this.clock,
      // Another run of that name would take one number more.
      random: () => (this.places.asked ? this.chance() : this.names()),
      journal,
      artifacts: journal.artifacts,
      attempts: this.places,
      bell: {
        ring: () => {},
        listen: (_folder, rung) => {
          this.ring = rung;
          return () => {
            this.ring = () => {};
          };
        },
      },
      identity: { pid: 1, started: "", boot: "", host: "sim" },
      project: this.project,
      flowc: "sim",
      timer: (ms, wake) => this.clock.timer(ms, wake),
    };
  }

  /** What is promised of every start. */
  private starts(started: Started): void {
    const { n, a, name } = started;
    if (!this.committed.has(`${n}.${a}`)) this.problems.push(`${name} #${a} starts before that is committed`);
    const running = this.places.alive.filter(
      ({ life, ...each }) => life === this.lives && !this.ends.has(`${each.n}.${each.a}`),
    );
    if (this.places.alive.some((other) => other.n === n))
      this.problems.push(`${name} #${a} starts while it runs`);
    const cpu = running.reduce((sum, each) => sum + each.cpu, started.cpu);
    // What works elsewhere takes nothing; what needs more than there is may have all of it.
    const beside = running.filter((each) => each.cpu > 0);
    if (started.cpu > 0 && beside.length > 0 && cpu > this.options.jobs)
      this.problems.push(
        `${name} starts beside ${running.map((each) => each.name).join(", ")}: ${cpu} at once, and --jobs is ${this.options.jobs}`,
      );
  }

  /** What is promised of the record. */
  private check(events: readonly Event[], end: RunResult | null): void {
    const succeeded = new Set<number>();
    const run = createRun({ id: "sim", plan: this.plan, files: noFiles });
    const approved = new Set<string>();
    const lost = new Lost(run, this.problems);
    let at = 0;
    const told = events.map((event) => ({ run: "sim", at: event.at, event }));
    this.problems.push(...broken(this.plan.limits ?? [], told));
    events.forEach((event, i) => {
      if (event.seq !== i + 1) this.problems.push(`event ${i + 1} has number ${event.seq}`);
      if (event.at < at) this.problems.push(`event ${event.seq} is older than the one before`);
      at = event.at;
      apply(run, event);
      lost.take(event);
      // What was taken back or is evaluated anew runs again.
      if (event.type === "run.opened")
        for (const n of run.nodes()) if (run.state(n) !== "succeeded") succeeded.delete(n);
      if (event.type === "attempt.started" && succeeded.has(event.n))
        this.problems.push(`cell ${event.n} starts again after its recorded success`);
      if (event.type === "attempt.ended" && event.outcome === "succeeded") succeeded.add(event.n);
      // What comes too late is recorded, and decides nothing.
      if (event.type === "gate.decided" && event.late !== true) {
        const what = `${event.n} ${event.item ?? ""}`;
        if (approved.has(what)) this.problems.push(`gate ${what} is decided after it was approved`);
        if (event.answer === "approved") approved.add(what);
      }
    });
    this.problems.push(...beginsOnce(events, run, this.places.started), ...keysHold(this.places.started));
    if (end?.status === "cancelled") this.problems.push("cancelled by nobody");
    // What a plan itself makes impossible fails whatever the world does; bad luck has ended.
    const root = end?.status === "failed" ? end.view.error(0).at(-1) : undefined;
    if (root?.message === "bad luck") this.problems.push(`${root.name} is not tried again`);
  }
}

/** An event without what differs from life to life of the machine it runs on. */
function traced(event: Event): string {
  const { seq, at: _at, ...rest } = event;
  const text = JSON.stringify(rest, (key, value: unknown) =>
    ["pid", "host", "boot", "started", "key", "again_at", "from"].includes(key) ? undefined : value,
  );
  return `${seq} ${text}`;
}
