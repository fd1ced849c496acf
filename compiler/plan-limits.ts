// Limits as the plan holds them: what each one bounds, and what a task takes of them.

import type { Expr } from "./plan-expr.ts";

/** A declared limit that tasks use. Whoever uses one of the same name in the same state directory shares it. */
export interface LimitPlan {
  readonly name: string;
  /** At most `amount` of a unit (`requests`, `tokens`) in any `perSeconds`. */
  readonly rates: readonly RatePlan[];
  /** At most so many nodes at one time; null: not bounded. */
  readonly concurrent: number | null;
  /** One each, for a node alone; null: it has none. */
  readonly slots: readonly string[] | null;
  /** The part of it that is kept back for priority high, from 0 to 1. */
  readonly reserve: number;
}

export interface RatePlan {
  readonly unit: string;
  readonly amount: number;
  readonly perSeconds: number;
}

/** What a task takes of a limit when it starts: amounts over its parameters; a unit that is not there is not taken. */
export interface UsePlan {
  readonly limit: string;
  readonly amounts: readonly { readonly unit: string; readonly amount: Expr }[];
}
