// Checks the pure core on small plans written by hand: order, `otherwise`, ifs and flows, and each way a node can end.

import { describe, expect, it } from "vitest";
import { call, lit, Plans, planOf } from "./run-plans.ts";
import { ran } from "./run-world.ts";

const failing =
  (...names: string[]) =>
  (name: string) =>
    names.includes(name) ? { fail: `${name} broke` } : { value: name };

describe("data and order", () => {
  it("runs a chain and gives the flow's value", () => {
    const world = ran(
      planOf((b) => {
        const one = b.task("one", "t", [1]);
        const two = b.task("two", "t", [one]);
        return b.let(call("len", b.expr(two)));
      }),
    );
    expect(world.started).toEqual(["one", "two"]);
    expect(world.run.status).toBe("succeeded");
    expect(world.run.output).toBe(3);
    expect(world.run.counts).toMatchObject({ total: 2, succeeded: 2, waiting: 0, ready: 0 });
  });

  it("runs a diamond, the longer side first", () => {
    const plan = new Plans()
      .task("t", { params: ["x"] })
      .task("slow", { params: ["x"] })
      .flow("main", [], (b) => {
        const top = b.task("top", "t", [0]);
        const left = b.task("left", "t", [top]);
        const right = b.task("right", "slow", [top]);
        return b.task("end", "t", [b.let({ k: "list", items: [b.expr(left), b.expr(right)] })]);
      })
      .done();
    const world = ran(plan, { options: { jobs: 1 }, durations: { t: 10, slow: 500 } });
    expect(world.started).toEqual(["top", "right", "left", "end"]);
    expect(world.run.path(world.run.find("top") ?? 0)).toBe(520);
  });

  it("skips what depends on a failure by data or order, and runs everything else", () => {
    const plan = planOf((b) => {
      const bad = b.task("bad", "t", [0]);
      b.task("data", "t", [bad]);
      const order = b.task("order", "t", [0], { after: [bad] });
      b.task("far", "t", [order]);
      return b.task("other", "t", [0]);
    });
    const world = ran(plan, { end: failing("bad") });
    expect(world.states).toEqual([
      "bad: failed",
      "data: skipped",
      "order: skipped",
      "far: skipped",
      "other: succeeded",
    ]);
    expect(world.run.status).toBe("failed");
    const far = world.run.error(world.run.find("far") ?? 0);
    expect(far.map(({ name, state, message }) => `${name} ${state}: ${message}`)).toEqual([
      "far skipped: it waits for `order`, which did not run",
      "order skipped: it waits for `bad`, which failed",
      "bad failed: bad broke",
    ]);
  });

  it("fails a plain value whose expression fails, and what uses it", () => {
    const plan = planOf((b) => {
      const list = b.task("list", "t", [0]);
      const first = b.let(call("first", b.expr(list)));
      return b.task("use", "t", [first]);
    });
    const world = ran(plan, { end: () => ({ value: [] }) });
    expect(world.states).toEqual(["list: succeeded", "use: skipped"]);
    expect(world.run.error(world.run.find("use") ?? 0).at(-1)?.message).toBe("`first` of an empty list");
  });

  it("fails a node whose argument cannot be computed, without starting it", () => {
    const plan = planOf((b) => {
      const zero = b.task("zero", "t", [0]);
      const half = { k: "math", op: "/", left: lit(1), right: b.expr(zero), int: false } as const;
      return b.task("use", "t", [half]);
    });
    const world = ran(plan, { end: () => ({ value: 0 }) });
    expect(world.started).toEqual(["zero"]);
    expect(world.run.error(world.run.find("use") ?? 0)[0]).toMatchObject({
      why: "value",
      message: "its argument `x` cannot be computed: division by zero",
    });
  });

  it("computes pure nodes without an attempt.started", () => {
    const world = ran(planOf((b) => b.task("twice", "u", [b.task("once", "u", [7])])));
    expect(world.events.map((event) => event.type)).toEqual([
      "run.started",
      "run.opened",
      "grown",
      "attempt.ended",
      "attempt.ended",
      "run.ended",
    ]);
    expect(world.run.output).toBe(7);
  });
});

