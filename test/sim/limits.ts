// One seed of several runs that share limits: they are killed, resumed, corrected and paused, and what was promised is checked.

import type { Plan } from "../../compiler/plan.ts";
import type { LimitPlan, UsePlan } from "../../compiler/plan-limits.ts";
import type { AttemptReport } from "../../runtime/attempt-report.ts";
import { executeRun } from "../../runtime/execute.ts";
import type { Journal } from "../../runtime/journal.ts";
import { LeaseLost } from "../../runtime/lease.ts";
import type { Attempts, World } from "../../runtime/world.ts";
import { Plans } from "../run-plans.ts";
import { chanceOf } from "../run-world.ts";
import { PretendClock } from "./clock.ts";
import { broken, merged, type Told } from "./limit-promises.ts";
import { type CommitFault, faultyStore, type Store } from "./store.ts";

const livesMax = 8;
const stepsMax = 8_000;

export interface SimulatedLimits {
  readonly problems: readonly string[];
  readonly lives: number;
  readonly starts: number;
}

/** `project`: an empty folder. */
export async function simulateLimits(
  seed: number,
  journal: Journal,
  project: string,
): Promise<SimulatedLimits> {
  const chance = chanceOf(seed);
  const clock = new PretendClock();
  const bells = new Map<string, () => void>();
  const limits = someLimits(chance);
  const parts = { journal, project, clock, bells, chance };
  const runs = Array.from(
    { length: 2 + Math.floor(chance() * 2) },
    () => new Sharing(parts, somePlan(chance, limits)),
  );
  for (const run of runs) run.begin();
  const problems: string[] = [];
  if (!(await untilAll(clock, runs))) problems.push("it hangs: nothing is due, and not all runs have ended");
  for (const run of runs) problems.push(...run.problems);
  const told = merged(runs.map((run) => run.told()));
  problems.push(...broken(limits, told));
  return {
    problems,
    lives: runs.reduce((sum, { lives }) => sum + lives, 0),
    starts: told.filter(({ event }) => event?.type === "attempt.started").length,
  };
}

function someLimits(chance: () => number): readonly LimitPlan[] {
  const none = { rates: [], concurrent: null, slots: null, reserve: 0 };
  const amount = 2 + Math.floor(chance() * 20);
  return [
    {
      ...{ ...none, name: "api", reserve: chance() < 0.3 ? 0.2 : 0 },
      rates: [
        { unit: "requests", amount, perSeconds: 10 },
        { unit: "tokens", amount: amount * 100, perSeconds: 30 },
      ],
    },
    { ...none, name: "few", concurrent: 1 + Math.floor(chance() * 4) },
    { ...none, name: "places", slots: ["a", "b", "c"].slice(0, 1 + Math.floor(chance() * 3)) },
  ];
}

function somePlan(chance: () => number, limits: readonly LimitPlan[]): Plan {
  const requests = limits[0]?.rates[0]?.amount ?? 1;
  const use = (limit: string, amounts: Readonly<Record<string, number>>): UsePlan => ({
    limit,
    amounts: Object.entries(amounts).map(([unit, v]) => ({ unit, amount: { k: "lit", v } })),
  });
  const api = (): UsePlan => {
    const asked = chance() < 0.2 ? 1 + Math.floor(chance() * requests) : 1;
    const tokens = Math.floor(chance() * Math.min(300, requests * 100));
    return use("api", chance() < 0.8 ? { requests: asked, tokens } : { requests: asked });
  };
  const plans = new Plans();
  for (const { name, ...bounds } of limits) plans.limit(name, bounds);
  const kinds = ["one", "two", "three", "four", "five"];
  for (const kind of kinds) {
    const uses = [
      ...(chance() < 0.7 ? [api()] : []),
      ...(chance() < 0.4 ? [use("few", {})] : []),
      ...(chance() < 0.4 ? [use("places", {})] : []),
    ];
    const priority = chance() < 0.2 ? "high" : "normal";
    plans.task(kind, { params: ["x"], uses, priority });
  }
  return plans
    .flow("main", [], (b) => {
      for (const kind of kinds)
        b.for(
          `${kind}s`,
          Array.from({ length: 1 + Math.floor(chance() * 8) }, (_, i) => i),
          {
            body: (inner, item) => inner.task(kind, kind, [item]),
          },
        );
      return b.let({ k: "lit", v: null });
    })
    .done();
}

interface Parts {
  readonly journal: Journal;
  readonly project: string;
  readonly clock: PretendClock;
  readonly bells: Map<string, () => void>;
  readonly chance: () => number;
}

