// Runs that go on from another with an edited file, the real program: killed in the middle, and taken over.

import type { ChildProcess } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { afterEach, beforeEach, expect, it } from "vitest";
import { openJournal } from "../runtime/journal.ts";
import { COOKIE } from "../runtime/runner.ts";
import { flowc, type Started, start } from "./program.ts";

/** Each node leaves a line when it begins; `wait` waits for the file `go`. `version` is part of what only `wait` does. */
const flow = (version: number): string => `task step(i: int) -> int {
  run "echo step~{i} >> told; echo ~{i}"
  return int(stdout)
}

task wait(sum: int) -> int {
  run """
    echo wait${version} >> told
    while ! [ -e go ]; do sleep 0.02; done
    echo ~{sum}
  """
  return int(stdout)
}

flow main() -> int {
  steps = for i in range(3) { step(i) }
  return wait(sum: sum(steps))
}
`;

let folder = "";
const processes: ChildProcess[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "flowc-go-on-"));
  writeFileSync(join(folder, "package.json"), "{}\n");
});
afterEach(() => {
  for (const each of processes.splice(0)) each.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});

function lines(): readonly string[] {
  const path = join(folder, "told");
  return existsSync(path) ? readFileSync(path, "utf8").trim().split("\n") : [];
}

/** Starts flowc on the flow as it is at this version, and answers when `wait` has begun once more. */
async function begun(version: number, args: readonly string[]): Promise<Started> {
  writeFileSync(join(folder, "main.flow"), flow(version));
  const before = lines().length;
  const started = start(["run", "main.flow", ...args, "--ui", "plain"], { cwd: folder });
  processes.push(started.process);
  const ended = started.ended.then(({ stderr }) => stderr);
  for (let over: unknown = null; !lines().slice(before).includes(`wait${version}`); )
    if (over !== null) throw new Error(`it ended: ${String(over)}`);
    else over = await Promise.race([ended, pause(5, null)]);
  return started;
}

async function killed({ process, ended }: Started): Promise<void> {
  process.kill("SIGKILL");
  await ended;
}

/** Runs, the first first. */
async function runs(): Promise<readonly { readonly id: string; readonly from: string | null }[]> {
  const journal = await openJournal(join(folder, ".flowc"), { readOnly: true });
  const found = journal.runs().map(({ id }) => {
    const [first] = journal.events(id);
    return { id, from: first?.type === "run.started" ? (first.from ?? null) : null };
  });
  await journal.close();
  return found.toReversed();
}

/** What carries a mark of flowc on this machine and belongs to the run. */
function carriers(run: string): number {
  return readdirSync("/proc").filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/environ`, "latin1").includes(`${COOKIE}=${run}.`);
    } catch {
      // It has gone, belongs to another user, or is no process.
      return false;
    }
  }).length;
}

const times = (word: string): number => lines().filter((line) => line === word).length;

it("is killed in the middle and gone on with, with its own plan and with another one", async () => {
  await killed(await begun(1, []));
  await killed(await begun(2, ["--resume", "last"]));
  await killed(await begun(2, ["--resume", "last"]));
  const third = await begun(3, ["--resume", "last"]);
  writeFileSync(join(folder, "go"), "");
  expect(await third.ended).toMatchObject({ code: 0, stdout: "3\n" });
  const all = await runs();
  // Going on with the same plan is the same run.
  expect(all.map(({ from }) => from)).toEqual([null, all[0]?.id, all[1]?.id]);
  for (const i of [0, 1, 2]) expect(times(`step${i}`)).toBe(1);
  expect([times("wait1"), times("wait2"), times("wait3")]).toEqual([1, 2, 1]);
}, 60_000);

it("leaves nothing of the run it goes on from, though that was killed and its work went on", {
  skip: process.platform !== "linux",
  timeout: 60_000,
}, async () => {
  await killed(await begun(1, []));
  const [first] = await runs();
  expect(carriers(first?.id ?? "")).toBeGreaterThan(0);
  const second = await begun(2, ["--resume", "last"]);
  expect(carriers(first?.id ?? "")).toBe(0);
  writeFileSync(join(folder, "go"), "");
  expect(await second.ended).toMatchObject({ code: 0, stdout: "3\n" });
});

it("takes the run over that it goes on from, and is refused before that", async () => {
  const first = await begun(1, []);
  writeFileSync(join(folder, "main.flow"), flow(2));
  const refused = await flowc(["run", "main.flow", "--resume", "last"], { cwd: folder });
  expect(refused.code).toBe(74);
  expect(refused.stderr).toMatch(/next: flowc run .*--resume \S+ --take-over\n$/);
  const second = await begun(2, ["--resume", "last", "--take-over"]);
  expect(await first.ended).toMatchObject({ code: null, signal: "SIGKILL" });
  // The same of a run that goes on itself.
  const third = await begun(3, ["--resume", "last", "--take-over"]);
  expect(await second.ended).toMatchObject({ code: null, signal: "SIGKILL" });
  writeFileSync(join(folder, "go"), "");
  expect(await third.ended).toMatchObject({ code: 0, stdout: "3\n" });
  for (const i of [0, 1, 2]) expect(times(`step${i}`)).toBe(1);
}, 60_000);
