// Checks corners of the pure core where two rules meet: guards and failures, bounds and repeats, openings and growth.

import { describe, expect, it } from "vitest";
import type { Plan } from "../compiler/plan.ts";
import { decide } from "../runtime/decide.ts";
import { call, field, lit, local, Plans, planOf } from "./run-plans.ts";
import { noRetry } from "./run-tasks.ts";
import { ran, World } from "./run-world.ts";

const failing =
  (...names: string[]) =>
  (name: string) =>
    names.includes(name) ? { fail: `${name} broke` } : { value: name };

const is = (i: number, value: string) =>
  ({ k: "compare", op: "==", left: { k: "slot", up: 0, i }, right: lit(value) }) as const;

describe("guards", () => {
  it("a failure of the order of a whole is not answered inside of it, whether its list was known or not", () => {
    const plan = planOf((b) => {
      const prep = b.task("prep", "t", [0]);
      return b.for("x", ["a"], {
        after: [prep],
        body: (i, item) => i.task("w", "t", [item], { otherwise: (o) => o.let(lit("spare")) }),
        otherwise: (o) => o.let(lit("whole")),
      });
    });
    const world = ran(plan, { end: failing("prep") });
    expect(world.states).toEqual(["prep: failed", "x[a].w: skipped"]);
    expect(world.run.value(world.run.find("x") ?? 0)).toBe("whole");
  });

  it("an `if` whose condition failed runs neither branch, also when its `otherwise` answers", () => {
    const plan = planOf((b) => {
      const ask = b.task("ask", "t", [0]);
      const x = b.if("x", ask, (i) => i.task("yes", "t", [1]), null, {
        otherwise: (o) => o.let(lit("spare")),
      });
      return b.task("end", "t", [x]);
    });
    const world = ran(plan, { end: failing("ask") });
    expect(world.states).toEqual(["ask: failed", "end: succeeded", "x.yes: skipped"]);
  });

  it("an `if` decided by its item is looked through: what failed before the item is answered in it", () => {
    const items = [
      { id: "a", deps: ["b"] },
      { id: "b", deps: [] },
    ];
    const plan = planOf((b) =>
      b.for("x", items, {
        by: field(local(0), "id"),
        waits: field(local(0), "deps"),
        body: (i, item) =>
          i.if("c", call("contains", field(i.expr(item), "id"), lit("")), (j) =>
            j.task("w", "t", [item], { otherwise: (o) => o.let(lit("dependency failed")) }),
          ),
      }),
    );
    const world = ran(plan, { end: failing("x[b].c.w") });
    expect(world.states).toEqual(["x[a].c.w: succeeded", "x[b].c.w: failed!"]);
    const plain = planOf((b) =>
      b.for("x", items, {
        by: field(local(0), "id"),
        waits: field(local(0), "deps"),
        body: (i, item) => {
          const w = i.task("w", "t", [item]);
          return i.if("c", true, (j) => j.task("v", "t", [w], { otherwise: (o) => o.let(lit("instead")) }));
        },
      }),
    );
    const skipped = ran(plain, { end: failing("x[b].w") });
    expect(skipped.states).toEqual([
      "x[a].w: skipped",
      "x[a].c.v: skipped!",
      "x[b].w: failed",
      "x[b].c.v: skipped!",
    ]);
  });

  it("a known expression that fails in a branch counts only if the branch is taken", () => {
    const plan = planOf((b) => {
      const ask = b.task("ask", "t", [0]);
      return b.if("x", ask, (i) => i.task("yes", "t", [i.let(call("first", lit([])))]));
    });
    expect(ran(plan, { end: () => ({ value: false }) }).run.status).toBe("succeeded");
    const taken = ran(plan, { end: () => ({ value: true }) });
    expect(taken.run.error(0).at(-1)?.message).toBe("`first` of an empty list");
  });
});

