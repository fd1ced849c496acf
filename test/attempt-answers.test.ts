// What an attempt may answer: its `return`, `$OUT`, files; what is no answer; and that no secret is ever in one.

import { readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  call,
  env,
  file,
  fileOf,
  listOf,
  openSecretWorld,
  optional,
  param,
  record,
  secret,
  sha256,
  string,
  type TestWorld,
} from "./attempts.ts";

let world: TestWorld;
beforeAll(() => {
  world = openSecretWorld();
});
afterAll(() => world.close());

describe("answers", () => {
  test("`return` sees what the work printed and left", async () => {
    const report = await world.attempt({
      run: "echo out; echo err >&2; printf x > left.txt; exit 3",
      settings: { exitCodes: [3] },
      result: {
        k: "record",
        entries: [
          { name: "out", value: env("stdout") },
          { name: "err", value: env("stderr") },
          { name: "code", value: env("exit_code") },
          {
            name: "took",
            value: { k: "compare", op: "<", left: env("elapsed"), right: { k: "lit", v: 20 } },
          },
          { name: "file", value: call("file", "left.txt") },
          { name: "given", value: param(0) },
        ],
      },
      values: [[string, "as it was"]],
    });
    expect(report).toEqual({
      outcome: "succeeded",
      exit: 3,
      value: {
        out: "out",
        err: "err",
        code: 3,
        took: true,
        file: fileOf("left.txt", "x"),
        given: "as it was",
      },
      files: [{ name: "left.txt", path: "left.txt", size: 1, sha256: sha256("x") }],
    });
  });
  test("`files` gives what matches, sorted, kept for ever", async () => {
    world.write("other.txt", "O");
    const report = await world.attempt({
      run: "mkdir -p o/p; for i in b a p/c; do printf $i > o/$i.bin; done; touch o/no.txt",
      result: call("files", "o/**/*.bin"),
      settings: { reads: ["other.txt"] },
    });
    expect(report.value).toEqual([
      fileOf("o/a.bin", "a"),
      fileOf("o/b.bin", "b"),
      fileOf("o/p/c.bin", "p/c"),
    ]);
    expect(
      report.files?.map(({ sha256: hash }) => readFileSync(world.world.artifacts.pathOf(hash) ?? "", "utf8")),
    ).toEqual(["a", "b", "p/c"]);
  });
  test("`$OUT` is text for a string, JSON for the rest, nothing for an optional", async () => {
    const out = async (script: string, answer: Parameters<TestWorld["attempt"]>[0]["answer"] = string) =>
      (await world.attempt({ run: script, answer })).value;
    expect(await out('printf "a\\nb\\n" > "$OUT"')).toBe("a\nb");
    expect(await out('printf "" > "$OUT"')).toBe("");
    expect(await out('echo b > "$OUT"', { kind: "union", members: ["a", "b"] })).toBe("b");
    expect(
      await out(`echo '{"n": 1}' > "$OUT"`, record({ n: { kind: "int" }, s: optional(string) })),
    ).toEqual({ n: 1, s: null });
    expect(await out("true", optional(string))).toBe(null);
    expect(await out("printf x > f.txt; echo f.txt > $OUT", file)).toEqual(fileOf("f.txt", "x"));
    expect(await out(`echo '["f.txt"]' > $OUT`, listOf(file))).toEqual([fileOf("f.txt", "x")]);
  });
  test("fields that the type does not have are left out, and told", async () => {
    const report = await world.attempt({
      run: `echo '{"n": 1, "extra": 2}' > "$OUT"`,
      answer: record({ n: { kind: "int" } }),
    });
    expect(report).toMatchObject({
      outcome: "succeeded",
      value: { n: 1 },
      message: expect.stringContaining("`extra`"),
    });
  });
  test("an answer that does not fit fails, with path and reason", async () => {
    const cases = [
      ["true", string, "wrote nothing to $OUT"],
      ["true", record({ n: string }), "wrote nothing to $OUT"],
      [`echo '{"n": "x"}' > $OUT`, record({ n: { kind: "int" } }), "at `n`"],
      ["echo nonsense > $OUT", { kind: "int" }, "does not fit"],
      ["printf '\\377' > $OUT", string, "UTF-8"],
      ["head -c 17000000 /dev/zero > $OUT", string, "16 MB"],
      ["mkdir $OUT", string, "$OUT could not be read"],
      ["mkfifo $OUT", string, "regular file"],
      ["echo nowhere.txt > $OUT", file, "no such file"],
      ["echo /etc/passwd > $OUT", file, "must be relative"],
      ["echo ../x > $OUT", file, "`..`"],
      ["mkdir -p d; echo d > $OUT", file, "folder"],
    ] as const;
    for (const [run, answer, words] of cases)
      expect(await world.attempt({ run, answer }), run).toMatchObject({
        outcome: "failed",
        why: "invalid",
        message: expect.stringContaining(words),
      });
  });
  test("a path cannot leave the workspace by a link", async () => {
    symlinkSync("/etc/hostname", join(world.project, "leak"));
    symlinkSync("/etc", join(world.project, "etc"));
    for (const path of ["leak", "etc/hostname"])
      expect(await world.attempt({ run: "true", result: call("file", path) })).toMatchObject({
        outcome: "failed",
        why: "value",
        message: expect.stringContaining("leads out of the workspace"),
      });
  });
  test("output that `return` reads is bounded, and must be text", async () => {
    expect(await world.attempt({ run: "head -c 17000000 /dev/zero", result: env("stdout") })).toMatchObject({
      why: "invalid",
      message: expect.stringContaining("at most 16 MB"),
    });
    expect(await world.attempt({ run: "printf '\\377'", result: env("stdout") })).toMatchObject({
      why: "invalid",
      message: expect.stringContaining("not UTF-8"),
    });
    expect(await world.attempt({ run: "head -c 17000000 /dev/zero", result: env("stderr") })).toMatchObject({
      value: "",
    });
  });
  test("a `return` that fails", async () => {
    expect(
      await world.attempt({ run: "true", result: call("first", { k: "list", items: [] }) }),
    ).toMatchObject({ outcome: "failed", why: "value" });
    expect(await world.attempt({ run: "true", result: call("file", "nothing") })).toMatchObject({
      message: expect.stringContaining("no such file"),
    });
  });
});

describe("secrets", () => {
  const settings = { env: [{ name: "TOKEN", secret: "TOKEN" }] };
  test("never reach logs, messages or tails, in any of their forms", async () => {
    const report = await world.attempt({
      run: 'echo "$TOKEN"; printf %s "xx$TOKEN" | base64 -w0 >&2; printf %s "$TOKEN" | od -An -v -tx1 | tr -d " \\n"; exit 1',
      settings,
    });
    const { out, err } = world.printed();
    expect(out).toBe("***\n***");
    expect(err).not.toContain(Buffer.from(`xx${secret}`).toString("base64").slice(4, 20));
    expect(JSON.stringify(report)).not.toContain("hunter2");
  });
  test("an answer that holds one is no answer", async () => {
    for (const script of ['echo "$TOKEN" > $OUT', 'printf %s "$TOKEN" | base64 -w0 > $OUT'])
      expect(await world.attempt({ run: script, answer: string, settings })).toEqual({
        outcome: "failed",
        why: "invalid",
        message: "Its answer holds a secret, which must never be recorded.",
      });
  });
});
