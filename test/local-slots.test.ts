// Shells that stay: they keep the contract of all runners, are really used, and what they cannot do goes the plain way.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { localRunner } from "../runners/local.ts";
import type { Exit, Runner } from "../runtime/runner.ts";
import { runnerContract } from "./runner-contract.ts";

const here = process.platform === "linux" && existsSync("/bin/dash") && existsSync("/usr/bin/perl");

const usual = { QUOTED: 'it\'s\n$(x) "y"' };

/** No other suite on this machine has it. */
const tag = { run: `slots${process.pid}`, node: 1, attempt: 1 };

type Env = Readonly<Record<string, string>>;

async function run(runner: Runner, argv: readonly string[], folder: string, own: Env = usual) {
  const needs = { cpu: null, memoryBytes: null };
  const instance = await runner.open({ tag, settings: {}, project: folder, folder, needs });
  if ("problem" in instance) throw new Error(instance.message);
  const workspace = await instance.workspace({ tag, kind: "project", scratch: folder });
  const name = join(folder, `log-${Math.random()}`);
  const io = { stdoutPath: `${name}.out`, stderrPath: `${name}.err`, filter: null };
  const env = { PATH: process.env["PATH"] ?? "", ...own };
  const exit = await workspace.exec({ argv, env, cwd: "" }, io, new AbortController().signal);
  const printed = (path: string) => (existsSync(path) ? readFileSync(path, "utf8") : null);
  return { exit, out: printed(io.stdoutPath), err: printed(io.stderrPath) };
}

const script = (text: string): readonly string[] => ["/bin/sh", "-eu", "-c", "--", text];

/** A runner whose shells are there: the parent of a command is not this process any more. */
async function warm(): Promise<Runner> {
  const runner = localRunner({ graceMs: 300, plainFirst: 0 });
  const folder = mkdtempSync(join(tmpdir(), "flowc-warm-"));
  for (let parent = process.pid; parent === process.pid; )
    parent = Number((await run(runner, ["sh", "-c", "echo $PPID"], folder)).out);
  rmSync(folder, { recursive: true });
  return runner;
}

