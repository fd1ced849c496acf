// A damaged journal as a person meets it: what is said, the exit code, and the command to type next.

import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { openDatabase } from "../../runtime/sqlite.ts";
import { flowc } from "../program.ts";
import { steady } from "./session.ts";

const flow = `
task work(i: int) -> string { run "echo ~{i} >> done; echo ~{i}" return stdout }
task ship(all: string[]) -> string { effect: "once" run "echo ship >> done; echo ~{all}" return stdout }
flow main() -> string {
  all = for i in range(3) { work(i: i) }
  return ship(all)
}
`;

let folder = "";
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "flowc-damage-"));
  writeFileSync(join(folder, "package.json"), "{}");
  writeFileSync(join(folder, "main.flow"), flow);
  expect((await typed("run main.flow --jobs 1 --ui quiet")).code).toBe(0);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function typed(command: string): Promise<{ code: number | null; out: string }> {
  const { code, stdout, stderr } = await flowc(command.split(" "), { cwd: folder });
  return {
    code,
    out: steady(stderr + stdout)
      .replaceAll(folder, "FOLDER")
      // Where a node runs is an event of its own if it takes long enough.
      .replace(/last \d+ events/, "last N events"),
  };
}

async function change(sql: string): Promise<void> {
  const database = await openDatabase(join(folder, ".flowc/journal.db"));
  database.exec(sql);
  database.close();
}

const interrupted = "UPDATE run SET state = 0, ended_at = NULL, ended = NULL";
const done = (): string => readFileSync(join(folder, "done"), "utf8").replaceAll("\n", " ");

it("tells once that events are gone, and asks before it repeats what may be done only once", async () => {
  await change(`DELETE FROM event WHERE id > (SELECT min(id) + 1 FROM event WHERE type = 9); ${interrupted}`);
  const warning =
    "warning: The last N events of the run RUN-1 are gone from the journal. What was recorded there is done again: first of all all[1].work, all[2].work.\n";
  for (const command of ["show last", "report last", "logs last"])
    expect((await typed(command)).out, command).toContain(warning);
  const refused = await typed("run --resume last");
  expect(refused).toEqual({
    code: 2,
    out: `${warning}error: \`ship\` may be done only once, and whether it was is not recorded any more.
Look at what it has done. Then let it run, or start a new run.
next: flowc run --resume RUN-1 --again ship
`,
  });
  expect(done()).toBe("0 1 2 ship ");
  const again = await typed("run --resume last --again ship");
  expect(again.code).toBe(0);
  expect(again.out).toContain(warning);
  expect(done()).toBe("0 1 2 ship 1 2 ship ");
  const twice = await typed("run --resume last");
  expect(twice.code).toBe(0);
  expect(twice.out).not.toContain("warning");
});

it("refuses a run of which an event was changed, and only that", async () => {
  expect((await typed("run main.flow --jobs 1 --ui quiet")).code).toBe(0);
  await change("UPDATE event SET at = at + 1 WHERE id = 4294967296 + 5");
  const first = (await flowc(["runs", "--json"], { cwd: folder })).stdout;
  const id: string = JSON.parse(first).runs[0].run;
  for (const command of [`show ${id}`, `run --resume ${id}`])
    expect(await typed(command), command).toEqual({
      code: 74,
      out: `error: The journal \`FOLDER/.flowc/journal.db\` is damaged: event 5 of run RUN-1 is not what was written.
This run cannot be gone on with; start a new one. The other runs can still be used.
next: flowc runs
`,
    });
  expect((await typed("show last")).code).toBe(0);
});

it("refuses a file that is no journal, and says how to move it aside", async () => {
  writeFileSync(join(folder, ".flowc/journal.db"), "x".repeat(10_000));
  for (const command of ["runs", "run main.flow", "run --resume last"])
    expect(await typed(command), command).toEqual({
      code: 74,
      out: `error: The journal \`FOLDER/.flowc/journal.db\` is damaged: file is not a database.
Move its folder aside to start anew; what it still holds can be read with \`sqlite3\`.
next: mv .flowc .flowc.damaged
`,
    });
});

it("tells of a run that the journal does not know any more", async () => {
  cpSync(join(folder, ".flowc"), join(folder, "before"), { recursive: true });
  expect((await typed("run main.flow --jobs 1 --ui quiet")).code).toBe(0);
  cpSync(join(folder, "before/journal.db"), join(folder, ".flowc/journal.db"));
  const warning =
    /^warning: The run RUN-1 is gone from the journal\. What was printed is left in \.flowc\/runs\/RUN-1; remove that folder to hear no more of it\.\n/;
  for (const command of ["runs", "run --resume last"]) expect((await typed(command)).out).toMatch(warning);
});
