// Checks the pure core on small plans written by hand: each construct, each way a node can end.

import { describe, expect, it } from "vitest";
import { againAt, retryAt } from "../runtime/decide-retry.ts";
import { Diverged } from "../runtime/run.ts";
import { call, field, fold, lit, local, noRetry, Plans, planOf, ran, snapshot, World } from "./run-world.ts";

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

describe("for", () => {
  const late = (loop: Partial<Parameters<Parameters<Parameters<typeof planOf>[0]>[0]["for"]>[2]> = {}) =>
    planOf((b) => {
      const list = b.task("list", "t", [0]);
      return b.for("x", list, { body: (i, item) => i.task("w", "t", [item]), ...loop });
    });
  const listing =
    (items: readonly unknown[], ...bad: string[]) =>
    (name: string) =>
      name === "list"
        ? { value: JSON.parse(JSON.stringify(items)) }
        : bad.includes(name)
          ? { fail: `${name} broke` }
          : { value: name };

  it("over a known list is there from the start; over a node's it grows", () => {
    const known = ran(planOf((b) => b.for("x", ["a", "b"], { body: (i, item) => i.task("w", "t", [item]) })));
    expect(known.states).toEqual(["x[a].w: succeeded", "x[b].w: succeeded"]);
    const world = ran(late(), { end: listing(["a", "b"]) });
    expect(world.states).toEqual(["list: succeeded", "x[a].w: succeeded", "x[b].w: succeeded"]);
    expect(world.run.output).toEqual(["x[a].w", "x[b].w"]);
    expect(world.events.filter((event) => event.type === "grown").map((event) => event.count)).toEqual([
      2, 6,
    ]);
  });

  it("over nothing is nothing", () => {
    const world = ran(late(), { end: listing([]) });
    expect(world.run.output).toEqual([]);
    expect(world.run.status).toBe("succeeded");
  });

  it("names items by key, string or index, and leaves out by filter", () => {
    const odd = { k: "compare", op: "!=", left: field(local(0), "id"), right: lit("b") } as const;
    const world = ran(late({ by: field(local(0), "id"), filter: odd }), {
      end: listing([{ id: "a" }, { id: "b" }, { id: "c]d" }]),
    });
    expect(world.states).toEqual(["list: succeeded", "x[a].w: succeeded", 'x["c]d"].w: succeeded']);
    const index = ran(late(), { end: listing([{ id: "a" }, "s"]) });
    expect(index.states).toEqual(["list: succeeded", "x[0].w: succeeded", "x[s].w: succeeded"]);
  });

  it("nests, and sees what is around", () => {
    const world = ran(
      planOf((b) => {
        const top = b.task("top", "t", [0]);
        return b.for("x", ["a", "b"], {
          body: (i, outer) =>
            i.for("y", ["c", "d"], {
              body: (j, inner) =>
                j.task("w", "u", [{ k: "list", items: [j.expr(top), j.expr(outer), j.expr(inner)] }]),
            }),
        });
      }),
    );
    expect(world.run.output).toEqual([
      [
        ["top", "a", "c"],
        ["top", "a", "d"],
      ],
      [
        ["top", "b", "c"],
        ["top", "b", "d"],
      ],
    ]);
    expect(world.states[3]).toBe("x[b].y[c].w: succeeded");
  });

  it("fails at its end if an item fails, and the others run", () => {
    const world = ran(late(), { end: listing(["a", "b", "c"], "x[b].w") });
    expect(world.states).toEqual([
      "list: succeeded",
      "x[a].w: succeeded",
      "x[b].w: failed",
      "x[c].w: succeeded",
    ]);
    expect(world.run.status).toBe("failed");
    expect(world.run.error(0).map((failure) => failure.name)).toEqual(["main", "x", "x[b]", "x[b].w"]);
  });

  it("refuses two items with one key, and too many, before anything of it starts", () => {
    const twice = ran(late(), { end: listing(["a", "b", "a"]) });
    expect(twice.started).toEqual(["list"]);
    expect(twice.run.error(twice.run.find("x") ?? 0)[0]?.message).toBe(
      'items 0 and 2 have the same key "a"; `by` must give each item its own',
    );
    const many = ran(late({ max: 2 }), { end: listing(["a", "b", "c"]) });
    expect(many.run.error(many.run.find("x") ?? 0)[0]?.message).toBe(
      "the list has 3 items, more than 2; raise its `max` if it is right",
    );
    const thousand = ran(late(), { end: listing(Array.from({ length: 1001 }, (_, i) => i)) });
    expect(thousand.run.error(thousand.run.find("x") ?? 0)[0]?.message).toContain(
      "more than 1000; `max: 1001`",
    );
  });

  it("keeps to `parallel`, whatever else there is to do", () => {
    const world = new World(
      planOf((b) => {
        b.for("x", ["a", "b", "c", "d", "e"], {
          parallel: 2,
          body: (i, item) => i.task("v", "t", [i.task("w", "t", [item])]),
        });
        return b.for("y", ["a", "b", "c"], { body: (i, item) => i.task("w", "t", [item]) });
      }),
      { options: { jobs: 100 }, pick: (running) => running.at(-1) ?? 0 },
    );
    let most = 0;
    world.check = (run) => {
      const items = new Set(
        [...run.running()].map((n) => run.name(n)).filter((name) => name.startsWith("x")),
      );
      most = Math.max(most, items.size);
    };
    world.start().go();
    expect(most).toBe(2);
    expect(world.run.status).toBe("succeeded");
    expect(world.started.slice(0, 5)).toEqual(["x[a].w", "x[b].w", "y[a].w", "y[b].w", "y[c].w"]);
  });

  it("keeps to `parallel` of fors inside of fors", () => {
    const world = new World(
      planOf((b) =>
        b.for("x", ["a", "b", "c"], {
          parallel: 2,
          body: (i) =>
            i.for("y", ["d", "e", "f"], { parallel: 1, body: (j, item) => j.task("w", "t", [item]) }),
        }),
      ),
      { options: { jobs: 100 } },
    );
    let most = 0;
    world.check = (run) => {
      most = Math.max(most, [...run.running()].length);
    };
    world.start().go();
    expect(most).toBe(2);
    expect(world.run.counts.succeeded).toBe(9);
  });

  it("tolerates so many failures, and gives the others", () => {
    const world = ran(late({ tolerate: 1 }), { end: listing(["a", "b", "c"], "x[b].w") });
    expect(world.run.status).toBe("succeeded");
    expect(world.run.output).toEqual(["x[a].w", "x[c].w"]);
    const percent = ran(late({ percent: 34 }), { end: listing(["a", "b", "c"], "x[b].w") });
    expect(percent.run.status).toBe("succeeded");
    const rounded = ran(late({ percent: 33 }), { end: listing(["a", "b", "c"], "x[b].w") });
    expect(rounded.run.status).toBe("failed");
  });

  it("past what it tolerates fails at once: what runs may end, nothing more starts", () => {
    const world = ran(late({ tolerate: 1 }), {
      options: { jobs: 2 },
      end: listing(["a", "b", "c", "d", "e"], "x[a].w", "x[b].w"),
    });
    expect(world.states).toEqual([
      "list: succeeded",
      "x[a].w: failed",
      "x[b].w: failed",
      "x[c].w: succeeded",
      "x[d].w: cancelled",
      "x[e].w: cancelled",
    ]);
    expect(world.run.error(world.run.find("x") ?? 0)[0]?.message).toBe(
      "2 of its 5 items failed or were skipped, and it tolerates 1",
    );
  });
});

