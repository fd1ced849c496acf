// What holds a node that is ready: a person, its repeat, a bound, files that another one has, a limit, room on the machine.

import { usesOf } from "./decide-uses.ts";
import { lackText } from "./limit-texts.ts";
import { claimedBy } from "./run-beside.ts";
import type { Cells } from "./run-cells.ts";
import { IN_PROGRESS, READY, SETTLED } from "./run-codes.ts";
import { holdOn } from "./run-holds.ts";
import { nameOf } from "./run-names.ts";
import { needsOf, rankOf } from "./run-settings.ts";
import { spentAround } from "./run-spending.ts";

/** Places that are kept for items of which nobody knows how they went on. */
function keptFor(run: Cells, loop: number): string {
  const unknown = [...run.unknown].filter((n) => isIn(run, n, loop));
  const [first] = unknown;
  if (first === undefined) return "";
  const more = unknown.length > 1 ? ` and ${unknown.length - 1} more` : "";
  return `, of which ${nameOf(run, first)}${more} keeps one until a person says how it ended`;
}

function isIn(run: Cells, n: number, loop: number): boolean {
  for (let at = n; at > 0; at = run.frameOwners.get(run.frames.get(at)))
    if (run.of.get(at) === loop) return true;
  return false;
}

/** Why a ready node does not run, for people; null if nothing holds it. */
export function heldBy(run: Cells, n: number, now: number): string | null {
  if (run.states.get(n) !== READY) return null;
  const hold = holdOn(run, n);
  if (hold !== null) return `a person: ${hold.by}${hold.note === null ? "" : ` (${hold.note})`}`;
  const spent = spentAround(run, n);
  if (spent !== null) return `the budget of ${nameOf(run, spent)}, which is spent`;
  const again = run.again.get(n);
  if (again !== undefined && again > now) return "its repeat";
  for (let at = n; at > 0; at = run.frameOwners.get(run.frames.get(at))) {
    const loop = run.loops.get(run.of.get(at));
    if (loop === undefined) continue;
    const full = loop.parallel !== null && loop.inProgress >= loop.parallel;
    if (full && !run.has(at, IN_PROGRESS | SETTLED))
      return `\`parallel: ${loop.parallel}\` of ${nameOf(run, loop.cell)}${keptFor(run, loop.cell)}`;
    at = loop.cell;
  }
  const owner = claimedBy(run, n);
  if (owner >= 0) return `files that ${nameOf(run, owner)} has claimed`;
  const uses = run.limits.any ? usesOf(run, n) : null;
  const late = uses?.ok === true ? run.limits.lack(uses.value, rankOf(run, n) === 0, now) : null;
  if (late !== null) return lackText(late, now);
  const need = needsOf(run, n);
  const lacks = run.room.lacks(need, run.options);
  if (lacks === null) return null;
  if (lacks === "instance")
    return `an instance of \`${need.runner}\` (\`instances: ${run.room.instancesOf(need.runner ?? "")}\`)`;
  return lacks === "cpu"
    ? `room on this machine (\`--jobs ${run.options.jobs}\`)`
    : `${lacks} on this machine`;
}
