// What may be done only once: where nobody can say how it ended a person decides, and nothing else does.

import { describe, expect, it } from "vitest";
import type { Plan } from "../compiler/plan.ts";
import { answerTo } from "../runtime/answer-requests.ts";
import { decide } from "../runtime/decide.ts";
import type { EventBody } from "../runtime/events.ts";
import { phase } from "./run-gate-plans.ts";
import { handle } from "./run-handler-plans.ts";
import { type Draft, lit, Plans, type Slot } from "./run-plans.ts";
import { resumesAnywhere } from "./run-resumes.ts";
import { noRetry } from "./run-tasks.ts";
import { type End, fold, ran, snapshot, World, type WorldOptions } from "./run-world.ts";

function plans(): Plans {
  return new Plans()
    .task("t", { params: ["x"] })
    .task("once", { params: ["x"], effect: "once" })
    .task("u", { params: ["x"], result: { k: "slot", up: 0, i: 0 } });
}

function planOf(build: (b: Draft) => Slot | null): Plan {
  return plans().flow("main", [], build).done();
}

/** `x = once(0)`, `below = t(x)`, and beside them `other = t(0)`. */
const plain = planOf((b) => {
  const x = b.task("x", "once", [0]);
  b.task("other", "t", [0]);
  return b.task("below", "t", [x]);
});

/** The first attempt of `x` ends so; every other well. */
function firstEnds(end: End, name = "x"): NonNullable<WorldOptions["end"]> {
  return (each, a) => (each === name && a === 1 ? end : { value: each });
}

/** Everything that leaves it unknown, but for what the world itself does. */
const unknownEnds: readonly End[] = [
  "lost",
  "cancelled",
  { fail: "slow", why: "timeout" },
  { fail: "still", why: "stall" },
];

/** Between two starts of a node that may be done only once a person said that it is to run again. */
function startsOnlyWhenTold({ events, run }: World): void {
  const started = new Set<number>();
  for (const event of events) {
    if (event.type === "node.decided" && event.as === "again") started.delete(event.n);
    if (event.type !== "attempt.started" || run.task(event.n) !== "once") continue;
    expect(started.has(event.n), `${run.name(event.n)} is started again`).toBe(false);
    started.add(event.n);
  }
}

it("keeps its place in a `for` with `parallel` until a person has decided, which is told", () => {
  const plan = planOf((b) =>
    b.for("all", ["a", "b", "c"], { parallel: 1, body: (inner, item) => inner.task("pay", "once", [item]) }),
  );
  const world = new World(plan, { end: (_name, _a, run, n) => (run.key(n) === "a" ? "lost" : { value: 1 }) });
  world.start().go();
  const held = [...world.run.nodes()].map((n) => world.run.heldBy(n, world.now));
  const told = "`parallel: 1` of all, of which all[a].pay keeps one until a person says how it ended";
  expect(held).toEqual([null, told, told]);
});