describe("for … after", () => {
  const graph = (items: readonly { id: string; deps: readonly string[] }[], otherwise = false) =>
    planOf((b) =>
      b.for("x", JSON.parse(JSON.stringify(items)), {
        by: field(local(0), "id"),
        waits: field(local(0), "deps"),
        body: (i, item, deps) =>
          i.task("w", "t", [deps ?? item], otherwise ? { otherwise: (o) => o.let(lit("without")) } : {}),
      }),
    );

  it("starts an item when those it waits for have ended, and gives it their values", () => {
    const plan = graph([
      { id: "a", deps: ["b", "c"] },
      { id: "b", deps: ["c"] },
      { id: "c", deps: [] },
    ]);
    const world = ran(plan, { end: (name, _a, run, n) => ({ value: [name, run.error(n).length] }) });
    expect(world.started).toEqual(["x[c].w", "x[b].w", "x[a].w"]);
    expect(
      world.run.value(world.run.cellAt(world.run.frames.get(world.run.find("x[a].w") ?? 0), 0, 1)),
    ).toEqual([
      ["x[b].w", 0],
      ["x[c].w", 0],
    ]);
  });

  it("skips items that wait for a failed one; `otherwise` answers in each", () => {
    const items = [
      { id: "a", deps: ["b"] },
      { id: "b", deps: ["c"] },
      { id: "c", deps: [] },
    ];
    expect(ran(graph(items), { end: failing("x[c].w") }).states).toEqual([
      "x[a].w: skipped",
      "x[b].w: skipped",
      "x[c].w: failed",
    ]);
    const answered = ran(graph(items, true), { end: failing("x[c].w") });
    expect(answered.run.output).toEqual(["x[a].w", "x[b].w", "without"]);
  });

  it("shows a whole circle, an unknown key, and an item that waits for itself", () => {
    const message = (items: Parameters<typeof graph>[0]) => {
      const world = ran(graph(items));
      expect(world.started).toEqual([]);
      return world.run.error(world.run.find("x") ?? 0)[0]?.message;
    };
    expect(
      message([
        { id: "z", deps: ["a"] },
        { id: "a", deps: ["b"] },
        { id: "b", deps: ["c"] },
        { id: "c", deps: ["a"] },
      ]),
    ).toBe("3 items wait in a circle: a → b → c → a");
    expect(message([{ id: "a", deps: ["a"] }])).toBe("1 item waits in a circle: a → a");
    expect(message([{ id: "a", deps: ["q"] }])).toBe(
      'item "a" waits for "q", and there is no item with that key',
    );
  });
});

