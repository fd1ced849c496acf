// Drives random plans through a random world, seeded: every run ends, in order, within bounds, and its fold is itself.

import { describe, expect, it } from "vitest";
import type { Plan } from "../compiler/plan.ts";
import type { Expr } from "../compiler/plan-expr.ts";
import type { Value } from "../compiler/types.ts";
import { claimOf } from "../runtime/node-claims.ts";
import type { Ask } from "../runtime/requests.ts";
import type { Happened } from "../runtime/run.ts";
import { DROPPED, SETTLED } from "../runtime/run-codes.ts";
import { early } from "./run-early-plans.ts";
import { approve, check, gate, phase } from "./run-gate-plans.ts";
import { handle, rollback } from "./run-handler-plans.ts";
import { call, type Draft, field, lit, local, Plans, type Slot } from "./run-plans.ts";
import { again } from "./run-recursion-plans.ts";
import { noRetry } from "./run-tasks.ts";
import { chanceOf, fold, snapshot, World } from "./run-world.ts";

/** Many nodes claim the same files, and which is only known when they can start. */
const places: Expr = {
  k: "text",
  parts: ["out/", { expr: { k: "slot", up: 0, i: 0 }, type: { kind: "json" } }, "/*"],
};

/** A plan made by chance: blocks in blocks, every kind of step, uses of whatever stands above. */
function randomPlan(chance: () => number, gated = false): Plan {
  const any = (count: number): number => Math.floor(chance() * count);
  const plans = new Plans()
    .task("t", { params: ["x"], retry: { times: any(3) } })
    .task("e", { params: ["x"], retry: { times: any(3) } })
    .task("once", { params: ["x"], effect: "once" })
    .task("big", { params: ["x"], cpu: 2 })
    .task("w", { params: ["x"], writes: places })
    .task("made", { params: ["x"], undo: true })
    .task("u", { params: ["x"], result: { k: "slot", up: 0, i: 0 } });
  let depth = 0;
  let made = 0;
  let inSub = false;
  const fill = (b: Draft, above: readonly Slot[]): Slot | null => {
    depth++;
    const seen = [...above];
    const some = (): Slot | null => seen[any(seen.length)] ?? null;
    const extras = () => {
      const after = some();
      return {
        ...(chance() < 0.3 && after !== null ? { after: [after] } : {}),
        ...(chance() < 0.3
          ? {
              otherwise: (inner: Draft) =>
                chance() < 0.5 || depth > 3 ? inner.let(lit("spare")) : fill(inner, seen),
            }
          : {}),
        ...(chance() < 0.1 ? { with: { retry: { ...noRetry, times: 2 } } } : {}),
      };
    };
    let last: Slot | null = null;
    for (let i = 1 + any(4); i > 0; i--) {
      if (depth === 1 && gated && chance() < 0.3)
        gate(b, `g${made++}`, (g) => {
          check(g, "runs", { of: g.task("runs", "t", [1]) });
          if (chance() < 0.7) approve(g, "first", chance() < 0.3 ? { within: lit(20) } : {});
          if (chance() < 0.3) approve(g, "second");
        });
      const name = `n${made++}`;
      const use = some();
      const arg = use === null ? lit(name) : b.expr(use);
      const kind = depth > 3 || made > 60 ? 0 : any(10);
      if (kind === 1)
        last = b.if(
          name,
          call("contains", { k: "text", parts: [{ expr: arg, type: { kind: "json" } }] }, lit("1")),
          (inner) => fill(inner, seen),
          chance() < 0.5 ? (inner) => fill(inner, seen) : null,
          extras(),
        );
      else if (kind === 2)
        last = b.for(name, ["a", "b", "c"].slice(0, any(4)), {
          body: (inner, item) => fill(inner, [...seen, item]),
          ...bounds(any, chance),
          ...extras(),
        });
      else if (kind === 3) {
        const list = b.task(`${name}l`, "t", [lit("list")]);
        last = b.for(name, list, {
          by: field(local(0), "id"),
          waits: field(local(0), "deps"),
          body: (inner, item, deps) => fill(inner, [...seen, item, ...(deps === null ? [] : [deps])]),
          ...bounds(any, chance),
          ...extras(),
        });
      } else if (kind === 4) last = b.let(arg);
      else if (kind === 5) last = b.task(name, "u", [arg], extras());
      else if (kind === 7)
        last = b.repeat(
          name,
          1 + any(3),
          (inner, before) => {
            const value = fill(inner, [...seen, before]);
            const none = { k: "compare", op: "==", left: inner.expr(before), right: lit(null) } as const;
            return { value, until: inner.let({ k: "not", of: none }) };
          },
          extras(),
        );
      else if ((kind === 6 || kind === 9) && inSub)
        // Too deep sooner or later: mostly answered, else it fails and nothing can help.
        last = again(b, name, "sub", [arg], { otherwise: (inner) => inner.let(lit("deep")), ...extras() });
      else if (kind === 6) last = b.flow(name, "sub", [arg], extras());
      else if (kind === 8 && b.mayHandle) {
        phase(b, name, (inner) => {
          inner.mayHandle = true;
          fill(inner, seen);
          ending(inner, seen);
        });
        continue;
      } else if (chance() < 0.25) {
        // Some use its early field, some all of it.
        last = b.task(name, "e", [arg]);
        seen.push(early(b, last, "api"));
      } else last = b.task(name, ["big", "once", "made", "made", "w"][any(10)] ?? "t", [arg], extras());
      seen.push(last);
    }
    depth--;
    return last;
  };
  /** What a block says about its end. */
  const ending = (b: Draft, above: readonly Slot[]): void => {
    if (chance() < 0.4) b.deadline = lit(60);
    if (chance() < 0.4) return;
    const seen = [...above, ...b.ids.map((_, i): Slot => ({ in: b, i }))];
    const inside = (inner: Draft): void => {
      depth += 2;
      const done = fill(inner, seen);
      depth -= 2;
      if (chance() < 0.5) rollback(inner, done === null ? [] : [done]);
    };
    const failure = chance() < 0.7 ? { failure: inside } : {};
    handle(b, { ...failure, ...(chance() < 0.6 || !("failure" in failure) ? { final: inside } : {}) });
  };
  return plans
    .flow(
      "sub",
      ["x"],
      (b, x) => {
        depth = 2;
        inSub = true;
        const value = fill(b, x === undefined ? [] : [x]);
        ending(b, []);
        return value;
      },
      3,
    )
    .flow("main", [], (b) => {
      depth = 0;
      inSub = false;
      b.mayHandle = true;
      const value = fill(b, []);
      ending(b, []);
      return value;
    })
    .done();
}

function bounds(any: (count: number) => number, chance: () => number) {
  return {
    ...(chance() < 0.4 ? { parallel: 1 + any(2) } : {}),
    ...(chance() < 0.4 ? { tolerate: any(3) } : {}),
    ...(chance() < 0.3 ? { enough: 1 + any(2) } : {}),
  };
}

const listed: Value = [
  { id: "a", deps: ["c"] },
  { id: "b", deps: [] },
  { id: "c", deps: ["b"] },
];

function worldOf(plan: Plan, chance: () => number, calm: boolean): World {
  const world = new World(plan, {
    options: { jobs: 3, failFast: !calm && chance() < 0.2 },
    chance,
    pick: (running) => running[Math.floor(chance() * running.length)] ?? 0,
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
    if (event.type === "attempt.ended" && event.outcome === "succeeded") done.add(event.n);
    for (const loop of run.loops.values())
      if (loop.parallel !== null) expect(loop.inProgress).toBeLessThanOrEqual(loop.parallel);
    let all = 0;
    for (const n of run.nodes()) all += run.state(n) === "running" ? 1 : 0;
    expect(run.counts.running).toBe(all);
  };
  return world;
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
