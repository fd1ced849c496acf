// Handlers in the pure core: when they run, what they see, how the block ends, and what a resume makes of them.

import { describe, expect, it } from "vitest";
import type { Plan } from "../compiler/plan.ts";
import { phase } from "./run-gate-plans.ts";
import { handle, rollback } from "./run-handler-plans.ts";
import { field, lit, Plans, planOf } from "./run-plans.ts";
import { resumesAnywhere } from "./run-resumes.ts";
import { fold, ran, snapshot, World, type WorldOptions } from "./run-world.ts";

const failing = (...names: string[]): WorldOptions => ({
  end: (name) => (names.includes(name) ? { fail: `${name} broke` } : { value: name }),
});

/** `a`, then `b`; both handlers tell what they see. */
function handled(): Plan {
  return planOf((b) => {
    const a = b.task("a", "t", []);
    const second = b.task("b", "t", [a]);
    handle(b, {
      failure: (inner, f) => {
        inner.task("told", "t", [inner.expr(f)]);
        inner.task("late", "t", [a], { after: [second] });
      },
      final: (inner) => {
        inner.task("bye", "t", [second]);
      },
    });
    return second;
  });
}

describe("handlers", () => {
  it("run `finally` when all went well, and keep the value", () => {
    const world = ran(handled());
    expect(world.started).toEqual(["a", "b", "finally.bye"]);
    expect(world.run.output).toBe("b");
    resumesAnywhere(handled(), {});
  });

  it("run both after a failure, one after the other, and the flow has failed", () => {
    const world = ran(handled(), failing("b"));
    expect(world.started).toEqual(["a", "b", "on-failure.told", "on-failure.late", "finally.bye"]);
    expect(world.run.status).toBe("failed");
    expect(world.run.error(0).at(-1)?.message).toBe("b broke");
    resumesAnywhere(handled(), failing("b"));
  });

  it("see what failed, and `none` for what did not succeed", () => {
    const seen: unknown[] = [];
    const plan = planOf((b) => {
      const a = b.task("a", "t", []);
      handle(b, {
        failure: (inner, f) => {
          const text = inner.let({
            k: "list",
            items: [
              field(inner.expr(f), "node"),
              field(inner.expr(f), "task"),
              field(inner.expr(f), "error"),
            ],
          });
          inner.task("told", "u", [text]);
        },
        final: (inner) => {
          inner.task("bye", "u", [a]);
        },
      });
      return a;
    });
    const world = ran(plan, failing("a"));
    for (const n of world.run.nodes()) seen.push(world.run.value(n));
    expect(seen).toEqual([null, ["a", "t", "a broke"], null]);
  });

  it("that fail fail the flow, whose first failure stays the cause", () => {
    const ends = ran(handled(), failing("finally.bye"));
    expect(ends.run.status).toBe("failed");
    expect(ends.run.output).toBeNull();
    expect(ends.run.error(0).at(-1)?.message).toBe("finally.bye broke");
    const both = ran(handled(), failing("b", "on-failure.told"));
    expect(both.started.at(-1)).toBe("finally.bye");
    expect(both.run.error(0).at(-1)?.message).toBe("b broke");
    resumesAnywhere(handled(), failing("b", "on-failure.told", "finally.bye"));
  });

  it("run anew when the block fails anew after a resume, and what they did stays", () => {
    const world = ran(handled(), failing("b")).open().go();
    expect(world.run.status).toBe("failed");
    const again = ["b", "on-failure~2.told", "on-failure~2.late", "finally~2.bye"];
    expect(world.started.slice(5)).toEqual(again);
    expect(snapshot(fold(handled(), world.events))).toEqual(snapshot(world.run));
    const [told] = [...world.run.nodes()].filter((n) => world.run.name(n) === "on-failure.told");
    expect(world.run.past(told ?? 0)).toBe(true);
  });

  it("run for a resume that only had a `finally` left to fail", () => {
    let broken = true;
    const world = new World(handled(), {
      end: (name) => (broken && name === "finally.bye" ? { fail: "no" } : { value: name }),
    });
    world.start().go();
    expect(world.run.status).toBe("failed");
    broken = false;
    world.open().go();
    expect(world.run.status).toBe("succeeded");
    expect(world.started).toEqual(["a", "b", "finally.bye", "finally~2.bye"]);
  });

  it("of a phase run before what is below it is skipped, and those of a called flow before its `otherwise`", () => {
    const plan = new Plans()
      .task("t", { params: ["x"] })
      .flow("sub", [], (b) => {
        const bad = b.task("bad", "t", []);
        handle(b, {
          final: (inner) => {
            inner.task("clean", "t", [bad]);
          },
        });
        return bad;
      })
      .flow("main", [], (b) => {
        phase(b, "p", (inner) => {
          inner.task("one", "t", []);
          handle(inner, {
            failure: (deep) => {
              deep.task("told", "t", []);
            },
          });
        });
        const x = b.flow("x", "sub", [], { otherwise: (inner) => inner.task("spare", "t", []) });
        return x;
      })
      .done();
    const well = ran(plan, failing("x.bad"));
    expect(well.started).toEqual(["p.one", "x.bad", "x.finally.clean", "x.otherwise.spare"]);
    expect(well.run.output).toBe("x.otherwise.spare");
    const badly = ran(plan, failing("p.one"));
    expect(badly.started).toEqual(["p.one", "p.on-failure.told", "x.otherwise.spare"]);
    expect(badly.run.status).toBe("failed");
    resumesAnywhere(plan, failing("x.bad"));
    resumesAnywhere(plan, failing("p.one"));
  });

  it("do not run for a flow that never began", () => {
    const plan = new Plans()
      .task("t", { params: ["x"] })
      .flow("sub", ["x"], (b, x) => {
        const work = b.task("work", "t", [x ?? null]);
        handle(b, {
          final: (inner) => {
            inner.task("clean", "t", []);
          },
        });
        return work;
      })
      .flow("main", [], (b) => b.flow("x", "sub", [b.task("a", "t", [])]))
      .done();
    expect(ran(plan, failing("a")).started).toEqual(["a"]);
    expect(ran(plan, failing("x.work")).started).toEqual(["a", "x.work", "x.finally.clean"]);
  });
});

