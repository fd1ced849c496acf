// Checks limits in the pure core: nobody gets more than there is, nobody waits for ever, and the rest goes on.

import { afterAll, describe, expect, it } from "vitest";
import type { UsePlan } from "../compiler/plan-limits.ts";
import { decide } from "../runtime/decide.ts";
import { planOf, removeFolders } from "./pretend.ts";
import { lit, Plans } from "./run-plans.ts";
import { ran, snapshot, World } from "./run-world.ts";

afterAll(removeFolders);

const param = { k: "slot", up: 0, i: 0 } as const;

const uses = (limit: string, amounts: Record<string, number | typeof param> = {}): UsePlan => ({
  limit,
  amounts: Object.entries(amounts).map(([unit, amount]) => ({
    unit,
    amount: typeof amount === "number" ? { k: "lit", v: amount } : amount,
  })),
});

const perTen = (amount: number, unit = "requests") => ({ rates: [{ unit, amount, perSeconds: 10 }] });

/** When attempts started, and with what. */
const starts = (world: World) =>
  world.events.flatMap((event) =>
    event.type === "attempt.started"
      ? [{ at: event.at, name: world.run.name(event.n), took: event.took ?? [] }]
      : [],
  );

const many = (count: number): string[] => Array.from({ length: count }, (_, i) => `i${i}`);

describe("a rate", () => {
  const plan = new Plans()
    .limit("api", perTen(5))
    .task("t", { params: ["x"], uses: [uses("api", { requests: 1 })] })
    .flow("main", [], (b) => b.for("all", many(23), { body: (inner, item) => inner.task("t", "t", [item]) }))
    .done();

  it("is never exceeded in any window, and is used up", () => {
    const world = ran(plan, { options: { jobs: 50 } });
    expect(world.run.status).toBe("succeeded");
    const at = starts(world).map((each) => each.at);
    expect(at).toHaveLength(23);
    at.forEach((time, i) => {
      const sixth = at[i + 5];
      if (sixth !== undefined) expect(sixth - time).toBeGreaterThanOrEqual(10_000);
    });
    // Four windows were full before the last one began.
    expect((at.at(-1) ?? 0) - (at[0] ?? 0)).toBeLessThan(4 * 10_000 * 1.05);
  });

  it("says what holds a node, and until when", () => {
    const world = new World(plan, { options: { jobs: 50 } }).start();
    world.go(() => world.run.counts.running === 5);
    expect(decide(world.run, world.now).do).toBe("sleep");
    const n = world.run.find("all[i7].t") ?? 0;
    expect(world.run.heldBy(n, world.now)).toBe(
      "the limit `api` (5 of 5 requests per 10s used; more in 13s)",
    );
  });

  it("counts what ran before a crash", () => {
    const world = new World(plan, { options: { jobs: 50 } }).start();
    world
      .go(() => world.run.counts.succeeded === 3)
      .crash()
      .open();
    const before = snapshot(world.run);
    world.crash();
    expect(snapshot(world.run)).toEqual(before);
    world.go();
    expect(world.run.status).toBe("succeeded");
    const at = starts(world).map((each) => each.at);
    at.forEach((time, i) => {
      const sixth = at[i + 5];
      if (sixth !== undefined) expect(sixth - time).toBeGreaterThanOrEqual(10_000);
    });
  });
});

