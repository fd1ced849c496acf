// Phases and gates in the pure core: who waits for whom, what a check is, and that a gate is evaluated anew.

import { describe, expect, it } from "vitest";
import { outline } from "../runtime/outline.ts";
import { openAttempts } from "../runtime/run.ts";
import { check, gate, phase } from "./run-gate-plans.ts";
import { call, field, lit, local, Plans, planOf } from "./run-plans.ts";
import { fold, noFiles, ran, snapshot, World, type WorldOptions } from "./run-world.ts";

const shipping = planOf((b) => {
  let built = b.let(0);
  phase(b, "compile", (p) => {
    built = p.task("built", "t", [1]);
    p.task("lint", "t", [2]);
  });
  const size = b.task("size", "t", [built], { otherwise: (o) => o.task("guess", "t", [0]) });
  gate(b, "ship", (g) => {
    check(g, "tests pass", { of: g.task("tests_pass", "t", [built]) });
    check(g, "small", { value: call("contains", g.expr(size), lit("size")) });
  });
  return b.task("deploy", "t", [built], { otherwise: (o) => o.task("keep", "t", [0]) });
});

function checks(world: World): string[] {
  return world.events.flatMap((e) =>
    e.type === "gate.checked"
      ? [`${world.run.name(e.n)} ${e.check}: ${e.held}${e.message === undefined ? "" : ` (${e.message})`}`]
      : [],
  );
}

describe("a phase", () => {
  it("ends well before what stands below it starts, and its names are seen there", () => {
    const world = ran(shipping);
    expect(world.run.status).toBe("succeeded");
    expect(world.started).toEqual(["compile.built", "compile.lint", "size", "ship.tests_pass", "deploy"]);
    expect(world.run.output).toBe("deploy");
  });

  it("that fails skips what is below it, which an otherwise answers only then", () => {
    const pick = (running: readonly number[]): number => running.at(-1) ?? 0;
    const world = ran(shipping, {
      pick,
      end: (name) => (name === "compile.built" ? { fail: "no" } : { value: name }),
    });
    expect(world.run.status).toBe("failed");
    expect(world.started).toEqual(["compile.built", "compile.lint", "size.otherwise.guess"]);
    expect(world.states).toContain("deploy: skipped");
    const phase = world.run.find("compile") ?? 0;
    expect(world.run.error(phase).map((link) => link.name)).toEqual(["compile", "compile.built"]);
  });

  it("in a phase gives its names through both", () => {
    const plan = planOf((b) => {
      let deep = b.let(0);
      phase(b, "outer", (p) => {
        phase(p, "inner", (q) => {
          deep = q.task("deep", "t", [1]);
        });
      });
      return b.for("each", b.expr(b.let({ k: "list", items: [b.expr(deep)] })), {
        body: (i, item) => i.task("one", "t", [item, deep]),
      });
    });
    const world = ran(plan);
    expect(world.run.status).toBe("succeeded");
    expect(world.started).toEqual(["outer.inner.deep", "each[outer.inner.deep].one"]);
  });
});

