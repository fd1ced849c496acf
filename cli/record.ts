// The record of a run as commands show it: its nodes, what failed and why, its artifacts, its times.

import type { Value } from "../compiler/types.ts";
import { sharedGraph } from "../runtime/analysis/analyze.ts";
import { analyze, closeAnalysis } from "../runtime/analysis/pool.ts";
import type { ArtifactRef, Event, EventType } from "../runtime/events.ts";
import type { LimitView } from "../runtime/run-limits.ts";
import type {
  Counts,
  Failure,
  GateView,
  InstancesView,
  RunView,
  SpendingView,
  State,
} from "../runtime/run-view.ts";

export interface NodeRecord {
  readonly n: number;
  readonly name: string;
  readonly task: string;
  readonly key: string | null;
  readonly status: State;
  /** Of one whose end is not known: what is known. */
  readonly unknown: string | null;
  /** It failed or was skipped, and `otherwise` stood in for it. */
  readonly answered: boolean;
  /** `branch`: not chosen by an `if`; `failure`: something it needed failed. */
  readonly skipped: "branch" | "failure" | "person" | null;
  /** What the person said who skipped it. */
  readonly said: string | null;
  /** Who holds it: a person, with the reason given. */
  readonly held: string | null;
  readonly attempts: number;
  /** The run whose answer stands for it; null: it ran, or did not have to. */
  readonly reusedFrom: string | null;
  /** In which handler it stands, or that it takes back what another node did; null: in the flow itself. */
  readonly handler: "failure" | "finally" | "undo" | null;
  /** Wall ms. */
  readonly startedAt: number | null;
  readonly endedAt: number | null;
  readonly durationMs: number | null;
  /** The instance of a declared runner that served it last; null: none did. */
  readonly instance: { readonly runner: string; readonly i: number } | null;
  /** Early fields that were there before its end, and how long after its start. */
  readonly early: readonly { readonly field: string; readonly afterMs: number }[];
}

/** A root cause, with the nodes that could not run because of it. */
export interface Cause {
  readonly failure: Failure;
  /** Null: no single node's work, such as a `for` whose keys are wrong. */
  readonly node: NodeRecord | null;
  readonly affected: readonly string[];
  /** Each `for` that failed of it because it tolerates no more, as a sentence. */
  readonly passed: readonly string[];
}

export interface RunRecord {
  readonly run: string;
  readonly flow: string;
  /** `interrupted`: nobody is at work on it, though it has not ended; `waiting`: only a person can move it on. */
  readonly status: RunView["status"] | "interrupted" | "waiting";
  readonly gates: readonly GateView[];
  /** The kind of place that was asked for with `--on`. */
  readonly on: string | null;
  /** Settings that `--set` gave. */
  readonly set: readonly string[];
  readonly inputs: Readonly<Record<string, Value>>;
  readonly output: Value;
  readonly counts: Counts;
  /** Names of nodes that failed, though the run has succeeded. */
  readonly tolerated: readonly string[];
  readonly nodes: readonly NodeRecord[];
  readonly causes: readonly Cause[];
  readonly artifacts: readonly (ArtifactRef & { readonly node: string })[];
  readonly startedAt: number;
  readonly endedAt: number | null;
  /** Wall ms of its last event. */
  readonly lastAt: number;
  /** Time in which somebody was at work on it, in ms; pauses before a resume do not count. */
  readonly wallMs: number;
  /** So much of that nothing ran, since a person was waited for. */
  readonly waitedMs: number;
  /** Sum and mean of the nodes' times, of those that ran. */
  readonly totalMs: number;
  readonly meanMs: number | null;
  /** How many nodes ran at the same time: at most, and on average while any did. */
  readonly sideBySide: { readonly most: number; readonly mean: number };
  /** What became of the instances of declared runners, up to the last event. */
  readonly instances: readonly InstancesView[];
  /** What became of the limits that its tasks use, as they were at `seenAt`. */
  readonly limits: readonly LimitView[];
  /** Wall ms: of the last event, or now while somebody is at work on it. */
  readonly seenAt: number;
  /** What agents have used, and the budgets that bound it. */
  readonly spending: SpendingView;
  /** The longest chain of nodes by the time they took. */
  readonly critical: { readonly ms: number; readonly nodes: readonly string[] };
  /** Nodes that had succeeded before the run was opened for the last time. */
  readonly reused: number;
  /** How often it was resumed. */
  readonly resumed: number;
}