describe("what is taken of a limit", () => {
  it("is computed from the node's arguments", () => {
    const plan = new Plans()
      .limit("api", perTen(100, "tokens"))
      .task("t", { params: ["x"], uses: [uses("api", { tokens: param })] })
      .flow("main", [], (b) =>
        b.for("all", [60, 50, 40], { body: (inner, item) => inner.task("t", "t", [item]) }),
      )
      .done();
    const world = ran(plan);
    expect(starts(world).map(({ name, took }) => [name, took])).toEqual([
      ["all[0].t", [{ limit: "api", amounts: { tokens: 60 } }]],
      ["all[2].t", [{ limit: "api", amounts: { tokens: 40 } }]],
      ["all[1].t", [{ limit: "api", amounts: { tokens: 50 } }]],
    ]);
  });

  it("that can never be had fails the node, and says so", () => {
    const plan = new Plans()
      .limit("api", perTen(100, "tokens"))
      .task("t", { params: ["x"], uses: [uses("api", { tokens: param })] })
      .flow("main", [], (b) => b.task("a", "t", [lit(101)]))
      .done();
    const world = ran(plan);
    expect(world.run.status).toBe("failed");
    expect(world.run.error(1)[0]?.message).toBe(
      "its `uses` can never be had: it asks for 101 tokens of `api` at once, which allows 100 tokens per 10s",
    );
  });

  it("is corrected by what was used", () => {
    const plan = new Plans()
      .limit("api", perTen(100, "tokens"))
      .task("t", { params: ["x"], uses: [uses("api", { tokens: 60 })] })
      .flow("main", [], (b) => b.for("all", many(2), { body: (inner, item) => inner.task("t", "t", [item]) }))
      .done();
    const world = new World(plan).start();
    world.go(() => world.run.counts.running === 1);
    const [n = 0] = world.run.running();
    world.append({ type: "limit.used", n, a: 1, amounts: { tokens: 40, words: 9 } });
    // What it has not used yet it may still use.
    expect(world.run.limitUse(world.now)[0]).toMatchObject({ took: { tokens: 60 }, waiting: 1 });
    world.go(() => world.run.counts.succeeded === 1 && world.run.counts.running === 1);
    const ended = world.events.find(({ type }) => type === "attempt.ended");
    expect(starts(world)[1]?.at).toBe(ended?.at);
    expect(world.run.limitUse(world.now)[0]).toMatchObject({ took: { tokens: 100 }, waiting: 0 });
  });

  it("counts whole where nobody could tell all that was used", () => {
    const plan = new Plans()
      .limit("api", perTen(100, "tokens"))
      .task("t", { params: ["x"], uses: [uses("api", { tokens: 60 })] })
      .flow("main", [], (b) => b.for("all", many(1), { body: (inner, item) => inner.task("t", "t", [item]) }))
      .done();
    const world = new World(plan).start();
    world.go(() => world.run.counts.running === 1);
    const [n = 0] = world.run.running();
    world.append({ type: "limit.used", n, a: 1, amounts: { tokens: 10 } });
    world.crash().open();
    expect(world.run.limitUse(world.now)[0]?.bounds).toMatchObject([{ used: 60 }]);
  });

  it("counts also where a task does not say how much: one for an agent to begin with", () => {
    const { plan } = planOf(`limit api { requests: 9 per 10s  tokens: 100 per 10s }
agent coder { command: { run: ["./agent.py"] } }
task list(x: string) -> string { uses: [api], run "list ~{x}" return stdout }
task review(x: string) { uses: [api], agent: coder, ask "Review ~{x}" }
flow main() {
  a = list("a")
  b = list("b")
  review(a)
  review(b)
}
`);
    const world = new World(plan, { options: { jobs: 1 } }).start();
    world.go(() => world.run.counts.running === 1);
    const [n = 0] = world.run.running();
    world.append({ type: "limit.used", n, a: 1, amounts: { tokens: 120 } });
    expect(world.run.limitUse(world.now)[0]?.bounds).toMatchObject([{}, { unit: "tokens", used: 120 }]);
    // Who takes no tokens does not wait for them.
    world.go(() => world.run.counts.succeeded === 2);
    const [asked = 0] = [...world.run.nodes()].filter((each) => world.run.task(each) === "review");
    expect(world.run.counts).toMatchObject({ running: 0, ready: 2 });
    expect(world.run.heldBy(asked, world.now)).toMatch(/^the limit `api` \(120 of 100 tokens per 10s used/);
    world.go();
    expect(starts(world).at(-1)?.took).toEqual([{ limit: "api", amounts: { tokens: 1, requests: 1 } }]);
    expect(starts(world)[0]?.took).toEqual([{ limit: "api", amounts: { requests: 1 } }]);
  });
});

describe("a limit that is paused", () => {
  it("lets nothing start until then, and everything else go on", () => {
    const plan = new Plans()
      .limit("api", perTen(5))
      .task("t", { params: ["x"], uses: [uses("api", { requests: 1 })] })
      .task("free", { params: ["x"] })
      .flow("main", [], (b) => {
        b.for("all", many(3), { body: (inner, item) => inner.task("t", "t", [item]) });
        return b.for("rest", many(3), { body: (inner, item) => inner.task("free", "free", [item]) });
      })
      .done();
    const world = new World(plan, { options: { jobs: 1 } }).start();
    world.go(() => world.run.counts.running === 1);
    world.append({ type: "limit.paused", limit: "api", until: 60_000 });
    world.go();
    expect(starts(world).map(({ at, name }) => [at, name])).toEqual([
      [1000, "all[i0].t"],
      [1010, "rest[i0].free"],
      [1020, "rest[i1].free"],
      [1030, "rest[i2].free"],
      [60_000, "all[i1].t"],
      [60_010, "all[i2].t"],
    ]);
  });
});

describe("slots", () => {
  it("belong to one node at a time, which is told which", () => {
    const plan = new Plans()
      .limit("backend", { slots: ["a", "b", "c"] })
      .task("t", { params: ["x"], uses: [uses("backend")] })
      .flow("main", [], (b) =>
        b.for("all", many(20), { body: (inner, item) => inner.task("t", "t", [item]) }),
      )
      .done();
    let pick = 0;
    const world = new World(plan, {
      options: { jobs: 9 },
      pick: (running) => running[pick++ % running.length] ?? 0,
    });
    const held = new Map<number, string>();
    let most = 0;
    world.check = (_run, event) => {
      if (event.type === "attempt.ended") held.delete(event.n);
      if (event.type !== "attempt.started") return;
      const slot = event.took?.[0]?.slot ?? "";
      expect(["a", "b", "c"]).toContain(slot);
      expect([...held.values()]).not.toContain(slot);
      held.set(event.n, slot);
      most = Math.max(most, held.size);
    };
    world.start().go();
    expect(world.run.status).toBe("succeeded");
    expect(most).toBe(3);
  });
});

describe("who goes first", () => {
  it("a part of the limit is kept back for priority high", () => {
    const plan = new Plans()
      .limit("api", { ...perTen(10), reserve: 0.2 })
      .task("t", { params: ["x"], uses: [uses("api", { requests: 1 })] })
      .task("slow", { params: ["x"] })
      .task("h", { params: ["x"], priority: "high", uses: [uses("api", { requests: 1 })] })
      .flow("main", [], (b) => {
        b.for("all", many(20), { body: (inner, item) => inner.task("t", "t", [item]) });
        const first = b.task("first", "slow", [0]);
        return b.task("urgent", "h", [first]);
      })
      .done();
    const world = ran(plan, { options: { jobs: 50 } });
    const begun = starts(world);
    const urgent = begun.find(({ name }) => name === "urgent");
    expect(urgent?.at).toBeLessThan(2000);
    expect(begun.filter(({ at, name }) => at < 2000 && name.startsWith("all")).length).toBe(8);
  });

  it("what takes much is passed over by some that take little, and then room is kept for it", () => {
    const plan = new Plans()
      .limit("api", perTen(100, "tokens"))
      .task("t", { params: ["x"], uses: [uses("api", { tokens: param })] })
      .task("free", { params: ["x"] })
      .flow("main", [], (b) => {
        // Each keeps the window nearly full, for as long as there are some.
        b.for(
          "small",
          Array.from({ length: 400 }, () => 10),
          {
            body: (inner, item) => inner.task("t", "t", [item]),
          },
        );
        return b.task("large", "t", [lit(95)], { after: [b.task("first", "free", [0])] });
      })
      .done();
    const world = ran(plan, { options: { jobs: 3 } });
    expect(world.run.status).toBe("succeeded");
    const order = starts(world).map(({ name }) => name);
    expect(order.indexOf("large")).toBeGreaterThan(10);
    expect(order.indexOf("large")).toBeLessThanOrEqual(80);
  });

  it("nodes that use no limit go on while others wait for one", () => {
    const plan = new Plans()
      .limit("api", perTen(1))
      .task("t", { params: ["x"], uses: [uses("api", { requests: 1 })] })
      .task("free", { params: ["x"] })
      .flow("main", [], (b) => {
        b.for("all", many(3), { body: (inner, item) => inner.task("t", "t", [item]) });
        return b.for("rest", many(200), { body: (inner, item) => inner.task("free", "free", [item]) });
      })
      .done();
    const world = ran(plan, { options: { jobs: 4 } });
    const begun = starts(world);
    expect(begun.filter(({ name }) => name.startsWith("rest")).every(({ at }) => at < 5000)).toBe(true);
    expect(begun.at(-1)?.name).toBe("all[i2].t");
  });
});
