// `enough`: as soon as so many items succeeded the `for` has its value, and the rest is let go.

import { describe, expect, it } from "vitest";
import type { Plan } from "../compiler/plan.ts";
import { DROPPED } from "../runtime/run-codes.ts";
import { type Loop, planOf } from "./run-plans.ts";
import { fold, ran, snapshot, World, type WorldOptions } from "./run-world.ts";

/** `all = for i in [a, b, c, d] { enough; work = t(i); more = t(work) }`, then `after = t(all)`. */
function raced(enough: number, bounds: Partial<Loop> = {}): Plan {
  return planOf((b) => {
    const all = b.for("all", ["a", "b", "c", "d"], {
      enough,
      body: (inner, item) => inner.task("more", "t", [inner.task("work", "t", [item])]),
      ...bounds,
    });
    b.task("after", "t", [all]);
    return all;
  });
}

/** What is told to end ends as cancelled; `c` is the fastest, then `b`. */
function world(plan: Plan, config: WorldOptions = {}): World {
  return ran(plan, {
    options: { jobs: 3 },
    pick: (running) => running.at(-1) ?? 0,
    ...config,
    end: (name, a, run, n) =>
      run.has(n, DROPPED) ? "cancelled" : (config.end?.(name, a, run, n) ?? { value: name }),
  });
}

describe("enough", () => {
  it("takes the first successes and lets the rest go", () => {
    const { run, states, events } = world(raced(1));
    expect(run.status).toBe("succeeded");
    expect(run.output).toEqual(["all[c].more"]);
    expect(states).toEqual([
      "after: succeeded",
      "all[a].work: cancelled",
      "all[a].more: cancelled",
      "all[b].work: cancelled",
      "all[b].more: cancelled",
      "all[c].work: succeeded",
      "all[c].more: succeeded",
      "all[d].work: succeeded",
      "all[d].more: cancelled",
    ]);
    const told = events.flatMap((event) =>
      event.type === "node.cancelled" ? [`${run.name(event.n)} ${event.why}`] : [],
    );
    expect(told).toEqual(["all[a].work enough", "all[b].work enough"]);
    expect(run.error(run.find("all[d].more") ?? 0)[0]?.message).toBe(
      "not needed any more: enough others had succeeded",
    );
  });

  it("gives the successes in the order of the items", () => {
    const ends: string[] = [];
    const racing: World = new World(raced(2), {
      // The last by name ends first.
      pick: (running) =>
        running.toSorted((a, b) => (racing.run.name(a) < racing.run.name(b) ? 1 : -1))[0] ?? 0,
      end: (name, _a, run, n) => {
        if (name.endsWith("more")) ends.push(name);
        return run.has(n, DROPPED) ? "cancelled" : { value: name };
      },
    });
    racing.start().go();
    expect(ends).toEqual(["all[d].more", "all[c].more"]);
    expect(racing.run.output).toEqual(["all[c].more", "all[d].more"]);
  });

  it("goes on past failures while it can still be reached, also with --fail-fast", () => {
    const failing = (bad: readonly string[]): WorldOptions => ({
      options: { jobs: 1, failFast: true },
      pick: (running) => running[0] ?? 0,
      end: (name) => (bad.some((key) => name.startsWith(`all[${key}]`)) ? { fail: "no" } : { value: name }),
    });
    const good = world(raced(2), failing(["a", "b"])).run;
    expect([good.status, good.output]).toEqual(["succeeded", ["all[c].more", "all[d].more"]]);
    const bad = world(raced(2), failing(["a", "b", "c"])).run;
    expect(bad.status).toBe("failed");
  });

  it("says how many succeeded when that was not enough", () => {
    const { run } = world(raced(3), {
      end: (name) => (/\[[ab]\]/.test(name) ? { fail: "no" } : { value: name }),
    });
    expect(run.error(0).map(({ name, message }) => `${name}: ${message}`)).toEqual([
      "main: `all` in it failed",
      "all: 2 of its 4 items succeeded, and `enough` asks for 3",
      "all[a]: `all[a].work` in it failed",
      "all[a].work: no",
    ]);
  });

  it("is no more than all there are", () => {
    expect(world(raced(9)).run.output).toHaveLength(4);
  });

  it("keeps to what is tolerated", () => {
    const end: WorldOptions["end"] = (name) => (/\[[abc]\]/.test(name) ? { fail: "no" } : { value: name });
    const plan = raced(1, { tolerate: 1 });
    const { run } = world(plan, { options: { jobs: 1 }, pick: (running) => running[0] ?? 0, end });
    expect(run.status).toBe("failed");
    expect(run.error(run.find("all") ?? 0)[0]?.message).toBe(
      "2 of its 4 items failed or were skipped, and it tolerates 1",
    );
    const kept = world(raced(4, { tolerate: 3 }), { end }).run;
    expect(kept.output).toEqual(["all[d].more"]);
  });

  it("comes back after every event", () => {
    for (const plan of [raced(1), raced(2, { parallel: 2 }), raced(2, { tolerate: 1 })]) {
      const whole = world(plan);
      for (let keep = 2; keep < whole.events.length; keep++) {
        const again = new World(plan, whole.config);
        again.events.push(...whole.events);
        again.crash(keep);
        again.now = whole.now + 1;
        again.open().go();
        expect(again.run.status, `resumed after event ${keep}`).toBe("succeeded");
        expect(again.run.counts.failed).toBe(0);
        expect(snapshot(fold(plan, again.events))).toEqual(snapshot(again.run));
      }
    }
  });

  it("does not start what waits for its turn", () => {
    const { started } = world(raced(1, { parallel: 1 }));
    expect(started.map((name) => name.slice(0, 6)).filter((name) => name === "all[b]")).toEqual([]);
    expect(started).toContain("after");
  });

  it("leaves nothing out that is known all at once", () => {
    const plan = planOf((b) =>
      b.for("all", ["a", "b", "c"], { enough: 2, body: (inner, item) => inner.let(item) }),
    );
    expect(ran(plan).run.output).toEqual(["a", "b", "c"]);
  });

  it("must be at least 1", () => {
    expect(ran(raced(0)).run.error(0).at(-1)?.message).toBe("`enough` must be at least 1, got 0");
  });
});
