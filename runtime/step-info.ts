// What is known of every cell made from a step, found once for each step of the plan.

import type { Plan } from "../compiler/plan.ts";
import type { Step } from "../compiler/plan-steps.ts";
import type { TaskPlan } from "../compiler/plan-tasks.ts";
import { assert } from "./bug.ts";
import { type Need, needOf } from "./room.ts";

export interface StepInfo {
  readonly step: Step;
  readonly task: TaskPlan | null;
  /** Evaluated by the loop itself: a task without an action. */
  readonly pure: boolean;
  /**
   * May it be started while it has to wait for a thread? A call that a short wait changes nothing about: it has no time
   * bound, may be repeated, takes but a core, and is compared with nothing that it left.
   */
  readonly mayWait: boolean;
  /** An answer given before may do. */
  readonly cached: boolean;
  /** What it needs while it runs here, where no `with` says otherwise. */
  readonly need: Need;
  /** Its place by priority, where no `with` says otherwise: 0 starts before 1 before 2. */
  readonly rank: number;
}

const noNeed = needOf({ cpu: 0, memory: 0, disk: 0 });

export function rankOfPriority(priority: "low" | "normal" | "high"): number {
  return priority === "high" ? 0 : priority === "normal" ? 1 : 2;
}

export function infoOf(plan: Plan, step: Step): StepInfo {
  if (step.kind !== "task")
    return { step, task: null, pure: false, mayWait: false, cached: false, need: noNeed, rank: 1 };
  const task = Object.hasOwn(plan.tasks, step.task) ? plan.tasks[step.task] : undefined;
  assert(task !== undefined, `the plan has no task \`${step.task}\``);
  const { needs, priority, cache = null, runner } = task.settings;
  const pure = task.action === null;
  const cached = cache !== null && !pure;
  const need = needOf(needs, task.action?.kind === "call" || pure ? null : runner);
  const rank = rankOfPriority(priority);
  return { step, task, pure, cached, mayWait: mayWait(task, need), need, rank };
}

function mayWait({ action, settings }: TaskPlan, need: Need): boolean {
  const { timeout, effect, reads, writes } = settings;
  const free = timeout === null && reads === null && writes === null && effect !== "once";
  return action?.kind === "call" && free && need.memory === 0 && need.disk === 0 && need.cpu <= 1000;
}
