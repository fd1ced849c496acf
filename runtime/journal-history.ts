// What the journal holds of one run, whole: its plan and its events, and how many events of it are gone.

import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { Plan } from "../compiler/plan.ts";
import type { Event } from "./events.ts";
import type { Journal } from "./journal.ts";
import type { ChainEnd } from "./journal-chain.ts";
import { damagedRun, worded } from "./journal-errors.ts";
import { isRunId } from "./run-id.ts";
import { type Mark, readMark } from "./run-mark.ts";

/** The latest events of a run were written and are not there any more. */
export interface Gone {
  /** Null: how many cannot be told. */
  readonly events: number | null;
  /** Something that may be done only once was started in them, or may have been. */
  readonly once: boolean;
}

export interface History {
  readonly plan: Plan;
  /** The plan's hash. */
  readonly hash: string;
  readonly events: readonly Event[];
  readonly end: ChainEnd;
  /** Null: nothing that anybody knows of. */
  readonly gone: Gone | null;
}

/** Throws JournalError where what is there is not what was written. */
export function historyOf(journal: Journal, id: string): History {
  // Before the events: another process may be writing both.
  const mark = markOf(journal, id);
  const events: Event[] = [];
  const reading = journal.events(id);
  let step = reading.next();
  for (; step.done !== true; step = reading.next()) events.push(step.value);
  const end = step.value;
  const gone = mark === null ? null : goneOf(journal, id, mark, end.seq);
  const hash = journal.run(id)?.plan ?? "";
  const [first] = events;
  if (first === undefined && gone !== null)
    throw damagedRun(journal.path, `all events of run ${id} are gone`);
  if (first !== undefined && (first.type !== "run.started" || first.plan !== hash))
    throw damagedRun(journal.path, `the plan of run ${id} is not the one that it was started with`);
  return { plan: journal.plan(hash), hash, events, end, gone };
}

/** Runs that have a folder with a mark, and are not in the journal any more. */
export function forgottenRuns(journal: Journal): readonly string[] {
  const known = new Set(journal.runs().map(({ id }) => id));
  return namesIn(join(journal.stateDir, "runs")).filter((id) => {
    if (known.has(id) || !isRunId(id)) return false;
    const mark = markOf(journal, id);
    // Nothing was committed of one that got no further than its beginning.
    return mark !== null && (mark === "unreadable" || mark.seq > 0);
  });
}

function namesIn(folder: string): readonly string[] {
  return existsSync(folder) ? readdirSync(folder).sort() : [];
}

function markOf(journal: Journal, id: string): Mark | "unreadable" | null {
  try {
    return readMark(journal.folderOf(id));
  } catch (error) {
    throw worded(error, journal.path);
  }
}

function goneOf(journal: Journal, id: string, mark: Mark | "unreadable", last: number): Gone | null {
  if (mark === "unreadable") return { events: null, once: true };
  if (mark.seq > last) return { events: mark.seq - last, once: mark.once > last };
  const crc = journal.crcOf(id, mark.seq);
  if (crc !== null && crc !== mark.crc)
    throw damagedRun(
      journal.path,
      `event ${mark.seq} of run ${id} is another one than \`runs/${id}/mark\` says: they do not belong together`,
    );
  return null;
}
