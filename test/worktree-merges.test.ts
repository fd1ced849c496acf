// Merges of worktrees: many at once, conflicts, repeats, what an agent resolves, and what is taken back.

import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { localRunner } from "../runners/local.ts";
import { bringTree, fetchTree } from "../runtime/git/copied-tree.ts";
import { gitEnvironment } from "../runtime/git/git.ts";
import { Repository } from "../runtime/git/repository.ts";
import { MergeTurns, Trees } from "../runtime/git/trees.ts";
import { openWorktree } from "../runtime/git/worktree.ts";
import { options } from "./pretend.ts";
import { failures, removeRepositories, TestRepository } from "./repositories.ts";

afterAll(removeRepositories);

const appending = (lists: string, retry = "", run = 'echo ~{line} >> "~{file}"'): string => `
task add(file: string, line: string) {
  workspace: worktree(branch: "add/~{line}", from: "main", into: "next")
  ${retry}
  run """
    ${run}
  """
}
flow main() {
  ${lists}
}
`;

describe("merges", () => {
  it("of thirty nodes into one branch come one after the other, and none is lost", async () => {
    const names = Array.from({ length: 30 }, (_, i) => `f${i}`);
    const repository = new TestRepository({ "a.txt": "a\n" });
    const flow = appending(`for n in ${JSON.stringify(names)} { add(file: n, line: n) }`);
    const { status } = await repository.run(flow, { options: { ...options, jobs: 30 } });
    expect(status).toBe("succeeded");
    expect(repository.line("next")).toHaveLength(31);
    for (const name of names) expect(repository.at("next", name)).toBe(name);
    expect(repository.trees()).toEqual([]);
  }, 60_000);

  it("by two runs at once do not lose each other", async () => {
    const repository = new TestRepository();
    const flow = (name: string) =>
      appending(`for n in ["1", "2", "3", "4"] { add(file: "${name}~{n}", line: "${name}~{n}") }`);
    const [one, two] = await Promise.all([repository.run(flow("x")), repository.run(flow("y"))]);
    expect([one.status, two.status]).toEqual(["succeeded", "succeeded"]);
    expect(repository.line("next")).toHaveLength(9);
  }, 60_000);

  const clash = `one = add(file: "a.txt", line: "one")
  two = add(file: "a.txt", line: "two") after one`;

  it("in conflict name the files and the other node", async () => {
    const repository = new TestRepository();
    const result = await repository.run(appending(clash));
    expect(failures(result)).toEqual({
      two: "Its work on `add/two` cannot be merged into `next`: `a.txt` is in conflict with `one`.",
    });
    expect(result.view.error(result.view.find("two") ?? 0)[0]?.why).toBe("conflict");
    const again = await repository.run(appending('add(file: "a.txt", line: "three")'));
    expect(failures(again)["add"]).toMatch(/in conflict with `one` of the run \d{6}-.{5}\.$/);
    repository.git(
      "update-ref",
      "refs/heads/next",
      repository.commit({ "a.txt": "of a person\n" }, "by hand"),
    );
    repository.git("branch", "old", "main~1");
    const person = await repository.run(
      appending('add(file: "a.txt", line: "four")').replace('"main"', '"old"'),
    );
    expect(failures(person)["add"]).toMatch(/in conflict with the commit \w+ \(by hand\)\.$/);
  });

  it("in conflict are tried again from where the others are", async () => {
    const repository = new TestRepository();
    const retry = 'retry: { times: 1, backoff: 0s, on: ["conflict"] }';
    const { status, view } = await repository.run(appending(clash, retry));
    expect([status, view.attempts(view.find("two") ?? 0)]).toEqual(["succeeded", 2]);
    expect(repository.at("next", "a.txt")).toBe("a\none\ntwo");
  });

  it("a repeat starts with nothing of the attempt before", async () => {
    const repository = new TestRepository();
    const run =
      '[ "$FLOWC_ATTEMPT" = 2 ] || { echo 1 > left; echo 1 > a.txt; git commit -qam x; exit 1; }; ls > list';
    await repository.run(
      appending('add(file: "a.txt", line: "one")', "retry: { times: 1, backoff: 0s }", run),
    );
    expect(repository.at("next", "list")).toBe("a.txt\nb.txt\nlist");
    expect(repository.line("add/one")).toEqual(["add", "first"]);
  });

  it("what a killed worktree has left is made anew", async () => {
    const repository = new TestRepository();
    const result = await repository.run(appending('add(file: "a.txt", line: "one")', "", "exit 1"));
    const [tree = ""] = repository.trees();
    writeFileSync(join(tree, "a.txt"), "half done");
    repository.git("worktree", "lock", tree);
    writeFileSync(join(tree, ".git"), "broken");
    const flow = appending('add(file: "a.txt", line: "one")');
    expect((await repository.run(flow)).status).toBe("succeeded");
    expect(result.status).toBe("failed");
    expect(repository.at("next", "a.txt")).toBe("a\none");
  });
});

