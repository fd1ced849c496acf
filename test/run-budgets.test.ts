// Budgets in the pure core: what agents spend is summed around them, nothing more starts past a bound, people extend it.

import { describe, expect, it } from "vitest";
import type { Value } from "../compiler/types.ts";
import type { Usage } from "../runtime/agent.ts";
import type { Run } from "../runtime/run.ts";
import { dollarsLeft, spentAround, spentForNext } from "../runtime/run-spending.ts";
import { listed, randomPlan } from "./random-plan.ts";
import { phase } from "./run-gate-plans.ts";
import { handle } from "./run-handler-plans.ts";
import { type Draft, lit, Plans } from "./run-plans.ts";
import type { TaskOptions } from "./run-tasks.ts";
import { chanceOf, type End, fold, World } from "./run-world.ts";

function usage(cost: number | null, tokens = 0): Usage {
  return { requests: 1, input: tokens, output: 0, cacheRead: 1_000_000, cacheWrite: 0, cost };
}

/** A world in which each attempt uses what `of` says before it ends. */
function spending(
  plan: ReturnType<Plans["done"]>,
  of: (name: string, a: number) => Usage | null,
  end: (name: string, a: number) => End = (name) => ({ value: name }),
): World {
  const world: World = new World(plan, {
    options: { jobs: 1 },
    end: (name, a, _run, n) => {
      const used = of(name, a);
      if (used !== null) world.append({ type: "attempt.used", n, a, usage: used });
      return end(name, a);
    },
  });
  return world;
}

/** Six nodes that do not need each other, in a flow with a budget. */
function six(budget: Value, options: TaskOptions = {}) {
  return new Plans()
    .task("t", options)
    .flow("main", [], (b) => {
      b.budget = budget === null ? null : { k: "lit", v: budget };
      for (const name of ["a", "b", "c", "d", "e", "f"]) b.task(name, "t");
      return null;
    })
    .done();
}

function held(run: Run): string[] {
  return [...run.nodes()].flatMap((n) => (run.heldBy(n, 0)?.includes("budget") ? [run.name(n)] : []));
}

function extend(
  world: World,
  name: string,
  cost: number | null,
  tokens: number | null = null,
): string | null {
  return world.ask({ kind: "extend", n: world.run.find(name) ?? 0, cost, tokens });
}

describe("a budget", () => {
  it("is spent by attempts, and nothing more starts until a person extends it", () => {
    const world = spending(six(5), () => usage(2))
      .start()
      .go();
    // The third was under way when it went past.
    expect(world.states.map((one) => one.slice(3))).toEqual([
      "succeeded",
      "succeeded",
      "succeeded",
      "ready",
      "ready",
      "ready",
    ]);
    expect(world.run.waitsForPeople()).toBe(true);
    expect(held(world.run)).toEqual(["d", "e", "f"]);
    expect(world.run.spending().budgets).toEqual([
      { n: 0, name: "main", spent: { cost: 6, tokens: 0, untold: 0 }, cost: 5, tokens: null, isSpent: true },
    ]);
    expect(extend(world, "main", 2)).toBeNull();
    world.go();
    expect(world.run.counts.succeeded).toBe(4);
    // What was asked before it was spent counts too.
    expect(extend(world, "main", 100)).toBeNull();
    world.go();
    expect(world.run.status).toBe("succeeded");
    expect(world.run.spending()).toMatchObject({ cost: 12, budgets: [{ cost: 107, isSpent: false }] });
  });

  it("holds as well after a crash, and counts what was lost in it", () => {
    const world = spending(six(5), () => usage(2)).start();
    world.go(() => world.run.counts.running === 1 && world.run.counts.succeeded === 1);
    const [n = 0] = world.run.running();
    world.append({ type: "attempt.used", n, a: 1, usage: usage(4) });
    world.crash().open();
    expect(world.run.spending().cost).toBe(6);
    world.go();
    expect(world.run.counts).toMatchObject({ succeeded: 1, running: 0 });
    expect(world.run.waitsForPeople()).toBe(true);
  });

  it("counts what an attempt has used all in all, and not what it has told", () => {
    const world = new World(six(5)).start();
    world.go(() => world.run.counts.running === 4);
    const [n = 0] = world.run.running();
    for (const cost of [0.1, 0.2, 0.7]) world.append({ type: "attempt.used", n, a: 1, usage: usage(cost) });
    expect(world.run.spending().cost).toBeCloseTo(0.7, 9);
    world.end(n, "lost");
    world.go(() => world.run.attempts(n) === 2);
    world.append({ type: "attempt.used", n, a: 2, usage: usage(0.5) });
    expect(world.run.spending().cost).toBeCloseTo(1.2, 9);
    expect(dollarsLeft(world.run, n)).toBeCloseTo(3.8, 9);
  });

  it("of tokens counts them without what was read from a cache", () => {
    const world = spending(six({ tokens: 100, cost: 50 }), () => usage(null, 60))
      .start()
      .go();
    expect(world.run.counts.succeeded).toBe(2);
    expect(world.run.spending()).toMatchObject({ cost: 0, tokens: 120, untold: 2 });
    expect(extend(world, "main", null, 60)).toBeNull();
    expect(world.go().run.counts.succeeded).toBe(3);
  });

  it("that is not there bounds nothing, and what is spent is known", () => {
    const world = spending(six(null), () => usage(1000))
      .start()
      .go();
    expect(world.run.status).toBe("succeeded");
    expect(world.run.spending()).toEqual({ cost: 6000, tokens: 0, untold: 0, budgets: [] });
  });

  it("is not extended by nothing, or by what it does not bound", () => {
    const world = spending(six(5), () => usage(2))
      .start()
      .go();
    expect(extend(world, "main", null, 100)).toBe("The budget of main does not bound tokens.");
    expect(extend(world, "main", -3)).toBe("A budget is extended by more than nothing.");
    expect(extend(world, "a", 3)).toBe("a has no budget.");
    world.run.status = "succeeded";
    expect(extend(world, "main", 3)).toBe("The run has ended.");
  });
});