/** In the order in which they started; last those that did not, in the order of the plan. */
export function nodesOf(view: RunView): readonly NodeRecord[] {
  const nodes: NodeRecord[] = [];
  for (const n of view.nodes()) nodes.push(nodeOf(view, n));
  const late = Number.MAX_SAFE_INTEGER;
  return nodes.sort((a, b) => (a.startedAt ?? late) - (b.startedAt ?? late) || a.n - b.n);
}

function nodeOf(view: RunView, n: number): NodeRecord {
  const startedAt = view.startedAt(n);
  const endedAt = view.settled(n) ? view.endedAt(n) : null;
  const hold = view.hold(n);
  return {
    n,
    name: view.name(n),
    task: view.task(n) ?? "",
    key: view.key(n),
    status: view.state(n),
    unknown: view.state(n) === "unknown" ? (view.error(n)[0]?.message ?? "") : null,
    answered: view.answered(n),
    skipped: view.skippedBy(n),
    said: view.skippedBy(n) === "person" ? (view.error(n)[0]?.message ?? null) : null,
    held: hold === null ? null : `${hold.by}${hold.note === null ? "" : ` (${hold.note})`}`,
    attempts: view.attempts(n),
    reusedFrom: view.reusedFrom(n),
    handler: view.handler(n),
    startedAt,
    endedAt,
    durationMs:
      startedAt === null || endedAt === null || view.reusedFrom(n) !== null ? null : endedAt - startedAt,
    instance: null,
    early: view
      .early(n)
      .filter(({ at }) => at < (endedAt ?? Number.POSITIVE_INFINITY))
      .map(({ field, at }) => ({ field, afterMs: at - (startedAt ?? at) })),
  };
}

/**
 * Root causes in the order of the plan, each with what it kept from running; those in handlers last. Answered failures
 * are none, nor those in handlers before the run was opened again.
 */
export function causesOf(view: RunView): readonly Cause[] {
  const found = new Map<string, { failure: Failure; affected: string[]; passed: Set<string> }>();
  const add = (n: number, name: string): void => {
    const chain = view.error(n);
    const root = chain.at(-1);
    if (root === undefined) return;
    const key = `${root.n} ${root.message}`;
    const cause = found.get(key) ?? { failure: root, affected: [], passed: new Set<string>() };
    found.set(key, cause);
    if (root.n !== n && name !== "") cause.affected.push(name);
    for (const sentence of chain.slice(0, -1).flatMap((each) => verdictOf(view, each)))
      cause.passed.add(sentence);
  };
  const inHandlers: number[] = [];
  for (const n of view.nodes()) {
    const state = view.state(n);
    const bad = state === "failed" || (state === "skipped" && view.skippedBy(n) === "failure");
    if (!bad || view.answered(n) || view.past(n)) continue;
    if (view.handler(n) === null) add(n, view.name(n));
    else inHandlers.push(n);
  }
  if (view.status === "failed") add(0, "");
  for (const n of inHandlers) add(n, view.name(n));
  return [...found.values()].map(({ failure, affected, passed }) => ({
    failure,
    affected,
    passed: [...passed],
    node: view.task(failure.n) === null ? null : nodeOf(view, failure.n),
  }));
}

/** What a `for` says of itself; one that just holds what failed names that, and is not told again. */
function verdictOf(view: RunView, { n, name, state, message }: Failure): readonly string[] {
  if (state !== "failed" || view.kind(n) !== "for" || message === "" || message.startsWith("`")) return [];
  return [`${name} failed: ${message}`];
}

