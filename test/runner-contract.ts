// What every runner must do: one suite, run against each kind with real commands.

import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { COOKIE, type OutputFilter, type Workspace } from "../runtime/runner.ts";
import { type ContractOptions, runnerBench } from "./runner-bench.ts";
import { stoppingContract } from "./runner-contract-stopping.ts";

/** Of what is much work for a machine that has other things to do. */
const timeout = 240_000;

/** Declares the suite for one runner. */
export function runnerContract(name: string, options: ContractOptions): void {
  describe(`the runner ${name}`, () => {
    const { open, runOf, exec, sh, brought, files, base, root, runner } = runnerBench(options);

    describe("ends", () => {
      test("exit codes", async () => {
        const workspace = await open();
        for (const code of [0, 1, 2, 77, 126, 127, 255])
          expect((await sh(workspace, `exit ${code}`)).exit).toEqual({ kind: "exited", code });
      });
      test("signals", async () => {
        const workspace = await open();
        for (const signal of ["TERM", "KILL", "SEGV", "INT"])
          expect((await sh(workspace, `kill -${signal} $$`)).exit).toEqual({
            kind: "signalled",
            signal: `SIG${signal}`,
          });
      });
      test("a program that is not there", async () => {
        const { exit } = await exec(await open(), ["no-such-program-xyz", "a"]);
        expect(exit).toMatchObject({
          kind: "not-started",
          code: "ENOENT",
          message: expect.stringContaining("`no-such-program-xyz` was not found on the PATH"),
        });
      });
      test("a program that may not be run", async () => {
        const workspace = await open();
        const { exit } = await exec(workspace, [await brought(workspace, "plain", "text", 0o644)]);
        expect(exit).toMatchObject({
          kind: "not-started",
          code: "EACCES",
          message: expect.stringContaining("chmod +x"),
        });
      });
      test("a script whose interpreter is not there", async () => {
        const workspace = await open();
        const script = await brought(workspace, "script", "#!/no/such/interpreter\n", 0o755);
        const { exit } = await exec(workspace, [script]);
        expect(exit).toMatchObject({ kind: "not-started", message: expect.stringContaining("#!") });
      });
      test("too many arguments", async () => {
        const { exit } = await exec(await open(), ["true", "x".repeat(200_000)]);
        expect(exit).toMatchObject({
          kind: "not-started",
          code: "E2BIG",
          message: expect.stringContaining("as a file"),
        });
      });
      test("a directory to start in that is not there", async () => {
        const { exit } = await exec(await open(), ["true"], { cwd: "nowhere" });
        expect(exit).toMatchObject({ kind: "not-started", message: expect.stringContaining("nowhere") });
      });
      test("an empty program", async () => {
        expect((await exec(await open(), [""])).exit).toMatchObject({ kind: "not-started" });
      });
    });

    describe("output", () => {
      test("both streams, apart, in order", async () => {
        const script = "i=0; while [ $i -lt 500 ]; do echo o$i; echo e$i >&2; i=$((i+1)); done";
        const { out, err } = await sh(await open(), script);
        const lines = (mark: string) => Array.from({ length: 500 }, (_, i) => `${mark}${i}\n`).join("");
        expect([out.toString(), err]).toEqual([lines("o"), lines("e")]);
      });
      test("any bytes", async () => {
        const workspace = await open();
        const bytes = Buffer.from(Array.from({ length: 256 * 64 }, (_, i) => (i * 7 + (i >> 8)) & 255));
        const { out } = await exec(workspace, ["cat", await brought(workspace, "bytes", bytes)]);
        expect(out.equals(bytes)).toBe(true);
      });
      test("much of it, in bounded memory, straight and through a filter", { timeout }, async () => {
        const workspace = await open();
        const straight = () =>
          workspace.exec({ argv: ["head", "-c", "1000000000", "/dev/zero"], env: base, cwd: "" }, io, never);
        const io = { ...files(), filter: null };
        const never = new AbortController().signal;
        const before = process.memoryUsage().rss;
        expect(await straight()).toEqual({ kind: "exited", code: 0 });
        expect(statSync(io.stdoutPath).size).toBe(1_000_000_000);
        rmSync(io.stdoutPath);
        let seen = 0;
        const filter = (): OutputFilter => ({
          push: (chunk) => {
            seen += chunk.length;
            return new Uint8Array(0);
          },
          end: () => new Uint8Array(0),
        });
        await exec(workspace, ["head", "-c", "300000000", "/dev/zero"], { filter });
        expect(seen).toBe(300_000_000);
        expect(process.memoryUsage().rss - before).toBeLessThan(150 * 1024 * 1024);
      });
      test("a filter sees all bytes of each stream, and its own end", async () => {
        const upper = (): OutputFilter => ({
          push: (chunk) => Buffer.from(Buffer.from(chunk).toString("latin1").toUpperCase(), "latin1"),
          end: () => Buffer.from("END"),
        });
        const { out, err } = await sh(await open(), "echo out; echo err >&2", { filter: upper });
        expect([out.toString(), err]).toEqual(["OUT\nEND", "ERR\nEND"]);
      });
      test("a filter's output ends although a daemon holds the pipe", async () => {
        const workspace = await open("scratch", runOf("held"));
        const upper = (): OutputFilter => ({ push: (chunk) => chunk, end: () => Buffer.from("END") });
        const { exit, out } = await sh(workspace, "setsid sleep 1000 & echo $!", { filter: upper });
        expect(exit).toEqual({ kind: "exited", code: 0 });
        expect(out.toString()).toMatch(/^\d+\nEND$/);
        if (options.endsDaemons === true) return;
        await runner().end(await runner().find(runOf("held")));
      });
    });

    describe("surroundings", () => {
      test("exactly the environment, and the cookie", async () => {
        const workspace = await open();
        const env = { PATH: base.PATH, A: "1", "odd.name": "x", EMPTY: "", LINES: "a\nb", ÜMLAUT: "ß" };
        const { out } = await exec(workspace, ["env", "-0"], { env });
        const got = out
          .toString()
          .split("\0")
          .filter((entry) => entry !== "");
        const all = { ...options.adds, ...env, [COOKIE]: workspace.ref };
        const expected = Object.entries(all).map(([key, text]) => `${key}=${text}`);
        expect(got.sort()).toEqual(expected.sort());
      });
      test("standard input is empty", async () => {
        expect((await exec(await open(), ["cat"])).exit).toEqual({ kind: "exited", code: 0 });
      });
      test("commands start in the workspace, or below it", async () => {
        const scratch = await open();
        expect((await exec(scratch, ["pwd"])).out.toString()).toBe(`${scratch.path}\n`);
        await sh(scratch, "mkdir sub");
        expect((await exec(scratch, ["pwd"], { cwd: "sub" })).out.toString()).toBe(`${scratch.path}/sub\n`);
        const project = await open("project");
        expect((await exec(project, ["pwd"])).out.toString()).toBe(`${project.path}\n`);
        if (project.here && options.copies !== true) expect(project.path).toBe(join(root(), "project"));
      });
      test("a temporary directory of its own", async () => {
        const [one, two] = [await open("project"), await open("project")];
        expect(one.temporary).not.toBe(two.temporary);
        expect((await sh(one, `touch "${one.temporary}/x" && ls "${two.temporary}"`)).out.toString()).toBe(
          "",
        );
      });
      test("a program on the command's own PATH", async () => {
        const workspace = await open();
        const program = await brought(workspace, "bin/only-here", "#!/bin/sh\necho here\n", 0o755);
        const { out } = await exec(workspace, ["only-here"], {
          env: { PATH: `${dirname(program)}:${base.PATH}` },
        });
        expect(out.toString()).toBe("here\n");
      });
    });

    describe("files", () => {
      const search = (matches: (path: string) => boolean, roots: readonly string[] = [""]) => ({
        roots,
        enters: (folder: string) => !folder.split("/").includes("closed"),
        matches,
      });
      const listed = async (workspace: Workspace, wanted: ReturnType<typeof search>) => {
        const found: string[] = [];
        for await (const { path, local, size } of workspace.get(wanted)) {
          expect(readFileSync(local).length).toBe(size);
          found.push(path);
        }
        return found;
      };
      const odd = ["a b", "-n", "ü", "'\"$(x)`", "new\nline", "*", ".hidden", "\\back", "#"];
      test("in and out, with odd names, modes kept", async () => {
        const workspace = await open();
        writeFileSync(join(root(), "from"), "content");
        writeFileSync(join(root(), "tool"), "#!/bin/sh\necho ran\n", { mode: 0o755 });
        await workspace.put([
          ...odd.map((to) => ({ from: join(root(), "from"), to: `deep/${to}` })),
          { from: join(root(), "tool"), to: "tool" },
        ]);
        expect(
          await listed(
            workspace,
            search((path) => path.startsWith("deep/")),
          ),
        ).toEqual(odd.map((to) => `deep/${to}`).sort());
        expect((await exec(workspace, ["./tool"])).out.toString()).toBe("ran\n");
        const modes = new Map<string, number>();
        for await (const { path, local } of workspace.get(search((path) => /^tool$|^deep.a b$/.test(path))))
          modes.set(path, statSync(local).mode & 0o100);
        expect([...modes]).toEqual([
          ["deep/a b", 0],
          ["tool", 0o100],
        ]);
      });
      test("into the temporary directory, by an absolute path", async () => {
        const workspace = await open();
        await workspace.put([{ from: join(root(), "tool"), to: join(workspace.temporary, "in", "tool") }]);
        expect((await exec(workspace, [join(workspace.temporary, "in", "tool")])).out.toString()).toBe(
          "ran\n",
        );
      });
      test("nothing is put outside", async () => {
        const workspace = await open();
        for (const to of ["../x", "a/../../x", join(root(), "x"), "/tmp/flowc-contract-x"])
          await expect(workspace.put([{ from: join(root(), "tool"), to }])).rejects.toThrow(
            "leaves the workspace",
          );
        expect(readdirSync(root())).not.toContain("x");
      });
      test("links that lead out are not followed, others are, circles end", async () => {
        const workspace = await open();
        await sh(
          workspace,
          `mkdir in; echo hi > in/file; ln -s in/file link; ln -s in folder; ln -s . in/loop; ln -s nowhere broken
          ln -s /bin/sh out; ln -s ../.. parent`,
        );
        expect(
          await listed(
            workspace,
            search(() => true),
          ),
        ).toEqual(["folder/file", "in/file", "link"]);
      });
      test("a search stays below its roots and out of closed folders", async () => {
        const workspace = await open();
        await sh(workspace, "mkdir -p a/closed b; touch a/1 a/closed/2 b/3");
        expect(
          await listed(
            workspace,
            search(() => true, ["a"]),
          ),
        ).toEqual(["a/1"]);
        expect(
          await listed(
            workspace,
            search(() => true, ["nowhere"]),
          ),
        ).toEqual([]);
      });
      test("only what is a regular file", async () => {
        const workspace = await open();
        await sh(workspace, "mkfifo pipe; mkdir folder; touch file");
        expect(
          await listed(
            workspace,
            search(() => true),
          ),
        ).toEqual(["file"]);
      });
      test("reads up to a bound, null for nothing", async () => {
        const workspace = await open();
        const path = join(workspace.temporary, "answer");
        expect(await workspace.read(path, 10)).toBe(null);
        await sh(workspace, `printf 0123456789 > "${path}"`);
        expect(await workspace.read(path, 10)).toEqual({
          bytes: Buffer.from("0123456789"),
          truncated: false,
        });
        expect(await workspace.read(path, 9)).toEqual({ bytes: Buffer.from("012345678"), truncated: true });
        await sh(workspace, `rm "${path}"; mkfifo "${path}"`);
        await expect(workspace.read(path, 10)).rejects.toThrow("regular file");
      });
      test("a folder that is watched is there, and what a command writes into it can be read while it runs", async () => {
        const workspace = await open();
        const folder = join(workspace.temporary, "early");
        let told = () => {};
        const change = new Promise<void>((resolve) => {
          told = resolve;
        });
        const end = await workspace.watch(folder, () => told());
        const work = sh(
          workspace,
          `printf 1 > "${folder}/a"; until [ -e "${folder}/b" ]; do sleep 0.02; done`,
        );
        // It may tell late or not at all: who waits looks by itself.
        const patience = setInterval(told, 2000);
        await change;
        clearInterval(patience);
        while ((await workspace.read(join(folder, "a"), 10)) === null) await change;
        const from = join(root(), "b");
        writeFileSync(from, "");
        await workspace.put([{ from, to: join(folder, "b") }]);
        expect((await work).exit).toEqual({ kind: "exited", code: 0 });
        end();
        end();
      });
    });

    test("two hundred at once", { timeout }, async () => {
      const workspace = await open();
      const all = await Promise.all(
        Array.from({ length: 200 }, (_, i) => sh(workspace, `echo ${i}; exit ${i % 7}`)),
      );
      expect(all.map(({ exit, out }) => [exit, out.toString()])).toEqual(
        Array.from({ length: 200 }, (_, i) => [{ kind: "exited", code: i % 7 }, `${i}\n`]),
      );
    });
    test("an identity that stays the same", async () => {
      const { settings } = options;
      expect(await runner().identity(settings)).toBe(await runner().identity(settings));
      expect((await runner().identity(settings)).length).toBeGreaterThan(0);
    });
    stoppingContract(options);
  });
}
