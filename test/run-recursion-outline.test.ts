// What a plan shows of a recursion: the calls that are known, what will grow, and what is too deep already.

import { describe, expect, it } from "vitest";
import { outline } from "../runtime/outline.ts";
import { call, lit } from "./run-plans.ts";
import { again, less, more, plans, walking } from "./run-recursion-plans.ts";
import { noFiles, ran } from "./run-world.ts";

describe("the outline of a recursion", () => {
  it("knows the calls up to the first that waits for a value, and what it will make", () => {
    const { nodes, templates } = outline(walking(), {}, noFiles);
    expect(nodes.map(({ name }) => name)).toEqual(["after", "x.work"]);
    expect(templates).toMatchObject([
      {
        name: "x.more.walk",
        kind: "recursion",
        nodes: [{ name: "x.more.walk.work", task: "t" }],
        dependencies: [{ of: "x.work", kind: "data" }],
      },
    ]);
  });

  const counting = plans()
    .flow(
      "down",
      ["n"],
      (b, n = { in: b, i: 0 }) => {
        const work = b.task("work", "t", [n]);
        return b.if(
          "if",
          more(b.expr(n), lit(0)),
          (inner) => again(inner, "down", "down", [less(inner.expr(n))]),
          (inner) => inner.let(work),
        );
      },
      4,
    )
    .flow("main", ["n"], (b, n) => b.flow("x", "down", [n ?? 0]))
    .done();

  it("follows one that is known to its end, with the numbers of the run", () => {
    const { nodes, templates } = outline(counting, { n: 2 }, noFiles);
    expect(nodes.map(({ name }) => name)).toEqual(["x.work", "x.if.down.work", "x.if.down.if.down.work"]);
    expect(templates).toEqual([]);
    const { run } = ran(counting, { inputs: { n: 2 } });
    expect(nodes.map(({ n }) => run.name(n))).toEqual(nodes.map(({ name }) => name));
    expect(outline(counting, {}, noFiles).templates.map(({ name }) => name)).toEqual(["x.if.down"]);
  });

  it("tells one that is too deep before the run, unless it is answered", () => {
    expect(outline(counting, { n: 5 }, noFiles).problems).toMatchObject([
      { name: "x.if.down.if.down.if.down.if.down", message: expect.stringContaining("its `depth` is 4") },
    ]);
    const answered = plans()
      .flow(
        "down",
        ["n"],
        (b, n = { in: b, i: 0 }) =>
          again(b, "down", "down", [call("len", lit([1]))], {
            otherwise: (inner) => inner.let(n),
          }),
        4,
      )
      .flow("main", [], (b) => b.flow("x", "down", [1]))
      .done();
    expect(outline(answered, {}, noFiles).problems).toEqual([]);
    expect(ran(answered).run.status).toBe("succeeded");
  });
});