describe("past what a `for` tolerates", () => {
  const plan = new Plans()
    .task("t", { params: ["x"], retry: { times: 1, backoff: 1 } })
    .task("once", { params: ["x"] })
    .flow("main", [], (b) => {
      const one = b.task("one", "once", [0]);
      b.task("two", "once", [one]);
      return b.for("x", ["a", "b", "c", "d"], {
        tolerate: 0,
        body: (i, item) =>
          i.if(
            "k",
            is(0, "d"),
            (j) => j.task("last", "once", [item]),
            (j) => j.task("w", "t", [item], { otherwise: (o) => o.task("spare", "once", [item]) }),
          ),
      });
    })
    .done();

  it("what runs is neither repeated nor answered; what waits for its `otherwise` has failed", () => {
    // The `if` is up 0 in the item's frame: slot 0 is the item.
    const world = new World(plan, {
      options: { jobs: 10 },
      end: (name) => (name === "x[b].k.else.w" ? "lost" : name === "one" ? { value: 1 } : { fail: "no" }),
      pick: (running) => running.find((n) => world.run.name(n) !== "one") ?? running[0] ?? 0,
    });
    world.start().go(() => [...world.run.running()].length === 5);
    const n = (name: string): number => world.run.find(name) ?? 0;
    world.end(n("x[a].k.else.w"), { fail: "first" });
    world.now += 5000;
    world.go(() => world.run.attempts(n("x[a].k.else.w")) === 2);
    world.end(n("x[a].k.else.w"), { fail: "second" });
    world.go(() => world.run.find("x[a].k.else.w.otherwise.spare") !== null);
    world.end(n("x[d].k.last"), { fail: "over" });
    world.go();
    expect(world.states).toEqual([
      "one: succeeded",
      "two: failed",
      "x[a].k.else.w: failed",
      "x[b].k.else.w: failed",
      "x[c].k.else.w: failed",
      "x[d].k.last: failed",
      "x[a].k.else.w.otherwise.spare: cancelled",
    ]);
    expect(world.run.attempts(n("x[b].k.else.w"))).toBe(1);
    expect(world.run.attempts(n("x[c].k.else.w"))).toBe(1);
  });
});

describe("order of starting", () => {
  it("keeps room for what was passed over 64 times", () => {
    const plan = new Plans()
      .task("t", { params: ["x"] })
      .task("big", { params: ["x"], cpu: 2 })
      .flow("main", [], (b) => {
        const first = b.task("first", "t", [0]);
        b.task("big", "big", [first]);
        for (let i = 0; i < 200; i++) b.task(`t${i}`, "t", [i]);
        return null;
      })
      .done();
    const world = ran(plan, { options: { jobs: 2 }, durations: { big: 9000, t: 10 } });
    const at = world.started.indexOf("big");
    expect(at).toBeGreaterThan(60);
    expect(at).toBeLessThan(70);
  });

  it("an item that starts takes along what was held of it", () => {
    const plan = new Plans()
      .task("t", { params: ["x"] })
      .task("long", { params: ["x"] })
      .task("longer", { params: ["x"] })
      .task("wide", { params: ["x"], cpu: 2 })
      .task("hog", { params: ["x"], cpu: 3 })
      .flow("main", [], (b) => {
        const late = b.task("late", "t", [0]);
        const early = b.task("early", "long", [0]);
        b.task("hog", "hog", [early]);
        return b.for("x", ["a", "b", "c"], {
          parallel: 1,
          body: (i, item) => {
            i.if("a", is(0, "a"), (j) => j.task("w", "longer", [j.task("v", "longer", [item])]));
            i.if("b", is(0, "b"), (j) => j.task("z", "long", [late]));
            i.if("c", is(0, "c"), (j) => j.task("w", "wide", [item]));
            return i.if("d", is(0, "b"), (j) => j.task("w", "t", [item]));
          },
        });
      })
      .done();
    const world = new World(plan, {
      options: { jobs: 5 },
      durations: { t: 1, long: 1000, longer: 2000, wide: 500 },
      pick: (running) => running.find((n) => world.run.task(n)?.startsWith("long")) ?? running[0] ?? 0,
    });
    world.start().go();
    expect(world.run.status).toBe("succeeded");
    expect(world.started).toEqual([
      "x[a].a.v",
      "early",
      "late",
      "x[a].a.w",
      "hog",
      "x[b].b.z",
      "x[b].d.w",
      "x[c].c.w",
    ]);
  });

  it("a repeat is not started before its time, whatever the queues remember", () => {
    const plan = new Plans()
      .task("t", { params: ["x"], retry: { times: 3, backoff: 5 } })
      .flow("main", [], (b) => b.task("a", "t", [0]))
      .done();
    const world = new World(plan).start();
    world.go(() => [...world.run.running()].length > 0);
    // No question in between: the queue still has the node on top.
    world.end(1, { fail: "no" });
    expect(decide(world.run, world.now)).toMatchObject({ do: "sleep", until: world.now + 5000 });
    world.crash();
    expect(decide(world.run, world.now)).toMatchObject({ do: "sleep", until: world.now + 5000 });
    expect(world.run.state(1)).toBe("waiting");
    expect(world.run.counts).toMatchObject({ waiting: 1, ready: 0 });
    expect(decide(world.run, world.now + 5000)).toMatchObject({ do: "append" });
  });
});

