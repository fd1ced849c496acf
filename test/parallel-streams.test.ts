// Three streams build a library in a git repository: the interface early, merges, a gate with a person, and all taken back.

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { flowc, root, type Started, start } from "./program.ts";

const folder = mkdtempSync(join(tmpdir(), "flowc-streams-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What git says there, in lines. */
function git(cwd: string, ...args: readonly string[]): readonly string[] {
  const { status, stdout, stderr } = spawnSync("git", args, { cwd, encoding: "utf8" });
  expect(status, stderr).toBe(0);
  return stdout.split("\n").filter((line) => line !== "");
}

function repository(name: string): string {
  const cwd = join(folder, name);
  const script = join(root, "examples/parallel-streams/make-repository.sh");
  const { status, stderr } = spawnSync("sh", [script, cwd], { encoding: "utf8" });
  expect(status, stderr).toBe(0);
  return cwd;
}

/** Its events up to where a person is asked. */
function asked(started: Started): Promise<readonly Record<string, unknown>[]> {
  let text = "";
  return new Promise((done) => {
    started.process.stdout?.on("data", (chunk: Buffer) => {
      text += chunk.toString("utf8");
      if (!text.includes('"gate.opened"')) return;
      const lines = text.slice(0, text.lastIndexOf("\n")).split("\n");
      done(lines.map((line) => JSON.parse(line)));
    });
    started.process.once("close", () => done([]));
  });
}

const approval = ["last", "build.whole", "The three parts fit together"];

describe("parallel streams", { timeout: 120_000 }, () => {
  it("are merged, tested, approved and published; nobody's checkout is touched", async () => {
    const cwd = repository("approved");
    const started = start(["run", "streams.flow", "--ui", "json"], { cwd });
    const events = await asked(started);
    const at = (type: string, node: string) =>
      events.findIndex((event) => event["type"] === type && event["node"] === node);
    const early = at("attempt.early", "build.money");
    expect(early).toBeGreaterThan(-1);
    for (const node of ["build.format", "build.exchange"]) {
      expect(at("attempt.started", node), node).toBeGreaterThan(early);
      expect(at("attempt.started", node), node).toBeLessThan(at("attempt.ended", "build.money"));
    }
    expect((await flowc(["approve", ...approval], { cwd })).code).toBe(0);
    const ended = await started.ended;
    expect(ended.code, ended.stderr).toBe(0);
    expect(git(cwd, "log", "--merges", "--format=%s", "next").toSorted()).toEqual([
      "Merge branch 'stream/exchange' into next",
      "Merge branch 'stream/format' into next",
      "Merge branch 'stream/money' into next",
      "Merge branch 'stream/readme' into next",
    ]);
    expect(git(cwd, "ls-tree", "-r", "--name-only", "next", "library/")).toHaveLength(8);
    expect(git(cwd, "status", "--porcelain")).toEqual([]);
    expect(git(cwd, "branch", "--show-current")).toEqual(["main"]);
    expect(git(cwd, "worktree", "list")).toHaveLength(1);
  });

  it("are taken back when the person says no", async () => {
    const cwd = repository("rejected");
    const started = start(["run", "streams.flow", "--ui", "json"], { cwd });
    expect((await asked(started)).length).toBeGreaterThan(0);
    expect((await flowc(["reject", ...approval], { cwd })).code).toBe(0);
    const ended = await started.ended;
    expect(ended.code, ended.stderr).toBe(1);
    expect(git(cwd, "diff", "--stat", "main", "next")).toEqual([]);
    expect(git(cwd, "log", "--format=%s", "next").filter((subject) => /^Revert/.test(subject))).toHaveLength(
      3,
    );
    expect(git(cwd, "status", "--porcelain")).toEqual([]);
  });
});
