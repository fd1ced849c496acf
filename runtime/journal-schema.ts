// The journal's tables and the documented views over them, and which versions of them this flowc understands.

import type { EdgeKind } from "../compiler/plan-steps.ts";
import type { EventType } from "./events.ts";
import { damaged, JournalError } from "./journal-errors.ts";
import { limitTables } from "./limit-rows.ts";
import type { CellKind, State } from "./run-view.ts";
import { type Database, integer, transact } from "./sqlite.ts";

/** Raised when an older flowc could no longer read what we write. */
export const journalVersion = 5;

/** Marks the file as ours: "flow" in ASCII. */
const applicationId = 0x666c6f77;

/** Numbers of types of events in the journal are places in this list: only ever add at its end. */
export const eventTypes: readonly EventType[] = [
  "run.started",
  "run.opened",
  "run.cancelled",
  "run.ended",
  "swept",
  "grown",
  "node.cancelled",
  "attempt.started",
  "attempt.placed",
  "attempt.ended",
  "gate.checked",
  "gate.opened",
  "gate.decided",
  "node.decided",
  "attempt.early",
  "node.paused",
  "node.resumed",
  "node.skipped",
  "node.retried",
  "node.reused",
  "instance.opened",
  "instance.closed",
  "limit.paused",
  "limit.used",
  "instance.begun",
  "attempt.used",
  "budget.extended",
  "attempt.answered",
  "limit.told",
];

/** A state as people see it in the tables: `cached` is a way of succeeding. */
export type RowState = State | "cached";

/** The same for states of nodes and runs, kinds of dependencies, kinds of cells: only ever add at the end. */
export const states: readonly RowState[] = [
  "waiting",
  "running",
  "succeeded",
  "failed",
  "skipped",
  "cancelled",
  "unknown",
  "cached",
];
export const edgeKinds: readonly EdgeKind[] = ["data", "order", "phase", "gate", "early"];
/** Cells that people see: nodes, and what has nodes below it. 0 is a task's node. */
export const seenKinds: readonly CellKind[] = [
  "task",
  "flow",
  "if",
  "for",
  "item",
  "repeat",
  "phase",
  "gate",
];

/** Cells and events of a run stand at `run * runStride + number`: one integer key, appended at the end of its tree. */
export const runStride = 2 ** 32;

function names(column: string, list: readonly string[]): string {
  return `CASE ${column} ${list.map((word, i) => `WHEN ${i} THEN '${word}'`).join(" ")} END`;
}

function time(column: string): string {
  return `strftime('%Y-%m-%dT%H:%M:%fZ', ${column} / 1000.0, 'unixepoch')`;
}

/** Cells of `run.id` stand in this range of keys; a join by it is a search, not a scan. */
const ofRun = (key: string): string =>
  `${key} BETWEEN run.id * ${runStride} AND run.id * ${runStride} + ${runStride - 1}`;

/** The event `seq` of a run. */
const eventAt = (seq: string): string =>
  `(SELECT body FROM event WHERE event.id = run.id * ${runStride} + ${seq})`;

/**
 * `event` is the truth, `plan` what it speaks of, `lease` who may write, `request` what people ask; all others are made
 * from these, and flowc never decides by them. `started`, `placed`, `ended` and `used` are numbers of events; dependencies of cells below `related`
 * are written. `crc` chains events, so that damage is found; those of older journals have none.
 */
const tables = `
CREATE TABLE plan (
  id INTEGER PRIMARY KEY, hash TEXT NOT NULL UNIQUE, body TEXT NOT NULL
);
CREATE TABLE run (
  id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, plan INTEGER NOT NULL REFERENCES plan(id),
  flow TEXT NOT NULL, state INTEGER NOT NULL, started_at INTEGER NOT NULL, ended_at INTEGER, ended INTEGER,
  related INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE lease (
  run INTEGER PRIMARY KEY REFERENCES run(id), epoch INTEGER NOT NULL
);
CREATE TABLE event (
  id INTEGER PRIMARY KEY, at INTEGER NOT NULL, epoch INTEGER NOT NULL, type INTEGER NOT NULL,
  n INTEGER, a INTEGER, body, crc INTEGER
);
CREATE TABLE node (
  id INTEGER PRIMARY KEY, kind INTEGER NOT NULL, name TEXT NOT NULL, task TEXT, key TEXT, state INTEGER NOT NULL,
  attempts INTEGER NOT NULL, started_at INTEGER, ended_at INTEGER, inputs TEXT, error TEXT
);
CREATE TABLE attempt (
  run INTEGER NOT NULL, n INTEGER NOT NULL, a INTEGER NOT NULL,
  started INTEGER, placed INTEGER, ended INTEGER, used INTEGER,
  PRIMARY KEY (run, n, a)
) WITHOUT ROWID;
CREATE TABLE dependency (
  run INTEGER NOT NULL, n INTEGER NOT NULL, of INTEGER NOT NULL, kind INTEGER NOT NULL,
  PRIMARY KEY (run, n, of)
) WITHOUT ROWID;
CREATE TABLE artifact (
  run INTEGER NOT NULL, n INTEGER NOT NULL, ended INTEGER NOT NULL, i INTEGER NOT NULL,
  name TEXT NOT NULL, path TEXT NOT NULL, size INTEGER NOT NULL, sha256 TEXT NOT NULL,
  PRIMARY KEY (run, n, ended, i)
) WITHOUT ROWID;
`;

