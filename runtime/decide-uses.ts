// How much a node that could start takes of limits.

import type { UsePlan } from "../compiler/plan-limits.ts";
import type { Value } from "../compiler/types.ts";
import { argsOf, type Evaluated, finder, taskOf } from "./decide-args.ts";
import { evaluate } from "./evaluate.ts";
import type { NodeUse } from "./limit-state.ts";
import type { Cells } from "./run-cells.ts";
import { READY } from "./run-codes.ts";
import { layersOf, plainSettings } from "./run-settings.ts";
import { attempt, type Scope } from "./values.ts";

const nothing: Evaluated<readonly NodeUse[]> = { ok: true, value: [] };

/** Those that need no arguments. */
const known = new WeakMap<readonly UsePlan[], Evaluated<readonly NodeUse[]> | null>();

/** What the node takes; or a sentence why that cannot be said, or can never be had. */
export function usesOf(run: Cells, n: number): Evaluated<readonly NodeUse[]> {
  if (!run.limits.any) return nothing;
  const own = ownUses(run, n);
  const limit = proxyOf(run, n);
  return limit === null || !own.ok ? own : { ok: true, value: withProxied(run, own.value, limit) };
}

/** The limit by which the requests of the node's agent are held; null: they are not led past flowc. */
export function proxyOf(run: Cells, n: number): string | null {
  const { proxied } = run.limits;
  if (proxied.size === 0 || taskOf(run, n).action?.kind !== "ask" || run.ends.undoes.has(n)) return null;
  return proxied.get(plainSettings(run, n).agent ?? "") ?? null;
}

/** How many nodes that could start use each limit. */
export function waitingByLimit(run: Cells, nodes: Iterable<number>): ReadonlyMap<string, number> {
  const waiting = new Map<string, number>();
  for (const n of nodes) {
    if (run.states.get(n) !== READY) continue;
    for (const limit of limitsOf(run, n)) waiting.set(limit, (waiting.get(limit) ?? 0) + 1);
  }
  return waiting;
}

function limitsOf(run: Cells, n: number): ReadonlySet<string> {
  const { uses } = run.hasOverrides ? plainSettings(run, n) : (run.info(n).task?.settings ?? {});
  const limits = new Set(uses?.map(({ limit }) => limit));
  const led = proxyOf(run, n);
  if (led !== null) limits.add(led);
  return limits;
}

/** Of tokens a first request is thought to take so much of all there is, where nothing else is said. */
const firstPart = 1 / 20;

/** Also what does not say that it uses its agent's limit does so. */
function withProxied(run: Cells, uses: readonly NodeUse[], limit: string): readonly NodeUse[] {
  const own = uses.find((use) => use.limit === limit)?.amounts ?? {};
  const rates = run.limits.state(limit)?.plan.rates ?? [];
  const amounts = rates.map(({ unit, amount }) => {
    const said = own[unit] ?? 1;
    return [unit, unit === "requests" || said > 1 ? said : Math.ceil(amount * firstPart)] as const;
  });
  const others = uses.filter((use) => use.limit !== limit);
  return [...others, { limit, amounts: Object.fromEntries(amounts), proxied: true }];
}

function ownUses(run: Cells, n: number): Evaluated<readonly NodeUse[]> {
  const plain = layersOf(run, n).length === 0 ? taskOf(run, n).settings.uses : null;
  if (plain === undefined) return nothing;
  const constant = plain === null ? null : constantUses(run, plain, asks(run, n));
  if (constant !== null) return constant;
  const args = argsOf(run, n);
  if (!args.ok) return args;
  const { value, scope } = finder(run, n, args.value)("uses");
  return value === undefined ? nothing : computed(run, value, scope, asks(run, n));
}

function asks(run: Cells, n: number): boolean {
  return taskOf(run, n).action?.kind === "ask";
}

function constantUses(
  run: Cells,
  uses: readonly UsePlan[],
  asks: boolean,
): Evaluated<readonly NodeUse[]> | null {
  let found = known.get(uses);
  if (found === undefined) {
    const constant = uses.every(({ amounts }) => amounts.every(({ amount }) => amount.k === "lit"));
    found = constant ? computed(run, uses, null, asks) : null;
    known.set(uses, found);
  }
  return found;
}

/** `asks`: an agent, which takes something of all that is bounded, and is corrected by what it really uses. */
function computed(
  run: Cells,
  uses: readonly UsePlan[],
  scope: Scope | null,
  asks: boolean,
): Evaluated<readonly NodeUse[]> {
  const value: NodeUse[] = [];
  const result = attempt(() => {
    for (const { limit, amounts } of uses) {
      const least = asks ? (run.limits.state(limit)?.plan.rates ?? []) : [];
      value.push({
        limit,
        amounts: Object.fromEntries([
          ...least.map(({ unit }) => [unit, 1] as const),
          ...amounts.map(
            ({ unit, amount }) =>
              [
                unit,
                counted(amount.k === "lit" ? amount.v : scope === null ? 0 : evaluate(amount, scope)),
              ] as const,
          ),
        ]),
      });
    }
  });
  if ("problem" in result)
    return { ok: false, message: `its setting \`uses\` cannot be computed: ${result.problem}` };
  const impossible = run.limits.impossible(value);
  return impossible === null
    ? { ok: true, value }
    : { ok: false, message: `its \`uses\` can never be had: ${impossible}` };
}

/** Nothing is taken by what asks for less than nothing. */
function counted(value: Value): number {
  return typeof value === "number" ? Math.max(0, Math.ceil(value)) : 0;
}
