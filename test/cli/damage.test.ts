// A damaged journal or artifact as a person meets it: what is said, the exit code, and the command to type next.

import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
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

const files = `
task make(text: string, name: string) -> file { reads: [] run "printf %s ~{text} > ~{name}" return file(name) }
task long() -> string { run "head -c 70000 /dev/zero | tr '\\\\0' x" return stdout }
task use(w: string) -> string { run "echo ~{w} >> used" return w }
task wait(f: file, w: string) -> int { run "test -e go && cat ~{f}" return len(w) }
flow main() -> int {
  f = make(text: "abcd", name: "f.txt")
  g = make(text: "abcde", name: "g.txt")
  l = long()
  t = read(f)
  u = use(w: t)
  return wait(f: g, w: "~{l}~{u}")
}
`;

/** The stored content of `size` bytes. */
function artifact(size: number): string {
  const store = join(folder, ".flowc/artifacts");
  const found = readdirSync(store, { recursive: true, encoding: "utf8" })
    .map((path) => join(store, path))
    .filter((path) => statSync(path).isFile() && statSync(path).size === size);
  expect(found).toHaveLength(1);
  return found[0] ?? "";
}

const harms: Readonly<Record<string, (path: string) => void>> = {
  altered: (path) => {
    chmodSync(path, 0o600);
    const bytes = readFileSync(path);
    bytes[1] = 64;
    writeFileSync(path, bytes);
  },
  removed: (path) => rmSync(path),
};

it.each([
  [
    "altered",
    4,
    74,
    /^error: The artifact store `FOLDER\/.flowc\/artifacts` is damaged: the content [0-9a-f]{12}… was changed on the disk: `.*` is not what was stored; put back what it was, or start a new run\.\n/,
  ],
  ["removed", 4, 74, /^error: The run RUN-1 cannot be read: `f.txt` is not there any more\.\n/],
  [
    "altered",
    70_002,
    74,
    /^error: The journal `FOLDER\/.flowc\/journal.db` is damaged: of event \d+ of run RUN-1, the content [0-9a-f]{12}… was changed on the disk: .*\n/,
  ],
  [
    "removed",
    70_002,
    74,
    /^error: The journal `FOLDER\/.flowc\/journal.db` is damaged: of event \d+ of run RUN-1, the content [0-9a-f]{12}… is not in the artifact store any more; .*\n/,
  ],
  // Only the node that is to have it cannot have it.
  [
    "altered",
    5,
    1,
    /✗ wait failed: The content of `g.txt` \([0-9a-f]{12}…\) was changed on the disk: .* put back what it was, or start a new run\.\n/,
  ],
  [
    "removed",
    5,
    1,
    /✗ wait failed: The file `g.txt` is neither in the artifact store nor in the project any more\. Put it back, or start a new run\.\n/,
  ],
])(
  "tells of an artifact that was %s (%i bytes), and goes on when it was put back",
  async (harm, size, exit, words) => {
    writeFileSync(join(folder, "main.flow"), files);
    expect((await typed("run main.flow --ui quiet")).code).toBe(1);
    const place = artifact(size);
    const good = readFileSync(place);
    harms[harm]?.(place);
    writeFileSync(join(folder, "go"), "");
    const { code, out } = await typed("run --resume last");
    expect([code, out]).toEqual([exit, expect.stringMatching(words)]);
    if (exit === 74)
      for (const command of ["show last", "report last"]) expect(await typed(command)).toEqual({ code, out });
    expect((await typed("runs")).code).toBe(0);
    if (harm === "altered") rmSync(place);
    writeFileSync(place, good);
    expect((await typed("run --resume last --ui quiet")).code).toBe(0);
    expect(readFileSync(join(folder, "used"), "utf8")).toBe("abcd\n");
  },
);

it("refuses a run whose list of files that it has seen was changed", async () => {
  writeFileSync(
    join(folder, "main.flow"),
    `task use(f: file) -> string { run "test -e go && cat ~{f}" return stdout }
flow main(n: string) -> string[] {
  return for f in glob("~{n}/*.txt") { use(f: f) }
}
`,
  );
  mkdirSync(join(folder, "sub"));
  for (const n of [1, 2]) writeFileSync(join(folder, `sub/${n}.txt`), `${n}`);
  expect((await typed("run main.flow --ui quiet -i n=sub")).code).toBe(1);
  writeFileSync(join(folder, "go"), "");
  const place = run("seen.jsonl");
  const good = readFileSync(place, "utf8");
  writeFileSync(place, good.replace("2.txt", "3.txt"));
  for (const command of ["run --resume last", "show last"])
    expect(await typed(command)).toEqual({
      code: 74,
      out: `error: \`FOLDER/.flowc/runs/RUN-1/seen.jsonl\` is damaged: a line of it is not what was written.
This run cannot be gone on with; start a new one. The other runs can still be used.
next: flowc runs
`,
    });
  writeFileSync(place, good);
  expect((await typed("run --resume last --ui quiet")).code).toBe(0);
});

/** A file of the only run that has it. */
function run(name: string): string {
  const runs = join(folder, ".flowc/runs");
  const found = readdirSync(runs).map((id) => join(runs, id, name));
  return found.find((path) => existsSync(path)) ?? name;
}
