// The graph of a plan as a picture: a self-contained SVG, levels from left to right, the same bytes for the same graph.

import type { EdgeKind } from "../../compiler/plan-steps.ts";
import type { State } from "../../runtime/run-view.ts";
import type { Edge, Graph, Vertex } from "./graph.ts";
import { escaped } from "./markup.ts";
import { visible } from "./text.ts";

/** With more vertices than this, those that differ only in their keys are drawn as one box with their number. */
export const boxesMax = 120;
/** How often the order inside the levels is improved; more passes change little. */
const passes = 4;

const letterPx = 7.3;
const lettersMax = 34;
const box = { height: 34, gapX: 70, gapY: 14, padding: 10 } as const;
const margin = 20;
const headPx = 40;
const legendPx = 26;

interface Box {
  readonly vertex: Vertex;
  /** How many vertices it stands for. */
  readonly times: number;
  readonly level: number;
  readonly width: number;
  x: number;
  y: number;
}

interface Drawing {
  readonly boxes: readonly Box[];
  readonly edges: readonly Edge[];
  readonly width: number;
  readonly height: number;
}

/** `levels`: of each vertex, from 0. */
export function svg(title: string, graph: Graph, levels: readonly number[]): string {
  const chosen = graph.vertices.length > boxesMax ? merged(graph, levels) : boxed(graph, levels);
  const drawing = layOut({ boxes: chosen.boxes, edges: told(chosen) });
  const { boxes, edges, width, height } = drawing;
  const kinds = [...new Set(edges.map(({ kind }) => kind))].sort();
  const nodes = boxes.reduce((sum, { times, vertex }) => sum + (vertex.kind === "node" ? times : 0), 0);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`,
    `<title>${escaped(title)}</title>`,
    `<style>${style}</style>`,
    '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="9" markerHeight="9" markerUnits="userSpaceOnUse" orient="auto"><path class="tip" d="M0 0L8 4L0 8Z"/></marker></defs>',
    `<rect class="back" width="${width}" height="${height}"/>`,
    `<text class="head" x="${margin}" y="${margin + 8}">${escaped(title)}</text>`,
    `<text class="small" x="${margin}" y="${margin + 24}">${nodes} ${nodes === 1 ? "node" : "nodes"}</text>`,
    ...edges.map((edge) => arrow(edge, boxes)),
    ...boxes.map(drawn),
    ...legend(kinds, height),
    "</svg>",
    "",
  ].join("\n");
}

/** Light and dark as the reader's system has it; kinds of edges differ by their stroke, not by colour alone. */
const style = `
svg { --back: #fff; --ink: #1c2430; --soft: #5c6675; --line: #8a94a3; --node: #eef3fb; --whole: #f6f6f6; --grows: #fff6e0; }
@media (prefers-color-scheme: dark) { svg { --back: #14181f; --ink: #e6eaf0; --soft: #9aa5b4; --line: #66717f; --node: #1f2a3a; --whole: #1d2126; --grows: #332a14; } }
text { font: 12px ui-monospace, Menlo, Consolas, monospace; fill: var(--ink); }
.head { font-size: 15px; font-weight: 600; } .small { font-size: 10.5px; fill: var(--soft); }
.back { fill: var(--back); } .tip { fill: var(--line); }
.box { stroke: var(--line); stroke-width: 1; fill: var(--node); } .whole { fill: var(--whole); } .template { fill: var(--grows); stroke-dasharray: 5 3; }
.is-succeeded { stroke: #1d7f45; stroke-width: 1.5; } .is-failed, .is-unknown { stroke: #c02b2b; stroke-width: 2; fill: #c02b2b22; } .is-running { stroke: #c77700; stroke-width: 2; } .is-skipped, .is-cancelled, .is-waiting, .is-ready { stroke-dasharray: 3 3; fill: none; }
.edge { fill: none; stroke: var(--line); stroke-width: 1.3; marker-end: url(#tip); }
.on-path { stroke: #e08a00; stroke-width: 2.6; }
.order { stroke-dasharray: 6 4; } .phase { stroke-dasharray: 2 3; } .gate { stroke-dasharray: 2 3; stroke-width: 2.4; } .early { stroke-dasharray: 10 3 2 3; }
`.trim();

// Boxes

function boxed(graph: Graph, levels: readonly number[]): { boxes: Box[]; edges: readonly Edge[] } {
  return {
    boxes: graph.vertices.map((vertex, i) => boxOf(vertex, 1, Math.max(levels[i] ?? 0, 0))),
    edges: graph.edges,
  };
}

function boxOf(vertex: Vertex, times: number, level: number): Box {
  const letters = Math.max(
    shownName(vertex, times).length,
    ...notes(vertex).map((text) => text.length * 0.88),
  );
  const width = Math.round(Math.min(letters, lettersMax) * letterPx) + box.padding * 2;
  return { vertex, times, level, width, x: 0, y: 0 };
}

/** Vertices whose names differ in their keys alone stand for each other. */
function merged(graph: Graph, levels: readonly number[]): { boxes: Box[]; edges: readonly Edge[] } {
  const groups = new Map<string, { vertex: Vertex; times: number; level: number; at: number }>();
  const groupOf = graph.vertices.map((vertex, i) => {
    const shown = vertex.shown.replace(/\[[^\]]*\]/g, "[…]");
    const key = `${vertex.kind} ${shown}`;
    const group = groups.get(key) ?? { vertex: { ...vertex, shown }, times: 0, level: 0, at: groups.size };
    group.vertex = marked(group.vertex, vertex);
    groups.set(key, group);
    group.times++;
    group.level = Math.max(group.level, levels[i] ?? 0);
    return group.at;
  });
  const edges = new Map<string, Edge>();
  for (const edge of graph.edges) {
    const from = groupOf[edge.from] ?? 0;
    const to = groupOf[edge.to] ?? 0;
    edges.set(`${from} ${to} ${edge.kind}`, { from, to, kind: edge.kind });
  }
  const boxes = [...groups.values()].map(({ vertex, times, level }) => boxOf(vertex, times, level));
  return { boxes, edges: [...edges.values()] };
}

/** What is worst comes first: a box for many is drawn as the worst of them. */
const worstFirst: readonly State[] = [
  "failed",
  "unknown",
  "running",
  "ready",
  "waiting",
  "cancelled",
  "skipped",
  "succeeded",
];

function marked(group: Vertex, { state, critical }: Vertex): Vertex {
  const states = [group.state, state].filter((one) => one !== undefined);
  const worst = worstFirst.find((one) => states.includes(one));
  return {
    ...group,
    ...(worst === undefined ? {} : { state: worst }),
    ...(critical === undefined ? {} : { critical }),
  };
}

/** Without arrows that go beside a whole which says the same: `a` to `x[k].b` to `x` needs no arrow from `a` to `x`. */
function told({ boxes, edges }: { boxes: readonly Box[]; edges: readonly Edge[] }): readonly Edge[] {
  const into = new Map<number, Set<number>>();
  for (const { from, to } of edges) into.set(to, (into.get(to) ?? new Set()).add(from));
  return edges.filter(({ from, to }) => {
    for (const between of into.get(to) ?? [])
      if (boxes[between]?.vertex.kind === "whole" && into.get(between)?.has(from) === true) return false;
    return true;
  });
}

// Layout

function layOut({ boxes, edges }: { boxes: Box[]; edges: readonly Edge[] }): Drawing {
  const columns: Box[][] = [];
  for (const each of boxes) {
    const column = columns[each.level] ?? [];
    columns[each.level] = column;
    column.push(each);
  }
  const full = columns.filter((column) => column !== undefined);
  order(full, neighbours(boxes, edges));
  let x = margin;
  let height = 0;
  for (const column of full) {
    const wide = column.reduce((most, { width }) => Math.max(most, width), 0);
    column.forEach((each, row) => {
      each.x = x;
      each.y = margin + headPx + row * (box.height + box.gapY);
      height = Math.max(height, each.y + box.height);
    });
    x += wide + box.gapX;
  }
  const width = Math.max(Math.round(x - box.gapX + margin), 320);
  return { boxes, edges, width, height: Math.round(height + margin + legendPx) };
}

function neighbours(boxes: readonly Box[], edges: readonly Edge[]): ReadonlyMap<Box, readonly Box[]> {
  const all = new Map<Box, Box[]>();
  const add = (one: Box, other: Box): void => {
    const list = all.get(one);
    if (list === undefined) all.set(one, [other]);
    else list.push(other);
  };
  for (const { from, to } of edges) {
    const [a, b] = [boxes[from], boxes[to]];
    if (a === undefined || b === undefined) continue;
    add(a, b);
    add(b, a);
  }
  return all;
}

/** Each level by the middle of what its boxes are joined to, so that few arrows cross. Equal ones stay in plan order. */
function order(columns: readonly Box[][], joined: ReadonlyMap<Box, readonly Box[]>): void {
  const place = new Map<Box, number>();
  const note = (column: readonly Box[]): void => {
    column.forEach((each, i) => {
      place.set(each, i / Math.max(column.length, 1));
    });
  };
  for (const column of columns) note(column);
  for (let pass = 0; pass < passes; pass++)
    for (const column of columns) {
      const middles = new Map(column.map((each) => [each, middleOf(joined.get(each) ?? [], place)]));
      column.sort((a, b) => (middles.get(a) ?? 0) - (middles.get(b) ?? 0));
      note(column);
    }
}

function middleOf(boxes: readonly Box[], place: ReadonlyMap<Box, number>): number {
  if (boxes.length === 0) return 1;
  return boxes.reduce((sum, each) => sum + (place.get(each) ?? 0), 0) / boxes.length;
}

// Drawing

function drawn(each: Box): string {
  const { vertex, times, width, x, y } = each;
  const name = shownName(vertex, times);
  const [note = ""] = notes(vertex);
  const middle = note === "" ? y + 21 : y + 15;
  const second =
    note === ""
      ? ""
      : `<text class="small" x="${x + box.padding}" y="${y + 28}">${escaped(short(note))}</text>`;
  const said = vertex.state === undefined ? [] : [vertex.state];
  return (
    `<g><title>${escaped([name, ...notes(vertex), ...said].join("\n"))}</title>` +
    `<rect class="${classes("box", vertex.kind, vertex)}" x="${x}" y="${y}" width="${width}" height="${box.height}" rx="${vertex.kind === "whole" ? 17 : 4}"/>` +
    `<text x="${x + box.padding}" y="${middle}">${escaped(short(name))}</text>${second}</g>`
  );
}

function shownName({ shown }: Vertex, times: number): string {
  return times > 1 ? `${visible(shown)} × ${times}` : visible(shown);
}

/** What a template waits for, or a node's task where the name does not say it. */
function notes({ kind, shown, tasks, why }: Vertex): readonly string[] {
  if (kind === "template") return [visible(why ?? "")];
  const others = tasks.filter((task) => shown !== task && !shown.endsWith(`.${task}`));
  return others.length > 0 ? [others.map(visible).join(", ")] : [];
}

function arrow({ from, to, kind }: Edge, boxes: readonly Box[]): string {
  const [a, b] = [boxes[from], boxes[to]];
  if (a === undefined || b === undefined || a === b) return "";
  const [x1, y1, x2, y2] = [a.x + a.width, a.y + box.height / 2, b.x, b.y + box.height / 2];
  const bend = Math.round(Math.max((x2 - x1) / 2, 24));
  const [before, after] = [a.vertex.critical, b.vertex.critical];
  const both = before !== undefined && after === before + 1 && a.times === 1 && b.times === 1;
  return `<path class="${classes("edge", kind, both ? { critical: before } : {})}" d="M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}"/>`;
}

function classes(
  what: string,
  kind: string,
  { state, critical }: Pick<Vertex, "state" | "critical">,
): string {
  const parts = [
    what,
    kind,
    ...(state === undefined ? [] : [`is-${state}`]),
    ...(critical !== undefined ? ["on-path"] : []),
  ];
  return parts.join(" ");
}

/** Says which stroke is which; a picture with data alone needs no words. */
function legend(kinds: readonly EdgeKind[], height: number): readonly string[] {
  if (kinds.every((kind) => kind === "data")) return [];
  return kinds.map((kind, i) => {
    const x = margin + i * 90;
    const y = height - margin;
    return `<path class="edge ${kind}" d="M${x} ${y}H${x + 32}"/><text class="small" x="${x + 40}" y="${y + 4}">${kind}</text>`;
  });
}

function short(text: string): string {
  const letters = [...text];
  return letters.length <= lettersMax ? text : `${letters.slice(0, lettersMax - 1).join("")}…`;
}
