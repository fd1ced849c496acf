// `flowc report`: one run as a document, failures first: Markdown, HTML, JSON, or JUnit XML.

import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import type { RunView } from "../runtime/run-view.ts";
import { warnOfGone } from "./gone.ts";
import type { Project } from "./project.ts";
import { type RunRecord, recordOf } from "./record.ts";
import { duration, moment, share, size, valueText } from "./render/amounts.ts";
import { chainText } from "./render/chain.ts";
import type { Paint } from "./render/color.ts";
import { gateLines } from "./render/gates.ts";
import { html } from "./render/html.ts";
import { instancesLine } from "./render/instances.ts";
import { junit } from "./render/junit.ts";
import { limitLine } from "./render/limits.ts";
import { spendingLines } from "./render/spending.ts";
import { count, visible, visibleLines } from "./render/text.ts";
import type { ReportFormat, RequestOf } from "./request.ts";
import { graphOfRun } from "./run-graph.ts";
import { recordJson, statusWord } from "./show.ts";
import { exits, Stop } from "./stop.ts";
import { readRun, withJournal } from "./stored.ts";
import type { World } from "./world.ts";

const affectedShownMax = 20;
const outputLengthMax = 4_000;

export async function report(request: RequestOf<"report">, world: World): Promise<number> {
  return withJournal(world, request.state, async (journal, project) => {
    const { view, events, owner, gone } = await readRun(journal, project, request.run);
    warnOfGone(gone, view, world);
    const record = await recordOf(view, events, owner !== null, world.now());
    world.out.write(await reportText(record, view, request.format));
    return exits.well;
  });
}

/** Writes a report at a run's end; gives what to say if that does not succeed, after all else was said. */
export async function notWritten(
  shown: string,
  record: RunRecord,
  view: RunView,
  project: Project,
  world: World,
): Promise<Stop | null> {
  const format = formatOf(shown);
  const text = await reportText(record, view, format);
  try {
    writeFileSync(resolve(world.cwd, shown), text);
    return null;
  } catch (error) {
    if (!(error instanceof Error && "syscall" in error)) throw error;
    return new Stop(
      record.status === "succeeded" ? exits.disk : exits.failed,
      `The report could not be written: ${error.message}`,
      `flowc report ${record.run}${format === "md" ? "" : ` --format ${format}`}${project.flag}`,
    );
  }
}

/** The format that a file's name asks for. */
export function formatOf(file: string): ReportFormat {
  const end = /\.(json|html?|xml)$/i.exec(file)?.[1]?.toLowerCase();
  if (end === "json") return "json";
  return end === undefined ? "md" : end === "xml" ? "junit" : "html";
}

/** Long parts of the Markdown that can be left out. */
export type Parts = readonly ("nodes" | "artifacts")[];

/** The whole document, with its last newline. */
export async function reportText(
  record: RunRecord,
  view: RunView,
  format: ReportFormat,
  without: Parts = [],
): Promise<string> {
  if (format === "json") return `${JSON.stringify(recordJson(record), null, 2)}\n`;
  if (format === "junit") return junit(record);
  if (format === "html")
    return html(record, await graphOfRun(view, record.critical.nodes), (node) =>
      statusWord(node, record.status),
    );
  return `${[
    ...head(record),
    ...undecided(record),
    ...failures(record),
    ...gates(record),
    ...inputs(record),
    ...answer(record),
    ...(without.includes("artifacts") ? [] : artifacts(record)),
    ...(without.includes("nodes") ? [] : nodes(record)),
  ].join("\n")}\n`;
}

