// A run as JUnit XML, as build servers read it: a test case for each node, its class the task.

import type { Cause, NodeRecord, RunRecord } from "../record.ts";
import { escaped } from "./markup.ts";

/** Nodes that failed and were answered by an `otherwise` count as skipped: the run is no worse for them. */
export function junit(record: RunRecord): string {
  const causes = new Map(record.causes.map((cause) => [cause.failure.name, cause]));
  const cases = record.nodes.map((node) => testCase(node, causes.get(node.name)));
  const apart = record.causes.filter(({ node }) => node === null).map(apartCase);
  const failures = record.nodes.filter(isFailure).length;
  const counted = `tests="${cases.length + apart.length}" failures="${failures}" errors="${apart.length}" time="${seconds(record.wallMs)}"`;
  const skipped = record.nodes.filter(isSkipped).length;
  const at = new Date(record.startedAt).toISOString().slice(0, 19);
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="${escaped(record.flow)}" ${counted}>`,
    `  <testsuite name="${escaped(record.flow)}" id="0" package="${escaped(record.run)}" ${counted} skipped="${skipped}" timestamp="${at}" hostname="localhost">`,
    ...cases,
    ...apart,
    "  </testsuite>",
    "</testsuites>",
    "",
  ].join("\n");
}

function isFailure({ status, answered }: NodeRecord): boolean {
  return status === "failed" && !answered;
}

function isSkipped(node: NodeRecord): boolean {
  return node.status !== "succeeded" && !isFailure(node);
}

function testCase(node: NodeRecord, cause: Cause | undefined): string {
  const open = `    <testcase name="${escaped(node.name)}" classname="${escaped(node.task)}" time="${seconds(node.durationMs ?? 0)}"`;
  if (isFailure(node)) {
    const message = cause?.failure.message ?? "failed";
    const tail = cause?.failure.tail ?? "";
    return `${open}><failure message="${line(message)}" type="${escaped(String(cause?.failure.why ?? "failed"))}">${escaped(tail)}</failure></testcase>`;
  }
  return isSkipped(node) ? `${open}><skipped message="${line(why(node))}"/></testcase>` : `${open}/>`;
}

function why(node: NodeRecord): string {
  if (node.answered) return `${node.status}, answered by otherwise`;
  if (node.skipped === "branch") return "not chosen";
  if (node.skipped === "failure") return "needs what failed";
  if (node.unknown !== null) return `not known how it ended: ${node.unknown}`;
  return node.status === "cancelled" ? "cancelled" : "not started";
}

/** What failed and is no single node, such as a gate or a list whose keys are wrong. */
function apartCase({ failure }: Cause): string {
  const name = failure.name === "" ? "(the flow)" : failure.name;
  return `    <testcase name="${escaped(name)}" classname="(flow)" time="0"><error message="${line(failure.message)}" type="${escaped(String(failure.why ?? "failed"))}"/></testcase>`;
}

function line(text: string): string {
  return escaped(text.replaceAll("\n", " "));
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(3);
}
