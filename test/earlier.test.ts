// A run that goes on from another one with an edited plan: what was said before is what happens, and what stands is right.

import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Plan } from "../compiler/plan.ts";
import { openEarlier } from "../runtime/earlier.ts";
import { executeRun } from "../runtime/execute.ts";
import { type Journal, openJournal } from "../runtime/journal.ts";
import { type FateOf, preview } from "../runtime/preview.ts";
import type { RunView } from "../runtime/run-view.ts";
import { failed, freshFolder, machine, options, pretendWorld, removeFolders, succeeded } from "./pretend.ts";
import { listed, randomPlan } from "./random-plan.ts";
import { chanceOf } from "./run-world.ts";

let project = "";
let journal: Journal;
beforeAll(async () => {
  project = freshFolder();
  journal = await openJournal(join(project, ".flowc"));
});
afterAll(async () => {
  await journal.close();
  removeFolders();
});

/** Each time a task is edited, its nodes give another answer. */
interface Edited {
  readonly plan: Plan;
  readonly tasks: ReadonlySet<string>;
}

function edited(plan: Plan, chance: () => number): Edited {
  const names = new Set(Object.keys(plan.tasks).filter((name) => name !== "u" && chance() < 0.25));
  const tasks = Object.entries(plan.tasks).map(([name, task]) =>
    names.has(name) ? [name, { ...task, action: { kind: "run", argv: [], edited: true } }] : [name, task],
  );
  const copy: Plan = JSON.parse(JSON.stringify({ ...plan, tasks: Object.fromEntries(tasks) }));
  return { plan: copy, tasks: names };
}

async function done(
  plan: Plan,
  answer: (name: string, task: string) => "fails" | "well" | "other",
  from: string | null,
) {
  const places = machine(({ name, task }) => {
    const how = answer(name, task.name);
    if (how === "fails") return failed("bad luck");
    if (task.name === "e") return succeeded({ api: how === "other" ? `other ${name}` : name });
    return succeeded(/n\d+l$/.test(name) ? listed : how === "other" ? `other ${name}` : name);
  });
  const world = await pretendWorld(project, places, journal.stateDir, journal);
  const result = await executeRun(world, {
    plan,
    inputs: {},
    options,
    wait: false,
    ...(from === null ? {} : { from: { run: from, takeOver: false } }),
  });
  return { ...result, places };
}

function foretold(plan: Plan, from: string | null): Promise<readonly FateOf[]> {
  return preview({
    plan,
    inputs: {},
    only: null,
    journal,
    artifacts: journal.artifacts,
    project,
    earlier: from === null ? null : openEarlier(journal, from, project),
    again: [],
    identityOf: async (runner) => runner,
    now: Date.UTC(2026, 10, 21),
  });
}

function namesOf(view: RunView, nodes: Iterable<number>): ReadonlySet<string> {
  return new Set([...nodes].map((n) => view.name(n)));
}

function named(fates: readonly FateOf[], as: FateOf["fate"]["as"]): readonly string[] {
  return fates.filter(({ fate }) => fate.as === as).map(({ name }) => name);
}

/** Names of nodes that were really started, and not only asked about. */
function startedIn(run: string, view: RunView): ReadonlySet<string> {
  const events = [...journal.events(run)];
  const asked = new Set(
    events.flatMap((event) =>
      event.type === "attempt.ended" && /may be done only once/.test(event.message ?? "") ? [event.n] : [],
    ),
  );
  return namesOf(
    view,
    events.flatMap((event) => (event.type === "attempt.started" && !asked.has(event.n) ? [event.n] : [])),
  );
}

/** Of these, those of which something may have been done: others were told to end before they began. */
function begunIn(run: string, view: RunView): ReadonlySet<string> {
  const events = [...journal.events(run)];
  const never = new Set(
    events.flatMap((event) => (event.type === "attempt.ended" && event.why === "launch" ? [event.n] : [])),
  );
  return new Set([...startedIn(run, view)].filter((name) => !never.has(view.find(name) ?? -1)));
}

