// The journal on a real disk: what was acknowledged is there, whatever happens to the process or to the file.

import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, describe, expect, it } from "vitest";
import type { Event } from "../runtime/events.ts";
import { executeRun, type RunResult } from "../runtime/execute.ts";
import { Inputs } from "../runtime/execute-record.ts";
import { openFiles } from "../runtime/files.ts";
import { type Journal, openJournal } from "../runtime/journal.ts";
import { JournalError } from "../runtime/journal-errors.ts";
import { reopenLog } from "../runtime/journal-log.ts";
import { journalVersion } from "../runtime/journal-schema.ts";
import { loadRun } from "../runtime/load.ts";
import { apply, createRun } from "../runtime/run.ts";
import { openDatabase, type Row } from "../runtime/sqlite.ts";
import {
  failed,
  freshFolder,
  machine,
  options,
  planOf,
  pretendWorld,
  removeFolders,
  type Script,
  succeeded,
} from "./pretend.ts";

afterAll(removeFolders);

/** A bit of everything that the graph can do: a late list, order among items, a retry, a branch, an answer, plain tasks. */
const rich = `
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

const answers: Script = ({ name, a }) => {
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

async function richRun(): Promise<{
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

const tables = ["run", "node", "attempt", "dependency", "artifact"] as const;

function rowsOf(journal: Journal): Record<string, readonly Row[]> {
  return Object.fromEntries(
    tables.map((table) => [table, journal.database.prepare(`SELECT * FROM ${table}`).all()]),
  );
}

/** Folds the events and makes all projections of the run anew. */
function rebuild(journal: Journal, id: string, project: string): void {
  const events = [...journal.events(id)];
  const plan = journal.plan(journal.run(id)?.plan ?? "");
  const run = createRun({
    id,
    plan,
    files: openFiles(project, plan, journal.artifacts, journal.folderOf(id)),
  });
  for (const event of events) apply(run, event);
  const inputs = new Inputs(() => run);
  reopenLog(journal, id, (n) => inputs.of(n)).rebuild(run, events);
}

/** State of each node by its name. */
function statesOf({ view }: RunResult): Record<string, string> {
  return Object.fromEntries([...view.nodes()].map((n) => [view.name(n), view.state(n)]));
}

describe("projections", () => {
  it("are what the events say, after success, failure, and a resume", async () => {
    const { project, plan, result, journal } = await richRun();
    expect(result.status).toBe("succeeded");
    const rows = rowsOf(journal);
    for (const table of tables) expect(rows[table]?.length).toBeGreaterThan(0);
    rebuild(journal, result.run, project);
    expect(rowsOf(journal)).toEqual(rows);

    let broken = true;
    const attempts = machine((order, stop) =>
      broken && order.name === "made[a].made" ? failed("broken") : answers(order, stop),
    );
    const world = await pretendWorld(project, attempts, undefined, journal);
    const ask = { plan, inputs: { big: 5 }, options };
    const first = await executeRun(world, ask);
    expect(first.status).toBe("failed");
    const halfWay = rowsOf(journal);
    rebuild(journal, first.run, project);
    expect(rowsOf(journal)).toEqual(halfWay);
    broken = false;
    const second = await executeRun(world, { ...ask, resume: { run: first.run, stored: false } });
    expect(second.status).toBe("succeeded");
    const whole = rowsOf(journal);
    rebuild(journal, first.run, project);
    expect(rowsOf(journal)).toEqual(whole);
    await journal.close();
  });

  it("are read through the documented views", async () => {
    const { result, journal } = await richRun();
    const columns = (view: string): string[] =>
      journal.database
        .prepare(`SELECT name FROM pragma_table_info('${view}')`)
        .all()
        .map((row) => String(row["name"]));
    expect(columns("runs").join(" ")).toBe("run flow status started_at ended_at inputs output");
    expect(columns("nodes").join(" ")).toBe(
      "run node task key inputs output status runner instance attempts started_at ended_at duration_ms error",
    );
    expect(columns("attempts").join(" ")).toBe(
      "run node attempt outcome reason exit_code instance session started_at ended_at duration_ms cost tokens",
    );
    expect(columns("dependencies").join(" ")).toBe("run from_node to_node kind");
    expect(columns("artifacts").join(" ")).toBe("run node name path size sha256 created_at");
    expect(columns("gates").join(" ")).toBe("run gate item held decided_by decided_at note");
    const all = (sql: string): readonly Row[] => journal.database.prepare(sql).all();
    expect(all("SELECT run, flow, status, inputs, output FROM runs")).toMatchObject([
      {
        run: result.run,
        flow: "main",
        status: "succeeded",
        inputs: '{"big":5}',
        output: JSON.stringify(result.output),
      },
    ]);
    const [b] = all("SELECT * FROM nodes WHERE node = 'made[b].made'");
    expect(b).toMatchObject({
      task: "make",
      key: "b",
      status: "succeeded",
      attempts: 2,
      output: '"made[b].made"',
      error: null,
    });
    expect(String(b?.["inputs"])).toContain('"name":"b"');
    expect(String(b?.["started_at"])).toMatch(/^2026-11-2\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    expect(all("SELECT error FROM nodes WHERE node = 'made[c].made'")).toMatchObject([
      { error: "it is always so" },
    ]);
    expect(
      all("SELECT attempt, outcome, reason, exit_code FROM attempts WHERE node = 'made[b].made'"),
    ).toMatchObject([
      { attempt: 1, outcome: "failed", reason: "exit", exit_code: 1 },
      { attempt: 2, outcome: "succeeded", exit_code: 0 },
    ]);
    expect(all("SELECT from_node, kind FROM dependencies WHERE to_node = 'made[b].good'")).toMatchObject([
      { from_node: "made[b].made", kind: "data" },
    ]);
    const waits = all("SELECT from_node FROM dependencies WHERE to_node = 'made[b].made' ORDER BY 1");
    expect(waits.map((row) => row["from_node"])).toContain("made[a]");
    expect(all("SELECT path FROM artifacts WHERE node = 'made[a].made'")).toMatchObject([
      { path: "out/made[a].made.txt" },
    ]);
    expect(all("SELECT * FROM gates")).toEqual([]);
    expect(all("SELECT type FROM events WHERE seq <= 3").map((row) => row["type"])).toEqual([
      "run.started",
      "run.opened",
      "grown",
    ]);
    await journal.close();
  });
});

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

describe("values", () => {
  it("of more than 64 KB stand in the artifact store, and come back", async () => {
    const { project, plan } = planOf(`
