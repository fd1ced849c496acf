// Plans with flows that call themselves, for the tests of the pure core.

import { allUses } from "../compiler/lower-uses.ts";
import type { Plan } from "../compiler/plan.ts";
import type { Expr } from "../compiler/plan-expr.ts";
import { type Draft, type Extras, type Given, lit, Plans, type Slot } from "./run-plans.ts";
import type { WorldOptions } from "./run-world.ts";

/** A call of a flow inside of itself. */
export function again(
  b: Draft,
  name: string,
  flow: string,
  args: readonly Given[],
  extras: Extras = {},
): Slot {
  const slot = b.flow(name, flow, args, extras);
  const id = b.ids[slot.i] ?? 0;
  const step = b.plan.steps[id];
  if (step?.kind !== "flow") throw new Error("no call of a flow");
  b.plan.steps[id] = { ...step, recursive: true, uses: allUses([step.uses, ...step.argUses]) };
  return slot;
}

export function same(left: Expr, right: Expr): Expr {
  return { k: "compare", op: "==", left, right };
}

export function more(left: Expr, right: Expr): Expr {
  return { k: "compare", op: ">", left, right };
}

export function less(left: Expr): Expr {
  return { k: "math", op: "-", left, right: lit(1), int: true };
}

export function plans(): Plans {
  return new Plans()
    .task("t", { params: ["x"] })
    .task("u", { params: ["x"], result: { k: "slot", up: 0, i: 0 } });
}

/** `walk(x) { work = t(x); more = if work != "end" { walk(work) }; work }`, `main { x = walk("0"); after = t(x) }`. */
export function walking(depth = 3, extras: Extras = {}, inside: Extras = {}): Plan {
  return plans()
    .flow(
      "walk",
      ["x"],
      (b, x) => {
        const work = b.task("work", "t", [x ?? ""]);
        return b.if(
          "more",
          { k: "not", of: same(b.expr(work), lit("end")) },
          (inner) => again(inner, "walk", "walk", [work], inside),
          (inner) => inner.let(work),
        );
      },
      depth,
    )
    .flow("main", [], (b) => b.task("after", "t", [b.flow("x", "walk", ["0"], extras)]))
    .done();
}

/** So many works go on; the next one is the end. */
export function endsAt(deep: number): WorldOptions {
  return {
    end: (name) => ({
      value: name.endsWith("work") && name.split("walk").length > deep ? "end" : name,
    }),
  };
}
