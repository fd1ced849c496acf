// What holds nodes that could start: who waits for a limit, an instance, or room, as one line.

import type { RunView } from "../../runtime/run-view.ts";
import { instancesNow } from "./instances.ts";
import { limitNow } from "./limits.ts";
import { visible } from "./text.ts";

/** It is looked for so often. */
const heldMs = 1000;
/** Ready nodes that are looked at: reasons repeat. */
const lookedAtMax = 200;
const reasonsMax = 2;

/** `7 held by room on this machine, 2 by …`; looked for once a second, since it goes through all nodes. */
export function heldText(now: () => number): (run: RunView) => string | null {
  let at = Number.NEGATIVE_INFINITY;
  let told: string | null = null;
  return (run) => {
    const declared = run.plan.runners.length > 0 || run.plan.limits !== undefined;
    if (run.counts.ready === 0 && !declared) return null;
    if (told !== null && now() - at < heldMs) return told;
    at = now();
    told = heldNow(run, at);
    return told;
  };
}

function heldNow(run: RunView, now: number): string | null {
  const uses = [
    ...run.instanceUse(now).map(instancesNow),
    ...run.limitUse(now).map((use) => limitNow(use, now)),
  ];
  const others = run.counts.ready === 0 ? null : heldByOthers(run, now);
  return uses.length + (others === null ? 0 : 1) === 0
    ? null
    : [...uses, ...(others === null ? [] : [others])].join("; ");
}

/** Limits tell by themselves who waits for them. */
function heldByOthers(run: RunView, now: number): string | null {
  const reasons = new Map<string, number>();
  let seen = 0;
  let told = 0;
  for (const n of run.nodes()) {
    if (run.state(n) !== "ready") continue;
    const why = run.heldBy(n, now);
    if (why?.startsWith("the limit ") === true) told++;
    else if (why !== null) reasons.set(why, (reasons.get(why) ?? 0) + 1);
    if (++seen >= lookedAtMax) break;
  }
  if (told > 0 && told === seen) return null;
  const ready = run.counts.ready - told;
  const found = [...reasons].sort(([, a], [, b]) => b - a);
  const [first] = found;
  if (first === undefined) return `${ready} ready`;
  if (seen < run.counts.ready) return `${ready} held, most by ${visible(first[0])}`;
  const parts = found
    .slice(0, reasonsMax)
    .map(([why, times], i) => `${times}${i === 0 ? " held" : ""} by ${visible(why)}`);
  const rest = ready - found.slice(0, reasonsMax).reduce((sum, [, times]) => sum + times, 0);
  return [...parts, ...(rest > 0 ? [`${rest} more ready`] : [])].join(", ");
}
