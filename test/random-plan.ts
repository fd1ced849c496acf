// Plans made by chance: blocks in blocks, every kind of step, uses of whatever stands above.

import type { Plan, RunnerPlan } from "../compiler/plan.ts";
import type { Expr } from "../compiler/plan-expr.ts";
import type { Value } from "../compiler/types.ts";
import { early } from "./run-early-plans.ts";
import { approve, check, gate, phase } from "./run-gate-plans.ts";
import { handle, rollback } from "./run-handler-plans.ts";
import { call, type Draft, field, lit, local, Plans, type Slot } from "./run-plans.ts";
import { again } from "./run-recursion-plans.ts";
import { noRetry } from "./run-tasks.ts";

/** A list whose items wait for each other: what the tasks of lists answer, too. */
export const listed: Value = [
  { id: "a", deps: ["c"] },
  { id: "b", deps: [] },
  { id: "c", deps: ["b"] },
];

/** Many nodes claim the same files, and which is only known when they can start. */
const places: Expr = {
  k: "text",
  parts: ["out/", { expr: { k: "slot", up: 0, i: 0 }, type: { kind: "json" } }, "/*"],
};

const words: Expr = { k: "text", parts: [{ expr: { k: "slot", up: 0, i: 0 }, type: { kind: "json" } }] };

/** Two declared runners, one on this machine; what they allow is up to chance. */
function runners(any: (count: number) => number, chance: () => number): readonly RunnerPlan[] {
  return ["near", "far"].map((name) => {
    const max = 1 + any(3);
    return {
      name,
      kinds: [{ kind: name, settings: { name } }],
      instances: name === "far" && chance() < 0.3 ? null : { min: chance() < 0.3 ? 1 : 0, max },
      spawn: chance() < 0.5 ? { amount: 1 + any(3), perSeconds: 1 + any(30) } : null,
      reuse: 1 + any(4),
    };
  });
}

/**
 * A plan made by chance: blocks in blocks, every kind of step, uses of whatever stands above. `cached`: answers of `kept`
 * are kept. `placed`: some nodes need an instance of a declared runner.
 */
