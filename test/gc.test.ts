// `flowc gc` on the real program: what goes and what stays, beside a run that lives, and killed in the middle.

import { existsSync, mkdirSync, readdirSync, renameSync, utimesSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { youngMs } from "../runtime/gc.ts";
import { type Journal, openJournal } from "../runtime/journal.ts";
import { historyOf } from "../runtime/journal-history.ts";
import { readMark } from "../runtime/run-mark.ts";
import { integer } from "../runtime/sqlite.ts";
import { freshFolder, removeFolders } from "./pretend.ts";
import { type Ended, flowc, type Started, start } from "./program.ts";

afterAll(removeFolders);

const flow = `task made(n: int) -> file {
  reads: []
  cache: true
  run "seq ~{n} 2000 > out.txt"
  return file("out.txt")
}

task one(n: int) -> int {
  run "echo ~{n} >> started.txt"
  return n
}

flow main(n: int) -> file {
  return made(n)
}

flow many() -> int {
  all = for n in range(1, 200) { one(n) }
  return sum(all)
}

flow ask() -> bool {
  gate good {
    approve "Is it good?"
  }
  return true
}

flow slow(path: string) -> file {
  waited = wait(path)
  kept = made(waited)
  return kept
}

task wait(path: string) -> int {
  run "echo . > started; while ! test -e ~{path}; do sleep 0.02; done"
  return 1
}
`;

interface Place {
  readonly folder: string;
  run(...args: readonly string[]): Promise<Ended>;
  start(...args: readonly string[]): Started;
}

function place(): Place {
  const folder = freshFolder();
  writeFileSync(join(folder, "package.json"), "{}\n");
  writeFileSync(join(folder, "main.flow"), flow);
  const options = { cwd: folder };
  return { folder, run: (...args) => flowc(args, options), start: (...args) => start(args, options) };
}

async function inJournal<T>({ folder }: Place, look: (journal: Journal) => T | Promise<T>): Promise<T> {
  const journal = await openJournal(join(folder, ".flowc"));
  try {
    return await look(journal);
  } finally {
    await journal.close();
  }
}

/** As if it all had happened so many days ago. */
async function grownOld(at: Place, days = 40): Promise<void> {
  const ms = days * youngMs;
  await inJournal(at, async (journal) => {
    const { database } = journal;
    // A run that goes on writes its mark a moment after its commit, which would make it young again.
    for (const { id } of journal.runs()) {
      const last = [...journal.events(id)].at(-1)?.seq;
      await until(() => {
        const mark = readMark(journal.folderOf(id));
        return mark !== null && mark !== "unreadable" && mark.seq === last;
      });
    }
    database.exec(`UPDATE run SET started_at = started_at - ${ms}, ended_at = ended_at - ${ms}`);
    database.exec(`UPDATE cache SET at = at - ${ms}`);
  });
  const then = (Date.now() - ms) / 1000;
  for (const path of readdirSync(join(at.folder, ".flowc"), { recursive: true, encoding: "utf8" }))
    if (/^(runs|artifacts)/.test(path)) utimesSync(join(at.folder, ".flowc", path), then, then);
}

function contents({ folder }: Place): readonly string[] {
  return readdirSync(join(folder, ".flowc/artifacts"), { recursive: true, encoding: "utf8" })
    .filter((path) => /^[0-9a-f]{2}\/.{62}$/.test(path))
    .map((path) => path.replace("/", ""))
    .sort();
}

function folders({ folder }: Place): readonly string[] {
  return readdirSync(join(folder, ".flowc/runs"));
}

/** All is well: nothing is told, all that runs name is there, and no rows are left of others. */
async function whole(at: Place): Promise<readonly string[]> {
  const listed = await at.run("runs");
  expect(listed.stderr).toBe("");
  return inJournal(at, async (journal) => {
    const runs = journal.runs().map(({ id }) => id);
    for (const id of runs) {
      const { events, gone } = historyOf(journal, id);
      expect(gone).toBeNull();
      for (const event of events)
        if (event.type === "attempt.ended" || event.type === "node.reused")
          for (const { sha256 } of event.files ?? []) await journal.artifacts.verify(sha256);
    }
    return runs;
  });
}

describe("flowc gc", () => {
  it("removes what is older than asked and not among the latest, with its answers and files", async () => {
    const at = place();
    for (const n of [1, 2, 3, 4, 1])
      await at.run("run", "main.flow", "main", "-i", `n=${n}`, "--ui", "quiet");
    expect(contents(at)).toHaveLength(4);
    expect((await at.run("gc", "--keep", "1")).stdout).toMatch(
      /^nothing to remove: the latest run stays, and what is younger than 30 days\n/,
    );
    await grownOld(at);
    expect((await at.run("gc")).stdout).toMatch(/^nothing to remove: the latest 20 runs stay/);

    const asked = await at.run("gc", "--keep", "2", "--dry-run");
    expect(asked.stdout).toMatch(/^would remove 3 runs \(.*\), 2 cached answers, 2 artifacts: \d+ KB\n/);
    expect(asked.stderr).toBe("next: flowc gc --keep 2\n");
    expect(contents(at)).toHaveLength(4);

    const done = await at.run("gc", "--keep", "2");
    expect(done.stdout).toMatch(
      /^removed 3 runs \(.*\), 2 cached answers, 2 artifacts: \d+ KB\n.flowc holds 2 runs: /,
    );
    expect(contents(at)).toHaveLength(2);
    expect(await whole(at)).toHaveLength(2);
    expect(folders(at)).toHaveLength(2);
    // What the first run gave was used by one that stays, so it is still known; what the second gave is not.
    const again = await at.run("run", "main.flow", "main", "-i", "n=1", "--ui", "plain");
    expect(again.stderr).toContain("(1 cached)");
    const anew = await at.run("run", "main.flow", "main", "-i", "n=2", "--ui", "plain");
    expect(anew.stderr).not.toContain("cached");
  });

  it("leaves alone what waits for a person, and what is being run", async () => {
    const at = place();
    await at.run("run", "main.flow", "ask", "--no-wait");
    const live = at.start("run", "main.flow", "slow", "-i", "path=go", "--ui", "quiet");
    await until(() => existsSync(join(at.folder, "started")));
    await grownOld(at);
    await at.run("run", "main.flow", "main", "-i", "n=7", "--ui", "quiet");
    const done = await at.run("gc", "--keep", "1", "--json");
    expect(JSON.parse(done.stdout)).toMatchObject({ runs: [], kept: 3 });
    expect(JSON.parse(done.stdout).held).toHaveLength(2);
    writeFileSync(join(at.folder, "go"), "");
    expect((await live.ended).code).toBe(0);
    expect(await whole(at)).toHaveLength(3);
  });

  it("takes nothing from a run that lives, though it is about to use something old", async () => {
    const at = place();
    await at.run("run", "main.flow", "main", "-i", "n=1", "--ui", "quiet");
    await at.run("run", "main.flow", "many", "--ui", "quiet");
    await grownOld(at);
    for (let round = 0; round < 5; round++) {
      const live = at.start("run", "main.flow", "slow", "-i", `path=go${round}`, "--ui", "json");
      await until(() => existsSync(join(at.folder, "started")));
      const gc = at.start("gc", "--keep", "1");
      writeFileSync(join(at.folder, `go${round}`), "");
      expect((await gc.ended).code).toBe(0);
      expect((await live.ended).code).toBe(0);
      await whole(at);
      await grownOld(at);
    }
  });

  it("was killed in the middle: the rest is whole, nothing is told, and the next call ends it", async () => {
    const at = place();
    for (let i = 0; i < 4; i++) {
      await at.run("run", "main.flow", "many", "--ui", "quiet");
      await at.run("run", "main.flow", "main", "-i", `n=${i}`, "--ui", "quiet");
    }
    await grownOld(at);
    for (const left of [6, 5, 3]) {
      const gc = at.start("gc", "--keep", "1");
      await inJournal(at, async ({ database }) => {
        const runs = database.prepare("SELECT count(*) AS count FROM run");
        await until(() => integer(runs.get() ?? {}, "count") <= left || gc.process.exitCode !== null);
      });
      gc.process.kill("SIGKILL");
      await gc.ended;
      await whole(at);
    }
    // We have looked at all contents, and what was used lately stays.
    await grownOld(at);
    expect((await at.run("gc", "--keep", "1")).code).toBe(0);
    expect(await whole(at)).toHaveLength(1);
    expect(folders(at)).toHaveLength(1);
    expect(contents(at)).toHaveLength(1);
    const rows = await inJournal(at, ({ database }) =>
      ["event", "node", "attempt", "dependency", "artifact"].map((table) => {
        const [row] = database
          .prepare(
            `SELECT count(DISTINCT ${/event|node/.test(table) ? "id / 4294967296" : "run"}) AS runs FROM ${table}`,
          )
          .all();
        return [table, Number(row?.["runs"])];
      }),
    );
    expect(rows.map(([table, runs]) => [table, Number(runs) <= 1])).toEqual(
      rows.map(([table]) => [table, true]),
    );
  });

  it("puts back what it had moved out of the way when it was killed", async () => {
    const at = place();
    await at.run("run", "main.flow", "main", "-i", "n=1", "--ui", "quiet");
    await grownOld(at);
    const [sha256 = ""] = contents(at);
    const moved = await inJournal(at, ({ artifacts }) => {
      const going = artifacts.goingOf(sha256);
      mkdirSync(dirname(going), { recursive: true });
      renameSync(artifacts.pathOf(sha256) ?? "", going);
      return going;
    });
    await at.run("gc");
    expect(existsSync(moved)).toBe(false);
    renameSync(join(at.folder, ".flowc/artifacts", sha256.slice(0, 2), sha256.slice(2)), moved);
    await whole(at);
  });
});

/** Looks again and again, without a time by which it must be so: the test's own limit is one. */
function until(holds: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    const look = setInterval(() => {
      if (!holds()) return;
      clearInterval(look);
      resolve();
    }, 1);
  });
}
