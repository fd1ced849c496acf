// Inserts rows in groups: one statement for several rows costs half of one statement each.

import type { Database, SqlValue, Statement } from "./sqlite.ts";

const groupRows = 16;

export class RowWriter {
  private readonly width: number;
  private readonly single: Statement;
  private readonly group: Statement;
  private values: SqlValue[] = [];

  /** `or`: what to do with a row whose key is there. */
  constructor(
    database: Database,
    table: string,
    columns: readonly string[],
    or: "ABORT" | "IGNORE" = "ABORT",
  ) {
    this.width = columns.length;
    const row = `(${columns.map(() => "?").join(",")})`;
    const head = `INSERT OR ${or} INTO ${table} (${columns.join(",")}) VALUES `;
    this.single = database.prepare(head + row);
    this.group = database.prepare(head + Array.from({ length: groupRows }, () => row).join(","));
  }

  /** Adds rows, one after the other; they are written when a group is full, and by {@link flush}. */
  add(...values: readonly SqlValue[]): void {
    for (const value of values) this.values.push(value);
    if (this.values.length >= groupRows * this.width) this.writeGroups();
  }

  /** Must be called before the transaction ends. */
  flush(): void {
    this.writeGroups();
    for (let at = 0; at < this.values.length; at += this.width)
      this.single.run(...this.values.slice(at, at + this.width));
    this.values = [];
  }

  /** Forgets what was added by a transaction that failed. */
  clear(): void {
    this.values = [];
  }

  private writeGroups(): void {
    const size = groupRows * this.width;
    let at = 0;
    for (; this.values.length - at >= size; at += size) this.group.run(...this.values.slice(at, at + size));
    if (at > 0) this.values = this.values.slice(at);
  }
}
