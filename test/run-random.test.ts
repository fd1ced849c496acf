// Drives random plans through a random world, seeded: every run ends, in order, within bounds, and its fold is itself.

import { describe, expect, it } from "vitest";
import type { Plan } from "../compiler/plan.ts";
import { claimOf } from "../runtime/node-claims.ts";
import type { Ask } from "../runtime/requests.ts";
import type { Happened, Run } from "../runtime/run.ts";
import { DECIDED, DROPPED, ELSE, FALLBACK, SETTLED, TAKEN_ELSE, THEN } from "../runtime/run-codes.ts";
import type { Loop } from "../runtime/run-records.ts";
import { listed, randomPlan } from "./random-plan.ts";
import { chanceOf, fold, snapshot, World } from "./run-world.ts";

function worldOf(plan: Plan, chance: () => number, calm: boolean): World {
  const world = new World(plan, {
    options: { jobs: 3, failFast: !calm && chance() < 0.2 },
    chance,
    pick: (running) => running[Math.floor(chance() * running.length)] ?? 0,
    kept: (name) => (chance() < 0.5 ? { value: name } : null),
    slow: () => chance() < 0.5,
    early: (name, _a, run, n) =>
      run.task(n) === "e" && !run.has(n, DROPPED) && run.early(n).length === 0 && chance() < 0.5
        ? { field: "api", value: `early ${name}` }
        : null,
    person: (run, n) => {
      const luck = chance();
      if (!calm && luck < 0.3) return "failed";
      return luck < 0.6 && !run.has(n, DROPPED | SETTLED) ? "again" : { value: "settled" };
    },
    end: (name, _a, run, n) => {
      const luck = chance();
      if (!calm && chance() < 0.02) world.now += 100_000;
      if (run.has(n, DROPPED) && luck < 0.7) return "cancelled";
      if (!calm && luck < 0.12) return { fail: "bad luck" };
      if (!calm && luck < 0.2) return "lost";
      if (run.task(n) === "e") return { value: { api: run.early(n)[0]?.value ?? name } };
      return { value: /n\d+l$/.test(name) ? listed : name };
    },
  });
  const done = new Set<number>();
  world.check = (run, event) => {
    // What was taken back is done again, with what came from it.
    if (event.type === "run.opened") {
      done.clear();
      for (const n of run.nodes()) if (run.state(n) === "succeeded") done.add(n);
    }
    if (event.type === "attempt.started" && run.task(event.n) === "once" && run.attempts(event.n) > 1)
      expect(told(world, event), "what may be done only once is started again").toBe(true);
    if (event.type === "attempt.started") {
      // What a check calls is made anew with its gate.
      if (!run.name(event.n).endsWith(".runs"))
        expect(done.has(event.n), "started after it had succeeded").toBe(false);
      expect(tooEarly(run, event.n), `${run.name(event.n)} started before`).toBe(null);
      for (const { n } of run.dependencies(event.n)) {
        const around = run.frameGuards.get(run.frames.get(event.n)) === n && run.kind(n) === "if";
        const skipped = run.skippedBy(n) === "person";
        const there = run.handler(event.n) === null ? run.good(n) : run.settled(n);
        expect(around || skipped || there, `cell ${event.n} started before ${n}`).toBe(true);
      }
      const claim = claimOf(run, event.n)?.writes[0];
      for (const n of claim === undefined ? [] : run.running())
        expect(n === event.n || claimOf(run, n)?.writes[0] !== claim, "two write the same at once").toBe(
          true,
        );
      expect(run.room.cpu <= 3000 || [...run.running()].length === 1).toBe(true);
    }
    if (event.type === "node.reused") {
      expect(run.task(event.n), "only what has a cache is reused").toBe("kept");
      expect(run.attempts(event.n) === 0 || !done.has(event.n), "reused after it had succeeded").toBe(true);
    }
    if (event.type === "node.reused" || (event.type === "attempt.ended" && event.outcome === "succeeded"))
      done.add(event.n);
    for (const loop of run.loops.values())
      if (loop.parallel !== null) expect(itemsAtWork(run, loop)).toBeLessThanOrEqual(loop.parallel);
    let all = 0;
    for (const n of run.nodes()) all += run.state(n) === "running" ? 1 : 0;
    expect(run.counts.running).toBe(all);
  };
  return world;
}

/**
 * What stands above a node and has not let it through, found from the plan alone: a gate or phase that has not passed, a
 * branch that was not chosen, what the whole around it or its item waits for. Not told by the run's edges, which may be
 * what is wrong. What has begun goes on, also when something before it is tried anew; an `otherwise` stands in for what
 * failed before it.
 */
function tooEarly(run: Run, n: number): string | null {
  if (run.handler(n) !== null) return null;
  let standsIn = false;
  for (let at = n; at > 0; at = run.frameOwners.get(run.frames.get(at))) {
    const f = run.frames.get(at);
    const role = run.frameRoles.get(f);
    const through = (c: number): boolean => run.good(c) || (standsIn && run.settled(c));
    const before = waitedFor(run, at, n).find((c) => !through(c));
    if (before !== undefined && !hasBegun(run, at, n)) return `${run.kindOf(before)} ${run.name(before)}`;
    const end = run.kindOf(at) === "item" ? run.of.get(at) : at;
    for (let above = run.frameBases.get(f); above < end; above++)
      if (run.kindOf(above) === "gate" && !run.good(above)) return run.name(above);
    standsIn ||= role === FALLBACK;
    if (role !== THEN && role !== ELSE) continue;
    const owner = run.frameOwners.get(f);
    const chosen = run.has(owner, DECIDED) && run.has(owner, TAKEN_ELSE) === (role === ELSE);
    if (!chosen) return run.name(owner);
  }
  return null;
}