export function randomPlan(chance: () => number, gated = false, cached = false, placed = false): Plan {
  const any = (count: number): number => Math.floor(chance() * count);
  const plans = new Plans()
    .task("t", { params: ["x"], retry: { times: any(3) } })
    .task("e", { params: ["x"], retry: { times: any(3) } })
    .task("once", { params: ["x"], effect: "once" })
    .task("big", { params: ["x"], cpu: 2 })
    .task("kept", { params: ["x"], cache: true, ...(cached ? { runner: "local" } : {}) })
    .task("w", { params: ["x"], writes: places })
    .task("made", { params: ["x"], undo: true })
    .task("near", { params: ["x"], runner: "near", retry: { times: 2 } })
    .task("far", { params: ["x"], runner: "far", affinity: words })
    .task("pay", { params: ["x"], runner: "far", effect: "once", priority: "high" })
    .task("u", { params: ["x"], result: { k: "slot", up: 0, i: 0 } });
  let depth = 0;
  let made = 0;
  let inSub = false;
  const fill = (b: Draft, above: readonly Slot[]): Slot | null => {
    depth++;
    const seen = [...above];
    const some = (): Slot | null => seen[any(seen.length)] ?? null;
    const extras = () => {
      const after = some();
      return {
        ...(chance() < 0.3 && after !== null ? { after: [after] } : {}),
        ...(chance() < 0.3
          ? {
              otherwise: (inner: Draft) =>
                chance() < 0.5 || depth > 3 ? inner.let(lit("spare")) : fill(inner, seen),
            }
          : {}),
        ...(chance() < 0.1 ? { with: { retry: { ...noRetry, times: 2 } } } : {}),
      };
    };
    let last: Slot | null = null;
    for (let i = 1 + any(4); i > 0; i--) {
      if (depth === 1 && gated && chance() < 0.3)
        gate(b, `g${made++}`, (g) => {
          check(g, "runs", { of: g.task("runs", "t", [1]) });
          if (chance() < 0.7) approve(g, "first", chance() < 0.3 ? { within: lit(20) } : {});
          if (chance() < 0.3) approve(g, "second");
        });
      const name = `n${made++}`;
      const use = some();
      const arg = use === null ? lit(name) : b.expr(use);
      const kind = depth > 3 || made > 60 ? 0 : any(10);
      if (kind === 1)
        last = b.if(
          name,
          call("contains", { k: "text", parts: [{ expr: arg, type: { kind: "json" } }] }, lit("1")),
          (inner) => fill(inner, seen),
          chance() < 0.5 ? (inner) => fill(inner, seen) : null,
          extras(),
        );
      else if (kind === 2)
        last = b.for(name, ["a", "b", "c"].slice(0, any(4)), {
          body: (inner, item) => fill(inner, [...seen, item]),
          ...bounds(any, chance),
          ...extras(),
        });
      else if (kind === 3) {
        // Known when its block is made, or only when a node has told it.
        const list = chance() < 0.4 ? b.let(lit(listed)) : b.task(`${name}l`, "t", [lit("list")]);
        last = b.for(name, list, {
          by: field(local(0), "id"),
          waits: field(local(0), "deps"),
          body: (inner, item, deps) => fill(inner, [...seen, item, ...(deps === null ? [] : [deps])]),
          ...bounds(any, chance),
          ...extras(),
        });
      } else if (kind === 4) last = b.let(arg);
      else if (kind === 5) last = b.task(name, "u", [arg], extras());
      else if (kind === 7)
        last = b.repeat(
          name,
          1 + any(3),
          (inner, before) => {
            const value = fill(inner, [...seen, before]);
            const none = { k: "compare", op: "==", left: inner.expr(before), right: lit(null) } as const;
            return { value, until: inner.let({ k: "not", of: none }) };
          },
          extras(),
        );
      else if ((kind === 6 || kind === 9) && inSub)
        // Too deep sooner or later: mostly answered, else it fails and nothing can help.
        last = again(b, name, "sub", [arg], { otherwise: (inner) => inner.let(lit("deep")), ...extras() });
      else if (kind === 6) last = b.flow(name, "sub", [arg], extras());
      else if (kind === 8 && b.mayHandle) {
        phase(b, name, (inner) => {
          inner.mayHandle = true;
          fill(inner, seen);
          ending(inner, seen);
        });
        continue;
      } else if (chance() < 0.25) {
        // Some use its early field, some all of it.
        last = b.task(name, "e", [arg]);
        seen.push(early(b, last, "api"));
      } else last = b.task(name, (placed ? somewhere : here)[any(12)] ?? "t", [arg], extras());
      seen.push(last);
    }
    depth--;
    return last;
  };
  /** What a block says about its end. */
  const ending = (b: Draft, above: readonly Slot[]): void => {
    if (chance() < 0.4) b.deadline = lit(60);
    if (chance() < 0.4) return;
    const seen = [...above, ...b.ids.map((_, i): Slot => ({ in: b, i }))];
    const inside = (inner: Draft): void => {
      depth += 2;
      const done = fill(inner, seen);
      depth -= 2;
      if (chance() < 0.5) rollback(inner, done === null ? [] : [done]);
    };
    const failure = chance() < 0.7 ? { failure: inside } : {};
    handle(b, { ...failure, ...(chance() < 0.6 || !("failure" in failure) ? { final: inside } : {}) });
  };
  const plan = plans
    .flow(
      "sub",
      ["x"],
      (b, x) => {
        depth = 2;
        inSub = true;
        const value = fill(b, x === undefined ? [] : [x]);
        ending(b, []);
        return value;
      },
      3,
    )
    .flow("main", [], (b) => {
      depth = 0;
      inSub = false;
      b.mayHandle = true;
      const value = fill(b, []);
      ending(b, []);
      return value;
    })
    .done();
  return placed ? { ...plan, runners: runners(any, chance) } : plan;
}

const here = ["big", "once", "made", "made", "w", "kept", "kept"];
const somewhere = ["big", "once", "made", "w", "kept", "near", "near", "far", "far", "far", "pay"];

function bounds(any: (count: number) => number, chance: () => number) {
  return {
    ...(chance() < 0.4 ? { parallel: 1 + any(2) } : {}),
    ...(chance() < 0.4 ? { tolerate: any(3) } : {}),
    ...(chance() < 0.3 ? { enough: 1 + any(2) } : {}),
  };
}
