// `flowc show`: one run with its nodes.

import type { Journal } from "../runtime/journal.ts";
import { type Request as Asked, openRequests } from "../runtime/requests.ts";
import type { GateView, RunView } from "../runtime/run-view.ts";
import { answerFiles } from "./answer.ts";
import { requestText } from "./ask.ts";
import { warnOfGone } from "./gone.ts";
import { shownPath } from "./project.ts";
import { type NodeRecord, type RunRecord, recordOf } from "./record.ts";
import { duration, moment } from "./render/amounts.ts";
import { painter, type Style } from "./render/color.ts";
import { failureLines } from "./render/failure.ts";
import { gateLines } from "./render/gates.ts";
import { instancesJson, instancesLine } from "./render/instances.ts";
import { limitJson, limitLine } from "./render/limits.ts";
import { spendingJson, spendingLines } from "./render/spending.ts";
import { table } from "./render/table.ts";
import { count, visible } from "./render/text.ts";
import type { RequestOf } from "./request.ts";
import { exits } from "./stop.ts";
import { readRun, withJournal } from "./stored.ts";
import { keptTree } from "./trees.ts";
import { askLines } from "./unknown.ts";
import { groundLines, groundsOf, movingCommand } from "./waiting.ts";
import type { World } from "./world.ts";

/** More nodes than this are for `--json`. */
const nodesShownMax = 500;

export async function show(request: RequestOf<"show">, world: World): Promise<number> {
  return withJournal(world, request.state, async (journal, project) => {
    const { view, events, owner, gone } = await readRun(journal, project, request.run);
    warnOfGone(gone, view, world);
    const record = await recordOf(view, events, owner !== null, world.now());
    if (request.json) world.out.write(`${JSON.stringify(recordJson(record), null, 2)}\n`);
    else {
      const treeOf = (n: number) => keptTree(journal, record.run, n, world);
      for (const line of drawn(record, world, treeOf)) world.out.write(`${line}\n`);
      for (const line of toDecideOn(view, journal, world, openRequests(journal, record.run)))
        world.out.write(`${line}\n`);
      const asks = askLines(view, project.flag);
      for (const line of asks.length === 0 ? [] : ["", ...asks]) world.out.write(`${line}\n`);
      if (owner !== null)
        world.err.write(`process ${owner.pid} on ${visible(owner.host)} is at work on it\n`);
      const move = record.status === "waiting" ? movingCommand(view, project.flag) : null;
      if (move !== null) world.err.write(`next: ${move}\n`);
      else if (record.status !== "succeeded" && asks.length === 0 && owner === null)
        world.err.write(`next: flowc run --resume ${record.run}${project.flag}\n`);
    }
    return exits.well;
  });
}

/** What stands above open questions, the files of it, and what was said and not heard yet. */
function toDecideOn(
  view: RunView,
  journal: Journal,
  world: World,
  requests: readonly Asked[],
): readonly string[] {
  const grounds = groundsOf(view);
  const lines =
    grounds.length === 0 ? [] : ["", "to decide on:", ...groundLines(grounds).map((line) => `  ${line}`)];
  const files = grounds.flatMap(({ value }) => answerFiles(value, journal.artifacts));
  for (const { name, path } of files) lines.push(`  ${visible(name)}: ${visible(shownPath(world, path))}`);
  if (requests.length > 0) lines.push("", "takes effect when the run is resumed:");
  for (const request of requests) lines.push(`  ${requestText(request, view)}`);
  return lines;
}

export function statusStyle(status: string): Style {
  if (status === "succeeded") return "good";
  if (status === "failed") return "error";
  return status === "running" ? "note" : "warning";
}

function drawn(record: RunRecord, world: World, treeOf: (n: number) => string | null): readonly string[] {
  const paint = painter(world.out.color);
  const columns = world.out.columns();
  const lines = [
    `${paint("strong", record.run)} ${visible(record.flow)} ${paint(statusStyle(record.status), record.status)}`,
    `started ${moment(record.startedAt)}, took ${tookText(record)}${record.on === null ? "" : `, on ${visible(record.on)}`}${record.set.length === 0 ? "" : `, with ${record.set.map(visible).join(" ")}`}`,
    countsLine(record),
    ...record.instances.map((each) => instancesLine(each, record.status === "running")),
    ...record.limits.map((each) => limitLine(each, record.status === "running", record.seenAt)),
    ...spendingLines(record.spending),
  ];
  for (const { failure, node } of record.causes) {
    lines.push(...failureLines(failure, columns ?? Number.POSITIVE_INFINITY, paint));
    const tree = node === null ? null : treeOf(node.n);
    if (tree !== null) lines.push(tree);
  }
  for (const gate of record.gates) lines.push(...gateLines(gate, paint));
  lines.push("");
  const rows = record.nodes
    .slice(0, nodesShownMax)
    .map((node) => [
      visible(node.name),
      visible(node.task),
      node.attempts > 1 ? String(node.attempts) : "",
      node.durationMs === null ? "" : duration(node.durationMs),
      statusWord(node, record.status),
    ]);
  const drawnTable = table(
    [
      { title: "node", flexible: true },
      { title: "task" },
      { title: "attempts", right: true },
      { title: "took", right: true },
      { title: "status" },
    ],
    rows,
    columns,
  );
  drawnTable.forEach((line, i) => {
    const node = record.nodes[i - 1];
    lines.push(i === 0 || node === undefined ? paint("dim", line) : painted(line, node, record, paint));
  });
  const hidden = record.nodes.length - nodesShownMax;
  if (hidden > 0) lines.push(`… ${hidden} more nodes: flowc show ${record.run} --json`);
  return lines;
}

