// What a run's record says of its time: at work, waiting for a person, at rest between two starts.

import { describe, expect, it } from "vitest";
import { recordOf, toleratedIn } from "../../cli/record.ts";
import { countsLine, tookText } from "../../cli/show.ts";
import type { Event } from "../../runtime/events.ts";
import { approve, gate } from "../run-gate-plans.ts";
import { lit, Plans } from "../run-plans.ts";
import { World } from "../run-world.ts";

function eventsOf(world: World): readonly Event[] {
  return world.events.map((event, i) => ({ ...event, seq: i + 1, epoch: 1 }));
}

describe("the time of a run", () => {
  const plan = new Plans()
    .task("t")
    .flow("main", [], (b) => {
      b.task("above", "t");
      gate(b, "ship", (g) => void approve(g, "Looks well"));
      b.task("below", "t");
      return null;
    })
    .done();

  it("tells apart what a person took to answer, and how long nobody was at work", async () => {
    const world = new World(plan).start().go();
    expect(world.run.questions()).toHaveLength(1);
    world.now += 30_000;
    world.ask({ kind: "decide", n: world.run.find("ship") ?? 0, item: "Looks well", answer: "rejected" });
    world.go();
    expect(world.run.status).toBe("failed");
    world.now += 7_200_000;
    world.open().go();
    world.now += 60_000;
    world.ask({ kind: "decide", n: world.run.find("ship") ?? 0, item: "Looks well", answer: "approved" });
    world.go();
    const record = await recordOf(world.run, eventsOf(world), false, world.now);
    expect(record.status).toBe("succeeded");
    expect(record.waitedMs).toBe(90_000);
    expect(record.wallMs).toBe(90_020);
    expect(tookText(record)).toBe(
      "1m30s, 1m30s of it waiting for a person, resumed 1 time after 2h00m of rest",
    );
    expect(tookText({ ...record, waitedMs: 9_000, resumed: 0 })).toBe("1m30s");
  });
});

describe("a run that somebody is at work on", () => {
  const plan = new Plans()
    .task("t")
    .flow("main", [], (b) => b.task("a", "t"))
    .done();

  it("has taken as long as until now, also in the middle of a long silence", async () => {
    const world = new World(plan).start();
    world.go(() => world.run.counts.running === 1);
    world.open();
    world.go(() => world.run.counts.running === 1);
    const silent = await recordOf(world.run, eventsOf(world), true, world.now + 45_000);
    const before = await recordOf(world.run, eventsOf(world), true, world.now);
    expect(silent.wallMs - before.wallMs).toBe(45_000);
    expect(tookText(silent)).toBe("45s, resumed 1 time");
    const left = await recordOf(world.run, eventsOf(world), false, world.now + 45_000);
    expect(left.wallMs).toBe(before.wallMs);
  });
});

describe("a budget that is spent", () => {
  it("is waited for by a person, too", async () => {
    const plan = new Plans()
      .task("t")
      .flow("main", [], (b) => {
        b.budget = lit(1);
        const first = b.task("first", "t");
        return b.task("then", "t", [first]);
      })
      .done();
    const world: World = new World(plan, {
      end: (name, a, _run, n) => {
        const usage = { requests: 1, input: 1, output: 1, cacheRead: 0, cacheWrite: 0, cost: 1 };
        world.append({ type: "attempt.used", n, a, usage });
        return { value: name };
      },
    });
    world.start().go();
    world.now += 20_000;
    world.ask({ kind: "extend", n: 0, cost: 5, tokens: null });
    world.go();
    const record = await recordOf(world.run, eventsOf(world), false, world.now);
    expect([record.status, record.waitedMs, record.wallMs]).toEqual(["succeeded", 20_000, 20_020]);
  });
});

describe("failures that were tolerated", () => {
  it("are named as that once the run has succeeded", async () => {
    const plan = new Plans()
      .task("t")
      .flow("main", [], (b) => {
        b.for("all", lit(["a", "b", "c"]), { tolerate: 1, body: (i, item) => i.task("x", "t", [item]) });
        b.task("other", "t", [], { otherwise: (o) => o.task("instead", "t") });
        return null;
      })
      .done();
    const bad = new Set(["all[b].x", "other"]);
    const world = new World(plan, { end: (name) => (bad.has(name) ? { fail: "no" } : { value: name }) });
    world.start();
    expect(toleratedIn(world.run)).toEqual([]);
    world.go();
    const record = await recordOf(world.run, eventsOf(world), false, world.now);
    expect(record.tolerated).toEqual(["all[b].x"]);
    expect(countsLine(record)).toBe("5 nodes: 3 succeeded, 2 failed, 1 tolerated, 1 answered by otherwise");
  });
});

describe("a node that an instance served", () => {
  it("says which", async () => {
    const plan = new Plans()
      .task("t", { runner: "box" })
      .flow("main", [], (b) => b.task("a", "t"))
      .done();
    const world = new World(plan).start();
    world.go(() => world.run.counts.running === 1);
    const [n = 0] = world.run.running();
    world.append({ type: "instance.opened", i: 1, runner: "box", kind: "docker", ref: "r" });
    world.append({ type: "attempt.placed", n, a: 1, ref: "r", i: 1, runner: "box" });
    world.go();
    const record = await recordOf(world.run, eventsOf(world), false, world.now);
    expect(record.nodes.map(({ instance }) => instance)).toEqual([{ runner: "box", i: 1 }]);
  });
});
