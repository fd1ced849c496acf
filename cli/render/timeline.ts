// When each node of a run ran, as a picture: a bar a node from its first start to its end, the critical path marked.

import type { RunRecord } from "../record.ts";
import { duration } from "./amounts.ts";
import { escaped } from "./markup.ts";
import { textWidth, visible } from "./text.ts";

/** A picture with more bars than this says nothing: the longest and those of the critical path are drawn. */
export const barsMax = 300;

const rowPx = 18;
const namePxMax = 260;
const letterPx = 6.8;
const widthPx = 1100;
const headPx = 24;
const lettersMax = 36;

/** An SVG for the inside of a page; empty if nothing ran. Times in which nobody was at work are part of it. */
export function timeline(record: RunRecord): { readonly svg: string; readonly left: number } {
  const critical = new Set(record.critical.nodes);
  const ran = record.nodes.flatMap((node) =>
    node.startedAt === null ? [] : [{ ...node, startedAt: node.startedAt, marked: critical.has(node.name) }],
  );
  if (ran.length === 0) return { svg: "", left: 0 };
  const first = Math.min(...ran.map(({ startedAt }) => startedAt).slice(0, 100_000));
  const end = ran.reduce((last, { startedAt, endedAt }) => Math.max(last, endedAt ?? startedAt), first);
  const chosen = new Set(
    [...ran]
      .sort((a, b) => Number(b.marked) - Number(a.marked) || (b.durationMs ?? 0) - (a.durationMs ?? 0))
      .slice(0, barsMax),
  );
  const bars = ran.filter((node) => chosen.has(node));
  const namePx = Math.round(
    Math.min(namePxMax, Math.max(...bars.map(({ name }) => textWidth(visible(name)))) * letterPx + 16),
  );
  const scale = (widthPx - namePx - 90) / Math.max(end - first, 1);
  const height = headPx + bars.length * rowPx + 6;
  const rows = bars.map((node, row) => {
    const x = Math.round(namePx + (node.startedAt - first) * scale);
    const took = (node.endedAt ?? end) - node.startedAt;
    const width = Math.max(Math.round(took * scale), 2);
    const y = headPx + row * rowPx;
    const name = visible(node.name);
    const short = name.length > lettersMax ? `${name.slice(0, lettersMax - 1)}…` : name;
    return (
      `<g><title>${escaped(`${name}: ${duration(took)}, ${node.status}`)}</title>` +
      `<text x="${namePx - 8}" y="${y + 12}" text-anchor="end">${escaped(short)}</text>` +
      `<rect class="${node.status}${node.marked ? " critical" : ""}" x="${x}" y="${y + 2}" width="${width}" height="${rowPx - 5}" rx="2"/>` +
      `<text class="soft" x="${x + width + 5}" y="${y + 12}">${duration(took)}</text></g>`
    );
  });
  const ticks = ticksOf(end - first).map((ms) => {
    const x = Math.round(namePx + ms * scale);
    return `<path class="tick" d="M${x} ${headPx - 6}V${height}"/><text class="soft" x="${x}" y="${headPx - 10}" text-anchor="middle">${ms === 0 ? "0" : duration(ms)}</text>`;
  });
  const svg = `<svg class="timeline" viewBox="0 0 ${widthPx} ${height}" width="${widthPx}" height="${height}" role="img"><title>When each node ran</title>${ticks.join("")}${rows.join("")}</svg>`;
  return { svg, left: ran.length - bars.length };
}

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
/** Times that people count in. */
const steps = [
  1,
  2,
  5,
  10,
  20,
  50,
  100,
  200,
  500,
  ...[1, 2, 5, 10, 15, 30].map((n) => n * second),
  ...[1, 2, 5, 10, 15, 30].map((n) => n * minute),
  ...[1, 2, 3, 6, 12, 24, 48, 120, 240].map((n) => n * hour),
];
const ticksMax = 8;

/** Round ms from 0 to the end, at most eight. */
export function ticksOf(wholeMs: number): readonly number[] {
  const step = steps.find((ms) => wholeMs / ms <= ticksMax - 1) ?? wholeMs / (ticksMax - 1);
  return Array.from({ length: Math.floor(wholeMs / step) + 1 }, (_, i) => i * step);
}
