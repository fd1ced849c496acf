// Counts what a run asks of its journal's database, and lets one of these operations fail.

import type { Journal } from "../../runtime/journal.ts";
import type { Database, SqlValue, Statement } from "../../runtime/sqlite.ts";

/** As SQLite tells that the disk did not do what it was asked. */
class DiskError extends Error {
  readonly code = "ERR_SQLITE_ERROR";
  readonly errcode: number;
  constructor(errcode: number) {
    super(errcode === 13 ? "database or disk is full" : "disk I/O error");
    this.errcode = errcode;
  }
}

export interface Operations {
  readonly journal: Journal;
  /** Operations so far. */
  count: number;
  /** The number of the one that fails; 0: none. */
  fails: number;
  /** SQLite's code of the failure. */
  errcode: number;
}

/** The journal with its database watched; a failed operation is not carried out, as SQLite promises. */
export function watched(journal: Journal): Operations {
  const operations: Operations = { journal, count: 0, fails: 0, errcode: 10 };
  const step = (): void => {
    if (++operations.count === operations.fails) throw new DiskError(operations.errcode);
  };
  const { database } = journal;
  const statement = (of: Statement): Statement => ({
    run: (...values: readonly SqlValue[]) => {
      step();
      return of.run(...values);
    },
    get: (...values: readonly SqlValue[]) => {
      step();
      return of.get(...values);
    },
    all: (...values: readonly SqlValue[]) => {
      step();
      return of.all(...values);
    },
  });
  const faulty: Database = {
    exec: (sql) => {
      // What undoes a transaction is not for the disk.
      if (sql !== "ROLLBACK") step();
      database.exec(sql);
    },
    prepare: (sql) => statement(database.prepare(sql)),
    close: () => database.close(),
  };
  return Object.assign(operations, {
    journal: Object.create(journal, { database: { value: faulty } }),
  });
}
