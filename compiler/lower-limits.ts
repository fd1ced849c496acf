// Lowers declared limits: those that tasks use, and how much each task takes of them.

import type { Expr as AstExpr, Place } from "../grammar/ast.ts";
import { byCodePoint } from "./glob.ts";
import type { Draft, Scope } from "./lower-draft.ts";
import { lowerExpr } from "./lower-expression.ts";
import { constantOf } from "./lower-fit.ts";
import type { LimitPlan, UsePlan } from "./plan-limits.ts";
import { rateIn } from "./rate.ts";
import { limitSettings } from "./settings-places.ts";
import { intType } from "./type-ops.ts";
import type { Value } from "./types.ts";

/** `uses: [anthropic, github(requests: 2)]`. Of what is bounded by requests one is taken where nothing is said. */
export function lowerUses(value: AstExpr, scope: Scope): readonly UsePlan[] {
  if (value.kind === "paren") return lowerUses(value.of, scope);
  if (value.kind !== "list-of") return [];
  return value.items.flatMap((item): UsePlan[] => {
    const name = item.kind === "call-of" ? item.callee : item;
    const limit = limitOf(name, scope);
    if (limit === null) return [];
    const amounts: { unit: string; amount: UsePlan["amounts"][number]["amount"] }[] = [];
    for (const { unit } of limit.rates) {
      const arg = item.kind === "call-of" ? item.args.find((each) => each.name?.text === unit) : undefined;
      if (arg !== undefined) amounts.push({ unit, amount: lowerExpr(arg.value, scope, intType) });
      else if (unit === "requests") amounts.push({ unit, amount: { k: "lit", v: 1 } });
    }
    return [{ limit: limit.name, amounts }];
  });
}

/** The limit whose slot `slot(x)` is, by its name in the plan; null for any other value. */
export function slotLimit(expr: AstExpr, scope: Scope): string | null {
  if (expr.kind === "paren") return slotLimit(expr.of, scope);
  if (expr.kind !== "call-of" || expr.callee.kind !== "name") return null;
  const ref = scope.draft.program.refs.get(expr.callee);
  if (ref?.kind !== "builtin" || ref.name !== "slot") return null;
  const [arg] = expr.args;
  return arg === undefined ? null : (limitOf(arg.value, scope)?.name ?? null);
}

/** The limit that `proxy` of an agent names; of `true` one of the agent's name that bounds nothing by itself. Null: no proxy. */
export function proxyLimit(value: AstExpr, agent: Place, scope: Scope): string | null {
  if (value.kind === "paren") return proxyLimit(value.of, agent, scope);
  const named = limitOf(value, scope);
  if (named !== null) return named.name;
  if (constantOf(lowerExpr(value, scope)) !== true) return null;
  const own = { name: agent.name.text, rates: [], concurrent: null, slots: null, reserve: 0 };
  const limit = distinct(own, [...scope.draft.limits.values()]);
  scope.draft.limits.set(agent, limit);
  return limit.name;
}

/** Those that are used, sorted by name. */
export function lowerLimits(draft: Draft): readonly LimitPlan[] {
  const named = new Map([...draft.limits.values()].map((limit) => [limit.name, limit]));
  return [...named.values()].sort((a, b) => byCodePoint(a.name, b.name));
}

function limitOf(name: AstExpr, { draft, module }: Scope): LimitPlan | null {
  const ref = name.kind === "name" ? draft.program.refs.get(name) : undefined;
  if (ref?.kind !== "place") return null;
  const known = draft.limits.get(ref.place);
  if (known !== undefined) return known;
  const home: Scope = {
    ...{ draft, module: ref.module ?? module, frame: null },
    ...{ locals: new Map(), bound: 0, hoist: null },
  };
  const limit = lowerLimit(ref.place, ref.place.name.text, home);
  const named = distinct(limit, [...draft.limits.values()]);
  draft.limits.set(ref.place, named);
  return named;
}

/** Two files may each declare a limit of one name: it is one if both say the same. */
function distinct(limit: LimitPlan, others: readonly LimitPlan[]): LimitPlan {
  for (let i = 1; ; i++) {
    const named = i === 1 ? limit : { ...limit, name: `${limit.name}~${i}` };
    const other = others.find(({ name }) => name === named.name);
    if (other === undefined || JSON.stringify(other) === JSON.stringify(named)) return named;
  }
}

function lowerLimit(place: Place, name: string, scope: Scope): LimitPlan {
  const own = new Map(place.settings.map(({ key, value }) => [key.text, value]));
  const known = (part: AstExpr): Value | undefined => constantOf(lowerExpr(part, scope));
  const constant = (key: string): Value | undefined => {
    const value = own.get(key);
    return value === undefined ? undefined : known(value);
  };
  const rates = Object.entries(limitSettings).flatMap(([unit, { kind }]) => {
    const value = own.get(unit);
    const rate = kind.kind === "rate" && value !== undefined ? rateIn(value, known) : null;
    return rate === null ? [] : [{ unit, ...rate }];
  });
  const concurrent = constant("concurrent");
  const slots = constant("slots");
  const reserve = constant("reserve");
  return {
    name,
    rates,
    concurrent: typeof concurrent === "number" ? concurrent : null,
    slots: Array.isArray(slots) ? slots.filter((slot) => typeof slot === "string") : null,
    reserve: typeof reserve === "number" ? reserve / 100 : 0,
  };
}
