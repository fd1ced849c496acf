// Declared runners in the pure core: how many attempts they hold, what they take of this machine, what their events tell.

import { describe, expect, it } from "vitest";
import type { Plan } from "../compiler/plan.ts";
import type { Place } from "../runtime/events.ts";
import { lit, Plans } from "./run-plans.ts";
import { World } from "./run-world.ts";

/** Five nodes of the runner `rust`, and three of this machine. */
function plan(max: number | null): Plan {
  const made = new Plans()
    .task("far", { params: ["x"], runner: "rust" })
    .task("near", { params: ["x"] })
    .flow("main", [], (b) => {
      for (let i = 0; i < 5; i++) b.task(`f${i}`, "far", [lit(i)]);
      for (let i = 0; i < 3; i++) b.task(`n${i}`, "near", [lit(i)]);
      return null;
    })
    .done();
  const instances = max === null ? null : { min: 0, max };
  const kinds = [{ kind: "docker", settings: {} }];
  return { ...made, runners: [{ name: "rust", kinds, instances, spawn: null, reuse: 2 }] };
}

/** The run, with this place of its runner, to its end; `first`: what ran before anything ended, and what was held by what. */
function ran(max: number | null, jobs: number, place: Partial<Place> | null = null) {
  const first: { running: string; held: (string | null)[] } = { running: "", held: [] };
  let most = 0;
  const world = new World(plan(max), {
    options: { jobs },
    end: (name, _a, run) => {
      const names = [...run.running()].map((n) => run.name(n));
      most = Math.max(most, names.filter((each) => each.startsWith("f")).length);
      if (first.running === "") {
        first.running = names.sort().join(" ");
        first.held = [...run.nodes()].map((n) => run.heldBy(n, world.now));
      }
      return { value: name };
    },
  }).start();
  if (place !== null) {
    const whole = { runner: "rust", kind: "docker", instances: max, elsewhere: false, ...place };
    world.append({ type: "run.opened", epoch: 2, pid: 1, started: "", boot: "", host: "", places: [whole] });
  }
  world.go();
  return { world, first, most };
}

describe("attempts of a declared runner", () => {
  it("are no more at once than there can be instances, and hold nobody else", () => {
    const { world, first, most } = ran(2, 9);
    expect(first.running).toBe("f0 f1 n0 n1 n2");
    expect(first.held.filter((by) => by !== null)).toEqual(
      Array.from({ length: 3 }, () => "an instance of `rust` (`instances: 2`)"),
    );
    expect([most, world.run.status]).toEqual([2, "succeeded"]);
  });

  it("keep to what the place allows, where that is less", () => {
    expect(ran(4, 9, { instances: 1 }).most).toBe(1);
    expect(ran(null, 9, { instances: 3 }).most).toBe(3);
    expect(ran(null, 9).most).toBe(5);
  });

  it("take of this machine, unless they work elsewhere", () => {
    expect(ran(4, 2).first.running).toBe("f0 f1");
    expect(ran(4, 1, { elsewhere: true }).first.running).toBe("f0 f1 f2 f3 n0");
  });

  it("start one at a time where there can be none, to find out why", () => {
    expect(ran(null, 9, { instances: 0 }).most).toBe(1);
  });
});

describe("instances in the record", () => {
  const node = (world: World, name: string): number => world.run.find(name) ?? -1;

  it("are counted with what they did, until the run ends", () => {
    const world = new World(plan(2), { options: { jobs: 9 } }).start();
    world.go(() => world.run.counts.running === 5);
    expect(world.run.waitsFor(node(world, "f0"))).toBe("rust");
    expect(world.run.waitsFor(node(world, "n0"))).toBeNull();
    world.append({ type: "instance.opened", i: 1, runner: "rust", kind: "docker", ref: "one" });
    world.now += 100;
    const [n, ref] = [node(world, "f0"), "one"];
    world.append({ type: "attempt.placed", n, a: 1, ref, i: 1, runner: "rust" });
    expect(world.run.waitsFor(n)).toBeNull();
    world.now += 300;
    const [use] = world.run.instanceUse(world.now);
    expect(use).toMatchObject({ runner: "rust", created: 1, open: 1, busy: 1, queued: 4, waitedMs: 100 });
    expect(use).toMatchObject({ busyMs: 300, openMs: 400, served: 1, reused: 0 });
    world.end(n, { value: 1 });
    world.append({ type: "instance.closed", i: 1, why: "used" });
    world.append({ type: "instance.opened", i: 2, runner: "rust", kind: "docker", ref: "two" });
    world.append({ type: "instance.closed", i: 2, why: "lost" });
    expect(world.run.instanceUse(world.now)).toMatchObject([
      { created: 2, replaced: 1, lost: 1, open: 0, busy: 0, most: 1 },
    ]);
    world.append({ type: "instance.opened", i: 3, runner: "rust", kind: "docker", ref: "three" });
    world.go();
    expect(world.run.instanceUse(world.now)).toMatchObject([{ created: 3, open: 0, queued: 0 }]);
  });

  it("are known to the next owner by when they were begun, of what has a rate", () => {
    const world = new World(plan(2), { options: { jobs: 9 } }).start();
    world.go(() => world.run.counts.running === 5);
    const at = world.now;
    world.append({ type: "instance.begun", runner: "rust" });
    world.now += 300;
    world.append({ type: "instance.begun", runner: "rust" });
    world.crash();
    world.now += 60_000;
    world.open();
    expect(world.run.instances.begunOf("rust")).toEqual([at, at + 300]);
    expect(world.run.instances.begunOf("other")).toEqual([]);
  });

  it("end with their owner, and what they held is free", () => {
    const world = new World(plan(2), { options: { jobs: 9 } }).start();
    world.go(() => world.run.counts.running === 5);
    world.append({ type: "instance.opened", i: 1, runner: "rust", kind: "docker", ref: "one" });
    const n = node(world, "f0");
    world.append({ type: "attempt.placed", n, a: 1, ref: "one", i: 1, runner: "rust" });
    world.crash();
    world.now += 60_000;
    world.open();
    const [use] = world.run.instanceUse(world.now);
    expect(use).toMatchObject({ created: 1, open: 0, busy: 0, openMs: 0, queued: 5 });
    expect(world.go().run.status).toBe("succeeded");
  });
});
