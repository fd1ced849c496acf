// What every runner must do when a command is stopped, and with what a command leaves behind.

import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type ContractOptions, runnerBench } from "./runner-bench.ts";

/** Declares this part of the suite for one runner. */
export function stoppingContract(options: ContractOptions): void {
  const { open, sh, stopped, stopAtOutput, alive, files, base, runner } = runnerBench(options);

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
      const instance = await open("scratch", "hurry");
      const io = { ...files(), filter: null };
      const stubborn = "trap '' TERM; echo $$; while :; do sleep 1000; done";
      const argv = ["env", "-i", `PATH=${base.PATH}`, "sh", "-c", stubborn];
      const stop = stopAtOutput(io.stdoutPath);
      const ended = instance.exec({ argv, env: base, cwd: "" }, io, stop);
      await once(stop, "abort");
      const refs = await runner().find("hurry");
      expect(refs).toEqual([instance.ref]);
      await runner().end(refs, true);
      expect(await ended).toEqual({ kind: "signalled", signal: "SIGKILL" });
      expect(alive(readFileSync(io.stdoutPath, "utf8").trim())).toBe(false);
      expect(await runner().find("hurry")).toEqual([]);
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
        const instance = await open("scratch", run);
        const path = join(instance.temporary, "pid");
        const detach = `setsid sh -c 'echo $$ > "${path}.part"; mv "${path}.part" "${path}"; exec sleep 1000' > /dev/null 2>&1 & while ! [ -e "${path}" ]; do :; done`;
        await sh(instance, detach);
        return { ref: instance.ref, pid: readFileSync(path, "utf8").trim() };
      };
      expect(daemon).toContain("setsid");
      const [mine, other] = [await left("mine"), await left("mine2")];
      expect([alive(mine.pid), alive(other.pid)]).toEqual([true, true]);
      expect(await runner().find("mine")).toEqual([mine.ref]);
      await runner().end(await runner().find("mine"));
      expect([alive(mine.pid), alive(other.pid)]).toEqual([false, true]);
      expect(await runner().find("mine")).toEqual([]);
      await runner().end([other.ref]);
      expect(alive(other.pid)).toBe(false);
    });
  });
}
