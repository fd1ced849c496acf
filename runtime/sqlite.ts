// SQLite behind one small port: Node's own where it has one, else the same library as a prebuilt package.

export type SqlValue = null | number | string | Uint8Array;

/** A row as SQLite gives it; read with {@link integer} and {@link text}. */
export type Row = Readonly<Record<string, unknown>>;

export interface Statement {
  run(...values: readonly SqlValue[]): unknown;
  get(...values: readonly SqlValue[]): Row | undefined;
  all(...values: readonly SqlValue[]): readonly Row[];
}

/** One connection. Everything blocks until it is done; errors are told by {@link sqliteCode}. */
export interface Database {
  exec(sql: string): void;
  prepare(sql: string): Statement;
  close(): void;
}

interface SqliteModule {
  readonly DatabaseSync: new (path: string, options: { readonly readOnly: boolean }) => Database;
}

/** No SQLite can be loaded: Node is too old for its own, and the package has no build for this machine. */
export class NoSqlite extends Error {}

/** SQLite's primary result codes that mean something to us. */
export const sqliteCodes = {
  error: 1,
  busy: 5,
  locked: 6,
  readOnly: 8,
  inputOutput: 10,
  corrupt: 11,
  full: 13,
  cannotOpen: 14,
  notDatabase: 26,
} as const;

let loading: Promise<SqliteModule> | null = null;

/** Opens a database file; the library is loaded at the first call. `path` is absolute. */
export async function openDatabase(
  path: string,
  options: { readonly readOnly: boolean } = { readOnly: false },
): Promise<Database> {
  loading ??= load();
  const { DatabaseSync } = await loading;
  return new DatabaseSync(path, options);
}

async function load(): Promise<SqliteModule> {
  const own = nodeSqlite();
  if (own !== null) return own;
  let packaged: unknown;
  try {
    packaged = await import("@photostructure/sqlite");
  } catch (error) {
    throw new NoSqlite(error instanceof Error ? error.message : String(error), { cause: error });
  }
  if (!isSqlite(packaged)) throw new NoSqlite("the package has no DatabaseSync");
  return packaged;
}

/** Node's own, without the one warning that it is experimental; other warnings pass. */
function nodeSqlite(): SqliteModule | null {
  if (typeof process.getBuiltinModule !== "function") return null;
  const emit = process.emitWarning;
  const quiet = (warning: string | Error, ...rest: readonly unknown[]): void => {
    const text = typeof warning === "string" ? warning : warning.message;
    if (!text.startsWith("SQLite is an experimental")) Reflect.apply(emit, process, [warning, ...rest]);
  };
  Reflect.set(process, "emitWarning", quiet);
  try {
    const found: unknown = process.getBuiltinModule("node:sqlite");
    return isSqlite(found) ? found : null;
  } finally {
    Reflect.set(process, "emitWarning", emit);
  }
}

function isSqlite(module: unknown): module is SqliteModule {
  return (
    typeof module === "object" &&
    module !== null &&
    "DatabaseSync" in module &&
    typeof module.DatabaseSync === "function"
  );
}

/** What `sqlite3_errstr` says: the package gives no code with what `all` throws. */
const codeOfMessage: ReadonlyMap<string, number> = new Map([
  ["database is locked", sqliteCodes.busy],
  ["database table is locked", sqliteCodes.locked],
  ["attempt to write a readonly database", sqliteCodes.readOnly],
  ["disk I/O error", sqliteCodes.inputOutput],
  ["database disk image is malformed", sqliteCodes.corrupt],
  ["database or disk is full", sqliteCodes.full],
  ["unable to open database file", sqliteCodes.cannotOpen],
  ["file is not a database", sqliteCodes.notDatabase],
]);

/** SQLite's primary result code of an error, or null if it is none of SQLite's. */
export function sqliteCode(error: unknown): number | null {
  if (!(error instanceof Error)) return null;
  if ("errcode" in error && typeof error.errcode === "number") return error.errcode & 0xff;
  if (!("code" in error) || error.code !== "ERR_SQLITE_ERROR") return null;
  return codeOfMessage.get(error.message) ?? sqliteCodes.error;
}

/** A column that holds an integer; anything else throws, as only a damaged file has it. */
export function integer(row: Row, column: string): number {
  const value = row[column];
  if (typeof value !== "number" || !Number.isSafeInteger(value))
    throw new BadColumn(column, "an integer", value);
  return value;
}

export function text(row: Row, column: string): string {
  const value = row[column];
  if (typeof value !== "string") throw new BadColumn(column, "text", value);
  return value;
}

export function integerOrNull(row: Row, column: string): number | null {
  return row[column] === null ? null : integer(row, column);
}

/** A stored value that is not of its column's type. */
export class BadColumn extends Error {
  constructor(column: string, expected: string, found: unknown) {
    super(
      `column \`${column}\` should hold ${expected}, and holds ${found === null ? "nothing" : typeof found}`,
    );
  }
}

/** How each connection begins and ends a transaction: to read that text anew each time takes longer than to obey it. */
const brackets = new WeakMap<Database, { readonly begin: Statement; readonly commit: Statement }>();

/** Runs `work` in one write transaction; anything thrown undoes it. */
export function transact<T>(database: Database, work: () => T, begun = false): T {
  if (!begun) bracketsOf(database).begin.run();
  try {
    const result = work();
    bracketsOf(database).commit.run();
    return result;
  } catch (error) {
    rollBack(database);
    throw error;
  }
}

/** SQLite undoes some failed transactions by itself; a second ROLLBACK is then an error that says nothing. */
/** Begins a transaction that {@link transact} ends, told that it has begun, or {@link rollBack}. */
export function beginWrite(database: Database): void {
  bracketsOf(database).begin.run();
}

function bracketsOf(database: Database): { readonly begin: Statement; readonly commit: Statement } {
  let known = brackets.get(database);
  if (known === undefined) {
    known = { begin: database.prepare("BEGIN IMMEDIATE"), commit: database.prepare("COMMIT") };
    brackets.set(database, known);
  }
  return known;
}

export function rollBack(database: Database): void {
  try {
    database.exec("ROLLBACK");
  } catch (error) {
    if (sqliteCode(error) === null) throw error;
  }
}
