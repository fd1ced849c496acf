// Approvals in the pure core: when a person is asked, what an answer does, and that it is never asked twice or lost.

import { describe, expect, it } from "vitest";
import type { Plan } from "../compiler/plan.ts";
import { approve, check, gate } from "./run-gate-plans.ts";
import { call, lit, Plans, planOf } from "./run-plans.ts";
import { fold, ran, snapshot, World, type WorldOptions } from "./run-world.ts";

const shipping = planOf((b) => {
  const built = b.task("built", "t", [1]);
  gate(b, "ship", (g) => {
    check(g, "tests pass", { of: g.task("tests_pass", "t", [built]) });
    approve(g, "notes", { by: lit("lead"), within: lit(60) });
    approve(g, "date");
  });
  return b.task("deploy", "t", [built], { otherwise: (o) => o.task("keep", "t", [0]) });
});

/** A flow that asks, and a node that has nothing to do with it. */
function asking(settings: Parameters<typeof approve>[2]): Plan {
  return new Plans()
    .task("t", { params: ["x"] })
    .flow("asks", [], (f) => {
      gate(f, "g", (g) => approve(g, "a", settings));
      return f.task("after", "t", [1]);
    })
    .flow("main", [], (b) => {
      b.flow("asks", "asks", []);
      return b.task("other", "t", [1]);
    })
    .done();
}

/** Begun, and gone on with until so many questions are open. */
function begun(plan: Plan, questions: number): World {
  const world = new World(plan).start();
  return world.go(() => world.run.size > 1 && world.run.questions().length === questions);
}

function items(world: World): string[] {
  return world.events.flatMap((e) => {
    if (e.type === "gate.checked") return [`${e.check}: ${e.held}`];
    if (e.type === "gate.opened") return [`${e.item}? ${e.asks ?? "anybody"} ${e.until ?? "for ever"}`];
    if (e.type === "gate.decided")
      return [`${e.item}: ${e.answer}${e.late ? " late" : ""} ${e.by ?? "nobody"}`];
    return [];
  });
}

const ship = (world: World): number => world.run.find("ship") ?? 0;
const states = (world: World): string[] =>
  world.run.gates()[0]?.items.map((one) => (one.kind === "check" ? `${one.held}` : one.state)) ?? [];

describe("an approval", () => {
  it("is asked for when all checks have held, all of a gate at once, and then the gate passes", () => {
    const world = ran(shipping, { say: () => "approved" });
    expect(world.run.status).toBe("succeeded");
    expect(items(world)).toEqual([
      "tests pass: true",
      "notes? lead 61020",
      "date? anybody for ever",
      "notes: approved ada",
      "date: approved ada",
    ]);
    expect(world.started).toEqual(["built", "ship.tests_pass", "deploy"]);
    expect(states(world)).toEqual(["true", "approved", "approved"]);
  });

  it("is not asked for when a check has not held", () => {
    const world = ran(shipping, {
      end: (name) => (name === "ship.tests_pass" ? { fail: "no" } : { value: name }),
    });
    expect(world.run.status).toBe("failed");
    expect(items(world)).toEqual(["tests pass: false"]);
    expect(states(world)).toEqual(["false", "closed", "closed"]);
    expect(world.run.error(ship(world))[0]?.message).toContain('its check "tests pass"');
  });

  it("that is waited for keeps the run waiting, and everything else goes on", () => {
    const plan = asking({});
    const world = ran(plan);
    expect(world.run.status).toBe("running");
    expect(world.run.waitsForPeople()).toBe(true);
    expect(world.states).toEqual(["other: succeeded", "asks.after: waiting"]);
    expect(world.run.questions()).toMatchObject([{ gate: "asks.g", item: "a", asks: null, until: null }]);
  });

  it("that is rejected ends the gate at once, and no otherwise answers that", () => {
    const world = ran(shipping, { say: ({ item }) => (item === "date" ? "rejected" : null) });
    expect(world.run.status).toBe("failed");
    expect(states(world)).toEqual(["true", "closed", "rejected"]);
    expect(world.run.error(ship(world)).map(({ message }) => message)).toEqual([
      '"date" was rejected by ada',
    ]);
    expect(world.started).not.toContain("deploy.otherwise.keep");
  });

  it("that nobody answers in time has not passed; what comes later is only recorded", () => {
    const world = new World(shipping).start().go();
    expect(world.now).toBe(61020);
    expect(world.run.status).toBe("failed");
    expect(items(world).at(-1)).toBe("notes: expired nobody");
    expect(world.run.error(ship(world))[0]?.message).toBe('"notes" was not answered in time');
  });

  it("counts from when it was answered, and not from when that was heard", () => {
    const world = begun(shipping, 2);
    const ask = { kind: "decide", n: ship(world), item: "notes", answer: "approved" } as const;
    world.now = 100_000;
    expect(world.ask(ask, "ada", 61_020)).toBeNull();
    expect(states(world)).toEqual(["true", "approved", "open"]);
    expect(world.ask(ask, "bob")).toContain("ship: notes was approved by ada at 1970-01-01 00:01:01 UTC");
  });

  it("answered too late is told so, while the run goes on with something else", () => {
    const plan = asking({ within: lit(1) });
    const world = begun(plan, 1);
    const n = world.run.find("asks.g") ?? 0;
    world.now = 100_000;
    const ask = { kind: "decide", n, item: "a", answer: "approved" } as const;
    expect(world.ask(ask)).toContain("this came too late");
    expect(items(world).slice(1)).toEqual(["a: expired nobody", "a: approved late ada"]);
    expect(world.ask(ask, "bob")).toContain("this came too late");
    expect(world.run.gates()[0]?.items[0]).toMatchObject({
      state: "expired",
      late: [{ by: "ada" }, { by: "bob" }],
    });
    expect(snapshot(fold(plan, world.events))).toEqual(snapshot(world.run));
  });

  it("whose time cannot be computed has not held, and says why", () => {
    const plan = planOf((b) => {
      gate(b, "g", (g) => approve(g, "a", { within: call("first", lit([])) }));
      return b.task("after", "t", [1]);
    });
    const world = ran(plan);
    expect(world.run.status).toBe("failed");
    expect(world.run.error(world.run.find("g") ?? 0)[0]?.message).toContain('"a" could not be asked');
  });

  it("is not answered before it was asked for", () => {
    const world = begun(shipping, 0);
    expect(world.ask({ kind: "decide", n: ship(world), item: "notes", answer: "approved" })).toContain(
      "has not been asked yet",
    );
  });
});

