// Deadlines in the pure core: when a block is ended by its own, what becomes of it, and what a resume gives it.

import { describe, expect, it } from "vitest";
import type { Plan } from "../compiler/plan.ts";
import { decide } from "../runtime/decide.ts";
import { phase } from "./run-gate-plans.ts";
import { handle } from "./run-handler-plans.ts";
import { lit, Plans, planOf } from "./run-plans.ts";
import { fold, snapshot, World, type WorldOptions } from "./run-world.ts";

/** Three nodes in a row in a phase of a minute, then one below; `bye` at the end of the phase. */
function timed(): Plan {
  return planOf((b) => {
    phase(b, "p", (inner) => {
      inner.deadline = lit(60);
      const one = inner.task("one", "t", []);
      const two = inner.task("two", "t", [one]);
      inner.task("three", "t", [two]);
      handle(inner, {
        failure: (deep, f) => {
          deep.task("told", "u", [f]);
        },
        final: (deep) => {
          deep.task("bye", "t", [two]);
        },
      });
    });
    return b.task("below", "t", []);
  });
}

/** Time passes while `two` runs. */
function slow(): WorldOptions {
  const config: WorldOptions = {
    end: (name, _a, run, n) => {
      if (name !== "p.two") return { value: name };
      return run.unneeded.has(n) || run.error(n).length > 0 ? "cancelled" : { value: name };
    },
  };
  return config;
}

function late(): World {
  const world = new World(timed(), slow());
  world.start().go(() => world.started.length === 2);
  world.now += 61_000;
  // What runs is told to end before anything else happens.
  const first = decide(world.run, world.now);
  expect(first).toMatchObject({ do: "append", event: { type: "node.cancelled", why: "deadline" } });
  if (first.do === "append") world.append(first.event);
  const second = decide(world.run, world.now);
  expect(second).toMatchObject({ do: "append", event: { why: "deadline", n: world.run.find("p.two") } });
  if (second.do === "append") world.append(second.event);
  expect(decide(world.run, world.now)).toMatchObject({ do: "sleep" });
  world.end(world.run.find("p.two") ?? 0, "cancelled");
  return world.go();
}

describe("a deadline", () => {
  it("ends what runs, starts nothing more, and lets the handlers run", () => {
    const world = late();
    expect(world.states).toEqual([
      "below: skipped",
      "p.one: succeeded",
      "p.two: cancelled",
      "p.three: cancelled",
      "p.on-failure.told: succeeded",
      "p.finally.bye: succeeded",
    ]);
    const told = world.run.find("p.on-failure.told") ?? 0;
    const error = "did not end within its deadline of 1m";
    expect(world.run.value(told)).toEqual({ node: "p", task: "", error });
    expect(world.run.error(0).at(-1)).toMatchObject({ name: "p", message: error });
    expect(world.run.status).toBe("failed");
    expect(snapshot(fold(timed(), world.events))).toEqual(snapshot(world.run));
  });

  it("wakes the loop in time", () => {
    const world = new World(timed(), slow());
    world.start();
    const from = world.now;
    world.go(() => world.started.length === 2);
    const sleep = decide(world.run, world.now);
    expect(sleep).toMatchObject({ do: "sleep", until: from + 60_000 });
  });

  it("runs on while flowc is down", () => {
    const world = new World(timed(), slow());
    world.start().go(() => world.started.length === 1);
    world.crash();
    world.now += 100_000;
    world.open();
    expect(decide(world.run, world.now)).toMatchObject({
      event: { type: "node.cancelled", why: "deadline" },
    });
  });

  it("begins anew when the run is opened again", () => {
    const world = late();
    world.now += 500_000;
    world.open();
    const from = world.now;
    world.go(() => world.started.includes("p.three") || world.run.status !== "running");
    expect(world.run.status).toBe("running");
    expect(decide(world.run, world.now)).toMatchObject({ until: from + 60_000 });
    world.go();
    expect(world.run.status).toBe("succeeded");
    expect(snapshot(fold(timed(), world.events))).toEqual(snapshot(world.run));
  });

  it("goes on from every prefix of its events to the same states", () => {
    const whole = late();
    // Its time begins with the nodes of the flow.
    for (let keep = 3; keep < whole.events.length; keep++) {
      const world = new World(timed(), slow());
      world.events.push(...whole.events);
      world.crash(keep);
      world.now = whole.now;
      if (world.run.status === "running") world.open().go();
      expect(world.run.status, `${keep}`).toBe("failed");
      expect(world.started.at(-1), `${keep}`).toBe("p.finally.bye");
      expect(snapshot(fold(timed(), world.events))).toEqual(snapshot(world.run));
    }
  });

  it("of a called flow is over its parameters, and its `otherwise` answers", () => {
    const plan = new Plans()
      .task("t", { params: ["x"] })
      .flow("sub", ["time"], (b) => {
        b.deadline = { k: "slot", up: 0, i: 0 };
        return b.task("work", "t", [b.task("more", "t", [])]);
      })
      .flow("main", [], (b) => {
        const time = b.task("time", "t", []);
        return b.flow("x", "sub", [time], { otherwise: (inner) => inner.let(lit("spare")) });
      })
      .done();
    const world = new World(plan, {
      pick: (running) => running.at(-1) ?? 0,
      end: (name) => {
        if (name === "x.more") world.now += 50_000;
        return { value: name === "time" ? 30 : name };
      },
    });
    world.start().go();
    expect(world.started).not.toContain("x.work");
    expect(world.run.output).toBe("spare");
    expect(snapshot(fold(plan, world.events))).toEqual(snapshot(world.run));
    const wrong = new World(plan, { end: (name) => ({ value: name === "time" ? 0 : name }) });
    wrong.start().go();
    expect(wrong.run.output).toBe("spare");
    expect(wrong.run.errors.get(wrong.run.find("x") ?? 0)?.message).toContain(
      "its `deadline` cannot be computed",
    );
  });
});
