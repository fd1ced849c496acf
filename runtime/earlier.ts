// The run that another one goes on from, with another plan: what of it stands, and why the rest does not.

import type { Value } from "../compiler/types.ts";
import { argsOf, type NodeSettings, settingsOf, taskOf } from "./decide-args.ts";
import { changedParts, told } from "./difference.ts";
import type { ArtifactRef, Event, EventBody, Landed, SpentBefore } from "./events.ts";
import { openFiles } from "./files.ts";
import { type Parts, partsOf } from "./fingerprint.ts";
import type { Journal } from "./journal.ts";
import { type Kept, KeptAnswers } from "./journal-cache.ts";
import { historyOf } from "./journal-history.ts";
import { apply, createRun, type Run } from "./run.ts";
import { itemOf } from "./run-approvals.ts";
import { READY, SUCCEEDED } from "./run-codes.ts";
import { isOnce } from "./run-settings.ts";
import { spentForNext } from "./run-spending.ts";
import { mayHaveBegun } from "./run-unknown.ts";

/** A node as it is to be done now. */
export interface NodeNow {
  readonly run: Run;
  readonly n: number;
  readonly values: readonly Value[];
  readonly settings: NodeSettings;
  /** Fingerprint of its work, with what it reads; null if its task has no `cache`, or that cannot be told. */
  readonly print: { readonly hash: string; readonly parts: Parts } | null;
}

/** Its answer; or why it has none that stands: clauses, of which none means that it had not succeeded. */
export type Stands = { readonly kept: Kept } | { readonly changes: readonly string[] | null };

/** What an earlier run gives to the one that goes on from it. */
export interface Earlier {
  readonly id: string;
  /** The first run of the chain. */
  readonly origin: string;
  /** Its answer for the node of the same name, if that did the same work with the same values. */
  find(node: NodeNow): Stands;
  /** It may be done only once, and was started; null: it was not, or nothing is left of it. The run. */
  startedOnce(name: string): string | null;
  readonly inputs: Readonly<Record<string, Value>>;
  /** The approval of an item of the gate of the same name, in this run and not in one before it. */
  approval(gate: string, item: string): Extract<EventBody, { type: "gate.decided" }> | null;
  /** Names of nodes that had succeeded. */
  succeeded(): readonly string[];
  /** Names of all its nodes. */
  names(): readonly string[];
  /** What its agents have used, and what people have added to budgets, with all before it. */
  spent(): readonly SpentBefore[];
}

const nothing: Stands = { changes: null };

/** Null if it is not in the journal any more. Throws JournalError, and Diverged. `project` absolute. */
export function openEarlier(journal: Journal, id: string, project: string): Earlier | null {
  if (journal.run(id) === null) return null;
  const { plan, events } = historyOf(journal, id);
  const files = openFiles(project, plan, journal.artifacts, journal.folderOf(id));
  const run = createRun({ id, plan, files });
  for (const event of events) apply(run, event);
  const at = events.at(-1)?.at ?? 0;
  // What was taken back, or is part of a handler, is done again, as if it was gone on with itself.
  if (run.status !== "succeeded")
    apply(run, { type: "run.opened", at, epoch: 0, pid: 0, started: "", boot: "", host: "" });
  const before = run.from === null ? null : openEarlier(journal, run.from, project);
  return new EarlierRun(run, events, new KeptAnswers(journal), before);
}

class EarlierRun implements Earlier {
  readonly id: string;
  readonly origin: string;
  readonly inputs: Readonly<Record<string, Value>>;
  private readonly run: Run;
  private readonly answers: KeptAnswers;
  private readonly before: Earlier | null;
  private readonly files = new Map<number, readonly ArtifactRef[]>();
  private readonly landed = new Map<number, Landed>();
  private readonly prints = new Map<number, string>();

  constructor(run: Run, events: readonly Event[], answers: KeptAnswers, before: Earlier | null) {
    this.id = run.id;
    this.origin = run.keyId;
    this.inputs = run.inputs;
    this.run = run;
    this.answers = answers;
    this.before = before;
    for (const event of events) {
      if (event.type === "attempt.started" || event.type === "attempt.ended" || event.type === "node.reused")
        if (event.print !== undefined) this.prints.set(event.n, event.print);
      if (event.type === "node.reused" || (event.type === "attempt.ended" && event.outcome === "succeeded"))
        this.left(event);
    }
  }

  private left({ n, files = [], landed }: Extract<Event, { type: "node.reused" | "attempt.ended" }>): void {
    this.files.set(n, files);
    if (landed === undefined) this.landed.delete(n);
    else this.landed.set(n, landed);
  }

