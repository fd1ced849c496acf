// Where an attempt is made: waits for an instance of its runner, tells that it may begin there, and gives it back.

import type { TaskPlan } from "../compiler/plan-tasks.ts";
import { type AttemptReport, failed, neverBegan, reportOf } from "./attempt-report.ts";
import type { Lent, Taken, Wanted } from "./instances.ts";
import type { Tag } from "./runner.ts";

export interface LentWorld {
  /** An instance of a runner, by its name in the plan, as soon as there is one. */
  take(runner: string, wanted: Wanted): Promise<Taken>;
  /** Told where an attempt is before anything of it runs, and which instance of a declared runner serves it; it may when this resolves. */
  placed(n: number, a: number, ref: string, of: Lent["of"]): Promise<void>;
}

/** What of an attempt's order says where it is to be made. */
interface Asking {
  readonly run: string;
  readonly n: number;
  readonly a: number;
  readonly task: Pick<TaskPlan, "action">;
  readonly settings: {
    readonly runner: string;
    readonly affinity: string | null;
    readonly rank: number;
    readonly needs: { readonly cpu: number; readonly memory: number };
  };
}

/** A core is what every node needs of this machine, and bounds nothing. */
function neededBy({ needs }: Asking["settings"]): Wanted["needs"] {
  return { cpu: needs.cpu > 1 ? needs.cpu : null, memoryBytes: needs.memory > 0 ? needs.memory : null };
}

/** `folder`: as in `InstanceSpec`. `work`: what is done with the instance. Rejects as that does. */
export async function atPlace(
  { run, n, a, task, settings }: Asking,
  { take, folder, stop }: Pick<LentWorld, "take"> & Pick<Wanted, "folder" | "stop">,
  work: (lent: Lent, tag: Tag) => Promise<AttemptReport>,
): Promise<AttemptReport> {
  const tag = { run, node: n, attempt: a };
  const { affinity: key, runner, rank } = settings;
  const needs = neededBy(settings);
  const taken = await take(task.action?.kind === "call" ? "local" : runner, {
    ...{ tag, folder, needs, key, rank, stop },
  });
  if (taken === "stopped") return neverBegan;
  if ("problem" in taken)
    return taken.problem === "refused"
      ? failed("launch", taken.message)
      : { outcome: "lost", why: "launch", message: taken.message };
  let lost = false;
  try {
    const report = await work(taken, tag);
    // Where its agent met a limit, or its model was away, the place is as well as before.
    lost = report.outcome === "lost" && report.why !== "limited" && report.why !== "away";
    return report;
  } catch (error) {
    lost = reportOf(error).outcome === "lost";
    throw error;
  } finally {
    await taken.giveBack(lost);
  }
}

/** Tells where it is; false: it was stopped before it could begin. */
export async function mayBegin(
  { n, a }: Pick<Asking, "n" | "a">,
  { placed }: Pick<LentWorld, "placed">,
  { ref, of, stop }: { readonly ref: string; readonly of: Lent["of"]; readonly stop: AbortSignal },
): Promise<boolean> {
  const told = placed(n, a, ref, of);
  // Only of what works in an instance anything has to be on the disk before.
  if (of === null) return !stop.aborted;
  let stopped = (): void => {};
  const over = new Promise<void>((resolve) => {
    stopped = resolve;
  });
  stop.addEventListener("abort", stopped, { once: true });
  // Whoever writes it down may be gone, and an attempt that is told to end must end.
  await Promise.race([told, over]);
  stop.removeEventListener("abort", stopped);
  return !stop.aborted;
}