/** Items with the keys that an item waits for; else the phases above a cell, and its point of order. */
function waitedFor(run: Run, at: number, n: number): number[] {
  const loop = run.loops.get(run.of.get(at));
  if (loop !== undefined) return (loop.after?.[at - loop.first] ?? []).map((i) => loop.first + i);
  const base = run.frameBases.get(run.frames.get(at));
  const cells: number[] = [];
  for (let above = base; above < at; above++) if (run.kindOf(above) === "phase") cells.push(above);
  const { step } = run.info(at);
  if ("guard" in step && step.guard !== null && at !== n) cells.push(base + step.guard);
  return cells;
}

/** Was any other node in a whole started? */
function hasBegun(run: Run, whole: number, n: number): boolean {
  for (let other = 1; other < run.count; other++) {
    if (other === n || run.attempts(other) === 0) continue;
    for (let at = other; at > 0; at = run.frameOwners.get(run.frames.get(at))) if (at === whole) return true;
  }
  return run.attempts(n) > 1;
}

function itemsAtWork(run: Run, loop: Loop): number {
  const items = new Set<number>();
  for (const n of run.runningCells)
    for (let at = n; at > 0; at = run.frameOwners.get(run.frames.get(at)))
      if (run.of.get(at) === loop.cell && !run.settled(at)) items.add(at);
  return items.size;
}

/** Did a person say, after its attempt before, that it is to run again? Its events may be older than this world. */
function told(world: World, started: Happened): boolean {
  const at = world.events.indexOf(started);
  const before = world.events.slice(0, at).findLast((event) => {
    const pace = event.type === "node.paused" || event.type === "node.resumed";
    return !pace && "n" in event && "n" in started && event.n === started.n;
  });
  return (before?.type === "node.decided" && before.as === "again") || before?.type === "node.retried";
}

describe("random runs", () => {
  for (let seed = 1; seed <= 150; seed++) {
    it(`seed ${seed}`, () => {
      const chance = chanceOf(seed);
      const plan = randomPlan(chance);
      const world = worldOf(plan, chance, false).start().go();
      expect(world.run.status).not.toBe("running");
      expect(snapshot(fold(plan, world.events))).toEqual(snapshot(world.run));
      // Killed somewhere, it goes on; then the faults stop, and it succeeds.
      world.crash(2 + Math.floor(chance() * (world.events.length - 2)));
      const calm = worldOf(plan, chance, true);
      calm.events.push(...world.events);
      calm.crash();
      calm.now = world.now + 100_000;
      calm.open().go();
      if (calm.run.status === "failed") calm.open().go();
      const trouble = calm.run.error(0).at(-1);
      // A plain value may fail whatever the world does.
      if (trouble?.why !== null || calm.run.status === "succeeded") expect(calm.run.status).toBe("succeeded");
      expect(snapshot(fold(plan, calm.events))).toEqual(snapshot(calm.run));
    });
  }
});

/** A person does anything to anything, at any time. */
function meddle(world: World, chance: () => number): void {
  const verbs = ["retry", "skip", "pause", "resume"] as const;
  const names: number[] = [];
  for (let n = 1; n < world.run.size; n++) if (world.run.name(n) !== "") names.push(n);
  const n = names[Math.floor(chance() * names.length)] ?? 0;
  const kind = verbs[Math.floor(chance() * verbs.length)] ?? "retry";
  const [question] = world.run.questions();
  const answer = chance() < 0.7 ? "approved" : "rejected";
  const ask: Ask =
    question !== undefined && chance() < 0.5
      ? { kind: "decide", n: question.n, item: question.item, answer }
      : { kind, n };
  world.ask(ask);
}

describe("random runs with people", () => {
  for (let seed = 1; seed <= 150; seed++) {
    it(`seed ${seed}`, () => {
      const chance = chanceOf(seed);
      const plan = randomPlan(chance, true);
      const world = worldOf(plan, chance, false).start();
      for (let i = 0; i < 60 && world.run.status === "running"; i++) {
        world.go(() => chance() < 0.2);
        if (world.run.status === "running" && world.run.size > 1) meddle(world, chance);
        if (chance() < 0.05) world.crash().open();
      }
      // Then everybody is let go, and asked no more than once for each thing.
      for (let i = 0; i < 100 && world.run.status === "running"; i++) {
        for (const { n } of world.run.holds()) world.ask({ kind: "resume", n });
        world.go();
        for (const { n, item } of world.run.questions())
          world.ask({ kind: "decide", n, item, answer: "approved" });
      }
      expect(world.run.status).not.toBe("running");
      expect(snapshot(fold(plan, world.events))).toEqual(snapshot(world.run));
    });
  }
});
