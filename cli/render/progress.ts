// Progress of a run: what is told of it while it goes on, and to whom. Plain lines, one event a line, or nothing.

import type { Event } from "../../runtime/events.ts";
import type { RunView } from "../../runtime/run-view.ts";
import { clock, duration } from "./amounts.ts";
import { type Paint, painter } from "./color.ts";
import { Failures } from "./failure.ts";
import { heldText } from "./held.ts";
import type { Terminal } from "./live.ts";
import { peopleLine, unknownText } from "./people.ts";
import { spentShort, spentTeller } from "./spending.ts";
import { count, visible, visibleLines } from "./text.ts";

/** What the loop tells after each commit. */
export interface News {
  readonly events: readonly Event[];
  readonly changed: readonly number[];
  readonly run: RunView;
  /** Only a person can move it on. */
  readonly waits: boolean;
}

export interface Progress {
  watch(news: News): void;
  /** What the agent of a node does now, as a short line. */
  does(n: number, text: string): void;
  /** A message of the command itself, above the block. */
  say(text: string): void;
  /** Takes the block away. */
  end(): void;
}

/** What drawing needs of the world. */
export interface Stage {
  readonly channel: Terminal & { readonly color: boolean };
  now(): number;
  every(ms: number, then: () => void): () => void;
  /** Calls back when the program goes on after it was stopped; the answer takes it away again. */
  onContinue(then: () => void): () => void;
  /** How long the run will still take; null while that is not known. */
  left(): Left | null;
}

export interface Left {
  /** `about 4m left` */
  readonly short: string;
  /** The same with its error, and what it is known from. */
  readonly whole: string;
}

/** Without a terminal something is said at least so often. */
const quietMsMax = 30_000;

/** Nothing at all; the end is told all the same. */
export const noProgress: Progress = { watch: () => {}, does: () => {}, say: () => {}, end: () => {} };

/** `12 of 40 done`, `1 failed`, `3 running`: what there is to tell, most important first. */
export function countParts(run: RunView): readonly string[] {
  const { counts } = run;
  const done = counts.succeeded + counts.failed + counts.skipped + counts.cancelled;
  const questions = run.questions().length;
  const money = spentShort(run.spending());
  return [
    `${done} of ${counts.total} done`,
    ...(counts.failed > 0 ? [`${counts.failed} failed`] : []),
    ...(questions > 0 ? [`${count(questions, "question")} open`] : []),
    ...(counts.unknown > 0 ? [`${counts.unknown} unknown`] : []),
    ...(counts.skipped > 0 ? [`${counts.skipped} skipped`] : []),
    ...(counts.running > 0 ? [`${counts.running} running`] : []),
    ...(money === null ? [] : [money]),
  ];
}

/** Of an attempt that has ended; null for all other events. */
export function endedOf(event: Event): (Event & { type: "attempt.ended" }) | null {
  return event.type === "attempt.ended" ? event : null;
}

/** A line for each end, one for each repeat, and a sign of life when nothing ends. */
export function plainProgress(stage: Stage): Progress {
  const paint = painter(stage.channel.color);
  const start = stage.now();
  const failures = new Failures();
  let run: RunView | null = null;
  let lastLine = start;
  const spent = spentTeller();
  const line = (text: string): void => {
    stage.channel.write(`${paint("dim", clock(stage.now()))} ${text}\n`);
    lastLine = stage.now();
  };
  const held = heldText(stage.now);
  const stop = stage.every(1000, () => {
    if (run === null || stage.now() - lastLine < quietMsMax) return;
    const why = run.counts.ready > 0 ? held(run) : null;
    line(`· ${signOfLife(run, stage.now() - start, stage.left())}${why === null ? "" : `; ${why}`}`);
  });
  return {
    watch: (news) => {
      if (run === null) line(`run ${news.run.id}: ${visible(news.run.plan.flow)}`);
      run = news.run;
      const reused = reusedLine(news.events, news.run, paint);
      if (reused !== null) line(reused);
      for (const event of news.events) {
        const told = peopleLine(event, news.run, paint);
        if (told !== null) line(told);
        if (event.type === "attempt.early") line(earlyLine(event, news.run, paint));
        const ended = endedOf(event);
        if (ended !== null) for (const text of endLines(ended, news.run, failures, paint)) line(text);
      }
      for (const text of spent(news.run)) line(`${paint("warning", "?")} ${text}`);
    },
    // A line for each of them would leave nothing else to be seen.
    does: () => {},
    say: (text) => {
      for (const one of visibleLines(text).split("\n")) line(one);
    },
    end: stop,
  };
}

