// Runs in a pretend world whose nodes take times that differ from run to run: what a forecast said, and what came.

import { type Gathered, gather, worthTelling } from "../cli/ahead.ts";
import { Times } from "../cli/times.ts";
import type { Plan } from "../compiler/plan.ts";
import { type Forecast, forecastArrays } from "../runtime/analysis/forecast.ts";
import type { Past, PastNode } from "../runtime/past.ts";
import type { RunView } from "../runtime/run-view.ts";
import { random } from "./layers.ts";
import { Plans, type Slot } from "./run-plans.ts";
import { World } from "./run-world.ts";

export interface Said {
  /** Share of the nodes that had ended. */
  readonly done: number;
  readonly forecast: Forecast;
  readonly actualMs: number;
  /** From the run's start to its end. */
  readonly wholeMs: number;
}

/** How times differ, as the spread of their logarithms. */
const spreads = { node: 0.6, run: 0.1, chance: 0.15 } as const;
const moments = [0, 0.25, 0.5, 0.75] as const;
const jobs = 4;

/** Forecasts at four moments of one run after so many earlier ones; all from one seed. */
export function forecastsOf(seed: number, earlier: number): readonly Said[] {
  const chance = random(seed);
  const normal = (): number => Math.sqrt(-2 * Math.log(1 - chance())) * Math.cos(2 * Math.PI * chance());
  const tasks = Array.from({ length: 6 }, () => Math.exp(Math.log(200) + chance() * Math.log(300)));
  const plan = planFrom(chance, tasks.length);
  const own = new Map<string, number>();
  const usual = (name: string, task: string): number => {
    const known = own.get(name) ?? Math.exp(spreads.node * normal());
    own.set(name, known);
    return known * (tasks[Number(task.slice(1))] ?? 0);
  };
  const nodes: PastNode[] = [];
  for (let run = 0; run < earlier; run++) {
    const here = Math.exp(spreads.run * normal());
    const { run: view } = played(
      plan,
      (name, task) => usual(name, task) * here * Math.exp(spreads.chance * normal()),
    );
    for (const n of view.nodes())
      nodes.push({
        run,
        name: view.name(n),
        task: view.task(n) ?? "",
        startedAt: view.startedAt(n),
        endedAt: view.endedAt(n),
      });
  }
  const here = Math.exp(spreads.run * normal());
  return told(
    plan,
    { runs: earlier, nodes },
    (name, task) => usual(name, task) * here * Math.exp(spreads.chance * normal()),
  );
}

/** Sixty nodes that wait for some of those before, and a list of twenty of which three run beside each other. */
function planFrom(chance: () => number, tasks: number): Plan {
  const plans = new Plans();
  for (let i = 0; i < tasks; i++) plans.task(`t${i}`, { params: ["x"] });
  const task = (): string => `t${Math.floor(chance() * tasks)}`;
  return plans
    .flow("main", [], (b) => {
      const made: Slot[] = [];
      for (let i = 0; i < 60; i++) {
        const after = made.filter(() => chance() < 3 / Math.max(3, made.length));
        made.push(b.task(`n${i}`, task(), [i], { after }));
      }
      const items = Array.from({ length: 20 }, (_, i) => i);
      return b.for("each", items, { body: (inner, item) => inner.task("x", task(), [item]), parallel: 3 });
    })
    .done();
}

type Taken = (name: string, task: string) => number;

function played(plan: Plan, taken: Taken, look: (run: RunView, now: number) => void = () => {}): World {
  const ends = new Map<number, number>();
  const world: World = new World(plan, {
    options: { jobs },
    pick: (running) => running.reduce((a, b) => ((ends.get(b) ?? 0) < (ends.get(a) ?? 0) ? b : a)),
    end: (name, _a, _run, n) => {
      // The world adds ten.
      world.now = (ends.get(n) ?? 0) - 10;
      return { value: name };
    },
  });
  world.check = (run, event) => {
    if (event.type === "attempt.started")
      ends.set(event.n, event.at + Math.round(taken(run.name(event.n), run.task(event.n) ?? "")));
    if (event.type === "attempt.ended") look(run, event.at);
  };
  return world.start().go();
}

