// `flowc plan`: what would run and what waits for what, as a table, as JSON, as a picture, for Mermaid or for Graphviz.

import type { Plan } from "../compiler/plan.ts";
import { schemaOf } from "../compiler/schema.ts";
import type { Type, Value } from "../compiler/types.ts";
import type { Analysis } from "../runtime/analysis/analyze.ts";
import { closeAnalysis } from "../runtime/analysis/pool.ts";
import { openArtifacts } from "../runtime/artifacts.ts";
import { openFiles } from "../runtime/files.ts";
import { type Outline, outline, problemsOf } from "../runtime/outline.ts";
import { placeOf } from "../runtime/places.ts";
import type { Fate } from "../runtime/preview.ts";
import type { FileAccess } from "../runtime/values.ts";
import { drawForetold, fatesOf } from "./foretold.ts";
import { readInputs } from "./inputs.ts";
import { loadPlan } from "./load-plan.ts";
import { lookOnly } from "./look.ts";
import { earlierDurations, leastCase, longestChain, weighed, worstCase } from "./plan-times.ts";
import { type Project, projectOf } from "./project.ts";
import { duration } from "./render/amounts.ts";
import { painter } from "./render/color.ts";
import { dot } from "./render/dot.ts";
import { type Graph, graphOf, mermaid, mermaidEdgesMax, planTable, whyNotKnown } from "./render/graph.ts";
import { plannedBudgets } from "./render/spending.ts";
import { svg } from "./render/svg.ts";
import { count, visible, visibleLines } from "./render/text.ts";
import type { RequestOf } from "./request.ts";
import { exits, Stop, shellWord } from "./stop.ts";
import type { World } from "./world.ts";

/** Names on the critical path that are written out. */
const pathNamesMax = 12;

export async function plan(request: RequestOf<"plan">, world: World): Promise<number> {
  const loaded = loadPlan(
    { file: request.file, flow: request.flow, on: request.on, set: request.set, command: "plan" },
    world,
  );
  const project = projectOf(world, request.file, request.state);
  const words = [request.file, request.flow].flatMap((word) => word ?? []).map(shellWord);
  const command = `flowc plan ${words.join(" ")}${project.flag}`;
  const inputs = await readInputs(loaded, request, world, {
    missing: "unknown",
    command,
    look: lookOnly(world.cwd, project.root),
  });
  const found = outlined(loaded, inputs, project, command);
  if (request.format === "json") {
    const fates = await fatesOf({ plan: loaded, inputs, only: null, on: request.on }, project, world);
    world.out.write(`${JSON.stringify(document(loaded, found, fates), null, 2)}\n`);
    return exits.well;
  }
  const graph = graphOf(found);
  if (request.format === "mermaid") {
    world.out.write(mermaid(graph));
    if (graph.edges.length > mermaidEdgesMax)
      world.err.write(
        `warning: ${graph.edges.length} edges; Mermaid draws ${mermaidEdgesMax} unless its maxEdges is raised\n`,
      );
    return exits.well;
  }
  if (request.format === "dot") world.out.write(dot(loaded.flow, graph));
  else if (request.format === "svg") {
    world.out.write(svg(loaded.flow, graph, [...(await analysed(graph)).levels]));
    await closeAnalysis();
  } else {
    await drawPlan(loaded, found, graph, project, request.on, world);
    await drawForetold({ plan: loaded, inputs, only: null, on: request.on }, project, world);
  }
  return exits.well;
}

/** The nodes that are known with these inputs; a plan that cannot run as it is ends the command. */
export function outlined(
  plan: Plan,
  inputs: Readonly<Record<string, Value>>,
  project: Project,
  next: string,
): Outline {
  const found = outline(plan, inputs, filesOf(project, plan));
  refuse(found.problems, next);
  return found;
}

/** A plan that cannot run as it is ends the command. */
export function refuseProblems(
  plan: Plan,
  inputs: Readonly<Record<string, Value>>,
  project: Project,
  next: string,
): void {
  refuse(problemsOf(plan, inputs, filesOf(project, plan)), next);
}

function filesOf(project: Project, plan: Plan): FileAccess {
  return openFiles(project.root, plan, openArtifacts(project.state));
}

function refuse(problems: Outline["problems"], next: string): void {
  if (problems.length > 0) throw new Stop(exits.wrong, problemLines(problems).join("\n"), next);
}

/** A line for each problem; nodes with the same one share a line. `how`: what is said of the nodes before it. */
export function problemLines(problems: Outline["problems"], how = ""): readonly string[] {
  const names = new Map<string, string[]>();
  for (const { name, message } of problems) names.set(message, [...(names.get(message) ?? []), name]);
  return [...names].map(([message, [first = "", ...others]]) => {
    const more = others.length === 0 ? "" : ` and ${count(others.length, "other node")}`;
    return `${visible(first)}${more}${how}: ${visibleLines(message)}`;
  });
}

/** Where it is known whether the node runs or an answer of before is taken. */
function reuseOf(fate: Fate | undefined) {
  if (fate === undefined) return {};
  return { fate: fate.as, ...(fate.as === "reused" ? { reused_from: fate.from } : {}) };
}