task big() -> string {
  run "cat"
  return stdout
}
flow main() -> string {
  x = big()
  return x
}
`);
    const long = "ä".repeat(40_000);
    const world = await pretendWorld(
      project,
      machine(() => succeeded(long)),
    );
    const { run, output } = await executeRun(world, { plan, inputs: {}, options });
    expect(output).toBe(long);
    const [row] = world.journal.database.prepare("SELECT max(length(body)) AS longest FROM event").all();
    expect(Number(row?.["longest"])).toBeLessThan(1000);
    const loaded = loadRun(world.journal, run, project);
    expect(loaded.view.output).toBe(long);
    // Altered, it is told and not used.
    const event = world.journal.database
      .prepare("SELECT body FROM event WHERE body LIKE '%value@sha256%'")
      .get();
    const { "value@sha256": sha256 } = JSON.parse(String(event?.["body"]));
    const place = world.artifacts.pathOf(sha256) ?? "";
    chmodSync(place, 0o600);
    writeFileSync(place, readFileSync(place, "utf8").replace("ä", "ö"));
    expect(() => loadRun(world.journal, run, project)).toThrow(/was changed on the disk/);
    await world.journal.close();
  });

  it("cost at most 300 bytes a node besides themselves", async () => {
    const { project, plan } = planOf(`
task work(i: int, a: int, b: int, c: int) -> int {
  run "echo ~{i}"
  return int(stdout)
}
flow main() -> int {
  x = for i in range(500) { work(i, a: i, b: i, c: i) }
  y = for i in range(500) { work(i, a: x[i], b: x[0], c: x[1]) }
  z = for i in range(500) { work(i, a: y[i], b: x[i], c: y[0]) }
  w = for i in range(500) { work(i, a: z[i], b: y[i], c: x[i]) }
  return sum(w)
}
`);
    const state = join(project, ".flowc");
    const world = await pretendWorld(
      project,
      machine(({ n }) => succeeded(n)),
    );
    const empty = statSync(join(state, "journal.db")).size;
    await executeRun(world, { plan, inputs: {}, options: { ...options, jobs: 64 } });
    const values = world.journal.database
      .prepare(
        "SELECT (SELECT sum(length(inputs)) FROM node) + (SELECT sum(length(body)) FROM plan) AS bytes",
      )
      .get();
    await world.journal.close();
    const bytes = statSync(join(state, "journal.db")).size - empty - Number(values?.["bytes"]);
    console.log(bytes / 2000);
    expect(bytes / 2000).toBeLessThan(300);
  });
});

it("finds a run by its id, a beginning, `last`, or tells which could be meant", async () => {
  const { project, plan } = planOf(
    'task t() -> string { return "x" }\nflow main() -> string { return t() }\n',
  );
  const world = await pretendWorld(project, machine(answers));
  const ids: string[] = [];
  for (let i = 0; i < 3; i++) ids.push((await executeRun(world, { plan, inputs: {}, options })).run);
  expect(ids.every((id) => /^261121-[2-9a-z]{5}$/.test(id))).toBe(true);
  const [first = "", , last = ""] = ids;
  expect(world.journal.runs().map((run) => run.id)).toEqual([...ids].reverse());
  expect(world.journal.find("last")).toEqual({ id: last });
  expect(world.journal.find(first)).toEqual({ id: first });
  expect(world.journal.find(first.slice(7))).toEqual({ id: first });
  expect(world.journal.find("2611")).toEqual({
    problem: `\`2611\` may mean 3 runs: ${[...ids].reverse().join(", ")}`,
  });
  expect(world.journal.find("nope")).toEqual({
    problem: `there is no run \`nope\`; the last one is ${last}`,
  });
  mkdirSync(join(project, "empty"));
  await world.journal.close();
});
