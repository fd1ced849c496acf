// What a run would do first, found without starting anything: the run itself, in which nothing ever ends that has to run.

import type { Plan } from "../compiler/plan.ts";
import type { Value } from "../compiler/types.ts";
import type { ArtifactStore } from "./artifacts.ts";
import { Contents } from "./contents.ts";
import { decide, looked } from "./decide.ts";
import type { Earlier } from "./earlier.ts";
import type { EventBody, RunOptions } from "./events.ts";
import { openFiles } from "./files.ts";
import type { Stands } from "./git/stands.ts";
import type { Journal } from "./journal.ts";
import type { KnownPrint } from "./journal-cache.ts";
import { type IdentityOf, Reuse } from "./reuse.ts";
import { apply, createRun, type Run } from "./run.ts";
import { BRANCH, READY, RUNNING, WAITING } from "./run-codes.ts";

/** What becomes of a node. */
export type Fate =
  /** Its answer is there, from this run. */
  | { readonly as: "reused"; readonly from: string }
  /** It starts. `changes`: how its work differs from the earlier run's, if that had done it. */
  | {
      readonly as: "starts";
      readonly changes: readonly string[] | null;
      readonly print: KnownPrint | null;
      readonly spoiled: string | null;
    }
  /** It may be done only once and was started before, in this run: a person decides. */
  | { readonly as: "asks"; readonly startedIn: string }
  /** It depends on what starts, or on a person, whether it has to run. */
  | { readonly as: "open" };

export interface FateOf {
  readonly n: number;
  readonly name: string;
  readonly task: string;
  /** Its task says `cache`. */
  readonly cached: boolean;
  readonly fate: Fate;
}

export interface PreviewParts {
  readonly plan: Plan;
  readonly inputs: Readonly<Record<string, Value>>;
  readonly only: readonly string[] | null;
  readonly journal: Journal;
  readonly artifacts: ArtifactStore;
  /** Absolute path. */
  readonly project: string;
  readonly earlier: Earlier | null;
  readonly again: readonly string[];
  readonly identityOf: IdentityOf;
  /** As in `ReuseParts`. */
  readonly stands?: Stands;
  /** Wall ms. */
  readonly now: number;
}

/** Nothing here waits for room. */
const options: Omit<RunOptions, "only"> = { jobs: 10_000, failFast: false };

/** Nodes that would run or are reused, in their order; what only computes is left out. Nothing is written. Throws JournalError. */
export async function preview(parts: PreviewParts): Promise<readonly FateOf[]> {
  const { plan, inputs, only, project, artifacts, earlier, now } = parts;
  const run = createRun({ id: "preview", plan, files: openFiles(project, plan, artifacts) });
  const contents = new Contents(project);
  const reuse = new Reuse(run, { ...parts, contents });
  const happened = (event: EventBody): void => apply(run, { ...event, at: now });
  happened({
    type: "run.started",
    plan: "",
    inputs,
    options: { ...options, only },
    durations: {},
    ...(earlier === null ? {} : { from: earlier.id, origin: earlier.origin }),
    flowc: "",
  });
  const fates = new Map<number, Fate>();
  for (;;) {
    const decision = decide(run, now);
    if (decision.do === "sleep" || decision.do === "end") break;
    if (decision.do === "append") {
      const { event } = decision;
      if (event.type === "run.ended") break;
      happened(event);
      const given = event.type === "gate.opened" ? reuse.approval(event) : null;
      if (given !== null) happened(given);
      continue;
    }
    const { n } = decision;
    const { kept, print, spoiled, changes, startedIn } = await reuse.look(n);
    if (kept !== null) {
      const { from, value } = kept;
      happened({ type: "node.reused", n, from, value });
      fates.set(n, { as: "reused", from });
      continue;
    }
    fates.set(n, startedIn === null ? { as: "starts", changes, print, spoiled } : { as: "asks", startedIn });
    if (startedIn === null) looked(run, n);
  }
  return found(run, fates);
}

function found(run: Run, fates: ReadonlyMap<number, Fate>): readonly FateOf[] {
  const all: FateOf[] = [];
  for (const n of run.nodes()) {
    const { task } = run.info(n);
    const state = run.states.get(n);
    if (task === null || task.action === null || state === BRANCH) continue;
    const own = fates.get(n) ?? fateBy(state);
    const fate: Fate | null = own?.as === "starts" && mayBeSpared(run, n) ? { as: "open" } : own;
    const cached = (task.settings.cache ?? null) !== null;
    if (fate !== null) all.push({ n, name: run.name(n), task: task.name, cached, fate });
  }
  return all;
}

/** Is it part of a `for` of which some items may be enough? */
function mayBeSpared(run: Run, n: number): boolean {
  for (let at = n; at > 0; at = run.frameOwners.get(run.frames.get(at))) {
    const loop = run.loops.get(run.of.get(at));
    if (loop === undefined) continue;
    const { step } = run.info(loop.cell);
    if (step.kind === "for" && step.enough !== null) return true;
  }
  return false;
}

function fateBy(state: number): Fate | null {
  if (state === RUNNING || state === READY)
    return { as: "starts", changes: null, print: null, spoiled: null };
  return state === WAITING ? { as: "open" } : null;
}
