// Opens a run, new or left by an earlier owner: takes its lease, folds its events, and sweeps what was left behind.

import type { Plan } from "../compiler/plan.ts";
import type { Value } from "../compiler/types.ts";
import { againAt } from "./decide-retry.ts";
import { type Earlier, openEarlier } from "./earlier.ts";
import type { Event, Place, RunOptions, SpentBefore } from "./events.ts";
import { endLeft } from "./execute-from.ts";
import { refuseForgotten, refuseRepeats } from "./execute-once.ts";
import { Inputs, Recorder, type Watch } from "./execute-record.ts";
import { type Folding, keepTexts, openFiles } from "./files.ts";
import { encodePlan } from "./journal-codec.ts";
import { damagedRun, refuseUnread, worded } from "./journal-errors.ts";
import { type Gone, historyOf } from "./journal-history.ts";
import { createLog, freeRunId, type RunLog, reopenLog } from "./journal-log.ts";
import { type Lease, RunHeld, takeLease, takeOver } from "./lease.ts";
import { planChanges } from "./plan-changes.ts";
import type { Ask } from "./requests.ts";
import { ResumeRefused } from "./resume-refused.ts";
import { apply, createRun, Diverged, openAttempts, type Run } from "./run.ts";
import { isOnce } from "./run-settings.ts";
import { mayHaveBegun } from "./run-unknown.ts";
import type { RunView } from "./run-view.ts";
import type { FileAccess } from "./values.ts";
import type { World } from "./world.ts";

/** A run that was begun. */
export interface Resume {
  /** Its id. */
  readonly run: string;
  /** Go on with the stored plan even if the file gives another one now. */
  readonly stored: boolean;
  /** Take it from an owner that lives, or is stopped. */
  readonly takeOver?: boolean;
}

/** What to run: a plan anew, or a run that was begun. */
export interface RunRequest {
  /** To resume: the plan that the flow's file gives now; if that is not there any more, the stored one. */
  readonly plan: Plan;
  /** Decoded by the types of the plan's inputs; what has a default may be missing. A resumed run has its own. */
  readonly inputs: Readonly<Record<string, Value>>;
  /** A resumed run keeps its own `only`, `on` and `set`. */
  readonly options: RunOptions;
  readonly resume?: Resume;
  /** A new run goes on from this one, with another plan. */
  readonly from?: { readonly run: string; readonly takeOver: boolean };
  /** False: it is left, resumable, when only a person can move it on. */
  readonly wait?: boolean;
  readonly watch?: Watch;
  /** Told what takes long or is waited for, and is no event: an image that is fetched. A sentence. */
  readonly tell?: (text: string) => void;
  /** Told what the agent of node `n` does, as a short line. */
  readonly does?: (n: number, text: string) => void;
  /** Told once of a resumed run whose latest events are gone, before anything of it is written. */
  readonly gone?: (gone: Gone, run: RunView) => void;
  /** Of a resumed run, or one that goes on from another: nodes that may be done only once and are to run again all the same, and who says so. */
  readonly again?: { readonly names: readonly string[]; readonly by: string };
  /** The first wish to end, in order; its reason is `interrupt` or `terminate`. */
  readonly stop?: AbortSignal;
  /** The second: at once. */
  readonly stopNow?: AbortSignal;
}

/** A run that is ours. */
export interface OpenRun {
  readonly run: Run;
  readonly lease: Lease;
  readonly log: RunLog;
  readonly inputs: Inputs;
  readonly recorder: Recorder;
  readonly files: FileAccess;
  /** It had an owner before, which may have left something running. */
  readonly inherited: boolean;
  /** Nodes that had succeeded when it was opened. */
  readonly before: number;
  /** The run that this one goes on from. */
  readonly earlier: Earlier | null;
}