describe("a gate", () => {
  it("records every check, also after one that has not held", () => {
    const world = ran(shipping, {
      end: (name) => (name === "ship.tests_pass" ? { fail: "exit code 1" } : { value: name.slice(0, 3) }),
    });
    expect(world.run.status).toBe("failed");
    expect(checks(world)).toEqual([
      "ship small: false",
      "ship tests pass: false (`ship.tests_pass` failed: exit code 1)",
    ]);
    const [first, ...rest] = world.run.error(world.run.find("ship") ?? 0);
    expect(first?.message).toBe(
      '2 of its 2 checks did not hold: "tests pass" (`ship.tests_pass` failed: exit code 1), "small"',
    );
    expect(rest).toEqual([]);
  });

  it("that has not passed skips what is below, and no otherwise answers that", () => {
    const world = ran(shipping, {
      end: (name) => (name === "ship.tests_pass" ? { fail: "no" } : { value: name }),
    });
    expect(world.run.status).toBe("failed");
    expect(world.states).toContain("deploy: skipped");
    expect(world.started).not.toContain("deploy.otherwise.keep");
    expect(world.run.error(world.run.find("deploy") ?? 0).map(({ name }) => name)).toEqual([
      "deploy",
      "ship",
      "ship.tests_pass",
    ]);
  });

  it("does not pass over a failure above it, whatever uses that failure below", () => {
    const plan = planOf((b) => {
      const a = b.task("a", "t", [1]);
      gate(b, "g", (g) => check(g, "c", { of: g.task("c", "t", [0]) }));
      b.for("many", b.expr(b.let({ k: "list", items: [b.expr(a)] })), {
        body: (i, item) => i.task("one", "t", [item], { otherwise: (o) => o.task("spare", "t", [0]) }),
        otherwise: (o) => o.task("spare", "t", [0]),
      });
      return b.task("d", "t", [a], { otherwise: (o) => o.task("spare", "t", [0]) });
    });
    const world = ran(plan, { end: (name) => (name === "a" ? { fail: "no" } : { value: name }) });
    expect(world.run.status).toBe("failed");
    expect(world.started).toEqual(["a"]);
    expect(checks(world)).toEqual([]);
    expect(world.run.doomed).toBe(true);
  });

  it("passes over a failure that was answered", () => {
    const world = ran(shipping, {
      end: (name) => (name === "size" ? { fail: "no" } : { value: `size ${name}` }),
    });
    expect(world.run.status).toBe("succeeded");
    expect(checks(world)).toEqual(["ship small: true", "ship tests pass: true"]);
  });

  it("ends its phase, and what is below that, without an otherwise", () => {
    const plan = planOf((b) => {
      let made = b.let(0);
      phase(b, "p", (p) => {
        const a = p.task("a", "t", [1]);
        gate(p, "g", (g) => check(g, "c", { value: call("contains", g.expr(a), lit("x")) }));
        made = p.task("made", "t", [a]);
      });
      return b.task("last", "t", [made], { otherwise: (o) => o.task("spare", "t", [0]) });
    });
    const world = ran(plan);
    expect(world.run.status).toBe("failed");
    expect(world.started).toEqual(["p.a"]);
    expect(checks(world)).toEqual(["p.g c: false"]);
  });

  it("goes on with its other checks under --fail-fast, and then fails", () => {
    const world = ran(shipping, {
      options: { failFast: true, jobs: 1 },
      end: (name) => (name === "ship.tests_pass" ? { fail: "no" } : { value: name }),
    });
    expect(checks(world)).toHaveLength(2);
    expect(world.run.status).toBe("failed");
  });

  it("is shown in the plan as what it waits for and who waits for it", () => {
    const { nodes } = outline(shipping, {}, noFiles);
    const of = (name: string) => nodes.find((node) => node.name === name)?.dependencies;
    expect(of("size")).toEqual([
      { of: "compile", kind: "phase" },
      { of: "compile.built", kind: "data" },
    ]);
    expect(of("ship.tests_pass")).toEqual([
      { of: "compile", kind: "gate" },
      { of: "size", kind: "gate" },
      { of: "compile.built", kind: "data" },
    ]);
    expect(of("deploy")).toEqual([
      { of: "ship", kind: "gate" },
      { of: "compile.built", kind: "data" },
    ]);
  });

  it("is needed by --only of what is below it", () => {
    const world = ran(shipping, { options: { only: ["deploy"] } });
    expect(world.run.status).toBe("succeeded");
    expect(world.started).toContain("ship.tests_pass");
  });
});

/** Nearly all that a check can be made of. */
const rich = new Plans()
  .task("t", { params: ["x"], retry: { times: 1 } })
  .flow("verify", ["x"], (b, x) => {
    const list = b.task("list", "t", [x ?? 0]);
    const all = b.for("all", list, { body: (i, item) => i.task("one", "t", [item]) });
    return b.if("pick", call("contains", b.expr(all), lit("verify.all[b].one")), (i) =>
      i.task("yes", "t", [1]),
    );
  })
  .flow("main", [], (b) => {
    const a = b.task("a", "t", [0]);
    gate(b, "g", (g) => {
      const first = g.task("first", "t", [a], { otherwise: (o) => o.task("spare", "t", [0]) });
      const second = g.task("second", "t", [first]);
      check(g, "second", { of: second });
      const verified = g.flow("verify", "verify", [a]);
      check(g, "verified", { value: { k: "compare", op: "!=", left: g.expr(verified), right: lit(null) } });
      check(g, "constant", { value: lit(true) });
    });
    return b.task("z", "t", [a]);
  })
  .done();