/**
 * What people ask of runs; no projection: flowc decides by it. `taken_at`: when the owner took it up, with its events or,
 * as `refused` says, without.
 */
const requestTable = `
CREATE TABLE request (
  id INTEGER PRIMARY KEY, run INTEGER NOT NULL REFERENCES run(id), subject TEXT NOT NULL, ask TEXT NOT NULL,
  by TEXT NOT NULL, note TEXT, at INTEGER NOT NULL, taken_at INTEGER, refused TEXT
);
CREATE UNIQUE INDEX request_open ON request (run, subject) WHERE taken_at IS NULL;
`;

/**
 * Answers by what they were made from; no projection: flowc decides by it. `print` is the fingerprint, `parts` what it was
 * made of, `node` and `task` whose it was. `event`: the end of the attempt that gave the answer; null while there is none.
 * A list of files is a `listing`, which many fingerprints share.
 */
const cacheTables = `
CREATE TABLE cache (
  print BLOB PRIMARY KEY, task TEXT NOT NULL, node TEXT NOT NULL, parts TEXT NOT NULL, at INTEGER NOT NULL, event INTEGER
) WITHOUT ROWID;
CREATE TABLE listing (hash BLOB PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;
`;

/** Since version 5; new tables have it. */
const usedColumn = "ALTER TABLE attempt ADD COLUMN used INTEGER";

const viewNames = ["runs", "nodes", "attempts", "dependencies", "artifacts", "gates", "events"];

/** Events about the items of gates. */
const gateTypes: readonly EventType[] = ["gate.checked", "gate.opened", "gate.decided"];

/** What a person said that the node has given, where its last attempt did not. */
const decidedValue = `(SELECT decided.body -> '$.value' FROM event AS decided
      WHERE decided.id BETWEEN last.id AND run.id * ${runStride} + ${runStride - 1}
        AND decided.type = ${eventTypes.indexOf("node.decided")} AND decided.n = last.n ORDER BY decided.id DESC LIMIT 1)`;

/** Of what an agent used, what counts as tokens. */
const tokens = ["input", "output", "cacheWrite"];

/** Where an attempt runs: what is not told is named by the attempt itself. `n`: the number of its node. */
const instance = (n: string): string => `coalesce(placed.body ->> '$.ref',
    CASE WHEN attempt.started IS NOT NULL THEN run.name || '.' || ${n} || '.' || attempt.a END)`;

