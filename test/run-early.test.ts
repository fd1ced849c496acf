// Early fields in the pure core: who uses one starts when it is there, and what becomes of it when its node fails.

import { describe, expect, it } from "vitest";
import { criticalPath } from "../cli/record.ts";
import { outlineOf } from "../runtime/outline.ts";
import { early } from "./run-early-plans.ts";
import { field, lit, Plans, planOf } from "./run-plans.ts";
import { fold, ran, snapshot, World, type WorldOptions } from "./run-world.ts";

/** `base` with the early fields `api` and `note`; `one` uses `api`, `two` the whole. */
const plan = () =>
  new Plans()
    .task("t", { params: ["x"] })
    .task("base", { params: ["x"], retry: { times: 1 } })
    .flow("main", [], (b) => {
      const base = b.task("base", "base", [lit("x")]);
      const api = early(b, base, "api");
      early(b, base, "note");
      b.task("one", "t", [api]);
      return b.task("two", "t", [field(b.expr(base), "summary")]);
    })
    .done();

const whole = { api: 3, note: "n", summary: "s" };

/** Gives `api` as soon as it runs, once a run; `ends` says how attempts of `base` end. */
function worldOf(ends: WorldOptions["end"], options: WorldOptions["options"] = {}): World {
  return new World(plan(), {
    options,
    // The consumer ends before its producer.
    pick: (running) => running.at(-1) ?? 0,
    early: (name, _a, run, n) =>
      name === "base" && run.early(n).length === 0 ? { field: "api", value: 3 } : null,
    end: (name, a, run, n) => ends?.(name, a, run, n) ?? { value: name === "base" ? whole : name },
  }).start();
}