describe("an agent that goes on", () => {
  async function trees() {
    const repository = new TestRepository();
    const env = gitEnvironment(process.env);
    const runFolder = join(repository.folder, ".flowc/runs/r1");
    const of = { run: "r1", project: repository.folder, runFolder, inherited: process.env };
    return {
      repository,
      opened: await Repository.open(repository.folder, env),
      trees: new Trees({ ...of, turns: new MergeTurns(), tell: () => {} }),
    };
  }
  const spec = { branch: "work", from: "main", into: "next" };
  const node = { n: 1, a: 1, name: "work", doc: null, task: "work" };
  const settings = { writes: ["a.txt"], watched: "/nonexistent", stop: new AbortController().signal };
  const goesOn = { left: null, own: false, conflict: false, goesOn: true };

  it("finds its files, and the conflict to be resolved", async () => {
    const { repository, trees: all } = await trees();
    const first = await all.open(1, spec, goesOn);
    writeFileSync(join(first.path, "a.txt"), "of the agent\n");
    repository.git(
      "update-ref",
      "refs/heads/next",
      repository.commit({ "a.txt": "of another\n", "c.txt": "" }, "other"),
    );
    repository.git("switch", "--quiet", "--detach");
    const landed = await all.land(first, node, settings);
    await expect(all.merge(landed, node)).rejects.toThrow("`a.txt` is in conflict with the commit");

    const second = await all.open(1, spec, { ...goesOn, conflict: true });
    expect([second.path, second.conflicts]).toEqual([first.path, ["a.txt"]]);
    await expect(all.land(second, node, settings)).rejects.toThrow(
      "The conflict in `a.txt` is not resolved: its marks are still there.",
    );
    const third = await all.open(1, spec, { ...goesOn, conflict: true });
    writeFileSync(join(third.path, "a.txt"), "of both\n");
    // What others changed is not taken for its own: `c.txt` is not among its `writes`.
    const resolved = await all.land(third, node, settings);
    const { merge } = await all.merge(resolved, node);
    expect([merge === undefined, repository.at("next", "a.txt")]).toEqual([false, "of both"]);
  });

  it("is told of a conflict in its session, and resolves it", async () => {
    const repository = new TestRepository();
    const agent = join(repository.folder, ".flowc", "agent.sh");
    repository.write({
      ".flowc/agent.sh": `#!/bin/sh
echo "{\\"type\\":\\"session\\",\\"id\\":\\"$FLOWC_SESSION\\"}"
if [ -z "$FLOWC_RESUME" ]; then echo "of $FLOWC_NODE" > a.txt
else cat > "$(dirname "$0")/prompt"; sed -i '/^[<=>]\\{7\\}/d' a.txt; fi
echo '{"type":"answer","value":{"done":true}}'
`,
    });
    chmodSync(agent, 0o755);
    const { status, view } = await repository.run(`
agent coder {
  command: { run: [${JSON.stringify(agent)}] }
}
task write(name: string) -> { done: bool } {
  agent: coder
  retry: { times: 1, backoff: 0s }
  workspace: worktree(branch: "write/~{name}", from: "main", into: "next")
  ask "Write."
}
flow main() {
  one = write(name: "one")
  two = write(name: "two") after one
}
`);
    expect([status, view.attempts(view.find("two") ?? 0)]).toEqual(["succeeded", 2]);
    expect(repository.at("next", "a.txt").split("\n").sort()).toEqual(["of one", "of two"]);
    expect(readFileSync(join(repository.folder, ".flowc/prompt"), "utf8")).toContain(
      "`a.txt` is in conflict with `one`. What is on `next` was merged into your branch, and the conflict is marked in these files: resolve it.",
    );
  });

  it("starts anew where nothing is left", async () => {
    const { opened, repository } = await trees();
    const tree = await openWorktree(
      opened,
      join(repository.folder, ".flowc/t"),
      spec,
      goesOn,
      async () => false,
    );
    expect(tree.start).toBe(repository.git("rev-parse", "main"));
  });
});

describe("rollback()", () => {
  const flow = (last: string): string => `
task add(file: string) {
  workspace: worktree(branch: "add/~{file}", from: "main", into: "next")
  undo: "echo ~{file} >> undone"
  run "echo x >> ~{file}"
}
task add_plain(file: string) {
  workspace: worktree(branch: "add/~{file}", from: "main", into: "next")
  run "echo x >> ~{file}"
}
task last_one() {
  run "${last}"
}
flow main() {
  one = add(file: "a.txt")
  two = add_plain(file: "b.txt") after one
  last_one() after two
  on failure {
    rollback()
  }
}
`;

  it("reverts what was merged, the newest first, beside what `undo` does; and it is done again", async () => {
    const repository = new TestRepository();
    const result = await repository.run(flow("test -e go"));
    expect(result.status).toBe("failed");
    expect(repository.line("next")).toEqual([
      "Revert \"Merge branch 'add/a.txt' into next\"",
      "Revert \"Merge branch 'add/b.txt' into next\"",
      "Merge branch 'add/b.txt' into next",
      "Merge branch 'add/a.txt' into next",
      "first",
    ]);
    expect(repository.git("diff", "main", "next")).toBe("");
    repository.write({ go: "" });
    const again = await repository.run(flow("test -e go"), { resume: { run: result.run, stored: false } });
    expect([failures(again), again.status]).toEqual([{}, "succeeded"]);
    expect([repository.at("next", "a.txt"), repository.at("next", "b.txt")]).toEqual(["a\nx", "b\nx"]);
  });

  it("tells of what stands in its way", async () => {
    const repository = new TestRepository();
    const run = "git -C . fetch -q; c=$(git commit-tree $(git write-tree) -p next -m x); true";
    const source = flow(run).replace(run, "sh later.sh; exit 1");
    repository.write({
      "later.sh": `export GIT_INDEX_FILE=$PWD/index
git read-tree next
blob=$(echo later | git hash-object -w --stdin)
git update-index --add --cacheinfo 100644,$blob,a.txt
git update-ref refs/heads/next $(git commit-tree $(git write-tree) -p next -m later)
`,
    });
    const result = await repository.run(source);
    expect(failures(result)["one~undo"]).toMatch(
      /^What was merged into `next` as \w+ cannot be taken back: later work changed `a\.txt` as well\./,
    );
    expect(repository.at("next", "b.txt")).toBe("b");
  });
});

