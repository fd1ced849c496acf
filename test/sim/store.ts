// The journal of the simulator: a real one, whose commits may fail or be the last thing that a life of flowc does.

import type { Journal } from "../../runtime/journal.ts";
import { LeaseLost } from "../../runtime/lease.ts";
import type { Database } from "../../runtime/sqlite.ts";

/** What becomes of a commit: before it is written, or after, so that nobody hears of it. */
export type CommitFault = "kill-before" | "kill-after" | "fail-before" | "fail-after";

export interface Store {
  readonly journal: Journal;
  /** As another process sees it, whose commits succeed. */
  readonly others: Journal;
  /** Asked at each commit. */
  plan: () => CommitFault | null;
  readonly commits: number;
}

class DiskError extends Error {
  readonly errcode = 10;
  readonly code = "ERR_SQLITE_ERROR";
}

/** The database, with `commit` in the place of each COMMIT, which it may carry out. */
export function atCommit(database: Database, commit: (really: () => void) => void): Database {
  return {
    exec: (sql) => (sql === "COMMIT" ? commit(() => database.exec(sql)) : database.exec(sql)),
    prepare: (sql) => {
      const statement = database.prepare(sql);
      return sql === "COMMIT" ? { ...statement, run: () => commit(() => statement.run()) } : statement;
    },
    close: () => database.close(),
  };
}

/** All runs of a simulation share one journal; how long earlier ones took must then not change the order of later ones. */
export function faultyStore(journal: Journal): Store {
  const store = { plan: (): CommitFault | null => null, commits: 0 };
  const { database } = journal;
  const commit = (really: () => void): void => {
    store.commits++;
    const fault = store.plan();
    if (fault === "kill-before") throw new LeaseLost("killed");
    if (fault === "fail-before") throw new DiskError("disk I/O error");
    really();
    if (fault === "kill-after") throw new LeaseLost("killed");
    if (fault === "fail-after") throw new DiskError("disk I/O error");
  };
  const faulty = atCommit(database, commit);
  const sync = { value: { committed: () => {}, synced: async () => {} } };
  const own: Journal = Object.create(journal, {
    database: { value: faulty },
    durations: { value: () => ({}) },
    sync,
  });
  const others: Journal = Object.create(journal, { sync });
  return {
    journal: own,
    others,
    get plan() {
      return store.plan;
    },
    set plan(plan: () => CommitFault | null) {
      store.plan = plan;
    },
    get commits() {
      return store.commits;
    },
  };
}
