// Says that the journal has lost the latest events of a run, and what may therefore be done again.

import { join } from "node:path";
import type { Journal } from "../runtime/journal.ts";
import { forgottenRuns, type Gone } from "../runtime/journal-history.ts";
import type { RunView } from "../runtime/run-view.ts";
import { shownPath } from "./project.ts";
import { count, visible } from "./render/text.ts";
import type { World } from "./world.ts";

/** Nodes written out. */
const namesShownMax = 5;

/** Warns of runs that are not in the journal any more, though their folders are there. */
export function warnOfForgotten(journal: Journal, world: World): void {
  const runs = forgottenRuns(journal);
  const [first] = runs;
  if (first === undefined) return;
  const shown = runs.slice(0, namesShownMax).join(", ");
  const more = runs.length > namesShownMax ? ` and ${runs.length - namesShownMax} more` : "";
  const [they, folder] = runs.length === 1 ? ["The run", first] : ["The runs", "RUN"];
  const place = visible(shownPath(world, join(journal.stateDir, "runs", folder)));
  world.err.write(
    `warning: ${they} ${shown}${more} ${runs.length === 1 ? "is" : "are"} gone from the journal. What was printed is left in ${place}; remove that folder to hear no more of it.\n`,
  );
}

/** Warns of events that are gone. `view`: the run as far as its events are there. */
export function warnOfGone(gone: Gone | null, view: RunView, world: World): void {
  if (gone !== null) world.err.write(`${goneText(gone, view)}\n`);
}

function goneText({ events }: Gone, view: RunView): string {
  const names: string[] = [];
  let more = 0;
  for (const n of view.nodes()) {
    if (view.state(n) !== "running" && view.state(n) !== "ready") continue;
    if (names.length < namesShownMax) names.push(visible(view.name(n)));
    else more++;
  }
  const rest = more > 0 ? ` and ${more} more` : "";
  const again = names.length === 0 ? "" : `: first of all ${names.join(", ")}${rest}`;
  if (events === null)
    return `warning: How far the run ${view.id} had got is not known: \`runs/${view.id}/mark\` is damaged. If the journal has lost events, what was recorded there is done again${again}.`;
  const [last, they] = events === 1 ? ["event", "is"] : [count(events, "event"), "are"];
  return `warning: The last ${last} of the run ${view.id} ${they} gone from the journal. What was recorded there is done again${again}.`;
}