describe("the end of a run with handlers", () => {
  it("runs `finally` when a person cancels it, and what ran has ended", () => {
    const world = new World(handled(), {
      end: (_, __, run) => (run.cancelled === null ? { value: 1 } : "cancelled"),
    });
    world.start().go(() => world.started.length === 2);
    world.append({ type: "run.cancelled", by: "person", why: "interrupt" });
    const clean = new World(handled(), {});
    clean.events.push(...world.events);
    world.go();
    expect(world.run.status).toBe("cancelled");
    expect(world.started).toEqual(["a", "b", "finally.bye"]);
    // A crash after the cancel: the resume takes up the work again.
    clean.crash().open().go();
    expect(clean.run.status).toBe("succeeded");
    expect(clean.started).toEqual(["a", "b", "b", "finally.bye"]);
  });

  it("starts nothing more when it is to end at once", () => {
    const world = new World(handled(), { end: () => "cancelled" });
    world.start().go(() => world.started.length === 1);
    world.append({ type: "run.cancelled", by: "person", why: "interrupt" });
    world.append({ type: "run.cancelled", by: "person", why: "interrupt", at_once: true });
    world.go();
    expect(world.started).toEqual(["a"]);
    expect(world.run.status).toBe("cancelled");
    const after = new World(handled(), {});
    after.events.push(...world.events);
    after.crash().open().go();
    expect(after.run.status).toBe("succeeded");
    expect(after.started).toEqual(["a", "a", "b", "finally.bye"]);
  });

  it("runs handlers with `--fail-fast`, and nothing else", () => {
    const plan = planOf((b) => {
      b.task("a", "t", []);
      b.task("b", "t", [b.task("slow", "t", [])]);
      handle(b, {
        failure: (inner) => {
          inner.task("told", "t", []);
        },
        final: (inner) => {
          inner.task("bye", "t", []);
        },
      });
      return null;
    });
    const pick = (running: readonly number[]) => running.at(-1) ?? 0;
    const config = { ...failing("a"), options: { failFast: true }, pick };
    expect(ran(plan, config).started).toEqual(["slow", "a", "on-failure.told", "finally.bye"]);
    const world = ran(plan, config);
    expect(snapshot(fold(plan, world.events))).toEqual(snapshot(world.run));
  });

  it("waits for what runs in items that count no more", () => {
    const plan = new Plans()
      .task("t", { params: ["x"] })
      .flow("sub", ["x"], (b, x) => {
        const work = b.task("work", "t", [x ?? null]);
        handle(b, {
          final: (inner) => {
            inner.task("clean", "t", []);
          },
        });
        return work;
      })
      .flow("main", [], (b) => {
        const all = b.for("all", ["a", "b", "c"], {
          enough: 1,
          body: (inner, item) => inner.flow("x", "sub", [item]),
        });
        handle(b, {
          final: (inner) => {
            inner.task("bye", "t", [all]);
          },
        });
        return all;
      })
      .done();
    const world = ran(plan, {
      end: (name, _, run, n) =>
        run.unneeded.has(n) || name.includes("b].x.work") ? "cancelled" : { value: name },
    });
    expect(world.run.status).toBe("succeeded");
    expect(world.started.at(-1)).toBe("finally.bye");
    expect(world.started.filter((name) => name.endsWith("clean")).length).toBeGreaterThan(1);
    expect(snapshot(fold(plan, world.events))).toEqual(snapshot(world.run));
  });
});

