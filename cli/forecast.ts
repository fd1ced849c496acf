// How long a run will still take, in words: found again and again while it goes on, by what its nodes took before.

import { setImmediate } from "node:timers/promises";
import type { Forecast } from "../runtime/analysis/forecast.ts";
import { forecast } from "../runtime/analysis/pool.ts";
import type { Journal } from "../runtime/journal.ts";
import { pastOf } from "../runtime/past.ts";
import type { RunView } from "../runtime/run-view.ts";
import { type Gathered, gather, worthTelling } from "./ahead.ts";
import { shortDuration } from "./render/amounts.ts";
import { endedOf, type Left, type News } from "./render/progress.ts";
import { count } from "./render/text.ts";
import { Times } from "./times.ts";

/** Shorter runs have ended before anybody asks. */
const firstMs = 2_000;
const againMs = 5_000;
/** It takes at most this share of the time of one core. */
const share = 0.03;
/** So long the run waits for it at once. */
const pieceMs = 4;

export interface Forecasting {
  watch(news: News): void;
  left(): Left | null;
  end(): void;
}

/** Where nobody would see it. */
export const noForecast: Forecasting = { watch: () => {}, left: () => null, end: () => {} };

interface Clock {
  now(): number;
  every(ms: number, then: () => void): () => void;
}

/** Asks again every few seconds; what goes wrong ends the asking, and never the run. */
export function forecasting(journal: Journal, clock: Clock): Forecasting {
  const start = clock.now();
  let ended: number[] = [];
  let run: RunView | null = null;
  let times: Times | null = null;
  let found: { readonly at: number; readonly forecast: Forecast; readonly gathered: Gathered } | null = null;
  let waits = false;
  let busy = false;
  let next = start + firstMs;
  const look = async (view: RunView): Promise<void> => {
    const before = performance.now();
    times ??= new Times(await pastOf(journal, view.plan, view.id));
    const seen = ended;
    ended = [];
    for (const n of seen) {
      const [startedAt, endedAt] = [view.startedAt(n), view.endedAt(n)];
      if (startedAt !== null && endedAt !== null)
        times.saw(view.name(n), view.task(n) ?? "", Math.max(0, endedAt - startedAt));
    }
    const at = clock.now();
    const gathered = await inPieces(gather(view, times, at));
    const answer = worthTelling(gathered) ? await forecast(gathered.ahead) : null;
    found = answer === null ? null : { at, forecast: answer, gathered };
    next = clock.now() + Math.max(againMs, (performance.now() - before) / share);
  };
  const stop = clock.every(1000, () => {
    if (run === null || busy || waits || clock.now() < next) return;
    busy = true;
    look(run).then(
      () => {
        busy = false;
      },
      () => {
        found = null;
        stop();
      },
    );
  });
  return {
    watch: (news) => {
      run = news.run;
      const { running, ready } = news.run.counts;
      // Nobody foretells when somebody else gives back what a limit or a place has.
      waits = news.waits || (running === 0 && ready > 0);
      for (const event of news.events) {
        const end = endedOf(event);
        if (end?.outcome === "succeeded") ended.push(end.n);
      }
    },
    left: () =>
      found === null || times === null || waits
        ? null
        : leftText(found.forecast, {
            passed: clock.now() - found.at,
            runs: times.runs,
            open: found.gathered.open,
          }),
    end: stop,
  };
}

async function inPieces<T>(work: Generator<undefined, T>): Promise<T> {
  let began = performance.now();
  for (;;) {
    const step = work.next();
    if (step.done === true) return step.value;
    if (performance.now() - began < pieceMs) continue;
    await setImmediate();
    began = performance.now();
  }
}

/** `about 4m left (±1m, from 3 earlier runs)` */
export function leftText(
  { ms, errorMs }: Forecast,
  { passed, runs, open }: { readonly passed: number; readonly runs: number; readonly open: boolean },
): Left {
  const left = ms - passed;
  const from = runs === 0 ? "from this run" : `from ${count(runs, "earlier run")}`;
  if (left < 1000 && !open) return { short: "nearly done", whole: "nearly done" };
  const short = `${open ? "at least" : "about"} ${rough(Math.max(1000, left))} left`;
  return { short, whole: `${short} (±${rough(Math.max(1000, errorMs))}, ${from})` };
}

/** As exact as anybody believes it: `7s`, `40s`, `2m10s`, `14m`, `1h25m`. */
function rough(ms: number): string {
  const minute = 60_000;
  const step =
    ms < 10_000
      ? 1000
      : ms < minute
        ? 5000
        : ms < 5 * minute
          ? 10_000
          : ms < 60 * minute
            ? minute
            : 5 * minute;
  const rounded = Math.round(ms / step) * step;
  if (rounded < minute) return `${rounded / 1000}s`;
  return shortDuration(rounded);
}
