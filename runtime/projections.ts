// Tables for people and `sqlite3`: rows of nodes, attempts, dependencies and artifacts, made from a run and its events.

import type { Value } from "../compiler/types.ts";
import type { ArtifactRef, Event } from "./events.ts";
import { orIgnore, RowWriter } from "./journal-rows.ts";
import { edgeKinds, type RowState, runStride, seenKinds, states } from "./journal-schema.ts";
import type { RunView, State } from "./run-view.ts";
import type { Database, SqlValue, Statement } from "./sqlite.ts";

/** An input whose JSON is longer stands in a node's row by its length: values are not copied. */
const inputBytesMax = 200;

/** Values of a node's arguments in order of its task's parameters; null if they cannot be told. */
export type InputsOf = (n: number) => readonly Value[] | null;

/** Numbers of an attempt's events, as far as they are there. */
interface AttemptEvents {
  readonly n: number;
  readonly a: number;
  started: number | null;
  placed: number | null;
  ended: number | null;
  used: number | null;
}

/** Writes the rows of one run, inside the transactions of others. */
export class Projections {
  private readonly run: number;
  private readonly inputsOf: InputsOf;
  private readonly database: Database;
  /** Null: not known yet. */
  private waits: boolean | null = null;
  private readonly nodes: RowWriter;
  private readonly edges: RowWriter;
  private readonly artifacts: RowWriter;
  private readonly attempts: RowWriter;
  private readonly updateNode: Statement;

  constructor(database: Database, run: number, inputsOf: InputsOf) {
    this.database = database;
    this.run = run;
    this.inputsOf = inputsOf;
    this.nodes = new RowWriter(database, "node", nodeColumns, orIgnore);
    this.edges = new RowWriter(database, "dependency", ["run", "n", "of", "kind"], orIgnore);
    this.artifacts = new RowWriter(database, "artifact", artifactColumns);
    this.updateNode = database.prepare(
      `UPDATE node SET state = ?, attempts = ?, started_at = ?, ended_at = ?, inputs = coalesce(?, inputs), error = ?
       WHERE id = ?`,
    );
    this.attempts = new RowWriter(database, "attempt", attemptColumns, attemptAgain);
  }

  /** Follows one turn: `view` is the run after `events`, `changed` the nodes that started, ended or wait again. */
  follow(view: RunView, events: readonly Event[], changed: Iterable<number>): void {
    this.clear();
    const attempts = new Map<number, AttemptEvents>();
    let reopened = false;
    let ended = false;
    for (const event of events) {
      ended ||= event.type === "run.ended";
      if (event.type === "run.started") this.startRun(event.at);
      else if (event.type === "grown") this.makeNodes(view, event.first, event.first + event.count);
      else if (event.type === "run.ended") this.endRun(event.status, event.at, event.seq);
      else if (event.type === "run.opened") reopened = this.reopenRun() || reopened;
      else this.followAttempt(event, attempts);
    }
    this.nodes.flush();
    this.artifacts.flush();
    for (const attempt of attempts.values()) this.addAttempt(attempt);
    this.attempts.flush();
    for (const n of changedNodes(view, changed, reopened, ended)) {
      const attempt = attempts.get(n);
      this.changeNode(view, n, attempt !== undefined && isFirst(view, attempt));
    }
  }

  /**
   * Dependencies of cells from `from` on, until `enough` says so; gives the cell to go on with. Values between two
   * nodes are passed through: what stands here is what people have names for.
   */
  relate(view: RunView, from: number, enough: () => boolean): number {
    let n = from;
    for (; n < view.size && !(n % 4 === 0 && n > from && enough()); n++)
      if (view.kind(n) === "task")
        for (const [of, kind] of dependenciesOf(view, n)) {
          this.edges.add(this.run, n, of, kind);
          if (view.kind(of) === "item") this.makeNode(view, of);
        }
    this.edges.flush();
    this.nodes.flush();
    this.database.prepare("UPDATE run SET related = ? WHERE id = ?").run(n, this.run);
    return n;
  }

  /** Makes all rows anew from a folded run and its events. */
  rebuild(view: RunView, events: Iterable<Event>): void {
    this.clear();
    this.database
      .prepare("DELETE FROM node WHERE id BETWEEN ? AND ?")
      .run(this.run * runStride, (this.run + 1) * runStride - 1);
    for (const table of ["attempt", "dependency", "artifact"])
      this.database.prepare(`DELETE FROM ${table} WHERE run = ?`).run(this.run);
    const attempts = new Map<number, AttemptEvents>();
    for (const event of events) {
      if (event.type === "run.ended") this.endRun(event.status, event.at, event.seq);
      else if (event.type === "run.opened") this.reopenRun();
      else this.followAttempt(event, attempts);
    }
    for (const attempt of attempts.values()) this.addAttempt(attempt);
    this.attempts.flush();
    this.makeNodes(view, 1, view.size);
    this.nodes.flush();
    this.artifacts.flush();
    this.wait(view.waitsForPeople());
    this.relate(view, 0, () => false);
  }