/** A run that is killed now and then, and resumed. */
class Sharing {
  readonly problems: string[] = [];
  lives = 0;
  done = false;
  private readonly parts: Parts;
  private readonly plan: Plan;
  private readonly store: Store;
  private readonly deaths: number[] = [];
  private id: string | null = null;

  constructor(parts: Parts, plan: Plan) {
    this.parts = parts;
    this.plan = plan;
    this.store = faultyStore(parts.journal);
  }

  begin(): void {
    const { chance } = this.parts;
    const last = this.store.commits + 1 + Math.floor(chance() * 30);
    const faults: readonly CommitFault[] = ["kill-before", "kill-after"];
    const fault = faults[Math.floor(chance() * 2)] ?? "kill-before";
    const kills = this.lives++ < livesMax && chance() < 0.6;
    this.store.plan = () => {
      if (!kills || this.store.commits !== last) return null;
      // After all that it did in this moment.
      this.deaths.push(this.parts.clock.now() + 0.5);
      return fault;
    };
    let alive = true;
    const resume = this.id === null ? {} : { resume: { run: this.id, stored: true } };
    void executeRun(
      this.world(() => alive),
      {
        ...{ plan: this.plan, inputs: {}, options: { jobs: 20, failFast: false, only: null }, ...resume },
        watch: ({ run }) => {
          this.id = run.id;
        },
      },
    ).then(
      (result) => {
        alive = false;
        this.done = true;
        if (result.status !== "succeeded")
          this.problems.push(`${result.run} ${result.status}: ${result.view.error(0).at(-1)?.message}`);
      },
      (error: unknown) => {
        alive = false;
        if (error instanceof LeaseLost) this.died();
        else {
          this.done = true;
          this.problems.push(error instanceof Error ? (error.stack ?? error.message) : String(error));
        }
      },
    );
  }

  /** All that happened, in order. */
  told(): readonly Told[] {
    const { id } = this;
    if (id === null) return [];
    const events = [...this.parts.journal.events(id)].map((event) => ({ run: id, at: event.at, event }));
    return merged([events, this.deaths.map((at) => ({ run: id, at, event: null }))]);
  }

  private died(): void {
    this.parts.clock.timer(this.parts.chance() * 20_000, () => this.begin());
  }

  private world(alive: () => boolean): World {
    const { clock, chance, bells, project } = this.parts;
    const { journal } = this.store;
    return {
      ...{ clock, random: chance, journal, artifacts: journal.artifacts, attempts: this.attempts(alive) },
      bell: {
        listen: (folder, rung) => {
          bells.set(folder, rung);
          return () => bells.delete(folder);
        },
        ring: (folder) => bells.get(folder)?.(),
      },
      ...{ identity: { pid: 1, started: "", boot: "", host: "sim" }, project, flowc: "sim" },
      timer: (ms, wake) => clock.timer(ms, () => alive() && wake()),
    };
  }

  private attempts(alive: () => boolean): Attempts {
    const { clock, chance } = this.parts;
    return {
      open: ({ limits }) => ({
        start: ({ n, a, name }) => {
          const ms = Math.floor(chance() * 4_000);
          const tell = (work: () => void): void =>
            void clock.timer(Math.floor(chance() * ms), () => alive() && work());
          if (chance() < 0.2) tell(() => limits.used(n, a, { tokens: Math.floor(chance() * 400) }));
          if (chance() < 0.05) tell(() => limits.paused(n, a, clock.now() + Math.floor(chance() * 8_000)));
          return new Promise<AttemptReport>((resolve) => {
            clock.timer(ms, () => resolve({ outcome: "succeeded", exit: 0, value: name }));
          });
        },
        sweep: async () => [],
        sweepLeft: async () => [],
        close: async () => {},
      }),
    };
  }
}

/** Lets time pass whenever everybody sleeps; false: they never end. */
async function untilAll(clock: PretendClock, runs: readonly Sharing[]): Promise<boolean> {
  let quiet = 0;
  for (let steps = 0; steps < stepsMax; ) {
    const { looks } = clock;
    await new Promise((resolve) => setImmediate(resolve));
    if (runs.every(({ done }) => done)) return true;
    quiet = looks === clock.looks ? quiet + 1 : 0;
    if (quiet < 3) continue;
    steps++;
    quiet = 0;
    // Locks are looked at on the real disk, for which pretend time does not wait.
    if (steps % 20 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    if (!clock.advance()) await new Promise((resolve) => setTimeout(resolve, 1));
  }
  return false;
}
