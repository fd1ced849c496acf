// Resumes a run from after each of its events, and compares how it ends with the run that was never interrupted.

import { expect } from "vitest";
import type { Plan } from "../compiler/plan.ts";
import { fold, ran, snapshot, World, type WorldOptions } from "./run-world.ts";

/** From every prefix of the events a run goes on to the same end, and its fold is itself. `holds` is asked of each. */
export function resumesAnywhere(
  plan: Plan,
  config: WorldOptions,
  holds: (world: World) => void = () => {},
): void {
  const whole = ran(plan, config);
  expect(whole.run.status, "the whole").not.toBe("running");
  for (let keep = 2; keep < whole.events.length; keep++) {
    const world = new World(plan, config);
    world.events.push(...whole.events);
    world.crash(keep);
    world.now = whole.now + 1;
    if (world.run.status === "running") world.open().go();
    expect(endOf(world), `resumed after event ${keep}`).toEqual(endOf(whole));
    expect(snapshot(fold(plan, world.events))).toEqual(snapshot(world.run));
    holds(world);
  }
}

function endOf({ run, states }: World) {
  return { status: run.status, output: run.output, states: [...states].sort() };
}
