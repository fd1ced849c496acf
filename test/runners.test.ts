// The local runner against the contract of all runners, and what only it has: owners that die, the registry.

import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { localRunner } from "../runners/local.ts";
import { openRegistry, openRunner } from "../runners/registry.ts";
import { runnerContract } from "./runner-contract.ts";

runnerContract("local", { open: async () => localRunner({ graceMs: 300 }), settings: {} });

test("the registry gives the same runner each time, and tells what it does not know", async () => {
  expect(openRegistry([]).names()).toEqual(["local", "docker", "e2b"]);
  expect(await openRunner("local")).toBe(await openRunner("local"));
  for (const kind of ["locl", "__proto__", "constructor", ""])
    expect(await openRunner(kind)).toEqual({
      problem: expect.stringContaining(`known: ${openRegistry([]).names().join(", ")}`),
    });
});

test("what uses more memory than its task needs is ended, with what it has started, and told so", {
  skip: process.platform !== "linux",
  timeout: 30_000,
}, async () => {
  const folder = mkdtempSync(join(tmpdir(), "flowc-memory-"));
  const runner = localRunner({ graceMs: 300, memoryEveryMs: 20 });
  const run = async (memoryBytes: number | null, script: string) => {
    const tag = { run: "memory", node: 1, attempt: 1 };
    const needs = { cpu: null, memoryBytes };
    const instance = await runner.open({ tag, settings: {}, project: folder, folder, needs });
    if ("problem" in instance) throw new Error(instance.message);
    const workspace = await instance.workspace({ tag, kind: "project", scratch: join(folder, "s") });
    const argv = ["/bin/sh", "-eu", "-c", "--", script];
    const io = { stdoutPath: join(folder, "out"), stderrPath: join(folder, "err"), filter: null };
    const env = { PATH: process.env["PATH"] ?? "" };
    return workspace.exec({ argv, env, cwd: "" }, io, new AbortController().signal);
  };
  // In a session of its own, and as a part of what the command does.
  const hungry = `setsid perl -e '$x = "a" x 200_000_000; sleep 60' & wait`;
  try {
    expect(await run(100 * 1024 * 1024, hungry)).toEqual({
      kind: "signalled",
      signal: "SIGKILL",
      hint: expect.stringMatching(
        /^It used \d.* of memory, more than its `needs\.memory` of 100MB, and was ended/,
      ),
    });
    expect(await runner.find("memory")).toEqual([]);
    expect(await run(100 * 1024 * 1024, "exit 3")).toEqual({ kind: "exited", code: 3 });
    expect(await run(null, hungry.replace("60", "0.1"))).toEqual({ kind: "exited", code: 0 });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test("what a killed owner left is found again and ended", async () => {
  const folder = mkdtempSync(join(tmpdir(), "flowc-owner-"));
  const owner = `
    import { localRunner } from ${JSON.stringify(new URL("../runners/local.ts", import.meta.url).href)};
    const scratch = ${JSON.stringify(folder)};
    const tag = { run: "orphans", node: 7, attempt: 2 };
    const instance = await localRunner().open({ tag, settings: {}, project: scratch, folder: scratch, needs: {} });
    const workspace = await instance.workspace({ tag, kind: "project", scratch });
    const argv = ["sh", "-c", "setsid sleep 1000 & echo started; sleep 1000"];
    const io = { stdoutPath: scratch + "/out", stderrPath: scratch + "/err", filter: null };
    void workspace.exec({ argv, env: { PATH: process.env.PATH }, cwd: "" }, io, new AbortController().signal);
    const look = setInterval(async () => {
      const { readFileSync } = await import("node:fs");
      if (!readFileSync(io.stdoutPath, "utf8").includes("started")) return;
      clearInterval(look);
      console.log("ready");
    }, 5);
  `;
  const child = spawn(process.execPath, ["--import", "tsx", "--input-type=module", "-e", owner], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  try {
    await once(child.stdout, "data");
    child.kill("SIGKILL");
    await once(child, "exit");
    const runner = localRunner({ graceMs: 300 });
    expect(await runner.find("orphans")).toEqual(["orphans.7.2"]);
    expect(
      spawnSync("sh", ["-c", "cat /proc/[0-9]*/environ | tr '\\0' '\\n' | grep -c ^FLOWC_COOKIE=orphans"])
        .stdout.toString()
        .trim(),
    ).not.toBe("0");
    await runner.end(await runner.find("orphans"));
    expect(await runner.find("orphans")).toEqual([]);
    expect(readFileSync(join(folder, "out"), "utf8")).toBe("started\n");
  } finally {
    child.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  }
});