  /** What a transaction that failed had added. */
  private clear(): void {
    this.nodes.clear();
    this.edges.clear();
    this.artifacts.clear();
    this.attempts.clear();
  }

  /** `attempts`: the last one of each node. */
  private followAttempt(event: Event, attempts: Map<number, AttemptEvents>): void {
    if (event.type === "node.reused") {
      const before = attempts.get(event.n);
      if (before !== undefined) this.addAttempt(before);
      // What stands for an attempt: the answer of a node that is cached is looked for there.
      attempts.set(event.n, { n: event.n, a: 0, started: null, placed: null, ended: event.seq, used: null });
      this.addFiles(event.n, event.seq, event.files);
      return;
    }
    if (event.type === "attempt.early") this.addFiles(event.n, event.seq, event.files);
    if (!isOfAttempt(event)) return;
    const { n, a, seq } = event;
    let known = attempts.get(n);
    if (known?.a !== a) {
      if (known !== undefined) this.addAttempt(known);
      known = { n, a, started: null, placed: null, ended: null, used: null };
      attempts.set(n, known);
    }
    if (event.type === "attempt.started") known.started = seq;
    else if (event.type === "attempt.placed") known.placed = seq;
    else if (event.type === "attempt.used") known.used = seq;
    else {
      known.ended = seq;
      this.addFiles(n, seq, event.files);
    }
  }

  private addAttempt({ n, a, started, placed, ended, used }: AttemptEvents): void {
    this.attempts.add(this.run, n, a, started, placed, ended, used);
  }

  private addFiles(n: number, seq: number, files: readonly ArtifactRef[] = []): void {
    files.forEach((file, i) => {
      this.artifacts.add(...artifactRow(this.run, n, seq, i, file));
    });
  }

  /** An item has a row only if something depends on it: there are as many of them as nodes. */
  private makeNodes(view: RunView, first: number, end: number): void {
    for (let n = first; n < end; n++) if (view.kind(n) !== "item") this.makeNode(view, n);
  }

  private makeNode(view: RunView, n: number): void {
    const kind = kindNumber(view, n);
    if (kind < 0) return;
    const id = this.run * runStride + n;
    if (kind > 0) {
      this.nodes.add(id, kind, view.name(n), null, view.key(n), 0, 0, null, null, null, null);
      return;
    }
    const { state, attempts, startedAt, endedAt, error } = nodeState(view, n);
    const inputs = this.inputs(view, n);
    const [name, task, key] = [view.name(n), view.task(n), view.key(n)];
    this.nodes.add(id, kind, name, task, key, state, attempts, startedAt, endedAt, inputs, error);
  }

  private changeNode(view: RunView, n: number, begun: boolean): void {
    const { state, attempts, startedAt, endedAt, error } = nodeState(view, n);
    // Known since the first attempt: not computed again, as what it mentions may have been put back since.
    const inputs = begun ? this.inputs(view, n) : null;
    this.updateNode.run(state, attempts, startedAt, endedAt, inputs, error, this.run * runStride + n);
  }

  private inputs(view: RunView, n: number): string | null {
    const task = view.task(n);
    const begun = view.attempts(n) > 0 || view.reusedFrom(n) !== null;
    const values = begun ? this.inputsOf(n) : null;
    if (task === null || values === null) return null;
    const entries = (view.plan.tasks[task]?.params ?? []).map(({ name }, i) => {
      const json = JSON.stringify(values[i] ?? null);
      return [name, json.length <= inputBytesMax ? (values[i] ?? null) : `… ${json.length} characters`];
    });
    return JSON.stringify(Object.fromEntries(entries));
  }

  /** Whether only a person can move the run on. */
  wait(waits: boolean): void {
    if (waits === this.waits) return;
    const [from, to] = waits ? (["running", "waiting"] as const) : (["waiting", "running"] as const);
    this.database
      .prepare("UPDATE run SET state = ? WHERE id = ? AND state = ?")
      .run(states.indexOf(to), this.run, states.indexOf(from));
    this.waits = waits;
  }

  private startRun(at: number): void {
    this.database.prepare("UPDATE run SET started_at = ? WHERE id = ?").run(at, this.run);
  }

