// `flowc why`: why a node ran, was reused, waits, was skipped or failed, down to what differs from before.

import { createNearest } from "../compiler/suggest.ts";
import { differenceOf } from "../runtime/difference.ts";
import type { Event } from "../runtime/events.ts";
import { KeptAnswers } from "../runtime/journal-cache.ts";
import { amountText } from "../runtime/limit-texts.ts";
import type { RunView } from "../runtime/run-view.ts";
import { duration, moment } from "./render/amounts.ts";
import { painter } from "./render/color.ts";
import { outerNames } from "./render/graph.ts";
import { count, visible, visibleLines } from "./render/text.ts";
import type { RequestOf } from "./request.ts";
import { statusStyle } from "./show.ts";
import { didYouMean, exits, shellWord, usage } from "./stop.ts";
import { readRun, withJournal } from "./stored.ts";
import { movingCommand } from "./waiting.ts";
import type { World } from "./world.ts";

/** What is asked about, and all that is known to answer it. */
interface Subject {
  readonly view: RunView;
  readonly n: number;
  readonly events: readonly Event[];
  readonly answers: KeptAnswers;
  readonly alive: boolean;
  readonly now: number;
}

/** Nodes that are told by name. */
const namesShownMax = 5;

export async function why(request: RequestOf<"why">, world: World): Promise<number> {
  return withJournal(world, request.state, async (journal, project) => {
    const { id, view, events, owner } = await readRun(journal, project, request.run);
    const n = view.find(request.node);
    if (n === null) throw unknown(view, request.node, project.flag);
    const alive = owner !== null;
    const subject = { view, n, events, answers: new KeptAnswers(journal), alive, now: world.now() };
    const because = reasons(subject);
    const status = view.reusedFrom(n) === null ? view.state(n) : "cached";
    const next = nextCommand(subject, project.flag);
    if (request.json) {
      const json = { version: 1, run: id, node: request.node, task: view.task(n), status, because, next };
      world.out.write(`${JSON.stringify(json, null, 2)}\n`);
      return exits.well;
    }
    const paint = painter(world.out.color);
    const word = paint(statusStyle(status === "cached" ? "succeeded" : status), status);
    world.out.write(`${paint("strong", visible(request.node))} ${word}${when(subject)}\n`);
    for (const reason of because) world.out.write(`  ${visibleLines(reason).replaceAll("\n", "\n  ")}\n`);
    if (next !== null) world.err.write(`next: ${next}\n`);
    return exits.well;
  });
}

function unknown(view: RunView, typed: string, flag: string) {
  const names = [...view.nodes()].map((n) => view.name(n));
  const all = [...new Set(names.flatMap((name) => [...outerNames(name), name]))];
  const nearest = createNearest()(typed, all);
  return usage(
    `The run ${view.id} has no node ${visible(typed)}.${didYouMean(nearest)}`,
    nearest === null ? `flowc show ${view.id}${flag}` : `flowc why ${view.id} ${shellWord(nearest)}${flag}`,
  );
}

function when({ view, n }: Subject): string {
  const [startedAt, endedAt] = [view.startedAt(n), view.endedAt(n)];
  if (startedAt === null || view.reusedFrom(n) !== null) return "";
  const took = endedAt === null || !view.settled(n) ? "" : `, took ${duration(endedAt - startedAt)}`;
  return ` (started ${moment(startedAt)}${took})`;
}

function nextCommand({ view, n, alive }: Subject, flag: string): string | null {
  const state = view.state(n);
  if (state === "failed" && view.attempts(n) > 0)
    return `flowc logs ${view.id} ${shellWord(view.name(n))}${flag}`;
  const root = view.error(n).at(-1);
  if (root !== undefined && root.n !== n && root.name !== "")
    return `flowc why ${view.id} ${shellWord(root.name)}${flag}`;
  if (state === "succeeded" || state === "skipped") return null;
  const moving = movingCommand(view, flag);
  if (moving !== null && !alive) return moving;
  return alive || view.status === "succeeded" ? null : `flowc run --resume ${view.id}${flag}`;
}

/** Sentences without a full stop, what matters most first. */
function reasons(subject: Subject): readonly string[] {
  const { view, n } = subject;
  if (view.task(n) === null) return wholeReasons(subject);
  const found: string[] = [];
  const from = view.reusedFrom(n);
  // Whoever asks about a failure wants to hear of that first.
  if (view.state(n) === "failed") return [...stateReasons(subject), ...ranReasons(subject)];
  if (from !== null) found.push(reusedReason(subject, from));
  else found.push(...ranReasons(subject));
  found.push(...stateReasons(subject));
  return found;
}

function reusedReason({ view, events, n, answers }: Subject, from: string): string {
  const event = events.findLast((one) => one.type === "node.reused" && one.n === n);
  const print = event?.type === "node.reused" ? event.print : undefined;
  if (print === undefined)
    return `reused from the run ${from}, which this one goes on from: it did the same work`;
  const row = answers.print(print);
  const other = row === null || row.node === view.name(n) ? "" : `, where it is \`${row.node}\``;
  return `reused from the run ${from}: its task, its inputs and the files that it reads are the same as there${other}`;
}

