// A run as one HTML page that needs nothing else: failures first, when each node ran, the graph, artifacts, all nodes.

import type { Cause, RunRecord } from "../record.ts";
import { duration, moment, share, size, valueText } from "./amounts.ts";
import { chainText } from "./chain.ts";
import { gateLines } from "./gates.ts";
import type { Graph } from "./graph.ts";
import { instancesLine } from "./instances.ts";
import { limitLine } from "./limits.ts";
import { escaped } from "./markup.ts";
import { spendingLines } from "./spending.ts";
import { svg } from "./svg.ts";
import { count, visible, visibleLines } from "./text.ts";
import { barsMax, timeline } from "./timeline.ts";

const affectedShownMax = 20;
const outputLengthMax = 20_000;

/** The graph of a run with the level of each vertex; null: it is too large to be drawn. */
export type Drawn = { readonly graph: Graph; readonly levels: readonly number[] } | null;

/** `statusOf`: what a node came to, in words. */
export function html(
  record: RunRecord,
  drawn: Drawn,
  statusOf: (node: RunRecord["nodes"][number]) => string,
): string {
  const title = `${visible(record.flow)}: ${record.status}`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<meta name="color-scheme" content="light dark">
<title>${escaped(title)}</title>
<style>${style}</style>
</head>
<body>
<h1><span class="badge ${record.status}">${record.status}</span> ${escaped(visible(record.flow))}</h1>
<p class="soft">run ${escaped(record.run)}, started ${moment(record.startedAt)}</p>
${[summary(record), failures(record), gates(record), inputs(record), times(record), graphOf(record, drawn), answer(record), artifacts(record), nodes(record, statusOf)].filter((part) => part !== "").join("\n")}
<script>${script}</script>
</body>
</html>
`;
}

function summary(record: RunRecord): string {
  const { counts, critical, sideBySide } = record;
  const ran = counts.succeeded + counts.failed;
  const facts: readonly (readonly [string, string])[] = [
    ["nodes", String(counts.total)],
    ["succeeded", `${counts.succeeded} (${share(counts.succeeded, ran)})`],
    ...(counts.reused > 0 ? [["cached", `${counts.reused} of these`] as const] : []),
    ["failed", `${counts.failed}${counts.answered > 0 ? ` (${counts.answered} answered)` : ""}`],
    ["skipped", String(counts.skipped)],
    ...(counts.unknown > 0 ? [["not known how they ended", String(counts.unknown)] as const] : []),
    ...(counts.cancelled > 0 ? [["cancelled", String(counts.cancelled)] as const] : []),
    ["wall time", duration(record.wallMs)],
    ["critical path", `${duration(critical.ms)}, ${count(critical.nodes.length, "node")}`],
    ["time of all nodes", duration(record.totalMs)],
    ["mean", record.meanMs === null ? "–" : duration(record.meanMs)],
    ...record.instances.map(
      (each) => ["instances", instancesLine(each, record.status === "running")] as const,
    ),
    ...record.limits.map(
      (each) => ["limit", limitLine(each, record.status === "running", record.seenAt)] as const,
    ),
    ...spendingLines(record.spending).map((line) => ["agents", line] as const),
    ["at the same time", `${sideBySide.mean.toFixed(1)} on average, at most ${sideBySide.most}`],
    ...(record.resumed > 0
      ? [["resumed", `${count(record.resumed, "time")}, ${count(record.reused, "result")} reused`] as const]
      : []),
  ];
  const cells = facts.map(([name, value]) => `<div><dt>${name}</dt><dd>${escaped(value)}</dd></div>`);
  return `<dl class="facts">${cells.join("")}</dl>`;
}

/** Checks and approvals, with who decided, when and why. */
function gates(record: RunRecord): string {
  if (record.gates.length === 0) return "";
  const drawn = record.gates.map((gate) => {
    const [head = "", ...items] = gateLines(gate, (_style, text) => text);
    const list = items.map((item) => `<li>${escaped(item.trim())}</li>`).join("");
    return `<h3>${escaped(head)}</h3><ul>${list}</ul>`;
  });
  return `<section><h2>Gates</h2>${drawn.join("")}</section>`;
}

function failures({ causes, flow }: RunRecord): string {
  if (causes.length === 0) return "";
  return `<section><h2>Failures</h2>${causes.map((cause) => failure(cause, flow)).join("")}</section>`;
}

function failure({ failure: { name, message, tail }, node, affected }: Cause, flow: string): string {
  const parts = [
    `<h3>${escaped(visible(name === "" ? flow : name))}</h3>`,
    `<p>${escaped(visibleLines(message))}</p>`,
  ];
  if (node !== null && node.attempts > 1)
    parts.push(`<p class="soft">After ${count(node.attempts, "attempt")}.</p>`);
  if (tail !== null && tail.trim() !== "") parts.push(`<pre>${escaped(visibleLines(tail.trimEnd()))}</pre>`);
  if (affected.length > 0) {
    const more = affected.length - affectedShownMax;
    const shown = affected.slice(0, affectedShownMax).map(visible).join(", ");
    parts.push(
      `<p class="soft">Not run because of it: ${escaped(shown)}${more > 0 ? ` and ${more} more` : ""}.</p>`,
    );
  }
  return `<div class="failure">${parts.join("")}</div>`;
}

/** What the run was given. */
function inputs(record: RunRecord): string {
  const rows = Object.entries(record.inputs).map(
    ([name, value]) =>
      `<tr><td>${escaped(visible(name))}</td><td><code>${escaped(visible(valueText(value)))}</code></td></tr>`,
  );
  if (rows.length === 0) return "";
  return `<section><h2>Inputs</h2><div class="wide"><table><thead><tr><th>name</th><th>value</th></tr></thead><tbody>${rows.join("")}</tbody></table></div></section>`;
}

function times(record: RunRecord): string {
  const { svg: picture, left } = timeline(record);
  if (picture === "") return "";
  const note =
    left > 0 ? ` The ${barsMax} that say most are drawn; ${count(left, "shorter one")} are not.` : "";
  const { nodes: names, ms } = record.critical;
  const chain =
    names.length < 2
      ? "The node that took longest is marked."
      : `Marked is the critical path, ${duration(ms)}: ${chainText(names)}.`;
  return `<section><h2>When each node ran</h2><p class="soft">${escaped(chain + note)}</p><div class="wide">${picture}</div></section>`;
}

function graphOf(record: RunRecord, drawn: Drawn): string {
  if (drawn === null || drawn.graph.vertices.length < 2) return "";
  return `<section><h2>What waits for what</h2><p class="soft">Green has succeeded, red has failed, dashed did not run; the critical path is marked.</p><div class="wide">${svg(visible(record.flow), drawn.graph, drawn.levels)}</div></section>`;
}

function answer({ output }: RunRecord): string {
  if (output === null) return "";
  const whole = typeof output === "string" ? output : JSON.stringify(output, null, 2);
  const shown = whole.length > outputLengthMax ? `${whole.slice(0, outputLengthMax)}\n…` : whole;
  return `<section><h2>Answer</h2><pre>${escaped(visibleLines(shown))}</pre></section>`;
}

function artifacts({ artifacts: all }: RunRecord): string {
  if (all.length === 0) return "";
  const rows = all.map(
    (one) =>
      `<tr><td>${escaped(visible(one.node))}</td><td>${escaped(visible(one.path))}</td><td class="number">${size(one.size)}</td><td><code>${escaped(one.sha256)}</code></td></tr>`,
  );
  return `<section><h2>Artifacts</h2><div class="wide"><table><thead><tr><th>node</th><th>path</th><th class="number">size</th><th>SHA-256</th></tr></thead><tbody>${rows.join("")}</tbody></table></div></section>`;
}

function nodes(record: RunRecord, statusOf: (node: RunRecord["nodes"][number]) => string): string {
  const rows = record.nodes.map(
    (node) =>
      `<tr><td>${escaped(visible(node.name))}</td><td>${escaped(visible(node.task))}</td><td class="number">${node.attempts}</td><td class="number">${node.durationMs === null ? "" : duration(node.durationMs)}</td><td><span class="${node.status}">${escaped(statusOf(node))}</span></td></tr>`,
  );
  return `<section><h2>Nodes</h2><p><input id="filter" type="search" placeholder="filter by name, task or status" aria-label="filter"></p><div class="wide"><table id="nodes"><thead><tr><th>node</th><th>task</th><th class="number">attempts</th><th class="number">took</th><th>status</th></tr></thead><tbody>${rows.join("")}</tbody></table></div></section>`;
}

const style = `
:root { --back: #fff; --ink: #1c2430; --soft: #5c6675; --line: #d6dbe2; --panel: #f5f7fa; --good: #1d7f45; --bad: #c02b2b; --idle: #8a94a3; --mark: #c77700; }
@media (prefers-color-scheme: dark) { :root { --back: #14181f; --ink: #e6eaf0; --soft: #9aa5b4; --line: #2d3540; --panel: #1b212a; --good: #4fbf7b; --bad: #f07070; --idle: #66717f; --mark: #f0a93c; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--back); max-width: 1140px; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; margin-bottom: 0; } h2 { font-size: 1.15rem; margin: 2rem 0 .5rem; } h3 { margin: 0 0 .3rem; font: 600 1rem ui-monospace, monospace; }
.soft { color: var(--soft); } .badge { font-size: .9rem; padding: .15rem .6rem; border-radius: 1rem; border: 1px solid currentColor; }
.succeeded { color: var(--good); fill: var(--good); } .failed { color: var(--bad); fill: var(--bad); } .skipped, .cancelled, .interrupted, .unknown, .waiting, .ready { color: var(--idle); fill: var(--idle); } .running { color: var(--mark); fill: var(--mark); }
.facts { display: grid; grid-template-columns: repeat(auto-fill, minmax(150px, 1fr)); gap: .6rem; } .facts div { background: var(--panel); padding: .5rem .8rem; border-radius: 6px; } dt { color: var(--soft); font-size: .8rem; } dd { margin: 0; font-weight: 600; }
.failure { border-left: 3px solid var(--bad); background: var(--panel); padding: .7rem 1rem; margin: .6rem 0; border-radius: 0 6px 6px 0; } .failure p { margin: .3rem 0; white-space: pre-wrap; }
pre { background: var(--panel); padding: .7rem; border-radius: 6px; overflow-x: auto; font-size: 13px; } .wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: 14px; } th, td { text-align: left; padding: .3rem .6rem; border-bottom: 1px solid var(--line); } th { color: var(--soft); font-weight: 500; } th.number, td.number { text-align: right; }
input { font: inherit; padding: .3rem .6rem; width: 20rem; max-width: 100%; color: inherit; background: var(--panel); border: 1px solid var(--line); border-radius: 6px; }
.timeline text { font: 11px ui-monospace, monospace; fill: var(--ink); } .timeline .soft { fill: var(--soft); } .timeline .critical { stroke: var(--mark); stroke-width: 2.5; } .tick { stroke: var(--line); }
`.trim();

/** Hides the rows that do not hold what is typed; the page says all without it. */
const script =
  'const rows=[...document.querySelectorAll("#nodes tbody tr")];document.getElementById("filter").addEventListener("input",(event)=>{const wanted=event.target.value.toLowerCase();for(const row of rows)row.hidden=!row.textContent.toLowerCase().includes(wanted)});';
