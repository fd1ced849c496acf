// One attempt, from values to a report: what a task sees, what it may answer, and every way in which it can fail.

import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  call,
  dir,
  env,
  file,
  fileOf,
  listOf,
  openSecretWorld,
  openTestWorld,
  optional,
  record,
  string,
  type TestWorld,
} from "./attempts.ts";

let world: TestWorld;
beforeAll(() => {
  world = openSecretWorld();
});
afterAll(() => world.close());

describe("what a task sees", () => {
  test("its values as text", async () => {
    const report = await world.attempt({
      run: 'printf "%s|" ~{0} "~{1}" ~{2} end~{3}; test $((~{1}+1)) = 43',
      values: [
        [listOf(string), ["a b", "*"]],
        [{ kind: "int" }, 42],
        [record({ x: string }), { x: "y" }],
        [optional(string), null],
      ],
      result: env("stdout"),
    });
    expect(report).toEqual({ outcome: "succeeded", exit: 0, value: 'a b|*|42|{"x":"y"}|end|' });
  });
  test("an environment of its own, not flowc's", async () => {
    const report = await world.attempt({
      run: ["env", "-0"],
      settings: {
        env: [
          { name: "CARGO_TARGET_DIR", text: "t" },
          { name: "PATH", text: "/usr/bin:/bin" },
          { name: "TOKEN", secret: "TOKEN" },
        ],
      },
    });
    expect(report).toEqual({ outcome: "succeeded", exit: 0 });
    const names = world
      .printed()
      .out.split("\0")
      .filter((entry) => entry !== "")
      .map((entry) => entry.split("=")[0])
      .sort();
    expect(names).toEqual([
      "CARGO_TARGET_DIR",
      "FLOWC_ATTEMPT",
      "FLOWC_COOKIE",
      "FLOWC_IDEMPOTENCY_KEY",
      "FLOWC_NODE",
      "FLOWC_RUN",
      "HOME",
      "LC_ALL",
      "OUT",
      "PATH",
      "TMPDIR",
      "TOKEN",
      "TZ",
    ]);
    expect(world.printed().out).toContain("PATH=/usr/bin:/bin\0");
    expect(world.printed().out).toContain("FLOWC_RUN=r1\0");
    expect(world.placed.at(-1)).toMatch(/^r1\.\d+\.1$/);
  });
  test("the project, and a temporary directory that goes", async () => {
    const report = await world.attempt({
      run: 'pwd; echo "$TMPDIR"; touch "$TMPDIR/x"; test -d "$TMPDIR"',
      result: env("stdout"),
    });
    const [pwd, temporary = ""] = String(report.value).split("\n");
    expect(pwd).toBe(world.project);
    await world.world.scratch.close();
    expect(existsSync(temporary)).toBe(false);
  });
  test("with `reads`, a fresh directory that holds these files alone", async () => {
    world.write("src/a.txt", "A");
    world.write("src/deep/b.txt", "B");
    world.write("src/tool.sh", "#!/bin/sh\necho tool\n", 0o755);
    world.write("other.txt", "O");
    const report = await world.attempt({
      run: "find . -type f | sort; src/tool.sh; echo new > src/a.txt",
      settings: { reads: ["src/**/*.txt", "src/tool.sh"] },
      result: env("stdout"),
    });
    expect(report.value).toBe("./src/a.txt\n./src/deep/b.txt\n./src/tool.sh\ntool");
    expect(readFileSync(join(world.project, "src/a.txt"), "utf8")).toBe("A");
  });
  test("`reads` without a match, or that is no glob, is told", async () => {
    for (const [pattern, words] of [
      ["nothing/**", "matches no file"],
      ["../x", "`..`"],
    ] as const)
      expect(await world.attempt({ run: "true", settings: { reads: [pattern] } })).toMatchObject({
        outcome: "failed",
        why: "launch",
        message: expect.stringContaining(words),
      });
  });
  test("a project's file where it stands, verified", async () => {
    world.write("data/in.txt", "content");
    const value = fileOf("data/in.txt", "content");
    const task = { run: "cat ~{0}; echo ~{0}", values: [[file, value]], result: env("stdout") } as const;
    expect((await world.attempt(task)).value).toBe(`content${join(world.project, "data/in.txt")}`);
    world.write("data/in.txt", "changed");
    expect(await world.attempt(task)).toMatchObject({
      outcome: "failed",
      message: expect.stringContaining("`data/in.txt` has changed"),
    });
    expect(await world.attempt({ ...task, values: [[file, fileOf("gone.txt", "")]] })).toMatchObject({
      outcome: "failed",
      message: expect.stringContaining("neither in the artifact store nor in the project"),
    });
  });
  test("a project's file in a fresh directory, too", async () => {
    world.write("data/two.txt", "two");
    const values = [[file, fileOf("data/two.txt", "two")]] as const;
    const report = await world.attempt({
      run: 'cat ~{0}; case ~{0} in "$PWD"/*) echo inside;; esac',
      values,
      settings: { reads: ["other.txt"] },
      result: env("stdout"),
    });
    expect(report.value).toBe("twoinside");
  });
  test("an artifact as a read-only copy, files in records and lists included", async () => {
    const made = await world.attempt({
      run: "printf one > 'odd name.txt'; mkdir -p out; printf two > out/two",
      result: call("file", "odd name.txt"),
    });
    const folder = await world.attempt({ run: "true", result: call("dir", "out") });
    writeFileSync(join(world.project, "odd name.txt"), "overwritten");
    const report = await world.attempt({
      run: 'printf "%s\\n" ~{0} ~{1}; cat ~{0}; cat ~{2}/two; ls -l ~{0} | cut -c1-10',
      values: [
        [file, made.value ?? null],
        [listOf(record({ f: file })), [{ f: made.value ?? null }]],
        [dir, folder.value ?? null],
      ],
      result: env("stdout"),
    });
    const lines = String(report.value).split("\n");
    expect(lines[0]).toMatch(/\/in\/\d+\/odd name\.txt$/);
    expect(JSON.parse(lines[1] ?? "")).toMatchObject({
      f: { path: lines[0], name: "odd name.txt", size: 3 },
    });
    expect(lines.slice(2)).toEqual(["onetwo-r--r--r--"]);
  });
});