  private endRun(status: State, at: number, seq: number): void {
    this.database
      .prepare("UPDATE run SET state = ?, ended_at = ?, ended = ? WHERE id = ?")
      .run(states.indexOf(status), at, seq, this.run);
  }

  /** True if it had ended before. */
  private reopenRun(): boolean {
    const row = this.database.prepare("SELECT ended FROM run WHERE id = ?").get(this.run);
    if (row === undefined || row["ended"] === null) return false;
    this.database
      .prepare("UPDATE run SET state = ?, ended_at = NULL, ended = NULL WHERE id = ?")
      .run(states.indexOf("running"), this.run);
    return true;
  }
}

const nodeColumns = [
  "id",
  "kind",
  "name",
  "task",
  "key",
  "state",
  "attempts",
  "started_at",
  "ended_at",
  "inputs",
  "error",
] as const;
const attemptColumns = ["run", "n", "a", "started", "placed", "ended", "used"] as const;
/** What an attempt's row has already stays. */
const attemptAgain = `ON CONFLICT DO UPDATE SET ${["started", "placed", "ended", "used"]
  .map((name) => `${name} = coalesce(excluded.${name}, ${name})`)
  .join(", ")}`;
const artifactColumns = ["run", "n", "ended", "i", "name", "path", "size", "sha256"] as const;

function artifactRow(run: number, n: number, ended: number, i: number, file: ArtifactRef): SqlValue[] {
  return [run, n, ended, i, file.name, file.path, file.size, file.sha256];
}

type AttemptEvent = Extract<
  Event,
  { readonly type: "attempt.started" | "attempt.placed" | "attempt.used" | "attempt.ended" }
>;

function isOfAttempt(event: Event): event is AttemptEvent {
  return event.type.startsWith("attempt.") && event.type !== "attempt.early";
}

/** Are its inputs to be written now? Of a node without an action only its end is told. */
function isFirst(view: RunView, { n, a, started }: AttemptEvents): boolean {
  if (a !== 1) return a === 0;
  return started !== null || view.plan.tasks[view.task(n) ?? ""]?.action === null;
}

/** An opening puts back nodes, and an end settles them, without telling of each. */
function* changedNodes(
  view: RunView,
  changed: Iterable<number>,
  reopened: boolean,
  ended: boolean,
): Generator<number> {
  if (reopened) yield* view.nodes();
  else yield* changed;
  if (!ended || reopened) return;
  for (const n of view.nodes()) if (view.state(n) === "cancelled") yield n;
}

function kindNumber(view: RunView, n: number): number {
  return seenKinds.indexOf(view.kind(n));
}

interface NodeState {
  readonly state: number;
  readonly attempts: number;
  readonly startedAt: number | null;
  readonly endedAt: number | null;
  readonly error: string | null;
}

function rowState(view: RunView, n: number, state: State): RowState {
  if (state === "succeeded" && view.reusedFrom(n) !== null) return "cached";
  return state === "ready" ? "waiting" : state;
}

/** A node that is ready is still waiting for people: rows are not written for it. */
function nodeState(view: RunView, n: number): NodeState {
  const state = view.state(n);
  const attempts = view.attempts(n);
  return {
    state: states.indexOf(rowState(view, n, state)),
    attempts,
    startedAt: view.startedAt(n),
    endedAt: view.endedAt(n),
    error: toldByEvent(view, n, state) ? null : ownError(view, n),
  };
}

/** How an attempt ended stands in its event; what a person said of it does not. */
function toldByEvent(view: RunView, n: number, state: State): boolean {
  if (view.attempts(n) === 0 || state === "skipped" || state === "cancelled") return false;
  return state !== "failed" || view.error(n)[0]?.why !== null;
}

function ownError(view: RunView, n: number): string | null {
  const [first] = view.error(n);
  return first === undefined ? null : first.message.slice(0, 200);
}

/** Nodes and what contains nodes that `n` waits for, by their numbers, with the number of the dependency's kind. */
function dependenciesOf(view: RunView, n: number): ReadonlyMap<number, number> {
  const found = new Map<number, number>();
  const open = view.dependencies(n).map(({ n: of, kind }) => ({ of, kind: edgeKinds.indexOf(kind) }));
  const passed = new Set<number>();
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { of, kind } = next;
    if (kindNumber(view, of) >= 0) {
      // Of several ways to it, data says the most.
      found.set(of, Math.min(found.get(of) ?? kind, kind));
    } else if (!passed.has(of)) {
      passed.add(of);
      for (const further of view.dependencies(of)) {
        const way = edgeKinds.indexOf(further.kind);
        open.push({ of: further.n, kind: kind <= 1 ? Math.max(kind, way) : kind });
      }
    }
  }
  return found;
}
