// Runs a plan to its end: a fresh run is the resume of an empty journal, and nothing else differs.

import type { Value } from "../compiler/types.ts";
import { Contents } from "./contents.ts";
import { endLeftAgain } from "./execute-from.ts";
import { Loop } from "./execute-loop.ts";
import { refuseDone, runAgain } from "./execute-once.ts";
import { endLost, type OpenRun, openAgain, openDone, openNew, type RunRequest } from "./execute-open.ts";
import { isFull, JournalError, worded } from "./journal-errors.ts";
import { LeaseLost, type Owner } from "./lease.ts";
import { Reuse } from "./reuse.ts";
import type { RunView } from "./run-view.ts";
import type { LimitNews, World } from "./world.ts";

/** What an earlier owner left, and what that was starting just then, is looked for once more after this time. */
const sweepAgainMs = 60_000;

export interface RunResult {
  /** Its id. */
  readonly run: string;
  /** `waiting`: for a person, and it was not to wait. */
  readonly status: "succeeded" | "failed" | "cancelled" | "waiting";
  /** The flow's answer, if it succeeded. */
  readonly output: Value;
  readonly view: RunView;
  /** It was to be resumed, and had succeeded before: nothing was done. */
  readonly already: boolean;
  /** Nodes that had succeeded when it was opened. */
  readonly before: number;
}

/**
 * Runs until the end, which is on the disk when this resolves. Throws JournalError (exit 74: nothing recorded is lost),
 * RunHeld and LeaseLost (74: another flowc has the run), ResumeRefused (2).
 */
export async function executeRun(world: World, ask: RunRequest): Promise<RunResult> {
  const done = ask.resume === undefined ? null : openDone(world, ask.resume.run);
  if (done !== null) {
    refuseDone(done, ask);
    return result(done, done.counts.succeeded, true);
  }
  const open = ask.resume === undefined ? await openNew(world, ask) : await openAgain(world, ask, ask.resume);
  const reuse = new Reuse(open.run, {
    journal: world.journal,
    artifacts: world.artifacts,
    contents: new Contents(world.project),
    identityOf: async (runner) => (attempts.identity === undefined ? runner : attempts.identity(runner)),
    stands: async (landed, spec) => attempts.stands?.(landed, spec) ?? null,
    earlier: open.earlier,
    again: ask.again?.names ?? [],
  });
  const loop = new Loop(world, { ...open, reuse, tell: (text) => ask.tell?.(text) });
  const folder = world.journal.folderOf(open.run.id);
  const attempts = world.attempts.open({
    run: open.run.id,
    folder,
    epoch: open.log.epoch,
    inherited: open.inherited,
    isOurs: () => open.lease.isOurs(),
    files: open.files,
    clock: world.clock,
    placed: (n, a, ref, of) => loop.placed(n, a, ref, of),
    answered: (n, a, given) => loop.answers.answered(n, a, given),
    early: (n, a, field, value, files) => loop.early({ n, a, field, value, files }),
    timer: (ms, wake) => world.timer(ms, wake),
    random: () => world.random(),
    plan: open.run.plan,
    on: open.run.options.on ?? null,
    begun: (runner) => open.run.instances.begunOf(runner),
    instances: {
      begun: (runner) => loop.instances.begun(runner),
      opened: (told) => loop.instances.opened(told),
      closed: (i, why) => loop.instances.closed(i, why),
      tell: (text) => ask.tell?.(text),
    },
    limits: limitNews(loop),
    asks: {
      inSession: (told) => loop.asks.inSession(told),
      used: (n, a, usage) => loop.asks.used(n, a, usage),
      does: (n, text) => ask.does?.(n, text),
    },
  });
  const unlisten = listen(loop, ask);
  const unbell = world.bell.listen(folder, () => loop.ring());
  let unsweep = (): void => {};
  try {
    const { from } = ask;
    // One that has ended in order was starting nothing.
    if (from !== undefined && world.journal.run(from.run)?.status === "running")
      unsweep = world.timer(sweepAgainMs, () => void endLeftAgain(world, from.run, ask).catch(() => {}));
    if (open.inherited) {
      endLost(open, await attempts.sweep());
      runAgain(open, ask);
      // What cannot be looked for then is found when the run ends.
      const look = () => attempts.sweepLeft().then((refs) => loop.swept(refs));
      unsweep = world.timer(sweepAgainMs, () => void look().catch(() => {}));
    }
    await loop.toTheEnd(attempts, ask.wait ?? true);
    return result(open.run, open.before, false);
  } catch (error) {
    // Whoever took the run over looks after its processes: we touch none.
    if (error instanceof LeaseLost) throw new LeaseLost(open.run.id, ownerNow(world, open.run.id));
    await loop.endAttempts();
    throw isFull(error) ? fullOf(world, open.run.id, error) : error;
  } finally {
    unlisten();
    unbell();
    unsweep();
    loop.limits.close();
    await attempts.close();
    open.log.close();
    open.lease.release();
  }
}

function limitNews(loop: Loop): LimitNews {
  return {
    used: (n, a, amounts) => loop.told({ kind: "used", n, a, amounts }),
    paused: (n, a, until, limit) =>
      loop.told({ kind: "paused", n, a, until, ...(limit === undefined ? {} : { limit }) }),
    pass: (asked) => loop.limits.pass(asked),
    heard: (limit, told) => loop.told({ kind: "heard", limit, told }),
  };
}

/** Who took the run over; null if that cannot be read any more. */
function ownerNow({ journal }: World, run: string): Owner | null {
  try {
    return journal.lastOwner(run);
  } catch {
    return null;
  }
}

/** An attempt met a full disk before the journal did. */
function fullOf(world: World, run: string, error: unknown): unknown {
  const problem = worded(error, world.journal.path);
  return problem instanceof JournalError
    ? new JournalError(problem.kind, problem.message, problem.hint, error, { run, aside: problem.aside })
    : problem;
}

function result(run: OpenRun["run"], before: number, already: boolean): RunResult {
  const { id, output, status } = run;
  return { run: id, status: status === "running" ? "waiting" : status, output, view: run, already, before };
}

/** Wishes to end come as signals; one may have fired before we listen. */
function listen(loop: Loop, { stop, stopNow }: RunRequest): () => void {
  const gently = (): void =>
    loop.cancel("person", stop?.reason === "terminate" ? "terminate" : "interrupt", false);
  const atOnce = (): void => loop.cancel("person", "interrupt", true);
  stop?.addEventListener("abort", gently);
  stopNow?.addEventListener("abort", atOnce);
  if (stop?.aborted) gently();
  if (stopNow?.aborted) atOnce();
  return () => {
    stop?.removeEventListener("abort", gently);
    stopNow?.removeEventListener("abort", atOnce);
  };
}