describe("budgets in each other", () => {
  const inner = (b: Draft): void => {
    b.budget = lit(100);
    phase(b, "dear", (p) => {
      p.budget = lit(3);
      p.task("x", "t");
      p.task("y", "t");
      p.task("z", "t");
    });
  };

  it("must all have room", () => {
    const plan = new Plans()
      .task("t")
      .flow("main", [], (b) => {
        const side = b.task("side", "t");
        inner(b);
        b.task("far", "t", [side]);
        return null;
      })
      .done();
    const world = spending(plan, (name) => usage(name === "side" ? 1 : 2))
      .start()
      .go();
    expect(held(world.run)).toEqual(["dear.z"]);
    expect(world.run.spending().budgets.map(({ name, spent }) => [name, spent.cost])).toEqual([
      ["main", 5],
      ["dear", 4],
    ]);
    // Of the flow there is enough: only that of the phase is in the way.
    expect(extend(world, "main", 50)).toBeNull();
    expect(held(world.go().run)).toEqual(["dear.z"]);
    expect(extend(world, "dear", 50)).toBeNull();
    expect(world.go().run.status).toBe("succeeded");
  });

  it("of each call of a flow are its own", () => {
    const plan = new Plans()
      .task("t")
      .flow("part", [], (b) => {
        b.budget = lit(3);
        const first = b.task("p", "t");
        b.task("q", "t", [first]);
        return null;
      })
      .flow("main", [], (b) => {
        b.flow("one", "part");
        b.flow("two", "part");
        return null;
      })
      .done();
    const world = spending(plan, (name) => usage(name.startsWith("one") ? 3 : 1))
      .start()
      .go();
    expect(held(world.run)).toEqual(["one.q"]);
    expect(world.run.counts.succeeded).toBe(3);
  });

  it("of a node count all its attempts, and not those of what stands in for it", () => {
    const plan = new Plans()
      .task("t", { retry: { times: 5, backoff: 0 }, budget: lit(3) })
      .task("u")
      .flow("main", [], (b) => {
        b.task("a", "t", [], { otherwise: (o) => o.task("stand_in", "u") });
        b.task("b", "u");
        return null;
      })
      .done();
    const end = (name: string): End => (name === "a" ? { fail: "no" } : { value: 1 });
    const world = spending(plan, () => usage(2), end)
      .start()
      .go();
    const a = world.run.find("a") ?? 0;
    expect(world.run.attempts(a)).toBe(2);
    expect(held(world.run)).toEqual(["a"]);
    expect(world.run.spending().budgets).toMatchObject([{ name: "a", isSpent: true, spent: { cost: 4 } }]);
    expect(world.run.status).toBe("running");
    expect(extend(world, "a", 100)).toBeNull();
    world.go();
    expect(world.run.attempts(a)).toBe(6);
    expect(world.run.status).toBe("succeeded");
  });
});

describe("the budget of an agent", () => {
  const asking = (budget: number | null) => {
    const plan = new Plans()
      .task("t", { retry: { times: 0 } })
      .flow("main", [], (b) => b.task("a", "t"))
      .done();
    const [t] = Object.values(plan.tasks);
    if (t === undefined) throw new Error("no task");
    const task: typeof t = {
      ...t,
      settings: { ...t.settings, agent: "w" },
      action: { kind: "ask", prompt: lit("do it") },
    };
    return { ...plan, tasks: { t: task }, agents: [{ name: "w", kinds: [], env: [], budget }] };
  };
  const stopped: End = { fail: "It has spent all.", why: "budget" };

  it("bounds each node that asks it, and what it stopped at is no failure", () => {
    const world = spending(
      asking(3),
      () => usage(3),
      (_, a) => (a === 1 ? stopped : { value: "done" }),
    );
    world.start().go();
    expect(held(world.run)).toEqual(["a"]);
    expect(world.run.spending().budgets).toMatchObject([{ name: "a", cost: 3, isSpent: true }]);
    // It has no repeats, and needs none.
    expect(extend(world, "a", 2)).toBeNull();
    const a = world.run.find("a") ?? 0;
    world.go(() => world.run.attempts(a) === 2);
    expect(dollarsLeft(world.run, a)).toBe(2);
    expect(world.go().run.status).toBe("succeeded");
  });

  it("does not excuse one that stops before it has spent it", () => {
    const world = spending(
      asking(3),
      () => usage(1),
      () => stopped,
    );
    expect(world.start().go().run.status).toBe("failed");
    expect(world.run.attempts(world.run.find("a") ?? 0)).toBe(1);
  });
});