/** Nodes that failed in a run that has succeeded without anything in their place: what a `for` could do without. */
export function toleratedIn(view: RunView): readonly string[] {
  if (view.status !== "succeeded" || view.counts.failed === 0) return [];
  const names: string[] = [];
  for (const n of view.nodes())
    if (view.state(n) === "failed" && !view.answered(n) && !view.past(n)) names.push(view.name(n));
  return names;
}

/** The whole record. `alive`: somebody is at work on the run, at the wall ms `now`. */
export async function recordOf(
  view: RunView,
  events: Iterable<Event>,
  alive: boolean,
  now: number,
): Promise<RunRecord> {
  const { served, ...past } = history(view, events);
  const seenAt = alive && view.status === "running" ? Math.max(now, past.lastAt) : past.lastAt;
  const nodes = nodesOf(view).map((node) => ({ ...node, instance: served.get(node.n) ?? null }));
  const times = nodes.flatMap((node) => (node.durationMs === null ? [] : [node.durationMs]));
  const totalMs = times.reduce((sum, ms) => sum + ms, 0);
  return {
    run: view.id,
    flow: view.plan.flow,
    status:
      view.status !== "running"
        ? view.status
        : view.waitsForPeople()
          ? "waiting"
          : alive
            ? "running"
            : "interrupted",
    gates: view.gates(),
    output: view.output,
    counts: view.counts,
    tolerated: toleratedIn(view),
    nodes,
    causes: causesOf(view),
    ...past,
    wallMs: past.wallMs + seenAt - past.lastAt,
    instances: view.instanceUse(past.lastAt),
    limits: view.limitUse(seenAt),
    seenAt,
    totalMs,
    meanMs: times.length === 0 ? null : totalMs / times.length,
    sideBySide: sideBySide(nodes),
    spending: view.spending(),
    critical: await criticalPath(view),
  };
}

/** A node that was tried several times counts from its first start to its end. */
function sideBySide(nodes: readonly NodeRecord[]): RunRecord["sideBySide"] {
  const moments = nodes.flatMap(({ startedAt, endedAt, reusedFrom }) =>
    startedAt === null || endedAt === null || reusedFrom !== null
      ? []
      : [
          { at: startedAt, change: 1 },
          { at: endedAt, change: -1 },
        ],
  );
  // Who ends in the moment in which another starts did not run beside it.
  moments.sort((a, b) => a.at - b.at || a.change - b.change);
  let running = 0;
  let most = 0;
  let busyMs = 0;
  let allMs = 0;
  let before = 0;
  for (const { at, change } of moments) {
    if (running > 0) busyMs += at - before;
    allMs += running * (at - before);
    running += change;
    most = Math.max(most, running);
    before = at;
  }
  return { most, mean: busyMs === 0 ? most : allMs / busyMs };
}

/** What only the events tell, in one pass: there may be a million. */
function history(view: RunView, events: Iterable<Event>) {
  const artifacts: (ArtifactRef & { node: string })[] = [];
  let inputs: RunRecord["inputs"] = {};
  let on: string | null = null;
  let set: readonly string[] = [];
  let startedAt: number | null = null;
  let endedAt: number | null = null;
  let wallMs = 0;
  let openedAt: number | null = null;
  let before = 0;
  let openings = 0;
  const waiting = new Waiting();
  const instances = new Map<number, NonNullable<NodeRecord["instance"]>>();
  let succeeded = 0;
  let reused = 0;
  for (const event of events) {
    startedAt ??= event.at;
    endedAt = event.type === "run.ended" ? event.at : null;
    if (event.type === "run.started") {
      inputs = event.inputs;
      ({ on = null, set = [] } = event.options);
    }
    if (event.type === "run.opened") {
      if (openedAt !== null) wallMs += before - openedAt;
      openedAt = event.at;
      openings++;
      reused = succeeded;
    }
    if (event.type === "attempt.early")
      for (const file of event.files ?? []) artifacts.push({ node: view.name(event.n), ...file });
    if (event.type === "node.reused" || (event.type === "attempt.ended" && event.outcome === "succeeded")) {
      succeeded++;
      for (const file of event.files ?? []) artifacts.push({ node: view.name(event.n), ...file });
    }
    if (event.type === "attempt.placed" && event.i !== undefined && event.runner !== undefined)
      instances.set(event.n, { runner: event.runner, i: event.i });
    waiting.take(event);
    before = event.at;
  }
  if (openedAt !== null) wallMs += before - openedAt;
  return {
    waitedMs: waiting.ms,
    served: instances,
    on,
    set,
    inputs,
    artifacts,
    startedAt: startedAt ?? 0,
    endedAt,
    wallMs,
    lastAt: before,
    reused: openings > 1 ? reused : 0,
    resumed: Math.max(0, openings - 1),
  };
}

