// What every runner must do when a command is stopped, and with what a command leaves behind.

import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type ContractOptions, runnerBench } from "./runner-bench.ts";

/** Declares this part of the suite for one runner. */
export function stoppingContract(options: ContractOptions): void {
  const { open, runOf, sh, stopped, stopAtOutput, living, files, base, runner } = runnerBench(options);

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
      expect(await living([readFileSync(io.stdoutPath, "utf8").trim()], workspace)).toEqual([]);
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
      const workspace = await open();
      const { out } = await stopped(workspace, script);
      const pids = out.trim().split("\n");
      expect(pids.length).toBeGreaterThan(0);
      expect(await living(pids, workspace)).toEqual([]);
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
        expect(await living([readFileSync(io.stdoutPath, "utf8").trim()], workspace)).toEqual([]);
      });
      if (options.endsDaemons === true) continue;
      test(`${shape} leaves a daemon that is found by its run, and another run's is not touched`, async () => {
        const left = async (run: string) => {
          const workspace = await open("scratch", run);
          const io = { ...files(), filter: null };
          const argv = wrapped(daemon(join(workspace.temporary, "pid")));
          await workspace.exec({ argv, env: base, cwd: "" }, io, new AbortController().signal);
          await workspace.close();
          const pids = [readFileSync(io.stdoutPath, "utf8").trim()];
          return async () => (await living(pids, workspace)).length === 1;
        };
        const [mine, other] = [await left(runOf("bare")), await left(`${runOf("bare")}2`)];
        expect([await mine(), await other()]).toEqual([true, true]);
        await runner().end(await runner().find(runOf("bare")), { isOurs: () => false });
        expect(await mine()).toBe(true);
        await runner().end(await runner().find(runOf("bare")));
        expect([await mine(), await other()]).toEqual([false, true]);
        await runner().end(await runner().find(`${runOf("bare")}2`));
        expect(await other()).toBe(false);
      });
    }
  });

  describe("what is left", () => {
    test("children in the group end when the command has ended", async () => {
      const workspace = await open();
      const { exit, out } = await sh(workspace, "sleep 1000 & echo $!; (trap '' TERM; sleep 1000) & echo $!");
      expect(exit).toEqual({ kind: "exited", code: 0 });
      expect(await living(out.toString().trim().split("\n"), workspace)).toEqual([]);
    });
    /** A run with a daemon, which its place may have ended with the command. */
    const left = async (run: string) => {
      const workspace = await open("scratch", run);
      const path = join(workspace.temporary, "pid");
      const detach = `setsid sh -c 'echo $$ > "${path}.part"; mv "${path}.part" "${path}"; exec sleep 1000' > /dev/null 2>&1 & while ! [ -e "${path}" ]; do :; done`;
      await sh(workspace, detach);
      const pid = await workspace.read(path, 20);
      const pids = [
        Buffer.from(pid?.bytes ?? [])
          .toString()
          .trim(),
      ];
      return { ref: workspace.ref, lives: async () => (await living(pids, workspace)).length === 1 };
    };
    test(`a daemon ${options.endsDaemons === true ? "ends with its command" : "is found by its run, and ended"}; another run is not touched`, async () => {
      const stays = options.endsDaemons !== true;
      const [mine, other] = [await left(runOf("mine")), await left(`${runOf("mine")}2`)];
      expect([await mine.lives(), await other.lives()]).toEqual([stays, stays]);
      expect(await runner().find(runOf("mine"))).toEqual([mine.ref]);
      await runner().end(await runner().find(runOf("mine")));
      expect([await mine.lives(), await other.lives()]).toEqual([false, stays]);
      expect(await runner().find(runOf("mine"))).toEqual([]);
      expect(await runner().find(`${runOf("mine")}2`)).toEqual([other.ref]);
      await runner().end([other.ref]);
      expect(await other.lives()).toBe(false);
    });
  });
}
