// Checks `for` in the pure core: items, keys, growth, order between items, and its bounds.

import { describe, expect, it } from "vitest";
import { field, lit, local, planOf } from "./run-plans.ts";
import { ran, World } from "./run-world.ts";

const failing =
  (...names: string[]) =>
  (name: string) =>
    names.includes(name) ? { fail: `${name} broke` } : { value: name };

describe("for", () => {
  const late = (loop: Partial<Parameters<Parameters<Parameters<typeof planOf>[0]>[0]["for"]>[2]> = {}) =>
    planOf((b) => {
      const list = b.task("list", "t", [0]);
      return b.for("x", list, { body: (i, item) => i.task("w", "t", [item]), ...loop });
    });
  const listing =
    (items: readonly unknown[], ...bad: string[]) =>
    (name: string) =>
      name === "list"
        ? { value: JSON.parse(JSON.stringify(items)) }
        : bad.includes(name)
          ? { fail: `${name} broke` }
          : { value: name };

  it("over a known list is there from the start; over a node's it grows", () => {
    const known = ran(planOf((b) => b.for("x", ["a", "b"], { body: (i, item) => i.task("w", "t", [item]) })));
    expect(known.states).toEqual(["x[a].w: succeeded", "x[b].w: succeeded"]);
    const world = ran(late(), { end: listing(["a", "b"]) });
    expect(world.states).toEqual(["list: succeeded", "x[a].w: succeeded", "x[b].w: succeeded"]);
    expect(world.run.output).toEqual(["x[a].w", "x[b].w"]);
    expect(world.events.filter((event) => event.type === "grown").map((event) => event.count)).toEqual([
      2, 6,
    ]);
  });

  it("over nothing is nothing", () => {
    const world = ran(late(), { end: listing([]) });
    expect(world.run.output).toEqual([]);
    expect(world.run.status).toBe("succeeded");
  });

  it("names items by key, string or index, and leaves out by filter", () => {
    const odd = { k: "compare", op: "!=", left: field(local(0), "id"), right: lit("b") } as const;
    const world = ran(late({ by: field(local(0), "id"), filter: odd }), {
      end: listing([{ id: "a" }, { id: "b" }, { id: "c]d" }]),
    });
    expect(world.states).toEqual(["list: succeeded", "x[a].w: succeeded", 'x["c]d"].w: succeeded']);
    const index = ran(late(), { end: listing([{ id: "a" }, "s"]) });
    expect(index.states).toEqual(["list: succeeded", "x[0].w: succeeded", "x[s].w: succeeded"]);
  });

  it("nests, and sees what is around", () => {
    const world = ran(
      planOf((b) => {
        const top = b.task("top", "t", [0]);
        return b.for("x", ["a", "b"], {
          body: (i, outer) =>
            i.for("y", ["c", "d"], {
              body: (j, inner) =>
                j.task("w", "u", [{ k: "list", items: [j.expr(top), j.expr(outer), j.expr(inner)] }]),
            }),
        });
      }),
    );
    expect(world.run.output).toEqual([
      [
        ["top", "a", "c"],
        ["top", "a", "d"],
      ],
      [
        ["top", "b", "c"],
        ["top", "b", "d"],
      ],
    ]);
    expect(world.states[3]).toBe("x[b].y[c].w: succeeded");
  });

  it("fails at its end if an item fails, and the others run", () => {
    const world = ran(late(), { end: listing(["a", "b", "c"], "x[b].w") });
    expect(world.states).toEqual([
      "list: succeeded",
      "x[a].w: succeeded",
      "x[b].w: failed",
      "x[c].w: succeeded",
    ]);
    expect(world.run.status).toBe("failed");
    expect(world.run.error(0).map((failure) => failure.name)).toEqual(["main", "x", "x[b]", "x[b].w"]);
  });

  it("refuses two items with one key, and too many, before anything of it starts", () => {
    const twice = ran(late(), { end: listing(["a", "b", "a"]) });
    expect(twice.started).toEqual(["list"]);
    expect(twice.run.error(twice.run.find("x") ?? 0)[0]?.message).toBe(
      'items 0 and 2 have the same key "a"; `by` must give each item its own',
    );
    const many = ran(late({ max: 2 }), { end: listing(["a", "b", "c"]) });
    expect(many.run.error(many.run.find("x") ?? 0)[0]?.message).toBe(
      "the list has 3 items, more than 2; raise its `max` if it is right",
    );
    const thousand = ran(late(), { end: listing(Array.from({ length: 1001 }, (_, i) => i)) });
    expect(thousand.run.error(thousand.run.find("x") ?? 0)[0]?.message).toContain(
      "more than 1000; `max: 1001`",
    );
  });

  it("keeps to `parallel`, whatever else there is to do", () => {
    const world = new World(
      planOf((b) => {
        b.for("x", ["a", "b", "c", "d", "e"], {
          parallel: 2,
          body: (i, item) => i.task("v", "t", [i.task("w", "t", [item])]),
        });
        return b.for("y", ["a", "b", "c"], { body: (i, item) => i.task("w", "t", [item]) });
      }),
      { options: { jobs: 100 }, pick: (running) => running.at(-1) ?? 0 },
    );
    let most = 0;
    world.check = (run) => {
      const items = new Set(
        [...run.running()].map((n) => run.name(n)).filter((name) => name.startsWith("x")),
      );
      most = Math.max(most, items.size);
    };
    world.start().go();
    expect(most).toBe(2);
    expect(world.run.status).toBe("succeeded");
    expect(world.started.slice(0, 5)).toEqual(["x[a].w", "x[b].w", "y[a].w", "y[b].w", "y[c].w"]);
  });

  it("keeps to `parallel` of fors inside of fors", () => {
    const world = new World(
      planOf((b) =>
        b.for("x", ["a", "b", "c"], {
          parallel: 2,
          body: (i) =>
            i.for("y", ["d", "e", "f"], { parallel: 1, body: (j, item) => j.task("w", "t", [item]) }),
        }),
      ),
      { options: { jobs: 100 } },
    );
    let most = 0;
    world.check = (run) => {
      most = Math.max(most, [...run.running()].length);
    };
    world.start().go();
    expect(most).toBe(2);
    expect(world.run.counts.succeeded).toBe(9);
  });

  it("tolerates so many failures, and gives the others", () => {
    const world = ran(late({ tolerate: 1 }), { end: listing(["a", "b", "c"], "x[b].w") });
    expect(world.run.status).toBe("succeeded");
    expect(world.run.output).toEqual(["x[a].w", "x[c].w"]);
    const percent = ran(late({ percent: 34 }), { end: listing(["a", "b", "c"], "x[b].w") });
    expect(percent.run.status).toBe("succeeded");
    const rounded = ran(late({ percent: 33 }), { end: listing(["a", "b", "c"], "x[b].w") });
    expect(rounded.run.status).toBe("failed");
  });

  it("past what it tolerates fails at once: what runs may end, nothing more starts", () => {
    const world = ran(late({ tolerate: 1 }), {
      options: { jobs: 2 },
      end: listing(["a", "b", "c", "d", "e"], "x[a].w", "x[b].w"),
    });
    expect(world.states).toEqual([
      "list: succeeded",
      "x[a].w: failed",
      "x[b].w: failed",
      "x[c].w: succeeded",
      "x[d].w: cancelled",
      "x[e].w: cancelled",
    ]);
    expect(world.run.error(world.run.find("x") ?? 0)[0]?.message).toBe(
      "2 of its 5 items failed or were skipped, and it tolerates 1",
    );
  });
});

