// The block of a run on a terminal: what runs, longest first, what is held and by what, how far it is, how long still.

import type { Event } from "../../runtime/events.ts";
import type { RunView } from "../../runtime/run-view.ts";
import { duration } from "./amounts.ts";
import { type Paint, painter } from "./color.ts";
import { Failures } from "./failure.ts";
import { heldText } from "./held.ts";
import { liveLines } from "./live.ts";
import { peopleLine } from "./people.ts";
import { countParts, endedOf, endLines, type Left, type Progress, type Stage } from "./progress.ts";
import { spentTeller } from "./spending.ts";
import { cut, cutMiddle, pad, textWidth, visible, visibleLines } from "./text.ts";

const frameMs = 100;
/** After a longer pause we may have been stopped; the signal that says so is heard a moment later. */
const pauseMs = 400;
const rowsMax = 8;
/** In less room than this only names are told. */
const columnsMin = 20;
/** Of a thousand that run at once, those that started first are among the first. */
const comparedMax = 1000;

/** A block of lines at the bottom; what has ended badly stays above it. */
export function blockProgress(stage: Stage): Progress {
  const paint = painter(stage.channel.color);
  const start = stage.now();
  const live = liveLines(stage.channel);
  const again = new Map<number, number>();
  const doing = new Map<number, string>();
  const holds = heldText(() => stage.now());
  const spent = spentTeller();
  const failures = new Failures();
  let run: RunView | null = null;
  let lastDraw = start;
  let lastTick = start;
  /** False from the first timer after a pause to the next. */
  let calm = true;
  let pending: string[] = [];
  let lastColumns = 0;
  let dirty = false;
  const columns = (): number => Math.max(1, (stage.channel.columns() ?? 80) - 1);
  const draw = (above: readonly string[]): void => {
    pending.push(...above);
    if (!calm || stage.now() - lastTick > pauseMs) return;
    const size = { columns: columns(), rows: (stage.channel.rows() ?? 24) - 1 };
    const now = stage.now();
    const times = { now, elapsed: now - start, left: stage.left() };
    live.draw(
      pending,
      run === null ? [] : blockLines(run, { again, doing, held: holds(run), times, size, paint }),
    );
    lastDraw = now;
    lastColumns = size.columns;
    dirty = false;
    pending = [];
  };
  const stop = stage.every(frameMs, () => {
    const passed = secondOf(stage.now() - start) !== secondOf(lastDraw - start);
    calm = stage.now() - lastTick <= pauseMs;
    lastTick = stage.now();
    if (!calm) return;
    if (dirty || pending.length > 0 || passed || columns() !== lastColumns) draw([]);
  });
  const stopped = stage.onContinue(() => {
    live.forget();
    dirty = true;
  });
  return {
    watch: (news) => {
      run = news.run;
      dirty = true;
      const above: string[] = spent(run).map((text) => cut(`${paint("warning", "?")} ${text}`, columns()));
      for (const event of news.events) {
        if (event.type === "attempt.started") again.delete(event.n);
        if (event.type === "attempt.started" || event.type === "attempt.ended") doing.delete(event.n);
        const line = peopleLine(event, run, paint);
        if (line !== null && (event.type !== "gate.checked" || !event.held)) above.push(cut(line, columns()));
        const ended = endedOf(event);
        if (ended === null) continue;
        if (ended.again_at !== undefined) again.set(ended.n, ended.again_at);
        else above.push(...badEnd(ended, run, failures, columns(), paint));
      }
      if (above.length > 0) draw(above);
    },
    does: (n, text) => {
      doing.set(n, text);
      dirty = true;
    },
    say: (text) => draw(visibleLines(text).split("\n")),
    end: () => {
      stop();
      stopped();
      live.clear();
      for (const line of pending) stage.channel.write(`${line}\n`);
      pending = [];
    },
  };
}

/** What stays above the block of an attempt's end, if that is for good and not as it should be. */
function badEnd(
  ended: Event & { type: "attempt.ended" },
  run: RunView,
  failures: Failures,
  columns: number,
  paint: Paint,
): readonly string[] {
  if (run.state(ended.n) === "unknown") return endLines(ended, run, failures, paint);
  if (ended.outcome !== "failed" && ended.outcome !== "lost") return [];
  const failure = { name: run.name(ended.n), message: ended.message ?? "", tail: ended.tail ?? null };
  return failures.lines(failure, columns, paint);
}