/** What a person says to a run that waits without a question of a gate. */
const moved: ReadonlySet<EventType> = new Set<EventType>(["budget.extended", "node.resumed", "node.decided"]);

/** Adds up the time in which nothing ran and a person was asked, while somebody was at work on the run. */
class Waiting {
  ms = 0;
  private readonly running = new Set<number>();
  private readonly asked = new Set<string>();
  private at = 0;

  take(event: Event): void {
    if (event.type === "run.opened") this.running.clear();
    else if (this.running.size === 0 && (this.asked.size > 0 || moved.has(event.type)))
      this.ms += event.at - this.at;
    this.at = event.at;
    if (event.type === "attempt.started") this.running.add(event.n);
    if (event.type === "attempt.ended") this.running.delete(event.n);
    if (event.type === "gate.opened") this.asked.add(`${event.n} ${event.item}`);
    if (event.type === "gate.decided") this.asked.delete(`${event.n} ${event.item}`);
  }
}

/** Over all cells, so that the path finds its way through lists and conditions; only nodes have a weight. */
export async function criticalPath(view: RunView): Promise<RunRecord["critical"]> {
  const from: number[] = [];
  const to: number[] = [];
  const edge = (a: number, b: number): void => {
    from.push(a);
    to.push(b);
  };
  const early = new Map<number, number>();
  const weights = new Map<number, number>();
  for (let n = 1; n < view.size; n++) {
    const owner = view.owner(n);
    if (owner !== null && owner !== n) edge(n, owner);
    const [task] = view.kind(n) === "early" ? view.dependencies(n) : [];
    const [startedAt, at] = [task === undefined ? null : view.startedAt(task.n), view.endedAt(n)];
    if (task === undefined || startedAt === null || at === null) {
      for (const each of view.dependencies(n)) waitsFor(view, n, each.n, edge);
      continue;
    }
    // Who used it waited for its task from its start until it was there.
    early.set(n, task.n);
    for (const each of view.dependencies(task.n)) waitsFor(view, n, each.n, edge);
    weights.set(n, Math.max(0, at - startedAt));
  }
  const graph = sharedGraph(view.size, from.length);
  graph.from.set(from);
  graph.to.set(to);
  for (const n of view.nodes()) {
    const startedAt = view.startedAt(n);
    const endedAt = view.endedAt(n);
    graph.weights[n] = startedAt === null || endedAt === null ? 0 : Math.max(0, endedAt - startedAt);
  }
  for (const [n, ms] of weights) graph.weights[n] = ms;
  const { criticalPath: path, length } = await analyze(graph);
  await closeAnalysis();
  return {
    ms: length,
    nodes: path
      .map((n) => early.get(n) ?? n)
      .filter((n) => view.task(n) !== null && view.startedAt(n) !== null)
      .map((n) => view.name(n)),
  };
}

/** What stands inside an `if` waits for its condition, not for the whole of it, which ends after them. */
export function waitsFor(
  view: RunView,
  n: number,
  other: number,
  edge: (a: number, b: number) => void,
): void {
  for (let around = view.owner(n); around !== null; around = view.owner(around))
    if (around === other) {
      for (const each of view.dependencies(other)) edge(each.n, n);
      return;
    }
  edge(other, n);
}
