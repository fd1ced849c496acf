// A journal that is not what was written: cut, changed, of another run. It is told and gone on with, or refused; never believed.

import { cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { executeRun } from "../runtime/execute.ts";
import { type Journal, openJournal } from "../runtime/journal.ts";
import { eventColumns } from "../runtime/journal-codec.ts";
import { JournalError } from "../runtime/journal-errors.ts";
import { forgottenRuns, type Gone, historyOf } from "../runtime/journal-history.ts";
import { RunHeld } from "../runtime/lease.ts";
import { ResumeRefused } from "../runtime/resume-refused.ts";
import { readMark } from "../runtime/run-mark.ts";
import { freshFolder, machine, options, planOf, pretendWorld, removeFolders, succeeded } from "./pretend.ts";
import { answers, rebuild, richRun } from "./rich-run.ts";
import { chanceOf } from "./run-world.ts";
import { atCommit } from "./sim/store.ts";

afterAll(removeFolders);

/** Flips and cuts of one file; `DAMAGE=1000` tries so many, `DAMAGE_SEED=2` others. */
const tries = Number(process.env["DAMAGE"] ?? 60);

/** As if what came after event `k` had never reached the disk. */
function cut(journal: Journal, k: number): void {
  journal.database.exec(`DELETE FROM event WHERE (id & 4294967295) > ${k}`);
  journal.database.exec("UPDATE run SET state = 0, ended_at = NULL, ended = NULL, related = 0");
}

async function resume(journal: Journal, whole: Awaited<ReturnType<typeof richRun>>) {
  const told: Gone[] = [];
  const world = await pretendWorld(whole.project, machine(answers), journal.stateDir, journal);
  const result = await executeRun(world, {
    plan: whole.plan,
    inputs: {},
    options,
    resume: { run: whole.result.run, stored: false },
    gone: (gone) => told.push(gone),
  });
  return { result, told };
}

describe("an event", () => {
  it("that was changed in any way is refused by its number", async () => {
    const { result, events, journal } = await richRun();
    const changes: Readonly<Record<string, string>> = {
      id: "id + 4294967296 * 7",
      body: "CASE WHEN body IS NULL THEN '{\"x\":1}' WHEN typeof(body) = 'blob' THEN zeroblob(32) ELSE body || ' ' END",
    };
    for (const { seq } of events)
      for (const column of eventColumns) {
        journal.database.exec("SAVEPOINT damage");
        const to = changes[column] ?? `coalesce(${column}, 0) + 1`;
        journal.database.exec(`UPDATE event SET ${column} = ${to} WHERE (id & 4294967295) = ${seq}`);
        const read = (): Gone | null => historyOf(journal, result.run).gone;
        if (column === "id" && seq === events.length) expect(read()).toEqual({ events: 1, once: false });
        else expect(read, `${column} of event ${seq}`).toThrow(`event ${seq} of run ${result.run}`);
        journal.database.exec("ROLLBACK TO damage; RELEASE damage");
      }
    await journal.close();
  });

  it("of an older journal, which has no chain, is read as it is", async () => {
    const whole = await richRun();
    cut(whole.journal, 20);
    whole.journal.database.exec("UPDATE event SET crc = NULL");
    rmSync(join(whole.journal.folderOf(whole.result.run), "mark"));
    const { result, told } = await resume(whole.journal, whole);
    expect(told).toEqual([]);
    expect(result.output).toEqual(whole.result.output);
    expect(historyOf(whole.journal, whole.result.run).gone).toBeNull();
    await whole.journal.close();
  });
});

describe("a run that is shorter than its mark", () => {
  it("tells once how many events are gone, and comes to the same end", async () => {
    const whole = await richRun();
    const { run } = whole.result;
    await whole.journal.close();
    for (let k = 2; k < whole.events.length; k += 3) {
      const state = freshFolder();
      cpSync(join(whole.project, ".flowc"), state, { recursive: true });
      const journal = await openJournal(state);
      cut(journal, k);
      rebuild(journal, run, whole.project);
      const first = await resume(journal, whole);
      expect(first.told).toEqual([{ events: whole.events.length - k, once: false }]);
      expect(first.result.output).toEqual(whole.result.output);
      const again = await resume(journal, whole);
      expect(again.told).toEqual([]);
      expect(again.result.already).toBe(true);
      await journal.close();
    }
  });

  it("goes on without a word after it was told, also when it was killed before its next event", async () => {
    const whole = await richRun();
    const { run } = whole.result;
    cut(whole.journal, 10);
    rebuild(whole.journal, run, whole.project);
    await expect(resume(throwing(whole.journal), whole)).rejects.toThrow("killed");
    expect(readMark(whole.journal.folderOf(run))).toMatchObject({ seq: 10 });
    expect((await resume(whole.journal, whole)).told).toEqual([]);
    await whole.journal.close();
  });

  it("is refused where something may have been done that may be done only once", async () => {
    const { project, plan } = planOf(`
task build() -> string { run "build" return stdout }
task ship(what: string) -> string { effect: "once" run "ship ~{what}" return stdout }
flow main() -> string { return ship(build()) }
`);
    const work = machine(({ name }) => succeeded(name));
    const world = await pretendWorld(project, work);
    const { run } = await executeRun(world, { plan, inputs: {}, options });
    const { journal } = world;
    const started = [...journal.events(run)].findLast(({ type }) => type === "attempt.started");
    cut(journal, (started?.seq ?? 0) - 1);
    work.started.length = 0;
    const ask = { plan, inputs: {}, options, resume: { run, stored: false } };
    for (const _ of [1, 2])
      await expect(executeRun(world, ask)).rejects.toMatchObject({
        message: "`ship` may be done only once, and whether it was is not recorded any more.",
        again: ["ship"],
      });
    expect(work.started).toEqual([]);
    const { status } = await executeRun(world, { ...ask, again: { names: ["ship"], by: "me" } });
    expect([status, work.started]).toEqual(["succeeded", ["ship.1"]]);
    await journal.close();
  });
});

/** A journal whose next commit does not come about. */
function throwing(journal: Journal): Journal {
  let commits = 0;
  const faulty = atCommit(journal.database, (really) => {
    // The first one raises the epoch.
    if (++commits > 1) throw new Error("killed");
    really();
  });
  return Object.create(journal, { database: { value: faulty } });
}

describe("a mark", () => {
  it("that was changed is told, and what it says is not believed", async () => {
    const whole = await richRun();
    const { run } = whole.result;
    const path = join(whole.journal.folderOf(run), "mark");
    const good = readFileSync(path);
    for (let at = 0; at < good.length; at++) {
      const bad = Buffer.from(good);
      bad[at] = (bad[at] ?? 0) ^ 1;
      writeFileSync(path, bad);
      expect(historyOf(whole.journal, run).gone).toEqual({ events: null, once: true });
    }
    writeFileSync(path, "");
    expect(historyOf(whole.journal, run).gone).toEqual({ events: null, once: true });
    await whole.journal.close();
  });

  it("that belongs to other events is refused", async () => {
    const whole = await richRun();
    const { run } = whole.result;
    const path = join(whole.journal.folderOf(run), "mark");
    const mark = readFileSync(path);
    cut(whole.journal, whole.events.length - 4);
    rebuild(whole.journal, run, whole.project);
    await resume(whole.journal, whole);
    writeFileSync(path, mark);
    expect(() => historyOf(whole.journal, run)).toThrow(/do not belong together/);
    await whole.journal.close();
  });
});

/** What becomes of a damaged state directory: the events are those that were, or fewer and told, or it is refused. */
async function outcomeOf(state: string, whole: Awaited<ReturnType<typeof richRun>>): Promise<string> {
  let journal: Journal | null = null;
  try {
    journal = await openJournal(state);
    if (journal.run(whole.result.run) === null) {
      expect(forgottenRuns(journal)).toEqual([whole.result.run]);
      return "forgotten";
    }
    const { events, gone } = historyOf(journal, whole.result.run);
    expect(events).toEqual(whole.events.slice(0, events.length));
    expect(gone).toEqual(
      events.length === whole.events.length
        ? null
        : { events: whole.events.length - events.length, once: false },
    );
    const { result } = await resume(journal, whole);
    expect(result.status).toBe("succeeded");
    expect(result.output).toEqual(whole.result.output);
    expect(historyOf(journal, whole.result.run).gone).toBeNull();
    return gone === null ? "whole" : "told";
  } catch (error) {
    const refused =
      error instanceof JournalError || error instanceof ResumeRefused || error instanceof RunHeld;
    if (!refused) throw error;
    return "refused";
  } finally {
    await journal?.close().catch(() => {});
  }
}

/** Tries so many changes of one file of a state directory; gives what became of it. */
async function tried(
  name: "journal.db" | "journal.db-wal",
  change: (good: Buffer, i: number) => Buffer,
): Promise<ReadonlySet<string>> {
  const whole = await richRun();
  const kept = freshFolder();
  if (name === "journal.db") await whole.journal.close();
  cpSync(join(whole.project, ".flowc"), kept, { recursive: true });
  if (name !== "journal.db") await whole.journal.close();
  const good = readFileSync(join(kept, name));
  const outcomes = new Set<string>();
  for (let i = 0; i <= tries; i++) {
    const state = freshFolder();
    cpSync(kept, state, { recursive: true });
    writeFileSync(join(state, name), change(good, i));
    outcomes.add(await outcomeOf(state, whole));
    rmSync(state, { recursive: true });
  }
  return outcomes;
}

describe("a file", () => {
  it.each([
    ["journal.db", ["refused", "whole"]],
    // SQLite's own checksums end it at the flip.
    ["journal.db-wal", ["told"]],
  ] as const)(
    "%s with flipped bits is read as it was, gone on with, or refused",
    async (name, expected) => {
      const chance = chanceOf(Number(process.env["DAMAGE_SEED"] ?? 1));
      const outcomes = await tried(name, (good) => {
        const bad = Buffer.from(good);
        const at = Math.floor(chance() * bad.length);
        bad[at] = (bad[at] ?? 0) ^ (1 << Math.floor(chance() * 8));
        return bad;
      });
      for (const outcome of expected) expect(outcomes).toContain(outcome);
    },
    600_000,
  );

  it.each([
    ["journal.db", ["forgotten", "refused", "whole"]],
    ["journal.db-wal", ["forgotten", "told", "whole"]],
  ] as const)(
    "%s cut anywhere is gone on with, told if anything is gone, or refused",
    async (name, expected) => {
      const outcomes = await tried(name, (good, i) =>
        good.subarray(0, Math.floor((good.length * i) / tries)),
      );
      expect([...outcomes].sort()).toEqual(expected);
    },
    600_000,
  );
});