describe("failures", () => {
  test("exit codes, with the last lines of what was printed", async () => {
    const report = await world.attempt({
      run: "for i in 1 2 3 4 5 6 7 8 9 10 11 12; do echo line $i >&2; done; printf '\\033[31mred\\033[0m \\007 50%%\\r100%%\\n' >&2; exit 4",
    });
    expect(report).toEqual({
      outcome: "failed",
      why: "exit",
      exit: 4,
      message: "The script exited with 4.",
      tail: `${[4, 5, 6, 7, 8, 9, 10, 11, 12].map((i) => `line ${i}\n`).join("")}100%`,
    });
    expect((await world.attempt({ run: "echo on stdout; exit 1" })).tail).toBe("on stdout");
    expect(
      Buffer.byteLength(
        (await world.attempt({ run: "head -c 100000 /dev/zero | tr '\\0' ü; exit 1" })).tail ?? "",
      ),
    ).toBeLessThanOrEqual(2048);
  });
  test("any exit code, if that is asked for", async () => {
    expect(
      await world.attempt({ run: "exit 9", settings: { exitCodes: "any" }, result: env("exit_code") }),
    ).toMatchObject({ outcome: "succeeded", value: 9 });
  });
  test("a signal", async () => {
    expect(await world.attempt({ run: "kill -9 $$; true" })).toMatchObject({
      outcome: "failed",
      why: "exit",
      signal: "SIGKILL",
      message: expect.stringContaining("memory"),
    });
  });
  test("a command that is not there", async () => {
    expect(await world.attempt({ run: "no-such-tool --flag" })).toMatchObject({
      outcome: "failed",
      why: "launch",
      message: expect.stringContaining("not found on the PATH"),
    });
    expect(await world.attempt({ run: "no-such-tool | cat; no-such-tool" })).toMatchObject({
      outcome: "failed",
      why: "exit",
      exit: 127,
      tail: expect.stringContaining("not found"),
    });
  });
  test("a value that cannot be in a command", async () => {
    expect(await world.attempt({ run: "echo ~{0}", values: [[string, "a\0"]] })).toMatchObject({
      outcome: "failed",
      why: "value",
      message: expect.stringContaining("`~{a}` holds a NUL"),
    });
    expect(await world.attempt({ run: "echo ~{0}", values: [[string, "x".repeat(200_000)]] })).toMatchObject({
      why: "value",
      message: expect.stringContaining("Pass it as a file"),
    });
  });
  test("an environment that cannot be", async () => {
    const variable = (name: string, text: string) =>
      world.attempt({ run: "true", settings: { env: [{ name, text }] } });
    expect(await variable("A=B", "")).toMatchObject({
      why: "launch",
      message: expect.stringContaining("no name"),
    });
    expect(await variable("A", "\0")).toMatchObject({
      why: "launch",
      message: expect.stringContaining("NUL"),
    });
    expect(await variable("A", "x".repeat(200_000))).toMatchObject({
      why: "launch",
      message: expect.stringContaining("as a file"),
    });
    expect(
      await world.attempt({ run: "true", settings: { env: [{ name: "A", secret: "ABSENT" }] } }),
    ).toMatchObject({ why: "launch", message: expect.stringContaining("`ABSENT` is not set") });
  });
  test("a timeout ends all that was started", async () => {
    const report = await world.attempt({
      run: "echo started; sleep 1000 & sleep 1000",
      settings: { timeoutSeconds: 0.2 },
    });
    expect(report).toEqual({
      outcome: "failed",
      why: "timeout",
      message: "It did not end within its timeout of 200ms, and was ended.",
      tail: "started",
    });
  });
  test("what prints nothing for too long is ended, and what prints now and then is not", async () => {
    const silent = await world.attempt({ run: "echo started; sleep 1000", settings: { stallSeconds: 0.3 } });
    expect(silent).toEqual({
      outcome: "failed",
      why: "stall",
      message: "It printed nothing for 300ms, and was ended.",
      tail: "started",
    });
    const busy = "for i in 1 2 3 4 5 6 7 8; do echo $i >&2; sleep 0.25; done";
    expect(await world.attempt({ run: busy, settings: { stallSeconds: 1.2 } })).toMatchObject({
      outcome: "succeeded",
    });
  });
  test("a stop, before and in the middle", async () => {
    const controller = new AbortController();
    const running = world.attempt({ run: "echo started; sleep 1000" }, controller.signal);
    controller.abort();
    const neverBegan = { outcome: "cancelled", why: "launch" };
    expect(await running).toEqual(neverBegan);
    expect(await world.attempt({ run: "true" }, controller.signal)).toEqual(neverBegan);
    const later = new AbortController();
    const second = world.attempt(
      { run: "trap 'exit 0' TERM; echo ready > ready.txt; sleep 1000 & wait" },
      later.signal,
    );
    await expect
      .poll(() => existsSync(join(world.project, "ready.txt")), { interval: 5, timeout: 30_000 })
      .toBe(true);
    later.abort();
    expect(await second).toEqual({ outcome: "cancelled" });
  });
  test("a runner that is not there", async () => {
    expect(await world.attempt({ run: "true", settings: { runner: "moon" } })).toMatchObject({
      outcome: "failed",
      why: "launch",
    });
  });
  test("a machine that fails is not the task's fault", async () => {
    const broken = openTestWorld();
    writeFileSync(
      join(broken.world.runFolder, "..", "..", "..", "state"),
      "a file where the state should be",
    );
    expect(await broken.attempt({ run: "true" })).toMatchObject({
      outcome: "lost",
      message: expect.stringContaining("This machine failed"),
    });
    await broken.close();
  });
});

test("nothing of an attempt stays but its logs and artifacts", async () => {
  await world.world.scratch.close();
  expect(readdirSync(join(world.world.runFolder, "tmp"))).toEqual([]);
});