describe("otherwise", () => {
  const plan = planOf((b) => {
    const a = b.task("a", "t", [0], { otherwise: (inner) => inner.let(lit("plain")) });
    const c = b.task("c", "t", [a], { otherwise: (inner) => inner.task("spare", "t", [1]) });
    return b.task("d", "t", [c]);
  });

  it("is not needed when the node is well", () => {
    const world = ran(plan);
    expect(world.states).toEqual(["a: succeeded", "c: succeeded", "d: succeeded"]);
    expect(world.events.filter((event) => event.type === "grown")).toHaveLength(1);
  });

  it("answers with a plain value or with a node", () => {
    const world = ran(plan, { end: failing("a", "c") });
    expect(world.states).toEqual([
      "a: failed!",
      "c: failed!",
      "d: succeeded",
      "c.otherwise.spare: succeeded",
    ]);
    expect(world.run.status).toBe("succeeded");
    expect(world.run.value(world.run.find("a") ?? 0)).toBe("plain");
    expect(world.run.counts).toMatchObject({ failed: 2, answered: 2 });
  });

  it("answers for a node that was skipped by a failure", () => {
    const world = ran(
      planOf((b) => {
        const bad = b.task("bad", "t", [0]);
        return b.task("next", "t", [bad], { otherwise: (inner) => inner.let(lit("instead")) });
      }),
      { end: failing("bad") },
    );
    expect(world.states).toEqual(["bad: failed", "next: skipped!"]);
    expect(world.run.status).toBe("failed");
    expect(world.run.value(world.run.find("next") ?? 0)).toBe("instead");
  });

  it("fails the node when it fails itself", () => {
    const world = ran(plan, { end: failing("c", "c.otherwise.spare") });
    expect(world.states).toEqual(["a: succeeded", "c: failed", "d: skipped", "c.otherwise.spare: failed"]);
    expect(world.run.status).toBe("failed");
  });

  it("stands for whole fors, ifs and flows", () => {
    const world = ran(
      new Plans()
        .task("t", { params: ["x"] })
        .flow("sub", ["x"], (b, x) => (x === undefined ? null : b.task("inner", "t", [x])))
        .flow("main", [], (b) => {
          const spare = (value: string) => ({ otherwise: (i: typeof b) => i.let(lit(value)) });
          const x = b.for("x", ["k"], { body: (i, item) => i.task("w", "t", [item]), ...spare("for") });
          const y = b.if("y", true, (i) => i.task("w", "t", [1]), null, spare("if"));
          const z = b.flow("z", "sub", [1], spare("flow"));
          return b.let({ k: "list", items: [b.expr(x), b.expr(y), b.expr(z)] });
        })
        .done(),
      { end: failing("x[k].w", "y.w", "z.inner") },
    );
    expect(world.run.output).toEqual(["for", "if", "flow"]);
    expect(world.run.status).toBe("succeeded");
  });
});

