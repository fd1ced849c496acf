// A run as the journal holds it, folded for people to look at; nothing is opened, locked or changed.

import type { Plan } from "../compiler/plan.ts";
import type { Event } from "./events.ts";
import { type Folding, openFiles } from "./files.ts";
import type { Journal } from "./journal.ts";
import { diverged, refuseUnread } from "./journal-errors.ts";
import { type Gone, historyOf } from "./journal-history.ts";
import { lookAtLimits } from "./limit-look.ts";
import { apply, createRun, Diverged } from "./run.ts";
import type { RunView } from "./run-view.ts";

export interface LoadedRun {
  readonly view: RunView;
  readonly plan: Plan;
  readonly events: readonly Event[];
  /** Absolute path of its folder: logs are below it. */
  readonly folder: string;
  /** Its latest events are gone. */
  readonly gone: Gone | null;
}

/** `id` as `Journal.find` gives it; `project` absolute. Throws JournalError, also if it comes out as another run than it was. */
export function loadRun(journal: Journal, id: string, project: string): LoadedRun {
  const { plan, events, gone } = historyOf(journal, id);
  const folder = journal.folderOf(id);
  const folding: Folding = { now: true, failed: null };
  const view = createRun({
    id,
    plan,
    files: openFiles(project, plan, journal.artifacts, folder, folding),
  });
  try {
    for (const event of events) apply(view, event);
  } catch (error) {
    refuseUnread(id, folding, error);
    if (error instanceof Diverged) throw diverged(id, error);
    throw error;
  }
  if (view.status === "running") lookAtLimits(journal, view, Math.max(view.now, Date.now()));
  return { view, plan, events, folder, gone };
}
