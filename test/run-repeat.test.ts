// `repeat`: passes grow one after the other, see each other's values, and come back after every event.

import { describe, expect, it } from "vitest";
import type { Plan } from "../compiler/plan.ts";
import type { Expr } from "../compiler/plan-expr.ts";
import { outline } from "../runtime/outline.ts";
import { Diverged } from "../runtime/run.ts";
import { type Draft, lit, planOf, type Slot } from "./run-plans.ts";
import { resumesAnywhere } from "./run-resumes.ts";
import { fold, noFiles, ran, snapshot, World, type WorldOptions } from "./run-world.ts";

function same(left: Expr, right: Expr): Expr {
  return { k: "compare", op: "==", left, right };
}

function plus(left: Expr, right: Expr): Expr {
  return { k: "math", op: "+", left, right, int: true };
}

function or(left: Expr, right: Expr): Expr {
  return { k: "default", left, right };
}

/** `x = repeat times { change = t(last); verdict = t(change) } until verdict == "good"`, then `after = t(x)`. */
function reviewed(times = 3, otherwise: ((inner: Draft) => Slot) | null = null): Plan {
  return planOf((b) => {
    const x = b.repeat(
      "x",
      times,
      (inner, last) => {
        const change = inner.task("change", "t", [last]);
        const verdict = inner.task("verdict", "t", [change]);
        return { value: verdict, until: inner.let(same(inner.expr(verdict), lit("good"))) };
      },
      otherwise === null ? {} : { otherwise },
    );
    return b.task("after", "t", [x]);
  });
}

/** The verdict is good in that pass. */
function goodIn(pass: number): WorldOptions {
  return {
    end: (name) => ({
      value: name === `x#${pass}.verdict` ? "good" : name.endsWith("verdict") ? "bad" : name,
    }),
  };
}

