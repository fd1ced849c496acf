// Tasks for plans written by hand: each setting as it holds without a word, but for what a test says.

import type { Expr } from "../compiler/plan-expr.ts";
import type { UsePlan } from "../compiler/plan-limits.ts";
import type { RetryPolicy, TaskPlan, TaskSettings } from "../compiler/plan-tasks.ts";
import type { Type } from "../compiler/types.ts";

const json: Type = { kind: "json" };

export const noRetry: RetryPolicy = {
  times: 0,
  backoff: 1,
  factor: 2,
  max: 60,
  on: ["exit", "timeout", "invalid"],
};

export interface TaskOptions {
  readonly params?: readonly string[];
  readonly retry?: Partial<RetryPolicy>;
  readonly cpu?: number;
  /** Bytes. */
  readonly memory?: number;
  /** A declared runner: its action is then a command, as nothing else is done there. */
  readonly runner?: string;
  readonly priority?: "low" | "normal" | "high";
  readonly affinity?: Expr;
  readonly timeout?: Expr;
  readonly budget?: Expr;
  /** A glob of what it writes. */
  readonly writes?: Expr;
  readonly undo?: boolean;
  readonly cache?: boolean;
  readonly uses?: readonly UsePlan[];
  /** It has no answer. */
  readonly silent?: boolean;
  readonly effect?: TaskSettings["effect"];
  /** Without an action: only this is computed. */
  readonly result?: Expr;
}

export function taskPlan(name: string, options: TaskOptions): TaskPlan {
  const {
    params = [],
    retry = {},
    cpu = 1,
    memory = 0,
    timeout = null,
    effect = "idempotent",
    result = null,
  } = options;
  return {
    name,
    doc: null,
    file: "a.flow",
    params: params.map((param) => ({ name: param, type: json, doc: null })),
    answer: options.silent === true ? null : json,
    settings: {
      runner: options.runner ?? "local",
      timeout,
      stall: null,
      exitCodes: [0],
      retry: { ...noRetry, ...retry },
      effect,
      // Without `reads` it is not known what it sees, and nothing is kept.
      reads: options.cache === true ? { k: "list", items: [] } : null,
      writes: options.writes === undefined ? null : { k: "list", items: [options.writes] },
      env: [],
      needs: { cpu, memory, disk: 0 },
      priority: options.priority ?? "normal",
      cache: options.cache === true ? { k: "lit", v: true } : null,
      ...(options.uses === undefined ? {} : { uses: options.uses }),
      undo: options.undo === true ? { kind: "argv", items: [] } : null,
      ...(options.affinity === undefined ? {} : { affinity: options.affinity }),
      ...(options.budget === undefined ? {} : { budget: options.budget }),
    },
    action:
      result !== null
        ? null
        : options.runner === undefined
          ? { kind: "call", file: "a.ts", export: name }
          : { kind: "run", command: { kind: "argv", items: [] } },
    result,
    readsOutput: false,
    text: "",
  };
}