  find(node: NodeNow): Stands {
    if (node.run.handler(node.n) !== null) return nothing;
    const m = this.nodeOf(node.run.name(node.n));
    const older = (): Stands => this.before?.find(node) ?? nothing;
    if (m === null || this.run.handler(m) !== null) return older();
    if (this.run.skippedBy(m) === "person") {
      const found = older();
      return "kept" in found ? found : { changes: [`a person had skipped it in the run ${this.id}`] };
    }
    if (this.run.states.get(m) !== SUCCEEDED) return older();
    const changes = this.changes(m, node);
    if (changes.length > 0) {
      const found = older();
      return "kept" in found ? found : { changes };
    }
    const value = this.run.value(m);
    const landed = this.landed.get(m);
    const tree = landed === undefined ? {} : { landed };
    return { kept: { from: this.id, value, files: this.files.get(m) ?? [], ...tree } };
  }

  spent(): readonly SpentBefore[] {
    return spentForNext(this.run);
  }

  startedOnce(name: string): string | null {
    const m = this.nodeOf(name);
    // One that waits again was taken back, as far as is known.
    if (m !== null && isOnce(this.run, m) && this.run.states.get(m) > READY)
      if (mayHaveBegun(this.run, m) || this.run.reusedFrom(m) !== null) return this.id;
    return this.before?.startedOnce(name) ?? null;
  }

  approval(gate: string, item: string): Extract<EventBody, { type: "gate.decided" }> | null {
    const n = this.run.find(gate);
    const view = this.run.gates().find((one) => one.n === n);
    const asked = view?.items.some((one) => one.kind === "approve" && one.item === item) === true;
    const decision =
      n === null || !asked
        ? null
        : (this.run.people.approvals.get(itemOf(this.run, n, item))?.decision ?? null);
    if (n === null || decision === null || decision.answer !== "approved") return null;
    const { answer, by, note, at } = decision;
    return {
      type: "gate.decided",
      n,
      item,
      answer,
      ...(by === null ? {} : { by }),
      ...(note === null ? {} : { note }),
      given: at,
      from: this.id,
    };
  }

  succeeded(): readonly string[] {
    const { run } = this;
    const own = [...run.nodes()].filter((n) => run.states.get(n) === SUCCEEDED && run.handler(n) === null);
    return [...new Set([...(this.before?.succeeded() ?? []), ...own.map((n) => run.name(n))])];
  }

  names(): readonly string[] {
    return [...this.run.nodes()].map((n) => this.run.name(n));
  }

  private nodeOf(name: string): number | null {
    const m = this.run.find(name);
    return m !== null && this.run.kind(m) === "task" ? m : null;
  }

  /** How the work of our node `m` differs from what is to be done now, in clauses. */
  private changes(m: number, { run, n, values, settings, print }: NodeNow): readonly string[] {
    const known = this.prints.get(m);
    const row = known === undefined || print === null ? null : this.answers.print(known);
    // What was read is known only of these.
    if (row !== null && print !== null)
      return row.hash === print.hash ? [] : clauses(row.parts, print.parts, this.answers);
    const old = this.run;
    const args = argsOf(old, m);
    const set = args.ok ? settingsOf(old, m, args.value) : null;
    if (!args.ok || set === null || !set.ok) return ["what it was given is not known any more"];
    const before = workParts(old, m, args.value, set.value);
    const now = workParts(run, n, values, settings);
    return clauses(before, now, null);
  }
}

function clauses(before: Parts, now: Parts, answers: KeptAnswers | null): readonly string[] {
  return changedParts(before, now).flatMap((name) =>
    told(name, textOf(before, name), textOf(now, name), answers),
  );
}

function textOf(parts: Parts, name: string): string | null {
  return parts.find(([own]) => own === name)?.[1] ?? null;
}

/** What can be told of a node's work without a look at the project as it is now. */
function workParts(run: Run, n: number, values: readonly Value[], settings: NodeSettings): Parts {
  const { types, runners } = run.plan;
  const work = { task: taskOf(run, n), values, settings, keys: null, types, files: run.files };
  const runner = runners.find(({ name }) => name === settings.runner);
  return [
    ...(partsOf(work, true) ?? []),
    ["runner", JSON.stringify([settings.runner, runner ?? null])],
    ...(settings.workspace === "project" ? [] : [["workspace", JSON.stringify(settings.workspace)] as const]),
    ...(settings.writes === null ? [] : [["writes", JSON.stringify(settings.writes)] as const]),
  ];
}