describe("repeat", () => {
  it("makes a pass at a time, until it holds", () => {
    const plan = reviewed();
    const world = ran(plan, goodIn(2));
    expect(world.states).toEqual([
      "after: succeeded",
      "x#1.change: succeeded",
      "x#1.verdict: succeeded",
      "x#2.change: succeeded",
      "x#2.verdict: succeeded",
    ]);
    expect(world.started.at(-1)).toBe("after");
    expect(world.run.output).toBe("after");
    expect(world.run.value(world.run.find("x") ?? 0)).toBe("good");
    const grown = world.events.filter((event) => event.type === "grown");
    expect(grown.map((event) => ("pass" in event ? event.pass : null))).toEqual([null, 2]);
  });

  it("ends with its first pass if that is enough, and makes no other", () => {
    const world = ran(reviewed(), goodIn(1));
    expect(world.events.filter((event) => event.type === "grown")).toHaveLength(1);
    expect(world.run.status).toBe("succeeded");
  });

  it("has the value of the pass before in `last`, and none in the first", () => {
    const plan = planOf((b) =>
      b.repeat("x", 9, (inner, last) => {
        const n = inner.let(plus(or(inner.expr(last), lit(0)), lit(1)));
        return { value: n, until: inner.let(same(inner.expr(n), lit(4))) };
      }),
    );
    expect(ran(plan).run.output).toBe(4);
  });

  it("fails when it does not hold after the last pass", () => {
    const world = ran(reviewed(2), goodIn(9));
    expect(world.run.status).toBe("failed");
    expect(world.run.error(world.run.find("x") ?? 0)).toMatchObject([
      { name: "x", state: "failed", message: "`until` did not hold after 2 passes" },
    ]);
    expect(world.states[0]).toBe("after: skipped");
    expect(ran(reviewed(1), goodIn(9)).run.error(0).at(-1)?.message).toBe(
      "`until` did not hold after 1 pass",
    );
  });

  it("may be answered by its `otherwise`", () => {
    const world = ran(
      reviewed(1, (inner) => inner.let("as it is")),
      goodIn(9),
    );
    expect(world.run.status).toBe("succeeded");
    expect(world.run.value(world.run.find("x") ?? 0)).toBe("as it is");
  });

  it("fails with a pass that fails", () => {
    const world = ran(reviewed(), {
      end: (name) => (name === "x#2.change" ? { fail: "no idea" } : { value: name }),
    });
    expect(world.run.status).toBe("failed");
    expect(world.run.error(0).map(({ name, message }) => `${name}: ${message}`)).toEqual([
      "main: `x` in it failed",
      "x: `x#2.change` in it failed",
      "x#2.change: no idea",
    ]);
    expect(world.run.find("x#3.change")).toBeNull();
  });

  it("says what a later pass waited for", () => {
    const { run } = ran(reviewed(), goodIn(2));
    const last = run.dependencies(run.find("x#2.verdict") ?? 0).find(({ n }) => run.kind(n) === "var");
    const before = run.dependencies(last?.n ?? 0).map(({ n, kind }) => [run.name(n), kind]);
    expect(before).toEqual([
      ["x#1.verdict", "data"],
      ["", "order"],
    ]);
  });

  it("comes back after every event", () => {
    resumesAnywhere(reviewed(4), goodIn(3));
    resumesAnywhere(reviewed(2), goodIn(5));
  });

  it("refuses a pass that is not the one recorded", () => {
    const { events } = ran(reviewed(), goodIn(2));
    const wrong = events.map((event) =>
      event.type === "grown" && event.n > 0 ? { ...event, pass: 3 } : event,
    );
    expect(() => fold(reviewed(), wrong)).toThrow(Diverged);
  });

  it("goes on with the pass that failed when it is opened again", () => {
    const plan = reviewed();
    const config: WorldOptions = {
      end: (name) =>
        name === "x#2.change" && world.now < 5000
          ? { fail: "no idea" }
          : { value: name === "x#2.verdict" ? "good" : name },
    };
    const world: World = new World(plan, config);
    world.start().go();
    expect(world.run.status).toBe("failed");
    world.now = 6000;
    world.open().go();
    expect(world.run.status).toBe("succeeded");
    expect(world.started.filter((name) => name === "x#1.change")).toHaveLength(1);
    expect(snapshot(fold(plan, world.events))).toEqual(snapshot(world.run));
  });

  it("is allowed as many passes again when it is opened again after the last", () => {
    const plan = reviewed(2);
    const world = ran(plan, goodIn(4));
    expect(world.run.status).toBe("failed");
    world.open().go();
    expect(world.run.status).toBe("succeeded");
    expect(world.run.find("x#4.verdict")).not.toBeNull();
    expect(snapshot(fold(plan, world.events))).toEqual(snapshot(world.run));
    const longer = ran(plan, goodIn(9)).open().go();
    expect(longer.run.error(0).at(-1)?.message).toBe("`until` did not hold after 4 passes");
  });

  it("waits for a number of passes that is not known yet", () => {
    const plan = planOf((b) => {
      const times = b.task("times", "t", []);
      return b.repeat("x", times, (inner) => {
        const work = inner.task("work", "t", []);
        return { value: work, until: inner.let(same(inner.expr(work), lit("x#2.work"))) };
      });
    });
    const world = ran(plan, { end: (name) => ({ value: name === "times" ? 2 : name }) });
    expect(world.started).toEqual(["times", "x#1.work", "x#2.work"]);
    expect(world.run.status).toBe("succeeded");
    const none = ran(plan, { end: (name) => ({ value: name === "times" ? 0 : name }) });
    expect(none.run.error(0).at(-1)?.message).toBe("`repeat` must be allowed at least 1 pass, got 0");
    expect(none.started).toEqual(["times"]);
    resumesAnywhere(plan, { end: (name) => ({ value: name === "times" ? 2 : name }) });
  });

  it("may stand in another, each with a `last` of its own", () => {
    const plan = planOf((b) =>
      b.repeat("outer", 3, (inner, last) => {
        const x = inner.repeat("x", 3, (deep, own) => {
          const work = deep.task("work", "t", [last, own]);
          return { value: work, until: deep.let(same(deep.expr(own), { k: "lit", v: null })) };
        });
        const n = inner.let(plus(or(inner.expr(last), lit(0)), lit(1)));
        inner.task("after", "t", [x]);
        return { value: n, until: inner.let(same(inner.expr(n), lit(2))) };
      }),
    );
    const world = ran(plan);
    expect(world.started).toEqual(["outer#1.x#1.work", "outer#1.after", "outer#2.x#1.work", "outer#2.after"]);
    expect(world.run.output).toBe(2);
    resumesAnywhere(plan, {});
  });

  it("waits with all its passes for what stands after it in order", () => {
    const plan = planOf((b) => {
      const first = b.task("first", "t", []);
      return b.repeat(
        "x",
        2,
        (inner, last) => {
          const work = inner.task("work", "t", []);
          return { value: work, until: inner.let({ k: "not", of: same(inner.expr(last), lit(null)) }) };
        },
        { after: [first] },
      );
    });
    expect(ran(plan).started).toEqual(["first", "x#1.work", "x#2.work"]);
    const failing = ran(plan, { end: () => ({ fail: "no" }) });
    expect(failing.states).toEqual(["first: failed", "x#1.work: skipped"]);
  });

  it("grows inside the items of a `for`", () => {
    const plan = planOf((b) => {
      const list = b.task("list", "t", []);
      return b.for("all", list, {
        parallel: 1,
        body: (inner, item) =>
          inner.repeat("x", 3, (deep, last) => {
            const work = deep.task("work", "t", [item, last]);
            return { value: work, until: deep.let({ k: "not", of: same(deep.expr(last), lit(null)) }) };
          }),
      });
    });
    const config: WorldOptions = { end: (name) => ({ value: name === "list" ? ["a", "b"] : name }) };
    const world = ran(plan, config);
    expect(world.started).toEqual([
      "list",
      "all[a].x#1.work",
      "all[a].x#2.work",
      "all[b].x#1.work",
      "all[b].x#2.work",
    ]);
    expect(world.run.output).toEqual(["all[a].x#2.work", "all[b].x#2.work"]);
    resumesAnywhere(plan, config);
  });

  it("runs the passes before the one that `--only` names", () => {
    const options = { only: ["x#2.change"] };
    const world = ran(reviewed(), { ...goodIn(3), options });
    expect(world.started.slice(0, 3)).toEqual(["x#1.change", "x#1.verdict", "x#2.change"]);
    expect(world.started).not.toContain("after");
    expect(world.run.status).toBe("succeeded");
  });
});

describe("the outline of a repeat", () => {
  it("knows the first pass, and that there may be others", () => {
    const { nodes, templates } = outline(reviewed(), {}, noFiles);
    expect(nodes.map(({ name }) => name)).toEqual(["after", "x#1.change", "x#1.verdict"]);
    expect(nodes[0]?.dependencies).toEqual([{ of: "x", kind: "data" }]);
    expect(templates).toMatchObject([
      {
        name: "x",
        kind: "repeat",
        nodes: [
          { name: "x#….change", task: "t" },
          { name: "x#….verdict", task: "t" },
        ],
      },
    ]);
    expect(outline(reviewed(1), {}, noFiles).templates).toEqual([]);
  });
});