function told(plan: Plan, past: Past, taken: Taken): readonly Said[] {
  const times = new Times(past);
  const said: ({ done: number; at: number; forecast: Forecast } | null)[] = [];
  const look = (run: RunView, at: number): void => {
    const { succeeded, total } = run.counts;
    const share = moments[said.length];
    if (share === undefined || succeeded / total < share) return;
    const found = gatheredNow(run, times, at);
    const forecast = worthTelling(found) ? forecastArrays(found.ahead) : null;
    if (forecast !== null) said.push({ done: share, at, forecast });
    else said.push(null);
  };
  const seen = new Set<number>();
  const { run, now } = played(plan, taken, (view, at) => {
    for (const n of view.nodes())
      if (view.settled(n) && !seen.has(n)) {
        seen.add(n);
        times.saw(view.name(n), view.task(n) ?? "", (view.endedAt(n) ?? 0) - (view.startedAt(n) ?? 0));
      }
    look(view, at);
  });
  const begun = Math.min(...[...run.nodes()].map((n) => run.startedAt(n) ?? now));
  return said.flatMap((one) =>
    one === null
      ? []
      : [{ done: one.done, forecast: one.forecast, actualMs: now - one.at, wholeMs: now - begun }],
  );
}

function gatheredNow(run: RunView, times: Times, now: number): Gathered {
  const work = gather(run, times, now);
  for (;;) {
    const step = work.next();
    if (step.done === true) return step.value;
  }
}

/** What is played for a run whose times are all known, and what came: both in ms from the same moments on. */
export function exactly(seed: number): readonly { readonly played: number; readonly actual: number }[] {
  const chance = random(seed);
  const plan = planFrom(chance, 3);
  const own = new Map<string, number>();
  const taken: Taken = (name) => {
    const ms = own.get(name) ?? 1 + Math.round(chance() * 5000);
    own.set(name, ms);
    return ms;
  };
  const first = played(plan, taken);
  const nothing = new Times({ runs: 0, nodes: [] });
  const found: { played: number; at: number }[] = [];
  const { now } = played(plan, taken, (view, at) => {
    const { ahead } = gatheredNow(view, nothing, at);
    let i = 0;
    for (let n = 0; n < view.size; n++) {
      if (view.settled(n)) continue;
      const name = view.task(n) === null ? null : view.name(n);
      if (name !== null) ahead.graph.weights[i] = own.get(name) ?? 0;
      ahead.spread[i] = 0;
      i++;
    }
    const forecast = forecastArrays({ ...ahead, pace: { mean: 0, spread: 0 } });
    if (forecast !== null) found.push({ played: forecast.ms, at });
  });
  if (first.now !== now) throw new Error("the same times gave another run");
  return found.map(({ played: ms, at }) => ({ played: ms, actual: now - at }));
}

export interface Judged {
  readonly earlier: number;
  readonly done: number;
  /** Half of the forecasts were off by less than this share of the whole run. */
  readonly medianOff: number;
  /** Share of those whose error was within what they said. */
  readonly within: number;
}

/** How well forecasts are, over so many seeds. */
export function judge(seeds: number, earlier: number): readonly Judged[] {
  const all = Array.from({ length: seeds }, (_, i) => forecastsOf(i + 1, earlier)).flat();
  return moments.flatMap((done) => {
    const some = all.filter((one) => one.done === done);
    if (some.length === 0) return [];
    const off = some
      .map(({ forecast, actualMs, wholeMs }) => Math.abs(forecast.ms - actualMs) / wholeMs)
      .sort((a, b) => a - b);
    const within = some.filter(
      ({ forecast, actualMs }) => Math.abs(forecast.ms - actualMs) <= forecast.errorMs,
    );
    return [{ earlier, done, medianOff: off[off.length >> 1] ?? 0, within: within.length / some.length }];
  });
}