/** Begins a new run: when this returns, its first events are committed. */
export async function openNew(world: World, ask: RunRequest): Promise<OpenRun> {
  const { journal } = world;
  if (ask.from !== undefined) {
    const { run, takeOver } = ask.from;
    await endLeft(world, run, ask, await leaseOf(world, run, takeOver));
  }
  const earlier = ask.from === undefined ? null : openEarlier(journal, ask.from.run, world.project);
  const id = freeRunId(journal, world.clock.now(), world.random);
  const lease = await leaseOf(world, id);
  try {
    const parts = partsOf(world, id, ask.plan, [], (inputs) => createLog(journal, id, ask.plan, inputs));
    keepTexts(ask.plan, parts.files);
    const places = await placesOf(world, ask.plan, ask.options.on ?? null);
    const recorder = new Recorder(world, { ...parts, watch: ask.watch ?? nobody }, { seq: 0, at: 0 });
    recorder.record({
      type: "run.started",
      plan: encodePlan(ask.plan).hash,
      inputs: ask.inputs,
      options: ask.options,
      durations: journal.durations(),
      ...(earlier === null ? {} : { from: earlier.id, origin: earlier.origin, ...spentIn(earlier) }),
      flowc: world.flowc,
    });
    recorder.record({ type: "run.opened", epoch: parts.log.epoch, ...world.identity, ...places });
    recorder.commit();
    return { ...parts, lease, recorder, inherited: false, before: 0, earlier };
  } catch (error) {
    lease.release();
    throw error;
  }
}

/** Folds a run that has succeeded already, without opening it; null if there is something to go on with. */
export function openDone(world: World, id: string): Run | null {
  const row = world.journal.run(id);
  if (row === null || row.status !== "succeeded") return null;
  const { plan, events } = historyOf(world.journal, id);
  const { run } = folded(world, id, plan, events, null);
  // What the list of runs says is no more than a hint.
  return run.status === "succeeded" ? run : null;
}

/** Opens a run again: its next epoch is committed, so that whoever had it before stops. */
export async function openAgain(
  world: World,
  ask: RunRequest,
  { run: id, stored, takeOver: taking = false }: Resume,
): Promise<OpenRun> {
  const { journal } = world;
  const lease = await leaseOf(world, id, taking);
  try {
    const { plan, hash, events, end, gone } = historyOf(journal, id);
    if (!stored) refuseOther(id, plan, hash, ask.plan);
    const last = events.at(-1) ?? { seq: 0, at: 0, epoch: 0 };
    const parts = partsOf(world, id, plan, events, (inputs, run) =>
      reopenLog(journal, id, inputs, { end, epoch: last.epoch, once: lastOnce(events, run) }),
    );
    if (parts.run.status === "succeeded")
      throw damagedRun(journal.path, `the run ${id} has succeeded, and is listed as if it had not`);
    if (gone !== null) {
      ask.gone?.(gone, parts.run);
      if (gone.once) refuseForgotten(parts.run, ask.again?.names ?? []);
    }
    const recorder = new Recorder(world, { ...parts, watch: ask.watch ?? nobody }, last);
    const { only: _, on: __, set: ___, ...options } = ask.options;
    const places = await placesOf(world, plan, parts.run.options.on ?? null);
    const opened = { epoch: parts.log.epoch, ...world.identity, ...places, options };
    const before = new Set(parts.run.unknown);
    const { succeeded } = parts.run.counts;
    recorder.record({ type: "run.opened", ...opened });
    // Nothing is written yet: who is refused finds the run as it was.
    const answered = new Set(parts.log.requests().flatMap(({ ask }) => nodeDecided(ask)));
    refuseRepeats(parts.run, {
      before,
      again: ask.again?.names ?? [],
      answered,
      forgotten: gone?.once === true,
    });
    recorder.commit();
    const { from } = parts.run;
    const earlier = from === null ? null : openEarlier(journal, from, world.project);
    return { ...parts, lease, recorder, inherited: true, before: succeeded, earlier };
  } catch (error) {
    lease.release();
    throw error;
  }
}

/** Budgets count on. */
function spentIn(earlier: Earlier): { readonly spent?: readonly SpentBefore[] } {
  const spent = earlier.spent();
  return spent.length === 0 ? {} : { spent };
}

/** What the declared runners of a plan are here; nothing for a plan without. */
async function placesOf(
  { attempts }: World,
  plan: Plan,
  on: string | null,
): Promise<{ readonly places?: readonly Place[] }> {
  if (plan.runners.length === 0) return {};
  const places = await attempts.places?.(plan, on);
  return places === undefined ? {} : { places };
}