describe("for … after", () => {
  const graph = (items: readonly { id: string; deps: readonly string[] }[], otherwise = false) =>
    planOf((b) =>
      b.for("x", JSON.parse(JSON.stringify(items)), {
        by: field(local(0), "id"),
        waits: field(local(0), "deps"),
        body: (i, item, deps) =>
          i.task("w", "t", [deps ?? item], otherwise ? { otherwise: (o) => o.let(lit("without")) } : {}),
      }),
    );

  it("starts an item when those it waits for have ended, and gives it their values", () => {
    const plan = graph([
      { id: "a", deps: ["b", "c"] },
      { id: "b", deps: ["c"] },
      { id: "c", deps: [] },
    ]);
    const world = ran(plan, { end: (name, _a, run, n) => ({ value: [name, run.error(n).length] }) });
    expect(world.started).toEqual(["x[c].w", "x[b].w", "x[a].w"]);
    expect(
      world.run.value(world.run.cellAt(world.run.frames.get(world.run.find("x[a].w") ?? 0), 0, 1)),
    ).toEqual([
      ["x[b].w", 0],
      ["x[c].w", 0],
    ]);
  });

  it("skips items that wait for a failed one; `otherwise` answers in each", () => {
    const items = [
      { id: "a", deps: ["b"] },
      { id: "b", deps: ["c"] },
      { id: "c", deps: [] },
    ];
    expect(ran(graph(items), { end: failing("x[c].w") }).states).toEqual([
      "x[a].w: skipped",
      "x[b].w: skipped",
      "x[c].w: failed",
    ]);
    const answered = ran(graph(items, true), { end: failing("x[c].w") });
    expect(answered.run.output).toEqual(["x[a].w", "x[b].w", "without"]);
  });

  it("shows a whole circle, an unknown key, and an item that waits for itself", () => {
    const message = (items: Parameters<typeof graph>[0]) => {
      const world = ran(graph(items));
      expect(world.started).toEqual([]);
      return world.run.error(world.run.find("x") ?? 0)[0]?.message;
    };
    expect(
      message([
        { id: "z", deps: ["a"] },
        { id: "a", deps: ["b"] },
        { id: "b", deps: ["c"] },
        { id: "c", deps: ["a"] },
      ]),
    ).toBe("3 items wait in a circle: a → b → c → a");
    expect(message([{ id: "a", deps: ["a"] }])).toBe("1 item waits in a circle: a → a");
    expect(message([{ id: "a", deps: ["q"] }])).toBe(
      'item "a" waits for "q", and there is no item with that key',
    );
  });
});
