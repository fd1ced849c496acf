// A person acts on nodes in the pure core: holds them, lets them go, skips them, has them run anew.

import { describe, expect, it } from "vitest";
import type { Plan } from "../compiler/plan.ts";
import type { Ask } from "../runtime/requests.ts";
import { approve, check, gate, phase } from "./run-gate-plans.ts";
import { Plans, planOf } from "./run-plans.ts";
import { type End, fold, ran, snapshot, World, type WorldOptions } from "./run-world.ts";

type Verb = "retry" | "skip" | "pause" | "resume";

function act(world: World, verb: Verb, name: string, at?: number): string | null {
  const ask: Ask = { kind: verb, n: world.run.find(name) ?? 0 };
  return world.ask(ask, "ada", at);
}

const failing =
  (...names: readonly string[]) =>
  (name: string): End =>
    names.includes(name) ? { fail: "broken" } : { value: name };

function begun(plan: Plan, options: WorldOptions = {}): World {
  const world = new World(plan, options).start();
  return world.go(() => world.run.size > 1);
}

/** So far that `name` has settled; something else keeps the run from ending. */
function until(world: World, name: string): World {
  return world.go(() => world.run.settled(world.run.find(name) ?? 0));
}

const fan = planOf((b) => {
  const a = b.task("a", "t", [1]);
  const c = b.task("c", "t", [a]);
  b.task("d", "t", [c]);
  const last = b.task("slow", "t", [2]);
  return b.task("end", "t", [last]);
});

/** `slow` runs on until everything else has ended. */
const slowly: WorldOptions = { pick: (running) => running[0] ?? 0 };

describe("a node that a person retries", () => {
  it("runs anew with what was skipped because of it, and the run ends well", () => {
    let broken = true;
    const world = begun(fan, {
      ...slowly,
      end: (name) => (name === "a" && broken ? { fail: "no" } : { value: name }),
    });
    until(world, "a");
    expect(world.states).toEqual(["a: failed", "c: skipped", "d: skipped", "slow: running", "end: waiting"]);
    broken = false;
    expect(act(world, "retry", "a")).toBeNull();
    expect(world.states.slice(0, 3)).toEqual(["a: ready", "c: waiting", "d: waiting"]);
    world.go();
    expect(world.run.status).toBe("succeeded");
    expect(world.run.counts).toMatchObject({ succeeded: 5, failed: 0, skipped: 0 });
    expect(snapshot(fold(fan, world.events))).toEqual(snapshot(world.run));
  });

  it("leaves what another failure skips", () => {
    const plan = planOf((b) => {
      const a = b.task("a", "t", [1]);
      const other = b.task("other", "t", [1]);
      b.task("both", "t", [a], { after: [other] });
      return b.task("slow", "t", [1]);
    });
    const world = begun(plan, { ...slowly, options: { jobs: 3 }, end: failing("a", "other") });
    until(world, "other");
    until(world, "a");
    const again = new World(plan, slowly);
    again.events.push(...world.events);
    again.run = world.run;
    again.now = world.now;
    expect(act(again, "retry", "a")).toBeNull();
    expect(again.states).toContain("both: skipped");
    again.go();
    expect(again.run.status).toBe("failed");
    expect(again.states).toEqual(["a: succeeded", "other: failed", "both: skipped", "slow: succeeded"]);
  });

  it("has all its repeats again, and does not wait for the next of them", () => {
    const plan = new Plans()
      .task("r", { params: ["x"], retry: { times: 2, backoff: 1000 } })
      .flow("main", [], (b) => b.task("a", "r", [1]))
      .done();
    let fails = 2;
    const world = new World(plan, {
      end: (name) => (fails-- > 0 ? { fail: "no" } : { value: name }),
    }).start();
    world.go(() => world.run.attempts(1) === 1 && world.run.againAt(1) !== null);
    const before = world.now;
    expect(act(world, "retry", "a")).toBeNull();
    world.go(() => world.run.attempts(1) === 2 && world.run.againAt(1) !== null);
    expect(world.now).toBeLessThan(before + 1000);
    expect(world.go().run.status).toBe("succeeded");
  });

  it("in an item of a loop that was past what it tolerates lets the whole go on", () => {
    const plan = new Plans()
      .task("t", { params: ["x"] })
      .flow("main", [], (b) => {
        b.for("each", ["x", "y", "z"], {
          parallel: 1,
          tolerate: 0,
          body: (i, item) => i.task("one", "t", [item]),
        });
        return b.task("slow", "t", [2]);
      })
      .done();
    let broken = true;
    const world = begun(plan, {
      options: { jobs: 2 },
      pick: (running) => running[0] ?? 0,
      end: (name) => (name === "each[x].one" && broken ? { fail: "no" } : { value: name }),
    });
    world.go(() => world.run.state(world.run.find("each[x].one") ?? 0) === "failed");
    expect(world.run.state(world.run.find("each") ?? 0)).toBe("failed");
    broken = false;
    expect(act(world, "retry", "each[x].one")).toBeNull();
    world.go();
    expect(world.run.status).toBe("succeeded");
    expect(snapshot(fold(plan, world.events))).toEqual(snapshot(world.run));
  });

  it("that a check of a gate called has the whole gate evaluated anew", () => {
    const gated = new Plans()
      .task("t", { params: ["x"] })
      .flow("gated", [], (b) => {
        gate(b, "g", (g) => {
          check(g, "first", { of: g.task("first", "t", [1]) });
          check(g, "second", { of: g.task("second", "t", [1]) });
          approve(g, "ask");
        });
        return b.task("after", "t", [1]);
      })
      .flow("main", [], (b) => {
        b.flow("gated", "gated", []);
        return b.task("slow", "t", [1]);
      })
      .done();
    let broken = true;
    const world = begun(gated, {
      options: { jobs: 3 },
      say: () => "approved",
      pick: (running) => running.find((n) => world.run.name(n) !== "slow") ?? running[0] ?? 0,
      end: (name) => (name.endsWith("second") && broken ? { fail: "no" } : { value: name }),
    });
    until(world, "gated");
    broken = false;
    expect(act(world, "retry", "gated.g.second")).toBeNull();
    world.go();
    expect(world.run.status).toBe("succeeded");
    expect(world.started.filter((name) => name === "gated.g.first")).toHaveLength(2);
    expect(snapshot(fold(gated, world.events))).toEqual(snapshot(world.run));
  });

  it("is refused where nothing can come of it, and says why", () => {
    const plan = planOf((b) => {
      const a = b.task("a", "t", [1]);
      b.task("c", "t", [a]);
      b.task("kept", "t", [1], { otherwise: (o) => o.task("spare", "t", [1]) });
      b.for("each", ["x"], { tolerate: 1, body: (i, item) => i.task("one", "t", [item]) });
      b.task("slow", "t", [1]);
      return b.task("end", "t", [1]);
    });
    const world = begun(plan, {
      options: { jobs: 6 },
      pick: (running) => running.find((n) => world.run.name(n) !== "slow") ?? 0,
      end: failing("a", "kept", "each[x].one"),
    });
    world.go(() => [...world.run.running()].length === 1 && world.run.counts.ready === 0);
    expect(act(world, "retry", "c")).toContain("c has not failed itself; it is skipped");
    expect(act(world, "retry", "end")).toContain("has succeeded");
    expect(act(world, "retry", "slow")).toBe("slow is running.");
    expect(act(world, "retry", "kept")).toContain("its `otherwise` stood in for it");
    expect(act(world, "retry", "each[x].one")).toContain("has ended well without it");
    expect(act(world, "retry", "each")).toContain("is no node");
    expect(act(world, "skip", "slow")).toContain("is running");
    expect(act(world, "resume", "slow")).toContain("is not paused");
  });
});

