// Checks that a run can be stopped anywhere and goes on from its events alone: crashes, failures, cancels, `--only`.

import { describe, expect, it } from "vitest";
import type { Plan } from "../compiler/plan.ts";
import { unknownOnly } from "../runtime/decide-only.ts";
import { openAttempts } from "../runtime/run.ts";
import { call, field, lit, local, Plans, planOf } from "./run-plans.ts";
import { fold, ran, snapshot, World, type WorldOptions } from "./run-world.ts";

/** One plan with nearly everything in it. */
const rich = new Plans()
  .task("t", { params: ["x"], retry: { times: 1 } })
  .task("u", { params: ["x"], result: { k: "slot", up: 0, i: 0 } })
  .flow("sub", ["x"], (b, x) => {
    if (x === undefined) return null;
    const one = b.task("one", "t", [x]);
    return b.if("pick", call("contains", b.expr(one), lit("one")), (i) => i.task("two", "t", [one]));
  })
  .flow("main", [], (b) => {
    const list = b.task("list", "t", [0]);
    const built = b.for("built", list, {
      by: field(local(0), "id"),
      waits: field(local(0), "deps"),
      parallel: 2,
      tolerate: 1,
      body: (i, item) => {
        const s = i.flow("s", "sub", [item]);
        return i.task("w", "t", [s], { otherwise: (o) => o.task("spare", "t", [item]) });
      },
    });
    const late = b.task("late", "t", [1], { after: [built], otherwise: (o) => o.let(lit("none")) });
    const all = b.let({ k: "list", items: [b.expr(built), b.expr(late)] });
    return b.task("sum", "u", [all]);
  })
  .done();

const items = [
  { id: "a", deps: ["b"] },
  { id: "b", deps: [] },
  { id: "c", deps: ["a", "b"] },
  { id: "d", deps: [] },
];

/** Some attempts fail at first, some for good. */
const outcomes: WorldOptions = {
  options: { jobs: 3 },
  end: (name, a) => {
    if (name === "list") return { value: JSON.parse(JSON.stringify(items)) };
    if (name === "built[b].s.one" && a === 1) return { fail: "flaky" };
    if (name === "built[d].w" || name === "built[c].s.pick.two") return { fail: "broken" };
    return { value: name };
  },
};

describe("after a crash", () => {
  it("goes on from every prefix of its events to the same answer", () => {
    const whole = ran(rich, outcomes);
    expect(whole.run.status).toBe("succeeded");
    for (let keep = 1; keep <= whole.events.length; keep++) {
      const { events } = whole;
      const world = new World(rich, outcomes);
      world.events.push(...events.slice(0, keep));
      world.crash();
      world.now = (world.events.at(-1)?.at ?? 0) + 5;
      const done = new Set(succeeded(world));
      if (world.run.status === "running") world.open().go();
      expect(world.run.status, `after ${keep}`).toBe("succeeded");
      expect(world.run.output, `after ${keep}`).toEqual(whole.run.output);
      const again = world.events.slice(keep).flatMap((e) => (e.type === "attempt.started" ? [e.n] : []));
      expect(again.filter((n) => done.has(n))).toEqual([]);
      expect(snapshot(fold(rich, world.events))).toEqual(snapshot(world.run));
    }
  });

  it("tells open attempts and where they run", () => {
    const world = new World(planOf((b) => b.task("a", "t", [0]))).start();
    world.go(() => [...world.run.running()].length > 0);
    world.append({ type: "attempt.placed", n: 1, a: 1, ref: "pid 7" });
    world.crash();
    expect(openAttempts(world.run)).toEqual([{ n: 1, a: 1, ref: "pid 7" }]);
    expect(world.open().go().run.attempts(1)).toBe(2);
  });
});

function succeeded(world: World): number[] {
  return world.events.flatMap((e) => (e.type === "attempt.ended" && e.outcome === "succeeded" ? [e.n] : []));
}