describe("if", () => {
  const late = planOf((b) => {
    const ask = b.task("ask", "t", [0]);
    const x = b.if(
      "x",
      ask,
      (i) => i.task("yes", "t", [1]),
      (i) => i.task("no", "t", [1], { otherwise: (o) => o.let(lit("never")) }),
    );
    return b.task("end", "t", [x]);
  });

  it("unfolds only the branch taken when the condition is known", () => {
    const world = ran(
      planOf((b) =>
        b.if(
          "x",
          false,
          (i) => i.task("yes", "t", [1]),
          (i) => i.task("no", "t", [1]),
        ),
      ),
    );
    expect(world.states).toEqual(["x.else.no: succeeded"]);
  });

  it("chooses at run time, and the other branch is skipped without a failure", () => {
    const world = ran(late, { end: (name) => ({ value: name === "ask" ? true : name }) });
    expect(world.states).toEqual([
      "ask: succeeded",
      "end: succeeded",
      "x.yes: succeeded",
      "x.else.no: skipped",
    ]);
    expect(world.run.skippedBy(world.run.find("x.else.no") ?? 0)).toBe("branch");
    expect(world.run.status).toBe("succeeded");
    expect(world.run.value(world.run.find("x") ?? 0)).toBe("x.yes");
  });

  it("skips both branches, unanswered, when the condition never becomes known", () => {
    const world = ran(late, { end: failing("ask") });
    expect(world.states).toEqual(["ask: failed", "end: skipped", "x.yes: skipped", "x.else.no: skipped"]);
    expect(world.run.skippedBy(world.run.find("x.else.no") ?? 0)).toBe("failure");
  });

  it("does not count a failure in a branch that is not taken", () => {
    const world = ran(
      planOf((b) => {
        const bad = b.task("bad", "t", [0], { otherwise: (i) => i.let(lit(false)) });
        const broken = b.task("broken", "t", [0]);
        b.if("x", bad, (i) => i.task("w", "t", [broken]));
        return null;
      }),
      { end: failing("bad", "broken"), pick: (running) => running.at(-1) ?? 0 },
    );
    expect(world.states).toEqual(["bad: failed!", "broken: failed", "x.w: skipped"]);
    expect(world.run.skippedBy(world.run.find("x.w") ?? 0)).toBe("branch");
    expect(world.run.state(world.run.find("x") ?? 0)).toBe("succeeded");
  });

  it("is none without an else", () => {
    const world = ran(
      planOf((b) => {
        const ask = b.task("ask", "t", [0]);
        return b.if("x", ask, (i) => i.task("yes", "t", [1]));
      }),
      { end: () => ({ value: false }) },
    );
    expect(world.run.output).toBeNull();
    expect(world.run.status).toBe("succeeded");
  });

  it("waits for its order and decides inside", () => {
    const world = ran(
      planOf((b) => {
        const prep = b.task("prep", "t", [0]);
        return b.if("x", true, (i) => i.task("w", "t", [1]), null, { after: [prep] });
      }),
    );
    expect(world.started).toEqual(["prep", "x.w"]);
  });
});

describe("flows", () => {
  const plan = new Plans()
    .task("t", { params: ["x"] })
    .flow("sub", ["x", "y"], (b, x, y) => {
      if (x === undefined || y === undefined) return null;
      b.task("first", "t", [x]);
      return b.task("second", "t", [y]);
    })
    .flow("main", [], (b) => {
      const a = b.task("a", "t", [0]);
      const s = b.flow("s", "sub", [1, a]);
      return b.task("end", "t", [s]);
    })
    .done();

  it("unfold at once, and each argument is waited for by itself", () => {
    const world = ran(plan, { options: { jobs: 2 } });
    expect(world.started).toEqual(["a", "s.first", "s.second", "end"]);
    expect(world.run.output).toBe("end");
  });

  it("fail when something in them fails, after the rest has ended", () => {
    const world = ran(plan, { end: failing("a") });
    expect(world.states).toEqual(["a: failed", "end: skipped", "s.first: succeeded", "s.second: skipped"]);
    expect(world.run.error(world.run.find("end") ?? 0).map((failure) => failure.name)).toEqual([
      "end",
      "s",
      "a",
    ]);
  });

  it("wait for their order as a whole", () => {
    const ordered = new Plans()
      .task("t", { params: ["x"] })
      .flow("sub", ["xs"], (b, xs) =>
        xs === undefined ? null : b.for("each", xs, { body: (i, item) => i.task("w", "t", [item]) }),
      )
      .flow("main", [], (b) => {
        const prep = b.task("prep", "t", [0]);
        return b.flow("s", "sub", [["k", "l"]], { after: [prep] });
      })
      .done();
    const world = ran(ordered);
    expect(world.started).toEqual(["prep", "s.each[k].w", "s.each[l].w"]);
    expect(world.events.filter((event) => event.type === "grown")).toHaveLength(1);
    const bad = ran(ordered, { end: failing("prep") });
    expect(bad.states).toEqual(["prep: failed", "s.each[k].w: skipped", "s.each[l].w: skipped"]);
  });
});
