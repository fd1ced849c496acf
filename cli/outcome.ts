// The end of a run on the screen: the root cause first, then counts and times, last the next command to type.

import type { Why } from "../runtime/events.ts";
import type { RunView } from "../runtime/run-view.ts";
import type { AnswerFile } from "./answer.ts";
import type { Absent } from "./only.ts";
import { type Cause, causesOf, type RunRecord, toleratedIn } from "./record.ts";
import { duration } from "./render/amounts.ts";
import { type Paint, painter } from "./render/color.ts";
import { failureLines } from "./render/failure.ts";
import { usedLine } from "./render/spending.ts";
import { count, visible } from "./render/text.ts";
import { countsLine } from "./show.ts";
import { shellWord } from "./stop.ts";
import { askLines } from "./unknown.ts";
import { budgetLines, holdLines, movingCommand, questionLines } from "./waiting.ts";
import type { World } from "./world.ts";

export interface Ended {
  readonly view: RunView;
  /** Since this command started it, in ms. */
  readonly elapsedMs: number;
  /** So much of that nothing could go on without a person. */
  readonly waitedMs: number;
  /** Nodes that an earlier start of this run had already done. */
  readonly reused: number;
  /** The longest chain by the time it took, if it was looked for. */
  readonly critical: RunRecord["critical"] | null;
  /** Shown path of a node's output, or null if it has none. */
  readonly logOf: (n: number) => string | null;
  /** The line that tells of the worktree that a node has left, or null if there is none. */
  readonly treeOf: (n: number) => string | null;
  /** Shown path of the report, if one was written. */
  readonly report: string | null;
  /** Files of the answer, with the shown paths of their contents. */
  readonly files: readonly AnswerFile[];
  /** The output of what failed is on the screen already. */
  readonly tailsShown: boolean;
  /** ` --state DIR`, if it was said. */
  readonly flag: string;
  /** What it was to do and is not there. */
  readonly absent: Absent | null;
}

/** Less is not worth a word. */
const waitedMsMin = 10_000;
const causesShownMax = 5;
const namesShownMax = 5;

export function tellEnd(ended: Ended, world: World): void {
  const { view } = ended;
  const paint = painter(world.err.color);
  const columns = world.err.columns() ?? Number.POSITIVE_INFINITY;
  const lines: string[] = [];
  const causes = view.status === "succeeded" ? [] : causesOf(view);
  const groups = alike(causes);
  for (const [cause, ...others] of groups.slice(0, causesShownMax))
    lines.push(...causeLines(cause, others, ended, columns, paint));
  const hidden = groups.slice(causesShownMax).flat().length;
  if (hidden > 0) lines.push(`… and ${count(hidden, "more failure")}: flowc show ${view.id}${ended.flag}`);
  for (const line of ended.absent?.lines ?? []) lines.push(`${paint("error", "error:")} ${line}`);
  lines.push(verdict(ended, paint));
  const waited =
    ended.waitedMs >= waitedMsMin ? `, ${duration(ended.waitedMs)} of it waiting for a person` : "";
  const times = [`took ${duration(ended.elapsedMs)}${waited}`];
  if (ended.critical !== null && ended.critical.nodes.length > 1)
    times.push(
      `critical path ${duration(ended.critical.ms)} over ${count(ended.critical.nodes.length, "node")}`,
    );
  if (ended.reused > 0) times.push(`${count(ended.reused, "result")} reused`);
  const tolerated = toleratedIn(view);
  const used = usedLine(view.spending());
  lines.push(
    `  ${countsLine({ counts: view.counts, status: view.status, tolerated })}`,
    `  ${times.join(", ")}`,
    ...(used === null ? [] : [`  ${used}`]),
  );
  if (tolerated.length > 0) lines.push(`  failed and tolerated: ${some(tolerated)}`);
  if (view.status === "running")
    for (const line of [...questionLines(view.questions()), ...budgetLines(view), ...holdLines(view)])
      lines.push(`  ${line}`);
  for (const line of askLines(view, ended.flag)) lines.push(`  ${line}`);
  if (ended.report !== null) lines.push(`  report: ${visible(ended.report)}`);
  for (const { name, path } of ended.files) lines.push(`  ${visible(name)}: ${visible(path)}`);
  for (const line of lines) world.err.write(`${line}\n`);
  const next = ended.absent?.next ?? nextCommand(ended, causes);
  if (next !== null) world.err.write(`next: ${next}\n`);
}

