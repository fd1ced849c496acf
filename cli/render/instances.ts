// What became of the instances of a declared runner, as a line and as JSON.

import type { InstancesView } from "../../runtime/run-view.ts";
import { duration, share } from "./amounts.ts";
import { count, visible } from "./text.ts";

/** `rust on docker: 2 of 3 instances busy, 4 nodes wait for one`: what there is to tell while they work. */
export function instancesNow(use: InstancesView): string {
  const { busy, open, max, queued } = use;
  const bound = max === null ? open : Math.max(open, max);
  const waiting = queued === 0 ? "" : `, ${count(queued, "node")} ${queued === 1 ? "waits" : "wait"} for one`;
  return `${nameOf(use)}: ${busy} of ${count(bound, "instance")} busy${waiting}`;
}

/** All of it; `going`: the run goes on. */
export function instancesLine(use: InstancesView, going: boolean): string {
  const { created, served, reused, replaced, lost, most, waitedMs } = use;
  const parts = [
    ...(going ? [] : [`${nameOf(use)}: ${count(created, "instance")}`]),
    ...(going ? [instancesNow(use), `${created} made`] : []),
    `${most} at once at most`,
    ...(replaced > 0 ? [`${replaced} replaced`] : []),
    ...(lost > 0 ? [`${lost} lost`] : []),
    ...(reused > 0 ? [`${reused} of ${count(served, "attempt")} by one that had served before`] : []),
    `busy ${share(use.busyMs, use.openMs)} of the time`,
    ...(served > 0 ? [`waited for ${duration(waitedMs / served)} each`] : []),
  ];
  return parts.join(", ");
}

function nameOf({ runner, kind }: InstancesView): string {
  return kind === null ? visible(runner) : `${visible(runner)} on ${visible(kind)}`;
}

export function instancesJson(use: InstancesView) {
  return {
    runner: use.runner,
    kind: use.kind,
    max: use.max,
    created: use.created,
    replaced: use.replaced,
    lost: use.lost,
    most: use.most,
    open: use.open,
    busy: use.busy,
    queued: use.queued,
    served: use.served,
    reused: use.reused,
    open_ms: use.openMs,
    busy_ms: use.busyMs,
    waited_ms: use.waitedMs,
  };
}