/** So many names, of what needed not run, are written out. */
const reusedShown = 3;

/** `✓ build, test and 95 others cached`; null if everything had to run. */
function reusedLine(events: readonly Event[], run: RunView, paint: Paint): string | null {
  const names: string[] = [];
  let all = 0;
  for (const event of events)
    if (event.type === "node.reused" && all++ < reusedShown) names.push(visible(run.name(event.n)));
  if (all === 0) return null;
  const [last, more] = [names.pop() ?? "", all - reusedShown];
  const others = more > 0 ? `${last} and ${count(more, "other")}` : last;
  const list =
    more > 0 || names.length === 0 ? [...names, others].join(", ") : `${names.join(", ")} and ${others}`;
  return `${paint("good", "✓")} ${list} ${paint("dim", "cached")}`;
}

const longestShown = 3;

/** `12 of 40 done, 3 running, 1m10s, about 4m left: build, test` */
function signOfLife(run: RunView, elapsedMs: number, left: Left | null): string {
  const oldest = [...run.running()].sort((a, b) => (run.startedAt(a) ?? 0) - (run.startedAt(b) ?? 0));
  const names = oldest.slice(0, longestShown).map((n) => visible(run.name(n)));
  const more = oldest.length - names.length;
  const parts = [...countParts(run), duration(elapsedMs), ...(left === null ? [] : [left.whole])].join(", ");
  return `${parts}${names.length === 0 ? "" : `: ${names.join(", ")}${more > 0 ? `, … ${more} more` : ""}`}`;
}

/** How an attempt has ended, as lines of any length. */
export function endLines(
  ended: Event & { type: "attempt.ended" },
  run: RunView,
  failures: Failures,
  paint: Paint,
): readonly string[] {
  const name = run.name(ended.n);
  const startedAt = run.startedAt(ended.n);
  const took = startedAt === null ? "" : ` ${paint("dim", duration(ended.at - startedAt))}`;
  const [first = ""] = (ended.message ?? "").split("\n");
  const message = visible(first.replace(/\.$/, ""));
  if (ended.outcome === "succeeded") {
    const note = !failures.isNews(message) ? [] : [`${paint("warning", "·")} ${visible(name)}: ${message}`];
    return [`${paint("good", "✓")} ${visible(name)}${took}`, ...note];
  }
  if (ended.again_at !== undefined && ended.why === "budget")
    return [`${paint("warning", "↻")} ${visible(name)}: ${message}; it goes on when its budget is extended`];
  if (ended.again_at !== undefined) {
    const waitMs = ended.again_at - ended.at;
    const wait = waitMs > 0 ? `in ${duration(waitMs)}` : "at once";
    return [`${paint("warning", "↻")} ${visible(name)}: ${message}; attempt ${ended.a + 1} ${wait}`];
  }
  if (run.state(ended.n) === "unknown")
    return [`${paint("warning", "?")} ${unknownText(run, ended.n)}${took}`];
  if (ended.outcome === "cancelled") return [`- ${visible(name)} was stopped${took}`];
  const what = { name, message: ended.message ?? "", tail: ended.tail ?? null };
  return failures.lines(what, Number.POSITIVE_INFINITY, paint);
}

/** `· foundation: types_api is there 3s` */
function earlyLine(event: Event & { type: "attempt.early" }, run: RunView, paint: Paint): string {
  const startedAt = run.startedAt(event.n);
  const took = startedAt === null ? "" : ` ${paint("dim", duration(event.at - startedAt))}`;
  return `${paint("good", "·")} ${visible(run.name(event.n))}: ${visible(event.field)} is there${took}`;
}

/** An event as programs get it: with the run's id, and the name of the node that it is about. */
export function toldEvent<E extends Event>(event: E, run: RunView): E & { run: string; node?: string } {
  const node = "n" in event ? run.name(event.n) : undefined;
  return { run: run.id, ...event, ...(node === undefined ? {} : { node }) };
}

/** One event a line, and between them what agents do, which is none: it has no number, and is not kept. */
export function jsonProgress(write: (text: string) => void, now: () => number): Progress {
  let run: RunView | null = null;
  return {
    watch: (news) => {
      run = news.run;
      for (const event of news.events) write(`${JSON.stringify(toldEvent(event, run))}\n`);
    },
    does: (n, text) => {
      if (run === null) return;
      write(`${JSON.stringify({ run: run.id, at: now(), type: "does", n, node: run.name(n), text })}\n`);
    },
    say: () => {},
    end: () => {},
  };
}