describe("a node that a person skips", () => {
  const silent = new Plans()
    .task("t", { params: ["x"] })
    .task("s", { params: ["x"], silent: true })
    .flow("main", [], (b) => {
      const a = b.task("a", "t", [1]);
      const notes = b.task("notes", "s", [a]);
      const used = b.task("used", "t", [a]);
      b.task("needs", "t", [used]);
      b.task("later", "t", [1], { after: [used] });
      return b.task("end", "t", [a], { after: [notes] });
    })
    .done();

  it("counts as done if it has no answer", () => {
    const world = begun(silent);
    expect(act(world, "skip", "notes")).toBeNull();
    world.go();
    expect(world.run.status).toBe("succeeded");
    expect(world.states).toContain("notes: skipped");
    expect(world.run.skippedBy(world.run.find("notes") ?? 0)).toBe("person");
    expect(world.run.error(world.run.find("notes") ?? 0)[0]?.message).toBe("skipped by ada");
    expect(snapshot(fold(silent, world.events))).toEqual(snapshot(world.run));
  });

  it("with an answer skips what needs that; what only waits for it goes on", () => {
    const world = begun(silent);
    expect(act(world, "skip", "used")).toBeNull();
    world.go();
    expect(world.states).toEqual([
      "a: succeeded",
      "notes: succeeded",
      "used: skipped",
      "needs: skipped",
      "later: succeeded",
      "end: succeeded",
    ]);
    expect(world.run.status).toBe("failed");
    expect(world.run.error(0).at(-1)).toMatchObject({ name: "used", message: "skipped by ada" });
    // It stays skipped when the run is opened again.
    world.crash().open().go();
    expect(world.states).toContain("used: skipped");
    expect(world.run.status).toBe("failed");
    expect(snapshot(fold(silent, world.events))).toEqual(snapshot(world.run));
  });

  it("whose answer nobody needs is no failure; that of the flow is needed", () => {
    const lone = planOf((b) => {
      b.task("lone", "t", [1]);
      return b.task("end", "t", [1]);
    });
    for (const [name, status] of [
      ["lone", "succeeded"],
      ["end", "failed"],
    ] as const) {
      const world = begun(lone);
      expect(act(world, "skip", name)).toBeNull();
      expect(world.go().run.status, name).toBe(status);
      expect(snapshot(fold(lone, world.events))).toEqual(snapshot(world.run));
    }
  });

  it("has its otherwise stand in", () => {
    const plan = planOf((b) => b.task("a", "t", [1], { otherwise: (o) => o.task("spare", "t", [1]) }));
    const world = begun(plan);
    expect(act(world, "skip", "a")).toBeNull();
    world.go();
    expect(world.run.status).toBe("succeeded");
    expect(world.run.output).toBe("a.otherwise.spare");
  });

  it("may have failed before, and what waited for it goes on", () => {
    const world = begun(silent, {
      options: { jobs: 1 },
      end: failing("notes"),
    });
    world.go(() => world.run.state(world.run.find("notes") ?? 0) === "failed");
    expect(world.states).toContain("end: skipped");
    expect(act(world, "skip", "notes")).toBeNull();
    world.go();
    expect(world.run.status).toBe("succeeded");
    expect(snapshot(fold(silent, world.events))).toEqual(snapshot(world.run));
  });

  it("is never what a check of a gate asks", () => {
    const plan = planOf((b) => {
      gate(b, "g", (g) => check(g, "c", { of: g.task("c", "t", [1]) }));
      return b.task("end", "t", [1]);
    });
    expect(act(begun(plan), "skip", "g.c")).toContain("which a person cannot skip");
  });
});

