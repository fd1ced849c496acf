// What people ask of a run: written once, heard at once by who runs it, kept for the next one, and never lost.

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { fileBell, ringBell } from "../runtime/bell.ts";
import { executeRun } from "../runtime/execute.ts";
import { openJournal } from "../runtime/journal.ts";
import { journalVersion } from "../runtime/journal-schema.ts";
import { ask, openRequests, takenRequest } from "../runtime/requests.ts";
import { freshFolder, machine, options, planOf, pretendWorld, removeFolders, succeeded } from "./pretend.ts";

afterAll(removeFolders);

const flow = `
task step() -> string { run "echo a" return stdout }
flow main() -> string {
  a = step()
  b = step() after a
  return b
}
`;

describe("a request", () => {
  it("is heard by the run that it is about, recorded with its name, and answered once", async () => {
    const { project, plan } = planOf(flow);
    const world = await pretendWorld(
      project,
      machine(() => null),
    );
    const other = await openJournal(join(project, ".flowc"));
    let ring = (): void => {};
    let id = 0;
    const result = executeRun(
      {
        ...world,
        bell: {
          ring: () => {},
          listen: (_folder, rung) => {
            ring = rung;
            return () => {};
          },
        },
      },
      {
        plan,
        inputs: {},
        options,
        watch: ({ events, run }) => {
          if (!events.some(({ type }) => type === "attempt.placed")) return;
          const asked = { ask: { kind: "cancel" }, by: "ada", note: "enough", at: 5 } as const;
          void ask(other, run.id, asked).then(async (first) => {
            if ("id" in first) ({ id } = first);
            const second = await ask(other, run.id, { ...asked, by: "bob" });
            expect("before" in second && second.before.by).toBe("ada");
            ring();
          });
        },
      },
    );
    const { status, run } = await result;
    expect(status).toBe("cancelled");
    expect([...other.events(run)].filter(({ type }) => type === "run.cancelled")).toMatchObject([
      { by: "ada", why: "cancel", note: "enough" },
    ]);
    expect(takenRequest(other, id)).toMatchObject({ refused: null });
    expect(openRequests(other, run)).toEqual([]);
    await other.close();
    await world.journal.close();
  });

  it("waits for the next owner where there is none", async () => {
    const { project, plan } = planOf(flow);
    const stop = new AbortController();
    const world = await pretendWorld(
      project,
      machine(({ name }) => {
        if (name === "a") return succeeded("a");
        stop.abort("interrupt");
        return null;
      }),
    );
    const request = { plan, inputs: {}, options };
    const first = await executeRun(world, { ...request, stop: stop.signal });
    expect(first.status).toBe("cancelled");
    await ask(world.journal, first.run, { ask: { kind: "cancel" }, by: "ada", note: null, at: 5 });
    expect(openRequests(world.journal, first.run)).toHaveLength(1);
    const again = await executeRun(world, { ...request, resume: { run: first.run, stored: false } });
    expect(again.status).toBe("cancelled");
    expect(openRequests(world.journal, first.run)).toEqual([]);
    await world.journal.close();
  });
});

describe("the bell", () => {
  it("is heard when it is rung, and when anybody else writes to the journal", async () => {
    const state = freshFolder();
    const journal = await openJournal(state);
    const folder = join(state, "runs", "r");
    mkdirSync(folder, { recursive: true });
    let heard = (): void => {};
    const stop = fileBell(journal).listen(folder, () => heard());
    const rung = new Promise<void>((resolve) => {
      heard = resolve;
    });
    ringBell(folder);
    await rung;
    const written = new Promise<void>((resolve) => {
      heard = resolve;
    });
    const other = await openJournal(state);
    other.database.exec("UPDATE lease SET epoch = epoch WHERE run IS NULL; CREATE TABLE other (id)");
    await written;
    stop();
    await other.close();
    await journal.close();
  });
});

describe("a journal of the first version", () => {
  it("opens, can be read before that, and then takes requests", async () => {
    const { project, plan } = planOf(flow);
    const world = await pretendWorld(
      project,
      machine(() => succeeded("x")),
    );
    const { run } = await executeRun(world, { plan, inputs: {}, options });
    world.journal.database.exec(
      "DROP TABLE request; DROP TABLE cache; DROP TABLE listing; DROP TABLE limit_use; DROP TABLE limit_run; DROP TABLE limit_pause; DROP VIEW gates; DROP VIEW attempts; ALTER TABLE attempt DROP COLUMN used; PRAGMA user_version = 1",
    );
    await world.journal.close();
    const state = join(project, ".flowc");
    const old = await openJournal(state, { readOnly: true });
    expect(old.version).toBe(1);
    expect(openRequests(old, run)).toEqual([]);
    await old.close();
    const now = await openJournal(state);
    expect(now.version).toBe(journalVersion);
    expect(await ask(now, run, { ask: { kind: "cancel" }, by: "ada", note: null, at: 5 })).toHaveProperty(
      "id",
    );
    expect(now.database.prepare("SELECT * FROM gates").all()).toEqual([]);
    await now.close();
  });
});
