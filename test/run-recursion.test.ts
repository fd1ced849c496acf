// Recursion: calls of a flow inside of itself grow one by one, no deeper than `depth`, and come back after every event.

import { describe, expect, it } from "vitest";
import type { Plan } from "../compiler/plan.ts";
import type { Value } from "../compiler/types.ts";
import { apply, Diverged } from "../runtime/run.ts";
import { check, gate } from "./run-gate-plans.ts";
import { lit, type Slot } from "./run-plans.ts";
import { again, endsAt, less, more, plans, same, walking } from "./run-recursion-plans.ts";
import { resumesAnywhere } from "./run-resumes.ts";
import { fold, ran, snapshot, World, type WorldOptions } from "./run-world.ts";

function rootOf(world: World): string | undefined {
  return world.run.error(0).at(-1)?.message;
}

describe("recursion", () => {
  it("makes a call when its arguments are there and its branch is taken", () => {
    const world = ran(walking(), endsAt(2));
    expect(world.states).toEqual([
      "after: succeeded",
      "x.work: succeeded",
      "x.more.walk.work: succeeded",
      "x.more.walk.more.walk.work: succeeded",
    ]);
    expect(world.events.filter((event) => event.type === "grown").map(({ n }) => world.run.name(n))).toEqual([
      "main",
      "x.more.walk",
      "x.more.walk.more.walk",
    ]);
    expect(world.run.value(world.run.find("x") ?? 0)).toBe("end");
    expect(ran(walking(), endsAt(0)).events.filter((event) => event.type === "grown")).toHaveLength(1);
  });

  it("fails one call past its depth, with the chain in words", () => {
    const world = ran(walking(2), endsAt(9));
    expect(world.run.status).toBe("failed");
    expect(rootOf(world)).toBe(
      "this would be call 3 of `walk` on top of each other, and its `depth` is 2: main → walk → walk → walk",
    );
    expect(world.started).toEqual(["x.work", "x.more.walk.work"]);
    expect(rootOf(ran(walking(1), endsAt(9)))).toMatch(/call 2 of `walk`/);
  });

  it("shortens a long chain", () => {
    expect(rootOf(ran(walking(40), endsAt(99)))).toBe(
      "this would be call 41 of `walk` on top of each other, and its `depth` is 40: main → walk → walk → walk → walk → … → walk → walk",
    );
  });

  it("may be answered by `otherwise`, at the call that is too deep or around all", () => {
    const inner = { otherwise: (b: { let(x: Value): Slot }) => b.let("deep enough") };
    const answered = ran(walking(2, {}, inner), endsAt(9));
    expect(answered.run.status).toBe("succeeded");
    expect(answered.run.value(answered.run.find("x") ?? 0)).toBe("deep enough");
    expect(ran(walking(2, inner), endsAt(9)).run.status).toBe("succeeded");
    resumesAnywhere(walking(2, {}, inner), endsAt(9));
    resumesAnywhere(walking(2, inner), endsAt(9));
  });

  it("comes back after every event", () => {
    resumesAnywhere(walking(5), endsAt(3));
    resumesAnywhere(walking(2), endsAt(9));
  });

  it("refuses a growth that is not the one recorded", () => {
    const { events } = ran(walking(), endsAt(2));
    const [, second] = events.filter((event) => event.type === "grown");
    const wrong = events.map((event) => (event === second ? { ...event, count: 1 } : event));
    expect(() => fold(walking(), wrong)).toThrow(Diverged);
  });

  it("goes on where it failed when it is opened again", () => {
    const plan = walking(4);
    const world: World = new World(plan, {
      end: (name) =>
        name === "x.more.walk.work" && world.now < 5000
          ? { fail: "no" }
          : (endsAt(2).end?.(name, 1, world.run, 0) ?? "lost"),
    });
    world.start().go();
    expect(world.run.status).toBe("failed");
    world.now = 6000;
    world.open().go();
    expect(world.run.status).toBe("succeeded");
    expect(world.started.filter((name) => name === "x.work")).toHaveLength(1);
    expect(snapshot(fold(plan, world.events))).toEqual(snapshot(world.run));
  });

  it("fails again when it is opened again and was too deep", () => {
    const world = ran(walking(2), endsAt(9)).open().go();
    expect(rootOf(world)).toMatch(/its `depth` is 2/);
    expect(snapshot(fold(world.plan, world.events))).toEqual(snapshot(world.run));
  });

  it("grows after a cancelled run is opened again", () => {
    const plan = walking(4);
    const world = new World(plan, endsAt(2)).start();
    world.go(() => world.events.at(-1)?.type === "attempt.ended");
    world.append({ type: "run.cancelled", by: "person", why: "cancel" });
    world.go();
    expect(world.run.status).toBe("cancelled");
    world.open().go();
    expect(world.run.status).toBe("succeeded");
    expect(snapshot(fold(plan, world.events))).toEqual(snapshot(world.run));
  });

  it("counts the calls of each flow of a circle for itself", () => {
    const plan = plans()
      .flow("odd", ["n"], (b, n = { in: b, i: 0 }) =>
        b.if(
          "if",
          more(b.expr(n), lit(0)),
          (inner) => again(inner, "even", "even", [less(inner.expr(n))]),
          (inner) => inner.let("odd"),
        ),
      )
      .flow(
        "even",
        ["n"],
        (b, n = { in: b, i: 0 }) =>
          b.if(
            "if",
            more(b.expr(n), lit(0)),
            (inner) => inner.flow("odd", "odd", [less(inner.expr(n))]),
            (inner) => inner.let("even"),
          ),
        3,
      )
      .flow("main", ["n"], (b, n) => b.flow("x", "even", [b.task("n", "u", [n ?? 0])]))
      .done();
    const end = (n: number) => ran(plan, { inputs: { n } });
    expect(end(3).run.output).toBe("odd");
    expect(end(4).run.output).toBe("even");
    expect(rootOf(end(6))).toBe(
      "this would be call 4 of `even` on top of each other, and its `depth` is 3: main → even → odd → even → odd → even → odd → even",
    );
    resumesAnywhere(plan, { inputs: { n: 4 } });
  });

  it("goes through the items of a `for`, within what that tolerates", () => {
    const plan = (tolerate: number): Plan =>
      plans()
        .flow(
          "tree",
          ["x"],
          (b, x) => {
            const parts = b.task("parts", "t", [x ?? ""]);
            return b.for("all", parts, {
              parallel: 1,
              tolerate,
              body: (inner, item) => again(inner, "tree", "tree", [item]),
            });
          },
          2,
        )
        .flow("main", [], (b) => b.flow("x", "tree", ["root"]))
        .done();
    const config: WorldOptions = {
      end: (name) => ({ value: name === "x.parts" ? ["a", "b"] : name.includes("[b]") ? ["c"] : [] }),
    };
    const world = ran(plan(0), config);
    expect(world.started).toEqual(["x.parts", "x.all[a].tree.parts", "x.all[b].tree.parts"]);
    expect(rootOf(world)).toMatch(/call 3 of `tree`/);
    expect(ran(plan(1), config).run.output).toEqual([[], []]);
    resumesAnywhere(plan(0), config);
    resumesAnywhere(plan(1), config);
  });

  it("waits for order, and for the branch, before it grows", () => {
    const plan = plans()
      .flow(
        "walk",
        ["x"],
        (b, x = { in: b, i: 0 }) => {
          const first = b.task("first", "t", []);
          return b.if(
            "if",
            same(b.expr(x), lit(1)),
            (inner) => again(inner, "walk", "walk", [2], { after: [first] }),
            (inner) => inner.let("leaf"),
          );
        },
        4,
      )
      .flow("main", [], (b) => b.flow("x", "walk", [1]))
      .done();
    expect(ran(plan).started).toEqual(["x.first", "x.if.walk.first"]);
    const failing = ran(plan, { end: () => ({ fail: "no" }) });
    expect(failing.started).toEqual(["x.first"]);
    expect(failing.events.filter((event) => event.type === "grown")).toHaveLength(1);
  });

  it("is skipped as a whole when what it is called with has failed", () => {
    const world = ran(walking(3), { end: (name) => (name === "x.work" ? { fail: "no" } : { value: name }) });
    expect(world.states).toEqual(["after: skipped", "x.work: failed"]);
  });

  it("stays in a gate that is evaluated again, unless it is called with something else", () => {
    const plan = plans()
      .flow(
        "walk",
        ["x"],
        (b, x) => {
          const work = b.task("work", "t", [x ?? ""]);
          return b.if(
            "more",
            { k: "not", of: same(b.expr(work), lit("end")) },
            (inner) => again(inner, "walk", "walk", [work]),
            (inner) => inner.let(work),
          );
        },
        5,
      )
      .flow("main", [], (b) => {
        gate(b, "g", (checks) => {
          const x = checks.flow("x", "walk", ["0"]);
          check(checks, "it is good", { value: same(checks.expr(x), lit("good")) });
        });
        return b.task("below", "t", []);
      })
      .done();
    const config: WorldOptions = { end: (name) => ({ value: name === "g.x.work" ? "1" : "end" }) };
    const world = ran(plan, config);
    expect(world.run.status).toBe("failed");
    world.open().go();
    expect(world.started).toEqual(["g.x.work", "g.x.more.walk.work", "g.x.work", "g.x.more.walk.work"]);
    expect(snapshot(fold(plan, world.events))).toEqual(snapshot(world.run));
    const other = new World(plan, {
      end: (name, a) => ({ value: name === "g.x.work" ? String(a) : "end" }),
    });
    other.start().go();
    other.open().go();
    expect(other.run.error(other.run.find("g.x.more.walk") ?? 0).at(-1)?.message).toBe(
      "what `walk` is called with is not what its nodes were made for; a run makes them once, so start a new one",
    );
  });

  it("stays within the depth of a pass", () => {
    const plan = plans()
      .flow(
        "walk",
        ["n"],
        (b, n = { in: b, i: 0 }) =>
          b.repeat("again", 2, (pass, last) => {
            const inner = pass.if(
              "if",
              more(pass.expr(n), lit(0)),
              (deep) => again(deep, "walk", "walk", [less(deep.expr(n))]),
              (deep) => deep.let("leaf"),
            );
            const work = pass.task("work", "t", [inner]);
            return { value: work, until: pass.let({ k: "not", of: same(pass.expr(last), lit(null)) }) };
          }),
        3,
      )
      .flow("main", [], (b) => b.flow("x", "walk", [2]))
      .done();
    const world = ran(plan);
    expect(world.run.status).toBe("succeeded");
    expect(world.started).toHaveLength(2 + 4 + 8);
    resumesAnywhere(plan, {});
  });

  it("runs what `--only` names deep inside, and what that needs", () => {
    const only = ["x.more.walk.more.walk.work"];
    const world = ran(walking(9), { ...endsAt(5), options: { only } });
    expect(world.started).toEqual(["x.work", "x.more.walk.work", "x.more.walk.more.walk.work"]);
    expect(world.run.status).toBe("succeeded");
    expect(ran(walking(9), { ...endsAt(1), options: { only } }).run.status).toBe("failed");
    expect(ran(walking(9), { options: { only: ["x.more.walk.nothing"] } }).started).toEqual([]);
  });

  it("refuses one more cell than fits", () => {
    const world = new World(walking(9), endsAt(5)).start();
    world.go(() => world.started.length === 1);
    // As if millions had been made by others.
    Object.defineProperty(world.run, "made", { get: () => 8_000_000 });
    const n = world.run.find("x.work") ?? 0;
    apply(world.run, { type: "attempt.ended", at: 1, n, a: 1, outcome: "succeeded", value: "go on" });
    expect(world.run.error(world.run.find("x.more.walk") ?? 0).at(-1)?.message).toBe(
      "the graph would have more than 8000000 cells with one more call of `walk`",
    );
  });
});
