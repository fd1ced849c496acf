// What of a project a place elsewhere gets: what git does not ignore, up to a bound.

import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { projectFiles, TooMuch, whyTooMuch } from "../runners/project-files.ts";

let project = "";
beforeEach(() => {
  project = mkdtempSync(join(tmpdir(), "flowc-project-"));
});
afterEach(() => rmSync(project, { recursive: true, force: true }));

function write(...paths: readonly string[]): void {
  for (const path of paths) {
    mkdirSync(dirname(join(project, path)), { recursive: true });
    writeFileSync(join(project, path), path);
  }
}

async function copied(): Promise<readonly string[]> {
  return (await projectFiles(project, "container")).map(({ path }) => path).sort();
}

const hasGit = spawnSync("git", ["--version"]).status === 0;

describe("a work tree of git", { skip: !hasGit }, () => {
  test("is copied without what it ignores, and without what is flowc's", async () => {
    spawnSync("git", ["init", "-q"], { cwd: project });
    write(
      ".gitignore",
      "src/a b.c",
      "build/out.o",
      "node_modules/x/index.js",
      ".flowc/journal.db",
      "new\nline",
    );
    writeFileSync(join(project, ".gitignore"), "build/\nnode_modules/\n");
    expect(await copied()).toEqual([".gitignore", "new\nline", "src/a b.c"]);
  });
});

test("a folder that is none is copied whole, but for what is made from the rest", async () => {
  write("src/a.c", "build/out.o", "node_modules/x/index.js", ".flowc/journal.db", "deep/.git/config");
  expect(await copied()).toEqual(["build/out.o", "src/a.c"]);
});

test("links that lead out stay here, others count as what they lead to", async () => {
  write("a");
  symlinkSync("a", join(project, "b"));
  symlinkSync("/etc/passwd", join(project, "out"));
  symlinkSync("nowhere", join(project, "broken"));
  expect(await copied()).toEqual(["a", "b"]);
});

test("a file that has changed is known by its state", async () => {
  write("a");
  const [before] = await projectFiles(project, "container");
  expect(await projectFiles(project, "container")).toEqual([before]);
  writeFileSync(join(project, "a"), "other text");
  const [after] = await projectFiles(project, "container");
  expect(after?.state).not.toBe(before?.state);
});

test("more than the bound is a sentence that says what to do", async () => {
  write("large");
  truncateSync(join(project, "large"), 200e6 + 1);
  const sent = projectFiles(project, "container").then(() => {});
  await expect(sent).rejects.toThrow(TooMuch);
  expect(await whyTooMuch(sent)).toBe(
    'The project has more than 20000 files or 200 MB that git does not ignore: too much to copy it into each container. Say which files the task needs (`reads: ["src/**"]`), or name what is not needed in .gitignore.',
  );
});