describe("early fields", () => {
  it("let those who use them start while their node runs", () => {
    const world = worldOf(undefined).go();
    expect(world.started).toEqual(["base", "one", "two"]);
    const at = (type: string, n: string) =>
      world.events.findIndex((e) => e.type === type && "n" in e && world.run.name(e.n) === n);
    expect(at("attempt.early", "base")).toBeLessThan(at("attempt.started", "one"));
    expect(at("attempt.started", "one")).toBeLessThan(at("attempt.ended", "base"));
    expect(at("attempt.started", "two")).toBeGreaterThan(at("attempt.ended", "base"));
    expect(world.run.status).toBe("succeeded");
    expect(snapshot(fold(plan(), world.events))).toEqual(snapshot(world.run));
  });

  it("are there at its end if they were not taken before", () => {
    const world = ran(plan(), { end: (name) => ({ value: name === "base" ? whole : name }) });
    expect(world.run.status).toBe("succeeded");
    expect(world.run.early(1).map(({ field: name, value }) => [name, value])).toEqual([
      ["api", 3],
      ["note", "n"],
    ]);
  });

  it("stay when their node fails, and are known to its next attempt", () => {
    const world = worldOf((name, a) => (name === "base" && a === 1 ? { fail: "no" } : { value: whole }));
    world.go();
    expect(world.run.status).toBe("succeeded");
    expect(world.events.filter(({ type }) => type === "attempt.early")).toHaveLength(1);
    expect(world.started).toEqual(["base", "one", "base", "two"]);
  });

  it("stay when their node has failed for good, and when the run is opened again", () => {
    const world = worldOf((name) => (name === "base" ? { fail: "no" } : { value: name })).go();
    expect(world.states).toEqual(["base: failed", "one: succeeded", "two: skipped"]);
    expect(world.run.status).toBe("failed");
    world.open();
    expect(world.run.early(1)).toHaveLength(1);
    world.go();
    expect(world.started.filter((name) => name === "one")).toHaveLength(1);
  });

  it("that were not there fail with their node", () => {
    const world = ran(plan(), { end: () => ({ fail: "no" }) });
    expect(world.states).toEqual(["base: failed", "one: skipped", "two: skipped"]);
    expect(world.run.error(world.run.find("one") ?? 0).map(({ message }) => message)).toEqual([
      "it waits for `base`, which failed",
      "no",
    ]);
  });

  it("wait for room beside their node", () => {
    const world = worldOf(undefined, { jobs: 1 }).go();
    expect(world.events.map((e) => ("n" in e ? `${e.type} ${world.run.name(e.n)}` : e.type))).toEqual([
      "run.started",
      "run.opened",
      "grown main",
      "attempt.started base",
      "attempt.early base",
      "attempt.ended base",
      "attempt.started one",
      "attempt.ended one",
      "attempt.started two",
      "attempt.ended two",
      "run.ended",
    ]);
  });

  it("are needed with their node by who uses them, with --only", () => {
    const world = worldOf(undefined, { only: ["one"] }).go();
    expect(world.started).toEqual(["base", "one"]);
    expect(world.run.status).toBe("succeeded");
  });

  it("are edges of their own kind", () => {
    const world = worldOf(undefined).go();
    expect(outlineOf(world.run).nodes.map(({ name, dependencies }) => [name, dependencies])).toEqual([
      ["base", []],
      ["one", [{ of: "base", kind: "early" }]],
      ["two", [{ of: "base", kind: "data" }]],
    ]);
  });

  it("of what nobody needs any more come too late", () => {
    const items = new Plans()
      .task("t", { params: ["x"] })
      .flow("main", [], (b) =>
        b.for("each", ["a", "b"], {
          enough: 1,
          body: (inner, item) => {
            const base = inner.task("base", "t", [item]);
            return inner.task("use", "t", [early(inner, base, "api")]);
          },
        }),
      )
      .done();
    const world = new World(items, {
      pick: (running) => running[0] ?? 0,
      early: (name, _a, run, n) => {
        if (!name.endsWith("base") || run.early(n).length > 0) return null;
        return name === "each[a].base" || run.settled(run.find("each") ?? 0)
          ? { field: "api", value: 1 }
          : null;
      },
      end: (name, _a, run) =>
        name === "each[b].base" && run.settled(run.find("each") ?? 0)
          ? "cancelled"
          : { value: name.endsWith("base") ? { api: 1 } : name },
    });
    let told = false;
    world.check = (run, event) => {
      if (told || event.type !== "attempt.ended" || !run.settled(run.find("each") ?? 0)) return;
      told = true;
      const n = run.find("each[b].base") ?? 0;
      if ([...run.running()].includes(n))
        world.append({ type: "attempt.early", n, a: 1, field: "api", value: 1 });
    };
    world.start().go();
    expect(world.run.status).toBe("succeeded");
  });

  it("go on from every point at which flowc may die", () => {
    const ends: WorldOptions["end"] = (name, a) =>
      name === "base" && a === 1 ? { fail: "no" } : { value: name === "base" ? whole : name };
    const all = worldOf(ends).go();
    for (let keep = 2; keep < all.events.length; keep++) {
      const world = worldOf(ends);
      world.events.length = 0;
      world.events.push(...all.events);
      world.crash(keep);
      world.now = all.now + 1000;
      world.open().go();
      expect(world.run.status, `after ${keep} events`).toBe("succeeded");
      expect(snapshot(fold(plan(), world.events))).toEqual(snapshot(world.run));
    }
  });

  it("count in the critical path only until they were there", async () => {
    const pair = planOf((b) => {
      const base = b.task("base", "t", [lit("x")]);
      b.task("one", "t", [early(b, base, "api")]);
      return base;
    });
    const world = new World(pair, {
      pick: (running) => running[0] ?? 0,
      early: (name, _a, run, n) =>
        name === "base" && run.early(n).length === 0 ? { field: "api", value: 3 } : null,
      end: (name) => ({ value: name === "base" ? whole : name }),
    });
    world.start().go();
    const { run } = world;
    const took = (name: string) => {
      const n = run.find(name) ?? 0;
      return (run.endedAt(n) ?? 0) - (run.startedAt(n) ?? 0);
    };
    const until = (run.early(1)[0]?.at ?? 0) - (run.startedAt(1) ?? 0);
    const { ms } = await criticalPath(run);
    expect(ms).toBe(until + took("one"));
    expect(ms).toBeLessThan(took("base") + took("one"));
  });

  it("stay what they are when a person says how their node ended", () => {
    const doubtful = new Plans()
      .task("t", { params: ["x"] })
      .task("pay", { params: ["x"], effect: "once" })
      .flow("main", [], (b) => {
        const paid = b.task("paid", "pay", [lit("x")]);
        b.task("use", "t", [early(b, paid, "api")]);
        return paid;
      })
      .done();
    const world = new World(doubtful, {
      pick: (running) => running.at(-1) ?? 0,
      early: (name, _a, run, n) =>
        name === "paid" && run.early(n).length === 0 ? { field: "api", value: 1 } : null,
      end: (name) => (name === "paid" ? "lost" : { value: name }),
      person: () => ({ value: { api: 2, sum: 5 } }),
    });
    world.start().go();
    expect(world.run.status).toBe("succeeded");
    expect(world.run.output).toEqual({ api: 1, sum: 5 });
  });
});