function painted(
  line: string,
  node: NodeRecord,
  record: RunRecord,
  paint: (style: Style, text: string) => string,
): string {
  const word = statusWord(node, record.status);
  return line.endsWith(word) ? line.slice(0, -word.length) + paint(statusStyle(node.status), word) : line;
}

/** The state of a node, and why it is in it where that is not plain. */
export function statusWord(node: NodeRecord, run: RunRecord["status"]): string {
  if (
    run !== "running" &&
    run !== "waiting" &&
    node.held === null &&
    (node.status === "ready" || node.status === "waiting")
  )
    return "not started";
  if (node.reusedFrom !== null) return `cached, from ${node.reusedFrom}`;
  if (node.answered) return `${node.status}, answered`;
  if (node.skipped === "branch") return "skipped, not chosen";
  if (node.skipped === "failure") return "skipped, needs what failed";
  if (node.skipped === "person") return node.said ?? "skipped by a person";
  if (node.held !== null) return `held by ${visible(node.held)}`;
  return [node.status, ...node.early.map(({ field, afterMs }) => `${field} after ${duration(afterMs)}`)].join(
    ", ",
  );
}

/** `38 succeeded, 1 failed, 4 skipped`. */
export function countsLine({
  counts,
  status,
  tolerated,
}: Pick<RunRecord, "counts" | "status" | "tolerated">): string {
  const states = ["succeeded", "failed", "skipped", "cancelled", "running", "unknown"] as const;
  const parts = states.filter((state) => counts[state] > 0).map((state) => `${counts[state]} ${state}`);
  if (counts.reused > 0) parts[0] = `${parts[0]} (${counts.reused} cached)`;
  const left = counts.ready + counts.waiting;
  if (left > 0)
    parts.push(`${left} ${status === "running" || status === "waiting" ? "waiting" : "not started"}`);
  if (tolerated.length > 0) parts.push(`${tolerated.length} tolerated`);
  if (counts.answered > 0) parts.push(`${counts.answered} answered by otherwise`);
  return `${count(counts.total, "node")}${parts.length > 0 ? `: ${parts.join(", ")}` : ""}`;
}

const iso = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString());

/** Pauses are told apart: less than this is none. */
const pauseMsMin = 10_000;

/** `5m02s, 4m30s of it waiting for a person, resumed 2 times after 3h` */
export function tookText({ wallMs, waitedMs, resumed, startedAt, seenAt }: RunRecord): string {
  const waited = waitedMs < pauseMsMin ? "" : `, ${duration(waitedMs)} of it waiting for a person`;
  const restMs = seenAt - startedAt - wallMs;
  const rest = restMs < pauseMsMin ? "" : ` after ${duration(restMs)} of rest`;
  return `${duration(wallMs)}${waited}${resumed > 0 ? `, resumed ${count(resumed, "time")}${rest}` : ""}`;
}

/** The record as `show --json`, `report --format json` and `run --json` print it. */
export function recordJson(record: RunRecord) {
  return {
    version: 1,
    run: record.run,
    flow: record.flow,
    status: record.status,
    started_at: iso(record.startedAt),
    ended_at: iso(record.endedAt),
    wall_ms: record.wallMs,
    waited_ms: record.waitedMs,
    total_ms: record.totalMs,
    mean_ms: record.meanMs,
    critical_path: record.critical,
    at_the_same_time: record.sideBySide,
    instances: record.instances.map(instancesJson),
    limits: record.limits.map(limitJson),
    spending: spendingJson(record.spending),
    resumed: record.resumed,
    reused: record.reused,
    counts: record.counts,
    on: record.on,
    set: record.set,
    inputs: record.inputs,
    output: record.output,
    failures: record.causes.map(({ failure, affected }) => ({ ...failureJson(failure), affected })),
    artifacts: record.artifacts,
    gates: record.gates.map(gateJson),
    nodes: record.nodes.map(nodeJson),
  };
}

function gateJson({ name, passed, items }: GateView) {
  return {
    gate: name,
    passed,
    items: items.map((item) =>
      item.kind === "check"
        ? { kind: "check", item: item.item, held: item.held, note: item.note }
        : {
            kind: "approve",
            item: item.item,
            state: item.state,
            asks: item.asks,
            opened_at: iso(item.openedAt),
            until: iso(item.until),
            decided_by: item.decision?.by ?? null,
            decided_at: iso(item.decision?.at ?? null),
            note: item.decision?.note ?? item.note,
            late: item.late.map(({ answer, by, note, at }) => ({ answer, by, note, at: iso(at) })),
          },
    ),
  };
}

function failureJson(failure: RunRecord["causes"][number]["failure"]) {
  const { name, why, message, exit, signal, tail } = failure;
  return { node: name, why, message, exit, signal, tail };
}

function nodeJson(node: NodeRecord) {
  return {
    node: node.name,
    task: node.task,
    key: node.key,
    status: node.status,
    unknown: node.unknown,
    answered: node.answered,
    skipped_by: node.skipped,
    held_by: node.held,
    attempts: node.attempts,
    reused_from: node.reusedFrom,
    handler: node.handler,
    started_at: iso(node.startedAt),
    ended_at: iso(node.endedAt),
    duration_ms: node.durationMs,
    instance: node.instance === null ? null : { runner: node.instance.runner, number: node.instance.i },
    early: node.early.map(({ field, afterMs }) => ({ field, after_ms: afterMs })),
  };
}
