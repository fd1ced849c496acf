// Runs as they are kept: opens the journal for a command that only reads, and finds the run that was meant.

import { createNearest } from "../compiler/suggest.ts";
import { type Journal, openJournal } from "../runtime/journal.ts";
import { JournalError } from "../runtime/journal-errors.ts";
import { ownerOf } from "../runtime/lease.ts";
import { loadRun } from "../runtime/load.ts";
import { type Project, projectOf, shownPath } from "./project.ts";
import { visible } from "./render/text.ts";
import { didYouMean, exits, Stop, usage } from "./stop.ts";
import type { World } from "./world.ts";

/** The journal, to be read. Without one: exit 2, for there are no runs yet; none is made. */
export async function openKept(project: Project, world: World): Promise<Journal> {
  return openJournal(project.state, { readOnly: true }).catch((error: unknown) => {
    if (!(error instanceof JournalError) || error.kind !== "absent") throw error;
    throw new Stop(
      exits.wrong,
      `There are no runs in ${visible(shownPath(world, project.state))} yet.`,
      "flowc run FILE",
    );
  });
}

/** Opens the journal, does the work, closes it. */
export async function withJournal<T>(
  world: World,
  state: string | null,
  work: (journal: Journal, project: Project) => Promise<T>,
): Promise<T> {
  const project = projectOf(world, null, state);
  const journal = await openKept(project, world);
  try {
    return await work(journal, project);
  } finally {
    await journal.close();
  }
}

/** The id of the run that was typed: an id, a beginning of one, or `last`. */
export function findRun(journal: Journal, typed: string, flag: string): string {
  const found = journal.find(typed);
  if ("id" in found) return found.id;
  const ids = journal.runs().map((run) => run.id);
  const nearest = createNearest()(typed, [...ids, "last"]);
  const problem = `${found.problem.charAt(0).toUpperCase()}${found.problem.slice(1)}.`;
  throw usage(problem + didYouMean(nearest), `flowc runs${flag}`);
}

/** A run folded from its events, and whether somebody is at work on it. */
export async function readRun(journal: Journal, project: Project, typed: string) {
  const id = findRun(journal, typed, project.flag);
  const loaded = loadRun(journal, id, project.root);
  const owner = loaded.view.status === "running" ? await ownerOf(journal, id) : null;
  return { ...loaded, id, owner };
}
