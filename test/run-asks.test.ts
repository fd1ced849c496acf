// What the core knows of agents: sessions that go on, limits that are no attempts, all of it folded from events.

import { describe, expect, it } from "vitest";
import { askOf } from "../runtime/ask-order.ts";
import { limitedMax } from "../runtime/decide-retry.ts";
import { planOf, removeFolders } from "./pretend.ts";
import { fold, ran, World } from "./run-world.ts";

const agents = `agent coder { command: { run: ["./agent.py"] } }
agent other { command: { run: ["./other.py"] } }
task review(change: string) -> string { agent: coder, retry: 1, ask "Review ~{change}" }
task reply(change: string) -> string { agent: other, ask "Reply ~{change}" }
`;

const plan = planOf(`${agents}
flow both() -> string {
  mine   = review("d")
  theirs = reply("e")
  return mine + theirs
}
flow main() -> string {
  first  = review("a")
  second = review("b") with { session: first }
  third  = review("c")
  strange = both() with { session: third }
  return "~{second} ~{strange}"
}
`).plan;
removeFolders();

/** How node `name` would be asked in its next attempt. */
function asked(world: World, name: string) {
  const n = world.run.find(name) ?? -1;
  return askOf(world.run, n, world.run.attempts(n) + 1, `key of ${name}`);
}

/** The first attempt at a node begins in a session, and ends. */
function begun(world: World, name: string, end: Parameters<World["end"]>[1]): void {
  const n = world.run.find(name) ?? -1;
  world.append({ type: "attempt.started", n, a: 1, key: `key of ${name}` });
  world.append({ type: "attempt.placed", n, a: 1, ref: "here", session: `session of ${name}` });
  world.append({
    type: "attempt.used",
    n,
    a: 1,
    usage: { requests: 1, input: 10, output: 5, cacheRead: 0, cacheWrite: 0, cost: 0.25 },
  });
  world.end(n, end);
}

/** A run whose graph is there, and nothing of it has started. */
function opened(): World {
  const world = new World(plan).start();
  return world.go(() => world.run.count > 1);
}

describe("a session", () => {
  it("is new at first, and the same whenever it is asked for", () => {
    const world = opened();
    const first = asked(world, "first");
    expect(first).toMatchObject({ resumes: null, before: null, left: null });
    expect(asked(world, "first")).toEqual(first);
    expect(asked(world, "third")).not.toMatchObject({
      session: first !== null && "session" in first ? first.session : "",
    });
  });

  it("goes on after a failure and a crash, with what was before", () => {
    const world = opened();
    begun(world, "first", { fail: "It exited with 3." });
    const goesOn = {
      session: "session of first",
      used: { requests: 1, input: 10, output: 5, cacheRead: 0, cacheWrite: 0, cost: 0.25 },
      resumes: "attempt",
      anew: null,
      before: "It exited with 3.",
      home: world.run.find("first"),
      left: null,
    };
    expect(asked(world, "first")).toEqual(goesOn);
    expect(asked(world.crash(), "first")).toEqual(goesOn);
  });

  it("is known with all that was used in it, by all attempts and all nodes, also after a crash", () => {
    const world = opened();
    begun(world, "first", { value: "ok" });
    const used = { requests: 1, input: 10, output: 5, cacheRead: 0, cacheWrite: 0, cost: 0.25 };
    expect(asked(world, "second")).toMatchObject({ session: "session of first", used });
    const n = world.run.find("second") ?? -1;
    world.append({ type: "attempt.started", n, a: 1, key: "key of second" });
    world.append({ type: "attempt.placed", n, a: 1, ref: "here", session: "session of first" });
    for (const input of [1, 4])
      world.append({ type: "attempt.used", n, a: 1, usage: { ...used, input, cost: null } });
    world.crash().open();
    expect(asked(world, "second")).toMatchObject({
      resumes: "attempt",
      used: { requests: 2, input: 14, output: 10, cost: 0.25 },
    });
    expect(asked(world, "third")).toMatchObject({ used: { requests: 0 } });
  });

  it("of a node with other values, or that has succeeded, is not gone on with", () => {
    const world = opened();
    begun(world, "first", { fail: "no" });
    const n = world.run.find("first") ?? -1;
    expect(askOf(world.run, n, 2, "another key")).toMatchObject({ resumes: null });
    begun(world, "third", { value: "well" });
    expect(asked(world, "third")).toMatchObject({ resumes: null });
  });

  it("of an earlier node is gone on with, where that worked", () => {
    const world = opened();
    begun(world, "first", { value: "well" });
    expect(asked(world, "second")).toMatchObject({
      session: "session of first",
      resumes: "node",
      home: world.run.find("first"),
    });
  });

  it("of an earlier node that asked nobody here is begun anew, and why is told", () => {
    const world = opened();
    expect(asked(world, "second")).toMatchObject({
      resumes: null,
      anew: "It began a new session: `first` has asked nobody in this run.",
    });
    const n = world.run.find("first") ?? -1;
    world.append({ type: "node.reused", n, from: "another-run", value: "well" });
    expect(asked(world, "second")).toMatchObject({
      resumes: null,
      anew: "It began a new session: `first` was reused and has asked nobody in this run.",
    });
    begun(world, "second", { fail: "no" });
    expect(asked(world, "second")).toMatchObject({ resumes: "attempt", anew: null });
  });

  it("of another agent is refused", () => {
    expect(asked(opened(), "strange.theirs")).toEqual({
      problem: "It asks `other`, and cannot go on in the session of `third`, which asked `coder`.",
    });
  });
});

describe("a limit that an agent meets", () => {
  it("is waited for as long as is asked, and spends no repeat", () => {
    const world = ran(plan, {
      end: (name, a) =>
        a <= 8 && name === "first" ? { limited: "429", afterMs: 30_000 } : { value: `${name} ${a}` },
    });
    expect(world.run.status).toBe("succeeded");
    const n = world.run.find("first") ?? -1;
    expect(world.run.attempts(n)).toBe(9);
    expect(world.run.failures.get(n)).toBe(0);
    const starts = world.events.flatMap((event) =>
      event.type === "attempt.started" && event.n === n ? [event.at] : [],
    );
    for (const [i, at] of starts.slice(1).entries())
      expect(at - (starts[i] ?? 0)).toBeGreaterThanOrEqual(30_000);
  });

  it("is given up in the end, when nothing else is ever said", () => {
    const world = ran(plan, { end: () => ({ limited: "429: nothing left", afterMs: null }) });
    expect(world.run.status).toBe("failed");
    const n = world.run.find("first") ?? -1;
    expect(world.run.attempts(n)).toBe(limitedMax);
    expect(world.run.error(n)[0]?.message).toBe("429: nothing left");
    expect(world.now).toBeGreaterThan(80 * 60_000);
  });

  it("is folded as it happened", () => {
    const world = ran(plan, {
      end: (_name, a) => (a === 1 ? { limited: "429", afterMs: 10 } : { value: "well" }),
    });
    const again = fold(plan, world.events);
    for (const n of again.nodes()) expect(again.asks.limited(n)).toBe(world.run.asks.limited(n));
  });
});