const views = `
CREATE VIEW runs AS SELECT
  run.name AS run, run.flow AS flow, ${names("run.state", states)} AS status,
  ${time("run.started_at")} AS started_at, ${time("run.ended_at")} AS ended_at,
  ${eventAt("1")} -> '$.inputs' AS inputs, ${eventAt("run.ended")} -> '$.output' AS output
FROM run;

CREATE VIEW nodes AS SELECT
  run.name AS run, node.name AS node, node.task AS task, node.key AS key, node.inputs AS inputs,
  CASE WHEN node.state = ${states.indexOf("succeeded")} AND last.body ->> '$.outcome' IS NOT NULL
    THEN ${decidedValue} ELSE last.body -> '$.value' END AS output, ${names("node.state", states)} AS status,
  coalesce(placed.body ->> '$.runner', 'local') AS runner, ${instance("attempt.n")} AS instance, node.attempts AS attempts,
  ${time("node.started_at")} AS started_at, ${time("node.ended_at")} AS ended_at,
  node.ended_at - node.started_at AS duration_ms,
  coalesce(node.error, CASE WHEN node.state NOT IN (${states.indexOf("succeeded")}, ${states.indexOf("cached")}) THEN last.body ->> '$.message' END) AS error
FROM run JOIN node ON ${ofRun("node.id")} AND node.kind = 0
LEFT JOIN attempt ON attempt.run = run.id AND attempt.n = node.id - run.id * ${runStride}
  AND attempt.a = CASE WHEN node.state = ${states.indexOf("cached")} THEN 0 ELSE node.attempts END
LEFT JOIN event AS last ON last.id = run.id * ${runStride} + attempt.ended
LEFT JOIN event AS placed ON placed.id = run.id * ${runStride} + attempt.placed;

CREATE VIEW attempts AS SELECT
  run.name AS run, node.name AS node, attempt.a AS attempt,
  CASE WHEN last.id IS NOT NULL THEN coalesce(last.body ->> '$.outcome', 'succeeded') END AS outcome,
  last.body ->> '$.why' AS reason, last.body ->> '$.exit' AS exit_code, ${instance("attempt.n")} AS instance,
  placed.body ->> '$.session' AS session, ${time("coalesce(first.at, last.at)")} AS started_at, ${time("last.at")} AS ended_at,
  last.at - coalesce(first.at, last.at) AS duration_ms,
  used.body ->> '$.usage.cost' AS cost, ${tokens.map((name) => `(used.body ->> '$.usage.${name}')`).join(" + ")} AS tokens
FROM run JOIN attempt ON attempt.run = run.id AND attempt.a > 0
JOIN node ON node.id = run.id * ${runStride} + attempt.n
LEFT JOIN event AS first ON first.id = run.id * ${runStride} + attempt.started
LEFT JOIN event AS placed ON placed.id = run.id * ${runStride} + attempt.placed
LEFT JOIN event AS last ON last.id = run.id * ${runStride} + attempt.ended
LEFT JOIN event AS used ON used.id = run.id * ${runStride} + attempt.used;

CREATE VIEW dependencies AS SELECT
  run.name AS run, origin.name AS from_node, node.name AS to_node, ${names("dependency.kind", edgeKinds)} AS kind
FROM run JOIN dependency ON dependency.run = run.id
JOIN node ON node.id = run.id * ${runStride} + dependency.n
JOIN node AS origin ON origin.id = run.id * ${runStride} + dependency.of;

CREATE VIEW artifacts AS SELECT
  run.name AS run, node.name AS node, artifact.name AS name, artifact.path AS path, artifact.size AS size,
  artifact.sha256 AS sha256, ${time("event.at")} AS created_at
FROM run JOIN artifact ON artifact.run = run.id
JOIN node ON node.id = run.id * ${runStride} + artifact.n
JOIN event ON event.id = run.id * ${runStride} + artifact.ended;

CREATE VIEW gates AS SELECT
  run, gate, item, held, decided_by, CASE WHEN at IS NOT NULL THEN ${time("at")} END AS decided_at, note
FROM (SELECT
    run.name AS run, node.name AS gate, coalesce(event.body ->> '$.check', event.body ->> '$.item') AS item,
    coalesce(event.body ->> '$.held', event.body ->> '$.answer' = 'approved') AS held,
    event.body ->> '$.by' AS decided_by,
    CASE event.type WHEN ${eventTypes.indexOf("gate.opened")} THEN NULL
      ELSE coalesce(event.body ->> '$.given', event.at) END AS at,
    coalesce(event.body ->> '$.message', event.body ->> '$.note',
      CASE event.body ->> '$.answer' WHEN 'expired' THEN 'nobody answered in time' END) AS note,
    max(event.id) AS last
  FROM run JOIN event ON ${ofRun("event.id")} AND event.type IN (
    ${gateTypes.map((type) => eventTypes.indexOf(type)).join(", ")}
  ) AND event.body ->> '$.late' IS NULL
  JOIN node ON node.id = run.id * ${runStride} + event.n
  GROUP BY run.id, event.n, item)
ORDER BY last;

CREATE VIEW events AS SELECT
  run.name AS run, event.id - run.id * ${runStride} AS seq, ${time("event.at")} AS at, event.epoch AS epoch,
  ${names("event.type", eventTypes)} AS type, event.n AS n, event.a AS a,
  CASE WHEN typeof(event.body) = 'blob' THEN json_object('key', lower(substr(hex(event.body), 1, 64))) ELSE event.body END AS body
FROM run JOIN event ON ${ofRun("event.id")};
`;

/** Makes the tables in a new file; brings an older one up to this version; refuses what is newer or not ours. */
export function prepareSchema(database: Database, path: string): void {
  if (versionOf(database, path) === journalVersion) return;
  transact(database, () => {
    // Another process may have made them while we waited for the lock.
    const version = versionOf(database, path);
    if (version === journalVersion) return;
    if (version === 0) database.exec(tables);
    if (version < 2) database.exec(requestTable);
    if (version < 3) database.exec(cacheTables);
    if (version < 5) database.exec(limitTables);
    if (version > 0 && version < 5) database.exec(usedColumn);
    for (const view of viewNames) database.exec(`DROP VIEW IF EXISTS ${view}`);
    database.exec(views);
    database.exec(`PRAGMA application_id = ${applicationId}`);
    database.exec(`PRAGMA user_version = ${journalVersion}`);
  });
}

/** The version of a journal's tables: 0 for an empty file. Throws if it is newer than this flowc, or no journal. */
export function versionOf(database: Database, path: string): number {
  const version = pragma(database, "user_version");
  const owner = pragma(database, "application_id");
  if (owner !== applicationId) {
    const objects = database.prepare("SELECT count(*) AS count FROM sqlite_schema").get() ?? {};
    if (owner !== 0 || integer(objects, "count") > 0) throw damaged(path, "it is no journal of flowc");
    return 0;
  }
  if (version > journalVersion)
    throw new JournalError(
      "newer",
      `The journal \`${path}\` was written by a newer flowc (its version ${version}, ours ${journalVersion}).`,
      "Update flowc, or name another place with `--state DIR`.",
    );
  return version;
}

function pragma(database: Database, name: string): number {
  const row = database.prepare(`PRAGMA ${name}`).get();
  return row === undefined ? 0 : integer(row, name);
}