function ranReasons(subject: Subject): readonly string[] {
  const { view, n, events, answers } = subject;
  if (view.attempts(n) === 0) return [];
  const starts = events.filter((one) => one.type === "attempt.started" && one.n === n);
  const started = starts.find((one) => one.type === "attempt.started");
  const task = view.task(n) ?? "";
  const plan = view.plan.tasks[task];
  const found: string[] = [];
  if (started?.type !== "attempt.started") return ["it only computes its answer, which costs nothing"];
  if (started.spoiled !== undefined) found.push(started.spoiled.replace(/\.$/, ""));
  const cached = (plan?.settings.cache ?? null) !== null;
  const [first] = events;
  const from = first?.type === "run.started" ? first.from : undefined;
  if (started.print === undefined)
    found.push(
      from !== undefined
        ? `ran: the run ${from}, which this one goes on from, has no answer for the same work`
        : cached
          ? "ran: its `cache` is switched off here, or what it would see could not be told before"
          : `ran: its task \`${task}\` has no \`cache\`, so it runs in every run`,
    );
  // Compared with what was kept before this run: which of its own nodes was a moment earlier says little.
  else if (started.spoiled === undefined)
    found.push(...cacheReasons(subject, started.print, events[0]?.at ?? started.at));
  found.push(...tookReasons(starts.at(-1)));
  if (starts.length > 1) found.push(`it had ${count(starts.length, "attempt")}`);
  const ended = events.findLast((one) => one.type === "attempt.ended" && one.n === n);
  if (started.print !== undefined && ended?.type === "attempt.ended" && ended.outcome === "succeeded")
    if (ended.print === undefined)
      found.push("its answer is not kept: files that it reads were changed while it ran");
    else if (answers.print(ended.print)?.from == null) found.push("its answer is not kept any more");
  return found;
}

/** What its last attempt took of limits. */
function tookReasons(started: Event | undefined): readonly string[] {
  if (started?.type !== "attempt.started" || started.took === undefined) return [];
  return started.took.map(({ limit, amounts, slot }) => {
    const parts = Object.entries(amounts).map(([unit, amount]) => amountText(amount, unit));
    if (slot !== undefined) parts.push(`the slot ${JSON.stringify(slot)}`);
    return parts.length === 0
      ? `took its place in the limit \`${limit}\``
      : `took ${parts.join(" and ")} of the limit \`${limit}\``;
  });
}

function cacheReasons({ view, n, answers }: Subject, print: string, at: number): readonly string[] {
  const row = answers.print(print);
  if (row === null) return ["ran: what it was compared with is not there any more"];
  const difference = differenceOf(answers, { ...row, node: view.name(n) }, at);
  if (difference === null) return [`ran: no answer of its task \`${row.task}\` was kept before`];
  const { changes, from, node } = difference;
  const whose = node === view.name(n) ? "" : `\`${node}\` in `;
  const where = from === null ? "" : ` since ${whose}the run ${from}`;
  const [only, ...more] = changes;
  if (only === undefined) return ["ran: what was kept of it is gone"];
  return more.length === 0
    ? [`ran because ${only}${where}`]
    : [`ran because of changes${where}:`, ...changes.map((change) => `- ${change}`)];
}

function stateReasons(subject: Subject): readonly string[] {
  const { view, n } = subject;
  const errors = view.error(n).slice(0, 1);
  switch (view.state(n)) {
    case "succeeded":
    case "running":
      return [];
    case "failed":
      return [
        ...errors.map(({ message }) => `failed: ${message}`),
        ...(view.answered(n) ? ["its `otherwise` stood in for it"] : []),
      ];
    case "unknown":
      return [...errors.map(({ message }) => `nobody can say how it ended: ${message}`)];
    case "skipped":
      return skippedReasons(subject);
    case "cancelled":
      return cancelledReasons(subject);
    case "ready":
    case "waiting":
      return waitingReasons(subject);
  }
}

function skippedReasons({ view, n }: Subject): readonly string[] {
  const by = view.skippedBy(n);
  if (by === "person") return [view.error(n)[0]?.message ?? "a person skipped it"];
  if (by === "branch") {
    const around = ownersOf(view, n).find((owner) => view.kind(owner) === "if");
    if (around === undefined) return ["skipped: it was not needed"];
    return [
      `skipped: \`${view.name(around)}\` took the other branch, or nothing failed that it stands in for`,
    ];
  }
  const chain = view.error(n);
  const root = chain.at(-1);
  const own = chain[0] === undefined ? "skipped" : `skipped: ${chain[0].message}`;
  const far = root !== undefined && root.n !== n && chain.length > 2;
  return [
    own,
    ...(far ? [`at the root of it: \`${root.name}\` ${root.state}: ${root.message}`] : []),
    ...(chain.length === 2 && root !== undefined ? [`\`${root.name}\` ${root.state}: ${root.message}`] : []),
    ...(view.answered(n) ? ["its `otherwise` stood in for it"] : []),
  ];
}