describe("a node that may be done only once", () => {
  it("ends as any other when it ends by itself", () => {
    expect(ran(plain).states).toEqual(["x: succeeded", "other: succeeded", "below: succeeded"]);
    const failed = ran(plain, { end: firstEnds({ fail: "no" }) });
    expect(failed.run.status).toBe("failed");
    expect(failed.states).toEqual(["x: failed", "other: succeeded", "below: skipped"]);
  });

  it.each(unknownEnds)("waits for a person after %j, and all else goes on", (end) => {
    const world = ran(plain, { end: firstEnds(end) });
    expect(world.states).toEqual(["x: unknown", "other: succeeded", "below: waiting"]);
    expect(world.run.status).toBe("running");
    expect(world.run.counts).toMatchObject({ unknown: 1, succeeded: 1, waiting: 1, total: 3 });
    expect(decide(world.run, world.now)).toEqual({ do: "sleep", until: null, people: true });
    expect(world.run.error(world.run.find("x") ?? 0)).toMatchObject([{ name: "x", state: "unknown" }]);
  });

  it("is not known how it ended when a signal ended it", () => {
    const world = new World(plain).start();
    world.go(() => world.started.includes("x"));
    const n = world.run.find("x") ?? 0;
    world.append({ type: "attempt.ended", n, a: 1, outcome: "failed", why: "exit", signal: "SIGKILL" });
    expect(world.run.state(n)).toBe("unknown");
  });

  it("never began if it was told to end before anything of it ran", () => {
    const world = new World(plain).start();
    world.go(() => world.started.includes("x"));
    const n = world.run.find("x") ?? 0;
    world.append({ type: "run.cancelled", by: "ann", why: "cancel" });
    world.append({ type: "attempt.ended", n, a: 1, outcome: "cancelled", why: "launch" });
    expect(world.run.state(n)).toBe("cancelled");
  });

  it("has succeeded, with its value, if a person says so", () => {
    const config: WorldOptions = { end: firstEnds("lost"), person: () => ({ value: "done by hand" }) };
    const world = ran(plain, config);
    expect(world.run.status).toBe("succeeded");
    expect(world.run.value(world.run.find("x") ?? 0)).toBe("done by hand");
    resumesAnywhere(plain, config, startsOnlyWhenTold);
  });

  it("has failed if a person says so, and that can be answered", () => {
    const config: WorldOptions = { end: firstEnds("lost"), person: () => "failed" };
    const world = ran(plain, config);
    expect(world.states).toEqual(["x: failed", "other: succeeded", "below: skipped"]);
    expect(world.run.error(0).at(-1)?.message).toBe("ann said that it failed");
    const answered = planOf((b) => b.task("x", "once", [0], { otherwise: (o) => o.let(lit("spare")) }));
    const open = ran(answered, { end: firstEnds("lost") });
    expect(open.states).toEqual(["x: unknown"]);
    const ended = ran(answered, config);
    expect([ended.run.status, ended.run.output]).toEqual(["succeeded", "spare"]);
    resumesAnywhere(answered, config, startsOnlyWhenTold);
  });

  it("runs again if a person says so, with the same key", () => {
    const config: WorldOptions = { end: firstEnds("lost"), person: () => "again" };
    const world = ran(plain, config);
    expect(world.run.status).toBe("succeeded");
    const keys = world.events.flatMap((event) =>
      event.type === "attempt.started" && world.run.name(event.n) === "x" ? [event.key] : [],
    );
    expect(keys).toHaveLength(2);
    expect(keys[0]).toBe(keys[1]);
    resumesAnywhere(plain, config, startsOnlyWhenTold);
  });

  it("is never repeated, whatever `retry` holds for it", () => {
    const plan = planOf((b) => b.task("x", "once", [0], { with: { retry: { ...noRetry, times: 3 } } }));
    const failed = ran(plan, { end: () => ({ fail: "no" }) });
    expect(failed.started).toEqual(["x"]);
    expect(ran(plan, { end: () => "lost" }).started).toEqual(["x"]);
  });

  it("may be made so by `with`", () => {
    const plan = planOf((b) => b.task("x", "t", [0], { with: { effect: "once" } }));
    expect(ran(plan, { end: () => "lost" }).states).toEqual(["x: unknown"]);
  });

  it("is not tolerated: the `for` waits until it is decided", () => {
    const plan = planOf((b) =>
      b.for("all", ["a", "b"], { tolerate: 1, body: (i, item) => i.task("x", "once", [item]) }),
    );
    const end = firstEnds("lost", "all[a].x");
    expect(ran(plan, { end }).run.status).toBe("running");
    const person: NonNullable<WorldOptions["person"]> = (run, n) =>
      run.name(n) === "all[a].x" ? "failed" : { value: run.name(n) };
    const ended = ran(plan, { end, person });
    expect([ended.run.status, ended.run.output]).toEqual(["succeeded", ["all[b].x"]]);
    resumesAnywhere(plan, { end, person }, startsOnlyWhenTold);
  });

  it("is waited for also where its `for` has enough without it", () => {
    const plan = planOf((b) =>
      b.for("all", ["a", "b"], { enough: 1, body: (i, item) => i.task("x", "once", [item]) }),
    );
    const config: WorldOptions = {
      pick: (running) => running.at(-1) ?? 0,
      end: (name) => (name === "all[a].x" ? "cancelled" : { value: name }),
    };
    const world = ran(plan, config);
    expect(world.states).toEqual(["all[a].x: unknown", "all[b].x: succeeded"]);
    expect(world.run.status).toBe("running");
    const n = world.run.find("all[a].x") ?? 0;
    const request = { id: 1, by: "ann", note: null, at: 0 };
    expect(answerTo(world.run, { ...request, ask: { kind: "settle", n, as: "again" } })).toEqual({
      events: [],
      refused: "Nothing needs all[a].x any more.",
    });
    world.append({ type: "node.decided", n, as: "succeeded", value: null, by: "ann" });
    world.go();
    expect([world.run.status, world.run.output]).toEqual(["succeeded", ["all[b].x"]]);
    expect(snapshot(fold(plan, world.events))).toEqual(snapshot(world.run));
  });

  it("stays undecided when the run is cancelled, and when that is opened again", () => {
    const world = new World(plain, { end: (name) => (name === "x" ? "cancelled" : { value: name }) }).start();
    world.go(() => world.started.includes("x"));
    world.append({ type: "run.cancelled", by: "ann", why: "interrupt" });
    world.go();
    expect(world.run.status).toBe("cancelled");
    expect(world.states[0]).toBe("x: unknown");
    world.open().go();
    expect(world.states).toEqual(["x: unknown", "other: succeeded", "below: waiting"]);
    expect(world.run.status).toBe("running");
    const n = world.run.find("x") ?? 0;
    world.append({ type: "node.decided", n, as: "succeeded", value: 1, by: "ann" });
    world.go();
    expect(world.run.status).toBe("succeeded");
    expect(world.started.filter((name) => name === "x")).toHaveLength(1);
    expect(snapshot(fold(plain, world.events))).toEqual(snapshot(world.run));
  });

  it("does not keep a run that fails fast from its end", () => {
    const plan = planOf((b) => {
      b.task("x", "once", [0]);
      return b.task("y", "t", [0]);
    });
    const end: NonNullable<WorldOptions["end"]> = (name) => (name === "x" ? "lost" : { fail: "no" });
    expect(ran(plan, { end, options: { failFast: true } }).run.status).toBe("failed");
    expect(ran(plan, { end }).run.status).toBe("running");
  });

  it("does not run again by itself when a failed run is opened again", () => {
    const world = ran(plain, { end: firstEnds({ fail: "no" }) });
    expect(world.run.status).toBe("failed");
    world.open().go();
    expect(world.started.filter((name) => name === "x")).toHaveLength(1);
    expect(world.states).toEqual(["x: unknown", "other: succeeded", "below: waiting"]);
    expect(world.run.error(world.run.find("x") ?? 0)[0]?.message).toBe("no");
    const n = world.run.find("x") ?? 0;
    world.append({ type: "node.decided", n, as: "again", by: "ann" });
    world.go();
    expect(world.run.status).toBe("succeeded");
    expect(snapshot(fold(plain, world.events))).toEqual(snapshot(world.run));
  });

  it("holds what stands below its phase", () => {
    const plan = planOf((b) => {
      phase(b, "ship", (inner) => {
        inner.task("x", "once", [0]);
      });
      return b.task("below", "t", [0]);
    });
    const config: WorldOptions = { end: firstEnds("lost", "ship.x"), person: () => ({ value: 1 }) };
    expect(ran(plan, { end: firstEnds("lost", "ship.x") }).started).toEqual(["ship.x"]);
    expect(ran(plan, config).started).toEqual(["ship.x", "below"]);
    resumesAnywhere(plan, config, startsOnlyWhenTold);
  });

  it("is decided once: what is decided, running or done cannot be", () => {
    const world = ran(plain, { end: firstEnds("lost") });
    const n = world.run.find("other") ?? 0;
    const request = { id: 1, by: "ann", note: "I looked", at: 0 };
    expect(answerTo(world.run, { ...request, ask: { kind: "settle", n, as: "failed" } })).toEqual({
      events: [],
      refused: "There is nothing to decide about other: it has succeeded.",
    });
    const x = world.run.find("x") ?? 0;
    const decided: EventBody = { type: "node.decided", n: x, as: "failed", by: "ann", note: "I looked" };
    expect(answerTo(world.run, { ...request, ask: { kind: "settle", n: x, as: "failed" } })).toEqual({
      events: [decided],
      refused: null,
    });
    world.append(decided);
    expect(world.run.error(x)[0]?.message).toBe("ann said that it failed: I looked");
    expect(() => world.append(decided)).toThrow("was not unknown");
  });
});