/** What was foretold of a run is what became of it. */
function isAsForetold(fates: readonly FateOf[], view: RunView, started: ReadonlySet<string>): void {
  const reused = namesOf(
    view,
    [...view.nodes()].filter((n) => view.reusedFrom(n) !== null),
  );
  for (const name of named(fates, "reused")) {
    expect(reused, "foretold to be reused").toContain(name);
    expect(started, "foretold to be reused").not.toContain(name);
  }
  for (const name of named(fates, "starts")) {
    // Another node of this very run had done the same work by then.
    const shared = view.reusedFrom(view.find(name) ?? 0) === view.id;
    if (!shared) expect(started, "foretold to start").toContain(name);
  }
  for (const name of named(fates, "asks")) {
    expect(started, "foretold to be asked about").not.toContain(name);
    expect(namesOf(view, view.undecided())).toContain(name);
  }
  const known = new Set([...named(fates, "starts"), ...named(fates, "open")]);
  const there = new Set(fates.map(({ name }) => name));
  for (const name of started)
    if (there.has(name)) expect(known, "started, and not foretold to").toContain(name);
}

describe("a run that goes on with an edited plan", () => {
  for (let seed = 1; seed <= 80; seed++)
    it(`seed ${seed}`, async () => {
      const chance = chanceOf(seed);
      const plan = randomPlan(chance, chance() < 0.3, true);
      const unlucky = new Set<string>();
      const first = await done(
        plan,
        (name) => {
          if (chance() < 0.1) unlucky.add(name);
          return unlucky.has(name) ? "fails" : "well";
        },
        null,
      );
      const { plan: now, tasks } = edited(plan, chance);
      const good = namesOf(
        first.view,
        [...first.view.nodes()].filter((n) => first.view.state(n) === "succeeded"),
      );
      const once = begunIn(first.run, first.view);
      const fates = await foretold(now, first.run);
      const second = await done(now, (_, task) => (tasks.has(task) ? "other" : "well"), first.run);
      const { view } = second;
      const started = startedIn(second.run, view);
      isAsForetold(fates, view, started);
      for (const n of view.nodes()) {
        const from = view.reusedFrom(n);
        const task = view.task(n) ?? "";
        if (task === "once" && once.has(view.name(n)))
          expect(started, "what may be done only once is done again").not.toContain(view.name(n));
        if (from === null || from !== first.run) continue;
        // By its fingerprint: another node had done the same work there.
        if (now.tasks[task]?.settings.cache != null && !good.has(view.name(n))) continue;
        expect(good).toContain(view.name(n));
        expect(tasks, "its task was edited").not.toContain(task);
        expect(view.value(n)).toEqual(first.view.value(first.view.find(view.name(n)) ?? 0));
      }
      // Nothing was edited since: all stands.
      const third = await done(now, () => "well", second.run);
      const again = namesOf(
        third.view,
        [...third.view.nodes()].filter((n) => third.view.reusedFrom(n) !== null),
      );
      for (const n of view.nodes()) {
        // Where some items are enough, others may be.
        if (third.view.state(third.view.find(view.name(n)) ?? 0) !== "succeeded") continue;
        const acts = now.tasks[view.task(n) ?? ""]?.action != null && view.handler(n) === null;
        if (
          acts &&
          second.status === "succeeded" &&
          view.state(n) === "succeeded" &&
          !view.name(n).endsWith(".runs")
        )
          expect(again).toContain(view.name(n));
      }
    });
});

describe("a new run", () => {
  for (let seed = 1; seed <= 40; seed++)
    it(`seed ${seed}`, async () => {
      const plan = randomPlan(chanceOf(seed), false, true);
      const fates = await foretold(plan, null);
      const { run, view } = await done(plan, () => "well", null);
      isAsForetold(fates, view, startedIn(run, view));
    });
});