describe("a budget that is spent", () => {
  it("does not keep handlers from running", () => {
    const plan = new Plans()
      .task("t")
      .flow("main", [], (b) => {
        b.budget = lit(1);
        const first = b.task("first", "t");
        b.task("second", "t", [first]);
        handle(b, { final: (h) => void h.task("clean", "t") });
        return null;
      })
      .done();
    const world = spending(plan, () => usage(2))
      .start()
      .go();
    expect(held(world.run)).toEqual(["second"]);
    expect(world.ask({ kind: "cancel" })).toBeNull();
    world.go();
    expect(world.run.status).toBe("cancelled");
    expect(world.states).toContain("finally.clean: succeeded");
  });

  it("lets answers be taken that were given before", () => {
    const plan = six(1, { cache: true });
    const world: World = new World(plan, {
      options: { jobs: 1 },
      kept: (name) => (name === "a" || name === "b" ? null : { value: name }),
      end: (_name, a, _run, n) => {
        world.append({ type: "attempt.used", n, a, usage: usage(2) });
        return { value: 1 };
      },
    });
    world.start().go();
    expect(world.run.counts).toMatchObject({ succeeded: 5, ready: 1 });
  });

  it("is what the next run counts on with, by name", () => {
    const first = spending(six(5), () => usage(2))
      .start()
      .go();
    extend(first, "main", 2);
    first.go();
    const spent = spentForNext(first.run);
    expect(spent).toEqual([{ name: "main", cost: 8, tokens: 0, moreCost: 2, moreTokens: 0 }]);
    const next = new World(six(5));
    next.append({
      type: "run.started",
      plan: "",
      inputs: {},
      options: { jobs: 1, failFast: false, only: null },
      durations: {},
      from: "r0",
      spent,
      flowc: "0",
    });
    next.open().go();
    expect(next.run.counts.succeeded).toBe(0);
    expect(next.run.spending()).toMatchObject({ cost: 0, budgets: [{ cost: 7, spent: { cost: 8 } }] });
    extend(next, "main", 3);
    next.go();
    expect(next.run.counts.succeeded).toBe(6);
    expect(spentForNext(next.run)).toEqual([
      { name: "main", cost: 8, tokens: 0, moreCost: 5, moreTokens: 0 },
    ]);
  });
});

describe("budgets of random plans", () => {
  let met = 0;
  it.each([...Array(80).keys()].map((i) => i + 1))(
    "hold, are summed, and are the same after a crash (seed %i)",
    (seed) => {
      const chance = chanceOf(seed);
      const base = randomPlan(chance);
      const main = base.flows["main"];
      if (main === undefined) throw new Error("no flow main");
      const plan = { ...base, flows: { ...base.flows, main: { ...main, budget: lit(5) } } };
      let sum = 0;
      const world: World = new World(plan, {
        options: { jobs: 3 },
        chance,
        pick: (running) => running[Math.floor(chance() * running.length)] ?? 0,
        person: () => "failed",
        end: (name, a, run, n) => {
          const cost = Math.round(chance() * 200) / 100;
          sum += cost;
          world.append({ type: "attempt.used", n, a, usage: usage(cost / 2) });
          world.append({ type: "attempt.used", n, a, usage: usage(cost) });
          const luck = chance();
          if (luck < 0.1) return { fail: "bad luck" };
          if (luck < 0.2) return "lost";
          if (run.task(n) === "e") return { value: { api: name } };
          return { value: /n\d+l$/.test(name) ? listed : name };
        },
      });
      let extended = 0;
      world.check = (run, event) => {
        if (event.type === "attempt.started")
          expect(spentAround(run, event.n), `${run.name(event.n)} started`).toBeNull();
      };
      world.start();
      for (let turn = 0; turn < 100 && world.go().run.status === "running"; turn++) {
        expect(world.run.waitsForPeople()).toBe(true);
        expect(world.run.spending().budgets).toMatchObject([
          { name: "main", isSpent: true, cost: 5 + extended },
        ]);
        if (chance() < 0.3) world.crash().open();
        expect(extend(world, "main", 3)).toBeNull();
        extended += 3;
        met++;
      }
      expect(world.run.status).not.toBe("running");
      expect(world.run.spending().cost).toBeCloseTo(sum, 6);
      expect(fold(plan, world.events).spending()).toEqual(world.run.spending());
    },
  );

  it("are met often enough to say something", () => expect(met).toBeGreaterThan(40));
});
