// How long a plan may take: by what its tasks took in earlier runs, and at most by their timeouts.

import { type Analysis, sharedGraph } from "../runtime/analysis/analyze.ts";
import { analyze } from "../runtime/analysis/pool.ts";
import { openJournal } from "../runtime/journal.ts";
import { JournalError } from "../runtime/journal-errors.ts";
import { amountText, digits, spanText } from "../runtime/limit-texts.ts";
import type { Outline } from "../runtime/outline.ts";
import type { Project } from "./project.ts";
import { duration, shortDuration } from "./render/amounts.ts";
import { chainText } from "./render/chain.ts";
import type { Graph } from "./render/graph.ts";
import { count, visible } from "./render/text.ts";

/** Mean ms by task in earlier runs; none if there were none, and then nothing is made for them. */
export async function earlierDurations(project: Project): Promise<Readonly<Record<string, number>>> {
  try {
    const journal = await openJournal(project.state, { readOnly: true });
    try {
      return journal.durations();
    } finally {
      await journal.close();
    }
  } catch (error) {
    if (error instanceof JournalError) return {};
    throw error;
  }
}

/** Analysis with these weights by vertex; what is no node has none. */
export async function weighed(graph: Graph, weight: (i: number) => number): Promise<Analysis> {
  const shared = sharedGraph(graph.vertices.length, graph.edges.length);
  graph.edges.forEach(({ from, to }, k) => {
    shared.from[k] = from;
    shared.to[k] = to;
  });
  graph.vertices.forEach((vertex, i) => {
    shared.weights[i] = vertex.kind === "whole" ? 0 : weight(i);
  });
  return analyze(shared);
}

/** The chain that takes longest: by earlier runs where they are known, else by the number of its nodes. */
export async function longestChain(
  graph: Graph,
  byNodes: Analysis,
  durations: Readonly<Record<string, number>>,
): Promise<string | null> {
  const known = Object.entries(durations);
  const taskOf = (i: number) => graph.vertices[i]?.tasks[0] ?? "";
  const met = graph.vertices.some((_, i) => Object.hasOwn(durations, taskOf(i)));
  const mean = known.reduce((sum, [, ms]) => sum + ms, 0) / Math.max(1, known.length);
  const ms = (i: number) => (Object.hasOwn(durations, taskOf(i)) ? (durations[taskOf(i)] ?? mean) : mean);
  const { criticalPath, length } = met ? await weighed(graph, ms) : byNodes;
  const path = criticalPath.filter((i) => graph.vertices[i]?.kind !== "whole");
  const names = path.map((i) => graph.vertices[i]?.shown ?? "");
  if (names.length < 2) return null;
  const time = met ? `, ${duration(length)} by earlier runs` : "";
  return `longest chain, ${count(names.length, "node")}${time}: ${chainText(names)}`;
}

/** How long it may take if all timeouts run out; null for a plan that sets none. */
export async function worstCase(found: Outline, graph: Graph): Promise<string | null> {
  if (!found.nodes.some(({ worst }) => worst !== null && worst > 0)) return null;
  const endless = found.nodes.filter(({ worst }) => worst === null).map(({ name }) => visible(name));
  const [first] = endless;
  if (first !== undefined)
    return `worst case: no end, ${endless.length === 1 ? `${first} has` : `${first} and ${count(endless.length - 1, "other node")} have`} no \`timeout\``;
  const { length } = await weighed(graph, (i) => found.nodes[i]?.worst ?? 0);
  const later = graph.vertices.some(({ kind }) => kind === "template")
    ? ", without what is not yet known"
    : "";
  return `worst case: ${duration(length * 1000)}, if none waits for room${later}`;
}

/** How long it takes at least because of what limits allow; null for a plan that none makes wait. */
export function leastCase({ limits, templates }: Outline): string | null {
  if (limits === null) return null;
  const { limit, unit, amount, of, perSeconds, seconds } = limits;
  const later = templates.length > 0 ? ", without what is not yet known" : "";
  const why = `${amountText(amount, unit)} at ${digits(of)} per ${spanText(perSeconds)}`;
  return `at least ${shortDuration(seconds * 1000)} by the limit \`${visible(limit)}\`: ${why}${later}`;
}