function head(record: RunRecord): readonly string[] {
  const { counts } = record;
  const ran = counts.succeeded + counts.failed;
  const rows: readonly (readonly [string, string])[] = [
    ["Run", record.run],
    ["Status", record.status],
    ["Started", moment(record.startedAt)],
    ["Wall time", duration(record.wallMs)],
    ["Critical path", criticalText(record)],
    [
      "At the same time",
      `${record.sideBySide.mean.toFixed(1)} on average, at most ${record.sideBySide.most}`,
    ],
    ["Nodes", String(counts.total)],
    ["Succeeded", `${counts.succeeded} (${share(counts.succeeded, ran)} of those that ran)`],
    ...(counts.reused > 0 ? [["Cached", `${counts.reused} of these did not have to run`] as const] : []),
    [
      "Failed",
      `${counts.failed}${counts.answered > 0 ? `, ${counts.answered} answered by \`otherwise\`` : ""}`,
    ],
    ["Skipped", String(counts.skipped)],
    ...(counts.unknown > 0 ? [["Not known how they ended", String(counts.unknown)] as const] : []),
    ...(counts.cancelled > 0 ? [["Cancelled", String(counts.cancelled)] as const] : []),
    [
      "Time of all nodes",
      `${duration(record.totalMs)}, ${record.meanMs === null ? "none ran" : `${duration(record.meanMs)} each`}`,
    ],
    ...record.instances.map(
      (each) => ["Instances", instancesLine(each, record.status === "running")] as const,
    ),
    ...record.limits.map(
      (each) => ["Limit", limitLine(each, record.status === "running", record.seenAt)] as const,
    ),
    ...spendingLines(record.spending).map((line) => ["Agents", line] as const),
    ...(record.resumed > 0
      ? [["Resumed", `${count(record.resumed, "time")}; ${count(record.reused, "result")} reused`] as const]
      : []),
  ];
  return [`# ${text(record.flow)}: ${record.status}`, "", "| | |", "| --- | --- |", ...rows.map(row)];
}

/** `7m02s over 3 nodes: fetch → build → pack` */
function criticalText({ critical: { ms, nodes: names } }: RunRecord): string {
  const chain = names.length < 2 ? "" : `: ${chainText(names)}`;
  return `${duration(ms)}, ${count(names.length, "node")}${chain}`;
}

/** What the run was given. */
function inputs(record: RunRecord): readonly string[] {
  const given = Object.entries(record.inputs);
  if (given.length === 0) return [];
  const rows = given.map(([name, value]) => row([name, valueText(value)]));
  return ["", "## Inputs", "", "| name | value |", "| --- | --- |", ...rows];
}

function failures(record: RunRecord): readonly string[] {
  if (record.causes.length === 0) return [];
  const lines = ["", "## Failures"];
  for (const { failure, node, affected, passed } of record.causes) {
    lines.push("", `### ${text(failure.name === "" ? record.flow : failure.name)}`, "");
    const [first = "", ...more] = failure.message.split("\n");
    lines.push(text(first));
    if (more.length > 0) lines.push("", ...fenced(more.join("\n")));
    if (node !== null && node.attempts > 1) lines.push("", `After ${count(node.attempts, "attempt")}.`);
    if (failure.tail !== null && failure.tail.trim() !== "")
      lines.push("", ...fenced(failure.tail.trimEnd()));
    for (const sentence of passed) lines.push("", `${text(sentence)}.`);
    if (affected.length > 0) {
      const more = affected.length - affectedShownMax;
      const shown = affected.slice(0, affectedShownMax).map(text).join(", ");
      lines.push("", `Not run because of it: ${shown}${more > 0 ? ` and ${more} more` : ""}.`);
    }
  }
  return lines;
}

function gates(record: RunRecord): readonly string[] {
  if (record.gates.length === 0) return [];
  const plain: Paint = (_style, shown) => shown;
  const lines = ["", "## Gates"];
  for (const gate of record.gates) {
    const [head = "", ...items] = gateLines(gate, plain);
    lines.push("", `${text(head)}:`, "", ...items.map((item) => `- ${text(item.trim())}`));
  }
  return lines;
}

/** What a person has to decide. */
function undecided(record: RunRecord): readonly string[] {
  const nodes = record.nodes.filter(({ unknown }) => unknown !== null);
  if (nodes.length === 0) return [];
  const lines = nodes.flatMap(({ name, unknown }) => ["", `### ${text(name)}`, "", text(unknown ?? "")]);
  return ["", "## Not known how they ended", "", "These may be done only once; a person decides.", ...lines];
}

function answer(record: RunRecord): readonly string[] {
  if (record.output === null) return [];
  const whole = typeof record.output === "string" ? record.output : JSON.stringify(record.output, null, 2);
  const shown = whole.length > outputLengthMax ? `${whole.slice(0, outputLengthMax)}\n…` : whole;
  return ["", "## Answer", "", ...fenced(shown)];
}

function artifacts(record: RunRecord): readonly string[] {
  if (record.artifacts.length === 0) return [];
  const rows = record.artifacts.map((one) => row([one.node, one.path, size(one.size), one.sha256]));
  return ["", "## Artifacts", "", "| node | path | size | sha256 |", "| --- | --- | ---: | --- |", ...rows];
}

function nodes(record: RunRecord): readonly string[] {
  const own = record.nodes.filter(({ handler }) => handler === null);
  const handlers = record.nodes.filter(({ handler }) => handler !== null);
  return [
    ...nodeTable("Nodes", own, record),
    ...(handlers.length === 0 ? [] : nodeTable("Handlers", handlers, record)),
  ];
}

function nodeTable(title: string, list: RunRecord["nodes"], record: RunRecord): readonly string[] {
  const rows = list.map((node) =>
    row([
      node.name,
      node.task,
      String(node.attempts),
      node.durationMs === null ? "" : duration(node.durationMs),
      statusWord(node, record.status),
    ]),
  );
  return [
    "",
    `## ${title}`,
    "",
    "| node | task | attempts | took | status |",
    "| --- | --- | ---: | ---: | --- |",
    ...rows,
  ];
}

function row(cells: readonly string[]): string {
  return `| ${cells.map(text).join(" | ")} |`;
}

/** Plain text in Markdown: nothing of it can become markup, and it stays on one line. */
function text(plain: string): string {
  return visible(plain.replaceAll("\n", " ")).replace(/[\\`*_[\]<>|#&~$]/g, (sign) =>
    sign === "&" ? "&amp;" : sign === "<" ? "&lt;" : `\\${sign}`,
  );
}

/** A code block whose fence is longer than any within it. */
function fenced(content: string): readonly string[] {
  const longest = Math.max(2, ...[...content.matchAll(/`+/g)].map((match) => match[0].length));
  const fence = "`".repeat(longest + 1);
  return [`${fence}text`, visibleLines(content), fence];
}
