// What was acknowledged is there, whatever happens to the process or to the file: kills, cuts, locks, and who may not write.

import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, describe, expect, it } from "vitest";
import { executeRun } from "../runtime/execute.ts";
import { openJournal } from "../runtime/journal.ts";
import { JournalError } from "../runtime/journal-errors.ts";
import { journalVersion } from "../runtime/journal-schema.ts";
import { openDatabase } from "../runtime/sqlite.ts";
import { freshFolder, machine, options, planOf, pretendWorld, removeFolders } from "./pretend.ts";
import { answers, rebuild, rich, richRun, rowsOf, statesOf } from "./rich-run.ts";

afterAll(removeFolders);

describe("killed", () => {
  it("after any event, a resume comes to the same end and makes nothing again that was recorded", async () => {
    const whole = await richRun();
    await whole.journal.close();
    for (let k = 1; k < whole.events.length; k++) {
      const state = join(whole.project, `.flowc-${k}`);
      cpSync(join(whole.project, ".flowc"), state, { recursive: true });
      const journal = await openJournal(state);
      journal.database.exec(`DELETE FROM event WHERE (id & 4294967295) > ${k}`);
      journal.database.exec("UPDATE run SET state = 0, ended_at = NULL, ended = NULL, related = 0");
      rebuild(journal, whole.result.run, whole.project);
      const attempts = machine(answers);
      const world = await pretendWorld(whole.project, attempts, state, journal);
      const result = await executeRun(world, {
        plan: whole.plan,
        inputs: {},
        options,
        resume: { run: whole.result.run, stored: false },
      });
      expect([k, result.status, result.output]).toEqual([k, "succeeded", whole.result.output]);
      expect(statesOf(result)).toEqual(statesOf(whole.result));
      const done = new Set(
        whole.events
          .slice(0, k)
          .flatMap((event) =>
            event.type === "attempt.ended" && event.again_at === undefined
              ? [whole.result.view.name(event.n)]
              : [],
          ),
      );
      if (k < whole.events.length - 1)
        for (const start of attempts.started) expect(done).not.toContain(start.replace(/\.\d+$/, ""));
      const rows = rowsOf(journal);
      rebuild(journal, result.run, whole.project);
      expect(rowsOf(journal)).toEqual(rows);
      await journal.close();
    }
  });

  it("by SIGKILL in the middle of appending, all that was acknowledged is there", async () => {
    const { project } = planOf(rich);
    const here = (path: string): string => JSON.stringify(new URL(path, import.meta.url).href);
    const code = `
      const { openJournal } = await import(${here("../runtime/journal.ts")});
      const { createLog, freeRunId } = await import(${here("../runtime/journal-log.ts")});
      const { createRun } = await import(${here("../runtime/run.ts")});
      const { recompiled } = await import(${here("./pretend.ts")});
      const plan = recompiled(${JSON.stringify(project)});
      const journal = await openJournal(${JSON.stringify(join(project, ".flowc"))});
      const id = freeRunId(journal, Date.now(), Math.random);
      const run = createRun({ id, plan, files: {} });
      const log = createLog(journal, id, plan, () => null);
      for (let seq = 1; ; seq++) {
        const body = { type: "swept", refs: ["x".repeat(seq % 3000)] };
        log.commit([{ ...body, seq, at: seq, epoch: 1 }], run, []);
        process.stdout.write(id + " " + seq + "\\n");
        if (seq % 50 === 0) await new Promise((done) => setImmediate(done));
      }`;
    const child = spawn(process.execPath, ["--import", "tsx", "--input-type=module", "-e", code], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    let last = "";
    const lines = createInterface(child.stdout);
    lines.on("line", (line) => {
      last = line;
      if (line.endsWith(" 700")) child.kill("SIGKILL");
    });
    await Promise.all([once(child, "exit"), once(lines, "close")]);
    const [id = "", seq = ""] = last.split(" ");
    expect(Number(seq)).toBeGreaterThanOrEqual(700);
    const journal = await openJournal(join(project, ".flowc"));
    const seqs = [...journal.events(id)].map((event) => event.seq);
    expect(seqs.length).toBeGreaterThanOrEqual(Number(seq));
    expect(seqs).toEqual(seqs.map((_, i) => i + 1));
    await journal.close();
  });
});

describe("a file that was cut", () => {
  it("in its WAL, opens with the events before the cut", async () => {
    const { project, result, events, journal } = await richRun();
    const path = join(project, ".flowc/journal.db");
    const copy = freshFolder();
    for (const end of ["", "-wal"]) copyFileSync(path + end, join(copy, `journal.db${end}`));
    await journal.close();
    const { size } = statSync(join(copy, "journal.db-wal"));
    const counts: number[] = [];
    for (let i = 0; i <= 40; i++) {
      const state = freshFolder();
      cpSync(copy, state, { recursive: true });
      truncateSync(join(state, "journal.db-wal"), Math.floor((size * i) / 40));
      const cut = await openJournal(state);
      const ids = cut.runs().map((run) => run.id);
      const found = ids.length === 0 ? [] : [...cut.events(result.run)];
      expect(found).toEqual(events.slice(0, found.length));
      counts.push(found.length);
      await cut.close();
    }
    expect(counts).toEqual([...counts].sort((a, b) => a - b));
    expect(counts[0]).toBe(0);
    expect(counts.at(-1)).toBe(events.length);
  });

  it("in itself, is read up to the cut or refused in a sentence", async () => {
    const { project, result, events, journal } = await richRun();
    await journal.close();
    const path = join(project, ".flowc/journal.db");
    const { size } = statSync(path);
    let refused = 0;
    for (let i = 0; i < 40; i++) {
      const state = freshFolder();
      copyFileSync(path, join(state, "journal.db"));
      truncateSync(join(state, "journal.db"), Math.floor((size * i) / 40));
      try {
        const cut = await openJournal(state);
        const found = cut.runs().length === 0 ? [] : [...cut.events(result.run)];
        expect(found).toEqual(events.slice(0, found.length));
        await cut.close();
      } catch (error) {
        expect(error).toBeInstanceOf(JournalError);
        expect(error).toMatchObject({ kind: "damaged" });
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(30);
  });

  it("so that an event is missing or broken, is refused at that event", async () => {
    const { result, journal } = await richRun();
    const read = (): void => void [...journal.events(result.run)];
    const change = (sql: string): void => {
      journal.database.exec("SAVEPOINT damage");
      journal.database.exec(sql);
      try {
        expect(read).toThrow(/event 5 of run/);
      } finally {
        journal.database.exec("ROLLBACK TO damage; RELEASE damage");
      }
    };
    change("DELETE FROM event WHERE (id & 4294967295) = 5");
    change("UPDATE event SET body = 'x' WHERE (id & 4294967295) = 5");
    change("UPDATE event SET body = '[]' WHERE (id & 4294967295) = 5");
    change("UPDATE event SET body = NULL WHERE (id & 4294967295) = 5");
    change("UPDATE event SET type = 99 WHERE (id & 4294967295) = 5");
    change("UPDATE event SET n = -1 WHERE (id & 4294967295) = 5");
    expect(read).not.toThrow();
    await journal.close();
  });
});

describe("opening", () => {
  it("makes a folder for its owner alone, and says when there is nothing to read", async () => {
    const state = join(freshFolder(), "deep/.flowc");
    await expect(openJournal(state, { readOnly: true })).rejects.toMatchObject({ kind: "absent" });
    expect(existsSync(state)).toBe(false);
    const journal = await openJournal(state);
    expect(statSync(state).mode & 0o777).toBe(0o700);
    expect(journal.runs()).toEqual([]);
    expect(journal.find("last")).toEqual({ problem: "there are no runs yet" });
    await journal.close();
  });

  it("refuses a newer version, and a file that is something else", async () => {
    const newer = freshFolder();
    const journal = await openJournal(newer);
    journal.database.exec(`PRAGMA user_version = ${journalVersion + 1}`);
    await journal.close();
    await expect(openJournal(newer)).rejects.toMatchObject({
      kind: "newer",
      message: expect.stringContaining("written by a newer flowc"),
      hint: expect.stringContaining("Update flowc"),
    });
    const other = freshFolder();
    const database = await openDatabase(join(other, "journal.db"));
    database.exec("CREATE TABLE mine (x)");
    database.close();
    await expect(openJournal(other)).rejects.toThrow(/no journal of flowc/);
    const text = freshFolder();
    writeFileSync(join(text, "journal.db"), "hello, this is no database at all".repeat(100));
    await expect(openJournal(text)).rejects.toMatchObject({ kind: "damaged" });
  });

  it("says what stands in the way", async () => {
    const folder = freshFolder();
    writeFileSync(join(folder, "file"), "");
    await expect(openJournal(join(folder, "file"))).rejects.toMatchObject({ kind: "cannot-open" });
    await expect(openJournal(join(folder, "file/below"))).rejects.toMatchObject({ kind: "cannot-open" });
  });

  it("ends where a link leads nowhere, and where the system lets nobody make a folder", async () => {
    const link = join(freshFolder(), "link");
    symlinkSync("/nowhere/at/all", link);
    await expect(openJournal(link)).rejects.toMatchObject({
      kind: "cannot-open",
      message: `\`${link}\` cannot be made: there is a file where a folder must be.`,
    });
    await expect(openJournal("/proc/flowc/state")).rejects.toBeInstanceOf(JournalError);
  });

  it("of a folder that may not be written is refused in a sentence", async () => {
    const state = join(freshFolder(), ".flowc");
    await (await openJournal(state)).close();
    chmodSync(join(state, ".."), 0o755);
    chmodSync(join(state, "journal.db"), 0o444);
    chmodSync(state, 0o555);
    // Root may write everywhere: the question is asked as somebody else.
    const code = `
      const { openJournal } = await import(${JSON.stringify(new URL("../runtime/journal.ts", import.meta.url).href)});
      if (process.getuid?.() === 0) process.setuid(65534);
      await openJournal(process.argv[1]).then(() => console.log("open"), (error) => console.log(error.kind, error.message));`;
    const child = spawnSync(process.execPath, ["--import", "tsx", "--input-type=module", "-e", code, state], {
      encoding: "utf8",
      env: { ...process.env, TSX_DISABLE_CACHE: "1" },
    });
    chmodSync(state, 0o755);
    expect(child.stdout).toMatch(/^read-only The journal `.*` may not be written\.\n$/);
  });

  it("names who holds it, when that lasts too long", async () => {
    const state = freshFolder();
    const journal = await openJournal(state);
    const other = await openDatabase(journal.path);
    other.exec("BEGIN IMMEDIATE");
    journal.database.exec("PRAGMA busy_timeout = 50");
    const { project, plan } = planOf(rich);
    const world = await pretendWorld(project, machine(answers), state, journal);
    const run = executeRun(world, { plan, inputs: { big: 1 }, options });
    await expect(run).rejects.toMatchObject({
      kind: "busy",
      message: expect.stringContaining(`Process ${process.pid} (`),
    });
    other.close();
    await journal.close();
  });

  it("loads SQLite without a word on stderr", () => {
    const code = `
      const { openJournal } = await import(${JSON.stringify(new URL("../runtime/journal.ts", import.meta.url).href)});
      await (await openJournal(process.argv[1])).close();
      process.emitWarning("others are heard");`;
    const { stderr } = spawnSync(
      process.execPath,
      ["--import", "tsx", "--input-type=module", "-e", code, freshFolder()],
      { encoding: "utf8" },
    );
    expect(stderr).not.toContain("SQLite");
    expect(stderr).toContain("others are heard");
  });
});