/** `a` and `b` (of a called flow) can be taken back; `c` comes after them. */
function undoable(): Plan {
  return new Plans()
    .task("t", { params: ["x"] })
    .task("made", { params: ["x"], undo: true })
    .flow("sub", ["x"], (b, x) => b.task("b", "made", [x ?? null]))
    .flow("main", [], (b) => {
      const plain = b.task("plain", "t", []);
      const a = b.task("a", "made", [plain]);
      const sub = b.flow("sub", "sub", [a]);
      const list = b.task("list", "t", [sub]);
      b.for("each", list, { body: (inner, item) => inner.task("work", "made", [item]) });
      b.task("other", "made", [lit("side")]);
      handle(b, {
        failure: (inner) => {
          const told = inner.task("told", "t", []);
          rollback(inner, [told]);
        },
      });
      return sub;
    })
    .done();
}

const listing = (bad: (name: string) => boolean): WorldOptions => ({
  end: (name) => (bad(name) ? { fail: "no" } : { value: name === "list" ? ["x", "y"] : name }),
});

describe("rollback()", () => {
  const broken = listing((name) => name === "each[y].work");

  it("takes back what succeeded, newest first, one after the other", () => {
    const world = ran(undoable(), broken);
    const from = world.started.indexOf("on-failure.told");
    const undone = world.started.slice(from + 1);
    const done = world.events
      .flatMap((event) =>
        event.type === "attempt.ended" && event.outcome === "succeeded" ? [world.run.name(event.n)] : [],
      )
      .filter((name) => /^(a|other|sub\.b|each.*work)$/.test(name));
    expect(undone).toEqual(done.reverse().map((name) => `${name}~undo`));
    expect(undone).toHaveLength(4);
    resumesAnywhere(undoable(), broken);
  });

  it("goes on after an undo that failed; the handler has then failed", () => {
    const world = ran(
      undoable(),
      listing((name) => name === "each[y].work" || name === "sub.b~undo"),
    );
    expect(world.states).toContain("sub.b~undo: failed");
    expect(world.states).toContain("a~undo: succeeded");
    expect(world.run.error(0).at(-1)?.name).toBe("each[y].work");
  });

  it("is done again by a resume, with all that came from it and nothing else", () => {
    const world = ran(undoable(), broken);
    const before = world.started.length;
    const calm = new World(
      undoable(),
      listing(() => false),
    );
    calm.events.push(...world.events);
    calm.crash();
    calm.now = world.now + 10;
    calm.open().go();
    expect(calm.run.status).toBe("succeeded");
    expect([...calm.started.slice(before)].sort()).toEqual(
      ["a", "each[x].work", "each[y].work", "list", "other", "sub.b"].sort(),
    );
    const again = calm.started.slice(before);
    expect(again.indexOf("a")).toBeLessThan(again.indexOf("sub.b"));
    expect(again.indexOf("list")).toBeLessThan(again.indexOf("each[x].work"));
    expect(snapshot(fold(undoable(), calm.events))).toEqual(snapshot(calm.run));
  });

  it("takes back once more what was done once more, under another name", () => {
    const world = ran(undoable(), broken).open().go();
    expect(world.run.status).toBe("failed");
    expect(world.states).toContain("a~undo~2: succeeded");
    expect(snapshot(fold(undoable(), world.events))).toEqual(snapshot(world.run));
  });
});
