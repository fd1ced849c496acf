// Progress of a run: a short block redrawn in place on a terminal, plain lines with a time elsewhere.

import type { Event } from "../../runtime/events.ts";
import type { RunView, State } from "../../runtime/run-view.ts";
import { clock, duration } from "./amounts.ts";
import { type Paint, painter } from "./color.ts";
import { peopleLine, unknownText } from "./people.ts";
import { cut, pad, textWidth, visible, visibleLines } from "./text.ts";

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
  /** A message of the command itself, above the block. */
  say(text: string): void;
  /** Takes the block away. */
  end(): void;
}

/** What drawing needs of the world. */
export interface Stage {
  readonly channel: {
    write(text: string): void;
    readonly color: boolean;
    columns(): number | null;
  };
  now(): number;
  every(ms: number, then: () => void): () => void;
}

const rowsMax = 8;
const tailLinesMax = 6;
const frameMs = 100;
/** Without a terminal something is said at least so often. */
const quietMsMax = 30_000;

/** Nothing at all; the end is told all the same. */
export const noProgress: Progress = { watch: () => {}, say: () => {}, end: () => {} };

/** `✗ build[core] failed: …` with the last lines of its output, cut to the terminal. */
export function failureLines(
  what: {
    readonly name: string;
    readonly message: string;
    readonly tail: string | null;
    readonly state?: State;
  },
  columns: number,
  paint: Paint,
): readonly string[] {
  const [first = "", ...more] = visibleLines(what.message).split("\n");
  const how = what.state === "skipped" ? "did not run" : "failed";
  const head = `${visible(what.name)} ${how}${first === "" ? "" : `: ${first}`}`;
  const lines = [`${paint("error", "✗")} ${cut(head, columns - 2)}`];
  for (const line of more) lines.push(cut(`  ${line}`, columns));
  const tail = visibleLines((what.tail ?? "").trimEnd()).split("\n");
  const shown = tail.slice(-tailLinesMax).filter((line, i) => line !== "" || i > 0);
  for (const line of shown) lines.push(paint("dim", cut(`    ${line}`, columns)));
  return lines;
}

/** `12 of 40 done, 1 failed, 3 running, 1m10s`. */
function summary(run: RunView, elapsedMs: number): string {
  const { counts } = run;
  const done = counts.succeeded + counts.failed + counts.skipped + counts.cancelled;
  const parts = [`${done} of ${counts.total} done`];
  const questions = run.questions().length;
  if (counts.failed > 0) parts.push(`${counts.failed} failed`);
  if (counts.skipped > 0) parts.push(`${counts.skipped} skipped`);
  if (counts.running > 0) parts.push(`${counts.running} running`);
  if (counts.unknown > 0) parts.push(`${counts.unknown} unknown`);
  if (questions > 0) parts.push(`${questions === 1 ? "1 question" : `${questions} questions`} open`);
  return `${parts.join(", ")}, ${duration(elapsedMs)}`;
}

function endedFor(event: Event): (Event & { type: "attempt.ended" }) | null {
  return event.type === "attempt.ended" ? event : null;
}

// On a terminal

/** A block of lines at the bottom; what has ended badly stays above it. */
export function blockProgress(stage: Stage): Progress {
  const paint = painter(stage.channel.color);
  const start = stage.now();
  const again = new Map<number, number>();
  let run: RunView | null = null;
  let drawn = 0;
  let lastDraw = start;
  let dirty = false;
  const columns = (): number => Math.max(20, (stage.channel.columns() ?? 80) - 1);
  const erase = (): string => (drawn === 0 ? "" : `\u001b[${drawn}A\r\u001b[0J`);
  const draw = (above: readonly string[]): void => {
    const lines = run === null ? [] : block(run, again, stage.now(), start, columns(), paint);
    stage.channel.write(erase() + [...above, ...lines].map((line) => `${line}\n`).join(""));
    drawn = lines.length;
    lastDraw = stage.now();
    dirty = false;
  };
  const stop = stage.every(frameMs, () => {
    if (dirty || stage.now() - lastDraw >= 1000) draw([]);
  });
  return {
    watch: (news) => {
      run = news.run;
      dirty = true;
      const above: string[] = [];
      for (const event of news.events) {
        if (event.type === "attempt.started") again.delete(event.n);
        const line = peopleLine(event, news.run, paint);
        if (line !== null && (event.type !== "gate.checked" || !event.held)) above.push(cut(line, columns()));
        const ended = endedFor(event);
        if (ended === null) continue;
        if (ended.again_at !== undefined) again.set(ended.n, ended.again_at);
        else if (run.state(ended.n) === "unknown") above.push(...endLines(ended, run, paint));
        else if (ended.outcome === "failed")
          above.push(
            ...failureLines(
              { name: run.name(ended.n), message: ended.message ?? "", tail: ended.tail ?? null },
              columns(),
              paint,
            ),
          );
      }
      if (above.length > 0) draw(above);
    },
    say: (text) => draw(visibleLines(text).split("\n")),
    end: () => {
      stop();
      stage.channel.write(erase());
      drawn = 0;
    },
  };
}

