// Every operation on the journal of a 50-node run fails once: it is told, nothing recorded is lost, and the run goes on.

import { afterAll, expect, it } from "vitest";
import type { Plan } from "../compiler/plan.ts";
import { executeRun } from "../runtime/execute.ts";
import { type Journal, openJournal } from "../runtime/journal.ts";
import { JournalError } from "../runtime/journal-errors.ts";
import { machine, options, planOf, pretendWorld, removeFolders, succeeded } from "./pretend.ts";
import { watched } from "./sim/store-operations.ts";

afterAll(removeFolders);

const flow = `
task work(key: string) -> string { run "work ~{key}" }
flow main() -> string[] {
  first = for i in range(24) { work(key: "a~{i}") }
  gate between { check "all": len(first) == 24 }
  second = for word in first { work(key: word) }
  both = work(key: join(second, ","))
  return second + [both]
}
`;

/**
 * So many runs share a journal. Each is given the same chance, so it first asks for the names of all before it: in one journal
 * a run would have one operation more for each that was tried, and the last of them would never come.
 */
const perJournal = 40;

/** A life in which operation `n` fails, and if it was told, another that goes on. Null: there are fewer operations. */
async function lives(
  journal: Journal,
  project: string,
  plan: Plan,
  n: number,
  errcode: number,
): Promise<string | null> {
  const done: string[] = [];
  const work = machine(({ name }) => {
    done.push(name);
    return succeeded(name);
  });
  const operations = watched(journal);
  operations.errcode = errcode;
  operations.fails = n;
  const world = await pretendWorld(project, work, undefined, operations.journal);
  const ask = { plan, inputs: {}, options };
  const last = journal.runs().at(0)?.id;
  try {
    const { status } = await executeRun(world, ask);
    expect(status, `operation ${n}`).toBe("succeeded");
    return operations.count < n ? null : "unnoticed";
  } catch (error) {
    expect(error, `operation ${n}`).toBeInstanceOf(JournalError);
  }
  const run = journal.runs().at(0);
  if (run === undefined || run.id === last) return "never begun";
  const before = [...journal.events(run.id)].flatMap((event) =>
    event.type === "attempt.ended" && event.outcome === "succeeded" ? [event.n] : [],
  );
  done.length = 0;
  operations.fails = 0;
  const { status, view } = await executeRun(world, { ...ask, resume: { run: run.id, stored: false } });
  expect(status, `operation ${n}`).toBe("succeeded");
  const again = before.filter((cell) => done.includes(view.name(cell)));
  expect(again, `operation ${n}`).toEqual([]);
  return "told";
}

it.each([10, 13])(
  "whichever operation fails with %i",
  async (errcode) => {
    const { project, plan } = planOf(flow);
    const outcomes = new Map<string, number>();
    let journal = await openJournal(`${project}/.flowc`);
    for (let n = 1; ; n++) {
      if (n % perJournal === perJournal - 1) {
        await journal.close();
        journal = await openJournal(`${project}/.flowc/${n}`);
      }
      const outcome = await lives(journal, project, plan, n, errcode);
      if (outcome === null) break;
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    }
    await journal.close();
    expect(outcomes.get("told") ?? 0).toBeGreaterThan(150);
  },
  120_000,
);