describe("what a person pauses", () => {
  const plan = planOf((b) => {
    phase(b, "one", (p) => {
      p.task("a", "t", [1]);
    });
    b.for("each", ["x", "y"], { body: (i, item) => i.task("t", "t", [item]) });
    return b.task("end", "t", [1]);
  });

  it("does not start, with all that is in it, until it is resumed; the run waits", () => {
    const world = begun(plan);
    expect(act(world, "pause", "each")).toBeNull();
    expect(act(world, "pause", "end")).toBeNull();
    expect(act(world, "pause", "end")).toContain("was paused by ada already");
    world.go();
    expect(world.run.waitsForPeople()).toBe(true);
    expect(world.states).toEqual(["end: ready", "one.a: succeeded", "each[x].t: ready", "each[y].t: ready"]);
    expect(world.run.heldBy(world.run.find("each[x].t") ?? 0, world.now)).toBe("a person: ada");
    // It stays so whatever happens to flowc.
    world.crash().open().go();
    expect(world.run.waitsForPeople()).toBe(true);
    expect(act(world, "resume", "each")).toBeNull();
    world.go();
    expect(world.run.state(world.run.find("each[y].t") ?? 0)).toBe("succeeded");
    expect(act(world, "resume", "end")).toBeNull();
    expect(world.go().run.status).toBe("succeeded");
    expect(snapshot(fold(plan, world.events))).toEqual(snapshot(world.run));
  });

  it("may be a gate, whose checks then wait", () => {
    const gated = planOf((b) => {
      gate(b, "g", (g) => approve(g, "a"));
      return b.task("end", "t", [1]);
    });
    const world = begun(gated, { say: () => "approved" });
    expect(act(world, "pause", "g")).toBeNull();
    world.go();
    expect(world.run.questions()).toEqual([]);
    expect(world.run.waitsForPeople()).toBe(true);
    expect(act(world, "resume", "g")).toBeNull();
    expect(world.go().run.status).toBe("succeeded");
  });
});

describe("acts that were asked for while nobody was at work", () => {
  it("take effect when the run is opened", () => {
    const world = ran(fan, { end: failing("a") });
    expect(world.run.status).toBe("failed");
    const asked = world.now;
    world.now += 10;
    world.crash().open();
    expect(act(world, "retry", "a", asked)).toBeNull();
    expect(act(world, "skip", "d", asked)).toBeNull();
    const calm = new World(fan);
    calm.events.push(...world.events);
    calm.crash();
    calm.now = world.now;
    calm.go();
    expect(calm.run.status).toBe("succeeded");
    expect(calm.states).toEqual([
      "a: succeeded",
      "c: succeeded",
      "d: skipped",
      "slow: succeeded",
      "end: succeeded",
    ]);
  });

  it("go on from every prefix of the events to an end", () => {
    const world = begun(fan, { ...slowly, end: failing("a") });
    until(world, "a");
    act(world, "pause", "end");
    act(world, "skip", "a");
    act(world, "resume", "end");
    world.go();
    for (let keep = 1; keep <= world.events.length; keep++) {
      const again = new World(fan);
      again.events.push(...world.events.slice(0, keep));
      again.crash();
      again.now = (again.events.at(-1)?.at ?? 0) + 5;
      if (again.run.status === "running") again.open().go();
      if (again.run.waitsForPeople()) {
        expect(act(again, "resume", "end")).toBeNull();
        again.go();
      }
      expect(again.run.status, `after ${keep}`).not.toBe("running");
      expect(snapshot(fold(fan, again.events)), `after ${keep}`).toEqual(snapshot(again.run));
    }
  });
});