function block(
  run: RunView,
  again: ReadonlyMap<number, number>,
  now: number,
  start: number,
  columns: number,
  paint: Paint,
): readonly string[] {
  const running = [...run.running()]
    .map((n) => ({ n, since: run.startedAt(n) ?? now }))
    .sort((a, b) => a.since - b.since || a.n - b.n);
  const rows = running
    .slice(0, rowsMax)
    .map(({ n, since }) => ({ name: visible(run.name(n)), note: duration(now - since) }));
  for (const [n, at] of [...again].slice(0, Math.max(0, rowsMax - rows.length)))
    rows.push({ name: visible(run.name(n)), note: `again in ${duration(at - now)}` });
  const room = Math.max(10, columns - 16);
  const width = Math.min(room, Math.max(0, ...rows.map((row) => textWidth(row.name))));
  const lines = rows.map((row) => `  ${pad(cut(row.name, width), width)}  ${paint("dim", row.note)}`);
  const hidden = running.length + again.size - rows.length;
  if (hidden > 0) lines.push(paint("dim", `  … ${hidden} more`));
  if (run.counts.ready > 0) lines.push(paint("dim", cut(`  ${held(run, now)}`, columns)));
  lines.push(cut(summary(run, now - start), columns));
  return lines;
}

/** How many are held, and by what the first of them is. */
function held(run: RunView, now: number): string {
  let why: string | null = null;
  let seen = 0;
  for (const n of run.nodes()) {
    if (run.state(n) !== "ready") continue;
    why = run.heldBy(n, now);
    if (why !== null || ++seen > 20) break;
  }
  return `${run.counts.ready} held${why === null ? "" : ` by ${visible(why)}`}`;
}

// Elsewhere

/** A line for each end, one for each repeat, and a sign of life when nothing ends. */
export function plainProgress(stage: Stage): Progress {
  const paint = painter(stage.channel.color);
  const start = stage.now();
  let run: RunView | null = null;
  let lastLine = start;
  const line = (text: string): void => {
    stage.channel.write(`${paint("dim", clock(stage.now()))} ${text}\n`);
    lastLine = stage.now();
  };
  const stop = stage.every(1000, () => {
    if (run === null || stage.now() - lastLine < quietMsMax) return;
    const oldest = [...run.running()].sort((a, b) => (run?.startedAt(a) ?? 0) - (run?.startedAt(b) ?? 0));
    const names = oldest.slice(0, 3).map((n) => visible(run?.name(n) ?? ""));
    line(`· ${summary(run, stage.now() - start)}${names.length === 0 ? "" : `: ${names.join(", ")}`}`);
  });
  return {
    watch: (news) => {
      if (run === null) line(`run ${news.run.id}: ${visible(news.run.plan.flow)}`);
      run = news.run;
      for (const event of news.events) {
        const told = peopleLine(event, news.run, paint);
        if (told !== null) line(told);
        if (event.type === "attempt.early") line(earlyLine(event, news.run, paint));
        const ended = endedFor(event);
        if (ended !== null) for (const text of endLines(ended, news.run, paint)) line(text);
      }
    },
    say: (text) => {
      for (const one of visibleLines(text).split("\n")) line(one);
    },
    end: stop,
  };
}

function endLines(ended: Event & { type: "attempt.ended" }, run: RunView, paint: Paint): readonly string[] {
  const name = run.name(ended.n);
  const startedAt = run.startedAt(ended.n);
  const took = startedAt === null ? "" : ` ${paint("dim", duration(ended.at - startedAt))}`;
  const message = visible((ended.message ?? "").replace(/\.$/, ""));
  if (ended.outcome === "succeeded") return [`${paint("good", "✓")} ${visible(name)}${took}`];
  if (ended.again_at !== undefined) {
    const wait = duration(ended.again_at - ended.at);
    return [`${paint("warning", "↻")} ${visible(name)}: ${message}; attempt ${ended.a + 1} in ${wait}`];
  }
  if (run.state(ended.n) === "unknown")
    return [`${paint("warning", "?")} ${unknownText(run, ended.n)}${took}`];
  if (ended.outcome === "cancelled") return [`- ${visible(name)} was stopped${took}`];
  const what = { name, message: ended.message ?? "", tail: ended.tail ?? null };
  return failureLines(what, Number.POSITIVE_INFINITY, paint);
}

/** `· foundation: types_api is there 3s` */
function earlyLine(event: Event & { type: "attempt.early" }, run: RunView, paint: Paint): string {
  const startedAt = run.startedAt(event.n);
  const took = startedAt === null ? "" : ` ${paint("dim", duration(event.at - startedAt))}`;
  return `${paint("good", "·")} ${visible(run.name(event.n))}: ${visible(event.field)} is there${took}`;
}

/** One event a line, with the run's id and the node's name. */
export function jsonProgress(write: (text: string) => void): Progress {
  return {
    watch: ({ events, run }) => {
      for (const event of events) {
        const node = "n" in event ? run.name(event.n) : undefined;
        write(`${JSON.stringify({ run: run.id, ...event, ...(node === undefined ? {} : { node }) })}\n`);
      }
    },
    say: () => {},
    end: () => {},
  };
}