function lastOnce(events: readonly Event[], run: Run): number {
  return events.findLast((event) => event.type === "attempt.started" && run.once(event.n))?.seq ?? 0;
}

/** After the sweep: attempts that nobody knows the end of are lost, and may be made again. */
export function endLost({ run, recorder }: OpenRun, refs: readonly string[]): void {
  if (refs.length > 0) recorder.record({ type: "swept", refs });
  for (const { n, a } of openAttempts(run)) {
    // Its work is done: only the merge is left.
    if (run.ends.trees.answers.has(n)) continue;
    const waited = isOnce(run, n) && !mayHaveBegun(run, n);
    const why = waited ? ({ why: "launch" } as const) : {};
    // It was flowc that failed, and it is here again.
    const again =
      againAt(run, n, "lost", why.why ?? null, recorder.now(), 0) === null ? null : recorder.now();
    recorder.record({
      type: "attempt.ended",
      n,
      a,
      outcome: "lost",
      ...why,
      message: waited ? "flowc stopped while it waited for an instance" : "flowc stopped while it ran",
      ...(again === null ? {} : { again_at: again }),
    });
  }
  recorder.commit();
}

/** The node that a request says what is to become of. */
function nodeDecided(ask: Ask | null): readonly number[] {
  return ask?.kind === "settle" || ask?.kind === "retry" ? [ask.n] : [];
}

const nobody: Watch = () => {};

async function leaseOf({ journal }: World, id: string, taking = false): Promise<Lease> {
  const folder = journal.folderOf(id);
  const took = taking ? takeOver(folder, journal.lastOwner(id)) : takeLease(folder);
  const lease = await took.catch((error: unknown) => {
    throw worded(error, journal.path);
  });
  if (lease !== null) return lease;
  throw new RunHeld(id, journal.lastOwner(id));
}

type Parts = Pick<OpenRun, "run" | "log" | "inputs" | "files"> & { readonly changed: Set<number> };

function partsOf(
  world: World,
  id: string,
  plan: Plan,
  events: readonly Event[],
  open: (inputsOf: (n: number) => readonly Value[] | null, run: Run) => RunLog,
): Parts {
  const changed = new Set<number>();
  const { run, files } = folded(world, id, plan, events, (n) => changed.add(n));
  // Rows of what happened before are there already.
  changed.clear();
  const inputs = new Inputs(() => run);
  const log = open((n) => inputs.of(n), run);
  return { run, files, changed, inputs, log };
}

function folded(
  world: World,
  id: string,
  plan: Plan,
  events: readonly Event[],
  watch: ((n: number) => void) | null,
): { readonly run: Run; readonly files: FileAccess } {
  const folding: Folding = { now: true, failed: null };
  const files = openFiles(world.project, plan, world.artifacts, world.journal.folderOf(id), folding);
  const run = createRun({ id, plan, files, ...(watch === null ? { still: true } : { watch }) });
  try {
    for (const event of events) apply(run, event);
    folding.now = false;
  } catch (error) {
    refuseUnread(id, folding, error);
    if (!(error instanceof Diverged)) throw error;
    throw new ResumeRefused(
      id,
      `The run ${id} cannot be gone on with: ${error.message}.`,
      "Start a new run; nothing of this one was changed.",
    );
  }
  return { run, files };
}

function refuseOther(id: string, stored: Plan, hash: string, now: Plan): void {
  if (encodePlan(now).hash === hash) return;
  const changed = planChanges(stored, now);
  // What only the files seen differ in goes on with what was seen when the run began.
  if (changed.length === 0) return;
  const some = changed.slice(0, 5).join(", ");
  const more = changed.length > 5 ? ` and ${changed.length - 5} more` : "";
  throw new ResumeRefused(
    id,
    `The run ${id} was started from another version of its flow: ${some}${more} changed since.`,
    "Undo the changes, go on with the plan it was started with by adding `--stored`, or start a new run.",
    { changed },
  );
}