describe("shells that stay (Linux with dash and perl)", { skip: !here }, () => {
  runnerContract("local, by shells that stay", { open: warm, settings: {} });

  const cases: readonly (readonly [string, string, Exit, string])[] = [
    ["ends at the first failure", "echo a; false; echo b", { kind: "exited", code: 1 }, "a\n"],
    ["tells a code above 128", "exit 143", { kind: "exited", code: 143 }, ""],
    ["tells a signal", "kill -9 $(sh -c 'echo $PPID')", { kind: "signalled", signal: "SIGKILL" }, ""],
    ["does not know what is not set", "echo ${nothing}", { kind: "exited", code: 2 }, ""],
    ["sees quoted values", 'printf %s "$QUOTED"', { kind: "exited", code: 0 }, 'it\'s\n$(x) "y"'],
    ["survives a broken script", "if true; then echo 'x", { kind: "exited", code: 2 }, ""],
    ["has no parameters, and nothing to read", "echo $#; cat", { kind: "exited", code: 0 }, "0\n"],
    ["runs its own trap", "trap 'echo bye' EXIT; echo hi", { kind: "exited", code: 0 }, "hi\nbye\n"],
    ["has no terminal", "cat </dev/tty || echo none", { kind: "exited", code: 0 }, "none\n"],
    ["is itself where it asks who it is", "test $$ != $PPID && echo ok", { kind: "exited", code: 0 }, "ok\n"],
  ];
  it.each(cases)("%s", async (_, text, exit, out) => {
    const runner = await warm();
    const folder = mkdtempSync(join(tmpdir(), "flowc-slots-"));
    expect(await run(runner, script(text), folder)).toMatchObject({ exit, out });
    // The shell is as it was.
    expect(await run(runner, script("echo again ${x-none}"), folder)).toMatchObject({ out: "again none\n" });
    rmSync(folder, { recursive: true });
  });

  it("gives each command exactly its own variables, whatever those before it had", async () => {
    const runner = await warm();
    const folder = mkdtempSync(join(tmpdir(), "flowc-slots-"));
    const tell = ["sh", "-c", 'echo "${A-none},${B-none},${QUOTED-none}"'];
    const told: (string | null)[] = [];
    const given: readonly Env[] = [
      { A: "1", B: "1", QUOTED: "it's" },
      { A: "1", B: "2" },
      { A: "", ...usual, QUOTED: "other" },
      { B: "4", QUOTED: "" },
    ];
    for (const env of given) told.push((await run(runner, tell, folder, env)).out);
    expect(told).toEqual(["1,1,it's\n", "1,2,none\n", ",none,other\n", "none,4,\n"]);
    rmSync(folder, { recursive: true });
  });

  it("makes no files for what prints nothing by its nature", async () => {
    const runner = await warm();
    const folder = mkdtempSync(join(tmpdir(), "flowc-slots-"));
    expect(await run(runner, ["true"], folder)).toEqual({
      exit: { kind: "exited", code: 0 },
      out: null,
      err: null,
    });
    expect(await run(runner, ["false"], folder)).toMatchObject({ exit: { code: 1 }, out: null });
    expect(await run(runner, ["/bin/true"], folder)).toMatchObject({ exit: { code: 0 }, out: "", err: "" });
    rmSync(folder, { recursive: true });
  });

  it("gives what a killed shell had started up as lost", async () => {
    const runner = await warm();
    const folder = mkdtempSync(join(tmpdir(), "flowc-slots-"));
    const { exit } = await run(runner, ["sh", "-c", "kill -9 $PPID; sleep 600"], folder);
    expect(exit).toMatchObject({ kind: "lost" });
    expect(await runner.find(tag.run)).toEqual([]);
    rmSync(folder, { recursive: true });
  });

  it("is found with its scripts after a crash of who had them", async () => {
    const folder = mkdtempSync(join(tmpdir(), "flowc-slots-"));
    const owner = `
      const { localRunner } = await import(${JSON.stringify(new URL("../runners/local.ts", import.meta.url).href)});
      const { readFileSync } = await import("node:fs");
      const scratch = ${JSON.stringify(folder)};
      const runner = localRunner({ plainFirst: 0 });
      const tag = { run: "crashed", node: 7, attempt: 2 };
      const instance = await runner.open({ tag, settings: {}, project: scratch, folder: scratch, needs: {} });
      const workspace = await instance.workspace({ tag, kind: "project", scratch });
      const io = { stdoutPath: scratch + "/out", stderrPath: scratch + "/err", filter: null };
      const stop = new AbortController().signal;
      const env = { PATH: process.env.PATH };
      for (let parent = "" + process.pid; parent === "" + process.pid; ) {
        await workspace.exec({ argv: ["sh", "-c", "echo $PPID"], env, cwd: "" }, io, stop);
        parent = readFileSync(io.stdoutPath, "utf8").trim().split("\\n").at(-1);
      }
      const argv = ["/bin/sh", "-eu", "-c", "--", "echo looping; while :; do :; done"];
      void workspace.exec({ argv, env, cwd: "" }, io, stop);
      const look = setInterval(() => {
        if (!readFileSync(io.stdoutPath, "utf8").includes("looping")) return;
        clearInterval(look);
        console.log("ready");
      }, 5);
    `;
    const child = spawn(process.execPath, ["--import", "tsx", "--input-type=module", "-e", owner], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    await once(child.stdout, "data");
    child.kill("SIGKILL");
    await once(child, "exit");
    const runner = localRunner({ graceMs: 300 });
    expect(await runner.find("crashed")).toEqual([expect.stringMatching(/^crashed\.shells\.\d+$/)]);
    await runner.end(await runner.find("crashed"));
    expect(await runner.find("crashed")).toEqual([]);
    rmSync(folder, { recursive: true });
  });
});