interface Look {
  /** Nodes that wait for a repeat, with the wall ms of when. */
  readonly again: ReadonlyMap<number, number>;
  /** What agents do. */
  readonly doing: ReadonlyMap<number, string>;
  readonly held: string | null;
  readonly times: { readonly now: number; readonly elapsed: number; readonly left: Left | null };
  readonly size: { readonly columns: number; readonly rows: number };
  readonly paint: Paint;
}

/** What changes all the time is told in whole seconds: a reader sees no more. */
function seconds(ms: number): string {
  return ms < 60_000 ? `${secondOf(ms)}s` : duration(secondOf(ms) * 1000);
}

function secondOf(ms: number): number {
  return Math.max(0, Math.floor(ms / 1000));
}

interface Row {
  readonly name: string;
  readonly note: string;
  /** What its agent does; "": nothing is known. It has the room that is left. */
  readonly doing: string;
}

function blockLines(run: RunView, { again, doing, held, times, size, paint }: Look): readonly string[] {
  if (size.rows < 1) return [];
  const room = Math.max(0, Math.min(rowsMax, size.rows - (held === null ? 2 : 3)));
  const { rows, hidden } = rowsOf(run, { again, doing, now: times.now }, room);
  const notes = Math.max(0, ...rows.map(({ note }) => textWidth(note)));
  const width = Math.min(
    Math.max(8, size.columns - notes - 4),
    Math.max(0, ...rows.map(({ name }) => textWidth(name))),
  );
  const lines = rows.map(({ name, note, doing }) => {
    if (size.columns < columnsMin)
      return cut(` ${cutMiddle(name, Math.max(1, size.columns - 1))}`, size.columns);
    const shown = pad(cutMiddle(name, width), width);
    const told = doing === "" ? note : `${note}: ${doing}`;
    return `  ${shown}  ${paint("dim", cut(told, Math.max(1, size.columns - width - 4)))}`;
  });
  if (hidden > 0 && size.rows > 2) lines.push(paint("dim", cut(`  … ${hidden} more`, size.columns)));
  if (held !== null && size.rows > 1) lines.push(paint("dim", cut(`  ${held}`, size.columns)));
  lines.push(summary(run, times, size.columns));
  return lines;
}

/** What runs, longest first, then what is to run again, soonest first. */
function rowsOf(
  run: RunView,
  { again, doing, now }: Pick<Look, "again" | "doing"> & { readonly now: number },
  room: number,
): { readonly rows: readonly Row[]; readonly hidden: number } {
  const running: { n: number; since: number }[] = [];
  for (const n of run.running()) {
    running.push({ n, since: run.startedAt(n) ?? now });
    if (running.length >= comparedMax) break;
  }
  running.sort((a, b) => a.since - b.since || a.n - b.n);
  const waiting = [...again].filter(([n]) => !run.settled(n)).sort(([, a], [, b]) => a - b);
  const rows: Row[] = running.slice(0, room).map(({ n, since }) => {
    const attempt = run.attempts(n) > 1 ? `, attempt ${run.attempts(n)}` : "";
    const waits = run.waitsFor(n) === null ? "" : ", waits for an instance";
    const note = seconds(now - since) + attempt + waits;
    return { name: visible(run.name(n)), note, doing: visible(doing.get(n) ?? "") };
  });
  for (const [n, at] of waiting.slice(0, room - rows.length)) {
    const note = at > now ? `again in ${seconds(at - now + 999)}` : "again when there is room";
    rows.push({ name: visible(run.name(n)), note, doing: "" });
  }
  return { rows, hidden: run.counts.running + waiting.length - rows.length };
}

/** All that fits in one line: how far the run is, how long it has taken and will take, then the rest. */
function summary(run: RunView, { elapsed, left }: Look["times"], columns: number): string {
  const [done = "", ...others] = countParts(run);
  const time = seconds(elapsed);
  for (const remaining of left === null ? [] : [left.whole, left.short]) {
    const line = [done, ...others, time, remaining].join(", ");
    if (textWidth(line) <= columns) return line;
  }
  const last = left === null ? [time] : [time, left.short];
  for (let shown = others.length; shown >= 0; shown--) {
    const line = [done, ...others.slice(0, shown), ...last].join(", ");
    if (textWidth(line) <= columns) return line;
  }
  const short = `${done}, ${time}`;
  return textWidth(short) <= columns ? short : cut(done, columns);
}