describe("handlers beside what nobody can say how it ended", () => {
  /** `x = once(0)`, and `finally { bye = t(0) }`. */
  const closing = planOf((b) => {
    const x = b.task("x", "once", [0]);
    handle(b, {
      final: (inner) => {
        inner.task("bye", "t", [0]);
      },
    });
    return x;
  });

  function cancelled(before: boolean): World {
    const world = new World(closing, {
      end: (name) => (name === "x" ? "cancelled" : { value: name }),
    }).start();
    world.go(() => (before ? world.run.counts.unknown === 1 : world.started.includes("x")));
    world.append({ type: "run.cancelled", by: "ann", why: "cancel" });
    return world.go();
  }

  it.each([true, false])("run when the run is cancelled (unknown before that: %s)", (before) => {
    const world = cancelled(before);
    expect(world.states).toEqual(["x: unknown", "finally.bye: succeeded"]);
    expect(world.run.status).toBe("cancelled");
    expect(snapshot(fold(closing, world.events))).toEqual(snapshot(world.run));
    world.open().go();
    expect(world.run.status).toBe("running");
    const n = world.run.find("x") ?? 0;
    expect(world.ask({ kind: "settle", n, as: "again" })).toBeNull();
    world.go(() => world.started.filter((name) => name === "x").length === 2);
    world.append({ type: "attempt.ended", n, a: 2, outcome: "succeeded", value: 1 });
    world.go();
    expect([world.run.status, world.run.output]).toEqual(["succeeded", 1]);
    expect(snapshot(fold(closing, world.events))).toEqual(snapshot(world.run));
  });

  it("wait until it is decided while nobody wants the end", () => {
    const world = ran(closing, { end: firstEnds("lost") });
    expect(world.started).toEqual(["x"]);
    const ended = ran(closing, { end: firstEnds("lost"), person: () => "failed" });
    expect(ended.states).toEqual(["x: failed", "finally.bye: succeeded"]);
    expect(ended.run.status).toBe("failed");
  });

  it("can be decided after its block has ended, and only what is known of it changes", () => {
    const world = cancelled(false);
    const n = world.run.find("x") ?? 0;
    world.append({ type: "run.opened", epoch: 2, pid: 1, started: "", boot: "", host: "" });
    world.append({ type: "run.cancelled", by: "ann", why: "cancel" });
    world.append({ type: "node.cancelled", n: 0, why: "cancel" });
    expect(world.run.settled(n)).toBe(true);
    expect(world.ask({ kind: "settle", n, as: "again" })).toBe("Nothing needs x any more.");
    expect(world.ask({ kind: "settle", n, as: "succeeded", value: 7 })).toBeNull();
    world.go();
    expect(world.run.status).toBe("cancelled");
    world.open().go();
    expect([world.run.status, world.run.output]).toEqual(["succeeded", 7]);
    expect(world.started.filter((name) => name === "x")).toHaveLength(1);
    expect(snapshot(fold(closing, world.events))).toEqual(snapshot(world.run));
  });
});
