// The graph of a plan for people: a table, level by level, and Mermaid.

import type { EdgeKind } from "../../compiler/plan-steps.ts";
import type { TemplateKind } from "../../runtime/outline.ts";
import type { State } from "../../runtime/run-view.ts";
import { table } from "./table.ts";
import { count, visible } from "./text.ts";

/** A node that is known, a `for`, `if` or flow as a whole, what will grow when a value is known, or a handler. */
export interface Vertex {
  readonly kind: "node" | "whole" | "template" | "handler";
  readonly name: string;
  /** The name, with `[…]` where keys are not known. */
  readonly shown: string;
  /** Of a node its task; of a template those it may make. */
  readonly tasks: readonly string[];
  /** Why a template is not known yet. */
  readonly why: string | null;
  /** In a run: what became of it. */
  readonly state?: State;
  /** Its place on the critical path, from 0. */
  readonly critical?: number;
}

export interface Edge {
  readonly from: number;
  readonly to: number;
  readonly kind: EdgeKind;
}

export interface Graph {
  readonly vertices: readonly Vertex[];
  readonly edges: readonly Edge[];
}

interface Dependency {
  readonly of: string;
  readonly kind: EdgeKind;
}

/** What `outline` gives, as far as it is drawn. */
export interface Outlined {
  readonly nodes: readonly {
    readonly name: string;
    readonly task: string;
    readonly dependencies: readonly Dependency[];
  }[];
  readonly templates: readonly {
    readonly name: string;
    readonly kind: TemplateKind;
    readonly nodes: readonly { readonly name: string; readonly task: string }[];
    readonly dependencies: readonly Dependency[];
  }[];
}

/** Why a template's nodes are not known yet, in a clause. */
export function whyNotKnown(kind: TemplateKind): string {
  return {
    for: "one for each item, when the list is known",
    repeat: "once more for each further pass",
    recursion: "calls itself, if it comes to that",
    otherwise: "only if it fails",
    "on failure": "when its block has failed",
    finally: "at the end of its block, however it ends",
  }[kind];
}

/** The graph with one vertex for each thing that is waited for; who waits for a `for` waits for that one vertex. */
export function graphOf(outline: Outlined): Graph {
  const vertices: Vertex[] = [];
  const edges: Edge[] = [];
  const at = new Map<string, number>();
  const add = (vertex: Vertex): void => {
    if (!at.has(vertex.name)) at.set(vertex.name, vertices.length);
    vertices.push(vertex);
  };
  for (const { name, task } of outline.nodes)
    add({ kind: "node", name, shown: name, tasks: [task], why: null });
  for (const { name, kind, nodes } of outline.templates) {
    const tasks = [...new Set(nodes.map((node) => node.task))];
    const handler = kind === "on failure" || kind === "finally";
    const ends = { for: "[…]", repeat: "#…", recursion: ".…", otherwise: ".otherwise" };
    const shown = handler ? name : `${name}${ends[kind]}`;
    add({ kind: handler ? "handler" : "template", name, shown, tasks, why: whyNotKnown(kind) });
  }
  const rows = [...outline.nodes, ...outline.templates];
  for (const { dependencies } of rows)
    for (const { of } of dependencies)
      if (!at.has(of)) add({ kind: "whole", name: of, shown: of, tasks: [], why: null });
  rows.forEach(({ name, dependencies }, to) => {
    for (const { of, kind } of dependencies) edges.push({ from: at.get(of) ?? 0, to, kind });
    for (const outer of outerNames(name)) {
      const whole = at.get(outer);
      if (whole !== undefined && vertices[whole]?.kind === "whole")
        edges.push({ from: to, to: whole, kind: "data" });
    }
  });
  return { vertices, edges };
}

/** `a`, `a[k]`, `a[k].b` for `a[k].b.c`. A key may hold dots and brackets: what is no name of a vertex is no match. */
export function outerNames(name: string): readonly string[] {
  const found: string[] = [];
  for (let i = 1; i < name.length; i++) if (".[#".includes(name[i] ?? "")) found.push(name.slice(0, i));
  return found;
}

// As a table

/** Rows of one level; a level of a thousand nodes says no more than its first ones. */
const rowsPerLevelMax = 40;
const depsShownMax = 6;

/** `levels`: of each vertex, from 1, as far as known. */
export function planTable(graph: Graph, levels: readonly number[], width: number | null): readonly string[] {
  const deps = new Map<number, string[]>();
  for (const { from, to, kind } of graph.edges) {
    const name = visible(graph.vertices[from]?.shown ?? "");
    const list = deps.get(to) ?? [];
    list.push(kind === "data" ? name : `${name} (${kind})`);
    deps.set(to, list);
  }
  const byLevel = new Map<number, number[]>();
  graph.vertices.forEach((vertex, i) => {
    if (vertex.kind === "whole") return;
    // Handlers come last, and at no level: what they wait for is the end.
    const level = vertex.kind === "handler" ? Number.POSITIVE_INFINITY : (levels[i] ?? 0);
    byLevel.set(level, [...(byLevel.get(level) ?? []), i]);
  });
  const rows: string[][] = [];
  for (const [level, members] of [...byLevel].sort(([a], [b]) => a - b)) {
    members.slice(0, rowsPerLevelMax).forEach((i, k) => {
      const vertex = graph.vertices[i];
      if (vertex === undefined) return;
      const name = visible(vertex.shown);
      const waits = (deps.get(i) ?? []).slice(0, depsShownMax).join(", ");
      const more = (deps.get(i) ?? []).length - depsShownMax;
      const why = vertex.why === null ? "" : visible(vertex.why);
      rows.push([
        k === 0 && Number.isFinite(level) ? String(level) : "",
        name,
        vertex.tasks.map(visible).join(", "),
        [waits + (more > 0 ? `, … ${more} more` : ""), why].filter((text) => text !== "").join("; "),
      ]);
    });
    const hidden = members.length - rowsPerLevelMax;
    if (hidden > 0) rows.push(["", `… ${count(hidden, "more node", "more nodes")}`, "", ""]);
  }
  return table(
    [
      { title: "level", right: true },
      { title: "node", flexible: true },
      { title: "task" },
      { title: "waits for", flexible: true },
    ],
    rows,
    width,
  );
}

// As Mermaid

/** Mermaid draws no more edges than that by default. */
export const mermaidEdgesMax = 500;

/** A `flowchart`; names cannot leave their labels. */
export function mermaid(graph: Graph): string {
  const lines = ["flowchart TD"];
  graph.vertices.forEach((vertex, i) => {
    const text = label(vertex.shown);
    if (vertex.kind === "node") lines.push(`  n${i}["${text}"]`);
    else if (vertex.kind === "whole") lines.push(`  n${i}(("${text}"))`);
    else lines.push(`  n${i}[["${text}<br/>${label(vertex.why ?? "")}"]]`);
  });
  for (const { from, to, kind } of graph.edges)
    lines.push(kind === "data" ? `  n${from} --> n${to}` : `  n${from} -. ${kind} .-> n${to}`);
  return `${lines.join("\n")}\n`;
}

/** Everything that means something to Mermaid, Markdown or HTML becomes an entity. */
function label(text: string): string {
  return visible(text).replace(/["#<>&;`\\{}|()[\]*_~$%]/g, (sign) => `#${sign.codePointAt(0)};`);
}