/** A plan document by `docs/plan.schema.json`: the plan, the nodes known now, and the schemas of all that comes in. */
function document(plan: Plan, found: Outline, fates: ReadonlyMap<string, Fate>) {
  const schema = (type: Type) => schemaOf(type, plan.types);
  const record = (params: readonly { readonly name: string; readonly type: Type }[]) =>
    Object.fromEntries(params.map((one) => [one.name, schema(one.type)]));
  return {
    ...plan,
    nodes: found.nodes.map(({ n, name, task, key, dependencies }) => ({
      n,
      name,
      task,
      key,
      deps: dependencies,
      ...reuseOf(fates.get(name)),
    })),
    templates: found.templates.map(({ name, kind, nodes, dependencies }) => ({
      name,
      why: whyNotKnown(kind),
      tasks: [...new Set(nodes.map((node) => node.task))],
      nodes,
      deps: dependencies,
    })),
    schemas: {
      inputs: record(plan.inputs),
      answer: plan.answer === null ? null : schema(plan.answer),
      tasks: Object.fromEntries(
        Object.entries(plan.tasks).map(([name, task]) => [
          name,
          { params: record(task.params), answer: task.answer === null ? null : schema(task.answer) },
        ]),
      ),
    },
  };
}

/** The table, and above it the plan in one line. */
export async function drawPlan(
  plan: Plan,
  found: Outline,
  graph: Graph,
  project: Project,
  on: string | null,
  world: World,
): Promise<void> {
  const analysis = await analysed(graph);
  const levels = realLevels(graph, analysis);
  const paint = painter(world.out.color);
  const wide = widest(graph, levels);
  const top = levels.reduce((most, level) => Math.max(most, level), 0);
  const unknown = graph.vertices.filter(({ kind }) => kind === "template").length;
  const head = [
    count(found.nodes.length, "node"),
    ...(unknown > 0 ? [`${count(unknown, "part")} not yet known (…)`] : []),
    count(top, "level"),
    ...(wide > 1 ? [`${wide} side by side`] : []),
  ];
  world.out.write(`${paint("strong", visible(plan.flow))}: ${head.join(", ")}\n`);
  const chain = await longestChain(graph, analysis, await earlierDurations(project));
  const worst = await worstCase(found, graph);
  await closeAnalysis();
  for (const line of [chain, leastCase(found), worst]) if (line !== null) world.out.write(`${line}\n`);
  if (found.deadlines.length > 0) {
    const shown = found.deadlines
      .slice(0, pathNamesMax)
      .map(({ name, seconds }) => `${visible(name)} ${seconds === null ? "…" : duration(seconds * 1000)}`);
    const more = found.deadlines.length - shown.length;
    world.out.write(`deadlines: ${shown.join(", ")}${more > 0 ? `, … ${more} more` : ""}\n`);
  }
  const budgets = plannedBudgets(plan);
  if (budgets !== null) world.out.write(`${budgets}\n`);
  for (const line of placeLines(plan, on)) world.out.write(`${line}\n`);
  world.out.write("\n");
  for (const line of planTable(graph, levels, world.out.columns())) world.out.write(`${line}\n`);
}

/** `rust on docker: build, test` for each declared runner. */
function placeLines(plan: Plan, on: string | null): readonly string[] {
  return plan.runners.flatMap(({ name }) => {
    const place = placeOf(plan, name, on);
    const tasks = Object.values(plan.tasks).flatMap((task) =>
      task.settings.runner === name ? [task.name] : [],
    );
    const shown = tasks.slice(0, pathNamesMax).map(visible).join(", ");
    const more = tasks.length > pathNamesMax ? `, … ${tasks.length - pathNamesMax} more` : "";
    return "problem" in place
      ? []
      : [`${visible(name)} on ${visible(place.kind)}${shown === "" ? "" : ": "}${shown}${more}`];
  });
}

/** By the number of nodes. */
const analysed = (graph: Graph): Promise<Analysis> => weighed(graph, () => 1);

/** How many nodes the largest level has: so many at least could run at once. */
function widest(graph: Graph, levels: readonly number[]): number {
  const counts = new Map<number, number>();
  levels.forEach((level, i) => {
    if (graph.vertices[i]?.kind === "node") counts.set(level, (counts.get(level) ?? 0) + 1);
  });
  return [...counts.values()].reduce((most, one) => Math.max(most, one), 0);
}

/** Levels from 1 that count nodes only: a `for` as a whole is not one of them. */
function realLevels(graph: Graph, analysis: Analysis): readonly number[] {
  const incoming = new Map<number, number[]>();
  for (const { from, to } of graph.edges) {
    const list = incoming.get(to);
    if (list === undefined) incoming.set(to, [from]);
    else list.push(from);
  }
  const levels: number[] = new Array<number>(graph.vertices.length).fill(0);
  const order = [...levels.keys()].sort((a, b) => (analysis.levels[a] ?? 0) - (analysis.levels[b] ?? 0));
  for (const i of order) {
    let below = 0;
    for (const from of incoming.get(i) ?? []) below = Math.max(below, levels[from] ?? 0);
    levels[i] = below + (graph.vertices[i]?.kind === "whole" ? 0 : 1);
  }
  return levels;
}