describe("a run that goes on with an edited flow", () => {
  const flow = (last: string): string => `
task add(file: string) -> string {
  workspace: worktree(branch: "add/~{file}", from: "main", into: "next")
  run "echo x >> ~{file}; echo ~{file} > $OUT"
}
task look() -> string {
  workspace: worktree(from: "main")
  run "cat a.txt"
  return stdout
}
task last_one() {
  run "${last}"
}
flow main() {
  one = add(file: "a.txt")
  two = look()
  last_one() after one, two
}
`;
  async function again(change: (repository: TestRepository) => void) {
    const repository = new TestRepository();
    const first = await repository.run(flow("exit 1"));
    expect(Object.keys(failures(first))).toEqual(["last_one"]);
    change(repository);
    const second = await repository.run(flow("true"), { from: { run: first.run, takeOver: false } });
    expect([failures(second), second.status]).toEqual([{}, "succeeded"]);
    const reused = ["one", "two"].filter(
      (name) => second.view.reusedFrom(second.view.find(name) ?? 0) !== null,
    );
    return { repository, reused };
  }

  it("keeps what was merged, as long as it would start from the same commit", async () => {
    const { repository, reused } = await again(() => {});
    expect([reused, repository.line("next")]).toEqual([
      ["one", "two"],
      ["Merge branch 'add/a.txt' into next", "first"],
    ]);
  });

  it("does what would start from another commit again", async () => {
    const { repository, reused } = await again((moved) => moved.commit({ "c.txt": "c\n" }, "more"));
    expect([reused, repository.line("next").length]).toEqual([[], 3]);
  });

  it("does again what was taken out of the branch that it was merged into", async () => {
    const { repository, reused } = await again((reset) => reset.git("branch", "-D", "next", "add/a.txt"));
    expect([reused, repository.at("next", "a.txt")]).toEqual([["two"], "a\nx"]);
  });
});

describe("a worktree of which a place has a copy", () => {
  it("gets back what was changed, made and removed there, and nothing that it ignores", async () => {
    const repository = new TestRepository({ "a.txt": "a\n", "b.txt": "b\n", "run.sh": "echo" });
    repository.write({ "ignored.flow": "", "node_modules/x/index.js": "" });
    chmodSync(join(repository.folder, "run.sh"), 0o755);
    repository.commit({}, "a program");
    const folder = join(repository.folder, ".flowc");
    const scratch = join(folder, "run", "1");
    mkdirSync(scratch, { recursive: true });
    const tag = { run: "r1", node: 1, attempt: 1 };
    const needs = { cpu: null, memoryBytes: null };
    const spec = { tag, settings: {}, project: repository.folder, folder: join(folder, "run"), needs };
    const instance = await localRunner().open(spec);
    if ("problem" in instance) throw new Error(instance.message);
    const workspace = await instance.workspace({ tag, kind: "scratch", scratch });
    const git = (await Repository.open(repository.folder, gitEnvironment(process.env))).git;
    const brought = await bringTree(workspace, git, repository.folder);
    expect([...brought].sort()).toEqual([".gitignore", "a.txt", "b.txt", "run.sh"]);
    const io = { stdoutPath: join(scratch, "out"), stderrPath: join(scratch, "err"), filter: null };
    const script =
      "test -x run.sh; echo more >> a.txt; rm b.txt; mkdir new; echo n > new/n; echo x >> run.sh";
    const command = { argv: ["/bin/sh", "-ec", script], env: { PATH: "/usr/bin:/bin" }, cwd: "" };
    expect(await workspace.exec(command, io, new AbortController().signal)).toMatchObject({ code: 0 });
    await fetchTree(workspace, brought, repository.folder);
    await workspace.close();
    expect(repository.git("status", "--porcelain").split("\n")).toEqual([
      " M a.txt",
      " D b.txt",
      " M run.sh",
      "?? new/",
    ]);
    expect(repository.git("diff", "--summary")).toBe(" delete mode 100644 b.txt");
  });
});
