// The order in which nodes start: by priority, where an instance knows them, by the longest path; and nobody waits for ever.

import { describe, expect, it } from "vitest";
import type { Plan } from "../compiler/plan.ts";
import type { Expr } from "../compiler/plan-expr.ts";
import { turnEvery } from "../runtime/decide-ready.ts";
import { lit, Plans, type Slot } from "./run-plans.ts";
import { World } from "./run-world.ts";

const first: Expr = { k: "slot", up: 0, i: 0 };

function withRunner(plan: Plan, max: number, reuse = 100): Plan {
  const kinds = [{ kind: "docker", settings: {} }];
  return { ...plan, runners: [{ name: "rust", kinds, instances: { min: 0, max }, spawn: null, reuse }] };
}

/** Names in the order in which they were started. */
function startsOf({ events, run }: World): readonly string[] {
  return events.flatMap((event) => (event.type === "attempt.started" ? [run.name(event.n)] : []));
}

describe("priority", () => {
  const plan = new Plans()
    .task("far", { params: ["x"], runner: "rust" })
    .task("near", { params: ["x"] })
    .task("urgent", { params: ["x"], runner: "rust", priority: "high" })
    .flow("main", [], (b) => {
      for (let i = 0; i < 4; i++) b.task(`f${i}`, "far", [lit(i)]);
      const before = b.task("before", "near", [lit(0)]);
      for (let i = 0; i < 3; i++) b.task(`u${i}`, "urgent", [before]);
      return null;
    })
    .done();

  it("goes before nodes that were started and only wait for an instance", () => {
    const world = new World(withRunner(plan, 2), { options: { jobs: 9 } }).start();
    world.go(() => world.run.counts.running === 3);
    world.end(world.run.find("before") ?? -1, { value: 1 });
    world.go(() => world.run.counts.running === 4);
    expect([...world.run.running()].map((n) => world.run.name(n))).toEqual(["f0", "f1", "u0", "u1"]);
    // As many as there can be instances, and no more.
    expect(world.run.heldBy(world.run.find("u2") ?? -1, world.now)).toContain("an instance of `rust`");
  });

  it("takes no instance from who has one", () => {
    const world = new World(withRunner(plan, 2), { options: { jobs: 9 } }).start();
    world.go(() => world.run.counts.running === 3);
    for (const [i, name] of ["f0", "f1"].entries()) {
      world.append({ type: "instance.opened", i: i + 1, runner: "rust", kind: "docker", ref: name });
      const n = world.run.find(name) ?? -1;
      world.append({ type: "attempt.placed", n, a: 1, ref: name, i: i + 1, runner: "rust" });
    }
    world.end(world.run.find("before") ?? -1, { value: 1 });
    let most = 0;
    world.check = (run) => {
      most = Math.max(most, run.counts.running);
    };
    world.go();
    expect(most).toBe(2);
    expect(startsOf(world).slice(3)).toEqual(["u0", "u1", "u2", "f2", "f3"]);
  });
});

/** Chains of nodes with one key each, served by two instances that are told of as a pool does. */
function chains(count: number, length: number, affinity: boolean): World {
  const plan = new Plans()
    .task("step", { params: ["key", "x"], runner: "rust", ...(affinity ? { affinity: first } : {}) })
    .flow("main", [], (b) => {
      for (let c = 0; c < count; c++) {
        let last: Slot | null = null;
        // Later chains have more to do, and so the longer paths.
        for (let i = 0; i < length + c; i++)
          last = b.task(`c${c}s${i}`, "step", [lit(`k${c}`), last === null ? lit(0) : last]);
      }
      return null;
    })
    .done();
  const idle = [1, 2];
  const world: World = new World(withRunner(plan, 2), {
    options: { jobs: 9 },
    end: (name, a, run, n) => {
      const known = idle.find((i) => lastOf.get(i) === name.split("s")[0]);
      const i = known ?? idle[0] ?? 0;
      lastOf.set(i, name.split("s")[0] ?? "");
      world.append({ type: "attempt.placed", n, a, ref: `r${i}`, i, runner: "rust" });
      served.push(`${i} ${name.split("s")[0]}`);
      idle.push(...idle.splice(idle.indexOf(i), 1));
      return { value: run.name(n) };
    },
  });
  const lastOf = new Map<number, string>();
  const served: string[] = [];
  world.start();
  for (const i of idle)
    world.append({ type: "instance.opened", i, runner: "rust", kind: "docker", ref: `r${i}` });
  world.go();
  return world;
}

/** How often a chain was gone on with by another instance than the one before. */
function moved({ events, run }: World): number {
  const last = new Map<string, number>();
  let count = 0;
  for (const event of events) {
    if (event.type !== "attempt.placed") continue;
    const chain = run.name(event.n).split("s")[0] ?? "";
    const before = last.get(chain);
    if (before !== undefined && before !== event.i) count++;
    last.set(chain, event.i ?? 0);
  }
  return count;
}

describe("affinity", () => {
  it("goes on where it began, though others have more to do", () => {
    expect(moved(chains(6, 4, true))).toBe(0);
    expect(moved(chains(6, 4, false))).toBeGreaterThan(0);
  });

  it("keeps the longest path from starting no longer than for so many starts of others", () => {
    const starts = startsOf(chains(3, 3 * turnEvery, true));
    // The longest chain of all is among the first, and the others take turns with it.
    expect(starts.indexOf("c0s0")).toBeLessThan(4 * turnEvery);
  });
});

describe("who waits", () => {
  /** One node of low priority, beside as many of high priority as passes, of which one is ready at a time. */
  function stream(passes: number, runner: string | null): World {
    const on = runner === null ? {} : { runner };
    const plan = new Plans()
      .task("low", { params: ["x"], priority: "low", ...on })
      .task("high", { params: ["x"], priority: "high", ...on })
      .task("u", { params: ["x"], result: first })
      .flow("main", [], (b) => {
        b.task("last", "low", [lit(0)]);
        return b.repeat("r", passes, (inner) => {
          const value = inner.task("h", "high", [lit(0)]);
          // Two at a time, so that there is always one that could start.
          inner.task("g", "high", [lit(1)]);
          return { value, until: inner.let(lit(false)) };
        });
      })
      .done();
    const world = new World(withRunner(plan, 1), { options: { jobs: 1 } });
    world.start();
    world.go(() => startsOf(world).includes("last"));
    return world;
  }

  it("starts in the end, whatever its priority", () => {
    for (const runner of [null, "rust"]) {
      const starts = startsOf(stream(400, runner));
      expect(starts.length).toBeGreaterThan(turnEvery);
      expect(starts.length).toBeLessThanOrEqual(2 * turnEvery + 2);
    }
  });

  it("waits while all that goes before it is soon done", () => {
    expect(startsOf(stream(20, null)).at(-1)).toBe("last");
    expect(startsOf(stream(20, null)).length).toBe(41);
  });

  it("starts though it needs more than is ever free of itself, and many small ones come", () => {
    const plan = new Plans()
      .task("big", { params: ["x"], cpu: 4, priority: "low" })
      .task("small", { params: ["x"] })
      .flow("main", [], (b) => {
        b.task("big", "big", [lit(0)]);
        for (let c = 0; c < 4; c++)
          b.repeat(`r${c}`, 200, (inner) => {
            const value = inner.task("s", "small", [lit(0)]);
            return { value, until: inner.let(lit(false)) };
          });
        return null;
      })
      .done();
    const world = new World(plan, { options: { jobs: 4 } }).start();
    world.go(() => startsOf(world).includes("big"));
    expect(startsOf(world).length).toBeLessThanOrEqual(4 * turnEvery);
  });
});
