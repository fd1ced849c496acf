// Checks what `flowc plan` shows of a plan: nodes known now, what they wait for, and the templates that will grow.

import { describe, expect, it } from "vitest";
import type { Plan } from "../compiler/plan.ts";
import { pausesOf } from "../compiler/plan-tasks.ts";
import type { Value } from "../compiler/types.ts";
import { type OutlineDependency, outline } from "../runtime/outline.ts";
import { field, lit, local, Plans, planOf } from "./run-plans.ts";
import { noFiles, ran } from "./run-world.ts";

const line = (deps: readonly OutlineDependency[]): string => deps.map((d) => `${d.kind} ${d.of}`).join(", ");

function nodes(plan: Plan, inputs: Record<string, Value> = {}): string[] {
  return outline(plan, inputs, noFiles).nodes.map(
    (node) =>
      `${node.n} ${node.name} (${node.task})${node.key === null ? "" : ` [${node.key}]`}: ${line(node.dependencies)}`,
  );
}

describe("outline", () => {
  it("shows nodes with what they wait for, through plain values and points of order", () => {
    const plan = planOf((b) => {
      const a = b.task("a", "t", [0]);
      const c = b.let({ k: "list", items: [b.expr(a)] });
      const d = b.task("d", "t", [c], { after: [a] });
      const f = b.for("f", ["k", "l"], {
        after: [d],
        body: (i, item) => i.task("w", "t", [i.task("v", "t", [item])]),
      });
      return b.task("end", "t", [f]);
    });
    expect(nodes(plan)).toEqual([
      "1 a (t): ",
      "3 d (t): data a",
      "6 end (t): data f",
      "10 f[k].v (t) [k]: order d",
      "11 f[k].w (t) [k]: order d, data f[k].v",
      "13 f[l].v (t) [l]: order d",
      "14 f[l].w (t) [l]: order d, data f[l].v",
    ]);
  });

  it("has the same numbers as a run", () => {
    const plan = planOf((b) => b.for("f", ["k", "l"], { body: (i, item) => i.task("w", "t", [item]) }));
    const { run } = ran(plan);
    expect(outline(plan, {}, noFiles).nodes.map(({ n, name }) => [n, name])).toEqual(
      [...run.nodes()].map((n) => [n, run.name(n)]),
    );
  });

  it("shows dependencies between items, and on an `if` by its condition", () => {
    const items = [
      { id: "a", deps: ["b"] },
      { id: "b", deps: [] },
    ];
    const plan = planOf((b) => {
      const ask = b.task("ask", "t", [0]);
      b.for("f", items, {
        by: field(local(0), "id"),
        waits: field(local(0), "deps"),
        body: (i, item) => i.task("w", "t", [item]),
      });
      return b.if(
        "x",
        b.let(ask),
        (i) => i.task("yes", "t", [1]),
        (i) => i.task("no", "t", [1]),
      );
    });
    expect(nodes(plan)).toEqual([
      "1 ask (t): ",
      "9 f[a].w (t) [a]: order f[b]",
      "12 f[b].w (t) [b]: ",
      "13 x.yes (t): data ask",
      "14 x.else.no (t): data ask",
    ]);
  });

  it("shows templates for what is not known: a late list, a missing input, an `otherwise`", () => {
    const plan = new Plans()
      .task("t", { params: ["x"] })
      .flow("sub", ["x"], (b, x) => (x === undefined ? null : b.task("inner", "t", [x])))
      .flow("main", ["xs", "known"], (b, xs, known) => {
        const list = b.task("list", "t", [0], { otherwise: (i) => i.task("spare", "t", [1]) });
        b.for("late", list, {
          body: (i, item) => {
            i.if(
              "c",
              item,
              (j) => j.task("w", "t", [item]),
              (j) => j.task("v", "t", [item]),
            );
            return i.flow("s", "sub", [item]);
          },
        });
        if (known !== undefined) b.for("seen", known, { body: (i, item) => i.task("w", "t", [item]) });
        return xs === undefined ? null : b.for("asked", xs, { body: (i, item) => i.task("w", "t", [item]) });
      })
      .done();
    const shown = outline(plan, { known: ["k"] }, noFiles);
    expect(shown.nodes.map(({ name }) => name)).toEqual(["list", "seen[k].w"]);
    expect(
      shown.templates.map(
        (t) => `${t.kind} ${t.name}: ${t.nodes.map(({ name }) => name)}: ${line(t.dependencies)}`,
      ),
    ).toEqual([
      "otherwise list: list.otherwise.spare: ",
      "for late: late[…].c.w,late[…].c.else.v,late[…].s.inner: data list",
      "for asked: asked[…].w: ",
    ]);
    expect(outline(plan, { known: [], xs: ["a", "b"] }, noFiles).nodes.map(({ name }) => name)).toEqual([
      "list",
      "asked[a].w",
      "asked[b].w",
    ]);
  });

  it("tells what cannot work, once", () => {
    const plan = planOf((b) => {
      const broken = b.let({ k: "math", op: "/", left: lit(1), right: lit(0), int: false });
      b.task("use", "t", [broken]);
      return b.for("f", ["a", "a"], { body: (i, item) => i.task("w", "t", [item]) });
    });
    expect(outline(plan, {}, noFiles).problems).toEqual([
      { name: "x", message: "division by zero" },
      { name: "f", message: 'items 0 and 1 have the same key "a"; `by` must give each item its own' },
    ]);
  });
});

it("counts the pauses between attempts without going through them", () => {
  for (const times of [0, 1, 2, 5, 40])
    for (const backoff of [0, 0.5, 1, 7, 100])
      for (const factor of [0, 0.3, 1, 1.5, 2, 10])
        for (const max of [0, 1, 7, 60]) {
          let sum = 0;
          for (let i = 0; i < times; i++) sum += Math.min(backoff * factor ** i, max);
          expect(pausesOf({ times, backoff, factor, max, on: [] })).toBeCloseTo(sum, 6);
        }
  expect(pausesOf({ times: 22_222_222_222_222, backoff: 1, factor: 2, max: 60, on: [] })).toBeGreaterThan(
    1e15,
  );
});
