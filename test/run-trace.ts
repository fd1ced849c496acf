// The trace of a run for people: what was recorded, a line an event, and what became of each node; no time, no place.

import type { Event } from "../runtime/events.ts";
import type { Run } from "../runtime/run.ts";
import type { RunView } from "../runtime/run-view.ts";

/** Names of nodes need the run that knows them. */
type Named = Pick<RunView, "name">;

/** What differs from run to run, or says nothing to a person, stands in no trace. */
const left: ReadonlySet<string> = new Set([
  "type",
  "seq",
  "at",
  "epoch",
  "n",
  "a",
  "plan",
  "options",
  "durations",
]);
const silent: ReadonlySet<string> = new Set([
  "flowc",
  "pid",
  "started",
  "boot",
  "host",
  "key",
  "first",
  "hash",
  "tail",
  "given",
  "print",
]);
const unsaid: ReadonlySet<string> = new Set(["attempt.placed", "swept"]);

/** The events, each as its type, the node and what it says. */
export function traceOf(events: Iterable<Event>, run: Named): string {
  const lines: string[] = [];
  for (const event of events) {
    if (unsaid.has(event.type)) continue;
    const words = [event.type.padEnd(16)];
    if ("n" in event) words.push(event.n === 0 ? "(the flow)" : run.name(event.n));
    if ("a" in event) words.push(`#${event.a}`);
    for (const [key, value] of Object.entries(event))
      if (!left.has(key) && !silent.has(key)) words.push(said(key, value));
    lines.push(words.join(" ").trimEnd());
  }
  return lines.join("\n");
}

function said(key: string, value: unknown): string {
  // When it is repeated is chance and time; that it is, is not.
  // Ids are chance as well.
  if (key === "from") return "from an earlier run";
  if (key === "again_at" || key === "until") return key === "again_at" ? "again" : "until then";
  const text = typeof value === "string" && /^[\w.-]+$/.test(value) ? value : JSON.stringify(value);
  return `${key}=${text}`;
}

/** What became of each node, with what a person is told of its failure. */
export function endsOf(run: Run): string {
  const lines: string[] = [];
  for (const n of run.nodes()) {
    const words = [run.name(n).padEnd(24), run.state(n)];
    const skipped = run.skippedBy(n);
    if (skipped !== null) words.push(`(${skipped === "branch" ? "the other branch" : "by a failure"})`);
    if (run.reusedFrom(n) !== null) words.push("(cached)");
    if (run.answered(n)) words.push("(answered)");
    if (run.attempts(n) > 1) words.push(`after ${run.attempts(n)} attempts`);
    const [own] = run.error(n);
    if (run.state(n) === "failed" && own !== undefined) words.push(`: ${own.message}`);
    lines.push(words.join(" ").replace(" :", ":"));
  }
  return lines.join("\n");
}