const cancelWords = {
  fail_fast: "cancelled: something failed, and `--fail-fast` was given",
  cancel: "cancelled: the run was cancelled",
  tolerate: "cancelled: more items failed than are tolerated",
  enough: "cancelled: enough others had succeeded",
  deadline: "cancelled: its time was over",
} as const;

function cancelledReasons({ view, n, events }: Subject): readonly string[] {
  const around = new Set([n, ...ownersOf(view, n)]);
  const event = events.findLast((one) => one.type === "node.cancelled" && around.has(one.n));
  const [own] = view.error(n);
  if (event?.type === "node.cancelled") {
    const of = event.n === n || event.n === 0 ? "" : `, with \`${view.name(event.n)}\``;
    return [cancelWords[event.why] + of];
  }
  if (own !== undefined && own.message !== "cancelled") return [`cancelled: ${own.message}`];
  return [view.cancelled === null ? "cancelled: what it stands in had ended without it" : cancelWords.cancel];
}

function waitingReasons({ view, n, now, alive }: Subject): readonly string[] {
  const found: string[] = [];
  const again = view.againAt(n);
  const hold = view.hold(n);
  if (hold !== null) found.push(`held by ${hold.by}${hold.note === null ? "" : ` (${hold.note})`}`);
  if (again !== null) {
    const left = again - now;
    found.push(
      `waits for its next attempt${left > 0 ? `, in ${duration(left)}` : ""}: ${lastProblem(view, n)}`,
    );
  }
  const waits = openAbove(view, n);
  if (waits.length > 0)
    found.push(`waits for ${listed(waits.map((m) => `\`${view.name(m)}\` (${stateWord(view, m)})`))}`);
  else if (hold === null && again === null) {
    const held = view.heldBy(n, now);
    found.push(held === null ? "nothing holds it: it starts next" : `held by ${held}`);
  }
  if (!alive && view.status === "running") found.push("nobody is at work on the run");
  return found;
}

function lastProblem(view: RunView, n: number): string {
  return view.error(n)[0]?.message ?? `attempt ${view.attempts(n)} has not succeeded`;
}

function stateWord(view: RunView, n: number): string {
  if (view.kind(n) === "gate") return "a gate";
  return view.kind(n) === "task" ? view.state(n) : `${view.kind(n)}, not done`;
}

/** A gate, a `for`, a flow: what of it is done, and what it waits for. */
function wholeReasons(subject: Subject): readonly string[] {
  const { view, n } = subject;
  const found: string[] = [];
  const gate = view.gates().find((one) => one.n === n);
  for (const item of gate?.items ?? []) {
    if (item.kind === "check")
      found.push(
        `check \`${item.item}\`: ${item.held === null ? "not evaluated yet" : item.held ? "held" : "did not hold"}${item.note === null ? "" : `: ${item.note}`}`,
      );
    else
      found.push(
        `approval \`${item.item}\`: ${item.state}${item.decision === null ? "" : ` by ${item.decision.by ?? "nobody"}`}`,
      );
  }
  const inside = [...view.nodes()].filter((each) => ownersOf(view, each).includes(n));
  const states = new Map<string, number>();
  for (const each of inside) states.set(view.state(each), (states.get(view.state(each)) ?? 0) + 1);
  if (inside.length > 0)
    found.push(
      `${count(inside.length, "node")}: ${[...states].map(([state, many]) => `${many} ${state}`).join(", ")}`,
    );
  const bad = inside.filter((each) => view.state(each) === "failed" && !view.answered(each));
  if (bad.length > 0) found.push(`failed in it: ${listed(bad.map((each) => `\`${view.name(each)}\``))}`);
  const state = view.state(n);
  if (state === "waiting" || state === "ready" || !view.settled(n)) {
    const waits = openAbove(view, n);
    if (waits.length > 0)
      found.push(`waits for ${listed(waits.map((m) => `\`${view.name(m)}\` (${stateWord(view, m)})`))}`);
  } else if (state !== "succeeded") found.push(...stateReasons(subject));
  return found.length > 0 ? found : ["nothing is known of it yet"];
}

function ownersOf(view: RunView, n: number): readonly number[] {
  const found: number[] = [];
  for (let at = view.owner(n); at !== null; at = view.owner(at)) found.push(at);
  return found;
}

/** What has a name, is not done, and is waited for; also by what it stands in. */
function openAbove(view: RunView, n: number): readonly number[] {
  const found = new Set<number>();
  const seen = new Set<number>();
  const around = ownersOf(view, n);
  const look = (of: number): void => {
    for (const { n: m } of view.dependencies(of)) {
      if (seen.has(m)) continue;
      seen.add(m);
      if (view.settled(m) || around.includes(m)) continue;
      if (view.name(m) !== "" && view.kind(m) !== "join" && view.kind(m) !== "early") found.add(m);
      else look(m);
    }
  };
  for (const of of [n, ...around]) look(of);
  found.delete(n);
  return [...found];
}

function listed(names: readonly string[]): string {
  const shown = names.slice(0, namesShownMax).join(", ");
  const more = names.length - namesShownMax;
  return more > 0 ? `${shown} and ${more} more` : shown;
}