function verdict({ view }: Ended, paint: Paint): string {
  const flow = visible(view.plan.flow);
  if (view.status === "succeeded") return `${paint("good", "✓")} ${flow} succeeded, run ${view.id}`;
  if (view.status === "running") return `${paint("warning", "?")} ${flow} waits for a person, run ${view.id}`;
  if (view.status === "cancelled") return `${paint("warning", "■")} ${flow} was stopped, run ${view.id}`;
  return `${paint("error", "✗")} ${flow} failed, run ${view.id}`;
}

type Group = readonly [Cause, ...(readonly Cause[])];

/** Those of which all the same is to be said stand together: an engine that is not there fails every node in one way. */
function alike(causes: readonly Cause[]): readonly Group[] {
  const groups = new Map<string, [Cause, ...Cause[]]>();
  for (const cause of causes) {
    const { n: _n, name: _name, ...said } = cause.failure;
    const key = JSON.stringify([said, cause.node?.attempts, cause.passed]);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [cause]);
    else group.push(cause);
  }
  return [...groups.values()];
}

function causeLines(
  cause: Cause,
  others: readonly Cause[],
  ended: Ended,
  columns: number,
  paint: Paint,
): readonly string[] {
  const { failure, node, passed } = cause;
  const name = failure.name === "" ? ended.view.plan.flow : failure.name;
  const lines = [
    ...failureLines({ ...failure, name, tail: ended.tailsShown ? null : failure.tail }, columns, paint),
  ];
  if (node !== null && node.attempts > 1) lines.push(`  after ${count(node.attempts, "attempt")}`);
  const log = node === null ? null : ended.logOf(node.n);
  if (log !== null) lines.push(`  log: ${visible(log)}`);
  const tree = node === null ? null : ended.treeOf(node.n);
  if (tree !== null) lines.push(tree);
  for (const sentence of passed) lines.push(`  ${visible(sentence)}`);
  if (others.length > 0) lines.push(`  likewise: ${some(others.map(({ failure }) => failure.name))}`);
  const skipped = new Set([cause, ...others].flatMap(({ affected }) => affected));
  if (skipped.size > 0) lines.push(`  not run because of it: ${some([...skipped])}`);
  return lines;
}

function some(names: readonly string[]): string {
  const shown = names.slice(0, namesShownMax).map(visible).join(", ");
  const more = names.length - namesShownMax;
  return `${shown}${more > 0 ? ` and ${more} more` : ""}`;
}

/** Why a node failed where its output tells nothing more. */
const toldWhole: ReadonlySet<Why | null> = new Set([
  "launch",
  "writes",
  "conflict",
  "limited",
  "away",
  "stall",
]);

/** The way to go on; before it, where nothing of the failure was shown, its output. */
function nextCommand(ended: Ended, causes: readonly Cause[]): string | null {
  const { view, flag } = ended;
  if (view.status === "succeeded") return null;
  const move = view.status === "running" ? movingCommand(view, flag) : null;
  if (move !== null) return move;
  if (view.status === "running") return `flowc show ${view.id}${flag}`;
  const first = causes[0];
  const silent = first?.node != null && first.node.attempts > 0 && (first.failure.tail ?? "").trim() === "";
  const told = toldWhole.has(first?.failure.why ?? null);
  if (view.status === "failed" && silent && !told && ended.logOf(first.node.n) !== null)
    return `flowc logs ${view.id} ${shellWord(first.node.name)}${flag}`;
  return `flowc run --resume ${view.id}${flag}`;
}