describe("retries", () => {
  const plan = (retry: Partial<typeof noRetry>) =>
    new Plans()
      .task("t", { params: ["x"], retry })
      .flow("main", [], (b) => b.task("a", "t", [0]))
      .done();

  it("grow by factor up to max, with a little chance", () => {
    const policy = { ...noRetry, backoff: 2, factor: 3, max: 10 };
    expect([1, 2, 3].map((repeat) => retryAt(policy, repeat, 1000, 0))).toEqual([3000, 7000, 11000]);
    expect(retryAt(policy, 1, 1000, 0.5)).toBe(3200);
  });

  it("repeat after the backoff, so many times", () => {
    const world = ran(plan({ times: 2, backoff: 5 }), {
      end: (_name, a) => (a < 3 ? { fail: "no" } : { value: a }),
    });
    expect(world.run.output).toBe(3);
    expect(world.events.flatMap((event) => (event.type === "attempt.started" ? [event.at] : []))).toEqual([
      1000, 6010, 16020,
    ]);
    expect(ran(plan({ times: 2 }), { end: () => ({ fail: "no" }) }).run.attempts(1)).toBe(3);
  });

  it("only for the reasons named, never for what cannot help", () => {
    const world = new World(plan({ times: 3, on: ["timeout"] })).start();
    world.go(() => [...world.run.running()].length > 0);
    expect(againAt(world.run, 1, "failed", "exit", 0, 0)).toBeNull();
    expect(againAt(world.run, 1, "failed", "launch", 0, 0)).toBeNull();
    expect(againAt(world.run, 1, "failed", "timeout", 0, 0)).toBe(1000);
  });

  it("lost attempts spend none, and five in a row fail the node", () => {
    const few = ran(plan({ times: 0 }), { end: (_name, a) => (a < 5 ? "lost" : { value: "ok" }) });
    expect(few.run.output).toBe("ok");
    const many = ran(plan({ times: 9 }), { end: () => "lost" });
    expect(many.run.attempts(1)).toBe(5);
    expect(many.run.state(1)).toBe("failed");
  });
});