function richOptions(broken: () => boolean): WorldOptions {
  return {
    options: { jobs: 2 },
    end: (name) => {
      if (name === "g.verify.list") return { value: ["a", "b"] };
      if (name === "g.first" || (name === "g.second" && broken())) return { fail: "broken" };
      return { value: name.replace("g.verify", "verify") };
    },
  };
}

describe("a gate that is evaluated again", () => {
  it("evaluates all its checks, and the nodes that they called, anew when the run is resumed", () => {
    let broken = true;
    const world = ran(
      rich,
      richOptions(() => broken),
    );
    expect(world.run.status).toBe("failed");
    expect(checks(world)).toHaveLength(3);
    const before = world.started.length;
    broken = false;
    world.crash().open().go();
    expect(world.run.status).toBe("succeeded");
    expect(checks(world).slice(3).sort()).toEqual(["g constant: true", "g second: true", "g verified: true"]);
    const again = world.started.slice(before);
    expect(new Set(again)).toEqual(
      new Set([
        "g.first",
        "g.first.otherwise.spare",
        "g.second",
        "g.verify.list",
        "g.verify.all[a].one",
        "g.verify.all[b].one",
        "g.verify.pick.yes",
        "z",
      ]),
    );
    expect(again.indexOf("g.verify.list")).toBeLessThan(again.indexOf("g.verify.all[a].one"));
    expect(snapshot(fold(rich, world.events))).toEqual(snapshot(world.run));
  });

  it("fails where a list that its nodes were made for is another now", () => {
    let list = ["a", "b"];
    const options = richOptions(() => list.length === 2);
    const world = ran(rich, {
      ...options,
      end: (name, a, run, n) =>
        name === "g.verify.list" ? { value: list } : (options.end?.(name, a, run, n) ?? "lost"),
    });
    list = ["a", "c", "b"];
    world.crash().open().go();
    expect(world.run.status).toBe("failed");
    expect(checks(world).find((line) => line.startsWith("g verified: false"))).toContain(
      "its list is not the one that its nodes were made for",
    );
  });

  it("goes on from every prefix of its events to the same end", () => {
    for (const broken of [false, true]) {
      const whole = ran(
        rich,
        richOptions(() => broken),
      );
      for (let keep = 1; keep <= whole.events.length; keep++) {
        const world = new World(
          rich,
          richOptions(() => broken),
        );
        world.events.push(...whole.events.slice(0, keep));
        world.crash();
        world.now = (world.events.at(-1)?.at ?? 0) + 5;
        expect(openAttempts(world.run).length).toBeLessThanOrEqual(2);
        const ended = world.run.size > 1 && world.run.settled(world.run.find("g") ?? 0);
        if (world.run.status === "running") world.open().go();
        expect(world.run.status, `after ${keep}`).toBe(broken ? "failed" : "succeeded");
        expect(world.run.output, `after ${keep}`).toEqual(whole.run.output);
        const last = new Map(
          world.events.flatMap((e, i) => (e.type === "gate.checked" ? [[e.check, i]] : [])),
        );
        expect(last.size).toBe(3);
        const opened = world.events.findLastIndex((e) => e.type === "run.opened");
        // No check counts that held before the crash, unless the gate had ended.
        if (!ended && opened >= keep) for (const at of last.values()) expect(at).toBeGreaterThan(opened);
        expect(snapshot(fold(rich, world.events)), `after ${keep}`).toEqual(snapshot(world.run));
      }
    }
  });
});

describe("a loop in a phase", () => {
  it("waits for the phase before it with all its items, and is known before", () => {
    const plan = planOf((b) => {
      phase(b, "one", (p) => {
        p.task("a", "t", [1]);
      });
      phase(b, "two", (p) => {
        p.for("each", ["x", "y"], { by: local(0), body: (i, item) => i.task("t", "t", [item]) });
      });
      return b.task("last", "t", [field(lit({ a: 1 }), "a")]);
    });
    expect(outline(plan, {}, noFiles).nodes.map(({ name }) => name)).toEqual([
      "last",
      "one.a",
      "two.each[x].t",
      "two.each[y].t",
    ]);
    expect(ran(plan).started).toEqual(["one.a", "two.each[x].t", "two.each[y].t", "last"]);
  });
});
