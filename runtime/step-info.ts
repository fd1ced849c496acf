// What is known of every cell made from a step, found once for each step of the plan.

import type { Plan } from "../compiler/plan.ts";
import type { Step } from "../compiler/plan-steps.ts";
import type { TaskPlan } from "../compiler/plan-tasks.ts";
import { assert } from "./bug.ts";

export interface StepInfo {
  readonly step: Step;
  readonly task: TaskPlan | null;
  /** Evaluated by the loop itself: a task without an action. */
  readonly pure: boolean;
  /** Thousandths of a core it needs while it runs here, where no `with` says otherwise. */
  readonly cpu: number;
}

export function infoOf(plan: Plan, step: Step): StepInfo {
  if (step.kind !== "task") return { step, task: null, pure: false, cpu: 0 };
  const task = Object.hasOwn(plan.tasks, step.task) ? plan.tasks[step.task] : undefined;
  assert(task !== undefined, `the plan has no task \`${step.task}\``);
  return { step, task, pure: task.action === null, cpu: Math.round(task.settings.needs.cpu * 1000) };
}