describe("a gate that is opened again", () => {
  it("evaluates its checks anew; what was approved stays, what was rejected is asked again", () => {
    const world = ran(shipping, { say: ({ item }) => (item === "date" ? "rejected" : "approved") });
    expect(world.run.status).toBe("failed");
    expect(states(world)).toEqual(["true", "approved", "rejected"]);
    const before = items(world).length;
    const again = new World(shipping, { say: () => "approved" });
    again.events.push(...world.events);
    again.now = world.now + 1;
    again.crash().open().go();
    expect(again.run.status).toBe("succeeded");
    expect(items(again).slice(before)).toEqual([
      "tests pass: true",
      "date? anybody for ever",
      "date: approved ada",
    ]);
  });

  it("takes an answer that was given while nobody was at work, and keeps the time that was asked for", () => {
    const world = begun(shipping, 2);
    const n = ship(world);
    const again = new World(shipping);
    again.events.push(...world.events);
    again.crash().open();
    again.now = 50_000;
    expect(again.ask({ kind: "decide", n, item: "notes", answer: "approved" })).toBeNull();
    expect(states(again)).toEqual(["null", "approved", "waiting"]);
    again.go();
    expect(again.run.waitsForPeople()).toBe(true);
    expect(states(again)).toEqual(["true", "approved", "open"]);
    expect(again.ask({ kind: "decide", n, item: "date", answer: "approved" })).toBeNull();
    expect(again.go().run.status).toBe("succeeded");
  });

  it("whose time ran out while flowc was down is answered by what was said in time, else not", () => {
    for (const said of [true, false]) {
      const world = begun(shipping, 2);
      const n = ship(world);
      world.now = 1_000_000;
      world.crash().open();
      if (said)
        expect(world.ask({ kind: "decide", n, item: "notes", answer: "approved" }, "ada", 50_000)).toBeNull();
      world.go();
      expect(world.run.status).toBe(said ? "running" : "failed");
    }
  });

  it("goes on from every prefix of its events to the same end, whoever answered", () => {
    for (const refuse of [false, true]) {
      const options: WorldOptions = {
        say: ({ item }) => (refuse && item === "date" ? "rejected" : "approved"),
      };
      const whole = ran(shipping, options);
      for (let keep = 1; keep <= whole.events.length; keep++) {
        const world = new World(shipping, options);
        world.events.push(...whole.events.slice(0, keep));
        world.crash();
        world.now = (world.events.at(-1)?.at ?? 0) + 5;
        const approved = new Set(
          world.events.flatMap((e) => (e.type === "gate.decided" && e.answer === "approved" ? [e.item] : [])),
        );
        if (world.run.status === "running") world.open().go();
        expect(world.run.status, `after ${keep}`).toBe(refuse ? "failed" : "succeeded");
        const asked = world.events.slice(keep).flatMap((e) => (e.type === "gate.opened" ? [e.item] : []));
        for (const item of asked) expect(approved.has(item), `asked again after ${keep}`).toBe(false);
        expect(snapshot(fold(shipping, world.events)), `after ${keep}`).toEqual(snapshot(world.run));
      }
    }
  });
});
