// The instances of a run's declared runners, as its events tell of them: how many there were, and what they did.

import type { EventBody, Place } from "./events.ts";
import type { InstancesView } from "./run-view.ts";

export type InstanceEvent = Extract<EventBody, { type: `instance.${string}` }>;

/** So many moments at which instances were begun to be made are remembered of each runner: more than any rate asks for. */
const begunMax = 10_000;

interface Instance {
  readonly runner: string;
  readonly openedAt: number;
  /** Node that it serves; -1. */
  node: number;
  since: number;
  served: number;
  /** The node that it served last; -1. */
  last: number;
}

interface Tally {
  created: number;
  /** Ended as they had served enough, and how many have come in their place. */
  used: number;
  replaced: number;
  lost: number;
  served: number;
  reused: number;
  most: number;
  open: number;
  busy: number;
  busyMs: number;
  openMs: number;
  waitedMs: number;
}

export class Instances {
  /** The places of the present owner, by the names of their runners. */
  places: readonly Place[] = [];
  /** How many were made so far. */
  count = 0;
  /** Nodes whose attempt waits for an instance, with the wall ms since when. */
  readonly waiting = new Map<number, number>();
  private readonly open = new Map<number, Instance>();
  /** By runner, the wall ms at which making one began, if its rate is bounded. */
  private readonly begun = new Map<string, number[]>();
  private readonly tallies = new Map<string, Tally>();
  /** Instances by the nodes that they serve. */
  private readonly serving = new Map<number, number>();

  apply(event: InstanceEvent, at: number): void {
    if (event.type === "instance.begun") {
      const begun = this.begunOf(event.runner);
      begun.push(at);
      if (begun.length > 2 * begunMax) begun.splice(0, begunMax);
      return;
    }
    const { i } = event;
    if (event.type === "instance.opened") {
      const { runner } = event;
      this.count = Math.max(this.count, i);
      this.open.set(i, { runner, openedAt: at, node: -1, since: at, served: 0, last: -1 });
      const tally = this.tallyOf(runner);
      tally.created++;
      if (tally.used > tally.replaced) tally.replaced++;
      tally.most = Math.max(tally.most, ++tally.open);
      return;
    }
    const instance = this.open.get(i);
    if (instance === undefined) return;
    const tally = this.tallyOf(instance.runner);
    if (event.why === "lost" || event.why === "unwell") tally.lost++;
    else if (event.why === "used") tally.used++;
    this.close(i, instance, at);
  }

  /** The wall ms at which making instances of a runner began, ascending, as far as its rate needs them. */
  begunOf(runner: string): number[] {
    const begun = this.begun.get(runner) ?? [];
    this.begun.set(runner, begun);
    return begun;
  }

  /** The node's attempt has found its place. */
  placed(n: number, i: number | undefined, at: number): void {
    const startedAt = this.waiting.get(n) ?? at;
    this.waiting.delete(n);
    if (i === undefined) return;
    const instance = this.open.get(i);
    if (instance === undefined) return;
    const tally = this.tallyOf(instance.runner);
    tally.served++;
    if (instance.served++ > 0) tally.reused++;
    tally.waitedMs += Math.max(0, at - startedAt);
    tally.busy++;
    instance.node = n;
    instance.last = n;
    instance.since = at;
    this.serving.set(n, i);
  }

  /** Those of a runner that have served somebody, and serve nobody now. */
  *idle(runner: string): Iterable<{ readonly last: number; readonly served: number }> {
    for (const each of this.open.values())
      if (each.runner === runner && each.node < 0 && each.last >= 0) yield each;
  }

  /** The node's attempt has ended. */
  left(n: number, at: number): void {
    this.waiting.delete(n);
    const i = this.serving.get(n);
    if (i === undefined) return;
    this.serving.delete(n);
    const instance = this.open.get(i);
    if (instance !== undefined) this.rest(instance, at);
  }

  /** Nothing is left of them: the run has ended, or another owner has swept it. */
  end(at: number): void {
    for (const [i, instance] of [...this.open]) this.close(i, instance, at);
    this.serving.clear();
  }

  /** Of each runner of which there was an instance, up to the wall ms `now`; `queued`: how many nodes wait for one of each. */
  view(now: number, queued: () => ReadonlyMap<string, number>): readonly InstancesView[] {
    if (this.tallies.size === 0) return [];
    const waiting = queued();
    return [...this.tallies].map(([runner, tally]) => {
      let { busyMs, openMs } = tally;
      for (const each of this.open.values()) {
        if (each.runner !== runner) continue;
        openMs += Math.max(0, now - each.openedAt);
        if (each.node >= 0) busyMs += Math.max(0, now - each.since);
      }
      const { created, reused, replaced, lost, open, busy, most, served, waitedMs } = tally;
      const place = this.places.find((each) => each.runner === runner);
      return {
        runner,
        kind: place?.kind ?? null,
        max: place?.instances ?? null,
        queued: waiting.get(runner) ?? 0,
        ...{ created, reused, replaced, lost, open, busy, most, served, waitedMs, busyMs, openMs },
      };
    });
  }

  private close(i: number, instance: Instance, at: number): void {
    const tally = this.tallyOf(instance.runner);
    this.rest(instance, at);
    tally.open--;
    tally.openMs += Math.max(0, at - instance.openedAt);
    this.open.delete(i);
  }

  private rest(instance: Instance, at: number): void {
    if (instance.node < 0) return;
    const tally = this.tallyOf(instance.runner);
    tally.busy--;
    tally.busyMs += Math.max(0, at - instance.since);
    instance.node = -1;
  }

  private tallyOf(runner: string): Tally {
    const known = this.tallies.get(runner);
    if (known !== undefined) return known;
    const made = {
      ...{ created: 0, used: 0, replaced: 0, lost: 0, served: 0, reused: 0, most: 0, open: 0, busy: 0 },
      ...{ busyMs: 0, openMs: 0, waitedMs: 0 },
    };
    this.tallies.set(runner, made);
    return made;
  }
}
