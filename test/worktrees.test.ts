// Work in worktrees of real repositories: what becomes of it, what it may not do, and that nothing of the user's is touched.

import { chmodSync, existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { collect, youngMs } from "../runtime/gc.ts";
import { openJournal } from "../runtime/journal.ts";
import { failures, removeRepositories, TestRepository } from "./repositories.ts";

afterAll(removeRepositories);

const flow = (
  run: string,
  workspace = 'branch: "fix", from: "main", into: "next"',
  settings = "",
): string => `
/// Fix it.
task fix() {
  workspace: worktree(${workspace})
  ${settings}
  run ${JSON.stringify(run)}
}
flow main() {
  fix()
}
`;

/** All that a checkout shows, and all refs but those of the work. */
const own = (repository: TestRepository): string =>
  ["HEAD", "main"].map((ref) => repository.git("rev-parse", ref)).join() +
  repository.git("status", "--porcelain") +
  repository.git("stash", "list") +
  repository.git("symbolic-ref", "HEAD") +
  repository.git("config", "--list", "--local");

describe("work in a worktree", () => {
  it("is committed by the user, with what is said of it, and merged by a commit of its own", async () => {
    const repository = new TestRepository();
    repository.write({ "a.txt": "not committed\n", "new.txt": "new\n" });
    const before = own(repository);
    const { status } = await repository.run(
      flow("echo fixed >> a.txt; mkdir -p 'x y'; echo > 'x y/ü\n.txt'"),
    );
    expect(status).toBe("succeeded");
    expect(own(repository)).toBe(before);
    expect(repository.line("next")).toEqual(["Merge branch 'fix' into next", "first"]);
    const [who, message] = repository.git("log", "-1", "--format=%an <%ae>|%B", "fix").split("|");
    expect(who).toBe("Ada <ada@example.com>");
    expect(message).toMatch(/^Fix it\.\n\nFlowc-Run: \S+\nFlowc-Node: fix\n$/);
    expect(repository.at("next", "a.txt")).toBe("a\nfixed");
    expect(repository.git("ls-tree", "-r", "-z", "--name-only", "next")).toContain("x y/ü\n.txt");
    expect(repository.trees()).toEqual([]);
    expect(repository.git("fsck", "--strict")).toBe("");
  });

  it("keeps commits that it has made itself", async () => {
    const repository = new TestRepository();
    await repository.run(flow("echo 1 >> a.txt; git commit -qam own; echo 2 >> a.txt"));
    expect(repository.line("fix")).toEqual(["Fix it.", "own", "first"]);
  });

  it("that changes nothing leaves nothing", async () => {
    const repository = new TestRepository();
    expect((await repository.run(flow("true"))).status).toBe("succeeded");
    expect(repository.git("rev-parse", "next")).toBe(repository.git("rev-parse", "main"));
  });

  it("stays on its branch where nothing is said to merge it into", async () => {
    const repository = new TestRepository();
    await repository.run(flow("echo 1 >> a.txt", 'branch: "fix"'));
    expect(repository.line("fix")).toEqual(["Fix it.", "first"]);
    const again = await repository.run(flow("echo 2 >> a.txt", 'branch: "fix"'));
    expect(failures(again)).toEqual({
      fix: "The branch `fix` exists and has 1 commit that is not in where its work starts, and would be lost. Keep it under another name: `git branch -m fix fix-old`; or give it up: `git branch -D fix`.",
    });
  });

  it("without a branch is thrown away", async () => {
    const repository = new TestRepository();
    const before = own(repository);
    const { status } = await repository.run(flow("cat a.txt; echo 1 > a.txt", 'from: "main"'));
    expect([status, own(repository), repository.trees()]).toEqual(["succeeded", before, []]);
  });

  it("starts in the folder of the project, and may not write above it", async () => {
    const repository = new TestRepository({ "top.txt": "", "packages/core/a.txt": "" });
    const project = new TestRepository();
    Object.assign(project, { folder: join(repository.folder, "packages/core") });
    const well = await project.run(flow("echo 1 > a.txt", undefined, 'writes: ["a.txt"]'));
    expect([well.status, repository.at("next", "packages/core/a.txt")]).toEqual(["succeeded", "1"]);
    const stray = await project.run(
      flow("echo 1 > a.txt; echo 1 > ../../top.txt", undefined, 'writes: ["a.txt"]'),
    );
    expect(failures(stray)["fix"]).toBe("It changed `../../top.txt`; by its `writes` it may change `a.txt`.");
  });

  it("goes on along a branch that nodes share one after the other", async () => {
    const repository = new TestRepository();
    const { status } = await repository.run(`
task fix(word: string) {
  workspace: worktree(branch: "fix", from: "main", into: "next")
  run "echo ~{word} >> a.txt"
}
flow main() {
  one = fix(word: "one")
  two = fix(word: "two") after one
}
`);
    expect([status, repository.at("fix", "a.txt"), repository.at("next", "a.txt")]).toEqual([
      "succeeded",
      "a\none\ntwo",
      "a\none\ntwo",
    ]);
  });

  it("runs the hooks of the user, also for its own commits", async () => {
    const repository = new TestRepository();
    const hook = join(repository.folder, ".git/hooks/commit-msg");
    repository.write({
      ".git/hooks/commit-msg":
        '#!/bin/sh\necho "checked" >> "$1"\n[ ! -e refuse ] || { echo "no"; exit 1; }\n',
    });
    chmodSync(hook, 0o755);
    await repository.run(flow("echo 1 >> a.txt; git commit -qam own; echo 2 >> a.txt"));
    expect(repository.git("log", "--format=%B", "main..fix")).toContain("own\nchecked");
    expect(repository.git("log", "-1", "--format=%B", "fix")).toContain("checked");
    const refused = await repository.run(flow("touch refuse"));
    expect(failures(refused)["fix"]).toBe(
      "Its work could not be committed on `fix`: a hook or git refused it: no.",
    );
  });
});

describe("work in a worktree fails", () => {
  const only = "only the branch `fix` is its own";
  it.each([
    ["that makes a branch", "git branch sneaky", `It moved \`sneaky\`, and ${only}.`],
    ["that moves a branch", "git update-ref refs/heads/other HEAD~0", `It moved \`other\`, and ${only}.`],
    ["that makes a tag", "git tag v1", `It moved the tag \`v1\`, and ${only}.`],
    ["that leaves a stash", "echo > a.txt; git stash", `It moved the stash, and ${only}.`],
    ["that pushes", "git push -q origin HEAD:main", `It moved \`main\` at \`origin\`, and ${only}.`],
    [
      "that pushes past hooks",
      "git push -q --no-verify origin HEAD:x",
      `It moved \`x\` at \`origin\`, and ${only}.`,
    ],
    [
      "that leaves its branch",
      "git switch -qc else",
      "It left its branch `fix` for `else`; what it does must be on its own.",
    ],
    [
      "that rewrites what it started from",
      "git commit -q --amend -m other",
      "It has rewritten its branch `fix`, which does not contain any more what it started from.",
    ],
    [
      "that makes a repository inside",
      "git init -q sub; git -C sub -c user.name=a -c user.email=b commit -q --allow-empty -m x",
      "It left a repository of its own in `sub`, whose files would not be part of the commit.",
    ],
    [
      "that removes `.git`",
      "rm .git; git add . || true",
      "Its worktree is none any more: `.git` in it was removed or changed.",
    ],
    [
      "that writes what it may not",
      "echo > c; rm b.txt",
      "It changed `b.txt`, `c`; by its `writes` it may change `a.txt`.",
    ],
  ])("%s", async (_, run, message) => {
    const repository = new TestRepository();
    const remote = new TestRepository();
    repository.git("remote", "add", "origin", remote.folder);
    remote.git("switch", "--quiet", "--detach");
    const head = repository.git("rev-parse", "HEAD");
    const result = await repository.run(flow(run, undefined, 'writes: ["a.txt"]'));
    expect(failures(result)).toEqual({ fix: message });
    expect(repository.git("rev-parse", "main", "HEAD")).toBe(`${head}\n${head}`);
    expect(() => repository.git("rev-parse", "--verify", "next")).toThrow();
    // It is kept for a look.
    expect(existsSync(join(repository.folder, ".flowc/runs", result.run, "trees"))).toBe(true);
  });

  it.each([
    ["a stash that it took back", "echo 1 > a.txt; git stash -q; git stash pop -q"],
    ["a branch that it removed again", "git branch x; git branch -q -D x; echo 1 > a.txt"],
    ["its own branch at a remote", "echo 1 > a.txt; git commit -qam own; git push -q origin HEAD"],
    ["what a remote has", "git fetch -q origin; echo 1 > a.txt"],
  ])("not for %s", async (_, run) => {
    const repository = new TestRepository();
    repository.git("remote", "add", "origin", new TestRepository().folder);
    const result = await repository.run(flow(run));
    expect([failures(result), result.status, repository.at("next", "a.txt")]).toEqual([{}, "succeeded", "1"]);
  });
});

describe("a worktree that was kept", () => {
  const gone = async (repository: TestRepository): Promise<void> => {
    const journal = await openJournal(join(repository.folder, ".flowc"));
    const now = Date.now() + 3 * youngMs;
    const own = { project: repository.folder, inherited: process.env };
    await collect(journal, { keep: 1, before: now, now, dryRun: false, ...own });
    await journal.close();
  };
  const entries = (repository: TestRepository): readonly string[] => {
    const folder = join(repository.folder, ".git/worktrees");
    return existsSync(folder) ? readdirSync(folder) : [];
  };

  it("goes with its run, also from the repository; its branch stays, and so do others", async () => {
    const repository = new TestRepository();
    const mine = join(repository.folder, ".flowc-mine");
    repository.git("worktree", "add", "--quiet", "--detach", mine);
    rmSync(mine, { recursive: true });
    const first = await repository.run(flow("echo 1 >> a.txt; git commit -qam own; exit 1"));
    await repository.run(flow("exit 1", 'branch: "other"'));
    expect([repository.trees().length, entries(repository).length]).toEqual([3, 3]);
    await gone(repository);
    expect(existsSync(join(repository.folder, ".flowc/runs", first.run))).toBe(false);
    // What the user has lost is not ours to tidy up.
    expect([repository.trees().length, entries(repository).length]).toEqual([2, 2]);
    expect(repository.line("fix")).toEqual(["own", "first"]);
  });

  it("leaves no trace where its work has removed what made it one", async () => {
    const repository = new TestRepository();
    await repository.run(flow("rm .git; exit 1"));
    expect(entries(repository)).toHaveLength(1);
    const again = await repository.run(flow("echo 1 >> a.txt"));
    expect([failures(again), again.status]).toEqual([{}, "succeeded"]);
    await gone(repository);
    expect(entries(repository)).toEqual([]);
    const source = flow(`test -e ${repository.folder}/.flowc/go || { rm .git; exit 1; }`);
    const { run } = await repository.run(source);
    repository.write({ ".flowc/go": "" });
    await repository.run(source, { resume: { run, stored: false } });
    expect(entries(repository)).toEqual([]);
  });
});

describe("a worktree is refused", () => {
  it.each<[string, string, (repository: TestRepository) => void, RegExp]>([
    [
      "where `into` is checked out",
      'branch: "fix", into: "main"',
      () => {},
      /^The branch `main`, into which is merged, is checked out in `.*: `git -C .* switch --detach`\.$/,
    ],
    ["where its branch is checked out", 'branch: "main"', () => {}, /^The branch `main` is checked out in/],
    [
      "from what is not there",
      'branch: "fix", from: "old"',
      () => {},
      /^There is no branch `old` to start from\. Make it: `git branch old`\.$/,
    ],
    [
      "under a name that is none",
      'branch: "a~{len([1])} b"',
      () => {},
      /^`a1 b` cannot be the name of a branch/,
    ],
    [
      "where a branch leaves no room",
      'branch: "main/x"',
      () => {},
      /^The branch `main\/x` could not be made: /,
    ],
    [
      "where nobody is known to commit",
      'branch: "fix"',
      (repository) => {
        repository.git("config", "user.name", "");
      },
      /^Git does not know who commits\. Tell it: `git config user\.name/,
    ],
    [
      "in a repository without a commit",
      'branch: "fix"',
      (repository) => repository.git("update-ref", "-d", "HEAD"),
      /^The repository has no commit yet/,
    ],
  ])("%s", async (_, workspace, prepare, message) => {
    const repository = new TestRepository();
    prepare(repository);
    const result = await repository.run(flow("true", workspace));
    expect(failures(result)["fix"]).toMatch(message);
    expect(repository.trees()).toEqual([]);
  });
});