describe("bounds and choices of a run", () => {
  it("`with` holds for every node below, the innermost wins", () => {
    const plan = new Plans()
      .task("t", { params: ["x"] })
      .flow("sub", [], (b) => {
        b.task("one", "t", [1]);
        return b.task("two", "t", [1], { with: { retry: { ...noRetry, times: 2 } } });
      })
      .flow("main", [], (b) => b.flow("s", "sub", [], { with: { retry: { ...noRetry, times: 1 } } }))
      .done();
    const world = ran(plan, { end: () => ({ fail: "no" }) });
    expect([...world.run.nodes()].map((n) => world.run.attempts(n))).toEqual([2, 3]);
  });

  it("`jobs` bounds the sum of what nodes need; what needs more than there is runs alone", () => {
    const plan = new Plans()
      .task("t", { params: ["x"] })
      .task("big", { params: ["x"], cpu: 3 })
      .task("huge", { params: ["x"], cpu: 9 })
      .flow("main", [], (b) => {
        b.task("huge", "huge", [0]);
        for (let i = 0; i < 4; i++) b.task(`big${i}`, "big", [i]);
        for (let i = 0; i < 9; i++) b.task(`t${i}`, "t", [i]);
        return null;
      })
      .done();
    const world = new World(plan, { options: { jobs: 4 } });
    world.check = (run) => {
      const names = [...run.running()].map((n) => run.task(n));
      expect(run.busy <= 4000 || names.length === 1, names.join()).toBe(true);
    };
    world.start().go();
    expect(world.run.counts.succeeded).toBe(14);
  });

  it("keeps room for what was passed over too often", () => {
    const plan = new Plans()
      .task("t", { params: ["x"] })
      .task("big", { params: ["x"], cpu: 2 })
      .flow("main", [], (b) => {
        b.task("big", "big", [0]);
        for (let i = 0; i < 200; i++) b.task(`t${i}`, "t", [i]);
        return null;
      })
      .done();
    // `big` is best but one small node always runs beside it.
    const world = new World(plan, { options: { jobs: 2 }, durations: { big: 1, t: 1000 } });
    world.start().go();
    expect(world.started.indexOf("big")).toBe(200);
    const best = new World(plan, { options: { jobs: 2 }, durations: { big: 9000, t: 10 } });
    best.start().go();
    expect(best.started[0]).toBe("big");
  });

  it("`failFast` starts nothing after a failure that nothing answers", () => {
    const plan = planOf((b) => {
      b.task("fine", "t", [0], { otherwise: (i) => i.let(lit(1)) });
      b.task("bad", "t", [0]);
      b.task("running", "t", [0]);
      b.task("late", "t", [0]);
      return null;
    });
    const world = ran(plan, { options: { jobs: 3, failFast: true }, end: failing("fine", "bad") });
    expect(world.states).toEqual(["fine: failed!", "bad: failed", "running: succeeded", "late: succeeded"]);
    const two = ran(plan, { options: { jobs: 2, failFast: true }, end: failing("bad") });
    expect(two.states).toEqual(["fine: succeeded", "bad: failed", "running: succeeded", "late: cancelled"]);
    expect(two.run.status).toBe("failed");
  });

  it("cancels: nothing more starts, and the run ends when what runs has ended", () => {
    const plan = planOf((b) => b.task("b", "t", [b.task("a", "t", [0])]));
    const world = new World(plan, { end: () => "cancelled" }).start();
    world.go(() => [...world.run.running()].length > 0);
    world.append({ type: "run.cancelled", by: "me", why: "interrupt" });
    world.go();
    expect(world.states).toEqual(["a: cancelled", "b: cancelled"]);
    expect(world.run.status).toBe("cancelled");
  });

  it("tells what holds a node", () => {
    const world = new World(
      planOf((b) => b.for("x", ["a", "b"], { parallel: 1, body: (i, item) => i.task("w", "t", [item]) })),
    ).start();
    world.go(() => [...world.run.running()].length > 0);
    expect(world.run.heldBy(world.run.find("x[b].w") ?? 0, 0)).toBe("`parallel: 1` of x");
    expect(world.run.heldBy(world.run.find("x[a].w") ?? 0, 0)).toBeNull();
  });
});

describe("the fold", () => {
  it("refuses a growth that is not what was recorded", () => {
    const plan = planOf((b) => b.for("x", ["a"], { body: (i, item) => i.task("w", "t", [item]) }));
    const other = planOf((b) => b.for("x", ["b"], { body: (i, item) => i.task("w", "t", [item]) }));
    const { events } = ran(plan);
    expect(() => fold(other, events)).toThrow(Diverged);
    expect(snapshot(fold(plan, events))).toEqual(snapshot(fold(plan, events)));
  });

  it("gives attempts of a node one key, and other nodes others", () => {
    const plan = new Plans()
      .task("t", { params: ["x"], retry: { times: 1 } })
      .flow("main", [], (b) => {
        b.task("a", "t", [1]);
        return b.task("b", "t", [1]);
      })
      .done();
    const world = ran(plan, { end: (name, a) => (name === "a" && a === 1 ? { fail: "no" } : { value: 1 }) });
    const keys = world.events.flatMap((event) => (event.type === "attempt.started" ? [event.key] : []));
    expect(keys).toHaveLength(3);
    expect(new Set(keys).size).toBe(2);
  });
});
