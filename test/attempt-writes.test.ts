// What an attempt changes in the project is held against its `writes`; what others may have changed is not.

import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openTestWorld, type TestWorld } from "./attempts.ts";

let world: TestWorld;
beforeEach(() => {
  world = openTestWorld();
  world.write("src/a.txt", "a");
  world.write("src/b.txt", "b");
});
afterEach(() => world.close());

const task = (run: string, writes: readonly string[] | null, reads: readonly string[] | null = null) => ({
  run,
  settings: { writes, reads },
});

const stray = (paths: string, writes: string) => ({
  outcome: "failed",
  why: "writes",
  message: `While it ran, ${paths} changed in the project; by its \`writes\` it may change ${writes}.`,
});

test("within its globs all is well", async () => {
  const run = "mkdir -p dist/x; echo 1 > dist/x/one; echo 2 > src/a.txt; rm src/b.txt";
  expect(await world.attempt(task(run, ["dist/**", "src/*.txt"]))).toMatchObject({ outcome: "succeeded" });
});

test.each([
  ["a new file", "echo 1 > other", "`other`"],
  ["a changed file", "echo 1 > src/a.txt", "`src/a.txt`"],
  ["a removed file", "rm src/a.txt", "`src/a.txt`"],
  ["the same size at another time", "printf x > src/a.txt", "`src/a.txt`"],
  ["a file made executable", "chmod +x src/a.txt", "`src/a.txt`"],
  ["a link", "ln -s a.txt src/c.txt", "`src/c.txt`"],
  ["several", "touch x1 x2 x3 x4 x5 x6 x7", "`x1`, `x2`, `x3`, `x4`, `x5` and 2 more"],
])("%s outside of them fails the attempt", async (_, run, paths) => {
  expect(await world.attempt(task(`mkdir -p dist; ${run}`, ["dist/**"]))).toEqual(stray(paths, "`dist/**`"));
});

test("who may change nothing changes nothing", async () => {
  expect(await world.attempt(task("touch x", []))).toEqual(stray("`x`", "nothing"));
  expect(await world.attempt(task("cat src/a.txt", []))).toMatchObject({ outcome: "succeeded" });
});

test("who promises nothing is not looked at, nor who works in a fresh folder", async () => {
  expect(await world.attempt(task("touch x", null))).toMatchObject({ outcome: "succeeded" });
  expect(await world.attempt(task("touch y", ["dist/**"], ["src/**"]))).toMatchObject({
    outcome: "succeeded",
  });
});

test("a failure of its own goes first", async () => {
  expect(await world.attempt(task("touch x; exit 3", []))).toMatchObject({ why: "exit", exit: 3 });
});

test("what git ignores, and the folders of tools, are no part of the project", async () => {
  const git = (...args: string[]) => execFileSync("git", args, { cwd: world.project });
  git("init", "-q");
  world.write(".gitignore", "build/\n");
  const run = "mkdir -p build node_modules/x; touch build/1 node_modules/x/2 .git/3";
  expect(await world.attempt(task(run, ["dist/**"]))).toMatchObject({ outcome: "succeeded" });
  expect(await world.attempt(task("touch new", ["dist/**"]))).toEqual(stray("`new`", "`dist/**`"));
});

/** The first waits in the middle until the second, which runs beside it, has ended. */
async function beside(first: ReturnType<typeof task>, second: ReturnType<typeof task>) {
  const go = join(world.project, "..", "go");
  const there = join(world.project, "..", "there");
  const wait = `touch ${there}; while [ ! -e ${go} ]; do sleep 0.01; done; ${first.run}`;
  const waiting = world.attempt({ ...first, run: wait });
  const both = await world.attempt({
    ...second,
    run: `while [ ! -e ${there} ]; do sleep 0.01; done; ${second.run}`,
  });
  writeFileSync(go, "");
  return [await waiting, both].map(({ outcome, message }) => message ?? outcome);
}

test("what another one beside it may write is not its own", async () => {
  const found = await beside(task("touch dist-1", ["dist-*"]), task("touch out-1", ["out-*"]));
  expect(found).toEqual(["succeeded", "succeeded"]);
});

test("what none of them may write fails each that saw it", async () => {
  const found = await beside(task("true", ["dist-*"]), task("touch other", ["out-*"]));
  expect(found).toEqual([
    "While it ran, `other` changed in the project; by its `writes` it may change `dist-*`.",
    "While it ran, `other` changed in the project; by its `writes` it may change `out-*`.",
  ]);
});

test("beside one that promises nothing nobody is blamed", async () => {
  const found = await beside(task("true", ["dist-*"]), task("touch other", null));
  expect(found).toEqual(["succeeded", "succeeded"]);
});
