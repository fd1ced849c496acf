// What earlier runs of a flow have taken, node by node: read from the journal in pieces, so that a run beside goes on.

import { setImmediate } from "node:timers/promises";
import type { Plan } from "../compiler/plan.ts";
import type { Journal } from "./journal.ts";
import { worded } from "./journal-errors.ts";
import { runStride, states } from "./journal-schema.ts";
import { integer, integerOrNull, text } from "./sqlite.ts";

export interface PastNode {
  /** Which of the runs, from 0: the newest. */
  readonly run: number;
  readonly name: string;
  readonly task: string;
  /** Wall ms; null: it did not run, as the branch of an `if` that was not taken. */
  readonly startedAt: number | null;
  readonly endedAt: number | null;
}

export interface Past {
  /** How many runs there are. */
  readonly runs: number;
  /** Nodes that ended well, and of runs that ended well those that were skipped. */
  readonly nodes: readonly PastNode[];
}

const runsMax = 5;
/** What is older says little more. */
const nodesMax = 20_000;
const pieceNodes = 1_000;

/** The latest runs of this flow of this file that have ended, but for one. Throws JournalError. */
export async function pastOf(journal: Journal, plan: Plan, without: string): Promise<Past> {
  try {
    return await read(journal, plan, without);
  } catch (error) {
    throw worded(error, journal.path);
  }
}

async function read(journal: Journal, plan: Plan, without: string): Promise<Past> {
  const runs = journal.database
    .prepare(
      `SELECT run.id, run.state FROM run JOIN plan ON plan.id = run.plan
       WHERE run.flow = ? AND run.name <> ? AND run.state IN (?, ?)
       AND json_extract(plan.body, '$.flows."' || run.flow || '".file') = ? ORDER BY run.id DESC LIMIT ?`,
    )
    .all(
      plan.flow,
      without,
      states.indexOf("succeeded"),
      states.indexOf("failed"),
      plan.flows[plan.flow]?.file ?? "",
      runsMax,
    );
  const nodes: PastNode[] = [];
  let used = 0;
  for (const row of runs) {
    if (nodes.length >= nodesMax) break;
    const well = integer(row, "state") === states.indexOf("succeeded");
    const before = nodes.length;
    for await (const node of nodesOf(journal, integer(row, "id"), used, well)) nodes.push(node);
    if (nodes.length > before) used++;
  }
  return { runs: used, nodes };
}

async function* nodesOf(
  journal: Journal,
  run: number,
  place: number,
  well: boolean,
): AsyncGenerator<PastNode> {
  const look = journal.database.prepare(
    "SELECT id, name, task, state, started_at, ended_at FROM node WHERE id > ? AND id < ? AND kind = 0 ORDER BY id LIMIT ?",
  );
  let last = run * runStride;
  for (let read = 0; read < nodesMax; read += pieceNodes) {
    const rows = look.all(last, (run + 1) * runStride, pieceNodes);
    for (const row of rows) {
      last = integer(row, "id");
      const state = integer(row, "state");
      const startedAt = integerOrNull(row, "started_at");
      const ran = state === states.indexOf("succeeded") && startedAt !== null;
      if (!ran && !(well && state === states.indexOf("skipped"))) continue;
      yield {
        run: place,
        name: text(row, "name"),
        task: text(row, "task"),
        startedAt: ran ? startedAt : null,
        endedAt: ran ? integerOrNull(row, "ended_at") : null,
      };
    }
    if (rows.length < pieceNodes) return;
    await setImmediate();
  }
}