describe("opened again", () => {
  const broken = (...names: string[]): WorldOptions => ({
    ...outcomes,
    end: (name, a, run, n) =>
      names.includes(name) ? { fail: "down" } : (outcomes.end?.(name, a, run, n) ?? { value: name }),
  });

  function resumed(plan: Plan, first: WorldOptions, second: WorldOptions): World {
    const before = ran(plan, first);
    expect(before.run.status).not.toBe("succeeded");
    const world = new World(plan, second);
    world.events.push(...before.events);
    world.crash();
    world.now = before.now + 1000;
    expect(snapshot(world.run)).toEqual(snapshot(before.run));
    const done = new Set(succeeded(world));
    world.open().go();
    const again = world.events.slice(before.events.length);
    expect(again.flatMap((e) => (e.type === "attempt.started" && done.has(e.n) ? [e.n] : []))).toEqual([]);
    expect(snapshot(fold(plan, world.events))).toEqual(snapshot(world.run));
    return world;
  }

  it("runs what failed and was skipped, with fresh retries", () => {
    const world = resumed(rich, broken("list"), outcomes);
    expect(world.run.status).toBe("succeeded");
    expect(world.run.attempts(world.run.find("list") ?? 0)).toBe(3);
    // What was answered by its `otherwise` counts as well, and stays.
    expect(world.run.output).toEqual([["built[a].w", "built[b].w", "built[d].w.otherwise.spare"], "none"]);
  });

  it("runs a `for` on that went past what it tolerates", () => {
    const names = [
      "built[b].s.one",
      "built[b].w.otherwise.spare",
      "built[d].s.one",
      "built[d].w.otherwise.spare",
    ];
    const world = resumed(rich, broken(...names), outcomes);
    expect(world.run.status).toBe("succeeded");
    const built = world.run.value(world.run.find("built") ?? 0);
    expect(built).toEqual(["built[a].w.otherwise.spare", "built[b].w", "built[d].w.otherwise.spare"]);
  });

  it("uses an `otherwise` made earlier only if it is needed again, and keeps what it did", () => {
    const plan = planOf((b) =>
      b.task("a", "t", [0], {
        otherwise: (i) => i.task("second", "t", [i.task("first", "t", [0])]),
      }),
    );
    const down = (...names: string[]): WorldOptions => ({
      end: (name) => (names.includes(name) ? { fail: "down" } : { value: name }),
    });
    const needed = resumed(plan, down("a", "a.otherwise.second"), down("a"));
    expect(needed.states).toEqual([
      "a: failed!",
      "a.otherwise.first: succeeded",
      "a.otherwise.second: succeeded",
    ]);
    expect(needed.started).toEqual([
      "a",
      "a.otherwise.first",
      "a.otherwise.second",
      "a",
      "a.otherwise.second",
    ]);
    const unneeded = resumed(plan, down("a", "a.otherwise.second"), down());
    expect(unneeded.states).toEqual([
      "a: succeeded",
      "a.otherwise.first: succeeded",
      "a.otherwise.second: skipped",
    ]);
    expect(unneeded.run.output).toBe("a");
  });

  it("keeps a decided `if`, and decides one that never was", () => {
    const plan = planOf((b) => {
      const ask = b.task("ask", "t", [0]);
      const x = b.if(
        "x",
        ask,
        (i) => i.task("yes", "t", [1]),
        (i) => i.task("no", "t", [1]),
      );
      return b.task("end", "t", [x]);
    });
    const world = (bad: string): WorldOptions => ({
      end: (name) => (name === bad ? { fail: "down" } : { value: name === "ask" ? true : name }),
    });
    for (const bad of ["ask", "x.yes", "end"]) {
      const after = resumed(plan, world(bad), world(""));
      expect(after.states).toEqual([
        "ask: succeeded",
        "end: succeeded",
        "x.yes: succeeded",
        "x.else.no: skipped",
      ]);
    }
  });

  it("goes on after a cancel at any time", () => {
    const length = ran(rich, outcomes).events.length;
    for (let at = 3; at < length - 1; at++) {
      const world = new World(rich, outcomes).start();
      world.go(() => world.events.length >= at);
      world.append({ type: "run.cancelled", by: "me", why: "interrupt" });
      for (const n of [...world.run.running()]) world.end(n, "cancelled");
      world.go();
      expect(world.run.status).toBe("cancelled");
      expect(world.run.counts.waiting + world.run.counts.ready + world.run.counts.running).toBe(0);
      const done = new Set(succeeded(world));
      const { length: kept } = world.events;
      world.crash().open().go();
      expect(world.run.status, `cancelled at ${at}`).toBe("succeeded");
      expect(world.run.output).toEqual(ran(rich, outcomes).run.output);
      const again = world.events.slice(kept).flatMap((e) => (e.type === "attempt.started" ? [e.n] : []));
      expect(again.filter((n) => done.has(n))).toEqual([]);
    }
  });
});

describe("--only", () => {
  const plan = planOf((b) => {
    const list = b.task("list", "t", [0]);
    const side = b.task("side", "t", [0]);
    b.task("other", "t", [0]);
    b.for("x", list, { body: (i, item) => i.task("w", "t", [i.task("v", "t", [item])], { after: [side] }) });
    b.for("y", ["k", "l"], { body: (i, item) => i.task("w", "t", [item]) });
    return b.if("z", b.expr(side), (i) => {
      i.task("p", "t", [1]);
      return i.task("q", "t", [1]);
    });
  });
  const only = (...names: string[]): World =>
    ran(plan, {
      options: { only: names },
      end: (name) => ({ value: name === "list" ? ["a", "b"] : name === "side" ? true : name }),
    });

  it("runs the named node and what it needs", () => {
    expect(only("y[k].w").started).toEqual(["y[k].w"]);
    expect(only("other").run.status).toBe("succeeded");
  });

  it("takes composites and items as a whole", () => {
    expect(only("y").started).toEqual(["y[k].w", "y[l].w"]);
    expect(only("x").started.sort()).toEqual(["list", "side", "x[a].v", "x[a].w", "x[b].v", "x[b].w"]);
    expect(only("y[l]", "other").started.sort()).toEqual(["other", "y[l].w"]);
  });

  it("takes only the condition of an `if` around it", () => {
    expect(only("z.q").started).toEqual(["side", "z.q"]);
  });

  it("finds items that are not made yet, and what only these need", () => {
    const world = only("x[b]");
    expect(world.started.sort()).toEqual(["list", "side", "x[b].v", "x[b].w"]);
    expect(world.run.status).toBe("succeeded");
  });

  it("tells names that no node can have", () => {
    const world = new World(plan, {
      options: { only: ["x[b].w", "x[b].nothing", "nothing", "y[m]", "y[k].w.x", "list"] },
    }).start();
    world.go(() => world.run.size > 1);
    expect(unknownOnly(world.run)).toEqual(["x[b].nothing", "nothing", "y[m]", "y[k].w.x"]);
  });

  it("fails if what was named never came to be, or failed", () => {
    expect(only("x[c]").run.status).toBe("failed");
    const failed = ran(plan, { options: { only: ["other"] }, end: () => ({ fail: "no" }) });
    expect(failed.run.status).toBe("failed");
  });
});
