// What every runner must do when a command is stopped, and with what a command leaves behind.

import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type ContractOptions, runnerBench } from "./runner-bench.ts";

/** Declares this part of the suite for one runner. */
export function stoppingContract(options: ContractOptions): void {
  const { open, runOf, sh, stopped, stopAtOutput, alive, files, base, runner } = runnerBench(options);

  describe("stopping", () => {
    test("a command ends at once, by TERM", async () => {
      const { exit } = await stopped(await open(), "echo ready; exec sleep 1000");
      expect(exit).toEqual({ kind: "signalled", signal: "SIGTERM" });
    });
    test("a command may end in order", async () => {
      const { exit, out } = await stopped(
        await open(),
        "trap 'echo bye; exit 3' TERM; echo ready; sleep 1000 & wait",
      );
      expect([exit, out]).toEqual([{ kind: "exited", code: 3 }, "ready\nbye\n"]);
    });
    test("a command that ignores TERM ends by KILL", async () => {
      const { exit } = await stopped(await open(), "trap '' TERM; echo ready; while :; do sleep 1000; done");
      expect(exit).toEqual({ kind: "signalled", signal: "SIGKILL" });
    });
    test("at once: by KILL, also without the tag, however long its grace would be", async () => {
      const workspace = await open("scratch", runOf("hurry"));
      const io = { ...files(), filter: null };
      const stubborn = "trap '' TERM; echo $$; while :; do sleep 1000; done";
      const argv = ["env", "-i", `PATH=${base.PATH}`, "sh", "-c", stubborn];
      const stop = stopAtOutput(io.stdoutPath);
      const ended = workspace.exec({ argv, env: base, cwd: "" }, io, stop);
      await once(stop, "abort");
      const refs = await runner().find(runOf("hurry"));
      expect(refs).toEqual([workspace.ref]);
      await runner().end(refs, { atOnce: true });
      expect(await ended).toEqual({ kind: "signalled", signal: "SIGKILL" });
      expect(alive(readFileSync(io.stdoutPath, "utf8").trim())).toBe(false);
      expect(await runner().find(runOf("hurry"))).toEqual([]);
    });
    test("a stopped command ends", async () => {
      const { exit } = await stopped(await open(), "echo ready; kill -STOP $$");
      expect(exit).toEqual({ kind: "signalled", signal: "SIGTERM" });
    });
    test("before it began", async () => {
      const controller = new AbortController();
      controller.abort();
      const io = { ...files(), filter: null };
      const exit = await (await open()).exec({ argv: ["true"], env: base, cwd: "" }, io, controller.signal);
      expect(exit.kind).toBe("not-started");
    });
    test("what has left the group ends, too", async () => {
      const script =
        "setsid sleep 1000 & echo $!; (setsid sh -c 'trap \"\" TERM HUP; sleep 1000 & sleep 1000' & echo $!) ; sleep 1000";
      const { out } = await stopped(await open(), script);
      const pids = out.trim().split("\n");
      expect(pids.length).toBeGreaterThan(0);
      expect(pids.filter(alive)).toEqual([]);
    });
  });

  describe("what has cleared its environment", () => {
    /** Starts a daemon by two forks that keeps nothing of its parents: the script ends when it tells its number. */
    const daemon = (path: string) => `
      (setsid env -i sh -c 'echo $$ > "${path}.part"; mv "${path}.part" "${path}"; exec sleep 1000' > /dev/null 2>&1 &)
      while ! [ -e "${path}" ]; do :; done; cat "${path}"`;

    for (const [shape, wrapped] of [
      ["a script", (script: string) => ["/bin/sh", "-eu", "-c", "--", script]],
      ["a program", (script: string) => ["sh", "-c", script]],
    ] as const) {
      test(`${shape} is stopped with its daemon`, async () => {
        const workspace = await open();
        const io = { ...files(), filter: null };
        const argv = wrapped(`${daemon(join(workspace.temporary, "pid"))}; sleep 1000`);
        await workspace.exec({ argv, env: base, cwd: "" }, io, stopAtOutput(io.stdoutPath));
        expect(alive(readFileSync(io.stdoutPath, "utf8").trim())).toBe(false);
      });
      test(`${shape} leaves a daemon that is found by its run, and another run's is not touched`, async () => {
        const left = async (run: string) => {
          const workspace = await open("scratch", run);
          const io = { ...files(), filter: null };
          const argv = wrapped(daemon(join(workspace.temporary, "pid")));
          await workspace.exec({ argv, env: base, cwd: "" }, io, new AbortController().signal);
          await workspace.close();
          return readFileSync(io.stdoutPath, "utf8").trim();
        };
        const [mine, other] = [await left(runOf("bare")), await left(`${runOf("bare")}2`)];
        expect([alive(mine), alive(other)]).toEqual([true, true]);
        await runner().end(await runner().find(runOf("bare")), { isOurs: () => false });
        expect(alive(mine)).toBe(true);
        await runner().end(await runner().find(runOf("bare")));
        expect([alive(mine), alive(other)]).toEqual([false, true]);
        await runner().end(await runner().find(`${runOf("bare")}2`));
        expect(alive(other)).toBe(false);
      });
    }
  });

  describe("what is left", () => {
    test("children in the group end when the command has ended", async () => {
      const { exit, out } = await sh(
        await open(),
        "sleep 1000 & echo $!; (trap '' TERM; sleep 1000) & echo $!",
      );
      expect(exit).toEqual({ kind: "exited", code: 0 });
      expect(out.toString().trim().split("\n").filter(alive)).toEqual([]);
    });
    test("a daemon is found by its run, and ended; another run's is not touched", async () => {
      const daemon = "setsid sh -c 'echo $$; exec sleep 1000' & wait $!; exit 0";
      const left = async (run: string) => {
        const workspace = await open("scratch", run);
        const path = join(workspace.temporary, "pid");
        const detach = `setsid sh -c 'echo $$ > "${path}.part"; mv "${path}.part" "${path}"; exec sleep 1000' > /dev/null 2>&1 & while ! [ -e "${path}" ]; do :; done`;
        await sh(workspace, detach);
        return { ref: workspace.ref, pid: readFileSync(path, "utf8").trim() };
      };
      expect(daemon).toContain("setsid");
      const [mine, other] = [await left(runOf("mine")), await left(`${runOf("mine")}2`)];
      expect([alive(mine.pid), alive(other.pid)]).toEqual([true, true]);
      expect(await runner().find(runOf("mine"))).toEqual([mine.ref]);
      await runner().end(await runner().find(runOf("mine")));
      expect([alive(mine.pid), alive(other.pid)]).toEqual([false, true]);
      expect(await runner().find(runOf("mine"))).toEqual([]);
      await runner().end([other.ref]);
      expect(alive(other.pid)).toBe(false);
    });
  });
}
