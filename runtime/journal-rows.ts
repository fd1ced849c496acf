// Inserts rows in groups: one statement for several rows costs half of one statement each.

import type { Database, SqlValue, Statement } from "./sqlite.ts";

/** A group is written when there are so many; what is left at the end, by as few statements as these allow. */
const groupRows = 16;
const sizes = [groupRows, 8, 4, 2, 1] as const;

/** A row whose key is there stays as it is. */
export const orIgnore = "ON CONFLICT DO NOTHING";

export class RowWriter {
  private readonly database: Database;
  private readonly width: number;
  private readonly head: string;
  private readonly row: string;
  private readonly again: string;
  private readonly statements = new Map<number, Statement>();
  private values: SqlValue[] = [];

  /** `again`: what to do with a row whose key is there, as SQL; "" fails. */
  constructor(database: Database, table: string, columns: readonly string[], again = "") {
    this.database = database;
    this.width = columns.length;
    this.head = `INSERT INTO ${table} (${columns.join(",")}) VALUES `;
    this.row = `(${columns.map(() => "?").join(",")})`;
    this.again = again === "" ? "" : ` ${again}`;
  }

  /** Adds rows, one after the other; they are written when a group is full, and by {@link flush}. */
  add(...values: readonly SqlValue[]): void {
    for (const value of values) this.values.push(value);
    if (this.values.length >= groupRows * this.width) this.write(groupRows);
  }

  /** Must be called before the transaction ends. */
  flush(): void {
    if (this.values.length > 0) this.write(1);
  }

  /** Forgets what was added by a transaction that failed. */
  clear(): void {
    if (this.values.length > 0) this.values = [];
  }

  /** Writes what fills statements of at least so many rows. */
  private write(least: number): void {
    let at = 0;
    for (const rows of sizes) {
      if (rows < least) break;
      const length = rows * this.width;
      for (; this.values.length - at >= length; at += length) {
        const all = at === 0 && this.values.length === length;
        this.statement(rows).run(...(all ? this.values : this.values.slice(at, at + length)));
      }
    }
    this.values = at === this.values.length ? [] : this.values.slice(at);
  }

  private statement(rows: number): Statement {
    let found = this.statements.get(rows);
    if (found === undefined) {
      const values = Array.from({ length: rows }, () => this.row).join(",");
      found = this.database.prepare(this.head + values + this.again);
      this.statements.set(rows, found);
    }
    return found;
  }
}
