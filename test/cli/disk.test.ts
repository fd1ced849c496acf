// A disk that is full or may not be written, and no more open files: told once, with exit code 74, and gone on with when it is mended.

import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { bin } from "../program.ts";
import { steady } from "./session.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "flowc-disk-"));
  mkdirSync(join(folder, "small"));
  writeFileSync(join(folder, "package.json"), "{}");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Runs shell lines, where `flowc` is the program, and `small` a disk of `kilobytes` of its own, seen by nobody else. */
function shell(lines: string, kilobytes: number): string {
  const head = `
flowc() { '${process.execPath}' '${bin}' "$@"; echo "exit $?"; }
room() { mount -o remount,size="$1" small; }
mount -t tmpfs -o size=${kilobytes}k none small
`;
  const { stdout } = spawnSync("unshare", ["-rm", "sh", "-c", `{ ${head}${lines}\n} 2>&1`], {
    cwd: folder,
    encoding: "utf8",
    env: { ...process.env, NO_COLOR: "1", GITHUB_ACTIONS: "" },
    timeout: 60_000,
  });
  return steady(stdout).replaceAll(folder, "FOLDER");
}

/** May we make a disk? Some containers do not let us: nothing can be tried there. */
const mounts = spawnSync("unshare", ["-rm", "sh", "-c", "mount -t tmpfs -o size=64k none /mnt"]).status === 0;

/** What is done goes to a file that flowc knows nothing of, on another disk. */
function put(work: string, count: number): void {
  writeFileSync(
    join(folder, "main.flow"),
    `task work(i: int) -> ${work} }
flow main() -> int {
  all = for i in range(${count}) { work(i: i) }
  return len(all)
}
`,
  );
}

const full = `error: The disk that holds the journal \`FOLDER/small/state/journal.db\` is full.
Free some space; everything recorded until now is kept.
next: flowc run --resume RUN-1 --state small/state
exit 74
`;

/** How often each was done. */
function counts(): readonly number[] {
  const times = new Map<string, number>();
  for (const i of readFileSync(join(folder, "done"), "utf8").trim().split("\n"))
    times.set(i, (times.get(i) ?? 0) + 1);
  return [...times.values()];
}

describe("a full disk", { skip: !mounts }, () => {
  it.each([
    ["by the journal", 'string { run "echo ~{i} >> done; echo ~{i}" return stdout', 300, 560],
    ["by logs", 'string { run "head -c 60000 /dev/zero; echo ~{i} >> done" return "ok"', 40, 700],
    [
      "by what is returned",
      'file { run "head -c 60000 /dev/urandom > ~{i}.bin; echo ~{i} >> done" return file("~{i}.bin")',
      40,
      700,
    ],
    [
      "by an answer",
      'string { run "head -c 90000 /dev/zero | tr \'\\\\0\' x; echo ~{i} >> done" return "~{i}~{stdout}"',
      40,
      900,
    ],
  ])(
    "%s ends the run, which is resumed when there is room, and nothing recorded is done again",
    (_, work, count, kilobytes) => {
      put(work, count);
      const out = shell(
        `flowc run main.flow --jobs 2 --ui plain --state small/state
echo ---
flowc run --resume last --state small/state
echo ---
flowc show last --state small/state 2>/dev/null | grep -c succeeded
room 100m
flowc run --resume last --ui quiet --state small/state
echo ---
flowc run --resume last --ui quiet --state small/state`,
        kilobytes,
      );
      const [first = "", still = "", resumed = "", again = ""] = out.split("---\n");
      expect(first.match(/error:/g)).toHaveLength(1);
      expect(first.endsWith(full), first).toBe(true);
      expect(still).toMatch(
        /^(.*↻.*\n|.*✓.*\n|.* run RUN-1: main\n)*error: The disk that holds the journal .* is full\.\n/,
      );
      expect(still).toMatch(/exit 74\n$/);
      expect(resumed).toMatch(new RegExp(`^\\d+\\n${count}\nexit 0\n$`));
      expect(again).toBe(
        `The run RUN-1 had succeeded already; there was nothing left to do.\n${count}\nexit 0\n`,
      );
      const times = counts();
      expect(times).toHaveLength(count);
      // Two at once: of these the end may not have been recorded, once or twice.
      expect(times.filter((each) => each > 1).length).toBeLessThanOrEqual(4);
    },
    120_000,
  );

  it("from the beginning is told before anything starts", () => {
    put('string { run "echo ~{i} >> done" return "ok"', 2);
    const out = shell("head -c 64k /dev/zero > small/filler; flowc run main.flow --state small/state", 64);
    expect(out).toBe(`error: The disk that holds the journal \`FOLDER/small/state/journal.db\` is full.
Free some space; everything recorded until now is kept.
next: flowc run main.flow --state small/state
exit 74
`);
    expect(() => counts()).toThrow(/ENOENT/);
  });

  it("that was made read-only is told, and what was done is still shown", () => {
    put('string { run "echo ~{i} >> done" return "~{i}"', 3);
    const out = shell(
      `flowc run main.flow --ui quiet --state small/state
mount -o remount,ro small
flowc run main.flow --state small/state
flowc run --resume last --ui quiet --state small/state
flowc runs --state small/state
flowc show last --state small/state | tail -n 1`,
      4000,
    );
    const readOnly = `error: The journal \`FOLDER/small/state/journal.db\` may not be written.
Check who owns it and whether its disk is mounted read-only, or name another place with \`--state DIR\`.
`;
    expect(out).toMatch(
      new RegExp(
        `^3\nexit 0\n${escaped(readOnly)}next: flowc run main.flow --state small/state\nexit 74\n${escaped(readOnly)}next: flowc run --resume last --ui quiet --state small/state\nexit 74\nrun .*\nRUN-1 .*succeeded\nexit 0\n`,
      ),
    );
    expect(counts()).toEqual([1, 1, 1]);
  });
});

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

describe("few open files", () => {
  it.each([20, 22, 24, 26, 44])(
    "(%i) end in a sentence, and the run goes on with more of them",
    (files) => {
      put('string { run "echo ~{i} >> done" return "~{i}"', 12);
      const { stdout, status } = spawnSync(
        "sh",
        [
          "-c",
          `ulimit -n ${files}; exec '${process.execPath}' '${bin}' run main.flow --jobs 2 --ui plain 2>&1`,
        ],
        { cwd: folder, encoding: "utf8", env: { ...process.env, NO_COLOR: "1", GITHUB_ACTIONS: "" } },
      );
      expect([0, 1, 74], stdout).toContain(status);
      expect(stdout).not.toMatch(/bug in flowc|at .*\(node:/);
      if (status === 0) return;
      expect(stdout).toMatch(/too many files are open/);
      expect(stdout).toMatch(/\nnext: flowc .*\n$/);
      const begun = / run \S+: main\n/.test(stdout);
      const words = begun ? ["run", "--resume", "last"] : ["run", "main.flow"];
      const again = spawnSync(process.execPath, [bin, ...words], { cwd: folder, encoding: "utf8" });
      expect(again.status, again.stderr).toBe(0);
      expect(counts()).toHaveLength(12);
    },
    60_000,
  );
});