describe("`failFast`", () => {
  const count = (plan: Plan, ...bad: string[]): number => {
    const world = ran(plan, {
      options: { jobs: 1, failFast: true },
      end: failing(...bad),
      durations: { t: 1 },
    });
    return world.started.length;
  };

  it("goes on while a failure may still be answered around it", () => {
    const plan = new Plans()
      .task("t", { params: ["x"] })
      .flow("sub", [], (b) => b.task("inner", "t", [1]))
      .flow("main", [], (b) => {
        b.flow("s", "sub", [], { otherwise: (o) => o.task("spare", "t", [1]) });
        return b.task("other", "t", [1]);
      })
      .done();
    expect(count(plan, "s.inner")).toBe(3);
    expect(count(plan, "s.inner", "s.otherwise.spare", "other")).toBeLessThan(4);
  });

  it("stops when the answer fails too", () => {
    const plan = planOf((b) => {
      b.task("a", "t", [1], { otherwise: (o) => o.task("spare", "t", [1]) });
      const one = b.task("one", "t", [1]);
      return b.task("two", "t", [one]);
    });
    const world = ran(plan, {
      options: { jobs: 1, failFast: true },
      end: failing("a", "a.otherwise.spare"),
    });
    expect(world.states.at(-2)).toBe("two: cancelled");
  });

  it("goes on within what is tolerated, and not past it", () => {
    const plan = (tolerate: number) =>
      planOf((b) => {
        const x = b.for("x", ["a", "b", "c"], { tolerate, body: (i, item) => i.task("w", "t", [item]) });
        b.task("free", "t", [0]);
        return b.task("end", "t", [x]);
      });
    expect(count(plan(1), "x[a].w")).toBe(5);
    expect(count(plan(0), "x[a].w")).toBe(1);
    expect(count(plan(1), "x[a].w", "x[b].w")).toBe(2);
  });

  it("stops as soon as the failure is certain, not only when the whole has ended", () => {
    const item = planOf((b) =>
      b.for("x", ["a"], {
        tolerate: 0,
        body: (i) => {
          i.task("v", "t", [0]);
          return i.task("w", "t", [0]);
        },
      }),
    );
    expect(count(item, "x[a].v")).toBe(1);
    const answer = planOf((b) =>
      b.task("a", "t", [0], {
        otherwise: (o) => {
          o.task("v", "t", [0]);
          return o.task("w", "t", [0]);
        },
      }),
    );
    expect(count(answer, "a", "a.otherwise.v")).toBe(2);
  });
});

describe("opened again", () => {
  const reopened = (
    plan: Plan,
    before: Parameters<typeof ran>[1],
    after: Parameters<typeof ran>[1],
  ): World => {
    const first = ran(plan, before);
    const world = new World(plan, after);
    world.events.push(...first.events);
    world.crash();
    world.now = first.now;
    return world.open().go();
  };

  it("a failure in a branch still does not count before the branch is taken", () => {
    const plan = planOf((b) => {
      const ask = b.task("ask", "t", [0]);
      const broken = b.task("broken", "t", [0], { otherwise: (o) => o.task("spare", "t", [0]) });
      return b.if("x", ask, (i) =>
        i.task("w", "t", [broken], { otherwise: (o) => o.task("spare", "t", [0]) }),
      );
    });
    const world = reopened(
      plan,
      { end: failing("ask", "broken", "broken.otherwise.spare") },
      {
        pick: (running) => running.at(-1) ?? 0,
        end: (name) => (name.startsWith("broken") ? { fail: "no" } : { value: false }),
      },
    );
    expect(world.run.skippedBy(world.run.find("x.w") ?? 0)).toBe("branch");
    expect(world.started).not.toContain("x.w.otherwise.spare");
  });

  it("an item that was in progress still counts for `parallel`", () => {
    const plan = planOf((b) =>
      b.for("x", ["a", "b"], {
        parallel: 1,
        body: (i, item) => i.task("w", "t", [i.task("v", "t", [item])]),
      }),
    );
    const world = new World(plan).start();
    world.go(
      () => world.run.find("x[a].v") !== null && world.run.value(world.run.find("x[a].v") ?? 0) !== null,
    );
    world.append({ type: "run.cancelled", by: "me", why: "cancel" });
    for (const n of [...world.run.running()]) world.end(n, "cancelled");
    world.go().crash();
    let most = 0;
    world.check = (run) => {
      for (const loop of run.loops.values()) most = Math.max(most, loop.inProgress);
      expect(run.heldBy(run.find("x[a].w") ?? 0, 0)).toBeNull();
    };
    world.open().go();
    expect(most).toBe(1);
    expect(world.started).toEqual(["x[a].v", "x[a].w", "x[b].v", "x[b].w"]);
  });

  it("`failFast` begins anew", () => {
    const plan = planOf((b) => b.task("b", "t", [b.task("a", "t", [0])]));
    const options = { jobs: 1, failFast: true };
    const world = reopened(plan, { options, end: failing("a") }, { options });
    expect(world.run.status).toBe("succeeded");
  });

  it("counts retries anew", () => {
    const plan = planOf((b) => b.task("a", "t", [0], { with: { retry: { ...noRetry, times: 2 } } }));
    const world = reopened(plan, { end: () => ({ fail: "no" }) }, { end: () => ({ fail: "no" }) });
    expect(world.run.attempts(1)).toBe(6);
  });
});
