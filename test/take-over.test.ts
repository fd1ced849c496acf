// Two flowcs on one run, the real program each: one is refused by name; one that is taken over writes and touches nothing.

import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { Event } from "../runtime/events.ts";
import { openJournal } from "../runtime/journal.ts";
import { COOKIE, cookieOf } from "../runtime/runner.ts";
import { flowc, type Started, start } from "./program.ts";

/** What runs tells which attempt it is and what it is told to do, and waits for the file `go`. */
const flow = `task work() -> string {
  timeout: 30s

  run """
    trap 'echo "$FLOWC_ATTEMPT was told to end" >> told; exit 1' TERM
    echo "$FLOWC_ATTEMPT began" >> told
    while ! [ -e go ]; do sleep 0.02; done
    echo "$FLOWC_ATTEMPT has ended" >> told
    echo made
    """
  return trim(stdout)
}

flow main() -> string {
  return work()
}
`;

/** Makes a flowc believe that it runs on another machine, so that nobody sees its processes from here. */
const elsewhere = `const fs = require("node:fs");
const read = fs.readFileSync;
fs.readFileSync = (path, ...rest) =>
  path === "/proc/sys/kernel/random/boot_id" ? "00000000-another-machine" : read(path, ...rest);
require("node:os").hostname = () => "elsewhere";
`;

let folder = "";
const processes: ChildProcess[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "flowc-take-over-"));
  writeFileSync(join(folder, "main.flow"), flow);
  writeFileSync(join(folder, "elsewhere.cjs"), elsewhere);
});
afterEach(() => {
  for (const each of processes.splice(0)) each.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});

/** Starts flowc in the folder, and answers when its attempt has begun. */
async function begun(attempt: number, args: readonly string[], far = false): Promise<Started> {
  const env = far ? { NODE_OPTIONS: `--require ${join(folder, "elsewhere.cjs")}` } : {};
  const started = start(["run", ...args, "--ui", "plain"], { cwd: folder, env });
  processes.push(started.process);
  const ended = started.ended.then(({ stderr }) => stderr);
  const early = await Promise.race([told(`${attempt} began`), ended]);
  expect(early).toBe(true);
  return started;
}

/** Waits until something that runs has told this. */
async function told(line: string): Promise<true> {
  while (!lines().includes(line)) await pause(5);
  return true;
}

function lines(): readonly string[] {
  const path = join(folder, "told");
  return existsSync(path) ? readFileSync(path, "utf8").split("\n").slice(0, -1) : [];
}

async function record(): Promise<{ readonly run: string; readonly events: readonly Event[] }> {
  const journal = await openJournal(join(folder, ".flowc"), { readOnly: true });
  const [run] = journal.runs();
  const events = [...journal.events(run?.id ?? "")];
  await journal.close();
  return { run: run?.id ?? "", events };
}

function go(): void {
  writeFileSync(join(folder, "go"), "");
}

it("is refused by name while another flowc has the run, runs or is stopped", async () => {
  const first = await begun(1, ["main.flow"]);
  const { run } = await record();
  const resume = ["run", "--resume", run.slice(-5)];
  const refused = await flowc(resume, { cwd: folder });
  const { pid } = first.process;
  expect(refused).toMatchObject({ code: 74, stdout: "" });
  expect(refused.stderr.replace(/since [-\d]+ [:\d]+/, "since MOMENT")).toBe(
    `error: The run ${run} is being run by another flowc: process ${pid} on ${hostname()}, since MOMENT UTC.
Wait until it has ended, end it in order with \`kill ${pid}\`, or take the run over: that ends process ${pid} at once.
next: flowc run --resume ${run} --take-over
`,
  );
  first.process.kill("SIGSTOP");
  const stopped = await flowc(resume, { cwd: folder });
  expect(stopped.code).toBe(74);
  expect(stopped.stderr).toContain(
    "UTC. That is stopped, and may go on at any moment.\nLet it go on with `kill -CONT",
  );
  first.process.kill("SIGCONT");
  go();
  expect(await first.ended).toMatchObject({ code: 0, stdout: "made\n" });
  expect(lines()).toEqual(["1 began", "1 has ended"]);
});

it("with --take-over an owner that can be seen is killed first, stopped or not", async () => {
  for (const [attempt, stop] of [
    [2, false],
    [4, true],
  ] as const) {
    const first = await begun(attempt - 1, attempt === 2 ? ["main.flow"] : ["main.flow", "--resume", "last"]);
    if (stop) first.process.kill("SIGSTOP");
    const second = await begun(attempt, ["--resume", "last", "--take-over"]);
    expect(await first.ended).toMatchObject({ code: null, signal: "SIGKILL" });
    second.process.kill("SIGKILL");
    await second.ended;
  }
  const last = await begun(5, ["--resume", "last", "--take-over"]);
  go();
  expect(await last.ended).toMatchObject({ code: 0, stdout: "made\n" });
}, 60_000);

it("one that cannot be seen is taken over, and writes and touches nothing when it goes on", async () => {
  const first = await begun(1, ["main.flow"], true);
  const { run } = await record();
  const refused = await flowc(["run", "--resume", run], { cwd: folder });
  expect(refused.stderr).toContain(`process ${first.process.pid} on elsewhere`);
  expect(refused.stderr).toContain(
    `\`kill ${first.process.pid}\` there, or take the run over: it then stops`,
  );

  first.process.kill("SIGSTOP");
  const second = await begun(2, ["--resume", run, "--take-over"]);
  // It has found and ended what the first had left running, though not the first itself.
  expect(lines()).toEqual(["1 began", "1 was told to end", "2 began"]);
  expect(first.process.exitCode ?? first.process.signalCode).toBeNull();
  const before = await record();
  const started = before.events.find((event) => event.type === "attempt.started");
  const ref = cookieOf({ run, node: started?.n ?? 0, attempt: 1 });
  // What the first would end, were it still its owner: it carries the cookie of its attempt.
  const bait = spawn("sleep", ["1000"], { env: { ...process.env, [COOKIE]: ref }, stdio: "ignore" });
  processes.push(bait);

  first.process.kill("SIGCONT");
  const ended = await first.ended;
  expect(ended).toMatchObject({ code: 74, stdout: "" });
  expect(ended.stderr).toContain(
    `error: The run ${run} was taken over by another flowc, process ${second.process.pid} on ${hostname()}, at `,
  );
  expect(ended.stderr).toContain(`next: flowc show ${run}\n`);
  expect(bait.exitCode ?? bait.signalCode).toBeNull();
  const after = await record();
  expect(after.events.slice(0, before.events.length)).toEqual(before.events);
  const opened = after.events.findLastIndex((event) => event.type === "run.opened");
  expect(after.events.slice(opened).every(({ epoch }) => epoch === 2)).toBe(true);
  // Its temporary files are still those of the second.
  expect(existsSync(join(folder, ".flowc", "runs", run, "tmp", "2"))).toBe(true);

  go();
  expect(await second.ended).toMatchObject({ code: 0, stdout: "made\n" });
  expect(lines().slice(-1)).toEqual(["2 has ended"]);
});

it("one that was not stopped hears at once that it has been taken over", async () => {
  const first = await begun(1, ["main.flow"], true);
  const second = await begun(2, ["--resume", "last", "--take-over"]);
  expect(await first.ended).toMatchObject({ code: 74 });
  go();
  expect(await second.ended).toMatchObject({ code: 0, stdout: "made\n" });
});
