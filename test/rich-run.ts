// A run with a bit of everything, for tests of the journal: how it is made, and what stands in its tables.

import type { Event } from "../runtime/events.ts";
import { executeRun, type RunResult } from "../runtime/execute.ts";
import { Inputs } from "../runtime/execute-record.ts";
import { openFiles } from "../runtime/files.ts";
import type { Journal } from "../runtime/journal.ts";
import { historyOf } from "../runtime/journal-history.ts";
import { reopenLog } from "../runtime/journal-log.ts";
import { apply, createRun } from "../runtime/run.ts";
import type { Row } from "../runtime/sqlite.ts";
import { failed, machine, options, planOf, pretendWorld, type Script, succeeded } from "./pretend.ts";

/** A bit of everything that the graph can do: a late list, order among items, a retry, a branch, an answer, plain tasks. */
export const rich = `
type Part { name: string, deps: string[], size: int }
task list_parts() -> Part[] {
  run "list"
}
task make(part: Part, needs: string[]) -> string {
  retry: 1
  run "make ~{part.name}"
  return stdout
}
task check(made: string) -> bool {
  run "check ~{made}"
  return exit_code == 0
}
task join_up(parts: string[]) -> string {
  return join(parts, "+")
}
task fallback() -> string {
  run "echo fallback"
  return stdout
}
flow main(big: int) -> string {
  parts = list_parts()
  large = for p in parts if p.size > big { p }
  made = for p in large by p.name after p.deps as deps {
    tolerate: 1
    made = make(part: p, needs: deps)
    good = check(made)
    made
  }
  extra = make(part: { name: "extra", deps: [], size: 1 }, needs: made) otherwise fallback()
  word = if len(made) > 1 { join_up(made) } else { "few" }
  return "~{word} ~{extra}"
}
`;

const parts = ["a", "b", "c", "d", "e"].map((name, i) => ({
  name,
  deps: i === 0 ? [] : ["a"],
  size: i === 4 ? 0 : 10,
}));

export const answers: Script = ({ name, a }) => {
  if (name === "parts") return succeeded(parts);
  if (name.startsWith("extra.otherwise")) return succeeded("instead");
  if (name === "extra" || name === "made[c].made") return failed("it is always so");
  if (name === "made[b].made" && a === 1) return failed("the first time");
  if (name.endsWith(".good")) return succeeded(true);
  return {
    ...succeeded(name),
    files: [{ name: "out.txt", path: `out/${name}.txt`, size: 3, sha256: "ab".repeat(32) }],
  };
};

export async function richRun(): Promise<{
  readonly project: string;
  readonly result: RunResult;
  readonly events: readonly Event[];
  readonly plan: RunResult["view"]["plan"];
  readonly journal: Journal;
}> {
  const { project, plan } = planOf(rich);
  const world = await pretendWorld(project, machine(answers));
  const result = await executeRun(world, { plan, inputs: { big: 5 }, options });
  const events = [...world.journal.events(result.run)];
  return { project, plan, result, events, journal: world.journal };
}

export const tables = ["run", "node", "attempt", "dependency", "artifact"] as const;

export function rowsOf(journal: Journal): Record<string, readonly Row[]> {
  return Object.fromEntries(
    tables.map((table) => [table, journal.database.prepare(`SELECT * FROM ${table}`).all()]),
  );
}

/** Folds the events and makes all projections of the run anew. */
export function rebuild(journal: Journal, id: string, project: string): void {
  const { events, plan, end } = historyOf(journal, id);
  const run = createRun({
    id,
    plan,
    files: openFiles(project, plan, journal.artifacts, journal.folderOf(id)),
  });
  for (const event of events) apply(run, event);
  const inputs = new Inputs(() => run);
  const log = reopenLog(journal, id, (n) => inputs.of(n), {
    end,
    epoch: events.at(-1)?.epoch ?? 0,
    once: 0,
  });
  log.rebuild(run, events);
}

/** State of each node by its name. */
export function statesOf({ view }: RunResult): Record<string, string> {
  return Object.fromEntries([...view.nodes()].map((n) => [view.name(n), view.state(n)]));
}
