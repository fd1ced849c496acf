// Checks retries, `with`, `--jobs`, `--fail-fast`, cancel and the fold of the pure core.

import { describe, expect, it } from "vitest";
import { againAt, retryAt } from "../runtime/decide-retry.ts";
import { Diverged } from "../runtime/run.ts";
import { lit, Plans, planOf } from "./run-plans.ts";
import { noRetry } from "./run-tasks.ts";
import { fold, ran, snapshot, World } from "./run-world.ts";

const failing =
  (...names: string[]) =>
  (name: string) =>
    names.includes(name) ? { fail: `${name} broke` } : { value: name };

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

describe("calls that may wait for a thread", () => {
  type Options = Parameters<Plans["task"]>[1];
  /** How many of six start before the first ends. */
  const atOnce = (task: Options, options: Partial<World["run"]["options"]> = {}, ahead = 3): number => {
    const plan = new Plans()
      .task("t", { params: ["x"], ...task })
      .flow("main", [], (b) => {
        for (let i = 0; i < 6; i++) b.task(`n${i}`, "t", [0]);
        return null;
      })
      .done();
    const world = new World(plan, { options: { jobs: 2, ...options }, ahead }).start();
    let most = 0;
    world.check = (run) => {
      most = Math.max(most, [...run.running()].length);
    };
    expect(world.go().run.status).toBe("succeeded");
    expect(world.run.mayWait).toBe(0);
    return most;
  };

  it("start ahead of those that have room", () => {
    expect(atOnce({})).toBe(5);
    expect(atOnce({}, {}, 0)).toBe(2);
  });

  it("but not where the wait could change anything", () => {
    expect(atOnce({ timeout: lit(5) })).toBe(2);
    expect(atOnce({ effect: "once" })).toBe(2);
    expect(atOnce({ cpu: 2 })).toBe(1);
    expect(atOnce({}, { failFast: true })).toBe(2);
  });

  it("nor beside anything else that runs", () => {
    const plan = new Plans()
      .task("long", { params: [], timeout: lit(60) })
      .task("t", { params: ["x"] })
      .flow("main", [], (b) => {
        b.task("first", "long", []);
        for (let i = 0; i < 6; i++) b.task(`n${i}`, "t", [0]);
        return null;
      })
      .done();
    const pick = (running: readonly number[]): number => running[running.length - 1] ?? 0;
    const world = new World(plan, { options: { jobs: 2 }, ahead: 3, pick }).start();
    let most = 0;
    world.check = (run) => {
      const running = [...run.running()];
      if (running.includes(1)) most = Math.max(most, running.length);
    };
    expect(world.go().run.status).toBe("succeeded");
    expect(most).toBe(2);
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
      expect(run.room.cpu <= 4000 || names.length === 1, names.join()).toBe(true);
    };
    world.start().go();
    expect(world.run.counts.succeeded).toBe(14);
  });

  it("memory bounds what runs beside each other, when it is known how much there is", () => {
    const plan = new Plans()
      .task("t", { params: ["x"] })
      .task("big", { params: ["x"], memory: 3 })
      .flow("main", [], (b) => {
        for (let i = 0; i < 4; i++) b.task(`big${i}`, "big", [i]);
        for (let i = 0; i < 4; i++) b.task(`t${i}`, "t", [i]);
        return null;
      })
      .done();
    const beside = (memory?: number): number => {
      const world = new World(plan, { options: { jobs: 8, ...(memory === undefined ? {} : { memory }) } });
      let most = 0;
      world.check = (run) => {
        const big = [...run.running()].filter((n) => run.task(n) === "big");
        most = Math.max(most, big.length);
      };
      world.start().go();
      expect(world.run.counts.succeeded).toBe(8);
      return most;
    };
    expect([beside(), beside(7), beside(5), beside(2)]).toEqual([4, 2, 1, 1]);
  });

  it("a node held by memory says so", () => {
    const plan = new Plans()
      .task("big", { params: ["x"], memory: 3 })
      .flow("main", [], (b) => {
        b.task("a", "big", [0]);
        b.task("b", "big", [1]);
        return null;
      })
      .done();
    const world = new World(plan, { options: { jobs: 8, memory: 4 } }).start();
    world.go(() => [...world.run.running()].length === 1 && world.run.heldBy(2, world.now) !== null);
    expect(world.run.heldBy(2, world.now)).toBe("memory on this machine");
  });

  it("nodes of a higher priority start first, then the longest path, then the order of the plan", () => {
    const plan = new Plans()
      .task("low", { params: ["x"], priority: "low" })
      .task("t", { params: ["x"] })
      .task("high", { params: ["x"], priority: "high" })
      .flow("main", [], (b) => {
        b.task("l", "low", [0]);
        b.task("a", "t", [0]);
        const first = b.task("b", "t", [0]);
        b.task("c", "t", [first]);
        b.task("h", "high", [0]);
        b.task("raised", "low", [0], { with: { priority: "high" } });
        return null;
      })
      .done();
    const world = ran(plan, { options: { jobs: 1 } });
    expect(world.started).toEqual(["h", "raised", "b", "a", "c", "l"]);
    // Without a `with` the priorities come from the tasks alone.
    const plain = new Plans()
      .task("low", { params: ["x"], priority: "low" })
      .task("high", { params: ["x"], priority: "high" })
      .flow("main", [], (b) => {
        b.task("l", "low", [0]);
        b.task("h", "high", [0]);
        return null;
      })
      .done();
    expect(ran(plain, { options: { jobs: 1 } }).started).toEqual(["h", "l"]);
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
